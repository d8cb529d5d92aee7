"""Shares of pixels that a shape covers, and a canvas that mixes CT numbers by them.

Lengths are pixels, the origin is the middle of the image. Only exactly rounded operations are done on
pixels, so that float32 is both fast and the same on every machine.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.data.phantoms import anatomy
from medlab.data.phantoms.anatomy import Tubes
from medlab.data.phantoms.findings import per_slice
from medlab.data.phantoms.streams import Float32Array, FloatArray

Window = tuple[slice, slice]
WHOLE: Window = (slice(None), slice(None))
_COSINES, _SINES = np.cos(anatomy.ANGLES), np.sin(anatomy.ANGLES)
_PATCHES = (6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)


class Canvas:
    """One thin slice in the making: CT numbers, and labels where they are asked for."""

    def __init__(self, side: int, *, labeled: bool) -> None:
        self.side = side
        self.hu = np.full((side, side), -1000, np.float32)
        self.labels = np.zeros((side, side), np.uint8) if labeled else None

    def paint(self, share: Float32Array, hu: Any, label: int, window: Window = WHOLE) -> None:
        """Let a structure fill a share of each pixel; it owns those of which it fills half or more."""
        self.hu[window] += (np.asarray(hu, np.float32) - self.hu[window]) * share
        if self.labels is not None:
            np.copyto(self.labels[window], np.uint8(label), where=share >= 0.5)


@lru_cache(maxsize=8)
def axis(side: int) -> Float32Array:
    """Return pixel centers along either axis."""
    return (np.arange(side) - (side - 1) / 2).astype(np.float32)


@lru_cache(maxsize=4)
def polar(side: int) -> tuple[Float32Array, NDArray[np.intp]]:
    """Return each pixel's distance from the middle, and the entry of a table by angle from the back."""
    x, y = axis(side).astype(np.float64), axis(side).astype(np.float64)[:, None]
    return np.sqrt(x**2 + y**2).astype(np.float32), anatomy.entry_of(x, y)


def around(side: int, radius: FloatArray) -> Window:
    """Return the window that holds a closed curve around the middle, radius by angle."""
    y, x = radius * _COSINES, radius * _SINES
    (top, bottom), (left, right) = ((v.min(), v.max()) for v in (y, x))
    reach = ((right - left) / 2 + 1, (bottom - top) / 2 + 1)
    return box(side, ((left + right) / 2, (top + bottom) / 2), reach)


def inside_curve(side: int, radius: FloatArray, window: Window = WHOLE) -> Float32Array:
    """Return the share of each pixel inside a closed curve around the middle, radius by angle."""
    return np.clip(depth(side, radius + 0.5, window), 0, 1)


def by_angle(side: int, table: FloatArray, window: Window = WHOLE) -> Float32Array:
    """Return each pixel's entry of a table by angle."""
    return np.take(table.astype(np.float32), polar(side)[1][window])


def depth(side: int, radius: FloatArray, window: Window = WHOLE) -> Float32Array:
    """Return how far each pixel lies inside a closed curve, along the line to the middle."""
    return by_angle(side, radius, window) - polar(side)[0][window]


def band(off: Float32Array, half: Float32Array) -> Float32Array:
    """Return how much of a pixel's width lies within `half` of an axis `off` away: exact, however thin."""
    share = np.minimum(half, off + np.float32(0.5)) + np.minimum(half, np.float32(0.5) - off)
    return np.clip(share, 0, 1, out=share)


def ellipse(
    side: int, center: Any, half: Any, turn: tuple[float, float] = (1.0, 0.0)
) -> tuple[Float32Array, Window]:
    """Return the share of each pixel inside an ellipse, in the window around it.

    Parameters
    ----------
    side : int
        Pixels along an axis of the image.
    center : (x, y)
    half : (first, second)
        Half axes.
    turn : (cosine, sine)
        Of the angle of the first axis from x toward y.
    """
    c, s = turn
    (x0, y0), (a, b) = center, half
    reach_x = np.sqrt((a * c) ** 2 + (b * s) ** 2) + 1
    reach_y = np.sqrt((a * s) ** 2 + (b * c) ** 2) + 1
    rows, columns = box(side, center, (reach_x, reach_y))
    x, y = axis(side)[columns] - np.float32(x0), (axis(side)[rows] - np.float32(y0))[:, None]
    xx, yy, xy = (c / a) ** 2 + (s / b) ** 2, (s / a) ** 2 + (c / b) ** 2, s * c * (a**-2 - b**-2)
    over_x = np.float32(xx) * x + np.float32(xy) * y
    over_y = np.float32(xy) * x + np.float32(yy) * y
    # The equation's value over the length of its gradient is the distance from the rim, to first order.
    gradient = np.sqrt(over_x * over_x + over_y * over_y) * 2 + np.float32(1e-6)
    distance = (over_x * x + over_y * y - 1) / gradient
    return np.clip(np.float32(0.5) - distance, 0, 1), (rows, columns)


