"""What a DICOM object is, asked before where it lies: only single gray slices make a volume."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydicom.uid import UID

from medlab.data.volumes.dicom_slices import SliceFile

OWN_READERS = {
    "Segmentation Storage": "a segmentation: masks of another series. volumes.read_seg and highdicom read it",
    # SimpleITK, which reads it, too, leaves the scaling out.
    "RT Dose Storage": "a dose grid. With pydicom, pixel_array times DoseGridScaling is the dose",
    "Parametric Map Storage": "a parametric map. highdicom.pm.pmread reads it",
}
_SAME_MEANING = "Modality PhotometricInterpretation Units RescaleType RescaleSlope RescaleIntercept".split()


def check_kind(slices: Sequence[SliceFile]) -> tuple[str, ...]:
    """Refuse objects that are no single gray slices, and slices whose numbers mean different things."""
    for file in slices:
        if words := _other_kind(file):
            msg = f"{file.label} must be one gray slice of CT, PET or MR, got {words}."
            raise ValueError(msg)
    patients = {file.facts.get("PatientID") for file in slices} - {None}
    if len(patients) > 1:  # their identifiers are not repeated
        msg = f"a series must be of one patient, got slices of {len(patients)}. Export each patient again."
        raise ValueError(msg)
    for name in _SAME_MEANING:
        _check_same_meaning(slices, name)
    notes = [words for words in map(no_measurement, slices) if words][:1]
    if slices[0].facts.get("PhotometricInterpretation") == "MONOCHROME1":
        notes.append("Values are as stored; low ones are to be shown bright (MONOCHROME1).")
    return tuple(notes)


def no_measurement(file: SliceFile) -> str:
    """Say why the numbers of a gray image measure nothing in the place of their pixels; empty if they do."""
    facts, image_type = file.facts, str(file.facts.get("ImageType"))
    if "LOCALIZER" in image_type and facts.get("Modality") == "CT":
        return "The image is a scout (LOCALIZER), a projection: its numbers are no Hounsfield units."
    captured = "Secondary Capture" in _sop_class(file) and facts.get("RescaleIntercept") is None
    if captured or "SCREEN SAVE" in image_type:
        return "The image is a picture of a screen (secondary capture): its numbers may measure nothing."
    return ""


def _other_kind(file: SliceFile) -> str:
    """Say what an object is if it is not a single gray slice; empty if it is one."""
    facts: dict[str, Any] = file.facts
    sop_class = _sop_class(file)
    frames, samples = facts.get("NumberOfFrames") or 1, facts.get("SamplesPerPixel") or 1
    gray = facts.get("PhotometricInterpretation") or "MONOCHROME2"
    if sop_class in OWN_READERS:
        return OWN_READERS[sop_class]
    if "Enhanced" in sop_class:
        return f"an enhanced (multi-frame) object with {frames} frames. Convert it to NIfTI with dcm2niix"
    if frames != 1:
        kind = sop_class or "of unknown kind"
        return f"an object with {frames} frames ({kind}). pydicom.dcmread(path).pixel_array reads them"
    if "MOSAIC" in str(facts.get("ImageType")):
        return "a Siemens mosaic: many slices in one picture. Convert it to NIfTI with dcm2niix"
    if samples != 1 or gray not in ("MONOCHROME1", "MONOCHROME2"):
        return f"a picture in color ({_shown(gray)}, {samples} samples a pixel). Read the original series"
    if facts["BitsAllocated"] not in (8, 16, 32):
        return f"{facts['BitsAllocated']} bits a pixel, where 8, 16 and 32 are read. Export it with 16"
    return ""


def _sop_class(file: SliceFile) -> str:
    """Return the name of a slice's SOP class; empty where it is none that is known."""
    sop_class = UID(str(file.facts.get("SOPClassUID") or ""))
    return "" if sop_class.name == sop_class else sop_class.name


def _shown(value: Any) -> str:
    """Return a code of DICOM as it is; what else stands in its place may name somebody."""
    if value is None or value is True:
        return "none" if value is None else "a value"
    return value if re.fullmatch("[A-Z][A-Z0-9_ ]{0,15}", value) else "an unknown code"


def _check_same_meaning(slices: Sequence[SliceFile], name: str) -> None:
    """Refuse slices whose numbers mean other things than most; the values of slopes may differ, as in PET."""
    values = [file.facts.get(name) for file in slices]
    if name in ("RescaleSlope", "RescaleIntercept"):
        values = [None if value is None else True for value in values]
    elif name == "RescaleType" and slices[0].facts.get("Modality") == "CT":
        values = [value or "HU" for value in values]  # what DICOM means by none
    usual = Counter(values).most_common(1)[0][0]
    odd = [file.label for file, value in zip(slices, values, strict=True) if value != usual]
    if odd:
        others = {_shown(value) for value in values if value != usual}
        msg = (
            f"Numbers must mean the same in all slices, got {name} {', '.join(sorted(others))} in {odd[0]}, "
            f"and {_shown(usual)} in most; {len(odd)} of {len(slices)} differ. Move them to another folder."
        )
        raise ValueError(msg)
