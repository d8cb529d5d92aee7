"""What DICOM's confidentiality profile does to each element of a data set.

The table, confidentiality.json, is PS3.15-2026c, Table E.1-1, with two of its options (Retain Patient
Characteristics, Retain Longitudinal Temporal Information with Modified Dates), and is written by
scripts/make_confidentiality.py. Its letters: X remove, Z empty, D replace by a dummy,
U replace the UID, C shift the date, K keep.

What the table does not list, the standard keeps. Here, elements that DICOM's dictionary does not know go as
well, and so do names, addresses, application entities and texts that people type, short ones too: a
description, a label or the name of a program may name a place, and only texts of a technical vocabulary stay
(in the file, too). Dates are shifted and UIDs replaced unless they name a class, a transfer syntax or a code
system. What is left and quotes one of the data set's own names or numbers is emptied.
"""

import contextlib
import copy
import datetime
import functools
import json
import logging
import re
import warnings
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pydicom
import yaml
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID_dictionary

from medlab.data.pseudonyms import Pseudonyms

# What the table does not list, by type.
_UNLISTED = dict.fromkeys("DA DT TM".split(), "C") | dict.fromkeys("AE LT PN ST UC UN UR UT".split(), "X")
# Of their kind, but an object without them is not valid.
_REQUIRED = ("MultiCoilElementName", "RTImageLabel")
_CLASSES = ("ClassUID", "SOPClass", "TransferSyntax", "CodingSchemeUID", "ContextUID", "MappingResourceUID")
_DUMMY = {"SQ": [pydicom.Dataset()], "UR": "urn:removed", "DS": "0", "IS": "0", "AS": "000Y"}
_DUMMY |= dict.fromkeys(("OB", "UN"), b"\0\0")
_TEXTS = set("AE AS CS DS IS LO LT PN SH ST UC UR UT".split())
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_DATE_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?((?:\d\d){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?)")
_NUMBERS_ONLY = re.compile(r"[-+.\d eE]*")
_TIME = re.compile(r"\d\d(:?\d\d(:?\d\d(\.\d{1,6})?)?)?|[+-]\d{4}")

_FILES = resources.files("medlab.data")
_TABLE = json.loads((_FILES / "confidentiality.json").read_text(encoding="utf-8"))
ACTIONS = {int(tag, 16): letter for letter, tags in _TABLE["actions"].items() for tag in tags.split()}
_TECHNICAL = set(_TABLE["technical"].split())  # short texts that the table does not list and that stay
_LISTS = yaml.safe_load((_FILES / "deidentification.yaml").read_text(encoding="utf-8"))
_NUMBERS, _ANATOMY = (set(_LISTS[name].split()) for name in ("identifying", "anatomy"))

# What a contour or a segment is called, its number, and what it is called without a name.
_NAMED = {"ROIName": ("ROINumber", "ROI"), "SegmentLabel": ("SegmentNumber", "Segment")}


class Cleaner:
    """Apply the profile to the data sets of one patient.

    Parameters
    ----------
    pseudonyms : Pseudonyms
    identity : str
        What the patient is known by: the dates' offset follows from it.
    source : pydicom.Dataset
        Data set whose names and numbers no kept value may quote.
    """

    def __init__(self, pseudonyms: Pseudonyms, identity: str, source: pydicom.Dataset) -> None:
        self._pseudonyms = pseudonyms
        self._name = pseudonyms.patient(identity)
        self._offset = datetime.timedelta(days=pseudonyms.days(identity))
        self._quotes = _quotes(source)

    def dataset(self, source: pydicom.Dataset) -> pydicom.Dataset:
        """Return a cleaned copy, of sequences as well; `source` is left untouched."""
        cleaned = pydicom.Dataset()
        for tag in source.keys():  # iterating over a Dataset would decode every value
            letter = action(tag)
            if letter != "X":
                cleaned.add(self._element(source, tag, letter))
        return cleaned

    def uid(self, uid: str) -> str:
        """Return the stand-in of a UID; those that DICOM itself registers stay."""
        return uid if not uid or uid in UID_dictionary else self._pseudonyms.uid(uid)

    def _element(self, source: pydicom.Dataset, tag: BaseTag, letter: str) -> DataElement:
        keyword, known_vr = dictionary_keyword(tag), dictionary_VR(tag)
        if keyword in ("PatientID", "PatientName"):
            return DataElement(tag, known_vr, self._name)
        if keyword in _NAMED:
            return DataElement(tag, known_vr, _anatomical(source, keyword))
        raw: Any = source.get_item(tag)
        if letter == "Z" or raw.value in (None, "", b"", []):
            return DataElement(tag, known_vr, empty_value_for_VR(known_vr))
        if letter == "D" and known_vr != "UI":
            return DataElement(tag, known_vr, copy.deepcopy(_DUMMY.get(known_vr, "REMOVED")))
        element = copy.deepcopy(_decoded(source, tag))
        if element.VR == "SQ":
            element.value = [self.dataset(item) for item in element.value or ()]
        elif keyword in PIXELS:
            pass
        elif element.VR not in known_vr and not {element.VR, known_vr} <= _TEXTS:
            element.value = None  # who knows what
        elif known_vr == "UI":
            _each(element, self.uid if letter != "K" else lambda uid: re.sub(r".*[^\d.].*", "", uid))
        elif letter == "C":
            _each(element, functools.partial(self._shifted, known_vr))
        elif {element.VR, known_vr} & {"DS", "IS"}:
            if not all(_NUMBERS_ONLY.fullmatch(str(number or "")) for number in values_of(element)):
                element.value = None  # pydicom lets any text pass for a number
        elif known_vr == "AS":
            _each(element, _age)
        elif element.VR in _TEXTS:
            _each(element, lambda text: "" if self._quotes.search(text) else text)
        elif element.VR in ("OB", "OW", "OB or OW") and self._quotes.search(_text(element.value)):
            element.value = None
        return element

    def _shifted(self, vr: str, value: str) -> str:
        """Return a date moved into the past by whole days, a time of day as it is, and else nothing."""
        if vr not in ("DA", "DT"):
            return value if _TIME.fullmatch(value) else ""
        parts = (_DATE if vr == "DA" else _DATE_TIME).fullmatch(value)
        if not parts:
            return ""
        year, month, day, *rest = parts.groups()
        try:
            date = datetime.date(int(year), int(month or 1), int(day or 1)) - self._offset
        except (ValueError, OverflowError):
            return ""  # no such day
        # A year or a month alone is shifted from its first day, and keeps its precision.
        precision = 4 + 2 * (month is not None) + 2 * (day is not None)
        return f"{date.year:04}{date.month:02}{date.day:02}"[:precision] + "".join(rest)


def action(tag: BaseTag) -> str:
    """Return the letter of an element, listed or not."""
    # Groups 50xx and 60xx are curves and overlays; group 0000 is a message's, 0002 a file's.
    outside = tag.group < 0x0008 or tag.element == 0 or tag.group & 0xFF00 in (0x5000, 0x6000)
    if tag.is_private or outside or not dictionary_has_tag(tag):
        return "X"
    if tag in ACTIONS:
        return ACTIONS[tag]
    vr = dictionary_VR(tag)
    if vr == "UI":
        return "K" if any(word in dictionary_keyword(tag) for word in _CLASSES) else "U"
    if vr in ("LO", "SH") and dictionary_keyword(tag) not in _TECHNICAL:
        return "D" if dictionary_keyword(tag) in _REQUIRED else "X"
    return _UNLISTED.get(vr, "K")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings, which quote values and file names, from screens and logs."""
    logger, mute = logging.getLogger("pydicom"), logging.Filter("of no logger")
    with warnings.catch_warnings(action="ignore"):
        logger.addFilter(mute)
        try:
            yield
        finally:
            logger.removeFilter(mute)


def stated(source: pydicom.Dataset, tag: str | int) -> Any:
    """Return the value of an element by keyword or tag; None where it is empty or not there."""
    number = Tag(tag)
    return (_decoded(source, number).value or None) if number in source else None


def _decoded(source: pydicom.Dataset, tag: BaseTag) -> DataElement:
    """Return an element whose value pydicom could make sense of."""
    with contextlib.suppress(Exception):  # its kinds are many, and their words quote the value
        return source[tag]
    msg = (
        f"{dictionary_keyword(tag)} must hold a value of DICOM's type {dictionary_VR(tag)}, got one that "
        "cannot be read. Correct or delete it first."
    )
    raise ValueError(msg)


def values_of(element: DataElement) -> list[Any]:
    """Return the values of an element that may hold one or several."""
    return list(element.value) if isinstance(element.value, (MultiValue, list)) else [element.value]


def _each(element: DataElement, change: Any) -> None:
    """Change every text of an element that may hold one or several."""
    if element.value is not None:
        element.value = [change(str(value)) for value in values_of(element)]


def _age(age: str) -> str:
    """Return an age such as "064Y"; those over 89 years all become "090Y" (45 CFR 164.514(b)(2)(i)(C))."""
    if not re.fullmatch(r"\d{3}[DWMY]", age):
        return ""
    return "090Y" if age[3] == "Y" and age > "089Y" else age


def _anatomical(source: pydicom.Dataset, keyword: str) -> str:
    """Return a contour's or a segment's name if anatomical words and numbers make it up, else its number."""
    name = str(stated(source, keyword) or "")
    words = re.findall(r"[^\W\d_]+", name.lower())
    if words and len(name) <= 64 and set(words) <= _ANATOMY and not re.search(r"\d{3}", name):
        return name
    number_keyword, noun = _NAMED[keyword]
    number = str(stated(source, number_keyword) or "")  # pydicom lets any text pass for a number
    return f"{noun} {number if number.isdecimal() else ''}".strip()


def _quotes(source: pydicom.Dataset) -> re.Pattern[str]:
    """Return what finds the names and numbers of a data set in a text."""
    # A short one must stand alone: the patient Ann is not in every "scanner".
    parts = sorted(
        rf"(?<![^\W_]){re.escape(text)}(?![^\W_])" if len(text) < 5 or text.isalpha() else re.escape(text)
        for text in _identifying(source)
    )
    return re.compile("|".join(parts) or "(?!)", re.IGNORECASE)


def _identifying(source: pydicom.Dataset) -> set[str]:
    """Return the words of names, from three letters, and the numbers, from four characters."""
    texts: set[str] = set()
    for tag in source.keys():
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else ""
        if vr == "SQ" and (element := _decoded(source, tag)).VR == "SQ":
            texts.update(*(_identifying(item) for item in element.value or ()))
        elif vr == "PN":
            texts.update(re.findall(r"[^\W\d_]{3,}", _text(_decoded(source, tag).value)))
        elif vr and dictionary_keyword(tag) in _NUMBERS:
            values = values_of(_decoded(source, tag))
            texts.update(text for text in map(_text, values) if len(text) > 3)
    return texts


def _text(value: Any) -> str:
    """Return a value as text, bytes as one character each."""
    return bytes(value).decode("latin-1") if isinstance(value, (bytes, bytearray)) else str(value or "")
