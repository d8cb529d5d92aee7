"""De-identify DICOM by the profile of the standard, so that files of one patient still belong together.

The profile is DICOM PS3.15-2026c, Annex E: the Basic Application Level Confidentiality Profile (Table E.1-1;
medlab.data.confidentiality says where the table comes from) with the options Retain Patient Characteristics
(age, sex, size, weight) and Retain Longitudinal Temporal Information with Modified Dates. Where the standard
leaves a choice:

- All dates of a patient move into the past by the same whole number of days, 1 to 3650. Days between visits
  and times of day survive, and with them what a standardized uptake value is computed from: times of
  injection and acquisition, dose, half-life and weight. The date of birth is emptied.
- UIDs are replaced one by one, the same by the same, so contours still refer to their images.
- Ages over 89 years become 90 years, as the safe harbor of HIPAA asks. It also asks that dates go altogether:
  shifted ones need an expert's determination.
- All private elements are removed, the "safe" ones too; so are curves, overlays, the content of structured
  reports and of embedded documents, texts that a person types, listed or not, and names of contours and
  segments that are not plain anatomy.

What no profile for headers can do is left to the user: a face can be rebuilt from a CT or MR of the head, and
text that is part of the picture stays. Pictures that are likely to hold text are refused.
"""

import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, MediaStorageDirectoryStorage

from medlab.data import confidentiality, dicomfiles
from medlab.data.confidentiality import stated
from medlab.data.pseudonyms import Pseudonyms

# PS3.16, CID 7050.
_METHODS = {
    "113100": "Basic Application Confidentiality Profile",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_ULTRASOUND = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("3.1", "6.1", "6.2"))


def deidentify(
    dataset: pydicom.Dataset, *, salt: str | bytes | None = None, allow_burned_in: bool = False
) -> pydicom.Dataset:
    """Return a copy of a DICOM data set without what identifies a person, a place or a machine.

    The same patient, UID and salt give the same stand-ins in every file. The patient is who bears the Patient
    ID; where there is none, each study counts as a patient of its own.

    Parameters
    ----------
    dataset : pydicom.Dataset
        As `pydicom.dcmread` returns it, or a part of it; left untouched.
    salt : str, bytes or None, at least 8 characters
        The secret that the stand-ins follow from. None takes this user's own, made on first use and kept in
        the user's data directory. Give one for a study that several people share.
    allow_burned_in : bool
        Take pictures that are likely to hold text. Look at them first.

    Returns
    -------
    cleaned : pydicom.Dataset
        A new data set; pixel data are the same bytes. It knows no file name.

    Raises
    ------
    TypeError
        If `dataset` is no pydicom.Dataset.
    ValueError
        If it may hold burned-in text (its own word, a secondary capture, a screen, ultrasound that does not
        deny it, an overlay inside the pixels), is the index of a medium, or has a value that cannot be read.
    OSError
        If `salt` is None, and the user's own can be neither read nor made.

    Notes
    -----
    Source: DICOM PS3.15-2026c, Annex E, Table E.1-1; codes of the methods from PS3.16, CID 7050.
    A second run replaces UIDs and shifts dates once more, and changes nothing else.

    Examples
    --------
    >>> dataset = pydicom.Dataset()
    >>> dataset.PatientID, dataset.PatientAge, dataset.StudyDate = "4711", "092Y", "20200115"
    >>> cleaned = deidentify(dataset, salt="not a secret")
    >>> cleaned.PatientID, cleaned.PatientAge, cleaned.StudyDate
    ('P-1E61DCC9ACDA3FD3', '090Y', '20190828')
    """
    if not isinstance(dataset, pydicom.Dataset):
        msg = (
            f"dataset must be a pydicom.Dataset, got {type(dataset).__name__}. Read it with pydicom.dcmread."
        )
        raise TypeError(msg)
    pseudonyms = Pseudonyms(salt)
    with confidentiality.quiet():
        return _checked(dataset, pseudonyms, allow_burned_in)


