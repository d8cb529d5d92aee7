"""Nodules, and the vessels that look like them in one slice: geometry and partial volume.

One renderer draws one slice of a finding from the finding's shape in that slice (`in_slices`). A nodule
stays where it is and closes along z; a vessel is the nodule's own central slice carried along a path
that stands still at the center. At z = 0 both have the same numbers, hence the same central slice.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.data.phantoms.streams import Float32Array, FloatArray, Mask

Columns = dict[str, FloatArray]

N_ANGLES = 512
MAX_SPIKES = 10
_ORDERS = np.arange(2, 7)
_ANGLES = (np.arange(N_ANGLES) + 0.5) * (2 * np.pi / N_ANGLES)
_STRAND_HU = -300.0
_SHORTEST_SPIKE_MM = 0.5
_VESSEL_HU = 40.0
_REACH_MM = 18.0
_TYPE_HU = np.array([30.0, -600.0, -600.0])  # solid, part-solid around its core, non-solid


def draw_findings(n: int, rng: np.random.Generator) -> Columns:
    """Draw everything that makes one finding differ from the next, but for the patient's variables.

    Every column is free of the diameter, so that the same draw with another diameter is the same
    nodule, grown.

    Returns
    -------
    shapes : dict of float64 arrays, each of length n
    """
    steps = np.arange(MAX_SPIKES) + rng.uniform(-0.45, 0.45, (n, MAX_SPIKES))
    n_spikes = rng.integers(6, MAX_SPIKES + 1, n)
    spike_angle = (steps / n_spikes[:, None] + rng.random((n, 1))) * 2 * np.pi
    return {
        "center_mm": rng.uniform(-1.5, 1.5, (n, 2)),
        "lobe_size": rng.normal(0, 0.07, (n, len(_ORDERS))) / (_ORDERS - 1.0),
        "lobe_phase": rng.uniform(0, 2 * np.pi, (n, len(_ORDERS))),
        "height": rng.uniform(0.8, 1.1, n),
        "hu_shift": rng.normal(0, 1, n),
        "core_share": rng.uniform(0.45, 0.65, n),
        "core_shift": rng.uniform(-0.18, 0.18, (n, 2)),
        "spike_angle": spike_angle % (2 * np.pi),
        "spike_mm": rng.uniform(2.0, 7.0, (n, MAX_SPIKES)) * (np.arange(MAX_SPIKES) < n_spikes[:, None]),
        "spike_width_mm": rng.uniform(0.8, 1.3, n),
        "spike_z": rng.uniform(-0.5, 0.5, (n, MAX_SPIKES)),
        "bend_mm": rng.normal(0, 9.0, (n, 2)),
        "lean_mm": rng.normal(0, 9.0, (n, 2)),
        "far_size": rng.uniform(0.5, 0.9, n),
    }


def in_slices(patients: Mapping[str, NDArray], shapes: Columns, is_nodule: Mask, z_mm: FloatArray) -> Columns:
    """Return the finding's shape in each slice.

    Parameters
    ----------
    patients : mapping of arrays, each of length n
        ``diameter_mm``, ``nodule_type`` and ``spiculated`` are used.
    shapes : dict of arrays, each of length n
        From `draw_findings`.
    is_nodule : bool array, shape (n,)
        Nodule, or vessel that mimics one.
    z_mm : float64 array, shape (Z,), mm
        Positions of the slices; 0 is the central one.

    Returns
    -------
    slices : dict of arrays, each of length n * Z, finding by finding
    """
    # `far` runs from 0 at the center to 1 where a mimic is a plain round vessel; 0 throughout a nodule.
    n, depth = len(is_nodule), len(z_mm)
    z = np.broadcast_to(z_mm, (n, depth))
    nodule = is_nodule[:, None]
    far = np.where(nodule, 0.0, 1 - np.exp(-0.5 * (z / 5.0) ** 2))
    along = (z / _REACH_MM)[..., None]
    path = shapes["bend_mm"][:, None] * along**2 + shapes["lean_mm"][:, None] * along**3
    center = shapes["center_mm"][:, None] + np.where(nodule[..., None], 0.0, path)
    radius = (patients["diameter_mm"] / 2)[:, None] * (1 - far * (1 - shapes["far_size"][:, None]))
    nodule_type = patients["nodule_type"]
    near_hu = _TYPE_HU[nodule_type] + np.where(nodule_type == 0, 15.0, 40.0) * shapes["hu_shift"]
    z_inside = np.where(nodule, z, 0.0)
    off_plane_mm = z_inside[..., None] - shapes["spike_z"][:, None] * radius[..., None]
    in_plane = np.exp(-0.5 * (off_plane_mm / (0.35 * radius[..., None] + 1.0)) ** 2) * (1 - far[..., None])
    longer = (0.6 + radius / 7.5)[..., None] * (patients["spiculated"] == 1)[:, None, None]
    columns = {
        "z_mm": z_inside,
        "center_mm": center,
        "radius_mm": radius,
        "half_height_mm": radius * shapes["height"][:, None],
        "hu": near_hu[:, None] * (1 - far) + _VESSEL_HU * far,
        "core_share": np.where(nodule_type == 1, shapes["core_share"], 0.0)[:, None] * (1 - far),
        "core_hu": np.broadcast_to((_TYPE_HU[0] + 15 * shapes["hu_shift"])[:, None], (n, depth)),
        "spike_mm": shapes["spike_mm"][:, None] * in_plane * longer,
    }
    for name in ("lobe_size", "lobe_phase", "core_shift", "spike_angle", "spike_width_mm"):
        columns[name] = np.repeat(shapes[name][:, None], depth, axis=1)
    return {name: column.reshape(n * depth, *column.shape[2:]) for name, column in columns.items()}


def add_findings(slices_hu: Float32Array, columns: Columns, axis_mm: FloatArray, slice_mm: float) -> Mask:
    """Draw findings into slices, in place, and return where they are.

    Parameters
    ----------
    slices_hu : float32 array, shape (M, side, side), HU
        Lung without the finding; changed.
    columns : dict of arrays, each of length M
        From `in_slices`.
    axis_mm : float64 array, shape (side,), mm
        Pixel centers along both axes.
    slice_mm : float, mm
        Thickness over which the slice averages.

    Returns
    -------
    mask : bool array, shape (M, side, side)
        Pixels whose center lies in the body of the finding, spikes left out.
    """
    outlines = _outlines(columns)
    reach = outlines.max() + columns["spike_mm"].max() + np.abs(columns["center_mm"]).max() + 1
    near = slice(*np.searchsorted(axis_mm, [-reach, reach]))
    mask = np.zeros(slices_hu.shape, np.bool_)
    mask[:, near, near] = _draw(slices_hu[:, near, near], columns, outlines, axis_mm[near], slice_mm)
    return mask


def _draw(
    slices_hu: Float32Array, columns: Columns, outlines: FloatArray, axis_mm: FloatArray, slice_mm: float
) -> Mask:
    pixel = np.float32(axis_mm[1] - axis_mm[0])
    y = axis_mm - columns["center_mm"][:, :1]
    x = axis_mm - columns["center_mm"][:, 1:]
    distance = np.sqrt(outer_sum(y**2, x**2))
    turns = np.arctan2(y[:, :, None], x[:, None, :]) * (N_ANGLES / (2 * np.pi)) + N_ANGLES
    angle = turns.astype(np.int64) % N_ANGLES

    edge = _at(angle, outlines)
    heights = [_closing(columns, step * slice_mm / 3) for step in (-1, 0, 1)]
    slices_hu[...] = _covered(slices_hu, _body(edge, distance, heights, pixel), columns["hu"])

    cored = np.flatnonzero(columns["core_share"] > 0)
    if len(cored):
        part = {name: column[cored] for name, column in columns.items()}
        shift = part["core_shift"] * part["radius_mm"][:, None]
        off = np.sqrt(outer_sum((y[cored] - shift[:, :1]) ** 2, (x[cored] - shift[:, 1:]) ** 2))
        core_edge = edge[cored] * per_slice(part["core_share"])
        core = _body(core_edge, off, [height[cored] for height in heights], pixel)
        slices_hu[cored] = _covered(slices_hu[cored], core, part["core_hu"])

    spiky = np.flatnonzero(columns["spike_mm"].max(axis=1) > _SHORTEST_SPIKE_MM)
    if len(spiky):
        part = {name: column[spiky] for name, column in columns.items()}
        body_edge = edge[spiky] * _closing(part, 0.0)
        strands = _strands(part, distance[spiky], body_edge, angle[spiky], pixel)
        slices_hu[spiky] = _covered(slices_hu[spiky], strands, np.maximum(part["hu"], _STRAND_HU))
    return distance < edge * heights[1]


def per_slice(values: NDArray[Any]) -> Float32Array:
    """Return one number a slice, shape (M,), as it is broadcast over the slices' pixels."""
    return values.astype(np.float32)[:, None, None]


