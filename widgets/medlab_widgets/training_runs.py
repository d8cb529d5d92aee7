"""The trainings of a panel: what each was, how far it came, and the same as code or as a command."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medlab import backend, data, reports
from medlab.data import Dataset
from medlab.plots import Chart, Line
from medlab.text import html_table
from medlab.training import Run, TrainSession, checkpoint as checkpoints
from medlab_widgets.panel import time_spent
from medlab_widgets.training_sliders import SETTINGS

SHOWN = 6  # runs in the charts: more lines cannot be told apart
SETTINGS_FILE = "settings.json"
_NETWORK = ("width", "dropout")


@dataclass
class PanelRun:
    """One training of a panel.

    Attributes
    ----------
    name : str
        "run 1", "run 2", ..., or what `TrainingPanel.add` was told.
    number : int
        From 1, as in the name of its folder; 0 for one that plain code trained.
    color : int
        The place of its color among those of the charts.
    settings : dict
        See `SETTINGS`.
    folder : Path or None
        Where its settings, log and checkpoint lie.
    session : TrainSession or None
        None: found on the disk, or trained outside.
    run : Run or None
        The result, once it is known.
    rows : list of dicts
        Its history, an epoch each.
    best_epoch : int
    seconds : float
    state : str
        As a session's; "on disk" for one that another kernel left.
    live : pair of float, or None
        While it trains, the epoch at hand (with a fraction) and its loss so far.
    hidden : bool
        Whether its curves are left out.
    """

    name: str
    number: int
    settings: dict[str, Any]
    color: int = 0
    folder: Path | None = None
    session: TrainSession | None = None
    run: Run | None = None
    rows: list[dict[Any, Any]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    state: str = "idle"
    live: tuple[float, float] | None = None
    hidden: bool = False

    def write_settings(self) -> None:
        """Keep name and settings in its folder, if it has one."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            facts = {"name": self.name, **self.settings}
            (self.folder / SETTINGS_FILE).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    def update(self) -> dict[str, Any]:
        """Take over what the session says of itself; return its snapshot, empty without a session."""
        if self.session is None:
            return {}
        snapshot = self.session.snapshot()
        # After a resume the rows come back from the disk a moment later.
        if len(snapshot["rows"]) >= len(self.rows):
            self.rows, self.best_epoch = snapshot["rows"], snapshot["best_epoch"]
        self.state, self.seconds, self.live = snapshot["state"], snapshot["seconds"], None
        if snapshot["batches"] and snapshot["loss"] is not None and self.session.at_work:
            part = snapshot["batch"] / snapshot["batches"]
            self.live = (snapshot["epoch"] - 1 + part, snapshot["loss"])
        return snapshot


def on_disk(folder: Path) -> list[PanelRun]:
    """Return the runs that an earlier panel left in a folder, in their order.

    Raises
    ------
    ValueError
        If one of their files is damaged.
    """
    runs = []
    for path in folder.glob(f"run-*/{SETTINGS_FILE}"):
        number = int(path.parent.name.removeprefix("run-"))
        settings = json.loads(path.read_text(encoding="utf-8"))
        name = settings.pop("name", f"run {number}")
        facts = checkpoints.facts_in(path.parent) or {}
        known = {name: facts[name] for name in ("rows", "best_epoch", "seconds") if name in facts}
        runs.append(PanelRun(name, number, settings, number - 1, path.parent, state="on disk", **known))
    return sorted(runs, key=lambda run: run.number)


def charts(runs: Sequence[PanelRun], current: PanelRun | None) -> list[Chart]:
    """Return the curves of the last runs: loss, and each measure on validation."""
    shown = [run for run in runs if not run.hidden][-SHOWN:]
    if current is not None and not current.hidden and current not in shown:
        shown = [current, *shown[1:]]
    losses = []
    for run in shown:
        epochs, training = _curve(run, "loss")
        if run.live is not None and run.live[0] > len(epochs):
            epochs, training = [*epochs, run.live[0]], [*training, run.live[1]]
        losses.append(Line(run.name, epochs, training, run.color))
        losses.append(Line("", *_curve(run, "val_loss"), run.color, dashed=True))
    mark = current.best_epoch if current in shown and current.best_epoch else None
    measures = _measures(shown) or ["val_auc"]
    mark_name = f"kept by {_measure_name(measures[0])}: epoch {mark}" if mark else ""
    drawn = [Chart("epoch", "loss (dashed: validation)", losses, mark, mark_name)]
    for measure in measures:
        lines = [Line(run.name, *_curve(run, measure), run.color) for run in shown]
        drawn.append(Chart("epoch", _measure_name(measure), lines, mark, mark_name))
    return drawn


def _measures(runs: Iterable[PanelRun]) -> list[str]:
    """Return the names of what was measured on validation, each once."""
    names = dict.fromkeys(name for run in runs for row in run.rows[:1] for name in row)
    return [name for name in names if name.startswith("val_") and name != "val_loss"]


def _curve(run: PanelRun, name: str) -> tuple[list[float], list[float]]:
    rows = [row for row in run.rows if name in row]
    return [row["epoch"] for row in rows], [row[name] for row in rows]


