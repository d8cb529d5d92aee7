"""The registered data sets: where they lie, what their labels mean, what others reached on them."""

from __future__ import annotations

import functools
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, get_args

from medlab import checks
from medlab.data.dataset import SPLITS, Task


@dataclass(frozen=True, repr=False)
class Record:
    """The facts of one registered data set; shown as a page of text.

    Attributes
    ----------
    name, title, description : str
    task : "binary", "multiclass", "multilabel" or "regression"
    class_names : tuple of str
    positive_class : int or None
        The class whose probability a binary network gives.
    channels : 1 or 3
    dimensions : 2 or 3
    sizes : tuple of int, pixels
        Side lengths on offer; the first is the default.
    files : dict, size to ``{"url", "md5"}``
        Empty where images are made, not downloaded.
    split_sizes : dict, split to number of images
    license, citation, source, modality, label_meaning : str
    flips : tuple of "left-right", "up-down"
        The mirror images that keep the label's meaning; `flip_reason` says why.
    rotation_deg : float, degrees
    spacing_mm : dict, size to mm per pixel
        Only sizes whose spacing is published.
    published : tuple of dicts
        ``method``, ``auc``, ``acc`` and ``checked_against_a_second_copy``: rows of Tables 3 and 4 of
        Yang et al. 2023 (doi 10.1038/s41597-022-01721-8), transcribed.
    simulated : bool
    split_by : str
        What the source says its splits keep together ("patient", "CT scan", "image"); empty if it does not.
    """

    name: str
    title: str
    description: str
    task: Task
    class_names: tuple[str, ...]
    positive_class: int | None
    channels: int
    dimensions: int
    sizes: tuple[int, ...]
    files: Mapping[int, Mapping[str, str]]
    split_sizes: Mapping[str, int]
    license: str
    citation: str
    source: str
    modality: str
    label_meaning: str
    flips: tuple[str, ...]
    flip_reason: str
    rotation_deg: float
    spacing_mm: Mapping[int, float]
    published: tuple[Mapping[str, Any], ...]
    simulated: bool = False
    split_by: str = ""

    def __repr__(self) -> str:
        def positive(code: int) -> str:
            return " (positive)" if code == self.positive_class else ""

        classes = [f"{code} {name}{positive(code)}" for code, name in enumerate(self.class_names)]
        facts = {
            "description": self.description,
            "modality": self.modality,
            "task": self.task,
            "classes": "; ".join(classes),
            "labels": self.label_meaning,
            "images": ", ".join(f"{split} {self.split_sizes[split]:,}" for split in SPLITS)
            + (f"; split by {self.split_by}" if self.split_by else ""),
            "sizes": ", ".join("×".join([str(size)] * self.dimensions) for size in self.sizes)
            + f", {self.channels} channel{'s' if self.channels > 1 else ''}",
            "flips": f"{' and '.join(self.flips) or 'none'}. {self.flip_reason}",
            "rotations": f"up to {self.rotation_deg:g} degrees",
            "license": self.license,
            "source": self.source,
            "citation": self.citation,
        }
        lines = [f"{self.name}: {self.title}"]
        for key, text in facts.items():
            lines += textwrap.wrap(text, 100, initial_indent=f"  {key:<12}", subsequent_indent=" " * 14)
        if self.published:
            lines.append("  published   test AUC / accuracy, transcribed (* matched against a second copy)")
            for row in self.published:
                mark = " *" if row["checked_against_a_second_copy"] else ""
                lines.append(f"{'':14}{row['method']:<22}{row['auc']:.3f} / {row['acc']:.3f}{mark}")
        return "\n".join(lines)


def registered() -> list[str]:
    """Return the names of all registered data sets."""
    return list(_records())


def describe(name: str) -> Record:
    """Return the facts of one registered data set.

    Raises
    ------
    ValueError
        If there is no such data set; the message lists them and names the nearest.

    Examples
    --------
    >>> record = describe("breastmnist")
    >>> record.class_names[record.positive_class]
    'malignant'
    """
    return _records()[checks.one_of("data set", name, registered())]


@functools.cache
def _records() -> dict[str, Record]:
    text = resources.files("medlab.data").joinpath("registry.json").read_text(encoding="utf-8")
    return {name: _record(name, entry) for name, entry in json.loads(text).items()}


def _record(name: str, entry: dict[str, Any]) -> Record:
    """Turn an entry of the file into a record: lists into tuples, sizes into numbers."""
    unknown = set(entry) - {field.name for field in fields(Record)}
    if unknown or entry["task"] not in get_args(Task):
        msg = f"registry.json must hold known fields and tasks, got {name}: {entry['task']}, {unknown or ''}."
        raise ValueError(msg)
    tuples = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    by_size = {
        key: {int(size): value for size, value in entry[key].items()} for key in ("files", "spacing_mm")
    }
    return Record(name=name, **{**entry, **tuples, **by_size})
