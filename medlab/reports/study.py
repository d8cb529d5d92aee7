"""What a report's notebook says to the outside: where its files go, its parameters, its numbers."""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from medlab import backend, notebook
from medlab.data.imagefiles import EXTENSIONS
from medlab.reports.parameters import Parameter, Value, read_schema, validate
from medlab.reports.presets import resolve
from medlab.reports.report_page import write_whole

if TYPE_CHECKING:
    from medlab.data.dataset import Dataset
    from medlab.evaluation.evaluations import Evaluation
    from medlab.training.run import Run

FOLDER_VARIABLE = "MEDLAB_REPORT_FOLDER"
"""Environment variable through which `run_report` tells the kernel its folder."""

PARAMETERS_FILE = "parameters.json"
SCHEMA = 1
METRICS_KEYS = (
    "schema dataset task positive_class seed backend parameters n_train n_val n_test train_seconds threshold "
    "test ceiling published versions total_seconds"
).split()


_ENDINGS = (*EXTENSIONS, ".dcm", ".nii", ".gz")


@dataclass(frozen=True)
class Study:
    """One run of a report, seen from inside its notebook.

    Attributes
    ----------
    name : str
        Template or preset.
    title : str
    folder : Path
        Where the model folder, the log and metrics.json go.
    rows : list of dicts
        ``{"name", "value", "source", "help"}`` for each parameter, values as they may be shown.
    started : float
        Seconds since the epoch (`time.time`) when the run began.
    """

    name: str
    title: str
    folder: Path
    rows: list[dict[str, Any]]
    started: float

    @property
    def values(self) -> dict[str, Any]:
        """Parameter values by name, as they may be shown: a path by its last part only."""
        return {row["name"]: row["value"] for row in self.rows}

    @property
    def scale(self) -> str:
        """The scale that holds: MEDLAB_SCALE goes over the cell, and `medlab report -p scale=` over both."""
        return self.values["scale"]


def begin(template: str, namespace: dict[str, Any]) -> Study:
    """Begin a study: by `medlab report`, which has decided all, or by plain papermill or by hand.

    Parameters
    ----------
    template : str
        Name of the template, for its parameters when the notebook is run by papermill or by hand.
    namespace : dict
        ``globals()`` of the notebook: the parameters as its cells left them. Papermill guesses their types;
        they are replaced by what the schema makes of them.

    Returns
    -------
    study : Study
        Without `medlab report`, its folder is `out_dir`, or else a new one under ``build/reports`` of the
        clone, or of the working directory.

    Raises
    ------
    ParameterErrors
        If the notebook was run with parameters that `medlab report` would refuse: all are named.
    """
    if folder := os.environ.get(FOLDER_VARIABLE):
        facts = json.loads(Path(folder, PARAMETERS_FILE).read_text(encoding="utf-8"))
        return Study(folder=Path(folder), **facts)
    started, preset = time.time(), resolve(template)
    schema = read_schema(preset.notebook)
    changed = {p.name: namespace[p.name] for p in schema if namespace[p.name] != p.default}
    changed = dict.fromkeys(_injected(namespace) - {p.name for p in schema}) | changed
    values = validate(schema, {"this notebook": changed, **scale_level(schema)})
    namespace.update((name, value.value) for name, value in values.items())
    if out_dir := namespace.get("out_dir"):
        study_folder = Path(os.path.expanduser(out_dir))  # noqa: PTH111 (it leaves ~nobody as it is)
        study_folder.mkdir(parents=True, exist_ok=True)
    else:
        # Beside the clone's notebooks rather than among them: what lies there goes into the wheel.
        course = notebook.course_folder()
        in_clone = preset.notebook.is_relative_to(course) and (course.parent / "pyproject.toml").is_file()
        builds = Path(course.parent if in_clone else "", "build", "reports")
        study_folder = fresh_folder(builds / template)
    return Study(template, preset.title, study_folder, rows(schema, values), started)


def _injected(namespace: Mapping[str, Any]) -> set[str]:
    """Return the names that papermill's own cell sets; it only logs those that it does not know."""
    cells = [cell for cell in namespace.get("In", ()) if cell.startswith("# Parameters\n")]
    nodes = [node for cell in cells for node in ast.parse(cell).body if isinstance(node, ast.Assign)]
    return {ast.unparse(target) for node in nodes for target in node.targets}


def scale_level(schema: list[Parameter]) -> dict[str, dict[str, Any]]:
    """Return MEDLAB_SCALE as a level for `validate`; empty where it is not set or not asked for."""
    scale = os.environ.get("MEDLAB_SCALE")
    is_asked_for = any(parameter.name == "scale" for parameter in schema)
    return {"MEDLAB_SCALE": {"scale": scale}} if scale and is_asked_for else {}