def outer_sum(rows: FloatArray, columns: FloatArray) -> Float32Array:
    """Return a function of y plus a function of x at each pixel, shapes (M, side) to (M, side, side)."""
    return rows.astype(np.float32)[:, :, None] + columns.astype(np.float32)[:, None, :]


def _at(angle: NDArray[np.int64], table: FloatArray) -> Float32Array:
    """Look each pixel's angle up in its own slice's table, shape (M, N_ANGLES)."""
    first = np.arange(len(angle))[:, None, None] * N_ANGLES
    return table.astype(np.float32).ravel()[angle + first]


def _outlines(columns: Columns) -> FloatArray:
    """Return the lobulated outline of the widest section, mm, by angle, shape (M, N_ANGLES)."""
    waves = np.cos(_ORDERS[:, None] * _ANGLES + columns["lobe_phase"][..., None])
    lobes = (columns["lobe_size"][..., None] * waves).sum(axis=1)
    return (1 + lobes) * columns["radius_mm"][:, None]


def _closing(columns: Columns, step_mm: float) -> Float32Array:
    """Return the radius at a height, as a share of the widest one: an ellipsoid's."""
    height = (columns["z_mm"] + step_mm) / columns["half_height_mm"]
    return per_slice(np.sqrt(np.clip(1 - height**2, 0, None)))


