"""The trainings of a panel: what each was, how far it came, and the same as code or as a command."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medlab import backend, data, models, reports
from medlab.data import Dataset
from medlab.plots import Chart, Line
from medlab.training import Run, TrainSession, checkpoint as checkpoints
from medlab_widgets.showing import spent
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
        From 1; gives it its color.
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
    """

    name: str
    number: int
    settings: dict[str, Any]
    folder: Path | None = None
    session: TrainSession | None = None
    run: Run | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    state: str = "idle"
    live: tuple[float, float] | None = None

    def update(self) -> dict[str, Any]:
        """Take over what the session says of itself; return its snapshot, empty without a session."""
        if self.session is None:
            return {}
        now = self.session.snapshot()
        # After a resume the rows come back from the disk a moment later.
        if len(now["rows"]) >= len(self.rows):
            self.rows, self.best_epoch = now["rows"], now["best_epoch"]
        self.state, self.seconds = now["state"], now["seconds"]
        running = now["batches"] and now["loss"] is not None and self.session.at_work
        part = now["batch"] / now["batches"] if now["batches"] else 0.0
        self.live = (now["epoch"] - 1 + part, now["loss"]) if running else None
        return now

    def measure(self, name: str) -> float | None:
        """Return a measure of the best epoch."""
        kept = [row[name] for row in self.rows if row["epoch"] == self.best_epoch and name in row]
        return kept[0] if kept else None


def on_disk(folder: Path) -> list[PanelRun]:
    """Return the runs that an earlier panel left in a folder, in their order.

    Raises
    ------
    ValueError
        If one of their files is damaged.
    """
    found = []
    for path in sorted(folder.glob(f"run-*/{SETTINGS_FILE}"), key=lambda p: int(p.parent.name[4:])):
        number = int(path.parent.name[4:])
        run = PanelRun(f"run {number}", number, json.loads(path.read_text(encoding="utf-8")), path.parent)
        facts = checkpoints.facts_in(path.parent) or {"rows": [], "best_epoch": 0, "seconds": 0.0}
        run.rows, run.best_epoch, run.seconds = facts["rows"], facts["best_epoch"], facts["seconds"]
        run.state = "on disk"
        found.append(run)
    return found


def charts(runs: Sequence[PanelRun], current: PanelRun | None) -> list[Chart]:
    """Return the curves of the last runs: loss, and each measure on validation."""
    shown = list(runs)[-SHOWN:]
    if current is not None and current not in shown:
        shown = [current, *shown[1:]]
    measures = _measures(shown) or ["val_auc"]
    losses = []
    for run in shown:
        epochs = [row["epoch"] for row in run.rows]
        training = [row["loss"] for row in run.rows]
        if run.live is not None and run.live[0] > len(epochs):
            epochs, training = [*epochs, run.live[0]], [*training, run.live[1]]
        color = run.number - 1
        losses.append(Line(run.name, epochs, training, color))
        losses.append(Line("", *_column(run, "val_loss"), color, dashed=True))
    mark = current.best_epoch if current is not None and current.best_epoch else None
    kept = f"kept: epoch {mark}" if mark else ""
    found = [Chart("epoch", "loss (dashed: validation)", losses, mark, kept)]
    for measure in measures:
        lines = [Line(run.name, *_column(run, measure), run.number - 1) for run in shown]
        found.append(Chart("epoch", _words(measure), lines, mark, kept))
    return found


def _measures(runs: Iterable[PanelRun]) -> list[str]:
    """Return the names of what was measured on validation, each once."""
    names = dict.fromkeys(name for run in runs for row in run.rows[:1] for name in row)
    return [name for name in names if name.startswith("val_") and name != "val_loss"]


def _column(run: PanelRun, name: str) -> tuple[list[float], list[float]]:
    rows = [row for row in run.rows if name in row]
    return [row["epoch"] for row in rows], [row[name] for row in rows]


def _words(measure: str) -> str:
    words = {"auc": "AUC", "sensitivity": "sensitivity at 0.5", "mse": "mean squared error"}
    name = measure.removeprefix("val_")
    return f"{words.get(name, name)}, validation"


