"""Volumes and masks as files: NIfTI, and DICOM segmentations (SEG) by highdicom."""

import contextlib
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import highdicom as hd
import nibabel
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.valuerep import DA, TM, format_number_as_ds

import medlab
from medlab import checks
from medlab.data.confidentiality import quiet
from medlab.data.volumes.dicom_slices import unharmed
from medlab.data.volumes.masks import OFF_GRID, check_frame, mask_like, unique_names
from medlab.data.volumes.nifti import RAS_TO_LPS
from medlab.data.volumes.reading import existing
from medlab.data.volumes.resampling import check_same_grid
from medlab.data.volumes.volume import Volume

# What a segment is, in SNOMED CT: DICOM asks for a category and a type.
# What a segmentation has to hold, known or not (type 2 in the standard), and its source may lack.
_MAY_BE_EMPTY = (
    "PatientName PatientID PatientBirthDate PatientSex AccessionNumber ReferringPhysicianName StudyID "
    "StudyDate StudyTime PositionReferenceIndicator"
).split()
_NEEDED = "StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID SOPClassUID Modality".split()
_ANATOMY, _LESION = codes.SCT.AnatomicalStructure, codes.SCT.MorphologicallyAbnormalStructure
SEGMENT_KINDS = {
    "nodule": (_LESION, codes.SCT.Nodule),
    "tumor": (_LESION, codes.SCT.Neoplasm),
    "lesion": (_LESION, codes.SCT.Lesion),
    "lung": (_ANATOMY, codes.SCT.Lung),
    "hippocampus": (_ANATOMY, codes.SCT.Hippocampus),
    "organ": (_ANATOMY, codes.SCT.Organ),
}