def _measure_name(measure: str) -> str:
    names = {"auc": "AUC", "sensitivity": "sensitivity at 0.5", "mse": "mean squared error"}
    name = measure.removeprefix("val_")
    return f"validation {names.get(name, name)}"


def progress_parts(name: str, snapshot: dict[str, Any]) -> list[str]:
    """Return what a snapshot of a session says, part by part."""
    parts = [f"{name}: {snapshot['state']}"]
    if snapshot.get("epochs"):
        parts += [
            "epoch {epoch} of {epochs}, batch {batch} of {batches}".format(**snapshot),
            f"best epoch {snapshot['best_epoch']}" if snapshot["best_epoch"] else "",
            time_spent(snapshot),
        ]
    return parts


def memory_in_use() -> str:
    """Return the memory in use, in words."""
    memory = backend.memory_gb()
    gpu = f", GPU {memory['gpu']:.1f} of {memory['gpu_total']:.0f} GB" if "gpu" in memory else ""
    return f"memory {memory['process']:.1f} GB{gpu}"


def table(runs: Sequence[PanelRun], current: PanelRun | None) -> str:
    """Return the runs side by side as an HTML table: what differs between them, and what came of each."""
    varied = [name for name in SETTINGS if len({repr(run.settings.get(name)) for run in runs}) > 1]
    measures = _measures(runs)
    rows = []
    for run in runs:
        best: dict[Any, Any] = next((row for row in run.rows if row["epoch"] == run.best_epoch), {})
        rows.append(
            {
                "": "▶" if run is current else "",
                "run": run.name,
                **{name.replace("_", " "): _typed(run.settings.get(name)) for name in varied},
                "trained": f"{len(run.rows)} of {run.settings.get('epochs', '?')}",
                "best epoch": run.best_epoch or "",
                **{_measure_name(name): f"{best[name]:.3f}" if name in best else "" for name in measures},
                "seconds": f"{run.seconds:.0f}",
                "state": f"{run.state}, hidden" if run.hidden else run.state,
            }
        )
    narrow = "padding:1px 6px;text-align:right;font-size:12px;line-height:1.3"
    unbroken = [{name: str(value).replace(" ", "\u00a0") for name, value in row.items()} for row in rows]
    return html_table(unbroken, narrow) if rows else ""


def code(
    settings: Mapping[str, Any], fixed: Mapping[str, Any], options: Mapping[str, Any], variable: str
) -> str:
    """Return plain code that trains what the settings say.

    Parameters
    ----------
    settings : mapping
        See `SETTINGS`.
    fixed, options : mapping
        Further options of `medlab.training.fit` and of the network.
    variable : str
        The data set's name in the notebook.
    """
    chosen = {name: settings[name] for name in _NETWORK if settings[name] is not None}
    build = {**chosen, **options, "seed": settings["seed"]}
    fit = {name: value for name, value in settings.items() if name not in ("model", "seed", *_NETWORK)}
    fit |= {**fixed, "seed": settings["seed"]}
    arguments = ", ".join(f"{name}={_literal(value)}" for name, value in build.items())
    lines = [f"    {name}={_literal(value)}," for name, value in fit.items()]
    built = f"models.build({_literal(settings['model'])}, {variable}, {arguments})"
    head = ["from medlab import models, training", "", f"model = {built}", "run = training.fit("]
    return "\n".join([*head, "    model,", f"    {variable},", *lines, ")"])


def command(settings: Mapping[str, Any], fixed: Mapping[str, Any], dataset: Dataset) -> str:
    """Return the line that runs the whole study with these settings, and what differs from the notebook.

    Images that no registered data set has as they are here are written to a folder first. Only comments
    where a report would refuse the settings.
    """
    schema = reports.read_schema(reports.resolve("classification").notebook)
    known = {parameter.name for parameter in schema}
    chosen = {name: value for name, value in {**settings, **fixed}.items() if value is not None}
    given = {name: _typed(value) for name, value in chosen.items() if name in known}

    def problems(parameters: Mapping[str, str]) -> list[str]:
        try:
            reports.validate(schema, {"panel": parameters})
        except reports.ParameterErrors as error:
            return [problem.removesuffix(" (panel)") for problem in error.problems]
        return []

    # Whether the network takes the images is the panel's to say: it has them.
    if refused := problems({name: value for name, value in given.items() if name != "model"}):
        return "\n".join(["# medlab report would refuse this:", *(f"# {problem}" for problem in refused)])
    by_name = {"dataset": dataset.name, **given}
    if dataset.name in data.registered() and not problems(by_name):
        notes = ["# reads the data set as it is registered: what a notebook cropped or left out is there"]
        given = by_name
    else:
        notes = ["# first, in the notebook: data.write_folder(dataset, 'FOLDER')"]
        given = {"data_dir": "FOLDER", **given}
    if unknown := [name for name in chosen if name not in known]:
        notes.append(f"# a report has no parameter for: {', '.join(unknown)}")
    words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    return "\n".join([*notes, shlex.join(["medlab", "report", "classification", *words])])


def _literal(value: Any) -> str:
    """Return a value as Python code."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _typed(value: Any) -> str:
    """Return a value as it is typed behind ``-p``; "own" for what the network chooses."""
    if value is None or isinstance(value, bool):
        return {None: "own", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
