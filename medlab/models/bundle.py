"""The model folder: a trained network with everything its use needs. One writer, one loader.

``model.keras`` holds the network, ``model.json`` what brings an image to it and what its output means, and
``MODEL_CARD.md`` what people should know of it.
Reports write it; explanations, case reports and serving read it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import backend
from medlab.models.card import model_card
from medlab.models.prediction import predict

if TYPE_CHECKING:
    from medlab.data.dataset import Dataset

SCHEMA, READ = 2, (1, 2)  # schema 1 knew nothing of what `evaluation.score` adds
NETWORK, FACTS, CARD = "model.keras", "model.json", "MODEL_CARD.md"
_NEEDED = (
    "network task input_shape class_names threshold dataset simulated training_data_fingerprint seed metrics "
    "intended_use"
).split()
LEARNED = ("calibration", "neighbors", "conformal", "feature_statistics")


@dataclass(frozen=True)
class Bundle:
    """A network from a model folder, ready for raw images.

    Attributes
    ----------
    model : keras.Model
    facts : mapping
        What ``model.json`` says: see `save`.
    """

    model: Any
    facts: Mapping[str, Any]

    def __repr__(self) -> str:
        facts = self.facts
        simulated = "SIMULATED " if facts.get("simulated") else ""
        lines = {
            "input": self.model.input_shape[1:],
            "spacing_mm": facts.get("spacing_mm"),
            "task": facts.get("task"),
            "classes": ", ".join(facts.get("class_names", []))[:80],
            "positive": facts.get("positive_class"),
            "threshold": facts.get("threshold"),
            "rule": facts.get("threshold_rule"),
            "trained on": f"{simulated}{facts.get('dataset', '')}",
            "seed": facts.get("seed"),
            "backend": facts.get("backend"),
        }
        shown = [f"  {name:<11}{value}" for name, value in lines.items() if value not in (None, "")]
        return "\n".join([f"Bundle of {self.model.name}", *shown])

    @property
    def target_names(self) -> tuple[str, ...]:
        """The classes in the order of the targets: of two, the positive one is the second."""
        names = tuple(self.facts.get("class_names") or ())
        return names[::-1] if names and names[0] == self.facts.get("positive_class") else names

    def normalize(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Bring raw images, shape (N, ..., C), to the network's input."""
        numbers = self.facts["normalization"]
        mean, std = (np.array(numbers[name], np.float32) for name in ("mean", "std"))
        return (np.asarray(images, np.float32) - mean) / std

    def predict(self, images: ArrayLike) -> NDArray[np.float32]:
        """Return probabilities for raw images: see `medlab.models.predict`."""
        return predict(self.model, self.normalize, images)


