"""Where DICOM slices lie: sorted along their normal, and refused where they make no regular volume."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medlab.data.volumes.dicom_slices import SliceFile
from medlab.data.volumes.volume import COSINE_TOLERANCE, Triple

# A share of the usual distance between slices: rounded positions differ by less, missing slices by more.
SPACING_TOLERANCE = 0.1
SAME_PLACE_MM = 0.01  # positions are decimal text, so copies of a slice may differ in the last digit


class Grid(NamedTuple):
    """The geometry of a `Volume`, in its conventions, and what had to be assumed."""

    spacing_mm: Triple
    origin_mm: Triple
    direction: NDArray[np.float64]
    notes: tuple[str, ...] = ()


def arrange(slices: Sequence[SliceFile]) -> tuple[list[SliceFile], Grid]:
    """Sort the slices of one series by position along their normal, and check that they make a volume.

    The normal is the cross product of the directions along a row and along a column. Neither names of files
    nor instance numbers are looked at, and the distance between slices comes from their positions: a
    slice's thickness may be more (overlap) or less (gaps by design).

    Raises
    ------
    ValueError
        If position, orientation or pixel spacing are missing or differ between slices, if slices are
        missing, doubled or unevenly spaced, or if they are shifted against each other (gantry tilt).
    """
    first = slices[0]
    for file in slices:
        _check_complete(file)
    for name, what, tolerance in (
        ("FrameOfReferenceUID", "frame of reference", 0.0),
        ("Rows", "number of rows", 0.0),
        ("Columns", "number of columns", 0.0),
        ("PixelSpacing", "pixel spacing", 1e-4),
        ("ImageOrientationPatient", "orientation", COSINE_TOLERANCE),
    ):
        _check_same(slices, name, what, tolerance)
    along_row, along_column = first.facts["ImageOrientationPatient"].reshape(2, 3)
    # Cosines are rounded decimals; the directions of a volume have length 1.
    along_row = along_row / np.linalg.norm(along_row)
    along_column = along_column / np.linalg.norm(along_column)
    normal = np.cross(along_row, along_column)
    normal /= np.linalg.norm(normal)

    positions = np.array([file.facts["ImagePositionPatient"] for file in slices])
    order = np.argsort(positions @ normal, kind="stable")
    ordered = [slices[number] for number in order]
    positions = positions[order]
    row_mm, column_mm = (float(length) for length in first.facts["PixelSpacing"])
    notes: tuple[str, ...] = ()
    if len(ordered) == 1:
        slice_mm, notes = _thickness(first)
    else:
        slice_mm = _slice_spacing(ordered, positions @ normal)
        _check_upright(positions, normal, min(row_mm, column_mm))
    origin_x, origin_y, origin_z = (float(number) for number in positions[0])
    direction = np.column_stack([normal, along_column, along_row])
    return ordered, Grid((slice_mm, row_mm, column_mm), (origin_x, origin_y, origin_z), direction, notes)


def _check_complete(file: SliceFile) -> None:
    """Refuse a slice of which nobody knows where it lies, or how large its pixels are."""
    spacing = _numbers(file, "PixelSpacing")
    if spacing.shape != (2,) or not np.isfinite(spacing).all() or spacing.min() <= 0:
        msg = (
            f"{file.label} must give its PixelSpacing as two lengths in mm, got none that can be used. "
            "Without it nothing can be measured: ask for the original series, or read the pixels alone with "
            "pydicom.dcmread(path).pixel_array."
        )
        raise ValueError(msg)
    for name, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6)):
        values = _numbers(file, name)
        if values.shape != (count,) or not np.isfinite(values).all():
            msg = (
                f"{file.label} must give its {name} as {count} numbers, got none that can be used. A "
                "projection (X-ray, scout) has no place in a volume: read its pixels with "
                "pydicom.dcmread(path).pixel_array."
            )
            raise ValueError(msg)
    cosines = file.facts["ImageOrientationPatient"].reshape(2, 3)
    if not np.allclose(cosines @ cosines.T, np.eye(2), atol=COSINE_TOLERANCE):
        msg = (
            f"{file.label} must have rows and columns at right angles, got ImageOrientationPatient "
            f"{cosines.ravel().round(4).tolist()}. The header is damaged: export the series again."
        )
        raise ValueError(msg)


def _check_same(slices: Sequence[SliceFile], name: str, what: str, tolerance: float) -> None:
    """Refuse slices that differ in an element; UIDs are counted, numbers shown."""
    values = [file.facts.get(name) for file in slices]
    if any(isinstance(value, str) for value in values):
        different = len({str(value) for value in values})
        if different > 1:
            msg = (
                f"All slices must have the same {what}, got {different} different ones: several "
                "acquisitions are mixed. Move the slices of one to a folder of its own."
            )
            raise ValueError(msg)
        return
    rows = np.array([_numbers(file, name) for file in slices])
    usual = np.array(Counter(map(tuple, rows)).most_common(1)[0][0])
    odd = np.flatnonzero((np.abs(rows - usual) > tolerance).any(axis=1))
    if odd.size:
        file, row = slices[odd[0]], rows[odd[0]]
        msg = (
            f"All slices must have the same {what}, got {_listed(row)} in {file.label} and "
            f"{_listed(usual)} in most; {odd.size} of {len(slices)} differ. Several series, or a scout, are "
            "mixed: move the slices of one to a folder of its own."
        )
        raise ValueError(msg)


def _slice_spacing(slices: Sequence[SliceFile], along_mm: NDArray[np.float64]) -> float:
    """Return the distance between neighbors, in mm, from positions in ascending order."""
    steps = np.diff(along_mm)
    same = np.flatnonzero(steps < SAME_PLACE_MM)
    if same.size:
        at = int(same[0])
        msg = (
            f"Each slice must lie at a place of its own, got {slices[at].label} and {slices[at + 1].label} "
            f"both at {along_mm[at]:.2f} mm along the normal, and {same.size} such pairs among {len(slices)} "
            "slices. Remove the copies; time points, echoes or diffusion weightings each need a folder."
        )
        raise ValueError(msg)
    mean = float((along_mm[-1] - along_mm[0]) / (len(slices) - 1))
    drift = np.abs(along_mm - along_mm[0] - mean * np.arange(len(slices)))
    # A step that is there, not a mean of two.
    usual = float(np.sort(steps)[(len(steps) - 1) // 2])
    if steps.max() > (1 + SPACING_TOLERANCE) * usual or drift.max() > SPACING_TOLERANCE * mean:
        at = int(np.argmax(np.abs(steps - usual) > SPACING_TOLERANCE * usual))
        msg = (
            f"Slices must be evenly spaced, got distances from {steps.min():.2f} to {steps.max():.2f} mm, "
            f"mostly {usual:.2f} mm, but {steps[at]:.2f} mm between slices {at} and {at + 1} (counted from 0 "
            "along the normal). Where slices are missing, export the series again. Where a protocol changes "
            "its spacing, read each part from a folder of its own, or what dcm2niix makes of all."
        )
        raise ValueError(msg)
    return mean


def _check_upright(positions: NDArray[np.float64], normal: NDArray[np.float64], pixel_mm: float) -> None:
    """Refuse slices that are shifted within their planes."""
    offsets = positions - positions[0]
    heights = offsets @ normal
    shifts = np.linalg.norm(offsets - np.outer(heights, normal), axis=1)
    at = int(np.argmax(shifts))
    # Rounded cosines lean the normal by as much as they are off.
    if shifts[at] > 0.1 * pixel_mm + COSINE_TOLERANCE * heights[-1]:
        degrees = np.degrees(np.arctan2(shifts[at], heights[at]))
        msg = (
            f"Slices must be stacked along their normal, got slice {at} (counted from 0) shifted by "
            f"{shifts[at]:.2f} mm in its plane, {degrees:.1f} degrees off: a tilted gantry. The volume would "
            "be sheared: correct the tilt first, with dcm2niix for example, and read what it writes."
        )
        raise ValueError(msg)


def _thickness(file: SliceFile) -> tuple[float, tuple[str, ...]]:
    """Return what a single slice says of its extent along z, and a note that says so."""
    for name in ("SpacingBetweenSlices", "SliceThickness"):
        length = file.facts.get(name)
        if isinstance(length, (int, float)) and np.isfinite(length) and length > 0:
            return float(length), (f"There is one slice only: spacing along z is its {name}.",)
    msg = (
        f"A single slice must give SpacingBetweenSlices or SliceThickness in mm, got neither in {file.label}."
        " Read the whole series instead, whose positions tell the spacing."
    )
    raise ValueError(msg)


def _numbers(file: SliceFile, name: str) -> NDArray[np.float64]:
    """Return an element's numbers, shape (N,); NaN for one that is missing."""
    value = file.facts.get(name)
    return np.atleast_1d(np.array(np.nan if value is None else value, dtype=np.float64))


def _listed(numbers: NDArray[np.float64]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)