def write_nifti(volume: Volume, path: str | Path) -> Path:
    """Write a volume or mask as NIfTI, with its place in the patient.

    Parameters
    ----------
    volume : Volume
        Shape (Z, Y, X); booleans become 0 and 1 in uint8. Nothing of the header is written, so the file names
        nobody; modality and unit are lost, too.
    path : path of a new .nii or .nii.gz file

    Returns
    -------
    path : Path

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    ValueError
        If it ends otherwise.

    Examples
    --------
    ``read(write_nifti(volume, "ct.nii.gz"), modality="CT")`` has the same voxels in the same place.
    """
    target = _new_file(path, (".nii", ".nii.gz"))
    array = volume.array
    if array.dtype == bool or (array.dtype.itemsize == 8 and array.dtype.kind in "iu"):
        # The smallest type that holds all values: few programs read NIfTI of 64 bits.
        array = array.astype(np.result_type(*map(np.min_scalar_type, (array.min(), array.max()))))
        array = array.astype(np.uint8) if array.dtype == bool else array
    affine = np.eye(4)
    affine[:3, :3] = RAS_TO_LPS @ (volume.direction * volume.spacing_mm)[:, ::-1]
    affine[:3, 3] = RAS_TO_LPS @ volume.origin_mm
    image = nibabel.Nifti1Image(array.T, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    nibabel.save(image, target)
    return target


def write_seg(
    masks: Mapping[str, Volume],
    source: Volume,
    path: str | Path,
    *,
    kinds: str | Mapping[str, str],
    algorithm: str | None = None,
) -> Path:
    """Write masks as one DICOM segmentation (SEG), a segment each, that refers to the series it was made of.

    Some programs, SimpleITK among them, read only files of one segment in their place: for those, write a
    file a mask.

    Parameters
    ----------
    masks : dict from str to Volume of bool
        By name (1 to 64 characters), on the grid of `source`; they may overlap. `split_labels` makes
        them of a map of labels.
    source : Volume
        The series as `read` returns it, from DICOM; shape (Z, Y, X).
    path : path of a new .dcm file
    kinds : str, or dict from str to str
        What each mask shows, or all of them: one of `SEGMENT_KINDS` ("nodule", "tumor", "lesion", "lung",
        "hippocampus", "organ"), which gives the codes of SNOMED CT.
    algorithm : str or None
        Name of the network or program that made the masks; None where people drew them.

    Returns
    -------
    path : Path

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    ValueError
        If a mask lies on another grid, is empty or has another type, its kind is unknown, a name cannot be
        written, or `source` does not come from DICOM or lacks a UID.

    Notes
    -----
    Patient, study and frame of reference are those of ``source.header``. `read` de-identifies it unless asked
    otherwise, so the segmentation names nobody and belongs to the series as `deidentify_files` copies
    it with the same salt. To write one that belongs to the original, which then names the patient, read
    with ``deidentify=False``. The date of the segmentation itself is today's.

    Examples
    --------
    ``write_seg({"nodule 1": mask}, ct, "seg.dcm", kinds="nodule", algorithm="U-Net")``
    """
    target = _new_file(path, (".dcm",))
    if not source.instance_uids or not isinstance(source.header, pydicom.Dataset) or not masks:
        msg = f"A SEG needs masks and a source as read from DICOM, got {len(masks)} masks and {source!r}."
        raise ValueError(msg)
    headers = _source_images(source)
    maker: Any = None
    if algorithm is not None:
        _check_text("algorithm", algorithm)
        family = codes.DCM.ArtificialIntelligence
        maker = hd.AlgorithmIdentificationSequence(algorithm, family, medlab.__version__)
    segments = []
    for number, (name, mask) in enumerate(masks.items(), 1):
        _check_text(f"name of mask {number}", name)
        check_same_grid(source=source, **{f"mask_{number}": mask})
        if mask.array.dtype != bool or not mask.array.any():
            msg = f"mask {number} must hold booleans, not all False, got {mask.array.dtype}. Leave it out."
            raise ValueError(msg)
        kind: Any = kinds if isinstance(kinds, str) else kinds.get(name)
        codes_of = SEGMENT_KINDS[checks.one_of(f"kind of mask {number}", kind, SEGMENT_KINDS)]
        tracking: dict[str, Any] = {"tracking_uid": hd.UID(), "tracking_id": name}
        made = "MANUAL" if maker is None else "AUTOMATIC"
        segments.append(hd.seg.SegmentDescription(number, name, *codes_of, made, maker, **tracking))
    z_mm, y_mm, x_mm = source.spacing_mm
    # Only the slices that have something: a thin series has hundreds.
    used = np.flatnonzero(np.any([mask.array.any(axis=(1, 2)) for mask in masks.values()], axis=0))
    if len(masks) == 1:  # without gaps, for programs that count slices instead of reading where they lie
        used = np.arange(used[0], used[-1] + 1)
    with quiet():
        segmentation = hd.seg.Segmentation(
            [headers[z] for z in used],
            np.stack([mask.array[used] for mask in masks.values()], axis=-1).astype(np.uint8),
            "BINARY",
            segments,
            hd.UID(),
            series_number=900,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="medlab",
            manufacturer_model_name="medlab",
            software_versions=medlab.__version__,
            device_serial_number="none",
            pixel_measures=hd.PixelMeasuresSequence([y_mm, x_mm], z_mm, z_mm),
            omit_empty_frames=len(masks) > 1,
        )
        segmentation.SpecificCharacterSet = "ISO_IR 192"  # UTF-8: names may be of any language
        segmentation.save_as(target)
    return target


def read_seg(path: str | Path, volume: Volume, *, salt: str | None = None) -> dict[str, Volume]:
    """Read a binary DICOM segmentation (SEG) as masks on the grid of a volume.

    Parameters
    ----------
    path : path of a DICOM file
    volume : Volume
        The series that was segmented, or another on its grid; shape (Z, Y, X).
    salt : str or None
        As it was given to `read`.

    Returns
    -------
    masks : dict from str to Volume of bool
        By the segments' labels, which are free text; where two have one label, their numbers follow in
        parentheses.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the file is no binary segmentation or damaged, or lies on another grid or in another frame of
        reference than the volume.

    Examples
    --------
    ``read_seg("seg.dcm", ct)["nodule 1"].array.sum()`` counts the voxels of a nodule.
    """
    kind, frame_uid, names, frames, places = _segmentation(existing(path))
    if kind != "BINARY":
        got = kind if kind in ("FRACTIONAL", "LABELMAP", "of no segmentation") else "of another kind"
        msg = (
            f"path must be a segmentation of type BINARY, got one {got}. highdicom.seg.segread reads others."
        )
        raise ValueError(msg)
    check_frame(frame_uid, volume, salt)
    arrays = {number: np.zeros(volume.shape, dtype=bool) for number in names}
    off_grid, (_, n_rows, n_columns) = 0, volume.shape
    for frame, (number, corners) in zip(frames, places, strict=True):
        index = volume.to_index(corners)
        z = round(float(index[0, 0]))
        expected = [(z, 0, 0), (z, 0, n_columns - 1), (z, n_rows - 1, n_columns - 1)]
        apart = np.abs(index - expected).max()
        if apart <= OFF_GRID and frame.shape == (n_rows, n_columns) and 0 <= z < len(volume.array):
            arrays[number][z] |= frame
        else:
            off_grid += 1
    if off_grid:
        msg = (
            f"Each frame of a segmentation must lie on the grid of the volume, got {off_grid} of "
            f"{len(frames)} that do not. Read the whole series that was segmented; resample masks afterwards."
        )
        raise ValueError(msg)
    return {name: mask_like(volume, arrays[number]) for number, name in names.items()}


def _segmentation(path: Path) -> tuple[str, str, dict[int, str], NDArray[np.bool_], list[Any]]:
    """Return type, frame of reference, names, frames and places of a segmentation, or its type alone."""
    with unharmed("The file"):
        dataset: Any = pydicom.dcmread(path)
        kind = str(dataset.get("SegmentationType") or "of no segmentation")
        if kind != "BINARY":
            return kind, "", {}, np.zeros((0, 1, 1), dtype=bool), []
        names = unique_names({int(s.SegmentNumber): str(s.SegmentLabel) for s in dataset.SegmentSequence})
        frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns) > 0
        places = [_place(dataset, item) for item in dataset.PerFrameFunctionalGroupsSequence]
        if len(places) != len(frames) or not {number for number, _ in places} <= set(names):
            raise pydicom.errors.InvalidDicomError
        return kind, str(dataset.get("FrameOfReferenceUID") or ""), names, frames, places


