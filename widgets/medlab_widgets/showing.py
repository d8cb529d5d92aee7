"""How a widget shows itself: alive where somebody can press a button, as a picture everywhere."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

from medlab.notebook import has_front_end
from medlab.plots import Picture
from medlab.text import duration
from medlab.training.background import Background

REFRESH_S = 0.2  # five times a second: what a training does is shown in steps no finer than that


class Shown:
    """Gives a widget a picture and a line of text beside its live view; comes before the widget's class.

    Without a front end (papermill, nbval, nbconvert) the live view is left out: an exported page would look
    for its scripts on the network and stay blank, picture or not.
    """

    def picture(self) -> Picture:
        """Return what is to be seen now as a picture."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = self.picture()
        data: dict[str, Any] = {
            "text/plain": repr(self),
            "image/png": base64.b64encode(shown.to_png()).decode(),
        }
        if has_front_end():
            bundle: Any = super()._repr_mimebundle_()  # type: ignore[misc]  # ipywidgets: dict, anywidget: pair
            live = bundle[0] if isinstance(bundle, tuple) else bundle
            data |= {kind: value for kind, value in live.items() if kind.startswith("application/")}
        return data, {"image/png": {"alt": shown.alt}}


def follow(session: Background, refresh: Callable[[], None]) -> threading.Thread:
    """Call `refresh` five times a second while a session is at work, and once when it is over.

    From a thread of its own: while a cell runs, the kernel's own loop does not turn.
    """

    def work() -> None:
        while session.at_work:
            refresh()
            session.join(REFRESH_S)
        refresh()

    thread = threading.Thread(target=work, name="medlab-widgets", daemon=True)
    thread.start()
    return thread


def spent(now: dict[str, Any]) -> str:
    """Say how long a session has worked, by its snapshot, and about how long it will go on."""
    left = duration(now["seconds_left"]) if now["state"] == "running" else ""
    return duration(now["seconds"]) + (f", about {left} left" if left else "")
