"""Text of users, and figures with their intervals, as they may be shown: in Markdown, HTML and terminals."""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

# All ASCII punctuation that Markdown, HTML or MathJax may take for a sign; words, digits and "-./,:;%" stay.
_SIGNS = re.compile(r"[!\"#$&'()*+<=>?@\[\\\]^_`{|}~]")

LITERAL = "class='mathjax_ignore'"  # of an HTML element: its dollar signs are no formulas


def packaged(package: str, file: str) -> Any:
    """Return what a YAML file holds that lies in a package of medlab."""
    import yaml

    return yaml.safe_load((resources.files(package) / file).read_text(encoding="utf-8"))


def escape(text: Any) -> str:
    """Return text of users (class and file names, messages) so that Markdown and HTML show it as it is.

    Every sign becomes a numeric character reference, which both languages turn back into the sign without
    reading anything into it; line breaks become blanks, for they would end a cell of a table. Dollars and
    backslashes stand in elements of their own: JupyterLab typesets what begins and ends with such signs in
    one piece of text of the page.

    Examples
    --------
    >>> escape("<b>_sick_|$")
    '&#60;b&#62;&#95;sick&#95;&#124;<span>&#36;</span>'
    """
    return _SIGNS.sub(_reference, " ".join(str(text).split()))


def _reference(sign: re.Match[str]) -> str:
    reference = f"&#{ord(sign[0])};"
    return f"<span>{reference}</span>" if sign[0] in "$\\" else reference


def estimate(value: float | None, interval: Sequence[float | None] | None = None, digits: int = 3) -> str:
    """Return a measure and its 95 % interval, where there is one, in the notation of all pages.

    Examples
    --------
    >>> estimate(0.9123, (0.85, 0.95)), estimate(1.0), estimate(None)
    ('0.912 (0.850 to 0.950)', '1.000', 'undefined')
    """
    if value is None or value != value:
        return "undefined"
    words = f"{value:.{digits}f}"
    if interval is None or any(bound is None or bound != bound for bound in interval):
        return words
    low, high = interval
    return f"{words} ({low:.{digits}f} to {high:.{digits}f})"


def counted(number: int, noun: str, several: str = "") -> str:
    """Return a number with its noun; `several` is the plural of a noun that takes more than an s.

    Examples
    --------
    >>> counted(1, "epoch"), counted(3, "epoch"), counted(0, "batch", "batches")
    ('1 epoch', '3 epochs', '0 batches')
    """
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share in [0, 1] in the notation of all pages.

    Examples
    --------
    >>> percent(0.95), percent(0.1234, 1)
    ('95 %', '12.3 %')
    """
    return f"{100 * share:.{digits}f} %"


def duration(seconds: float | None) -> str:
    """Say a time in words; empty for None.

    Examples
    --------
    >>> duration(65.3), duration(4)
    ('1 min 5 s', '4 s')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equally many texts as lines, in columns two blanks apart.

    Examples
    --------
    >>> print(columns([["name", "images"], ["vesselmnist3d", "1,908"]]))
    name           images
    vesselmnist3d  1,908
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def html_table(rows: Sequence[Mapping[str, Any]], style: str = "text-align:left") -> str:
    """Return rows, mappings of the same names, as an HTML table: texts only, everything escaped.

    Examples
    --------
    >>> html_table([{"set": "<a>"}], "")
    "<table class='mathjax_ignore'><tr><th style=''>set</th></tr><tr><td style=''>&lt;a&gt;</td></tr></table>"
    """
    heads = "".join(f"<th style='{style}'>{html.escape(str(name))}</th>" for name in rows[0])
    body = ""
    for row in rows:
        cells = (f"<td style='{style}'>{html.escape(_words(value))}</td>" for value in row.values())
        body += f"<tr>{''.join(cells)}</tr>"
    return f"<table {LITERAL}><tr>{heads}</tr>{body}</table>"


def html_image(png: bytes, alt: str, width: str = "") -> str:
    """Return a picture as HTML: JupyterLab and nbconvert leave out the words of an "image/png".

    Examples
    --------
    >>> html_image(b"?", "a <scan>")
    '<img alt="a &lt;scan&gt;" src="data:image/png;base64,Pw==">'
    """
    size = f' width="{width}"' if width else ""
    encoded = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(alt)}"{size} src="data:image/png;base64,{encoded}">'


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value)) or "none"
    return "" if value is None else str(value)


def reason(error: Exception) -> str:
    """Return why something failed; a file stands by its name, for the folders above it may name a person."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{Path(error.filename).name}: {error.strerror}" if error.filename else error.strerror
