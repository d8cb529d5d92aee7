"""Contours of radiotherapy (RTSTRUCT) as masks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from medlab.data.volumes.dicom_slices import unharmed
from medlab.data.volumes.masks import (
    OFF_SLICE,
    check_frame,
    fill_outline,
    mask_like,
    refuse_missing,
    unique_names,
)
from medlab.data.volumes.reading import existing
from medlab.data.volumes.volume import Volume

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def read_rtstruct(
    path: str | Path,
    volume: Volume,
    rois: Sequence[str | int] | None = None,
    *,
    allow_missing: bool = False,
    salt: str | None = None,
) -> dict[str, Volume]:
    """Read the contours of an RTSTRUCT file as masks on the grid of a volume.

    A voxel belongs to a contour if its center lies inside or on it. Where contours of a region lie in one
    another on a slice, the inner one is a hole (exclusive or).

    Parameters
    ----------
    path : path of a DICOM file
    volume : Volume
        What was contoured, or another image of the same frame of reference; shape (Z, Y, X).
    rois : list of str or int, or None
        Names or numbers of the regions; None takes all that have a closed contour.
    allow_missing : bool
        Leave out contours on slices that the volume does not have, and where `rois` is None whole regions;
        notes count them.
    salt : str or None
        As it was given to `read`.

    Returns
    -------
    masks : dict from str to Volume of bool
        By name, as the file gives it: names are free text, and may name somebody. Where two regions bear one
        name, their numbers follow in parentheses. Notes count what was left out, and slices between contours
        that have none.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the file is no RTSTRUCT or damaged, a region is not there, has no closed contour or lies in another
        frame of reference, or a contour lies on no slice of the volume.

    Examples
    --------
    ``read_rtstruct("RS.dcm", volume, ["GTV"])["GTV"]`` is the mask of the tumor.
    """
    regions, outlines = _regions(existing(path))
    names = unique_names({number: name for number, (name, _) in regions.items()})
    chosen = [n for n in names if any(map(len, outlines[n]))] if rois is None else _numbers(rois, names)
    masks: dict[str, Volume] = {}
    outside: list[ValueError] = []
    for number in chosen:
        try:
            check_frame(regions[number][1], volume, salt)
            masks[names[number]] = _mask(f"ROI {number}", outlines[number], volume, allow_missing)
        except ValueError as error:
            if rois is not None or not allow_missing:
                raise
            outside.append(error)
    if outside and not masks:
        raise outside[0]
    if outside:
        first, mask = next(iter(masks.items()))
        note = f"{len(outside)} of {len(chosen)} regions lie outside of the volume and were left out."
        masks[first] = replace(mask, notes=(*mask.notes, note))
    if not masks:
        msg = f"rois must be one region or more with closed contours, got none of {len(names)} in the file."
        raise ValueError(msg)
    return masks


def _regions(path: Path) -> tuple[dict[int, tuple[str, str]], dict[int, list[NDArray[np.float64]]]]:
    """Return name, frame of reference and outlines of each region by number; open outlines have no points."""
    with unharmed("The file"):
        dataset: Any = pydicom.dcmread(path)
        rois = dataset.get("StructureSetROISequence") or []
        uids = [str(roi.get("ReferencedFrameOfReferenceUID") or "") for roi in rois]
        regions = {int(roi.ROINumber): (str(roi.ROIName), uid) for roi, uid in zip(rois, uids, strict=True)}
        outlines: dict[int, list[NDArray[np.float64]]] = {number: [] for number in regions}
        for item in dataset.get("ROIContourSequence") or []:
            for contour in item.get("ContourSequence") or []:
                points = np.array(contour.get("ContourData") or [], dtype=np.float64).reshape(-1, 3)
                if not np.isfinite(points).all():
                    raise pydicom.errors.InvalidDicomError
                closed = contour.get("ContourGeometricType") in CLOSED and len(points) > 2
                outlines[int(item.ReferencedROINumber)].append(points if closed else points[:0])
    if not regions:
        msg = "path must be an RTSTRUCT file with regions, got none. read and read_seg read other objects."
        raise ValueError(msg)
    return regions, outlines


def _numbers(rois: Sequence[str | int], names: dict[int, str]) -> list[int]:
    """Return the numbers of the regions that were asked for."""
    known: dict[str | int, int] = {
        **{name: number for number, name in names.items()},
        **{number: number for number in names},
    }
    if unknown := sum(roi not in known for roi in rois):
        # Names are free text, which messages do not repeat.
        msg = (
            f"rois must be names or numbers of the file's {len(names)} regions, got {unknown} that are none. "
            f"Their numbers are {', '.join(map(str, names))}; rois=None reads all, by name."
        )
        raise ValueError(msg)
    return [known[roi] for roi in rois]


def _mask(label: str, outlines: list[NDArray[np.float64]], volume: Volume, allow_missing: bool) -> Volume:
    """Return what the closed outlines of a region enclose."""
    closed = [volume.to_index(points) for points in outlines if len(points)]
    if not closed:
        msg = f"{label} must have a closed contour, got {len(outlines)} open ones or points. Leave it out."
        raise ValueError(msg)
    array, missing = np.zeros(volume.shape, dtype=bool), 0
    for index in closed:
        z = round(float(index[:, 0].mean()))
        if 0 <= z < len(array) and np.abs(index[:, 0] - z).max() <= OFF_SLICE:
            array[z] ^= fill_outline(array[z], index[:, 1:], with_edge=True)
        else:
            missing += 1
    notes = refuse_missing(missing, len(closed), f"contour of {label}", allow_missing)
    if left_out := len(outlines) - len(closed):
        notes += (f"{left_out} of {len(outlines)} contours left out: open, or of fewer than 3 points.",)
    used = np.flatnonzero(array.any(axis=(1, 2)))
    if used.size and (gaps := int(np.ptp(used)) + 1 - used.size):
        notes += (f"{gaps} slices between the first and the last contour have none.",)
    return mask_like(volume, array, notes)
