"""`StatusLine`: where a training is, what went wrong, and whether the kernel hears a click."""

import uuid
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t


class StatusLine(anywidget.AnyWidget):
    """Show a line of state and one of trouble; the page adds what only it can know.

    A click that the kernel does not confirm at once is queued, behind a cell that runs, and the page says
    so. A kernel that was restarted or died sends nothing any more: the page says that too, and what to do.

    Attributes
    ----------
    watched : str
        CSS class, of this line alone, for the element whose buttons are watched.
    text : str
        Where the training is.
    problem : str
        What went wrong, or nothing.
    working : bool
        Whether something is at work, so that `beat` should go on counting.
    beat : int
        Counts the kernel's looks at it.
    heard : int
        Counts the clicks that have reached the kernel.
    """

    _esm = Path(__file__).parent / "static" / "status_line.js"
    watched = t.Unicode(read_only=True).tag(sync=True)
    text = t.Unicode().tag(sync=True)
    problem = t.Unicode().tag(sync=True)
    working = t.Bool(False).tag(sync=True)
    beat = t.Int(0).tag(sync=True)
    heard = t.Int(0).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.set_trait("watched", f"medlab-panel-{uuid.uuid4().hex}")

    def show(self, text: str, *, working: bool) -> None:
        """Write the line of the state."""
        with self.hold_sync():
            self.text, self.working = text, working
            self.beat += 1

    def __repr__(self) -> str:
        return f"<StatusLine: {self.text}>"