def _body(
    edge: Float32Array, distance: Float32Array, heights: list[Float32Array], pixel: Any
) -> Float32Array:
    """Return the share of each pixel inside an outline: anti-aliased, mean over the slice's thickness."""
    total = np.zeros_like(distance)
    for height in heights:
        total += np.clip((edge * height - distance) / pixel + np.float32(0.5), 0, 1) * (height > 0)
    return total / np.float32(len(heights))


def _strands(
    part: Columns, distance: Float32Array, edge: Float32Array, angle: NDArray[np.int64], pixel: Any
) -> Float32Array:
    """Return the share of each pixel in thin strands: radial, straight, tapering, anti-aliased."""
    turn = _ANGLES - part["spike_angle"][..., None]
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    turn[part["spike_mm"] < _SHORTEST_SPIKE_MM] = np.pi
    nearest = turn.argmin(axis=1)
    off = _at(angle, turn.min(axis=1)) * distance
    length = _at(angle, np.take_along_axis(part["spike_mm"], nearest, axis=1) + 1e-3)
    width = np.clip((edge - distance) / length + 1, 0, 1) * per_slice(part["spike_width_mm"]) / pixel
    share = np.clip(width / 2 + np.float32(0.5) - off / pixel, 0, 1)
    outside = np.clip((distance - edge) / pixel + 2, 0, 1)
    return share * np.minimum(width, 1) * outside


def _covered(slices_hu: Float32Array, share: Float32Array, hu: FloatArray) -> Float32Array:
    """Let a structure fill a share of each pixel; a denser one that is there already stays."""
    return np.maximum(slices_hu, (per_slice(hu) - slices_hu) * share + slices_hu)
