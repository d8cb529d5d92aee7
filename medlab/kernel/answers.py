"""How an answer shows itself, and whether patients' data may be seen."""

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from medlab.text import html_table

# Not application/json: JupyterLab prefers that to a picture or a table and would show a tree.
JSON = "application/vnd.medlab+json"
_phi_shown = False


@dataclass(frozen=True)
class Answer:
    """What a word of ``%medlab`` answers: text as the terminal has it, and the same as a value.

    Attributes
    ----------
    text : str
    value : object
        A list of dicts (rows), a dict, None, or something with a path to a page in `html`.
    """

    text: str
    value: Any = None

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text}
        page = getattr(self.value, "html", None)
        if isinstance(self.value, list) and self.value:
            bundle |= {"text/html": html_table(self.value), JSON: self.value}
        elif isinstance(self.value, Mapping):
            rows = [{"": name, "value": value} for name, value in self.value.items()]
            bundle |= {"text/html": html_table(rows), JSON: dict(self.value)}
        elif isinstance(page, Path):
            # As a page of the working directory's notebooks can follow it.
            address = Path(os.path.relpath(page.resolve())).as_posix()
            bundle["text/html"] = (
                f"<pre>{html.escape(self.text)}</pre><p><a href='{quote(address)}' "
                f"target='_blank'>Open the report</a></p>"
            )
        return bundle


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
