"""Whether a map points at the lesion: to be asked only where the network should look there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks


def mass_inside(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.float64]:
    """Return the part of each map's size that lies inside the true lesion.

    Parameters
    ----------
    maps : array, shape (N, ..., C)
        As `Attribution.map`; sizes count, for or against, added over the channels.
    masks : bool array, shape (N, ...) or (N, ..., 1)
        The lesion. Its share of the area, ``masks.mean()``, is what a map that knows nothing would have.

    Returns
    -------
    share : float array, shape (N,), in [0, 1]
        NaN where a map is 0 everywhere.

    Raises
    ------
    ValueError
        If shapes differ or a mask is empty.

    Examples
    --------
    >>> mass_inside([[[[3.0], [-1.0]]]], [[[True, False]]]).tolist()
    [0.75]
    """
    size, inside = _sizes_and_masks(maps, masks)
    total = size.sum(axis=1)
    within = (size * inside).sum(axis=1)
    return np.divide(within, total, out=np.full(len(total), np.nan), where=total > 0)


def pointing_game(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.bool_]:
    """Say for each map whether its largest number lies inside the true lesion.

    Parameters
    ----------
    maps : array, shape (N, ..., C)
        What speaks for the output is positive; added over the channels.
    masks : bool array, shape (N, ...) or (N, ..., 1)

    Returns
    -------
    hit : bool array, shape (N,)

    Notes
    -----
    Source: Zhang et al. 2018, doi 10.1007/s11263-017-1059-x.
    """
    _, inside = _sizes_and_masks(maps, masks)
    top = np.asarray(maps).sum(axis=-1).reshape(len(inside), -1).argmax(axis=1)
    return inside[np.arange(len(top)), top]


def _sizes_and_masks(maps: ArrayLike, masks: ArrayLike) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    values = checks.finite("maps", maps)
    inside = np.asarray(masks, bool)
    if inside.shape not in (values.shape[:-1], (*values.shape[:-1], 1)):
        msg = f"masks must have shape {values.shape[:-1]}, the places of the maps, got {inside.shape}."
        raise ValueError(msg)
    inside = inside.reshape(len(inside), -1)
    empty = np.flatnonzero(~inside.any(axis=1))
    if len(empty):
        msg = f"every mask must mark a lesion, got none in image {empty[0]}. Leave images without one out."
        raise ValueError(msg)
    return np.abs(values).sum(axis=-1).reshape(len(values), -1).astype(np.float64), inside
