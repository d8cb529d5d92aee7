"""Read a volume from wherever it lies: a DICOM folder, one DICOM file, or NIfTI."""

from collections.abc import Sequence
from pathlib import Path

import pydicom
from pydicom.uid import UID, MediaStorageDirectoryStorage

from medlab.data.confidentiality import values_of
from medlab.data.pseudonyms import Pseudonyms
from medlab.data.volumes import dicom_objects, dicom_slices, geometry, pixels
from medlab.data.volumes.dicom_slices import UNREADABLE, Series, SliceFile, is_dicom, modality_of, unharmed
from medlab.data.volumes.volume import Volume

THE_FILE = "The file"
UNKNOWN_TYPE = (
    "path must be a folder with DICOM slices, a DICOM file, or .nii or .nii.gz; got a file of unknown "
    "type, without DICOM's mark (DICM at byte 128). Save what SimpleITK reads (.nrrd, .mha, .hdr) or nibabel "
    "(.mgz) as .nii.gz first: SimpleITK.WriteImage(SimpleITK.ReadImage(path), 'volume.nii.gz')."
)


def read(
    path: str | Path,
    *,
    series: int | str | None = None,
    modality: str | None = None,
    deidentify: bool = True,
    salt: str | None = None,
) -> Volume:
    """Read one series of a DICOM folder, one DICOM slice, or a NIfTI file.

    Slices are sorted by position along their normal, and refused where they make no regular volume. Numbers
    are rescaled as the headers say, slice by slice.

    Parameters
    ----------
    path : path of a folder, of a DICOM file, or of a .nii or .nii.gz file
        Folders in the folder are not searched; files that are no images are passed over.
    series : int, str or None
        Number or UID from `list_series`; needed where a folder holds several series.
    modality : str or None
        For NIfTI, which does not say it: "CT" makes the units HU. DICOM says it itself.
    deidentify : bool
        Replace and remove what identifies the patient before the header is kept. Pixels are not looked
        at: text that is part of the picture stays.
    salt : str or None, at least 8 characters
        Secret that replaced UIDs and dates follow from; None is this user's own. See
        `medlab.data.deidentification`.

    Returns
    -------
    volume : Volume
        Array of shape (Z, Y, X), int16 where rescaled values are whole and fit, else float32. Padding
        outside of the field of view keeps its value (-3024 HU, for example).

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If files are damaged, of unknown type or no volume, or a series must be chosen. Messages number files
        and series, and repeat no name, identifier or date.
    ImportError
        If pixels are compressed and no decoder is installed; the message gives the pip line.
    """
    source = existing(path)
    if source.is_file() and not is_dicom(source, THE_FILE):
        if not source.name.lower().endswith((".nii", ".nii.gz")):
            raise ValueError(UNKNOWN_TYPE)
        if series is not None:
            msg = f"series must be left out for NIfTI, which holds one image, got {series!r}."
            raise ValueError(msg)
        from medlab.data.volumes import nifti

        return nifti.read_nifti(source, modality or "unknown")
    if modality is not None:
        msg = f"modality must be left out for DICOM, which says it itself, got {modality!r}."
        raise ValueError(msg)
    headers, passed_over = _slices(source)
    chosen = _chosen(headers, series, deidentify, salt)
    notes = dicom_objects.check_kind(chosen)
    slices, grid = geometry.arrange(chosen)
    first = slices[0]
    array, units = pixels.read_pixels(slices), pixels.units_of(first)
    header = _header(first.path, first.label, deidentify, salt)
    notes += grid.notes + passed_over
    uids = tuple(str(file.facts.get("SOPInstanceUID") or "") for file in slices)
    if "" in uids or len(set(uids)) < len(uids):
        uids = ()  # nobody could tell which slice is meant
    if deidentify:
        uids = tuple(map(Pseudonyms(salt).uid, uids))
    return Volume(array, *grid[:3], modality_of(first), units, header, notes, uids)


def list_series(path: str | Path, *, deidentify: bool = True, salt: str | None = None) -> list[Series]:
    """Return what series a DICOM folder holds, by technical facts only.

    Parameters
    ----------
    path : path of a folder, or of a DICOM file
    deidentify, salt
        As for `read`: UIDs are replaced in the same way.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If a file is damaged, or there is no DICOM image.
    """
    return _listing(_slices(existing(path))[0], deidentify, salt)


