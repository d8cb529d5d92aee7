"""The same patient on another grid."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike

from medlab import checks
from medlab.data.volumes.volume import Volume, spacing_text

INTERPOLATORS = {"linear": sitk.sitkLinear, "nearest": sitk.sitkNearestNeighbor, "bspline": sitk.sitkBSpline}


def resample(
    volume: Volume,
    spacing_mm: float | Sequence[float] | None = None,
    *,
    like: Volume | None = None,
    interpolation: Literal["linear", "nearest", "bspline"] = "linear",
) -> Volume:
    """Compute a volume on another grid: of another spacing, or that of another volume.

    Parameters
    ----------
    volume : Volume
    spacing_mm : float, (float, float, float) or None, mm
        New distance between voxels along (z, y, x); one number for all axes. Directions stay, and so do the
        center and, to half a voxel, the outer edges.
    like : Volume or None
        Take its grid instead. Both must lie in one coordinate system: PET and CT of one examination do, two
        examinations need registration first.
    interpolation : "linear", "nearest" or "bspline"
        "nearest" for masks and labels; "bspline" (cubic) overshoots at edges.

    Returns
    -------
    resampled : Volume
        Its dtype is that of `volume` for "nearest", and float32 otherwise: interpolated values are not whole.
        Outside of `volume` lies -1000, air, for HU and 0 for all else.
        Its header stays that of the first slice as it was read; its notes say what was done. Nothing is
        smoothed first: where voxels become much larger, fine detail aliases.

    Raises
    ------
    TypeError
        If a mask of booleans is to be interpolated.
    ValueError
        If not exactly one of `spacing_mm` and `like` is given, or the volumes do not overlap.

    Examples
    --------
    >>> volume = Volume(np.arange(8, dtype=np.int16).reshape(1, 1, 8), (5.0, 1.0, 1.0))
    >>> resample(volume, (5.0, 1.0, 2.0)).array.tolist()
    [[[0.5, 2.5, 4.5, 6.5]]]
    """
    method = INTERPOLATORS[checks.one_of("interpolation", interpolation, INTERPOLATORS)]
    if (spacing_mm is None) == (like is None):
        number = "neither" if like is None else "both"
        msg = f"Exactly one of spacing_mm and like must be given, got {number}. Pass a spacing, or a volume."
        raise ValueError(msg)
    if volume.array.dtype == bool and interpolation != "nearest":
        msg = f"interpolation of a mask must be 'nearest', got {interpolation!r} for booleans."
        raise TypeError(msg)
    grid = _regridded(volume, spacing_mm) if like is None else like
    if not _overlap(volume, grid):
        msg = (
            "The volumes must overlap, got two that lie apart: nothing but background would remain. Check "
            "that both come from one examination; otherwise register them first."
        )
        raise ValueError(msg)
    background = -1000.0 if volume.units == "HU" else 0.0  # air, where the unit says so
    keeps = interpolation == "nearest"
    source = volume.to_sitk()
    kind = source.GetPixelID() if keeps else sitk.sitkFloat32
    geometry = (grid.origin_mm, grid.spacing_mm[::-1], grid.direction[:, ::-1].ravel().tolist())
    result = sitk.Resample(source, grid.shape[::-1], sitk.Transform(), method, *geometry, background, kind)
    array = sitk.GetArrayFromImage(result).astype(volume.array.dtype if keeps else np.float32, copy=False)
    before, after = spacing_text(volume.spacing_mm), spacing_text(grid.spacing_mm)
    notes = (*volume.notes, f"Resampled from {before} mm to {after} mm ({interpolation}).")
    place: dict[str, Any] = {name: getattr(grid, name) for name in ("spacing_mm", "origin_mm", "direction")}
    return replace(volume, array=array, **place, notes=notes, instance_uids=())


def check_same_grid(**volumes: Volume) -> None:
    """Refuse volumes that do not lie on one grid, voxel on voxel.

    Parameters
    ----------
    **volumes : Volume
        By the names that the message uses, as in ``check_same_grid(image=image, mask=mask)``.

    Raises
    ------
    ValueError
        If the shapes differ, or the corners lie further apart than a tenth of a voxel, which is more than
        headers are rounded by.

    Examples
    --------
    >>> image, mask = (Volume(np.zeros((7, 8, 9)), (z_mm, 0.8, 0.7)) for z_mm in (3.0, 5.0))
    >>> check_same_grid(image=image, mask=resample(mask, like=image, interpolation="nearest"))
    """
    (first, one), *others = volumes.items()
    for name, other in others:
        reason = f"shapes {one.shape} and {other.shape}"
        if one.shape == other.shape:
            corners = list(itertools.product(*((0, n - 1) for n in one.shape)))
            apart_mm = np.linalg.norm(one.to_world(corners) - other.to_world(corners), axis=1).max()
            if apart_mm <= 0.1 * min(one.spacing_mm):
                continue
            reason = f"corners up to {apart_mm:.1f} mm apart"
        msg = (
            f"{first} and {name} must lie on one grid, got {reason}. "
            f"Use resample({name}, like={first}), with interpolation='nearest' for a mask."
        )
        raise ValueError(msg)


def _regridded(volume: Volume, spacing_mm: float | Sequence[float] | None) -> Volume:
    """Return an empty volume of another spacing around the same center."""
    spacing = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), 3)
    for length in spacing:
        checks.in_range("spacing_mm", length, 1e-3, 1e3)
    shape = np.maximum(1, np.round(np.array(volume.size_mm) / spacing)).astype(int)
    return grid_around(volume, (np.array(volume.shape) - 1) / 2, shape.tolist(), spacing.tolist())


def grid_around(
    volume: Volume, center: ArrayLike, shape: Sequence[int], spacing_mm: Sequence[float]
) -> Volume:
    """Return an empty volume along the axes of another, whose middle lies at an index (z, y, x) of that."""
    half_mm = (np.array(shape) - 1) / 2 * spacing_mm
    origin = volume.to_world(center) - volume.direction @ half_mm
    # One voxel, seen as many: the grid needs no memory.
    empty = np.broadcast_to(np.int16(0), tuple(shape))
    place: dict[str, Any] = {"spacing_mm": tuple(spacing_mm), "origin_mm": tuple(origin)}
    return replace(volume, array=empty, **place, instance_uids=())


def _overlap(volume: Volume, grid: Volume) -> bool:
    """Return whether the box around `grid`, along the axes of `volume`, touches it."""
    ends = [(-0.5, n - 0.5) for n in grid.shape]
    corners = volume.to_index(grid.to_world(list(itertools.product(*ends))))
    inside = (corners.max(axis=0) > -0.5) & (corners.min(axis=0) < np.array(volume.shape) - 0.5)
    return bool(inside.all())
