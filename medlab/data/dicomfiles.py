"""Read and write DICOM files whole or not at all, with errors that quote neither names nor values."""

import contextlib
import errno
import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
from pydicom import uid
from pydicom.misc import is_dicom
from pydicom.pixels.utils import get_expected_length

from medlab.data import pseudonyms
from medlab.data.confidentiality import PIXELS, quiet

# Syntaxes whose pixels are not compressed, so that their length is known.
_NATIVE = [syntax for syntax in uid.AllTransferSyntaxes if not syntax.is_compressed]


def read(path: Path) -> pydicom.Dataset:
    """Read a whole file."""
    with _sealed("be a whole DICOM file"):
        dataset = _dataset(path) if is_dicom(path) else _without_preamble(path)
    if dataset is None:
        msg = "it must be DICOM, got a file without DICOM's mark (DICM at byte 128) or content. Leave it out."
        raise ValueError(msg)
    if dataset.file_meta.get("MediaStorageSOPClassUID") == uid.MediaStorageDirectoryStorage:
        return dataset
    with _sealed("be a whole DICOM file"):
        elements: Any = [dataset.get_item(tag) for tag in dataset.keys()]
        cut = "SOPInstanceUID" not in dataset  # pydicom drops a data set that it cannot read to its end
        cut |= any(raw.is_raw and len(raw.value or b"") < raw.length != 0xFFFFFFFF for raw in elements)
        if "PixelData" in dataset and dataset.file_meta.TransferSyntaxUID in _NATIVE:
            cut |= len(dataset.PixelData) < get_expected_length(dataset)
        elif "Rows" in dataset:
            cut |= not any(name in dataset for name in PIXELS)
        if cut:
            raise EOFError
    return dataset


def _dataset(path: Path, *, force: bool = False) -> pydicom.Dataset:
    with quiet():
        return pydicom.dcmread(path, force=force)


def _without_preamble(path: Path) -> pydicom.Dataset | None:
    """Return what older programs wrote as a bare data set, with the facts of a file; None for other files."""
    with contextlib.suppress(Exception):  # whatever pydicom raises on what is no DICOM
        dataset = _dataset(path, force=True)
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        if syntax is None:
            implicit, little = dataset.original_encoding
            explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
            syntax = uid.ImplicitVRLittleEndian if implicit else explicit
        if "SOPClassUID" in dataset and "SOPInstanceUID" in dataset:
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            return dataset
    return None


def write(cleaned: pydicom.Dataset, target: Path) -> None:
    """Write a de-identified file as ``PATIENT/SERIES/INSTANCE.dcm``, whole or not at all, over no other."""
    syntax = cleaned.file_meta.TransferSyntaxUID
    if syntax.is_private or syntax.name == syntax:
        article = "a private" if syntax.is_private else "an unknown"
        msg = (
            f"it must be stored in a transfer syntax of the standard, got {article} one, which nobody else "
            "could read. Convert it first, with gdcmconv --raw for example."
        )
        raise ValueError(msg)
    content = io.BytesIO()
    with _sealed("have what a DICOM file needs"):
        cleaned.save_as(content, enforce_file_format=True)
    folder = target / str(cleaned.PatientID) / str(cleaned.get("SeriesInstanceUID") or "no series")
    path = folder / f"{cleaned.file_meta.MediaStorageSOPInstanceUID}.dcm"
    draft = target / f".{uuid.uuid4().hex}.part"
    try:
        target.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content.getvalue())
        folder.mkdir(parents=True, exist_ok=True)
        pseudonyms.move_new(draft, path)
    except OSError as error:
        if path.is_file():
            msg = "it must be new, got one that target_folder holds already: nothing was overwritten."
            raise ValueError(msg) from None
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        got = "a full disk" if full else type(error).__name__
        msg = f"target_folder must be a folder with room that can be written to, got {got}. Choose another."
        raise OSError(error.errno or errno.EIO, msg) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _sealed(must: str) -> Iterator[None]:
    """Turn whatever is raised into a ValueError that quotes nothing of the file, nor its name."""
    try:
        yield
    except Exception as error:  # pydicom's kinds are many
        msg = f"it must {must}, got {type(error).__name__}. Copy it again from its source, or leave it out."
        raise ValueError(msg) from None
