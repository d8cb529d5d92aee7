"""`CopyText`: a text and a button that puts it into the clipboard."""

from pathlib import Path

import anywidget
import traitlets as t


class CopyText(anywidget.AnyWidget):
    """Show a text with a button beside it that copies it.

    Attributes
    ----------
    label : str
        What stands on the button.
    text : str
    """

    _esm = Path(__file__).parent / "static" / "copy_text.js"
    label = t.Unicode("Copy").tag(sync=True)
    text = t.Unicode().tag(sync=True)

    def __repr__(self) -> str:
        return f"<CopyText: {self.label}>"