def deidentify_files(
    source_folder: str | os.PathLike[str],
    target_folder: str | os.PathLike[str],
    *,
    salt: str | bytes | None = None,
    allow_burned_in: bool = False,
) -> pd.DataFrame:
    """Write a de-identified copy of every DICOM file below a folder.

    Copies are called ``PATIENT/SERIES/INSTANCE.dcm`` after the stand-ins. Each is written whole or not at
    all, and nothing is overwritten. A file that cannot be copied does not stop the others.

    Parameters
    ----------
    source_folder : path
        Folder whose files are read, with all folders in it.
    target_folder : path
        Folder outside of it; made where it is missing.
    salt, allow_burned_in
        As `deidentify` takes them.

    Returns
    -------
    table : pandas.DataFrame
        Columns patient, study, series (stand-ins), modality and files, one row for each series; then one row
        for each file that was not copied, with what is wrong in the column problem. Files are called by their
        place in the order of their paths ("file 3 of 12 (sorted by name)"), for names may name patients.

    Raises
    ------
    NotADirectoryError, ValueError
        If `source_folder` is no folder, holds no file, or `target_folder` lies in it.
    OSError
        If `target_folder` is full or cannot be written to; what was copied by then stays.
    """
    source, target = Path(source_folder).resolve(), Path(target_folder).resolve()
    if not source.is_dir():
        msg = "source_folder must be a folder with DICOM files, got something else or nothing."
        raise NotADirectoryError(msg)
    if target.is_relative_to(source):
        msg = "target_folder must lie outside of source_folder, got one inside. Choose another."
        raise ValueError(msg)
    paths = sorted(Path(folder, name) for folder, _, names in os.walk(source) for name in names)
    if not paths:
        msg = "source_folder must hold DICOM files, got an empty folder."
        raise ValueError(msg)
    pseudonyms = Pseudonyms(salt)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    problems = []
    for number, path in enumerate(paths, 1):
        try:
            with confidentiality.quiet():
                cleaned = _checked(dicomfiles.read(path), pseudonyms, allow_burned_in)
                dicomfiles.write(cleaned, target)
        except ValueError as error:
            problems.append(f"file {number} of {len(paths)} (sorted by name): {error}")
        else:
            keys = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality")
            counts[tuple(str(cleaned.get(key, "")) for key in keys)] += 1  # type: ignore[index]
    rows = [(*series, files, "") for series, files in counts.items()]
    rows += [("", "", "", "", 0, problem) for problem in problems]
    return pd.DataFrame(rows, columns=["patient", "study", "series", "modality", "files", "problem"])


def _checked(dataset: pydicom.Dataset, pseudonyms: Pseudonyms, allow_burned_in: bool) -> pydicom.Dataset:
    try:
        _refuse_index(dataset)
        if not allow_burned_in:
            _refuse_burned_in(dataset)
        return _cleaned(dataset, pseudonyms)
    except ValueError:
        raise
    except Exception as error:  # of pydicom, whose words quote values
        msg = (
            f"it must be a DICOM data set that can be understood, got {type(error).__name__}: it is damaged. "
            "Copy it again from its source, or leave it out."
        )
        raise ValueError(msg) from None


def _cleaned(dataset: pydicom.Dataset, pseudonyms: Pseudonyms) -> pydicom.Dataset:
    identity = _identity(dataset)
    cleaner = confidentiality.Cleaner(pseudonyms, identity, dataset)
    cleaned = cleaner.dataset(dataset)
    cleaned.PatientID = cleaned.PatientName = pseudonyms.patient(identity)
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.LongitudinalTemporalInformationModified = "MODIFIED"
    cleaned.DeidentificationMethod = "DICOM PS3.15-2026c Annex E, medlab"
    cleaned.DeidentificationMethodCodeSequence = [_code(*method) for method in _METHODS.items()]
    implicit, little_endian = dataset.original_encoding
    cleaned.set_original_encoding(implicit, little_endian, dataset.original_character_set)
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        # Application entities, private information and the preamble stay behind.
        cleaned.file_meta = FileMetaDataset()
        for keyword in ("MediaStorageSOPClassUID", "TransferSyntaxUID"):
            if keyword in meta:
                setattr(cleaned.file_meta, keyword, UID(str(stated(meta, keyword))))
        instance = str(stated(dataset, "SOPInstanceUID") or stated(meta, "MediaStorageSOPInstanceUID") or "")
        cleaned.file_meta.MediaStorageSOPInstanceUID = UID(cleaner.uid(instance))
    return cleaned


def _identity(dataset: pydicom.Dataset) -> str:
    """Return what the patient is known by: names are shared by strangers, so they do not count."""
    for keyword in ("PatientID", "StudyInstanceUID", "SOPInstanceUID"):
        value = str(stated(dataset, keyword) or "").strip()
        if value:
            return value if keyword == "PatientID" else f"{keyword} {value}"
    return ""


def _code(value: str, meaning: str) -> pydicom.Dataset:
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _refuse_index(dataset: pydicom.Dataset) -> None:
    meta = getattr(dataset, "file_meta", pydicom.Dataset())
    sop_class = stated(meta, "MediaStorageSOPClassUID")
    if "DirectoryRecordSequence" in dataset or sop_class == MediaStorageDirectoryStorage:
        msg = "it must be an object of a patient, got a DICOMDIR: an index of files under their old names."
        raise ValueError(msg)


def _refuse_burned_in(dataset: pydicom.Dataset) -> None:
    """Refuse pictures that are likely to hold text."""
    sop_class, burned_in, image_type = (
        str(stated(dataset, keyword) or "") for keyword in ("SOPClassUID", "BurnedInAnnotation", "ImageType")
    )
    if burned_in.upper() == "YES":
        reason = "its header says so (BurnedInAnnotation)"
    elif sop_class.startswith(_SECONDARY_CAPTURE) or "SCREEN SAVE" in image_type.upper():
        reason = "it is a secondary capture or a saved screen"
    elif sop_class in _ULTRASOUND and burned_in.upper() != "NO":
        reason = "it is ultrasound whose header does not deny it"
    elif any(stated(dataset, group << 16 | 0x0102) for group in range(0x6000, 0x6020, 2)):
        reason = "an overlay is stored inside its pixels"
    else:
        return
    msg = (
        f"the picture must hold no burned-in text, got one that is likely to: {reason}. Look at it, and pass "
        "allow_burned_in=True if it names nobody."
    )
    raise ValueError(msg)
