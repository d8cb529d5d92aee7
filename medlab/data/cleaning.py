"""Find images that cannot be right before a network learns from them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medlab.data.dataset import Dataset, Split

if TYPE_CHECKING:
    import pandas as pd


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
    import pandas as pd

    rows: list[tuple[str, int, str, str]] = []
    seen: dict[bytes, tuple[str, Any]] = {}
    for name in ("test", "val", "train"):
        split = dataset.splits()[name]
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            if image.dtype.kind == "f" and not np.isfinite(image).all():
                rows.append((name, index, "not finite", ""))
                continue
            if image.min() == image.max():
                rows.append((name, index, "constant", ""))
                continue
            original, known = seen.setdefault(_digest(image), (f"{name}[{index}]", label))
            if original != f"{name}[{index}]":
                problem = "duplicate" if np.array_equal(known, label) else "contradiction"
                rows.append((name, index, problem, original))
    report = pd.DataFrame(rows, columns=["split", "index", "problem", "of"])
    if not drop or report.empty:
        return dataset, report
    kept = {}
    for name, split in dataset.splits().items():
        keep = np.ones(len(split), dtype=bool)
        keep[report.loc[report["split"] == name, "index"].to_numpy(dtype=int)] = False
        if not keep.any():
            msg = f"dropping would leave {name} empty: all of its {len(split)} images are reported."
            raise ValueError(msg)
        kept[name] = split.subset(keep)
    note = f"cleaned: {len(report)} images dropped ({_counts(report)})"
    notes = (*dataset.notes, note)
    cleaned = replace(
        dataset, train=kept["train"], val=kept["val"], test=kept["test"], notes=notes, fingerprint=""
    )
    return cleaned, report


def _counts(report: pd.DataFrame) -> str:
    counts = report["problem"].value_counts()
    return ", ".join(f"{count} {problem}" for problem, count in counts.items())


def duplicates_across(first: Split, second: Split) -> int:
    """Return how many images of `first` have an exact copy in `second`."""
    known = set(map(_digest, second.images))
    return sum(_digest(image) in known for image in first.images)


def _digest(image: NDArray[Any]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image).data).digest()