def progress_words(name: str, now: dict[str, Any]) -> list[str]:
    """Return what a snapshot of a session says, part by part."""
    words = [f"{name}: {now['state']}"]
    if now.get("epochs"):
        words += [
            f"epoch {now['epoch']} of {now['epochs']}, batch {now['batch']} of {now['batches']}",
            f"best epoch {now['best_epoch']}" if now["best_epoch"] else "",
            spent(now),
        ]
    return words


def memory_words() -> str:
    """Return the memory in use, in words."""
    memory = backend.memory_gb()
    used = f"memory {memory['process']:.1f} GB"
    if "gpu" in memory:
        used += f", GPU {memory['gpu']:.1f} of {memory['gpu_total']:.0f} GB"
    return used


def table(runs: Iterable[PanelRun], current: PanelRun | None) -> str:
    """Return the runs side by side as an HTML table: what differs between them, and what came of each."""
    listed = list(runs)
    varied = [name for name in SETTINGS if len({repr(run.settings.get(name)) for run in listed}) > 1]
    measures = _measures(listed)
    heads = [
        "",
        "run",
        *varied,
        "trained",
        "best epoch",
        *(_words(name) for name in measures),
        "seconds",
        "state",
    ]
    lines = [f"<tr>{''.join(f'<th>{html.escape(head)}</th>' for head in heads)}</tr>"]
    for run in listed:
        measured = [run.measure(name) for name in measures]
        cells = [
            "▶" if run is current else "",
            run.name,
            *(_shown(run.settings.get(name)) for name in varied),
            f"{len(run.rows)} of {run.settings.get('epochs', '?')}",
            str(run.best_epoch or ""),
            *("" if value is None else f"{value:.3f}" for value in measured),
            f"{run.seconds:.0f}",
            run.state,
        ]
        lines.append(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>")
    return f"<table class='medlab-runs'>{''.join(lines)}</table>" if listed else ""


def _shown(value: Any) -> str:
    return "own" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


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
    options = {**chosen, **options, "seed": settings["seed"]}
    network = ", ".join(f"{name}={_literal(value)}" for name, value in options.items())
    left = [name for name in SETTINGS if name not in ("model", "seed", *_NETWORK)]
    trained = {**{name: settings[name] for name in left}, **fixed, "seed": settings["seed"]}
    lines = [f"    {name}={_literal(value)}," for name, value in trained.items()]
    return "\n".join(
        [
            "from medlab import models, training",
            "",
            f"model = models.build({_literal(settings['model'])}, {variable}, {network})",
            f"run = training.fit(\n    model,\n    {variable},",
            *lines,
            ")",
        ]
    )


def command(settings: Mapping[str, Any], fixed: Mapping[str, Any], dataset: Dataset) -> str:
    """Return the line that runs the whole study with these settings, and what differs from the notebook."""
    known = {parameter.name for parameter in reports.read_schema(reports.resolve("classification").notebook)}
    notes = []
    if dataset.name in data.registered():
        source = ["-p", f"dataset={dataset.name}"]
        notes.append("# reads the data set as it is registered: what a notebook cropped or left out is there")
        side = data.describe(dataset.name).sizes[0]
        whole = (*(side for _ in dataset.image_shape[:-1]), dataset.image_shape[-1])
        try:
            models.check_shape(settings["model"], whole)
        except ValueError as error:
            notes.append(f"# and so: {error}")
    else:
        source = ["-p", "data_dir=FOLDER"]
        notes.append("# FOLDER holds these images: train/CLASS/*.png, test/CLASS/*.png")
    chosen = {name: value for name, value in {**settings, **fixed}.items() if value is not None}
    lost = [name for name in chosen if name not in known]
    if lost:
        notes.append(f"# a report has no parameter for: {', '.join(lost)}")
    words = ["medlab", "report", "classification", *source]
    for name, value in chosen.items():
        if name in known:
            words += ["-p", f"{name}={_typed(value)}"]
    return "\n".join([*notes, shlex.join(words)])


def _literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _typed(value: Any) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
