"""DICOM headers: read fast, grouped into series, and named without naming anybody.

Names of files and folders, and texts of pydicom's own errors, may hold a patient's name: no message here
repeats them.
"""

import codecs
import contextlib
import functools
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medlab.data.confidentiality import quiet
from medlab.data.volumes.volume import Triple, spacing_text
from medlab.text import counted

# As tags, not keywords: looking keywords up takes longer than reading.
TAGS = [
    Tag(keyword)
    for keyword in (
        "ImageType SOPClassUID SOPInstanceUID Modality PatientID SeriesInstanceUID FrameOfReferenceUID "
        "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness SpacingBetweenSlices "
        "Rows Columns SamplesPerPixel PhotometricInterpretation NumberOfFrames BitsAllocated BitsStored "
        "HighBit PixelRepresentation RescaleSlope RescaleIntercept RescaleType Units ModalityLUTSequence "
        "PixelData"
    ).split()
]
PIXEL_DATA = TAGS[-1]
TEXTS = ("UI", "CS", "LO")
UNUSABLE = object()  # the value of an element that is none of its type
NEEDED = ("TransferSyntaxUID", "SeriesInstanceUID", "Rows", "Columns", "BitsAllocated")
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
# What pydicom raises depends on the byte at which a file is cut or damaged.
UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, OverflowError, NotImplementedError,
    struct.error, zlib.error, pydicom.errors.BytesLengthException, pydicom.errors.InvalidDicomError,
)  # fmt: skip
# Beside slices lie tables, pictures and segmentations; a file with no such ending must be a slice.
NO_SLICE = re.compile(r"\.(?!dcm$|dicom$|dic$|ima$)[a-z]\w*$", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """One series of a folder, described by technical facts alone.

    Attributes
    ----------
    number : int
        From 1, in the order of the files' names.
    modality : str
    n_slices, rows, columns : int
    spacing_mm : (float, float, float) or None
        Along (z, y, x); None where the slices make no regular volume, which `read` would explain.
    uid : str
        Series Instance UID, replaced as `read` replaces it in the header.
    """

    number: int
    modality: str
    n_slices: int
    rows: int
    columns: int
    spacing_mm: Triple | None
    uid: str

    def __str__(self) -> str:
        spacing = "irregular" if self.spacing_mm is None else f"{spacing_text(self.spacing_mm)} mm"
        return (
            f"{self.number}: {self.modality}, {self.n_slices} slices of {self.rows} x {self.columns}, "
            f"spacing {spacing}"
        )


@dataclass(frozen=True)
class SliceFile:
    """What `read` must know of one DICOM file before it reads the pixels.

    Attributes
    ----------
    path : Path
    label : str
        What messages call the file: "file 3 of 12 (sorted by name)".
    facts : dict
        The elements of `TAGS` that the file has, by keyword, numbers as int, float and arrays of float.
    syntax : str
        Transfer Syntax UID.
    offset : int or None
        Where uncompressed pixels begin in the file; None where pydicom must find them.
    """

    path: Path
    label: str
    facts: dict[str, Any]
    syntax: str
    offset: int | None


def scan(folder: Path) -> tuple[tuple[SliceFile, ...], tuple[str, ...]]:
    """Read the headers of all slices of a folder, in the order of the files' names; say what was passed over.

    The headers of the last folders are kept, so that listing the series and then reading one opens each
    header once; a folder in which a file changes its size or date is read again.

    Raises
    ------
    ValueError
        If a file is damaged or no DICOM, or there is none.
    """
    paths = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    stats = [path.stat() for path in paths]
    return _scan(tuple(paths), tuple((stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats))


@functools.lru_cache(maxsize=4)
def _scan(paths: tuple[Path, ...], _stamps: Any) -> tuple[tuple[SliceFile, ...], tuple[str, ...]]:
    files = [path for path in paths if path.is_file()]
    slices, passed = [], Counter({"inner folder": len(paths) - len(files)})
    for number, path in enumerate(files, 1):
        label = f"file {number} of {len(files)} (sorted by name)"
        if not is_dicom(path, label):
            # Names may hold a patient's, endings do not.
            ending = path.suffix.lower() if NO_SLICE.search(path.name) else "text" if _is_text(path) else ""
            if not ending:
                refuse_unmarked(label)
            passed[f"{ending} file"] += 1
            continue
        if header := read_slice(path, label):
            slices.append(header)
        else:
            passed["DICOM object without pixels"] += 1
    listed = ", ".join(counted(count, what) for what, count in passed.items() if count)
    if not slices:
        which = "one of the inner folders" if passed["inner folder"] else "the folder that holds the slices"
        msg = (
            f"path must be a folder with DICOM slices, got {listed or 'an empty one'}. Pass {which}, "
            "or one file alone to be told what it is."
        )
        raise ValueError(msg)
    return tuple(slices), (f"Passed over in the folder: {listed}.",) if listed else ()


forget = _scan.cache_clear  # for who measures how long a first look takes


def _is_text(path: Path) -> bool:
    """Say whether a file is plain text, such as the README on a disc: by git's rule, it has no byte 0."""
    with path.open("rb") as file:
        start = file.read(8000)
    in_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return in_utf16 or (bool(start) and b"\0" not in start)


def is_dicom(path: Path, label: str) -> bool:
    """Return whether a file bears DICOM's mark; refuse one that cannot be opened."""
    with unharmed(label), path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def refuse_unmarked(label: str) -> None:
    """Refuse a file that does not bear DICOM's mark."""
    msg = (
        f"{label} must be DICOM, got a file without its mark (DICM at byte 128). "
        "Move what is no slice to another folder, or copy the file again if it is one."
    )
    raise ValueError(msg)


def read_slice(path: Path, label: str) -> SliceFile | None:
    """Read the header of a file with DICOM's mark; return None for what is whole but no image."""
    with unharmed(label):
        # Larger values, the pixels, stay in the file.
        header = pydicom.dcmread(path, specific_tags=TAGS, defer_size=512)
        meta = header.file_meta
        sop_class = header.get("SOPClassUID", meta.get("MediaStorageSOPClassUID"))
        # Modality comes after the SOP class: a UID that a cut left short is not taken for a private one.
        private = "Modality" in header and "Rows" not in header
        if PIXEL_DATA not in header and _no_image(sop_class, private):
            return None
        facts = {keyword_for_tag(tag): _value(header[tag]) for tag in TAGS[:-1] if tag in header}
        facts["TransferSyntaxUID"] = meta.get("TransferSyntaxUID")
        # Pixels of unknown length (compressed ones) cannot be deferred; they are not needed here.
        pixels: Any = PIXEL_DATA in header and header.get_item(PIXEL_DATA, keep_deferred=True)
    if not facts.get("SeriesInstanceUID") and pixels and facts.get("Rows"):
        msg = (
            f"{label} must say which series it belongs to, got an image without SeriesInstanceUID, so that "
            "nobody knows which slices go together. Export the series again."
        )
        raise ValueError(msg)
    missing = [name for name in NEEDED if not facts.get(name)]
    missing += [name for name, value in facts.items() if value is UNUSABLE]
    missing += [] if pixels else ["PixelData"]
    if missing:
        msg = (
            f"{label} must be a whole DICOM image, got a header without a usable {', '.join(missing)}: it is "
            "cut or damaged. Copy it again from its source."
        )
        raise ValueError(msg)
    syntax = str(facts["TransferSyntaxUID"])
    if syntax not in NATIVE:
        return SliceFile(path, label, facts, syntax, None)
    if pixels.length == 0xFFFFFFFF:
        msg = f"{label} must hold uncompressed pixels in one piece, got fragments. Export the series again."
        raise ValueError(msg)
    _check_length(label, facts, min(pixels.length, path.stat().st_size - pixels.value_tell))
    return SliceFile(path, label, facts, syntax, pixels.value_tell)


@contextlib.contextmanager
def unharmed(label: str) -> Iterator[None]:
    """Turn what pydicom raises on a damaged file into a ValueError that quotes nothing of the file."""
    try:
        with quiet():
            yield
    except UNREADABLE as error:
        msg = (
            f"{label} must be a DICOM file that can be read, got a {type(error).__name__}: it is cut, "
            "damaged or not yours to read. Copy it again from its source."
        )
        raise ValueError(msg) from None


def group(slices: Sequence[SliceFile]) -> dict[str, list[SliceFile]]:
    """Return the slices of each series, by Series Instance UID, in the order of their first files."""
    series: dict[str, list[SliceFile]] = {}
    for file in slices:
        series.setdefault(file.facts["SeriesInstanceUID"], []).append(file)
    return series


def modality_of(file: SliceFile) -> str:
    """Return DICOM's code of the modality, or "unknown" where it is none."""
    code = str(file.facts.get("Modality"))
    return code if re.fullmatch("[A-Z]{2,8}", code) else "unknown"


def _no_image(sop_class: pydicom.uid.UID | None, private: bool) -> bool:
    """Return whether a SOP class is no image; `private` is the answer for one that DICOM does not know."""
    if not sop_class or sop_class.is_private:
        return bool(sop_class) and private
    return sop_class.name != sop_class and "Image Storage" not in sop_class.name


def _value(element: DataElement) -> Any:
    """Return a text as str, a number as float or int, several as an array; None where it is empty."""
    value, vr = element.value, dictionary_VR(element.tag)
    if vr == "SQ":
        return len(value)
    if value is None or value == "":
        return None
    if vr in TEXTS:
        return str(value)
    # Whatever the file says of its type; pydicom leaves text that is not a number as it is.
    several = not isinstance(value, (int, float, str, bytes))
    numbers = list(value) if several else [value]
    types = int if vr in ("US", "IS") else (int, float)
    if not all(isinstance(number, types) and (types is not int or number >= 0) for number in numbers):
        return UNUSABLE
    if dictionary_VM(element.tag) != "1":
        return np.array(numbers, dtype=np.float64)
    return UNUSABLE if several else int(value) if types is int else float(value)


def _check_length(label: str, facts: dict[str, Any], length: int) -> None:
    """Refuse pixel data that is shorter than rows and columns promise."""
    shape = [facts.get(name) or 1 for name in ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel")]
    promised = int(np.prod(shape)) * facts["BitsAllocated"] // 8
    if length < promised:
        msg = (
            f"{label} must hold the {promised:,} bytes of pixels that its header promises, got {length:,}: "
            "it is cut. Copy it again from its source."
        )
        raise ValueError(msg)
