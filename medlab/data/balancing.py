"""Rare classes: weigh them, repeat them, or thin out the common ones.

The fourth way, a focal loss, is an option of `medlab.training.fit` (``balance="focal"``).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data.dataset import Dataset


def class_weights(labels: ArrayLike) -> NDArray[np.float64]:
    """Return one weight a class, so that every class counts the same in the loss.

    Parameters
    ----------
    labels : int array, shape (N,), classes 0 to K - 1

    Returns
    -------
    weights : float array, shape (K,)
        ``N / (K * count)``, as scikit-learn's "balanced": the mean over all images is 1.

    Raises
    ------
    ValueError
        If fewer than two classes are there, or one below the highest has no image.

    Examples
    --------
    >>> class_weights([0, 0, 0, 1]).round(3).tolist()
    [0.667, 2.0]
    """
    counts = _counts(labels)
    return np.asarray(counts.sum() / (len(counts) * counts))


def oversample(dataset: Dataset, *, seed: int = 0) -> Dataset:
    """Repeat training images of rare classes until all are as frequent as the most frequent one."""
    return _resample(dataset, _counts(dataset.train.labels).max(), seed, "oversampled")


def undersample(dataset: Dataset, *, seed: int = 0) -> Dataset:
    """Keep as many training images of each class, drawn at random, as the rarest one has."""
    return _resample(dataset, _counts(dataset.train.labels).min(), seed, "undersampled")


def _counts(labels: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        msg = (
            f"labels must be whole class numbers of shape (N,), got {array.dtype} of shape {array.shape}. "
            "Balancing is for binary and multi-class data."
        )
        raise ValueError(msg)
    counts = np.bincount(array)
    if len(counts) < 2 or (counts == 0).any():
        msg = f"labels must hold every class from 0 up and at least two, got counts {counts.tolist()}."
        raise ValueError(msg)
    return counts


def _resample(dataset: Dataset, size: int, seed: int, verb: str) -> Dataset:
    rng = np.random.default_rng(checks.seed(seed))
    labels = dataset.train.labels
    chosen: list[NDArray[Any]] = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if size <= len(members):
            chosen.append(rng.choice(members, size, replace=False))
        else:  # every image once, then repetitions: none is lost to chance
            chosen += [members, rng.choice(members, size - len(members))]
    index = rng.permutation(np.concatenate(chosen))
    note = f"train {verb} to {size} images a class (from {len(labels)} to {len(index)} images)"
    return dataset.with_train(dataset.train.subset(index), note)


def sample_weights(dataset: Dataset) -> NDArray[np.float32]:
    """Return the class weight of each training image, shape (N,)."""
    labels = dataset.train.labels
    return class_weights(labels)[labels].astype(np.float32)
