"""What a reader marked in a series, from whatever file it comes in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
from pydicom.uid import UID, RTStructureSetStorage, SegmentationStorage, UID_dictionary
from scipy import ndimage

from medlab.data.volumes.boxes import Box, read_boxes
from medlab.data.volumes.dicom_slices import unharmed
from medlab.data.volumes.lidc import read_lidc
from medlab.data.volumes.masks import mask_like
from medlab.data.volumes.reading import existing, read
from medlab.data.volumes.resampling import check_same_grid, resample
from medlab.data.volumes.rtstruct import read_rtstruct
from medlab.data.volumes.volume import Volume
from medlab.data.volumes.writing import read_seg

_MOST = 256  # labels of a map, the background among them


class Finding(NamedTuple):
    """What a reader marked: a mask, or a box on one slice.

    Attributes
    ----------
    name : str
        "contour 1" and so on, or "box 1": what files call their regions may name somebody.
    center : (float, float, float)
        Index (z, y, x): of a mask, the center of the slice on which it is largest.
    mask : Volume of bool, or None
    box : Box or None
    """

    name: str
    center: tuple[float, float, float]
    mask: Volume | None = None
    box: Box | None = None

    def holds(self, voxel: Sequence[int]) -> bool:
        """Return whether a voxel (z, y, x) of the series lies in the mask, or in the box on its slice."""
        z, y, x = voxel
        if self.mask is not None:
            return bool(self.mask.array[z, y, x])
        box: Any = self.box
        return z == box.z and box.y0 <= y < box.y1 and box.x0 <= x < box.x1


def read_contours(
    path: str | Path, volume: Volume, *, allow_missing: bool = False, salt: str | None = None
) -> tuple[list[Finding], tuple[str, ...]]:
    """Read what was marked in a series: RTSTRUCT, a DICOM segmentation, LIDC's XML, boxes, or a NIfTI mask.

    Parameters
    ----------
    path : path of a file, or of a folder with Pascal VOC boxes
    volume : Volume
        The series in which it was marked, shape (Z, Y, X).
    allow_missing : bool
        Leave out what lies on slices that the volume does not have; a note counts it.
    salt : str or None
        As it was given to `read`.

    Returns
    -------
    findings : list of Finding
        At least one. Of NIfTI, each number but 0 is one.
    notes : tuple of str

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the file is of another kind or damaged, marks nothing, or belongs to another series or grid.

    Examples
    --------
    ``findings, notes = read_contours("RS.dcm", volume)`` ; ``findings[0].mask.array.sum()``
    """
    source = existing(path)
    notes: tuple[str, ...] = ()
    if source.is_dir():
        boxes, notes = read_boxes(source, volume, allow_missing=allow_missing, salt=salt)
        return [_of_box(f"box {n}", box, volume) for n, box in enumerate(boxes, 1)], notes
    if source.suffix.lower() == ".xml":
        reading = read_lidc(source, volume, allow_missing=allow_missing, salt=salt)
        masks, notes = _by_number(reading.labels), reading.labels.notes
        if points := len(reading.small) + len(reading.non_nodules):
            notes = (*notes, f"{points} marks of LIDC's readers without an outline were left out.")
    elif source.name.lower().endswith((".nii", ".nii.gz")):
        masks = _by_number(_on_grid(read(source), volume))
    else:
        masks = _from_dicom(source, volume, allow_missing, salt)
        notes = tuple(f"region {n}: {note}" for n, mask in enumerate(masks, 1) for note in mask.notes)
    marked = [mask for mask in masks if mask.array.any()]
    if not marked:
        msg = f"contours must mark at least one voxel of the series, got {len(masks)} regions without any."
        raise ValueError(msg)
    if empty := len(masks) - len(marked):
        notes = (*notes, f"{empty} of {len(masks)} regions hold no voxel and were left out.")
    return [of_mask(f"contour {n}", mask) for n, mask in enumerate(marked, 1)], notes


def _from_dicom(source: Path, volume: Volume, allow_missing: bool, salt: str | None) -> list[Volume]:
    with unharmed("The file with contours"):
        kind = str(pydicom.dcmread(source, specific_tags=["SOPClassUID"]).get("SOPClassUID"))
    if kind == RTStructureSetStorage:
        return list(read_rtstruct(source, volume, allow_missing=allow_missing, salt=salt).values())
    if kind == SegmentationStorage:
        return list(read_seg(source, volume, salt=salt).values())
    got = UID(kind).name if kind in UID_dictionary else "an unknown kind"
    msg = (
        "contours must be an RTSTRUCT, a DICOM segmentation, LIDC's XML, a NIfTI mask, or a folder of Pascal "
        f"VOC boxes, got a DICOM file of {got}."
    )
    raise ValueError(msg)


def _on_grid(labels: Volume, volume: Volume) -> Volume:
    """Return a map of labels on the grid of a volume, on which it lies already, perhaps with other axes."""
    numbers = np.unique(labels.array)
    if len(numbers) > _MOST or (numbers < 0).any() or (numbers % 1).any():
        msg = (
            f"contours in NIfTI must be whole numbers from 0 on, at most {_MOST} different ones, got "
            f"{len(numbers)} from {numbers[0]:g} to {numbers[-1]:g}. Give a mask, not an image."
        )
        raise ValueError(msg)
    corners = list(itertools.product(*((0, n - 1) for n in labels.shape)))
    index = volume.to_index(labels.to_world(corners))
    if np.abs(index - np.rint(index)).max() < 0.1 and sorted(labels.shape) == sorted(volume.shape):
        turned = resample(labels, like=volume, interpolation="nearest")
        if np.count_nonzero(turned.array) == np.count_nonzero(labels.array):
            labels = turned
    check_same_grid(image=volume, contours=labels)
    return mask_like(volume, labels.array)


def _by_number(labels: Volume) -> list[Volume]:
    return [mask_like(labels, labels.array == n) for n in np.unique(labels.array[labels.array != 0])]


def of_mask(name: str, mask: Volume) -> Finding:
    """Return a mask as a finding."""
    z = int(mask.array.sum(axis=(1, 2)).argmax())
    y, x = ndimage.center_of_mass(mask.array[z])
    return Finding(name, (float(z), float(y), float(x)), mask)


def _of_box(name: str, box: Box, volume: Volume) -> Finding:
    center: Any = tuple(volume.to_index(box.center_mm).tolist())
    return Finding(name, center, box=box)