def rows(schema: list[Parameter], values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """Return the rows of a `Study`, with values as `shown_value` gives them."""
    return [
        {
            "name": parameter.name,
            "value": shown_value(parameter.name, values[parameter.name].value),
            "source": values[parameter.name].source,
            "help": parameter.help,
        }
        for parameter in schema
    ]


def shown_value(name: str, value: Any) -> Any:
    """Return the value of a parameter as it may be shown.

    A path is cut to its last part: what stands before it may name a person or a clinic. A folder given
    relative to the working directory stays as given, unless it leaves it by "..". Of the file of one
    patient's image even the name is left out.

    Examples
    --------
    >>> shown_value("group_rule", "csv:/home/ann/who.csv"), shown_value("data_dir", "../clinic/scans")
    ('csv:who.csv', 'scans')
    >>> shown_value("model", "runs/lung/model"), shown_value("image", "Jane_Doe.dcm")
    ('model', 'image.dcm')
    """
    if not isinstance(value, str):
        return value
    if name == "model":
        return Path(value).name
    if name == "image" and not value.isdecimal():
        ending = Path(value).suffix.lower()
        return f"image{ending if ending in _ENDINGS else ''}"
    if value.startswith("csv:"):
        return f"csv:{Path(value.removeprefix('csv:')).name}"
    expanded = os.path.expanduser(value)  # noqa: PTH111 (it leaves ~nobody as it is, Path's raises)
    path = Path(expanded if name == "data_dir" else value)
    if name == "data_dir" and (path.is_absolute() or ".." in path.parts):
        return path.resolve().name
    return path.name if path.is_absolute() else value


def fresh_folder(wanted: Path) -> Path:
    """Create and return `wanted`, or ``wanted-2``, ``wanted-3``, ...: the first that does not exist."""
    for number in itertools.count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder


def write_metrics(
    study: Study,
    dataset: Dataset,
    run: Run | None,
    evaluation: Evaluation,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``metrics.json``, schema 1, into the study's folder.

    Parameters
    ----------
    study : Study
    dataset : medlab.data.Dataset
    run : medlab.training.Run, or None where nothing was trained
    evaluation : medlab.evaluation.Evaluation
    more : mapping or None
        What else this report measured.

    Returns
    -------
    metrics : dict
        What was written.
    """
    metrics = {
        "schema": SCHEMA,
        "report": study.name,
        "dataset": dataset.name,
        "simulated": dataset.simulated,
        "fingerprint": dataset.fingerprint,
        "task": dataset.task,
        "positive_class": dataset.positive_name or None,
        "seed": run.seed if run else study.values["seed"],
        "backend": backend.name(),
        "parameters": study.values,
        "n_train": len(dataset.train),
        "n_val": len(dataset.val),
        "n_test": len(dataset.test),
        "train_seconds": round(float(run.train_seconds), 2) if run else 0.0,
        **evaluation.to_metrics(),
        "versions": backend.versions(),
        "total_seconds": round(time.time() - study.started, 2),
        **(more or {}),
    }
    # NumPy's numbers and arrays become what JSON knows.
    text = json.dumps(metrics, indent=2, default=lambda value: value.tolist(), allow_nan=False)
    write_whole(study.folder / "metrics.json", text + "\n")
    return json.loads(text)


def write_predictions(study: Study, dataset: Dataset, evaluation: Evaluation) -> Path:
    """Write ``predictions.csv`` into the study's folder: what the network says of each image.

    A row an image, in the order of the data: ``id`` (split and number in it, which name nobody), ``split``,
    ``label`` (class name, or amount), ``score`` (binary: probability of the positive class; of several
    classes one column each, ``score CLASS``).
    """
    tables = []
    for name, output in evaluation.predictions.items():
        split = dataset.splits()[name]
        scores = {"score": output}
        if output.ndim > 1:
            scores = {f"score {label}": output[:, k] for k, label in enumerate(dataset.class_names)}
        ids = [f"{name}-{number:05d}" for number in range(len(split))]
        facts = {"id": ids, "split": name, "label": _label_texts(dataset, split.labels)}
        tables.append(pd.DataFrame({**facts, **scores}))
    path = study.folder / "predictions.csv"
    write_whole(path, pd.concat(tables).to_csv(index=False))
    return path


def _label_texts(dataset: Dataset, labels: Any) -> list[str]:
    """Return the class names of labels, of several joined by " | "; amounts as they are."""
    names = dataset.class_names
    if dataset.task == "multilabel":
        return [" | ".join(name for name, here in zip(names, row, strict=True) if here) for row in labels]
    return [names[int(label)] if names else str(label) for label in labels]


def results_file(folder: Path) -> Path:
    """Return where a report's numbers lie: ``case.json`` where it is about one image."""
    case = folder / "case.json"
    return case if case.is_file() else folder / "metrics.json"


def read_results(folder: Path) -> dict[str, Any]:
    """Return a report's numbers."""
    path = results_file(folder)
    numbers = json.loads(path.read_text(encoding="utf-8"))
    return numbers if path.name == "case.json" else dict(check_metrics(numbers))


def check_metrics(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `metrics` if it is schema 1: all keys, and numbers of a test set.

    Raises
    ------
    ValueError
        If it is not; the message names what is missing.
    """
    missing = [key for key in METRICS_KEYS if key not in metrics]
    if missing:
        msg = f"metrics.json must have all keys of schema {SCHEMA}, missing: {', '.join(missing)}."
        raise ValueError(msg)
    if metrics["schema"] != SCHEMA or not metrics["test"]:
        got = f"schema {metrics['schema']!r} and test {metrics['test']!r}"
        msg = f"metrics.json must be of schema {SCHEMA} with measures of the test set, got {got}."
        raise ValueError(msg)
    return metrics