def save(
    folder: str | Path,
    model: Any,
    dataset: Dataset,
    normalization: Any,
    *,
    threshold: float | None = None,
    threshold_rule: str = "",
    learned: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    subgroups: Sequence[Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> Path:
    """Write a model folder; an older one of the same name is replaced file by file, never half.

    Parameters
    ----------
    folder : path
        Made when missing.
    model : keras.Model
    dataset : medlab.data.Dataset
        What it was trained on: class names, spacing, window and fingerprint are taken from here.
    normalization : medlab.data.Normalization
    threshold : float or None
        Probability from which a finding counts as positive, with the rule that chose it.
    learned : mapping or None
        What `medlab.evaluation.learn` returned: calibration, conformal scores, what images usually look like.
    metrics : mapping or None
        JSON-able results to carry along.
    subgroups : sequence of mappings, or None
        Rows of the model card's table of subgroups; None where nothing is known of the patients.
    seed : int

    Returns
    -------
    folder : Path

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; an older model stays as it was.
    """
    folder = Path(folder)
    facts = {
        "schema": SCHEMA,
        "network": model.name,
        "task": dataset.task,
        "input_shape": list(model.input_shape[1:]),
        "spacing_mm": list(dataset.spacing_mm) if dataset.spacing_mm else None,
        "window_hu": list(dataset.window_hu) if dataset.window_hu else None,
        "modality": dataset.modality,
        "normalization": normalization.as_dict(),
        "class_names": list(dataset.class_names),
        "positive_class": dataset.positive_name or None,
        "threshold": threshold,
        "threshold_rule": threshold_rule,
        **dict.fromkeys(LEARNED),
        "dataset": dataset.name,
        "simulated": dataset.simulated,
        "training_data_fingerprint": dataset.fingerprint,
        "split_sizes": {name: len(split) for name, split in dataset.splits().items()},
        "seed": seed,
        "backend": backend.name(),
        "versions": backend.versions(),
        "metrics": dict(metrics or {}),
        "intended_use": "teaching and research; not a medical device",
        **(learned or {}),
    }
    text = json.dumps(facts, indent=2, allow_nan=False, default=lambda number: number.tolist())  # NumPy's
    with replacing_files(folder, (NETWORK, CARD, FACTS), "model") as partial:
        model.save(partial / NETWORK)
        (partial / CARD).write_text(model_card(facts, subgroups), encoding="utf-8")
        (partial / FACTS).write_text(text, encoding="utf-8")
    return folder


@contextlib.contextmanager
def replacing_files(folder: Path, names: Iterable[str], what: str) -> Iterator[Path]:
    """Give a folder to write files to; once all are there, they replace older ones, in this order."""
    partial = folder / "partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        yield partial
        for name in names:
            (partial / name).replace(folder / name)
    except OSError as error:
        reason = error.strerror or error
        msg = (
            f"the {what} could not be written to {folder.name} ({reason}). Free space or name another folder."
        )
        raise OSError(error.errno, msg) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load(folder: str | Path) -> Bundle:
    """Read a model folder.

    Raises
    ------
    FileNotFoundError
        If it lacks one of its two files.
    ValueError
        If a file is damaged, or of a schema that this version does not know.
    """
    facts = model_facts(folder)
    backend.load_keras()  # in a terminal, too, without the lines that TensorFlow writes
    return Bundle(read_network(Path(folder) / NETWORK), facts)


def model_facts(folder: str | Path) -> dict[str, Any]:
    """Return what ``model.json`` says of a model folder, refused as `load` would; Keras is not loaded."""
    folder = Path(folder)
    require_files(
        folder, (FACTS, NETWORK), f"A model folder, as reports write it, has {FACTS} and {NETWORK}."
    )
    facts = read_facts(folder / FACTS, "Write the model folder again")
    if facts.get("schema") not in READ:
        msg = f"{folder.name} has schema {facts.get('schema')!r}, this medlab reads 1 and 2. Update medlab."
        raise ValueError(msg)
    if missing := [name for name in _NEEDED if name not in facts]:
        msg = f"{FACTS} in {folder.name} is damaged (no {', '.join(missing)}). Write the model folder again."
        raise ValueError(msg)
    odd = [name for name in LEARNED if not isinstance(facts.get(name) or {}, dict)]
    if not isinstance(facts["threshold"] or 0, (int, float)) or odd:
        msg = f"{FACTS} in {folder.name} is damaged ({odd[0] if odd else 'threshold'}). Write it again."
        raise ValueError(msg)
    numbers = facts.get("normalization")
    if not isinstance(numbers, dict) or not all(_are_numbers(numbers.get(name)) for name in ("mean", "std")):
        msg = f"{FACTS} in {folder.name} is damaged (no usable normalization). Write the model folder again."
        raise ValueError(msg)
    return facts


def check_one_answer(facts: Mapping[str, Any]) -> None:
    """Refuse the model folder of a network that answers for every pixel, where an image gets one answer."""
    if facts["task"] == "segmentation":
        msg = (
            f"model must give one answer an image, got {facts['network']}, which outlines "
            f"{', '.join(facts['class_names'][1:])}. medlab report detection searches a CT series with it."
        )
        raise ValueError(msg)


def require_files(folder: Path, names: Iterable[str], hint: str) -> None:
    """Refuse a folder that lacks a file."""
    for name in names:
        if not (folder / name).is_file():
            msg = f"{folder.name} has no {name}. {hint}"
            raise FileNotFoundError(msg)


def read_facts(path: Path, remedy: str) -> dict[str, Any]:
    """Read a JSON file that holds names and values.

    Raises
    ------
    ValueError
        If it is damaged or holds something else.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{path.name} in {path.parent.name} is damaged ({error}). {remedy}."
        raise ValueError(msg) from error
    if not isinstance(facts, dict):
        msg = (
            f"{path.name} in {path.parent.name} is damaged (a {type(facts).__name__} and no names). {remedy}."
        )
        raise ValueError(msg)
    return facts


def read_network(path: Path) -> Any:
    """Read a ``.keras`` file that is there.

    Raises
    ------
    ValueError
        If it is damaged: Keras calls a cut one "not found", and fails in many ways on others.
    """
    import keras

    for module in ("rnn", "concepts", "gan.spectral"):  # they register layers that Keras does not have
        importlib.import_module(f"medlab.models.{module}")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        msg = f"{path.name} in {path.parent.name} is damaged ({type(error).__name__}). Write it again."
        raise ValueError(msg) from error


def _are_numbers(value: Any) -> bool:
    """Say whether a value is a number, or lists of them."""
    if isinstance(value, list):
        return bool(value) and all(map(_are_numbers, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)
