"""Load registered data sets by name, and check that they hold what was registered."""

import inspect
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data import downloading, phantoms, registry
from medlab.data.dataset import SPLITS, Dataset, Split
from medlab.data.registry import Record

# What NumPy raises depends on the byte at which a file is cut or damaged.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, AttributeError, TypeError)


def load(name: str, *, seed: int = 0, size: int | None = None, **options: Any) -> Dataset:
    """Load a registered data set, downloading it first where needed.

    Parameters
    ----------
    name : str
        One of `medlab.data.registered()`.
    seed : int
        What is drawn by simulated data sets; the others come with their official splits and ignore it.
    size : int or None, pixels
        Side length of the images; None takes the smallest on offer (28 for MedMNIST).
    **options
        Passed on to the function that makes a simulated data set, such as ``n_train``.

    Returns
    -------
    dataset : Dataset
        Images uint8, shape (N, H, W, C) or (N, Z, Y, X, C), axes of volumes as stored by the source.

    Raises
    ------
    ValueError
        If the name, size or an option is unknown, or the file does not hold what was registered.
    ConnectionError, OSError
        If the file has to be downloaded and cannot be.
    """
    record = registry.describe(name)
    size = record.sizes[0] if size is None else size
    checks.together(*option_checks(name, size, options))
    if record.simulated:
        return getattr(phantoms, name)(seed=seed, **options)
    path = downloading.fetch(name, size)
    splits = read_npz(path, record, size)
    by = f" by {record.split_by}" if record.split_by else ""
    note = f"Official split of {record.title}{by}; patients are not known from the file."
    spacing = record.spacing_mm.get(size)
    # What a data set and its record call by the same name is the same fact.
    facts = {fact.name: getattr(record, fact.name) for fact in fields(Dataset) if hasattr(record, fact.name)}
    facts |= {"spacing_mm": None if spacing is None else (spacing,) * record.dimensions, "notes": (note,)}
    return Dataset(**{**facts, **splits})


def option_checks(
    name: str, size: int | None, options: Mapping[str, Any], use: Callable[[Dataset], Any] | None = None
) -> list[Callable[[], Any]]:
    """Return checks of what `load` is given, for `medlab.checks.together`: none of them loads anything.

    With `use`, each option of a simulated data set is also tried: alone, on one image for each split, and
    `use` is given what comes out.
    """
    record = registry.describe(name)
    simulate = getattr(phantoms, name) if record.simulated else None
    known = inspect.signature(simulate).parameters if simulate else {"seed": None, "size": None}
    few = {option: 1 for option in known if option.startswith("n_")}

    def check(option: str, value: Any) -> None:
        checks.one_of(f"option of {name}", option, known)
        if simulate and use:
            is_many = option in few and isinstance(value, int) and value > 1
            use(simulate(**{**few, option: 1 if is_many else value}))

    side = partial(checks.one_of, f"size of {name}", record.sizes[0] if size is None else size, record.sizes)
    return [side, *(partial(check, option, value) for option, value in options.items())]


def read_npz(path: str | Path, record: Record, size: int) -> dict[str, Split]:
    """Read a file in MedMNIST's format and hold it to its record.

    Parameters
    ----------
    path : path of an npz file
        Arrays ``train_images``, ``train_labels`` and so on: images uint8, shape (N, H, W), (N, H, W, 3) or
        (N, Z, Y, X); labels of shape (N, 1), or (N, K) zeros and ones for multi-label.
    record : Record
    size : int, pixels

    Returns
    -------
    splits : dict of Split, by train, val and test

    Raises
    ------
    ValueError
        If the file is damaged, a split is missing, or counts, shapes, types, gray values or labels are not
        as registered.
    """
    file = Path(path)
    arrays = _arrays(file)
    return {name: _split(f"{file.name}, {name}", name, arrays, record, size) for name in SPLITS}


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except _DAMAGED as error:
        msg = (
            f"{file.name} must be a complete npz file, got: {error}. It is truncated or damaged: delete "
            "it and fetch it again (medlab data fetch)."
        )
        raise ValueError(msg) from error
    needed = [f"{name}_{part}" for name in SPLITS for part in ("images", "labels")]
    if missing := [key for key in needed if key not in arrays]:
        msg = f"{file.name} must hold images and labels of train, val and test, got no {', '.join(missing)}."
        raise ValueError(msg)
    return arrays


def _split(where: str, name: str, arrays: dict[str, NDArray[Any]], record: Record, size: int) -> Split:
    """Return one split after checking it against the record."""
    images, labels = arrays[f"{name}_images"], arrays[f"{name}_labels"]
    checks.finite(f"Images of {where}", images)
    shape = (record.split_sizes[name], *[size] * record.dimensions, *([3] if record.channels == 3 else []))
    if images.shape != shape or images.dtype != np.uint8:
        msg = f"Images of {where} must be {shape} uint8 as registered, got {images.shape} {images.dtype}."
        raise ValueError(msg)
    if images.min() == images.max():
        msg = f"Images of {where} must not be constant, got {images.min()} everywhere. The file is damaged."
        raise ValueError(msg)
    multilabel = record.task == "multilabel"
    columns = len(record.class_names) if multilabel else 1
    if labels.shape != (len(images), columns) or labels.dtype.kind not in "iu":
        msg = (
            f"Labels of {where} must be {(len(images), columns)} whole numbers, "
            f"got {labels.shape} {labels.dtype}."
        )
        raise ValueError(msg)
    highest = 1 if multilabel else len(record.class_names) - 1
    if labels.min() < 0 or labels.max() > highest:
        msg = f"Labels of {where} must lie in 0 to {highest}, got {labels.min()} to {labels.max()}."
        raise ValueError(msg)
    if record.channels == 1:
        images = images[..., np.newaxis]
    return Split(images, labels.astype(np.uint8) if multilabel else labels[:, 0].astype(np.int64))
