"""A volume: an array and its place in the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks

if TYPE_CHECKING:
    import SimpleITK as sitk

Triple = tuple[float, float, float]
# Direction cosines come as decimal text; three digits of it are still a direction.
COSINE_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Volume:
    """An image of a patient with its geometry.

    What belongs to the array (its axes, `spacing_mm`, indices, the columns of `direction`) is in (z, y, x)
    order; what belongs to the patient (`origin_mm`, points, the rows of `direction`) is in (x, y, z) order,
    in DICOM's patient coordinate system: x grows to the left, y to the back, z to the head (LPS). So

        point = origin_mm + direction @ (index * spacing_mm)

    z counts slices, y rows and x columns as they are stored: in a sagittal series, z runs from one side of
    the patient to the other.

    Attributes
    ----------
    array : int16 or float32 array, shape (Z, Y, X)
        int16 where rescaled values are whole numbers that fit, as in nearly every CT.
    spacing_mm : (float, float, float), mm, > 0
        From voxel center to voxel center along (z, y, x).
    origin_mm : (float, float, float), mm
        Point (x, y, z) at the center of voxel (0, 0, 0).
    direction : float64 array, shape (3, 3)
        Column k is the unit vector, in (x, y, z), along axis k of the array. An axial series has
        ``[[0, 0, 1], [0, 1, 0], [1, 0, 0]]``.
    modality : str
        DICOM's code, "CT", "PT" or "MR"; "unknown" where the file does not say.
    units : str
        "HU" for CT, "Bq/ml", "g/ml" (SUV), ... for PET; "as stored" where numbers have no unit.
    header : pydicom.Dataset, other mapping, or None
        Of the first slice, without pixels, de-identified unless asked otherwise; None for NIfTI.
    notes : tuple of str
        What had to be assumed on the way in.
    instance_uids : tuple of str
        SOP Instance UID of each slice, replaced as in the header; empty for NIfTI and after resampling.

    Examples
    --------
    >>> axial = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    >>> volume = Volume(np.zeros((7, 8, 9)), (3.0, 0.8, 0.7), (10, 20, 30), axial, "CT", "HU")
    >>> volume
    Volume(CT, 7 x 8 x 9 float64 in HU, spacing 3 x 0.8 x 0.7 mm)
    >>> volume.to_world((1, 2, 3)).round(1).tolist()
    [12.1, 21.6, 33.0]
    """

    array: NDArray[Any]
    spacing_mm: Triple
    origin_mm: Triple = (0.0, 0.0, 0.0)
    direction: NDArray[np.float64] = field(default_factory=lambda: np.eye(3)[:, ::-1])
    modality: str = "unknown"
    units: str = "as stored"
    header: Mapping[str, Any] | Any | None = None
    notes: tuple[str, ...] = ()
    instance_uids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.ndim != 3 or not array.size or array.dtype.kind not in "biuf":
            msg = (
                "array must hold numbers in shape (Z, Y, X), no axis empty, "
                f"got {array.dtype} in shape {array.shape}. One slice is array[np.newaxis]."
            )
            raise ValueError(msg)
        if self.instance_uids and len(self.instance_uids) != len(array):
            msg = (
                f"instance_uids must name each of {len(array)} slices, got {len(self.instance_uids)} UIDs. "
                "Pass those of the slices that are kept, or none."
            )
            raise ValueError(msg)
        spacing = _triple("spacing_mm", self.spacing_mm)
        for length in spacing:
            checks.in_range("spacing_mm", length, 1e-6, 1e6)
        checked = {"array": array, "spacing_mm": spacing, "origin_mm": _triple("origin_mm", self.origin_mm)}
        for name, value in {**checked, "direction": _rotation(self.direction)}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return (
            f"Volume({self.modality}, {size} {self.array.dtype} in {self.units}, "
            f"spacing {spacing_text(self.spacing_mm)} mm)"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along (z, y, x)."""
        return self.array.shape

    @property
    def size_mm(self) -> Triple:
        """Extent in mm along (z, y, x), from the outer edge of the first voxel to that of the last."""
        return _triple("size_mm", np.multiply(self.shape, self.spacing_mm))

    def to_world(self, index_zyx: ArrayLike) -> NDArray[np.float64]:
        """Return the points at voxel indices.

        Parameters
        ----------
        index_zyx : float array, shape (..., 3)
            Order (z, y, x); whole numbers are voxel centers, and fractions lie between them.

        Returns
        -------
        points_mm : float64 array, shape (..., 3), mm
            Order (x, y, z), in the patient's coordinate system (LPS).
        """
        scaled = _vectors("index_zyx", index_zyx) * self.spacing_mm
        return np.asarray(self.origin_mm + scaled @ self.direction.T)

    def to_index(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Return the voxel indices at points: what `to_world` takes.

        Parameters
        ----------
        points_mm : float array, shape (..., 3), mm
            Order (x, y, z), in the patient's coordinate system (LPS).

        Returns
        -------
        index_zyx : float64 array, shape (..., 3)
            Order (z, y, x), not rounded; outside [-.5, shape - .5] the point lies outside the volume.
        """
        offset = _vectors("points_mm", points_mm) - self.origin_mm
        return np.asarray(offset @ np.linalg.inv(self.direction).T / self.spacing_mm)

    def to_sitk(self) -> sitk.Image:
        """Return a copy as a SimpleITK image, whose own order is (x, y, z) throughout."""
        import SimpleITK as sitk

        array = self.array.astype(np.uint8) if self.array.dtype == bool else self.array
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing_mm[::-1])
        image.SetOrigin(self.origin_mm)
        image.SetDirection(self.direction[:, ::-1].ravel().tolist())
        return image


def spacing_text(spacing_mm: Triple) -> str:
    """Return "8 x 0.646 x 0.646" for spacing in (z, y, x) order."""
    return " x ".join(f"{length:.4g}" for length in spacing_mm)


def _triple(what: str, values: ArrayLike) -> Triple:
    x = np.asarray(values, dtype=np.float64)
    if x.shape != (3,) or not np.isfinite(x).all():
        msg = f"{what} must be 3 finite numbers in mm, got {x.tolist()}."
        raise ValueError(msg)
    return float(x[0]), float(x[1]), float(x[2])


def _vectors(what: str, values: ArrayLike) -> NDArray[np.float64]:
    vectors = np.asarray(values, dtype=np.float64)
    if vectors.shape[-1:] != (3,):
        msg = f"{what} must have shape (..., 3), got {vectors.shape}. Give one row of 3 for each point."
        raise ValueError(msg)
    return vectors


def _rotation(direction: ArrayLike) -> NDArray[np.float64]:
    """Return direction cosines as a read-only array."""
    columns = np.array(direction, dtype=np.float64)
    if columns.shape != (3, 3) or not np.allclose(columns.T @ columns, np.eye(3), atol=COSINE_TOLERANCE):
        msg = (
            "direction must be a 3 x 3 array whose columns are unit vectors at right angles, along z, y and "
            f"x of the array; got {columns.round(4).tolist()}. A sheared volume must be resampled first."
        )
        raise ValueError(msg)
    columns.flags.writeable = False
    return columns
