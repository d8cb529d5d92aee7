"""Split images into train, val and test: by group, so that no patient is on two sides."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data import grouping

FRACTIONS = {"train": 0.7, "val": 0.15, "test": 0.15}


def stratified_split(
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
) -> dict[str, NDArray[np.int64]]:
    """Divide images so that each split has its share of every class, and no group is divided.

    The groups, largest first and shuffled within a size, go one by one to the split that lacks their
    classes most.

    Parameters
    ----------
    labels : array, shape (N,) or (N, K)
        The class of each image, or K zeros and ones where several labels may hold.
    groups : array, shape (N,), or None
        What must stay together, such as the patient; None keeps each image on its own.
    fractions : dict, name of the split to its share of the images
        Positive numbers that add up to 1.
    seed : int, >= 0
        The same seed gives the same split.

    Returns
    -------
    index : dict, name of the split to int64 array
        Sorted row numbers; together they are 0 to N - 1, each once.

    Raises
    ------
    ValueError
        If the fractions do not add up to 1, if labels are fractional numbers, if a group is None or NaN, or
        if a class has too few groups to be in every split.

    Examples
    --------
    >>> index = stratified_split([0, 0, 0, 0, 1, 1, 1, 1], fractions={"train": 0.5, "test": 0.5})
    >>> {name: len(rows) for name, rows in index.items()}
    {'train': 4, 'test': 4}
    """
    shares = np.array(list(fractions.values()), dtype=float)
    if (shares <= 0).any() or abs(shares.sum() - 1) > 1e-6:
        msg = f"fractions must be positive and add up to 1, got {dict(fractions)}."
        raise ValueError(msg)
    class_names, is_class = _classes(np.asarray(labels))
    group_of = np.arange(len(is_class)) if groups is None else np.asarray(groups)
    checks.same_length(labels=is_class, groups=group_of)
    n_unknown = sum(not grouping.is_named(str(group)) for group in group_of.tolist())
    if n_unknown:
        msg = (
            f"groups must name one for each image, got none for {n_unknown:,} of {len(group_of):,} (empty, "
            "None or NaN), which would count as one patient. Name them, or leave those images out."
        )
        raise ValueError(msg)
    _, group_of = np.unique(group_of, return_inverse=True)

    counts = np.zeros((group_of.max(initial=-1) + 1, is_class.shape[1]))
    np.add.at(counts, group_of, is_class)
    _refuse_rare_classes(counts, class_names, len(shares))
    chosen = _assign(counts, shares, np.random.default_rng(checks.seed(seed)))
    held = np.stack([counts[chosen == split].sum(axis=0) for split in range(len(shares))])
    if (held == 0).any():
        split, lost = (int(i) for i in np.argwhere(held == 0)[0])
        msg = (
            f"{list(fractions)[split]} would hold no image of class {class_names[lost]!r}: its images lie in "
            f"{np.count_nonzero(counts[:, lost])} groups, which cannot be divided. Use smaller groups, "
            "other fractions, or more images."
        )
        raise ValueError(msg)
    return {name: np.flatnonzero(chosen[group_of] == split) for split, name in enumerate(fractions)}


def _classes(labels: NDArray[Any]) -> tuple[list[Any], NDArray[np.float64]]:
    """Return the names of the classes and who belongs to them, shape (N, K)."""
    if labels.dtype.kind == "f":
        msg = "labels must be classes, got fractional numbers. Bin them first: numpy.digitize(labels, edges)."
        raise ValueError(msg)
    if labels.ndim == 2:
        return list(range(labels.shape[1])), labels.astype(float)
    names, code = np.unique(labels, return_inverse=True)
    return names.tolist(), np.eye(len(names))[code]


def _refuse_rare_classes(counts: NDArray[Any], class_names: Sequence[Any], n_splits: int) -> None:
    n_groups = np.count_nonzero(counts, axis=0)
    if counts.size and n_groups.min() >= n_splits:
        return
    listed = ", ".join(f"{name!r} in {n}" for name, n in zip(class_names, n_groups, strict=True)) or "none"
    msg = (
        f"Every class must lie in at least {n_splits} groups of images, one for each split, got {listed}. "
        "Use smaller groups, fewer splits, or more images."
    )
    raise ValueError(msg)


def _assign(counts: NDArray[Any], shares: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the split of each group: the one whose squared lack of images shrinks most."""
    totals = counts.sum(axis=0)
    lack = shares[:, np.newaxis] * totals
    weights = 1 / totals**2  # a rare class counts as much as a common one
    empty = np.ones(lack.shape, dtype=bool)
    remaining = np.count_nonzero(counts, axis=0)
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    chosen = np.empty(len(counts), dtype=np.int64)
    for group in order:
        held = counts[group] > 0
        gain = (counts[group] * (2 * lack - counts[group])) @ weights
        # The last groups of a class go to the splits that have none of it yet.
        urgent = (empty & held & (remaining <= empty.sum(axis=0))).any(axis=1)
        split = np.where(urgent, gain, -np.inf).argmax() if urgent.any() else gain.argmax()
        chosen[group] = split
        lack[split] -= counts[group]
        empty[split] &= ~held
        remaining -= held
    return chosen
