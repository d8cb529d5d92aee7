"""Predictions of a network for images larger than its input, and what is made of them."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from medlab import checks

BATCH = 8  # windows at a time


def slide(
    predict: Callable[[NDArray[Any]], NDArray[Any]],
    image: ArrayLike,
    patch: tuple[int, ...],
    *,
    overlap: float = 0.5,
) -> NDArray[np.float32]:
    r"""Average the predictions of overlapping windows of one image, the middle of each counting most.

    Parameters
    ----------
    predict : callable
        Windows, shape (B, \*patch, C), in; probabilities, shape (B, \*patch, K), out.
    image : array, shape (H, W, C) or (Z, Y, X, C)
        No side shorter than that of the patch.
    patch : tuple of int, pixels
    overlap : float in [0, 0.9]
        Least part of a window that the next one covers again.

    Returns
    -------
    probabilities : float32 array, shape (H, W, K) or (Z, Y, X, K)

    Notes
    -----
    The weights fall from the middle of a window as a Gaussian with a standard deviation of an eighth of its
    sides, as in nnU-Net (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z): near its border a network
    sees one side only.
    """
    checks.in_range("overlap", overlap, 0, 0.9)
    whole = np.asarray(image)
    axes = []
    for length, side in zip(whole.shape[:-1], patch, strict=True):
        # Evenly spaced from the first pixel to the last.
        count = -(-(length - side) // max(1, int(side * (1 - overlap)))) + 1
        firsts = np.linspace(0, length - side, count).round().astype(int).tolist()
        axes.append([slice(first, first + side) for first in firsts])
    windows = list(itertools.product(*axes))
    weight = np.ones(())
    for side in patch:
        from_middle = np.arange(side) - (side - 1) / 2
        weight = np.multiply.outer(weight, np.exp(-0.5 * (from_middle / (side / 8)) ** 2))
    weight = np.maximum(weight, 1e-3)[..., np.newaxis].astype(np.float32)
    total: Any = None
    counted = np.zeros((*whole.shape[:-1], 1), np.float32)
    for first in range(0, len(windows), BATCH):
        some = windows[first : first + BATCH]
        answers = predict(np.stack([whole[window] for window in some]))
        total = np.zeros((*whole.shape[:-1], answers.shape[-1]), np.float32) if total is None else total
        for window, answer in zip(some, answers, strict=True):
            total[window] += weight * answer
            counted[window] += weight
    return np.asarray(total / counted)


def largest_component(mask: ArrayLike, connectivity: int | None = None) -> NDArray[np.uint8]:
    """Keep of each class of a mask its largest connected part; all else becomes background.

    Parameters
    ----------
    mask : int array, shape (H, W) or (Z, Y, X)
        Class numbers, 0 the background.
    connectivity : int or None
        Along how many axes at once a neighbor may lie: 1 joins pixels at their edges (voxels at their
        faces) only, None at corners, too.

    Returns
    -------
    mask : uint8 array, shape as given
        Of parts of the same size the one that comes first stays.

    Examples
    --------
    >>> largest_component([[1, 0, 1, 1], [0, 0, 0, 2]]).tolist()
    [[0, 0, 1, 1], [0, 0, 0, 2]]
    """
    classes = np.asarray(mask)
    kept = np.zeros(classes.shape, np.uint8)
    for number in np.unique(classes[classes > 0]):
        kept[largest_part(classes == number, connectivity)[0]] = number
    return kept


def largest_part(inside: NDArray[np.bool_], connectivity: int | None = None) -> tuple[NDArray[np.bool_], int]:
    """Return the largest connected part of a mask that is not empty, and how many parts it has."""
    joined = ndimage.generate_binary_structure(inside.ndim, connectivity or inside.ndim)
    number, parts = ndimage.label(inside, joined)
    return number == np.bincount(number.ravel())[1:].argmax() + 1, parts
