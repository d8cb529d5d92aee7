"""`TrainingPanel`: sliders, and runs side by side; `SessionPanel`: buttons and curves of one session."""

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any, Self

import ipywidgets

from medlab import backend, checks, models
from medlab.data import Dataset
from medlab.training import Run, Settings, TrainSession, background
from medlab_widgets import training_runs as runs
from medlab_widgets.copy_text import CopyText
from medlab_widgets.panel import Panel
from medlab_widgets.run_tools import RunTools
from medlab_widgets.training_sliders import SETTINGS, TrainingSliders


class TrainingPanel(Panel):
    """Train networks on a data set by moving sliders.

    Parameters
    ----------
    dataset : Dataset
        train and val are used; test is not touched.
    model : str
        One of `medlab.models.names` that takes these images; "auto": the first that does.
    folder : path or None
        Keeps settings, log and checkpoint of each run; runs that are there already are listed and can be
        gone on with. None: a new one under the system's folder for temporary files.
    variable : str
        The data set's name in the notebook, for the code to copy.
    network_options : dict or None
        Further options of the network, such as ``{"pooling": "attention"}``; a network that has no such
        option goes without.
    **options
        Where the sliders stand at first: width, dropout, seed, and the fields of `medlab.training.Settings`,
        those that have no slider, too. What is left out is chosen as `medlab.training.fit` would.

    Raises
    ------
    ValueError
        If an option does not exist or is out of range, or no network takes these images.

    Notes
    -----
    The same without a mouse: `start`, `pause`, `stop`, `resume`, `wait`, `result`; without a front end they
    print plain lines, and `wait` leaves a picture. Nothing trains before Start.

    Examples
    --------
    ``panel = TrainingPanel(dataset, epochs=12)``, as the last line of a cell; or
    ``run = panel.start().wait().result()``
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        model: str = "auto",
        folder: str | Path | None = None,
        variable: str = "dataset",
        network_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        for name in options:
            checks.one_of("option of TrainingPanel", name, {*SETTINGS, *Settings.__dataclass_fields__})
        self.dataset, self._variable = dataset, variable
        self._network_options = dict(network_options or {})
        self._fixed = {name: value for name, value in options.items() if name not in SETTINGS}
        self.folder = Path(folder or tempfile.mkdtemp(prefix="medlab-panel-"))
        self.sliders = TrainingSliders(dataset, {"model": model, **options})
        self.runs = runs.on_disk(self.folder)
        self.current = self.runs[-1] if self.runs else None
        self._device = ", ".join(backend.devices())
        super().__init__()

    def _compose(self) -> list[ipywidgets.Widget]:
        self._table = ipywidgets.HTML(layout={"overflow": "auto"})
        self.tools = RunTools(self)
        self._code = CopyText(label="Copy as code")
        self._command = CopyText(label="Copy as medlab report …")
        for control in self.sliders.controls.values():
            control.observe(lambda _change: self._write(), "value")
        self._write()
        both = ipywidgets.VBox([self._code, self._command])
        copies = ipywidgets.Accordion([both], titles=["The same as code"])
        left = ipywidgets.VBox([self.sliders], layout={"width": "350px", "flex": "0 0 auto"})
        shown = [self.buttons, self.status, self.charts, self._table, self.tools, copies]
        # On a narrow page the right half goes below the left one.
        right = ipywidgets.VBox(shown, layout={"flex": "1 1 480px", "min_width": "0"})
        return [ipywidgets.Box([left, right], layout={"flex_flow": "row wrap"})]

    # --- what the buttons do

    def start(self) -> Self:  # type: ignore[override]  # each is a new run, with a folder of its own
        """Train anew with what the sliders say.

        Raises
        ------
        RuntimeError
            If a session is at work in this kernel.
        ValueError
            If the settings do not fit the images.
        """
        background.check_free()  # before a network is built, which seeds everything
        settings = self.sliders.values()
        number = self._next_number()
        names = {listed.name for listed in self.runs}
        name = next(name for name in (f"run {n}" for n in itertools.count(number)) if name not in names)
        run = runs.PanelRun(name, number, settings, self._next_color(), self.folder / f"run-{number}")
        run.session = self._new_session(run)
        run.session.start()
        self.current = run
        self.runs.append(run)
        self._refresh()  # the follower may have looked, or ended, before the run was there
        return self

    def resume(self) -> Self:
        """Go on with the current run, in this kernel or from the disk.

        Raises
        ------
        RuntimeError
            If there is nothing to go on with, or its files are gone.
        """
        run = self.current
        if run is not None and run.session is None and run.folder is not None:
            background.check_free()
            if not run.folder.is_dir():
                msg = f"the files of {run.name} are gone, so it cannot go on. Start trains anew."
                raise RuntimeError(msg)
            session = self._new_session(run)
            session.start(resume=True)
            run.session = session  # only now: a run that was refused stays one that can be gone on with
            self._refresh()
            return self
        return super().resume()

    def restore(self, name: str) -> Self:
        """Make an earlier run the current one: its settings, its weights, its curves.

        Parameters
        ----------
        name : str
            "run 1", as in the table.

        Raises
        ------
        RuntimeError
            While a run is at work.
        ValueError
            If there is no such run.
        """
        self._check_at_rest("another one is restored")
        self.current = self._named(name)
        self.sliders.put(self.current.settings)
        self._refresh()
        return self

    def rename(self, name: str, new: str) -> Self:
        """Give a run another name, which stays with its files.

        Raises
        ------
        ValueError
            If there is no such run, the new name is empty, or another run has it.
        """
        run, new = self._named(name), new.strip()
        if not new or any(other.name == new for other in self.runs if other is not run):
            msg = f"the new name of a run must be one that no other has, got {new!r}."
            raise ValueError(msg)
        run.name = new
        run.write_settings()
        self._refresh()
        return self

    def hide(self, name: str) -> Self:
        """Take a run's curves out of the charts; the next time, put them back.

        Raises
        ------
        ValueError
            If there is no such run.
        """
        run = self._named(name)
        run.hidden = not run.hidden
        self._refresh()
        return self

    def delete(self, name: str) -> Self:
        """Remove a run and its files, for good.

        Raises
        ------
        RuntimeError
            While a run is at work.
        ValueError
            If there is no such run.
        """
        self._check_at_rest("one is deleted")
        run = self._named(name)
        self.runs.remove(run)
        if run.folder is not None:
            shutil.rmtree(run.folder, ignore_errors=True)
        if run is self.current:
            self.current = self.runs[-1] if self.runs else None
        self._refresh()
        return self

    def add(self, name: str, run: Run) -> Self:
        """Put a training that plain code ran beside those of this panel.

        Raises
        ------
        ValueError
            If a run of the panel has that name.
        """
        settings = {k: run.options[k] for k in SETTINGS if k in run.options}
        # What only the builder knows stays as the sliders have it.
        settings = {**self.sliders.values(), **settings, "model": run.model.name, "seed": run.seed}
        # A cell that is run again adds what it added before.
        self.runs = [listed for listed in self.runs if listed.name != name or listed.number]
        if any(listed.name == name for listed in self.runs):
            msg = f"name must be one that no run of the panel has, got {name!r}."
            raise ValueError(msg)
        color = self._next_color()
        added = runs.PanelRun(name, 0, settings, color, run=run, state="done", seconds=run.train_seconds)
        added.rows, added.best_epoch = run.history.to_dict("records"), run.best_epoch
        self.runs.append(added)
        self.current = self.current if self.current in self.runs else added
        self._refresh()
        return self

    def result(self) -> Run:
        """Return the current run's training, with the weights of its best epoch.

        Raises
        ------
        RuntimeError
            If it is not finished.
        """
        run = self.current
        if run is None:
            msg = "there is no run yet. Press Start, or call start()."
            raise RuntimeError(msg)
        if run.run is None:
            if run.session is None:
                # Of another kernel: a finished one gives its weights at once, another one goes on.
                self.resume().wait()
            run.run = self._session("wait for").result()
        return run.run

    # --- what is shown

    @property
    def settings(self) -> dict[str, Any]:
        """What the sliders say now."""
        return self.sliders.values()

    def code(self) -> str:
        """Return what the sliders say as plain code."""
        settings = self.settings
        return runs.code(settings, self._fixed, self._options_of(settings["model"]), self._variable)

    def command(self) -> str:
        """Return what the sliders say as a call of ``medlab report``."""
        settings = self.settings
        return runs.command(settings, self._fixed | self._options_of(settings["model"]), self.dataset)

    def __repr__(self) -> str:
        listed = "; ".join(f"{run.name} {run.state}" for run in self.runs) or "no run yet"
        return f"<TrainingPanel on {self.dataset.name}: {listed}>"

    # --- inside

    def _next_number(self) -> int:
        return max((run.number for run in self.runs), default=0) + 1

    def _next_color(self) -> int:
        return max((run.color for run in self.runs), default=-1) + 1

    def _named(self, name: str) -> runs.PanelRun:
        checks.one_of("run", name, [run.name for run in self.runs])
        return next(run for run in self.runs if run.name == name)

    def _check_at_rest(self, what: str) -> None:
        if self.current is not None and self.current.session is not None and self.current.session.at_work:
            msg = f"{self.current.name} is at work. Stop it, or wait for it, before {what}."
            raise RuntimeError(msg)

    def _new_session(self, run: runs.PanelRun) -> TrainSession:
        settings = dict(run.settings)
        folder = Path(run.folder or self.folder)
        run.write_settings()
        name, seed = settings.pop("model"), settings["seed"]
        network = {option: settings.pop(option) for option in ("width", "dropout")}
        model = models.build(name, self.dataset, **network, seed=seed, **self._options_of(name))
        chosen = {option: value for option, value in settings.items() if option in SETTINGS}
        kept = {"checkpoint": folder, "log_path": folder / "log.jsonl", "progress": not self._front_end}
        session = TrainSession(model, self.dataset, **kept, **chosen, **self._fixed)
        session.on_launch = self._watch
        return session

    def _options_of(self, name: str) -> dict[str, Any]:
        known = models.own_options(name)
        return {option: value for option, value in self._network_options.items() if option in known}

    def _session(self, action: str) -> TrainSession:
        session = self.current.session if self.current is not None else None
        if session is None:
            msg = f"there is nothing to {action}. Press Start, or call start()."
            raise RuntimeError(msg)
        return session

    def _write(self) -> None:
        self._code.text, self._command.text = self.code(), self.command()

    def _refresh(self) -> None:
        with self._lock:
            run = self.current
            snapshot = run.update() if run is not None else {}
            state = run.state if run is not None else "idle"
            working = state in background.WORKING
            alt = f"Loss and measures of {len(self.runs)} trainings over epochs. {self!r}"
            self.charts.show(runs.charts(self.runs, run), alt)
            self.buttons.allow({"on disk": "stopped"}.get(state, state))
            self.sliders.disable(working)
            self._table.value = runs.table(self.runs, run)
            self.tools.show(working=working)
            parts = ["no run yet: move the sliders, and press Start"]
            if run is not None:
                parts = runs.progress_parts(run.name, {"state": state, **snapshot})
            session = run.session if run is not None else None
            precision = f", {session.model.dtype_policy.name}" if session is not None else ""
            parts.append(f"{self._device}{precision}, {runs.memory_in_use()}")
            self._show_status(parts, session)


class SessionPanel(Panel):
    """Pause, stop and resume one session, and watch its curves: for a network of one's own.

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
        return [self.buttons, self.status, self.charts]

    def _refresh(self) -> None:
        with self._lock:
            snapshot = self._run.update()
            self.charts.show(runs.charts([self._run], self._run), f"Loss and measures over epochs. {self!r}")
            self.buttons.allow(snapshot["state"])
            self._show_status(runs.progress_parts("training", snapshot), self.session)

    def __repr__(self) -> str:
        # Not describe(): the checkpoint's folder may name a person, and this is saved with the notebook.
        parts = runs.progress_parts("training", self.session.snapshot())[:2]
        return f"<SessionPanel: {', '.join(parts)}>"
