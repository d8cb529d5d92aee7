"""Find images that cannot be right before a network learns from them."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab.data import nearcopies
from medlab.data.dataset import Dataset, Split
from medlab.text import counted


def clean(dataset: Dataset, *, drop: bool = False) -> tuple[Dataset, pd.DataFrame]:
    """Report images with NaN, constant images, duplicates and contradictions; drop them when asked.

    Parameters
    ----------
    dataset : Dataset
    drop : bool
        Leave the reported images out of the returned data set. Of a group of equal images the first
        stays, and one in test or val stays before one in train: a copy of a test image in train is a leak.
        Of a contradiction, look at the one that stays as well: its label may be the wrong one.

    Returns
    -------
    cleaned : Dataset
        `dataset` itself unless something was dropped.
    report : pandas.DataFrame
        One row an image: ``split``, ``index``, ``problem`` ("not finite", "constant", "duplicate", or
        "contradiction" where an equal image has another label), ``of`` (the image that it repeats, as
        ``"test[3]"``).

    Raises
    ------
    ValueError
        If dropping would leave a split empty.
    """
    rows: list[tuple[str, int, str, str]] = []
    firsts: dict[bytes, tuple[str, Any]] = {}
    for name in ("test", "val", "train"):
        split = dataset.splits()[name]
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            is_finite = image.dtype.kind != "f" or np.isfinite(image).all()
            if not is_finite or image.min() == image.max():
                rows.append((name, index, "constant" if is_finite else "not finite", ""))
                continue
            original, its_label = firsts.setdefault(_digest(image), (f"{name}[{index}]", label))
            if original != f"{name}[{index}]":
                problem = "duplicate" if np.array_equal(its_label, label) else "contradiction"
                rows.append((name, index, problem, original))
    report = pd.DataFrame(rows, columns=["split", "index", "problem", "of"])
    if not drop or report.empty:
        return dataset, report
    splits: dict[str, Any] = {}
    for name, split in dataset.splits().items():
        keep = np.ones(len(split), dtype=bool)
        keep[report.loc[report["split"] == name, "index"].to_numpy(dtype=int)] = False
        if not keep.any():
            msg = f"dropping would leave {name} empty: all of its {len(split)} images are reported."
            raise ValueError(msg)
        splits[name] = split.subset(keep)
    counts = ", ".join(f"{n} {problem}" for problem, n in report["problem"].value_counts().items())
    notes = (*dataset.notes, f"cleaned: {counted(len(report), 'image')} dropped ({counts})")
    return replace(dataset, **splits, notes=notes, fingerprint=""), report


def duplicates_across(first: Split, second: Split, *, threshold: float = nearcopies.ALIKE) -> int:
    """Return how many images of `first` have a near-copy in `second`.

    Parameters
    ----------
    first, second, threshold
        As in `near_copies`, which returns the pairs and says what counts as a near-copy.

    Returns
    -------
    n : int
        Images of `first`, each counted once, whatever the labels are.

    Raises
    ------
    ValueError
        If the shapes of the images differ, or `threshold` is out of range.
    """
    return int(nearcopies.repeated(first, second, threshold).sum())


def _digest(image: NDArray[Any]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image).data).digest()