def disc(side: int, center: tuple[float, float], squared: float) -> tuple[Float32Array, Window]:
    """Return the share of each pixel inside a disc of squared radius `squared`, in the window around it.

    With a rim one pixel wide, a disc of radius R covers pi (R^2 + 1 / 12), and pi (R + 1 / 2)^3 / 3 when
    R < 1 / 2. R is chosen so that the area is right.
    """
    radius = np.sqrt(squared - 1 / 12) if squared > 1 / 3 else np.cbrt(3 * squared) - 0.5
    rows, columns = box(side, center, (radius + 1, radius + 1))
    x, y = axis(side)[columns] - np.float32(center[0]), axis(side)[rows, None] - np.float32(center[1])
    return np.clip(np.float32(radius + 0.5) - np.sqrt(x * x + y * y), 0, 1), (rows, columns)


def box(side: int, center: Any, reach: tuple[float, float]) -> Window:
    """Return the window that holds what reaches so far from a center, both (x, y)."""
    return _part(side, center[1], reach[1]), _part(side, center[0], reach[0])


def _part(side: int, middle: float, reach: float) -> slice:
    first = int(np.floor(middle - reach + (side - 1) / 2))
    last = int(np.ceil(middle + reach + (side - 1) / 2)) + 1
    return slice(min(max(first, 0), side), min(max(last, 0), side))


def tubes(
    side: int, group: Tubes, z: float, window: Window, grows: tuple[float, ...] = (0.0,)
) -> Float32Array:
    """Return the share of each pixel of a thin slice inside any of the tubes.

    Parameters
    ----------
    side : int
        Pixels along an axis of the image.
    group : dict of arrays, shape (T, ...), pixels
        Tubes.
    z : float, pixels
        Height of the slice.
    window : (rows, columns)
        The part of the image to return.
    grows : tuple of G floats, pixels
        What to add to each radius: the wall of an airway, or 0 for its lumen.

    Returns
    -------
    shares : float32 array, shape (G, rows, columns)
    """
    rows, columns = window
    first, shape = (columns.start, rows.start), (rows.stop - rows.start, columns.stop - columns.start)
    shares = np.zeros((len(grows), *shape), np.float32)
    chosen = near(group, z, z, max(grows))
    start, step, radius, taper = (chosen[name] for name in ("start", "step", "radius", "taper"))
    widest = radius + np.maximum(taper, 0) + max(grows)
    # only the part of each axis that is near enough to the slice
    rise = np.where(np.abs(step[:, 2]) < 1e-9, 1e-9, step[:, 2])
    parts = [np.clip((z + sign * widest - start[:, 2]) / rise, 0, 1) for sign in (-1, 1)]
    ends = start[:, None, :2] + np.stack(parts, axis=1)[..., None] * step[:, None, :2]
    middle = (side - 1) / 2 - np.array(first)
    low = np.floor(ends.min(axis=1) - widest[:, None] - 0.5 + middle).astype(np.int64)
    high = np.ceil(ends.max(axis=1) + widest[:, None] + 0.5 + middle).astype(np.int64) + 1
    in_window = (high > 0).all(axis=1) & (low < shape[::-1]).all(axis=1)
    wide = (high - low).max(axis=1)
    smallest = 0
    for patch in _PATCHES:
        fits = np.flatnonzero(in_window & (wide > smallest) & (wide <= patch))
        smallest = patch
        if not len(fits):
            continue
        extent = min(patch, *shape)
        corner = np.clip(low[fits], 0, np.array(shape[::-1]) - extent)
        part = {name: column[fits] for name, column in chosen.items()}
        off, thick, thin = _patches(part, z, corner - middle, extent)
        for share, grow in zip(shares, grows, strict=True):
            pieces = band(off, thick + np.float32(grow)) * thin
            for (column, row), piece in zip(corner.tolist(), pieces, strict=True):
                view = share[row : row + extent, column : column + extent]
                np.maximum(view, piece, out=view)
    return shares


def near(group: Tubes, low: float, high: float, grow: float = 0.0) -> Tubes:
    """Return the tubes that come as near as their radius to heights between two."""
    widest = group["radius"] + grow + np.maximum(group["taper"], 0)
    foot, rise = group["start"][:, 2], group["step"][:, 2]
    bottom, top = np.minimum(rise, 0), np.maximum(rise, 0)
    rows = np.flatnonzero((foot + bottom - widest < high) & (foot + top + widest > low))
    return {name: column[rows] for name, column in group.items()}


def _patches(group: Tubes, z: float, corner: FloatArray, extent: int) -> tuple[Float32Array, ...]:
    """Return each pixel's distance from each tube's axis, the radius there, and what dims thin tubes."""
    start = group["start"]
    pixels = np.arange(extent)
    x = (corner[:, :1] + pixels - start[:, :1]).astype(np.float32)[:, None, :]
    y = (corner[:, 1:] + pixels - start[:, 1:2]).astype(np.float32)[:, :, None]
    up = per_slice(z - start[:, 2])
    along_x, along_y, along_z = (per_slice(group["step"][:, k]) for k in range(3))
    squared = along_x * along_x + along_y * along_y + along_z * along_z
    share = (x * along_x + up * along_z) / squared + y * (along_y / squared)
    np.clip(share, 0, 1, out=share)
    distance = np.square(x - share * along_x)
    distance += np.square(y - share * along_y)
    distance += np.square(share * -along_z + up)
    np.sqrt(distance, out=distance)
    radius = share * per_slice(group["taper"]) + per_slice(group["radius"])
    # A thin tube that stands upright covers little of a pixel in both directions.
    steep = np.abs(along_z) / np.sqrt(squared) + np.float32(1e-6)
    return distance, radius, np.minimum(2 * per_slice(group["radius"]) / steep, 1)
