"""What a DICOM object is, asked before where it lies: only single gray slices make a volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydicom.uid import UID

from medlab.data.volumes.series import Slice

_OWN_READERS = {
    "Segmentation Storage": "a segmentation: masks of another series. highdicom.seg.segread reads it",
    "RT Dose Storage": "a dose grid. Read it with SimpleITK.ReadImage, and pass that to Volume.from_sitk",
    "Parametric Map Storage": "a parametric map. highdicom.pm.pmread reads it",
}
_SAME_MEANING = (
    "Modality",
    "PhotometricInterpretation",
    "Units",
    "RescaleType",
    "RescaleSlope",
    "RescaleIntercept",
)


def check_kind(slices: Sequence[Slice]) -> tuple[str, ...]:
    """Refuse objects that are no single gray slices, and slices whose numbers mean different things.

    Returns
    -------
    notes : tuple of str
        What is unusual about the kind, and no reason to refuse it.

    Raises
    ------
    ValueError
        With what the object is, and the way to read it.
    """
    for entry in slices:
        if words := _other_kind(entry):
            msg = f"{entry.label} must be one gray slice of CT, PET or MR, got {words}."
            raise ValueError(msg)
    for name in _SAME_MEANING:
        _check_same_meaning(slices, name)
    facts = slices[0].facts
    notes = []
    if is_scout(slices[0]):
        notes.append(
            "The image is a scout (LOCALIZER): a projection through the body, in which no pixel is one place "
            "and no number a Hounsfield unit."
        )
    if facts.get("PhotometricInterpretation") == "MONOCHROME1":
        notes.append(
            "Values are as stored; the header says that low ones are to be shown bright (MONOCHROME1)."
        )
    return tuple(notes)


def is_scout(entry: Slice) -> bool:
    """Return whether a slice is a scout view, from which an examination was planned."""
    return "LOCALIZER" in str(entry.facts.get("ImageType")) and entry.facts.get("Modality") == "CT"


def _other_kind(entry: Slice) -> str:
    """Say what an object is that is no single gray slice; empty for one that is."""
    facts: dict[str, Any] = entry.facts
    kind = UID(str(facts.get("SOPClassUID") or "")).name
    frames, samples = facts.get("NumberOfFrames") or 1, facts.get("SamplesPerPixel") or 1
    gray = facts.get("PhotometricInterpretation") or "MONOCHROME2"
    if kind in _OWN_READERS:
        return _OWN_READERS[kind]
    if "Enhanced" in kind or frames != 1:
        return (
            f"an enhanced (multi-frame) object with {frames} frames. Convert it to NIfTI with dcm2niix, or "
            "to single frames with dcm4che's emf2sf, and read that"
        )
    if "MOSAIC" in str(facts.get("ImageType")):
        return (
            "a Siemens mosaic: many slices side by side in one picture, whose size and place are not those "
            "of a slice. Convert it with dcm2niix, and read the NIfTI file"
        )
    if samples != 1 or gray not in ("MONOCHROME1", "MONOCHROME2"):
        return (
            f"a picture in color ({gray}, {samples} samples a pixel), whose numbers are no measurements. "
            "Read the original series; pydicom.pixels.apply_color_lut and pixel_array give the colors"
        )
    if facts["BitsAllocated"] not in (8, 16, 32):
        return f"{facts['BitsAllocated']} bits a pixel, where 8, 16 and 32 are read. Export it with 16 bits"
    return ""


def _check_same_meaning(slices: Sequence[Slice], name: str) -> None:
    """Refuse slices whose numbers mean other things than most; the values of slopes may differ, as in PET."""
    values = [entry.facts.get(name) for entry in slices]
    if name in ("RescaleSlope", "RescaleIntercept"):
        values = ["none" if value is None else "one" for value in values]
    usual = Counter(values).most_common(1)[0][0]
    odd = [entry.label for entry, value in zip(slices, values, strict=True) if value != usual]
    if odd:
        others = {str(value) for value in values if value != usual}
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        msg = (
            f"Numbers must mean the same in all slices, got {name} {', '.join(sorted(others))} in "
            f"{', '.join(odd[:3])}{more}, and {usual} in most of {len(slices)}. Export the series again, or "
            "move the slices of one meaning to a folder of its own."
        )
        raise ValueError(msg)