def read_header(path: str | Path, *, deidentify: bool = True, salt: str | None = None) -> pydicom.Dataset:
    """Read the header of one DICOM file, without pixels.

    Parameters
    ----------
    path : path of a DICOM file
    deidentify : bool
        Replace and remove what identifies the patient.
    salt : str or None, at least 8 characters
        As for `read`.

    Returns
    -------
    header : pydicom.Dataset

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If it is no DICOM file, or damaged.
    """
    source = existing(path)
    if not source.is_file() or not is_dicom(source, THE_FILE):
        msg = (
            "path must be one DICOM file, got a folder or a file without DICOM's mark (DICM at byte 128). "
            "list_series tells what a folder holds."
        )
        raise ValueError(msg)
    return _header(source, THE_FILE, deidentify, salt)


def existing(path: str | Path) -> Path:
    """Return the path if something is there; names may hold a patient's, so messages do without."""
    source = Path(path).expanduser()
    if not source.exists():
        msg = (
            "path must be a folder or file that exists, got one that does not. Check its spelling; a "
            "relative path begins at the folder that pathlib.Path.cwd() gives."
        )
        raise FileNotFoundError(msg)
    return source


def _slices(source: Path) -> tuple[Sequence[SliceFile], tuple[str, ...]]:
    """Return the headers of a folder or of one file, and what was passed over."""
    if source.is_dir():
        return dicom_slices.scan(source)
    if not is_dicom(source, THE_FILE):
        dicom_slices.refuse_unmarked(THE_FILE)
    file = dicom_slices.read_slice(source, THE_FILE)
    if file is None:
        with unharmed(THE_FILE):
            meta = pydicom.dcmread(source, specific_tags=[]).file_meta
        sop_class = meta.get("MediaStorageSOPClassUID", UID(""))
        name = "of a private kind" if sop_class.name == sop_class else sop_class.name
        description = dicom_objects.OWN_READERS.get(sop_class.name) or f"an object without pixels ({name})"
        msg = f"path must be a DICOM image, got {description}."
        if sop_class == MediaStorageDirectoryStorage:
            msg = (
                "path must be a DICOM image, got a DICOMDIR: the index of a disc, which names its files. "
                "Pass the folder of the disc that holds the slices."
            )
        raise ValueError(msg)
    return [file], ()


def _chosen(
    slices: Sequence[SliceFile], series: int | str | None, deidentify: bool, salt: str | None
) -> list[SliceFile]:
    """Return the slices of the series that was asked for, or of the only one."""
    groups = list(dicom_slices.group(slices).values())
    if series is None and len(groups) == 1:
        return groups[0]
    listing = _listing(slices, deidentify, salt)
    for facts, members in zip(listing, groups, strict=True):
        if series is not None and series in (facts.number, facts.uid):
            return members
    rows = "".join(f"\n  {facts}" for facts in listing)
    if series is None:
        msg = (
            f"series must be chosen where a folder holds several, got none for {len(groups)} series. Pass "
            f"series=1, for example, of:{rows}"
        )
    else:
        received = repr(series) if isinstance(series, int) else "a UID that is not listed"
        msg = (
            f"series must be a number from 1 to {len(groups)}, or a UID as list_series gives it, got "
            f"{received}. There are:{rows}"
        )
    raise ValueError(msg)


def _listing(slices: Sequence[SliceFile], deidentify: bool, salt: str | None) -> list[Series]:
    """Return the facts of each series; a series that does not form a volume has no spacing."""
    listing = []
    for number, (uid, members) in enumerate(dicom_slices.group(slices).items(), 1):
        try:
            dicom_objects.check_kind(members)
            spacing = geometry.arrange(members)[1].spacing_mm
        except ValueError:
            spacing = None
        first = members[0]
        if deidentify:  # the UID that the header of a volume of this series bears
            uid = str(_header(first.path, first.label, True, salt).SeriesInstanceUID)
        rows, columns = first.facts["Rows"], first.facts["Columns"]
        listing.append(Series(number, modality_of(first), len(members), rows, columns, spacing, uid))
    return listing


def _header(path: Path, label: str, deidentify: bool, salt: str | None) -> pydicom.Dataset:
    """Read a header without pixels, and de-identify it unless asked otherwise."""
    with unharmed(label):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        if not deidentify:
            return header
        _drop_unreadable(header)
    from medlab.data import deidentification

    # Whether text is burned into the pixels is no question of the header, which alone is kept here.
    return deidentification.deidentify(header, salt=salt, allow_burned_in=True)


def _drop_unreadable(dataset: pydicom.Dataset) -> None:
    """Remove elements whose values are none of their type, in sequences too: their text may name somebody."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except UNREADABLE:
            del dataset[tag]
            continue
        # pydicom leaves text that is not a number as it is.
        if element.VR in ("DS", "IS"):
            if any(isinstance(value, str) and value for value in values_of(element)):
                del dataset[tag]
        elif element.VR == "SQ":
            for item in element.value:
                _drop_unreadable(item)
