"""The lung around a finding: air, texture, branching vessels, now and then the chest wall."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medlab.data.phantoms import scanner
from medlab.data.phantoms.findings import Columns, outer_sum, per_slice
from medlab.data.phantoms.streams import Float32Array, FloatArray

N_TREES = 4
_VESSEL_HU = 30.0
_WALL_HU = 45.0
_FAT_HU = -95.0
_TEXTURE_HU = 30.0
_TEXTURE_CUTOFF_PER_MM = 0.2


def draw_lungs(n: int, rng: np.random.Generator) -> Columns:
    """Draw the surroundings of n findings."""
    size = (n, N_TREES)
    around = rng.uniform(0, 2 * np.pi, size)
    away = rng.uniform(7.0, 30.0, size)
    start = np.stack([away * np.cos(around), away * np.sin(around), rng.uniform(-6, 6, size)], axis=-1)
    turn = around + np.pi / 2 + rng.uniform(-0.7, 0.7, size)
    rise = np.arcsin(rng.uniform(-1, 1, size))
    radius = np.minimum(0.4 + rng.gamma(1.3, 0.35, size), 2.0)
    side = np.sign(rng.uniform(-1, 1, size))
    ahead = rng.uniform(-12, 12, size)
    heading = np.stack([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)], axis=-1)
    branch_start = start + ahead[..., None] * heading
    branch_turn = turn + side * rng.uniform(0.5, 1.0, size)
    branch_rise = rise + rng.uniform(-0.4, 0.4, size)
    return {
        "air_hu": rng.normal(-865, 20, n),
        "start_mm": np.concatenate([start, branch_start], axis=1),
        "turn": np.concatenate([turn, branch_turn], axis=1),
        "rise": np.concatenate([rise, branch_rise], axis=1),
        "radius_mm": np.concatenate([radius, 0.75 * radius], axis=1),
        "bend_per_mm": rng.normal(0, 0.006, (n, 2 * N_TREES)),
        "has_wall": (rng.random(n) < 0.15).astype(float),
        "wall_angle": rng.uniform(0, 2 * np.pi, n),
        "wall_away_mm": rng.uniform(16, 26, n),
        "wall_radius_mm": rng.uniform(60, 140, n),
        "wall_lean": rng.normal(0, 0.15, n),
    }


def draw_sharp(lungs: Columns, z_mm: FloatArray, axis_mm: FloatArray) -> Float32Array:
    """Return sharp slices of lung with vessels, without texture.

    Parameters
    ----------
    lungs : dict of arrays, each of length M
        From `draw_lungs`, one row for each slice.
    z_mm : float64 array, shape (M,), mm
        Position of each slice.
    axis_mm : float64 array, shape (side,), mm
        Pixel centers along both axes.

    Returns
    -------
    slices_hu : float32 array, shape (M, side, side), HU
    """
    pixel = axis_mm[1] - axis_mm[0]
    covered = np.zeros((len(z_mm), len(axis_mm), len(axis_mm)), np.float32)
    for tube in range(lungs["turn"].shape[1]):
        np.maximum(covered, _tube(lungs, tube, z_mm, axis_mm, pixel), out=covered)
    slices_hu = covered * per_slice(_VESSEL_HU - lungs["air_hu"]) + per_slice(lungs["air_hu"])
    walled = np.flatnonzero(lungs["has_wall"])
    if len(walled):
        _add_wall(slices_hu, {k: v[walled] for k, v in lungs.items()}, walled, z_mm[walled], axis_mm)
    return slices_hu


@lru_cache(maxsize=8)
def texture_gain(side: int, spacing_mm: float) -> FloatArray:
    """Return what turns the spectrum of white noise into parenchymal texture in HU.

    Shape (side, side // 2 + 1). Power falls as (f^2 + f_c^2)^-1.5 from f_c = 0.2 / mm on.
    """
    frequency = scanner.frequencies(side, spacing_mm, half=False)
    power = (frequency**2 + _TEXTURE_CUTOFF_PER_MM**2) ** -1.5
    power[0, 0] = 0.0
    return _TEXTURE_HU * np.sqrt(power / power.mean())[:, : side // 2 + 1]


def _tube(lungs: Columns, tube: int, z_mm: FloatArray, axis_mm: FloatArray, pixel: float) -> Float32Array:
    """Return the share of each pixel inside a bent tube.

    Coordinates in the tube's own frame (along, across, up) are sums of a column and a row, and only
    exactly rounded operations follow, so that float32 is both fast and the same on every machine.
    """
    turn, rise = lungs["turn"][:, tube], lungs["rise"][:, tube]
    start = lungs["start_mm"][:, tube]
    radius = lungs["radius_mm"][:, tube]
    y, x, z = axis_mm - start[:, :1], axis_mm - start[:, 1:2], (z_mm - start[:, 2])[:, None]
    (ct, st), (cr, sr) = ((np.cos(a)[:, None], np.sin(a)[:, None]) for a in (turn, rise))
    along = outer_sum(cr * ct * y, cr * st * x + sr * z)
    across = outer_sum(-st * y, ct * x)
    up = outer_sum(-sr * ct * y, cr * z - sr * st * x)
    across -= along * along * per_slice(lungs["bend_per_mm"][:, tube])
    distance = np.sqrt(across * across + up * up)
    share = np.clip(distance * np.float32(-1 / pixel) + per_slice(radius / pixel + 0.5), 0, 1)
    share *= per_slice(np.minimum(2 * radius / pixel, 1))  # a thin tube fills no pixel
    if tube >= N_TREES:  # a branch begins where it leaves its parent
        share *= np.clip(along * np.float32(1 / pixel) + np.float32(0.5), 0, 1)
    return share


def _add_wall(
    slices_hu: Float32Array, lungs: Columns, rows: NDArray[np.int64], z_mm: FloatArray, axis_mm: FloatArray
) -> None:
    """Draw muscle and the fat behind it into the slices `rows`, in place: a disc's outside."""
    ca, sa = np.cos(lungs["wall_angle"])[:, None, None], np.sin(lungs["wall_angle"])[:, None, None]
    away = (lungs["wall_away_mm"] + lungs["wall_lean"] * z_mm)[:, None, None]
    radius = lungs["wall_radius_mm"][:, None, None]
    y, x, pixel = axis_mm[:, None], axis_mm[None, :], axis_mm[1] - axis_mm[0]
    depth = np.sqrt((ca * y + sa * x - away + radius) ** 2 + (ca * x - sa * y) ** 2) - radius
    wall = np.clip(depth / pixel + 0.5, 0, 1)
    fat = np.clip((depth - 4.0) / (2 * pixel), 0, 1)
    tissue = _WALL_HU + fat * (_FAT_HU - _WALL_HU)
    slices_hu[rows] += (wall * (tissue - slices_hu[rows])).astype(np.float32)
