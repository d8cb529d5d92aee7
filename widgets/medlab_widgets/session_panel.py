"""`SessionPanel`: the buttons and curves of one session, for a network of one's own."""

from __future__ import annotations

import ipywidgets

from medlab.training import TrainSession
from medlab_widgets import training_runs as runs
from medlab_widgets.panel import Panel


class SessionPanel(Panel):
    """Pause, stop and resume a session, and watch its curves.

    Parameters
    ----------
    session : TrainSession
        Begun or not.

    Examples
    --------
    ``SessionPanel(TrainSession(model, dataset, epochs=20, progress=False).start())``
    """

    def __init__(self, session: TrainSession) -> None:
        self.session = session
        self._run = runs.PanelRun("training", 1, {}, session=session)
        session.on_launch = self._watch
        super().__init__(once=True)
        if session.at_work:
            self._watch(session)

    def _compose(self) -> list[ipywidgets.Widget]:
        return [self.buttons, self.status, self.message, self.charts]

    def _refresh(self) -> None:
        with self._lock:
            now = self._run.update()
            self.charts.show(runs.charts([self._run], self._run), f"Loss and measures over epochs. {self!r}")
            self.buttons.allow(now["state"])
            self._tell(runs.progress_words("training", now), self.session)

    def __repr__(self) -> str:
        # Not describe(): the checkpoint's folder may name a person, and this is saved with the notebook.
        words = runs.progress_words("training", self.session.snapshot())[:2]
        return f"<SessionPanel: {', '.join(words)}>"
