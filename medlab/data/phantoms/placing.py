"""Where nodules lie in a simulated chest: in the lung, clear of all else and of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.data.phantoms import anatomy, vasculature
from medlab.data.phantoms.patients import NODULE_TYPES, TYPE_SHARES

Columns = dict[str, Any]

_TRIES = 96
_LOOKED_AT = 12
_CLEAR_MM = 2.5
_STEPS = np.linspace(-1, 1, 4)
_REACH_MM = (105.0, 75.0)  # where places are tried: left and right, front and back


def draw_nodules(
    chests: list[Columns], counts: tuple[int, int], sizes_mm: tuple[float, float], rng: np.random.Generator
) -> list[Columns]:
    """Draw the nodules of each chest: the first place tried where a ball has room.

    Returns
    -------
    nodules : list of dicts of arrays, each of length K
        ``center_mm`` (z, y, x), ``diameter_mm``, ``nodule_type``, in the order of their drawing.
    """
    low, high = anatomy.LEVELS_MM
    drawn = []
    for chest in chests:
        count = int(rng.integers(counts[0], counts[1] + 1))
        diameters = rng.uniform(*sizes_mm, count)
        types = rng.choice(len(NODULE_TYPES), count, p=TYPE_SHARES)
        places = rng.uniform(-1, 1, (count, _TRIES, 3))
        kept: list[int] = []
        centers: list[NDArray[np.float64]] = []
        for k in range(count):
            radius = diameters[k] / 2
            y, x = (places[k, :, axis] * reach for axis, reach in ((1, _REACH_MM[1]), (2, _REACH_MM[0])))
            z = (low + high) / 2 + places[k, :, 0] * ((high - low) / 2 - radius)
            tried = np.stack([z, y, x], axis=1)
            tried = tried[_from_wall(chest, tried, radius) > radius + _CLEAR_MM]
            for other, center in zip(kept, centers, strict=True):
                gap_mm = np.sqrt(((tried - center) ** 2).sum(axis=1))
                tried = tried[gap_mm > radius + diameters[other] / 2 + _CLEAR_MM]
            for place in tried[:_LOOKED_AT]:
                if _from_middle(chest, place, radius) > radius + _CLEAR_MM:
                    kept.append(k)
                    centers.append(place)
                    break
        drawn.append(
            {
                "center_mm": np.array(centers).reshape(-1, 3),
                "diameter_mm": diameters[kept],
                "nodule_type": types[kept],
            }
        )
    return drawn


def draw_levels(nodules: list[Columns], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a height for each patient: through one of the nodules, else anywhere."""
    low, high = anatomy.LEVELS_MM
    levels = []
    for table in nodules:
        anywhere, which, off = rng.uniform(low, high), rng.random(), rng.uniform(-0.3, 0.3)
        count = len(table["diameter_mm"])
        if count:
            k = int(which * count)
            anywhere = table["center_mm"][k, 0] + off * table["diameter_mm"][k]
        levels.append(np.clip(anywhere, low, high))
    return np.array(levels)


def _from_wall(chest: Columns, points_mm: NDArray[np.float64], reach_mm: float) -> NDArray[np.float64]:
    """Return how far points (z, y, x), shape (P, 3), are from the chest wall, mm: a lower bound."""
    z, y, x = points_mm.T / chest["size"]
    reach = reach_mm / chest["size"]
    narrowest = np.minimum(*(anatomy.wall_scales(z + step)[0] for step in (-reach, reach)))
    cavity = chest["outlines"]["cavity"][anatomy.entry_of(x, y)]
    # a curve that runs aslant comes nearer than along the line to the middle: by at most a tenth
    return 0.9 * chest["size"] * (cavity * narrowest - np.sqrt(x * x + y * y))


def _from_middle(chest: Columns, place_mm: NDArray[np.float64], reach_mm: float) -> float:
    """Return how far a point (z, y, x) is from mediastinum, hilum and airways, mm.

    The mediastinum counts where it comes nearest within `reach_mm` above, below, before and behind.
    """
    z, y, x = place_mm / chest["size"]
    reach = reach_mm / chest["size"]
    around_y, around_z = (
        grid.ravel()
        for grid in np.meshgrid(y + _STEPS * (reach + anatomy.SMOOTH_MM), z + _STEPS * reach, indexing="ij")
    )
    left, right = anatomy.medial_edges(chest["shapers"], around_y, around_z)
    beside = x - left.max() if x > 0 else -x - right.max()
    balls = np.concatenate([vasculature.beads(chest["tubes"][name]) for name in ("great vessel", "airway")])
    gaps = np.sqrt(((balls[:, :3] - np.array([x, y, z])) ** 2).sum(axis=1)) - balls[:, 3]
    return float(min(beside, gaps.min())) * float(chest["size"])
