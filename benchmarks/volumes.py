"""Reading a CT series with all checks beside SimpleITK's own reader, turn by turn in one process.

The series is written first: 300 slices of 512 x 512, int16, with a header of a usual length, in files whose
names say nothing of their order. `read` checks the geometry and de-identifies the header; SimpleITK's
ImageSeriesReader does neither. `list_series`, and a `read` after it, stand beside GDCM's scan of the same
folder and the same reader; headers that medlab keeps between calls are forgotten before each round.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medlab.data import volumes
from medlab.data.volumes import dicom_slices

SLICES, SIDE = 300, 512
ROUNDS = 7
ALLOWED = 1.2
PRIVATE_ELEMENTS = 60  # makers of scanners write at least as many


def write_series(folder: Path) -> None:
    """Write a series of noise with the headers of a CT."""
    rng = np.random.default_rng(0)
    names = rng.permutation(SLICES)
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID, header.Modality = CTImageStorage, "CT"
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(header, name, generate_uid())
    header.PatientName, header.PatientID, header.StudyDate = "Nobody^Nowhere", "0", "20000101"
    header.ImageOrientationPatient, header.PixelSpacing, header.SliceThickness = (
        [1, 0, 0, 0, 1, 0],
        [0.7, 0.7],
        1,
    )
    header.Rows = header.Columns = SIDE
    header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 1
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.RescaleSlope, header.RescaleIntercept = 1, -1024
    for number in range(PRIVATE_ELEMENTS):
        header.add_new((0x0019, 0x1000 + number), "LO", "a value of the maker's")
    header.add_new((0x0019, 0x0010), "LO", "MAKER")
    for z in range(SLICES):
        header.SOPInstanceUID = generate_uid()
        header.InstanceNumber, header.ImagePositionPatient = z + 1, [-180, -180, z]
        header.PixelData = rng.integers(0, 4096, (SIDE, SIDE)).astype(np.int16).tobytes()
        header.save_as(folder / f"{names[z]:03d}.dcm", enforce_file_format=True)


def with_simpleitk(folder: Path) -> sitk.Image:
    """Read as SimpleITK's documentation does."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def scan_and_read(folder: Path) -> sitk.Image:
    """List the series of a folder, then read the first, with SimpleITK and its GDCM."""
    reader = sitk.ImageSeriesReader()
    (uid, *_) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
    return reader.Execute()


def list_and_read(folder: Path) -> volumes.Volume:
    """List the series of a folder, then read the first, with medlab."""
    return volumes.read(folder, series=volumes.list_series(folder)[0].number)


def main() -> int:
    """Print the seconds of each way and their ratios; return 1 if reading takes longer than allowed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_series(folder)
        # Both once unmeasured: the files come into memory, and the results must be the same.
        same = np.array_equal(volumes.read(folder).array, sitk.GetArrayFromImage(with_simpleitk(folder)))
        ways: dict[str, Callable[[Path], object]] = {
            "medlab, read": volumes.read,
            "SimpleITK, read": with_simpleitk,
            "medlab, list": volumes.list_series,
            "GDCM, list": lambda path: sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(path)),
            "medlab, list and read": list_and_read,
            "SimpleITK, list and read": scan_and_read,
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, run in ways.items():
                dicom_slices.forget()
                started = time.perf_counter()
                run(folder)
                seconds[way].append(time.perf_counter() - started)
    taken = [np.array(each) for each in seconds.values()]
    ratio, *others = (
        float(np.median(ours / theirs)) for ours, theirs in zip(taken[::2], taken[1::2], strict=True)
    )
    for way, each in seconds.items():
        print(f"{way:25s} {np.median(each):.2f} s for {SLICES} slices of {SIDE} x {SIDE}")
    print(f"listing takes {others[0]:.2f} of the time of GDCM's scan, listing and reading {others[1]:.2f}")
    reached = same and ratio <= ALLOWED
    print(
        f"{ratio:.2f} of SimpleITK's time (allowed {ALLOWED}), the same values: {same}: "
        f"{'reached' if reached else 'MISSED'} (median of {ROUNDS} rounds)"
    )
    return not reached


if __name__ == "__main__":
    sys.exit(main())
