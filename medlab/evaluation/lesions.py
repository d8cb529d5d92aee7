"""The size, shape and density of a lesion from its mask, and how fast it grows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, spatial
from skimage.measure import find_contours, marching_cubes, mesh_surface_area

from medlab import checks
from medlab.data.volumes import Volume, check_same_grid
from medlab.models.sliding import largest_part

# Voxels make stairs of a surface, which is then too large, and an axis too long. This much smoothing of the
# mask, in voxels, mends it on ellipsoids of 8 to 24 mm: see tests/evaluation/test_lesions.py.
_SMOOTH_AXES, _SMOOTH_SURFACE = 0.7, 1.0
_EVERY_NEIGHBOR = np.ones((3, 3, 3), bool)  # voxels that share a corner are one part


@dataclass(frozen=True)
class Lesion:
    """What is measured of a lesion.

    Attributes
    ----------
    volume_ml : float, ml
        Of the mask's voxels.
    long_axis_mm, short_axis_mm : float, mm
        In the axial slice where the long axis is longest: the largest distance between two points of the
        outline, and the largest across it, at a right angle.
    diameter_mm : float, mm
        Mean of both axes, the one that Lung-RADS asks for.
    sphericity : float in [0, 1]
        Surface of a ball of the same volume by the lesion's own, both of a smoothed mesh: 1 for a ball. NaN
        for a mask of a few voxels, which has no shape yet.
    touches_border : bool
        Whether a voxel lies at the edge of the volume, so that the lesion may go on beyond.
    mean_hu : float, HU
        Of the image within the mask; NaN without an image.
    """

    volume_ml: float
    long_axis_mm: float
    short_axis_mm: float
    diameter_mm: float
    sphericity: float
    touches_border: bool
    mean_hu: float


class Growth(NamedTuple):
    """Change of a lesion from one visit to the next."""

    diameter_change_mm: float
    volume_change_ml: float
    relative_volume_change: float
    doubling_time_days: float


def measure_lesion(mask: Volume, image: Volume | None = None) -> Lesion:
    """Measure the lesion that a mask shows.

    Parameters
    ----------
    mask : Volume
        Booleans, or 0 and 1; one connected part. An array becomes a volume by ``Volume(mask, spacing_mm)``.
    image : Volume or None, HU
        The CT on the same grid.

    Returns
    -------
    lesion : Lesion

    Raises
    ------
    ValueError
        If the mask is empty, holds other numbers than 0 and 1 or several parts, the image lies on another
        grid, is not in HU, or has NaN within the mask.

    Notes
    -----
    A voxel belongs to a mask or does not, so that a surface is known to half a voxel. Slices that are thick
    for the lesion make its volume and sphericity uncertain.

    Examples
    --------
    >>> z, y, x = np.ogrid[-10:11, -20:21, -20:21]
    >>> ball = Volume((1.5 * z) ** 2 + (0.75 * y) ** 2 + (0.75 * x) ** 2 <= 6**2, (1.5, 0.75, 0.75))
    >>> lesion = measure_lesion(ball)
    >>> round(lesion.volume_ml, 2), round(lesion.diameter_mm), lesion.touches_border
    (0.87, 12, False)
    """
    inside = _inside(mask)
    (box,) = ndimage.find_objects(inside.astype(np.uint8))
    parts = ndimage.label(inside[box], _EVERY_NEIGHBOR)[1]
    if parts > 1:
        msg = f"mask must be one connected part, got {parts}. Measure each, or keep largest_component(mask)."
        raise ValueError(msg)
    body, spacing_mm = np.pad(inside[box], 4), np.array(mask.spacing_mm)
    # The array's axis that runs along the body, in whatever order the slices were stored.
    axial = int(np.abs(mask.direction[2]).argmax())
    in_plane = np.delete(spacing_mm, axial)
    axes_mm = [_axes_mm(plane, in_plane) for plane in np.moveaxis(body, axial, 0) if plane.any()]
    long_mm, short_mm = max(axes_mm)
    at_border = [part.start == 0 or part.stop == side for part, side in zip(box, inside.shape, strict=True)]
    return Lesion(
        volume_ml=float(inside.sum() * spacing_mm.prod()) / 1000,
        long_axis_mm=long_mm,
        short_axis_mm=short_mm,
        diameter_mm=(long_mm + short_mm) / 2,
        sphericity=_sphericity(body, spacing_mm),
        touches_border=any(at_border),
        mean_hu=float("nan") if image is None else _mean_hu(mask, inside, image),
    )


def largest_component(mask: Volume) -> Volume:
    """Return a mask without all but its largest connected part; its notes say what was left out.

    Parameters
    ----------
    mask : Volume
        Booleans, or 0 and 1. Voxels that share a corner are connected.

    Returns
    -------
    mask : Volume
        Booleans. Of equally large parts, the first in the order of the array.

    Raises
    ------
    ValueError
        If the mask is empty, or holds other numbers than 0 and 1.

    Examples
    --------
    >>> mask = Volume(np.array([[[1, 1, 0, 1]]]), (3.0, 0.8, 0.7))
    >>> largest_component(mask).notes
    ('The largest of 2 parts is kept: 2 of 3 voxels.',)
    """
    inside = _inside(mask)
    kept, parts = largest_part(inside)
    if parts == 1:
        return replace(mask, array=inside)
    note = f"The largest of {parts} parts is kept: {kept.sum()} of {inside.sum()} voxels."
    return replace(mask, array=kept, notes=(*mask.notes, note))


def doubling_time_days(first_ml: ArrayLike, second_ml: ArrayLike, days: ArrayLike) -> NDArray[np.float64]:
    """Return the time in which a volume doubles that grows as it did between two visits.

    Parameters
    ----------
    first_ml, second_ml : arrays of one shape, ml, > 0
        Volume at either visit.
    days : array, of the same shape or a number, days, > 0

    Returns
    -------
    doubling_time_days : float64 array, days
        days ln 2 / ln(second / first); infinite where the volume stays or shrinks, for it never doubles.

    Raises
    ------
    ValueError
        If a volume or a time is not positive.

    Notes
    -----
    Schwartz 1961, Cancer 14:1272. Volumes of small nodules vary by a quarter from one
    scan to the next without any growth, which is why NELSON calls less than 25 % no growth (van Klaveren et
    al. 2009, doi 10.1056/NEJMoa0906085): read the time only of what has grown by more.

    Examples
    --------
    >>> doubling_time_days([0.5, 0.5, 0.5], [1.0, 2.0, 0.4], 90).tolist()
    [90.0, 45.0, inf]
    """
    arrays = {"first_ml": first_ml, "second_ml": second_ml, "days": days}
    gone = "A lesion that is gone has no doubling time."
    first, second, time = (checks.positive(name, array, gone) for name, array in arrays.items())
    doublings = np.log2(second / first)
    return np.where(doublings > 0, time / np.where(doublings > 0, doublings, 1.0), np.inf)


def growth(first: Lesion, second: Lesion, days: float) -> Growth:
    """Return how a lesion changed from one visit to the next, `days` later.

    Examples
    --------
    >>> ball = np.ones((2, 2, 2))
    >>> first, second = (measure_lesion(Volume(ball, (mm, mm, mm))) for mm in (2.0, 4.0))
    >>> change = growth(first, second, 90)
    >>> round(change.relative_volume_change, 3), round(change.doubling_time_days, 3)
    (7.0, 30.0)
    """
    change_ml, change_mm = second.volume_ml - first.volume_ml, second.diameter_mm - first.diameter_mm
    doubling = float(doubling_time_days(first.volume_ml, second.volume_ml, days))
    return Growth(change_mm, change_ml, change_ml / first.volume_ml, doubling)


def _inside(mask: Volume) -> NDArray[np.bool_]:
    """Return a mask as booleans, refused where it is empty or none."""
    values = checks.finite("mask", mask.array)
    other = (values != 0) & (values != 1)
    if other.any():
        msg = f"mask must hold 0 and 1 only, got {values[other][0]:g}. Choose one label, as in labels == 2."
        raise ValueError(msg)
    if not values.any():
        msg = f"mask must hold a lesion, got none among {values.size} voxels. Skip and count empty masks."
        raise ValueError(msg)
    return values.astype(bool)


def _axes_mm(plane: NDArray[np.bool_], spacing_mm: NDArray) -> tuple[float, float]:
    """Return the long axis of the outline in a plane, and the short one at a right angle, in mm."""
    smooth = ndimage.gaussian_filter(plane.astype(float), _SMOOTH_AXES)
    # What is a pixel wide vanishes when it is smoothed.
    outline = np.concatenate(find_contours(smooth if smooth.max() > 0.5 else plane.astype(float), 0.5))
    hull = (outline * spacing_mm)[spatial.ConvexHull(outline * spacing_mm).vertices]
    apart_mm = spatial.distance.cdist(hull, hull)
    ends = np.unravel_index(apart_mm.argmax(), apart_mm.shape)
    long_mm = apart_mm[ends]
    direction = (hull[ends[1]] - hull[ends[0]]) / long_mm
    along = (hull - hull[ends[0]]) @ direction
    across = (hull - hull[ends[0]]) @ (-direction[1], direction[0])
    across[list(ends)] = 0
    sides = []
    for sign in (1, -1):
        side = np.flatnonzero(sign * across >= 0)
        side = side[along[side].argsort()]
        sides.append(np.interp(along, along[side], sign * across[side]))
    return float(long_mm), float(np.sum(sides, axis=0).max())


def _sphericity(body: NDArray[np.bool_], spacing_mm: NDArray) -> float:
    smooth = ndimage.gaussian_filter(body.astype(float), _SMOOTH_SURFACE)
    if smooth.max() <= 0.5:
        return float("nan")
    points, faces, *_ = marching_cubes(smooth, 0.5, spacing=tuple(spacing_mm))
    corner, second, third = (points[faces[:, i]].astype(float) for i in range(3))
    volume_mm3 = abs((corner * np.cross(second, third)).sum()) / 6
    return float(np.cbrt(36 * np.pi * volume_mm3**2) / mesh_surface_area(points, faces))


def _mean_hu(mask: Volume, inside: NDArray[np.bool_], image: Volume) -> float:
    check_same_grid(image=image, mask=mask)
    if image.units != "HU":
        msg = f"image must be in HU, got {image.units!r}. Say units='HU' if its numbers are CT numbers."
        raise ValueError(msg)
    return float(checks.finite("image within the mask", image.array[inside]).mean())
