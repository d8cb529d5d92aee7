"""From a heat map to a table of candidates, and from each candidate to a second opinion."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from medlab import checks


def candidates(
    probability: ArrayLike,
    spacing_mm: Sequence[float],
    *,
    threshold: float = 0.1,
    distance_mm: float = 10.0,
    smoothing_mm: float = 0.0,
) -> pd.DataFrame:
    """Return the places where a heat map has a maximum, the highest first.

    Parameters
    ----------
    probability : array, shape (H, W) or (Z, Y, X), in [0, 1]
        Such as the foreground's of a U-Net, ``run.predict(images)[0, ..., 1]``.
    spacing_mm : sequence of float, mm, > 0
        (y, x) or (z, y, x).
    threshold : float in [0, 1]
        Lowest score of a candidate.
    distance_mm : float, mm, > 0
        Of two maxima nearer to each other only the higher one stays.
    smoothing_mm : float, mm
        Standard deviation of a Gaussian that smooths the map first, so that larger spots score higher.

    Returns
    -------
    candidates : pandas.DataFrame
        A row a candidate: ``z`` (of a volume), ``y``, ``x`` (pixels), ``z_mm`` and so on (from the center of
        the first pixel), ``score``.

    Examples
    --------
    >>> candidates([[0.0, 0.9, 0.0, 0.0, 0.4]], (1.0, 0.5), distance_mm=1)
       y  x  y_mm  x_mm  score
    0  0  1   0.0   0.5    0.9
    1  0  4   0.0   2.0    0.4
    """
    checks.in_range("distance_mm", distance_mm, 1e-6)
    heat, spacing = checks.finite("probability", probability).astype(float), np.asarray(spacing_mm, float)
    if heat.ndim not in (2, 3) or spacing.shape != (heat.ndim,) or not (spacing > 0).all():
        msg = (
            "probability must have one number a pixel, shape (H, W) or (Z, Y, X), and spacing_mm one a side, "
            f"got {heat.shape} and {spacing.tolist()}. Take one class: probability[..., 1]."
        )
        raise ValueError(msg)
    if smoothing_mm:
        heat = ndimage.gaussian_filter(heat, smoothing_mm / spacing)
    is_peak = (heat == ndimage.maximum_filter(heat, 3)) & (heat >= threshold)
    places = np.argwhere(is_peak)
    places = places[np.argsort(-heat[is_peak], kind="stable")]
    rows: list[NDArray[Any]] = []
    while len(places):
        rows.append(places[0])
        away_mm = np.linalg.norm((places - places[0]) * spacing, axis=1)
        places = places[away_mm >= distance_mm]
    found, names = np.array(rows, int).reshape(-1, heat.ndim), "zyx"[-heat.ndim :]
    columns = dict(zip(names, found.T, strict=True))
    columns |= {f"{name}_mm": column for name, column in zip(names, (found * spacing).T, strict=True)}
    return pd.DataFrame({**columns, "score": heat[tuple(found.T)]})


def judge(
    candidates: pd.DataFrame,
    image: ArrayLike,
    predict: Callable[[NDArray[Any]], NDArray[Any]],
    crop: tuple[int, ...],
) -> pd.DataFrame:
    r"""Let a second network look at each candidate: its probability becomes a column, the highest first.

    Parameters
    ----------
    candidates : pandas.DataFrame
        Of `candidates`.
    image : array, shape (H, W, C) or (Z, Y, X, C)
        What the second network takes: its gray values, at its spacing.
    predict : callable
        ``bundle.predict`` or ``run.predict`` of a binary network: crops, shape (N, \*crop, C), in;
        probabilities, shape (N,), out.
    crop : tuple of int, pixels
        Sides of the crop around each candidate. Beyond the border of the image its edge is repeated.

    Returns
    -------
    judged : pandas.DataFrame
        As given, with the column ``probability``.
    """
    whole, half = np.asarray(image), np.array(crop) // 2
    around = [(int(h), int(side - h)) for h, side in zip(half, crop, strict=True)]
    padded = np.pad(whole, [*around, (0, 0)], mode="edge")
    corners = candidates[list("zyx"[-len(crop) :])].to_numpy()
    pairs = zip(corners, corners + np.array(crop), strict=True)
    windows = [padded[tuple(map(slice, *pair))] for pair in pairs]
    stacked = np.array(windows, whole.dtype).reshape(-1, *crop, whole.shape[-1])
    judged = candidates.assign(probability=predict(stacked))
    return judged.sort_values("probability", ascending=False, kind="stable", ignore_index=True)
