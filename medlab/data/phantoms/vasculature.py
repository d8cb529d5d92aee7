"""Tapering tubes: chains of them for the great vessels, trees of them for the vessels of the lung."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# "start" and "step" of shape (..., 3), "radius" and "taper" (radius at the end less that at the start).
Tubes = dict[str, NDArray[np.float64]]

_LENGTHS_MM = (28.0, 23.0, 19.0, 15.0, 13.0, 11.0)
_BENT_FROM_MM = 14.0
_TRUNK_RADIUS_MM = 3.1
_NARROWS = 0.77  # radius of a branch relative to its parent; Murray's law gives 2^(-1/3) = 0.79
# Where each tree starts, left lung; the right one mirrors it. Then unit-like directions of the trunks.
_HILUM_MM = np.array([50.0, 8.0, -24.0])
_TRUNKS = np.array(
    [
        (0.3, 0.05, 1.0), (0.5, -0.7, 0.75), (0.4, 0.6, 0.8), (0.8, -0.9, 0.2), (1.0, 0.2, 0.35),
        (0.6, -1.0, -0.35), (0.9, 0.35, -0.3), (0.35, 1.0, -0.1), (0.5, -0.6, -0.9), (0.8, 0.1, -1.0),
        (0.3, 0.6, -1.0), (0.6, 0.9, 0.3),
    ]
)  # fmt: skip


def chains(paths: Iterable[Sequence[Sequence[float]]]) -> Tubes:
    """Return the tubes between neighboring points (x, y, z, radius) of each path."""
    points = [np.array(path, float) for path in paths]
    starts = np.concatenate([path[:-1] for path in points])
    steps = np.concatenate([np.diff(path, axis=0) for path in points])
    return {"start": starts[:, :3], "step": steps[:, :3], "radius": starts[:, 3], "taper": steps[:, 3]}


def beads(tubes: Tubes, count: int = 12) -> NDArray[np.float64]:
    """Return balls that line tubes up, rows (x, y, z, radius)."""
    share = np.linspace(0, 1, count)[:, None]
    centers = tubes["start"] + share[..., None] * tubes["step"]
    radii = tubes["radius"] + share * tubes["taper"]
    return np.concatenate([centers, radii[..., None]], axis=-1).reshape(-1, 4)


def grow(n: int, rng: np.random.Generator) -> Tubes:
    """Grow arteries and veins from both hila: every branch parts in two, thinner and shorter."""
    shape = (n, 2, 2, len(_TRUNKS), 1)  # lungs; arteries and veins; trunks; branches of a trunk
    mirror = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])[:, None, None, None]
    heading = _unit(mirror * (_TRUNKS[:, None] + rng.normal(0, 0.22, (*shape, 3))))
    start = mirror * (_HILUM_MM + rng.normal(0, 5.0, (*shape, 3)))
    radius = _TRUNK_RADIUS_MM * rng.uniform(0.75, 1.15, shape)
    parts: list[tuple[NDArray[np.float64], ...]] = []
    for mean_mm in _LENGTHS_MM:
        size = heading.shape[:-1]
        # a long branch has two pieces, with a bend between them
        pieces = 2 if mean_mm > _BENT_FROM_MM else 1
        piece_mm = mean_mm * rng.uniform(0.7, 1.3, size) / pieces
        for _ in range(pieces):
            heading = _unit(heading + rng.normal(0, 0.10, heading.shape))
            step = heading * piece_mm[..., None]
            taper = (np.sqrt(_NARROWS) - 1) / pieces * radius
            parts.append((start, step, radius, taper))
            start, radius = start + step, radius + taper
        across = _unit(np.cross(heading, rng.normal(0, 1, heading.shape)))
        apart = across * rng.uniform(0.4, 1.3, size)[..., None]
        lean = rng.uniform(0.3, 0.7, size)[..., None]
        heading = _unit(np.stack([heading + lean * apart, heading - (1 - lean) * apart], axis=-2))
        heading = heading.reshape(*size[:-1], 2 * size[-1], 3)
        start = np.repeat(start, 2, axis=-2)
        radius = np.repeat(radius, 2, axis=-1) * np.sqrt(_NARROWS) * rng.uniform(0.85, 1.1, start.shape[:-1])
    names = ("start", "step", "radius", "taper")
    return {
        name: np.concatenate([part[k].reshape(n, -1, *part[k].shape[5:]) for part in parts], axis=1)
        for k, name in enumerate(names)
    }


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return vectors / np.sqrt(x * x + y * y + z * z)[..., None]
