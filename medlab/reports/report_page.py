"""Turn an executed notebook into files that can be handed on: no network, no paths of this machine."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from traitlets.config import Config

from medlab.training.checkpoint import replacing

_PAGE = Path(__file__).parent / "page"
# What a browser fetches by itself: resources of tags, and imports of style sheets and scripts.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|link)\b[^>]*?\b(?:src|href)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|(?:url\(\s*["']?|@import\s+["']|\bimport\s+[^"';]*["'])((?:https?:)?//[^"')\s]+)""",
    re.IGNORECASE,
)


# A picture as the page's own block, which prints well, comes before the same picture as HTML.
_KINDS = "image/png image/svg+xml text/html text/markdown text/latex image/jpeg text/plain".split()
_CONFIG = Config({"NbConvertBase": {"display_data_priority": _KINDS}, "HTMLExporter": {"embed_images": True}})


def to_html(notebook: Any, title: str) -> str:
    """Render an executed notebook as one page that needs nothing else.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    title : str
        Title of the page.

    Returns
    -------
    html : str
        Code folded away, pictures inside, no request to anywhere.

    Raises
    ------
    ValueError
        If the page would fetch something from a network, which a cell's own HTML can cause.
    """
    from nbconvert import HTMLExporter

    folders = [str(_PAGE.parent)]
    exporter = HTMLExporter(template_name=_PAGE.name, extra_template_basedirs=folders, config=_CONFIG)
    notebook.metadata["title"] = title
    notebook.metadata.setdefault("numbers", "metrics.json")
    html, _ = exporter.from_notebook_node(notebook)
    if external := external_requests(html):
        msg = f"the page must not fetch anything, but asks for {external[0]}. Embed it, or leave it out."
        raise ValueError(msg)
    return html


def external_requests(html: str) -> list[str]:
    """Return the addresses that a browser would fetch by itself when it opens `html`.

    Links that a reader may click are no requests.

    Examples
    --------
    >>> external_requests('<a href="https://a.org">a</a><img src="https://b.org/c.png">')
    ['https://b.org/c.png']
    """
    return [first or second for first, second in _FETCHED.findall(html)]


def scrub(node: Any, shown: Mapping[str, str]) -> Any:
    """Replace paths of this machine in all text of a notebook; pictures are left alone.

    Parameters
    ----------
    node : NotebookNode, dict, list, str, ...
        Any part of a notebook; dicts and lists are changed in place.
    shown : dict
        Path to what stands for it on the page; the longest path that fits wins. A bare root is passed
        over; something else must be there.

    Returns
    -------
    node : the same part, scrubbed

    Examples
    --------
    >>> scrub(["read /home/ann/x.png", "/home/anna"], {"/home/ann": "~"})
    ['read ~/x.png', '/home/anna']
    """
    # Papermill writes a parameter as a literal, in which ü is \\xfc: a name must not stand there so.
    shown = {literal: text for path, text in shown.items() for literal in (path, _escaped(path))}
    # A bare root would match every path; a whole name must fit, so that /home/ann spares /home/anna.
    paths = sorted((path for path in shown if len(Path(path).parts) > 1), key=len, reverse=True)
    # Colors of a terminal end in a letter and addresses of files in a slash, so both are let through by name.
    start = r"\x1b\[[0-9;]*m|file://|(?<![\w/.-])"
    pattern = re.compile(rf"({start})({'|'.join(map(re.escape, paths))})(?![\w-])")
    return _walk(node, lambda text: pattern.sub(lambda match: match[1] + shown[match[2]], text))


def _escaped(path: str) -> str:
    return path.encode("unicode_escape").decode().replace('"', r"\"")


def _walk(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        node.update({k: _walk(v, change) for k, v in node.items() if not k.startswith("image/")})
    elif isinstance(node, list):
        node[:] = [_walk(item, change) for item in node]
    return node


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path` and then put it in its place: a full disk leaves the earlier file."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


class WholeFileWriter:
    """How papermill writes the notebook after every cell: in place, a full disk would cut it."""

    def write(self, text: str, path: str) -> None:
        """Write it."""
        write_whole(Path(path), text)

    def pretty_path(self, path: str) -> str:
        """Return what papermill's log says, which nobody reads."""
        return path
