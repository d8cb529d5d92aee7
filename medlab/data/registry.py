"""The registered data sets: where they lie, what their labels mean, what others reached on them."""

import functools
import json
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, get_args

from medlab import checks
from medlab.data.dataset import SPLITS, Task, class_list
from medlab.text import counted


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
        The mirror images that augmentation may draw; `flip_reason` says why these.
    rotation_deg : float, degrees
    spacing_mm : dict, size to mm per pixel
        Only sizes whose spacing is published.
    published : tuple of dicts
        ``method``, ``auc``, ``acc`` and ``checked_against_a_second_copy``, transcribed; for MedMNIST,
        Tables 3 and 4 of Yang et al. 2023 (doi 10.1038/s41597-022-01721-8).
    simulated : bool
    split_by : str
        What the source says its splits keep together ("patient", "CT scan", "image"); empty if it does not.
    near_copies : dict, size to ``{"fingerprint", "test in train", "test in val", "val in train"}``
        How many images of the first split have a near-copy in the second; only sizes that were measured.
    """

    name: str
    title: str
    description: str
    task: Task
    class_names: tuple[str, ...]
    channels: int
    dimensions: int
    sizes: tuple[int, ...]
    split_sizes: Mapping[str, int]
    license: str
    citation: str
    source: str
    modality: str
    label_meaning: str
    flips: tuple[str, ...]
    flip_reason: str
    rotation_deg: float
    positive_class: int | None = None
    files: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    spacing_mm: Mapping[int, float] = field(default_factory=dict)
    published: tuple[Mapping[str, Any], ...] = ()
    simulated: bool = False
    split_by: str = ""
    near_copies: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        kept = " and ".join(self.flips).capitalize() or "No"
        facts = {
            "description": self.description,
            "modality": self.modality,
            "task": self.task,
            "classes": class_list(self.class_names, self.positive_class),
            "labels": self.label_meaning,
            "images": ", ".join(f"{split} {self.split_sizes[split]:,}" for split in SPLITS)
            + (f"; split by {self.split_by}" if self.split_by else ""),
            "sizes": ", ".join("×".join([str(size)] * self.dimensions) for size in self.sizes)
            + f", {counted(self.channels, 'channel')}",
            "flips": f"{kept} mirror images are drawn for augmentation. {self.flip_reason}",
            "rotations": f"up to {self.rotation_deg:g} degrees",
            "license": self.license,
            "source": self.source,
            "citation": self.citation,
        }
        for size, found in self.near_copies.items():
            of = {pair: self.split_sizes[pair.split()[0]] for pair in found if " in " in pair}
            counts = ", ".join(f"{found[pair]} of {n} {pair}" for pair, n in of.items())
            facts["near-copies"] = f"{facts.get('near-copies', '')} {size} pixels: {counts}.".strip()
        lines = [f"{self.name}: {self.title}"]
        for key, text in facts.items():
            lines += textwrap.wrap(text, 100, initial_indent=f"  {key:<12}", subsequent_indent=" " * 14)
        if self.published:
            lines.append("  published   test AUC / accuracy, transcribed (* matched against a second copy)")
            for row in self.published:
                mark = " *" if row.get("checked_against_a_second_copy") else ""
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
    return read_sets(resources.files("medlab.data") / "sets")


def read_sets(folder: Traversable) -> dict[str, Record]:
    """Read the rows of a folder: the generated ``medmnist.json``, then every ``NAME.yaml`` written by hand.

    Raises
    ------
    ValueError
        If a file cannot be parsed, a name is taken, or a row lacks a field, has an unknown one or contradicts
        itself.
    """
    generated = folder / "medmnist.json"
    records = {name: _record(generated, name, row) for name, row in _parsed(generated).items()}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        name, _, suffix = path.name.partition(".")
        if suffix != "yaml":
            continue
        if name in records:
            msg = f"{path.name} must bear a name of its own, got one that {generated.name} holds. Rename it."
            raise ValueError(msg)
        records[name] = _record(path, name, _parsed(path))
    return records


def _parsed(path: Traversable) -> dict[str, Any]:
    import yaml

    text = path.read_text(encoding="utf-8")
    try:
        # The generated file is JSON because YAML takes a second to read that much.
        content = json.loads(text) if path.name.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        msg = f"{path.name} must be readable as {path.name.rpartition('.')[2].upper()}, got: {error}."
        raise ValueError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path.name} must map fields to values, got {type(content).__name__}."
        raise ValueError(msg)
    return content


def _record(path: Traversable, name: str, row: dict[str, Any]) -> Record:
    """Turn lists into tuples and sizes into numbers, or say all that is wrong with a row."""
    facts = {fact.name: fact for fact in fields(Record) if fact.name != "name"}
    required = [key for key, fact in facts.items() if fact.default is fact.default_factory is MISSING]
    problems = [f"no {key}" for key in required if row.get(key) is None]
    problems += [f"the unknown field {key!r}" for key in row if key not in facts]
    lists = ("class_names", "sizes", "flips", "published")
    problems += [f"no list of {key}" for key in lists if not isinstance(row.get(key, []), list)]
    problems = problems or _contradictions(row)
    if problems:
        msg = (
            f"{path.name} must describe {name} in full, got {'; '.join(problems)}. simulated_nodules.yaml "
            "shows a row, and medlab.data.registry.Record says what each field means."
        )
        raise ValueError(msg)
    tuples = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    by_size = {
        key: {int(size): value for size, value in row.get(key, {}).items()}
        for key in ("files", "spacing_mm", "near_copies")
    }
    return Record(name=name, **{**row, **tuples, **by_size})


def _contradictions(row: dict[str, Any]) -> list[str]:
    """Say what does not fit together in a row that has all its fields."""
    files = {str(size): file for size, file in row.get("files", {}).items()}
    no_file = [size for size in row["sizes"] if not {"url", "md5"} <= set(files.get(str(size), ()))]
    strange = [size for size in row.get("spacing_mm", {}) if str(size) not in map(str, row["sizes"])]
    # YAML reads a bare yes, no, on or off as true or false.
    texts = all(isinstance(label, str) for label in row["class_names"])
    tests = {
        f"the task {row['task']!r}, which is none of {', '.join(get_args(Task))}": row["task"]
        in get_args(Task),
        "class_names that are no texts (put yes and no in quotes)": texts,
        "no positive_class, 0 or 1": row["task"] != "binary" or row.get("positive_class") in (0, 1),
        f"split_sizes of others than {', '.join(SPLITS)}": set(row["split_sizes"]) == set(SPLITS),
        f"no url and md5 in files for the sizes {no_file}": row.get("simulated") or not no_file,
        f"spacing_mm of {strange}, which sizes does not list": not strange,
    }
    return [problem for problem, is_right in tests.items() if not is_right]
