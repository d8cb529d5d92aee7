"""Series of CT with what a reader marked in them: read for a network, measured, and written as masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from medlab import checks, data
from medlab.data import volumes
from medlab.data.volumes import Finding, Volume
from medlab.evaluation import lesions

WINDOW_HU = (-500.0, 1200.0)  # of the detector that is trained where none is given
_HEADS = {
    "slice": "slice",
    "volume_ml": "volume (ml)",
    "long_axis_mm": "long axis (mm)",
    "short_axis_mm": "short axis (mm)",
    "mean_hu": "mean (HU)",
}


class Marked(NamedTuple):
    """A series, what a reader marked in it, and which of that the network reads (from 0)."""

    series: Volume
    findings: list[Finding]
    chosen: int


def read_marked(
    image: str, facts: Mapping[str, Any], contours: str, finding: int, *, allow_missing: bool = False
) -> tuple[data.OneImage, Marked]:
    """Read a series and what was marked in it, and cut out one finding for a saved network."""
    series = data.read_series(image, facts)
    findings, notes = volumes.read_contours(contours, series, allow_missing=allow_missing)
    checks.in_range("finding, a number among those of contours,", finding, 1, len(findings))
    one = data.crop_around(series, findings[finding - 1].center, facts)
    return one._replace(notes=[*notes, *one.notes]), Marked(series, findings, finding - 1)


def check_detector(facts: Mapping[str, Any]) -> None:
    """Refuse a model folder whose network does not outline one sort of finding in CT volumes."""
    shape, classes = facts["input_shape"], facts["class_names"]
    fits = facts["task"] == "segmentation" and len(shape) == 4 and shape[-1] == 1 and len(classes) == 2
    if not fits or not facts.get("spacing_mm") or not facts.get("window_hu"):
        msg = (
            "model must be a 3-D U-Net with two classes that learned from CT of a known spacing and window, "
            f"got {facts['network']} ({facts['task']}, {tuple(shape)}, {len(classes)} classes, spacing "
            f"{facts.get('spacing_mm')}, window {facts.get('window_hu')}). medlab report case reads networks "
            "of whole images."
        )
        raise ValueError(msg)


def read_search(
    facts: Mapping[str, Any], image: str, contours: str | None = None, *, allow_missing: bool = False
) -> tuple[Volume, list[Finding], list[str]]:
    """Read a series for a detector, and what was marked in it; return them with notes."""
    series = data.read_series(image, facts)
    if series.units != "HU" or len(series.array) < 2:
        msg = f"image must be a series of CT in HU, got {len(series.array)} slices in {series.units}."
        raise ValueError(msg)
    if contours is None:
        return series, [], list(series.notes)
    findings, notes = volumes.read_contours(contours, series, allow_missing=allow_missing)
    return series, findings, [*series.notes, *notes]


def measure_finding(finding: Finding, series: Volume) -> dict[str, Any]:
    """Return the size and density of a finding, of its largest part where it has several."""
    facts: dict[str, Any] = {"finding": finding.name, "slice": round(finding.center[0]) + 1, "note": ""}
    if finding.box is not None:
        _, height_mm, width_mm = finding.box.size_mm
        return {**facts, "long_axis_mm": max(height_mm, width_mm), "short_axis_mm": min(height_mm, width_mm)}
    whole: Any = finding.mask
    mask = lesions.largest_component(whole)
    lesion = lesions.measure_lesion(mask, series if series.units == "HU" else None)
    notes = list(mask.notes[len(whole.notes) :])
    if lesion.touches_border:
        notes.append("It reaches the edge of the series and may go on beyond.")
    if notes:
        facts["note"] = f"{finding.name.capitalize()}: {' '.join(notes)}"
    return {**facts, **{name: getattr(lesion, name) for name in _HEADS if name != "slice"}}


def measures_table(
    measured: Sequence[Mapping[str, Any]], more: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return measures as the page shows them: rounded, with their units; `more` names further columns."""
    heads = {**_HEADS, **(more or {})}
    shown = pd.DataFrame(list(measured)).set_index("finding").rename_axis(None)
    return (
        shown[[name for name in heads if name in shown]]
        .rename(columns=heads)
        .round(2)
        .astype(object)
        .fillna("–")
    )


def write_masks(
    folder: Path, masks: Mapping[str, Volume], series: Volume, kind: str, algorithm: str | None = None
) -> str:
    """Write masks beside the page, and say what was written, or why nothing was."""
    if not masks:
        return "There is no mask, so that no segmentation was written."
    if series.instance_uids:
        # A file a mask: some programs read only files of one segment in their place.
        files = [f"segmentation_{n}.dcm" for n in range(1, len(masks) + 1)]
        files = ["segmentation.dcm"] if len(masks) == 1 else files
        for file, (name, mask) in zip(files, masks.items(), strict=True):
            volumes.write_seg({name: mask}, series, folder / file, kinds=kind, algorithm=algorithm)
        held = f"`{files[0]}` holds the mask as a DICOM segmentation."
        if len(files) > 1:
            held = (
                f"`{files[0]}` to `{files[-1]}` hold the masks in this order, each as a DICOM segmentation."
            )
        return (
            f"{held} No file names anybody: patient and UIDs are the stand-ins that "
            "`medlab.data.deidentify_files` gives the series."
        )
    labels = np.zeros(series.shape, np.uint16)
    for number, mask in enumerate(masks.values(), 1):
        labels[mask.array] = number
    volumes.write_nifti(replace(series, array=labels), folder / "segmentation.nii.gz")
    return "`segmentation.nii.gz` holds the masks, numbered in the order of the table."
