"""What the panels share: buttons that mean something, a line of status, a thread that follows."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar, Self

import cv2
import ipywidgets
from IPython.display import display
from numpy.typing import NDArray

from medlab import plots
from medlab.notebook import answer_at_once, has_front_end
from medlab.text import duration, html_image
from medlab.training.background import Background
from medlab_widgets.live_charts import LiveCharts
from medlab_widgets.picture_mixin import PictureMixin
from medlab_widgets.status_line import StatusLine

REFRESH_S = 0.2  # five times a second: what a training does is shown in steps no finer than that


class Panel(PictureMixin, ipywidgets.VBox):
    """A session, its buttons and its charts; a subclass says what is trained and what else is shown.

    One that has many sessions, one after another, overrides `start` and `_session`; others set `session`
    before they call this.

    Parameters
    ----------
    once : bool
        Whether it can start only once.
    **further
        Actions of further buttons, by name; "_" stands for a blank.
    """

    session: Any

    def __init__(self, *, once: bool = False, **further: Callable[[], Any]) -> None:
        self._front_end = has_front_end()
        # The follower draws from its own thread, and clicks are heard in the thread of a subshell.
        self._lock = threading.RLock()
        self._follower: threading.Thread | None = None
        self.charts, self.status = LiveCharts(), StatusLine()
        actions = {"Start": self.start, "Pause": self.pause, "Stop": self.stop, "Resume": self.resume}
        actions |= {name.replace("_", " "): action for name, action in further.items()}
        self.buttons = Controls(actions, self.status, once=once)
        super().__init__(self._compose())
        self.add_class("medlab-panel").add_class(self.status.watched)
        self._refresh()
        answer_at_once([self], self._lock)

    # --- what a subclass says

    def _compose(self) -> list[ipywidgets.Widget]:
        """Return the panel's parts, from the top."""
        raise NotImplementedError

    def _refresh(self) -> None:
        """Show where the session is; called by the follower's thread and by the kernel's."""
        raise NotImplementedError

    # --- what is the same for all

    def _session(self, action: str) -> Background:
        """Return the session at hand; refuse the action in words where there is none."""
        return self.session

    def start(self, *, resume: bool | None = None) -> Self:
        """Begin to train, in the background; see `TrainSession.start`."""
        self.session.start(resume=resume)
        return self

    def pause(self) -> Self:
        """Wait after the batch at hand."""
        self._session("pause").pause()
        return self

    def stop(self) -> Self:
        """End after the batch at hand; `resume` goes on from there."""
        self._session("stop").stop()
        return self

    def resume(self) -> Self:
        """Go on after a pause or a stop.

        Raises
        ------
        RuntimeError
            If there is nothing to go on with.
        """
        self._session("resume").resume()
        return self

    def wait(self, timeout_s: float | None = None) -> Self:
        """Wait until the training is done, stopped or failed, and leave a picture.

        While a cell waits, the kernel hears no click: interrupt it to stop; see `TrainSession.wait`.
        """
        session = self._session("wait for")
        try:
            session.wait(timeout_s)
        finally:
            if self._follower is not None and not session.at_work:
                self._follower.join()
            display(self.picture())
        return self

    def picture(self) -> plots.Picture:
        """Return the curves as a picture."""
        return self.charts.picture()

    def _watch(self, session: Background) -> None:
        """Refresh while a session is at work, and once when it is over.

        From a thread of its own: while a cell runs, the kernel's own loop does not turn.
        """

        def work() -> None:
            while session.at_work:
                self._refresh()
                session.join(REFRESH_S)
            self._refresh()
            self.renew()

        self._follower = threading.Thread(target=work, name="medlab-widgets", daemon=True)
        self._follower.start()

    def _show_status(self, parts: list[str], session: Background | None) -> None:
        """Write the line of the state, and what went wrong, if something did."""
        working = session is not None and session.at_work
        self.status.show(" · ".join(filter(None, parts)), working=working)
        if session is not None and session.error is not None:
            self.status.problem = f"{type(session.error).__name__}: {session.error}"


class Controls(ipywidgets.HBox):
    """Start, Pause, Stop, Resume and so on, of which those can be pressed that mean something now."""

    # State of the session: what can be pressed.
    ALLOWED: ClassVar = {
        "idle": ("Start",),
        "running": ("Pause", "Stop"),
        "paused": ("Stop", "Resume"),
        "stopping": (),
        "stopped": ("Start", "Resume"),
        "done": ("Start", "Train more"),
        "failed": ("Start",),
    }

    def __init__(self, actions: dict[str, Callable[[], Any]], status: StatusLine, *, once: bool) -> None:
        self._once = once  # a GAN that has begun cannot begin again: its networks have changed
        self.buttons = {}
        for name, action in actions.items():
            # No icon: browsers count its glyph into the button's name, for readers who cannot see it.
            self.buttons[name] = ipywidgets.Button(description=name, layout={"width": "100px"})
            self.buttons[name].on_click(guarded(action, status))
        super().__init__(list(self.buttons.values()), layout={"flex_flow": "row wrap"})
        self.allow("idle")

    def allow(self, state: str) -> None:
        """Let those be pressed that mean something in a state."""
        for name, button in self.buttons.items():
            again = name == "Start" and self._once and state != "idle"
            button.disabled = again or name not in self.ALLOWED[state]


def guarded(action: Callable[[], Any], status: StatusLine) -> Callable[[Any], None]:
    """Return a button's handler that says in the panel what goes wrong: nobody reads the kernel's log."""

    def press(_button: Any) -> None:
        status.heard += 1  # at once: the page waits for it
        status.problem = ""
        try:
            action()
        except Exception as error:
            status.problem = f"{type(error).__name__}: {error}"

    return press


def time_spent(snapshot: dict[str, Any]) -> str:
    """Say how long a session has worked, and about how long it will go on."""
    remaining = duration(snapshot["seconds_left"]) if snapshot["state"] == "running" else ""
    return duration(snapshot["seconds"]) + (f", about {remaining} left" if remaining else "")


def tiles_as_html(tiles: NDArray[Any], alt: str, side_px: int = 84) -> str:
    """Return uint8 images, shape (R, C, H, W) or (R, C, H, W, 1 or 3), as one picture in HTML.

    Small ones are enlarged to sides of `side_px` at most.
    """
    factor = max(1, side_px // max(tiles.shape[2:4]))  # each pixel a little square
    mosaic = plots.mosaic(tiles).repeat(factor, axis=0).repeat(factor, axis=1)
    png = cv2.imencode(".png", mosaic[..., ::-1] if mosaic.ndim == 3 else mosaic)[1]  # blue comes first
    picture = html_image(png.tobytes(), alt, f"{min(mosaic.shape[1], 640)}px")
    return picture.replace("<img", '<img style="max-width: 100%; height: auto"', 1)  # on a narrow page
