"""How an answer shows itself, and whether patients' data may be seen."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Not application/json: JupyterLab prefers that to a picture or a table and would show a tree.
JSON = "application/vnd.medlab+json"
LITERAL = "class='mathjax_ignore'"  # of an element: its dollar signs are no formulas
_phi_shown = False


@dataclass(frozen=True)
class Told:
    """What a word of ``%medlab`` answered.

    Attributes
    ----------
    text : str
        As the command line prints it.
    value : object
        The same as a list of dicts (rows), a dict, or None; or something with a path to a page in `html`.
    """

    text: str
    value: Any = None

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text}
        page = getattr(self.value, "html", None)
        if isinstance(self.value, list) and self.value:
            bundle |= {"text/html": table(self.value), JSON: self.value}
        elif isinstance(self.value, Mapping):
            rows = [{"": name, "value": value} for name, value in self.value.items()]
            bundle |= {"text/html": table(rows), JSON: dict(self.value)}
        elif isinstance(page, Path):
            bundle["text/html"] = (
                f"<pre>{html.escape(self.text)}</pre><p><a href='{quote(relative(page))}' "
                f"target='_blank'>Open the report</a></p>"
            )
        return bundle


def relative(path: Path) -> str:
    """Return a path as a page of the working directory's notebooks can follow it."""
    return Path(os.path.relpath(path.resolve())).as_posix()


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows, dicts of the same names, as an HTML table; texts only, everything escaped."""
    heads = "".join(f"<th>{html.escape(str(name))}</th>" for name in rows[0])
    lines = [
        "".join(f"<td style='text-align:left'>{html.escape(_words(value))}</td>" for value in row.values())
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table {LITERAL}><tr>{heads}</tr>{body}</table>"


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value)) or "none"
    return "" if value is None else str(value)


def phi(shown: bool | None = None) -> bool:
    """Say, or set, whether patients' names, dates and numbers are shown (protected health information).

    Parameters
    ----------
    shown : bool or None
        None: change nothing.

    Returns
    -------
    shown : bool
        False until somebody asks for it.
    """
    global _phi_shown
    if shown is not None:
        _phi_shown = shown
    return _phi_shown