def _new_file(path: str | Path, endings: tuple[str, ...]) -> Path:
    target = Path(path).expanduser()
    if not target.parent.is_dir():
        msg = f"path must lie in a folder that exists, got {target.parent.name!r}. Make it first."
        raise FileNotFoundError(msg)
    if not target.name.lower().endswith(endings) or target.exists():
        state = "one that exists" if target.exists() else f"one that ends with {target.suffix or 'nothing'}"
        msg = (
            f"path must be a new file and end with {' or '.join(endings)}, got {state}. Choose another name."
        )
        raise (FileExistsError if target.exists() else ValueError)(msg)
    return target


def _source_images(source: Volume) -> list[pydicom.Dataset]:
    """Return a header for each slice, from that of the first one."""
    images = []
    with quiet():
        known: Any = copy.deepcopy(source.header)
        known.decode()
    if lacking := [keyword for keyword in _NEEDED if not known.get(keyword)]:
        msg = f"The source of a SEG must have {', '.join(lacking)}, got a header without. Export it again."
        raise ValueError(msg)
    for keyword in _MAY_BE_EMPTY:
        if not _can_be_written(keyword, known.get(keyword)):
            setattr(known, keyword, None)
    if known.get("SliceThickness") is None:
        known.SliceThickness = format_number_as_ds(source.spacing_mm[0])
    for z, uid in enumerate(source.instance_uids):
        image: Any = copy.deepcopy(known)
        image.SOPInstanceUID = uid
        image.ImagePositionPatient = [format_number_as_ds(x) for x in source.to_world([z, 0, 0]).tolist()]
        images.append(image)
    return images


def _can_be_written(keyword: str, value: Any) -> bool:
    """Say whether highdicom takes a value as a source has it; older systems wrote others."""
    if keyword == "PatientSex":
        return value in ("M", "F", "O")
    with contextlib.suppress(ValueError, TypeError):
        for ending, convert in (("Date", DA), ("Time", TM)):
            if keyword.endswith(ending):
                convert(value)
        return value is not None
    return False


def _check_text(what: str, text: str) -> None:
    """Refuse what cannot be a label in DICOM."""
    if not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= 64 or not text.isprintable():
        got = f"one of {len(text)}" if isinstance(text, str) else type(text).__name__
        msg = f"{what} must be text of 1 to 64 characters without line breaks, got {got}. Shorten it."
        raise ValueError(msg)
    if "\\" in text:
        msg = f"{what} must have no backslash, which divides values in DICOM. Leave it out."
        raise ValueError(msg)


def _place(dataset: Any, item: Any) -> tuple[int, NDArray[np.float64]]:
    """Return the segment of a frame and the points at three of its corners, shape (3, 3), mm."""
    groups = {**_by_name(dataset.SharedFunctionalGroupsSequence[0]), **_by_name(item)}
    measures, orientation = groups["PixelMeasuresSequence"], groups["PlaneOrientationSequence"]
    segment, position = groups["SegmentIdentificationSequence"], groups["PlanePositionSequence"]
    first = np.array(position.ImagePositionPatient, dtype=np.float64)
    along_row, along_column = np.array(orientation.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    row_mm, column_mm = (float(length) for length in measures.PixelSpacing)
    second = first + along_row * column_mm * (dataset.Columns - 1)
    corners = np.stack([first, second, second + along_column * row_mm * (dataset.Rows - 1)])
    if not np.isfinite(corners).all():
        raise pydicom.errors.InvalidDicomError
    return int(segment.ReferencedSegmentNumber), corners


def _by_name(item: Any) -> dict[str, Any]:
    """Return the first item of each sequence of an item."""
    return {element.keyword: element.value[0] for element in item if element.VR == "SQ" and element.value}
