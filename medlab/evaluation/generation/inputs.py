"""What every comparison of generated with real images asks of its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks

Array = NDArray[np.float64]


def feature_pair(
    a: ArrayLike, b: ArrayLike, *, names: tuple[str, str] = ("a", "b"), at_least: int = 2, equal: bool = True
) -> tuple[Array, Array]:
    """Return two sets of features as float64 if they can be compared.

    Parameters
    ----------
    a, b : float arrays, shape (N, D)
    names : two str
        What the sets are called in messages.
    at_least : int
        Images that each set must have.
    equal : bool
        Whether both must have the same number of images.

    Raises
    ------
    ValueError
        For other shapes, unequal dimensions or counts, too few images, or NaN.
    """
    found = []
    for name, array in zip(names, (a, b), strict=True):
        values = checks.finite(name, array).astype(np.float64)
        if values.ndim != 2:
            msg = (
                f"{name} must be features of shape (N, D), got {values.shape}. "
                "Features give them for images: pixel_features(dataset).of(images)."
            )
            raise ValueError(msg)
        enough(name, len(values), at_least)
        found.append(values)
    first, second = found
    if first.shape[1] != second.shape[1]:
        msg = (
            f"{names[0]} and {names[1]} must have the same features, got {first.shape[1]} and "
            f"{second.shape[1]} dimensions. Take both from one Features."
        )
        raise ValueError(msg)
    if equal and len(first) != len(second):
        msg = (
            f"{names[0]} and {names[1]} must hold equally many images, got {len(first)} and {len(second)}: "
            "the measure depends on the count. at_equal_counts draws subsets of one size."
        )
        raise ValueError(msg)
    return first, second


def enough(what: str, count: int, at_least: int) -> None:
    """Refuse fewer images than a measure needs."""
    if count < at_least:
        msg = f"{what} must hold at least {at_least} images, got {count}. Give more images."
        raise ValueError(msg)


def like_real(what: str, images: ArrayLike, real: NDArray[Any]) -> NDArray[Any]:
    """Return images if they have the shape and the units of real ones.

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, Z, Y, X, C)
    real : array of the same shape but for N

    Raises
    ------
    ValueError
        If the shapes differ, a value is NaN or infinite, or the images lie within [-1, 1] where the real
        ones reach further: then they are still in a network's units.
    """
    array = checks.finite(what, images)
    if array.ndim != real.ndim or array.shape[1:] != real.shape[1:]:
        shape = ", ".join(map(str, real.shape[1:]))
        msg = f"{what} must have shape (N, {shape}) like the real images, got {array.shape}."
        raise ValueError(msg)
    if len(array) and len(real):
        low, high = float(array.min()), float(array.max())
        if low >= -1 and high <= 1 and real.max() > 2:
            msg = (
                f"{what} must be in the units of the real images, {real.min():g} to {real.max():g}, "
                f"got {low:g} to {high:g}. Undo the generator's scaling first."
            )
            raise ValueError(msg)
    return array
