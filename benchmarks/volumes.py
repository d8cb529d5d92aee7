"""Reading a CT series with all checks beside SimpleITK's own reader, turn by turn in one process.

The series is written first: 300 slices of 512 x 512, int16, with a header of a usual length, in files whose
names say nothing of their order. `read` checks the geometry and de-identifies the header; SimpleITK's
ImageSeriesReader does neither.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medlab.data import volumes

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


def main() -> int:
    """Print the seconds of both and their ratio; return 1 if it is larger than allowed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_series(folder)
        # Both once unmeasured: the files come into memory, and the results must be the same.
        same = np.array_equal(volumes.read(folder).array, sitk.GetArrayFromImage(with_simpleitk(folder)))
        ways = {"medlab": volumes.read, "SimpleITK": with_simpleitk}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, read in ways.items():
                started = time.perf_counter()
                read(folder)
                seconds[way].append(time.perf_counter() - started)
    ratio = float(np.median(np.array(seconds["medlab"]) / np.array(seconds["SimpleITK"])))
    for way, taken in seconds.items():
        print(f"{way:10s} {np.median(taken):.2f} s for {SLICES} slices of {SIDE} x {SIDE}")
    reached = same and ratio <= ALLOWED
    print(
        f"{ratio:.2f} of SimpleITK's time (allowed {ALLOWED}), the same values: {same}: "
        f"{'reached' if reached else 'MISSED'} (median of {ROUNDS} rounds)"
    )
    return not reached


if __name__ == "__main__":
    sys.exit(main())
