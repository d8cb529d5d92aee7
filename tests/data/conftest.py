"""DICOM series of a patient who does not exist, and whose name must not come out anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SHAPE, SPACING, ORIGIN = (7, 8, 9), (3.0, 0.8, 0.7), (10.0, 20.0, 30.0)
# Columns along z, y and x of the array: all oblique, at right angles, of length 1.
DIRECTION = np.array([[-1, -2, 2], [-2, 2, 1], [2, 1, 2]]) / 3
PLANTED = ("Planted", "SECRET4711", "19991231", "1.2.3.4711")


@pytest.fixture
def printed_elsewhere() -> Callable[[str], str]:
    """Run a line of Python in another process, which sees the test modules; return what it prints."""

    def run(code: str) -> str:
        paths = [os.path.dirname(__file__), *sys.path]  # noqa: PTH120
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    return run


class DicomSeries:
    """Writes series with unequal axes, in files whose names say nothing of their order."""

    array = np.random.default_rng(0).integers(-1000, 3000, SHAPE).astype(np.int16)
    shape, spacing, origin, direction, planted = SHAPE, SPACING, ORIGIN, DIRECTION, PLANTED

    def write(
        self,
        folder: Path,
        array: NDArray[Any] | None = None,
        *,
        edit: Callable[[Any, int], Any] | None = None,
        uid: str = "1.2.3.4711.1",
        syntax: str | None = None,
        skip: tuple[int, ...] = (),
        **elements: Any,
    ) -> list[Path]:
        """Write one file a slice and return the paths in the order of their positions.

        Parameters
        ----------
        folder : Path
        array : integer array, shape (Z, Y, X)
            Stored as it is.
        edit : function of (dataset, z), or None
            Called before a slice is written; returns a path to write to, or None for the usual one.
        uid : str
            Series Instance UID.
        syntax : str or None
            Transfer Syntax UID; None is explicit little endian.
        skip : tuple of int
            Slices that are left out.
        elements
            DICOM elements of all slices, by keyword.
        """
        import pydicom

        stored = self.array if array is None else array
        folder.mkdir(parents=True, exist_ok=True)
        names = np.random.default_rng(5).permutation(1000)
        paths = []
        for z, plane in enumerate(stored):
            if z in skip:
                continue
            dataset = pydicom.Dataset()
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(
                syntax or pydicom.uid.ExplicitVRLittleEndian
            )
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{uid}.{z + 1}"
            dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = "1.2.3.4711", "1.2.3.4711.9"
            dataset.SeriesInstanceUID, dataset.Modality = uid, "CT"
            dataset.SpecificCharacterSet = "ISO_IR 100"
            dataset.PatientName, dataset.PatientID = "Planted^Name", "SECRET4711"
            dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "19991231"
            dataset.SeriesDescription, dataset.PatientSex = "Planted description", "F"
            dataset.InstanceNumber = int(names[z])
            dataset.ImagePositionPatient = self.text(np.add(ORIGIN, z * SPACING[0] * DIRECTION[:, 0]))
            dataset.ImageOrientationPatient = self.text([*DIRECTION[:, 2], *DIRECTION[:, 1]])
            dataset.PixelSpacing, dataset.SliceThickness = list(SPACING[1:]), 5.0
            dataset.Rows, dataset.Columns = plane.shape
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            dataset.BitsAllocated = dataset.BitsStored = 8 * plane.dtype.itemsize
            dataset.HighBit = dataset.BitsStored - 1
            dataset.PixelRepresentation = int(plane.dtype.kind == "i")
            dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
            dataset.PixelData = plane.tobytes()
            for name, value in elements.items():
                setattr(dataset, name, value)
            path = folder / f"Planted_{names[z]:04d}.dcm"
            path = (edit and edit(dataset, z)) or path
            dataset.save_as(path, enforce_file_format=True)
            paths.append(path)
        return paths

    @staticmethod
    def text(numbers: Any) -> list[str]:
        """Return numbers as DICOM writes them: decimal, at most 16 characters."""
        return [f"{number:.12f}"[:16] for number in numbers]


@pytest.fixture
def dicom() -> DicomSeries:
    return DicomSeries()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet and bears a patient's name."""
    return tmp_path / "Planted^Name"


@pytest.fixture
def affine_ras() -> NDArray[np.float64]:
    """Return the NIfTI affine of the same grid, derived by hand: x and y change sign, columns are x, y, z."""
    return np.array(
        [
            [-2 / 3 * 0.7, 2 / 3 * 0.8, 1 / 3 * 3.0, -10],
            [-1 / 3 * 0.7, -2 / 3 * 0.8, 2 / 3 * 3.0, -20],
            [2 / 3 * 0.7, 1 / 3 * 0.8, 2 / 3 * 3.0, 30],
            [0, 0, 0, 1],
        ]
    )
