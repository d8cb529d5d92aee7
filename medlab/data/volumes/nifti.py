"""NIfTI files: their affine and numbers in the conventions of `Volume`."""

import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.volumes.pixels import rescaled
from medlab.data.volumes.volume import COSINE_TOLERANCE, Volume

# NIfTI's x grows to the right and its y to the front (RAS), DICOM's the other way (LPS).
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
UNREADABLE = (
    nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError, OSError, EOFError,
    ValueError, KeyError, OverflowError, zlib.error,
)  # fmt: skip
# Many programs write no unit, and mean mm.
MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


def read_nifti(path: Path, modality: str = "unknown") -> Volume:
    """Read a NIfTI file; the sform comes before the qform where both are given."""
    try:
        image: Any = nibabel.load(path)
        # A view of the file's own numbers: nibabel's get_fdata would make float64 of a mask.
        if on_grid := issubclass(type(image), nibabel.Nifti1Pair):
            stored = np.array(image.dataobj.get_unscaled())
            slope, intercept = float(image.dataobj.slope), float(image.dataobj.inter)
            unit_mm = MM[image.header.get_xyzt_units()[0]]
    # nibabel's messages hold the path, and so may what is raised where a file is cut.
    except UNREADABLE as error:
        msg = (
            f"A NIfTI file must be whole, got a {type(error).__name__} on reading: it is cut, damaged or "
            "of another kind. Copy it again from its source."
        )
        raise ValueError(msg) from None
    if not on_grid:
        msg = (
            f"A NIfTI file must hold voxels on a grid, got a {type(image).__name__} of nibabel: the numbers "
            "of CIFTI-2 belong to points of a surface. nibabel.load reads it."
        )
        raise ValueError(msg)
    array = _three_axes(stored)
    geometry = _geometry(image, unit_mm)
    array = np.ascontiguousarray(array.T, dtype=array.dtype.newbyteorder("="))
    checks.finite("Voxels of a NIfTI file", array)
    values = rescaled(array, np.full(len(array), slope), np.full(len(array), intercept))
    return Volume(values, *geometry, modality, "HU" if modality == "CT" else "as stored")


def _three_axes(stored: NDArray[Any]) -> NDArray[Any]:
    """Return the array without trailing axes of length 1."""
    shape = stored.shape
    while stored.ndim > 3 and stored.shape[-1] == 1:
        stored = stored[..., 0]
    if stored.ndim != 3 or stored.dtype.kind not in "iuf" or not stored.size:
        remedy = "Convert the scan again from DICOM."
        if stored.ndim > 3:
            remedy = "Take one time point or channel: nibabel.load(path).slicer[..., 0], and save it."
        received = f"{stored.dtype} in shape {shape}"
        msg = f"A NIfTI file must hold one number a voxel on 3 axes, got {received}. {remedy}"
        raise ValueError(msg)
    return stored


def _geometry(image: Any, unit_mm: float) -> tuple[Any, Any, NDArray[np.float64]]:
    """Return spacing (z, y, x), origin and direction of a `Volume`."""
    if not image.header["qform_code"] and not image.header["sform_code"]:
        msg = (
            "A NIfTI file must say where its voxels lie, got qform_code 0 and sform_code 0: it has no "
            "affine, so left and right are unknown. Convert the scan again from DICOM, or, where you know "
            "the affine, set it with nibabel: image.set_sform(affine, code=1), and save."
        )
        raise ValueError(msg)
    affine = image.affine * np.array([[unit_mm]] * 3 + [[1.0]])
    columns = (RAS_TO_LPS @ affine[:3, :3])[:, ::-1]
    spacing = np.linalg.norm(columns, axis=0)
    if not np.isfinite(affine).all() or spacing.min() <= 0:
        msg = (
            f"A NIfTI affine must give each axis a length, got {image.affine[:3].round(4).tolist()}. "
            "Convert the scan again from DICOM."
        )
        raise ValueError(msg)
    direction = columns / spacing
    cosines = direction.T @ direction - np.eye(3)
    if np.abs(cosines).max() > COSINE_TOLERANCE:
        degrees = np.degrees(np.arcsin(min(1.0, np.abs(cosines).max())))
        msg = (
            f"The axes of a NIfTI file must be at right angles, got an affine sheared by {degrees:.1f} "
            "degrees. Resample it first, with nibabel.processing.resample_to_output for example."
        )
        raise ValueError(msg)
    return tuple(spacing.tolist()), tuple((RAS_TO_LPS @ affine[:3, 3]).tolist()), direction
