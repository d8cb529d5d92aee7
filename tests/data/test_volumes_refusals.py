import contextlib
import traceback
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid

from medlab.data import volumes


@pytest.fixture
def refused(dicom):
    """Return what `pytest.raises` does, and see that the message and its causes name nobody."""

    @contextlib.contextmanager
    def check(error, match):
        with pytest.raises(error, match=f"(?s){match}") as caught:
            yield
        told = "".join(traceback.format_exception_only(caught.value))
        cause = caught.value.__cause__ or (
            None if caught.value.__suppress_context__ else caught.value.__context__
        )
        assert cause is None
        assert [word for word in dicom.planted if word in told] == []

    return check


def test_refuses_a_path_where_nothing_is(folder, refused):
    with refused(FileNotFoundError, r"path must be a folder or file that exists"):
        volumes.read(folder)


def test_refuses_an_empty_folder_and_points_to_inner_ones(folder, refused):
    folder.mkdir()
    with refused(ValueError, r"folder with DICOM slices, got an empty one\. Pass the folder that holds"):
        volumes.read(folder)
    (folder / "Planted").mkdir()
    with refused(ValueError, r"got 1 inner folder\. Pass one of the inner folders"):
        volumes.list_series(folder)


def test_refuses_slices_of_two_patients_in_one_series(dicom, folder, refused):
    def differ(dataset, z):
        if z == 2:
            dataset.PatientID = "Planted-2"

    dicom.write(folder, edit=differ)
    with refused(ValueError, r"a series must be of one patient, got slices of 2"):
        volumes.read(folder)


@pytest.mark.parametrize("name", ["Planted.mha", "Planted", "Planted.dcm"])
def test_refuses_a_file_of_unknown_type(folder, refused, name):
    folder.mkdir()
    (folder / name).write_bytes(b"ObjectType = Image\n" * 20)
    with refused(ValueError, r"got a file of unknown type.*SimpleITK\.WriteImage"):
        volumes.read(folder / name)
    with refused(ValueError, r"path must be one DICOM file.*list_series"):
        volumes.read_header(folder / name)


@pytest.mark.parametrize("name", ["AAA", "1.2.3.4711.77", "AAA.dcm", "AAA.IMA"])
def test_refuses_a_file_among_slices_that_is_none(dicom, folder, refused, name):
    dicom.write(folder)
    (folder / name).write_bytes(b"\0" * 1000)
    with refused(ValueError, r"file 1 of 8 \(sorted by name\) must be DICOM, got a file without its mark"):
        volumes.read(folder)


def test_refuses_a_slice_cut_at_any_byte(dicom, folder, refused):
    path = dicom.write(folder, skip=(1, 2, 3, 4, 5, 6))[0]
    whole = path.read_bytes()
    for length in range(132, len(whole), 7):
        path.write_bytes(whole[:length])
        with refused(ValueError, r"The file must .* cut"):
            volumes.read(path)


def test_refuses_a_file_that_cannot_be_opened(dicom, folder, refused, monkeypatch):
    dicom.write(folder)

    def closed(path, *mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", closed)
    with refused(
        ValueError, r"file 1 of 7 .* got a PermissionError: it is cut, damaged or not yours to read"
    ):
        volumes.read(folder)


def test_refuses_pixels_shorter_than_promised_and_counts_them(dicom, folder, refused):
    path = dicom.write(folder)[4]
    path.write_bytes(path.read_bytes()[:-20])
    with refused(ValueError, r"file \d of 7 .* the 144 bytes of pixels .* got 124: it is cut\. Copy"):
        volumes.read(folder)
    dicom.write(folder, PixelData=b"\0" * 100)
    with refused(ValueError, r"file 1 of 7 .* 144 bytes .* got 100"):
        volumes.read(folder)


@pytest.mark.parametrize("syntax", [uid.DeflatedExplicitVRLittleEndian, uid.RLELossless])
def test_refuses_pixels_that_cannot_be_decoded(dicom, folder, refused, syntax):
    pixels = b"\0" * 100
    if syntax == uid.RLELossless:
        pixels = pydicom.encaps.encapsulate([pixels])
    dicom.write(folder, PixelData=pixels, syntax=syntax)
    with refused(ValueError, r"file \d of 7 .* damaged.*[Cc]opy it again"):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("syntax", "line"),
    [
        (uid.JPEGLossless, "pip install python-gdcm"),
        (uid.JPEGLSLossless, "pip install pyjpegls"),
        (uid.JPEG2000Lossless, "pip install pylibjpeg pylibjpeg-openjpeg"),
        (uid.HTJ2KLossless, "pip install pylibjpeg pylibjpeg-openjpeg"),
        (uid.MPEG2MPML, "export the series uncompressed"),
    ],
)
def test_names_the_decoder_to_install(dicom, folder, refused, monkeypatch, syntax, line):
    def without(asked):
        decoder = pydicom.pixels.get_decoder(asked)
        monkeypatch.setattr(type(decoder), "is_available", False)
        return decoder

    monkeypatch.setattr(volumes.pixels, "get_decoder", without)
    dicom.write(folder, PixelData=pydicom.encaps.encapsulate([b"\0" * 100]), syntax=syntax)
    with refused(ImportError, rf"file \d of 7 .* pixels compressed by .*\. To read them: {line}$"):
        volumes.read(folder)


def test_names_a_transfer_syntax_that_nobody_knows(dicom, folder, refused):
    for path in dicom.write(folder):
        text = path.read_bytes()
        path.write_bytes(text.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0", 1))
    known = (
        r"an unknown method \(transfer syntax 1\.2\.840\.99999\.1\.2\.1\)\. To read them: export the series"
    )
    with refused(ImportError, rf"file \d of 7 .* compressed by {known}"):
        volumes.read(folder)


def test_refuses_to_choose_among_series_and_lists_them(dicom, folder, refused):
    dicom.write(folder)
    dicom.write(folder / "..", dicom.array[:4], uid="1.2.3.4711.2", edit=lambda _, z: folder / f"A{z}.dcm")
    with refused(
        ValueError,
        r"none for 2 series\. Pass series=1.*\n  1: CT, 4 slices of 8 x 9, spacing 3 x .*\n  2: CT, 7 sl",
    ):
        volumes.read(folder)
    with refused(
        ValueError, r"number from 1 to 2, or a UID as list_series gives it, got 3\. There are:\n  1: CT"
    ):
        volumes.read(folder, series=3)
    with refused(ValueError, r"got a UID that is not listed"):
        volumes.read(folder, series="1.2.3.4711.1")


def test_refuses_a_gap_and_says_where_and_how_large(dicom, folder, refused):
    dicom.write(folder, skip=(3, 4))
    with refused(
        ValueError,
        r"mostly 3\.00 mm, but 9\.00 mm between slices 2 and 3 \(.*slices are missing",
    ):
        volumes.read(folder)
    assert volumes.list_series(folder)[0].spacing_mm is None


def test_refuses_two_slices_at_one_place(dicom, folder, refused):
    dicom.write(folder)
    dicom.write(folder, edit=lambda _, z: folder / f"copy{z}", skip=(0, 1, 3, 4, 5, 6))
    with refused(
        ValueError, r"place of its own, got file \d of 8 .* and file \d of 8 .* both at .* mm .* 1 such pairs"
    ):
        volumes.read(folder)


def test_refuses_uneven_spacing(dicom, folder, refused):
    def drift(dataset, z):
        dataset.ImagePositionPatient = dicom.text(-z * (1 + 0.02 * z) * dicom.direction[:, 0])

    dicom.write(folder, edit=drift)
    with refused(ValueError, r"evenly spaced, got distances from 1\.02 to 1\.22 mm, mostly 1\.10 mm, but"):
        volumes.read(folder)


def test_refuses_a_tilted_gantry_and_gives_the_angle(dicom, folder, refused):
    def tilt(dataset, z):
        along = 3.0 * dicom.direction[:, 0] + 3.0 * np.tan(np.radians(12)) * dicom.direction[:, 1]
        dataset.ImagePositionPatient = dicom.text(z * along)

    dicom.write(folder, edit=tilt)
    with refused(
        ValueError, r"stacked along their normal, got slice 6 .* shifted by 3\.83 mm .* 12\.0 degrees"
    ):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        (
            "ImageOrientationPatient",
            [1, 0, 0, 0, 1, 0],
            r"orientation, got 1 x 0 x 0 x 0 x 1 x 0 in file \d of 7",
        ),
        (
            "PixelSpacing",
            [0.8, 0.71],
            r"pixel spacing, got 0\.8 x 0\.71 in file \d of 7 .* 0\.8 x 0\.7 in most; 1 of 7",
        ),
        ("Rows", 4, r"number of rows, got 4 in file \d of 7 .* and 8 in most"),
        ("Columns", 4, r"number of columns, got 4 in file"),
        (
            "FrameOfReferenceUID",
            "1.2.3.4711.8",
            r"frame of reference, got 2 different ones: several acquisitions",
        ),
    ],
)
def test_refuses_a_slice_that_is_of_another_kind(dicom, folder, refused, name, value, what):
    dicom.write(folder, edit=lambda dataset, z: setattr(dataset, name, value) if z == 4 else None)
    with refused(ValueError, f"All slices must have the same {what}"):
        volumes.read(folder)


@pytest.mark.parametrize("value", [None, [0.8, 0.0], [0.8]])
def test_refuses_pixels_without_a_size(dicom, folder, refused, value):
    dicom.write(folder, PixelSpacing=value)
    with refused(ValueError, r"file 1 of 7 .* must give its PixelSpacing as two lengths in mm"):
        volumes.read(folder)


@pytest.mark.parametrize("name", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_refuses_a_slice_without_a_place(dicom, folder, refused, name):
    dicom.write(folder, **{name: None})
    with refused(ValueError, rf"file 1 of 7 .* must give its {name} as \d numbers.*projection"):
        volumes.read(folder)


def test_refuses_rows_and_columns_that_are_not_at_right_angles(dicom, folder, refused):
    dicom.write(folder, ImageOrientationPatient=[1, 0, 0, 0.1, 1, 0])
    with refused(ValueError, r"rows and columns at right angles, got ImageOrientationPatient \[1\.0, 0\.0"):
        volumes.read(folder)


def test_refuses_a_single_slice_without_thickness(dicom, folder, refused):
    path = dicom.write(folder, SliceThickness=None)[0]
    with refused(
        ValueError, r"must give SpacingBetweenSlices or SliceThickness in mm, got neither in The file"
    ):
        volumes.read(path)


OTHER_KINDS = [
    ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "a picture in color .RGB, 3 samples"),
    ({"PhotometricInterpretation": "PALETTE COLOR"}, "a picture in color .PALETTE COLOR, 1 samples"),
    ({"PhotometricInterpretation": "Planted^Name"}, "a picture in color .an unknown code, 1 samples"),
    (
        {"NumberOfFrames": 2},
        r"an object with 2 frames \(CT Image Storage\)\. pydicom\.dcmread\(path\)\.pixel_array",
    ),
    (
        {"SOPClassUID": uid.UltrasoundMultiFrameImageStorage, "NumberOfFrames": 2},
        r"an object with 2 frames \(Ultrasound Multi-frame Image Storage\)",
    ),
    ({"SOPClassUID": "1.3.12.2.1107.5.9.1", "NumberOfFrames": 2}, "an object with 2 frames .of unknown kind"),
    ({"SOPClassUID": uid.EnhancedCTImageStorage, "NumberOfFrames": 1}, "an enhanced .* with 1 frames"),
    (
        {"SOPClassUID": uid.EnhancedMRImageStorage, "NumberOfFrames": 2},
        r"an enhanced \(multi-frame\) object with 2 frames\. Convert it to NIfTI with dcm2niix",
    ),
    ({"SOPClassUID": uid.SegmentationStorage, "NumberOfFrames": 2}, "a segmentation: .*highdicom"),
    (
        {"SOPClassUID": uid.RTDoseStorage, "NumberOfFrames": 2},
        "a dose grid.*pixel_array times DoseGridScaling is the dose",
    ),
    ({"SOPClassUID": uid.ParametricMapStorage}, "a parametric map"),
    (
        {"Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]},
        "a Siemens mosaic: .*Convert it to NIfTI with dcm2niix",
    ),
    ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "1 bits a pixel, where 8, 16 and 32 are read"),
]


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize(("elements", "words"), OTHER_KINDS)
@pytest.mark.parametrize("placed", [True, False], ids=["with a place", "without"])
def test_says_what_an_object_is_before_it_asks_where_it_lies(dicom, folder, refused, elements, words, placed):
    def displace(dataset, z):
        if not placed:
            del dataset.ImagePositionPatient, dataset.PixelSpacing
        if z:
            dataset.SliceThickness = None

    dicom.write(folder, PixelData=b"\0" * 432, edit=displace, **elements)
    with refused(ValueError, rf"file 1 of 7 .* must be one gray slice of CT, PET or MR, got {words}"):
        volumes.read(folder)
    series = volumes.list_series(folder)[0]
    assert (series.n_slices, series.spacing_mm) == (7, None)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize(
    ("common", "odd", "words"),
    [
        (
            {},
            {"RescaleIntercept": None},
            r"got RescaleIntercept none in file \d of 7.*, and a value in most; 2 of 7 differ",
        ),
        ({"RescaleSlope": None}, {"RescaleSlope": 1}, r"got RescaleSlope a value in file \d"),
        (
            {"Modality": "PT", "Units": "BQML"},
            {"Units": "CNTS"},
            r"got Units CNTS in file .*, and BQML in most",
        ),
        (
            {"Modality": "PT", "Units": "BQML"},
            {"Units": "Planted^Name"},
            r"got Units an unknown code in file .*, and BQML in most",
        ),
        ({}, {"RescaleType": "US"}, r"got RescaleType US in file .*, and HU in most"),
        ({"Modality": "MR"}, {"RescaleType": "US"}, r"got RescaleType US in file .*, and none in most"),
        ({}, {"PhotometricInterpretation": "MONOCHROME1"}, "got PhotometricInterpretation MONOCHROME1 in"),
        ({}, {"Modality": "PT"}, "got Modality PT in file"),
    ],
)
def test_refuses_slices_whose_numbers_mean_different_things(dicom, folder, refused, common, odd, words):
    def differ(dataset, z):
        if z in (2, 5):
            for name, value in odd.items():
                setattr(dataset, name, value)

    dicom.write(folder, edit=differ, **common)
    with refused(ValueError, f"Numbers must mean the same in all slices, {words}"):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("heights", "words"),
    [
        ([*range(0, 29, 4), *range(35, 78, 7)], r"from 4\.00 .*, but 7\.00 mm between slices 7 and 8"),
        ([0, 4, 8, 16, 24, 32], r"mostly 8\.00 mm, but 4\.00 mm between slices 0 and 1"),
        ([0, 2, 4, 6, 11, 16, 21, 23, 25], r"mostly 2\.00 mm, but 5\.00 mm between slices 3 and 4"),
        ([0, 4, 8, 12, 20, 24, 28], r"mostly 4\.00 mm, but 8\.00 mm between slices 3 and 4"),
        ([0, 4, 12], r"mostly 4\.00 mm, but 8\.00 mm between slices 1 and 2"),
        ([0, 4, 8, 12, 17.5, 21.5], r"from 4\.00 to 5\.50 mm, .* slices 3 and 4"),
    ],
)
def test_refuses_missing_slices_and_variable_spacing_and_says_where(dicom, folder, refused, heights, words):
    def place(dataset, z):
        dataset.ImagePositionPatient = dicom.text(heights[z] * dicom.direction[:, 0])

    dicom.write(folder, np.zeros((len(heights), 8, 9), np.int16), edit=place)
    with refused(ValueError, rf"evenly spaced, got distances .*{words}.*missing.*dcm2niix"):
        volumes.read(folder)


def test_refuses_an_image_that_belongs_to_no_series(dicom, folder, refused):
    dicom.write(folder, edit=lambda dataset, z: delattr(dataset, "SeriesInstanceUID") if z == 3 else None)
    with refused(ValueError, r"file \d of 7 .* must say which series it belongs to"):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (uid.MediaStorageDirectoryStorage, "got a DICOMDIR: the index of a disc"),
        (uid.RTStructureSetStorage, r"without pixels \(RT Structure Set Storage\)"),
        (uid.BasicTextSRStorage, r"without pixels \(Basic Text SR Storage\)"),
        (uid.EncapsulatedPDFStorage, r"without pixels \(Encapsulated PDF Storage\)"),
        (uid.KeyObjectSelectionDocumentStorage, r"without pixels \(Key Object Selection Document Storage\)"),
        (uid.ParametricMapStorage, r"got a parametric map\. highdicom\.pm\.pmread reads it"),
        (uid.UID("1.3.12.2.1107.5.9.1"), r"without pixels \(of a private kind\)"),
    ],
)
def test_names_what_has_no_pixels(dicom, folder, refused, kind, words):
    folder.mkdir()
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = (
        kind,
        "1.2.3.4711",
    )
    dataset.PatientName = "Planted^Name"
    if kind != uid.MediaStorageDirectoryStorage:
        dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = kind, "1.2.3.4711", "OT"
    dataset.save_as(folder / "object", enforce_file_format=True)
    with refused(ValueError, words):
        volumes.read(folder / "object")
    with refused(ValueError, r"must be a folder with DICOM slices, got 1 DICOM object without pixels\. Pass"):
        volumes.read(folder)


def test_refuses_compressed_pixels_whose_bits_are_not_the_lowest(dicom, folder, refused):
    dicom.write(folder, edit=None, BitsStored=12, HighBit=15)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.PixelData = pydicom.encaps.encapsulate([b"\0\0"])
        dataset.file_meta.TransferSyntaxUID = uid.JPEG2000Lossless
        dataset.save_as(path)
    with refused(ValueError, r"lowest bits where they are compressed, got 12 stored up to bit 15"):
        volumes.read(folder)


@pytest.mark.parametrize("elements", [{"BitsStored": 17}, {"BitsStored": 12, "HighBit": 7}, {"HighBit": 16}])
def test_refuses_bits_that_are_not_there(dicom, folder, refused, elements):
    dicom.write(folder, **elements)
    with refused(
        ValueError, r"must keep its bits within those allocated, got \d+ stored up to bit \d+ of 16"
    ):
        volumes.read(folder)


def test_refuses_a_table_of_values(dicom, folder, refused):
    dicom.write(folder, ModalityLUTSequence=[pydicom.Dataset()])
    with refused(ValueError, r"rescaled by a slope and an intercept, got a table"):
        volumes.read(folder)


def test_refuses_an_element_that_is_no_number(dicom, folder, refused):
    path = dicom.write(folder, RescaleSlope="12345.5")[0]
    path.write_bytes(path.read_bytes().replace(b"12345.5 ", b"Planted "))
    with refused(ValueError, r"file \d of 7 .* without a usable RescaleSlope: it is cut or damaged"):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("Rows", "LO", "Planted"),
        ("Columns", "SS", -9),
        ("BitsStored", "US", [8, 16]),
        ("SamplesPerPixel", "FD", float("inf")),
        ("NumberOfFrames", "IS", ["1", "2"]),
        ("PixelSpacing", "LO", "Planted"),
        ("RescaleSlope", "LO", "Planted"),
        ("RescaleIntercept", "DS", ["1", "2"]),
        ("PixelRepresentation", "OB", b"Planted "),
    ],
)
def test_refuses_an_element_of_another_type_or_number_of_values(dicom, folder, refused, name, kind, value):
    def spoil(dataset, z):
        dataset.pop(name, None)
        dataset.add(pydicom.DataElement(name, kind, value))

    dicom.write(folder, edit=spoil)
    with refused(ValueError, rf"file 1 of 7 .* without a usable {name}: it is cut or damaged"):
        volumes.read(folder)


def test_units_of_another_type_are_units_nobody_knows(dicom, folder):
    def spoil(dataset, z):
        dataset.add(pydicom.DataElement("Units", "US", [3, 4]))

    dicom.write(folder, edit=spoil, Modality="PT")
    assert volumes.read(folder).units == "as stored"


def test_refuses_fragments_of_pixels_that_are_said_to_be_uncompressed(dicom, folder, refused):
    for path in dicom.write(folder):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = pydicom.encaps.encapsulate([dataset.PixelData])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        dataset.file_meta.TransferSyntaxUID = uid.RLELossless
        dataset.save_as(path)
        compressed, native = (
            f"{syntax}\0".encode() for syntax in (uid.RLELossless, uid.ExplicitVRLittleEndian)
        )
        path.write_bytes(path.read_bytes().replace(compressed, native))
    with refused(ValueError, r"file 1 of 7 .* uncompressed pixels in one piece, got fragments"):
        volumes.read(folder)


def test_refuses_jpeg_of_32_bits_before_a_decoder_ends_the_process(dicom, folder, refused):
    def spoil(dataset, z):
        dataset.PixelData = pydicom.encaps.encapsulate([dataset.PixelData])
        dataset["PixelData"].VR = "OB"

    facts = {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}
    dicom.write(folder, edit=spoil, syntax=uid.JPEGLosslessSV1, **facts)
    with refused(ValueError, r"must have up to 16 bits a pixel in JPEG, got 32"):
        volumes.read(folder)


@pytest.mark.parametrize(
    ("name", "header"),
    [("ImagePositionPatient", b"\x20\0\x32\0"), ("RescaleSlope", b"\x28\0\x53\x10")],
)
def test_refuses_a_number_that_is_marked_as_text(dicom, folder, refused, name, header):
    path = dicom.write(folder, RescaleSlope="1.5\\2")[0]
    path.write_bytes(path.read_bytes().replace(header + b"DS", header + b"CS"))
    with refused(ValueError, r"file \d of 7 .* cut or damaged"):
        volumes.read(folder)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
@pytest.mark.parametrize("elements", [{"RescaleSlope": 0}, {"RescaleIntercept": "NaN"}])
def test_refuses_factors_that_leave_no_values(dicom, folder, refused, elements):
    dicom.write(folder, **elements)
    with refused(ValueError, r"Slopes and intercepts must be finite, and slopes not 0"):
        volumes.read(folder)


def test_refuses_an_image_without_what_makes_it_one(dicom, folder, refused):
    dicom.write(folder, edit=lambda dataset, z: setattr(dataset, "Rows", None) if z == 3 else None)
    with refused(ValueError, r"file \d of 7 .* got a header without a usable Rows: it is cut"):
        volumes.read(folder)


@pytest.mark.parametrize(
    "name", ["RescaleSlope", "RescaleIntercept", "BitsStored", "HighBit", "NumberOfFrames", "Rows"]
)
def test_refuses_two_numbers_where_one_belongs(dicom, folder, refused, name):
    dicom.write(folder, edit=lambda dataset, z: setattr(dataset, name, [1, 2]) if z == 3 else None)
    with refused(ValueError, rf"file \d of 7 .* got a header without a usable {name}: it is cut"):
        volumes.read(folder)


def test_refuses_a_private_image_whose_pixels_are_cut(dicom, folder, refused):
    def cut(dataset, z):
        if z == 3:
            dataset.SOPClassUID = "1.3.12.2.1107.5.9.1"
            del dataset.PixelData

    dicom.write(folder, edit=cut)
    with refused(ValueError, r"file \d of 7 .* got a header without a usable PixelData: it is cut"):
        volumes.read(folder)


def test_refuses_an_image_without_pixels(dicom, folder, refused):
    dicom.write(folder, edit=lambda dataset, z: delattr(dataset, "PixelData") if z == 3 else None)
    with refused(ValueError, r"file \d of 7 .* got a header without a usable PixelData: it is cut"):
        volumes.read(folder)


def test_refuses_numbers_too_large_to_be_exact(dicom, folder, refused):
    dicom.write(folder, np.full(dicom.shape, 2**25, np.int32))
    with refused(ValueError, r"within ±16,777,216 to be exact in float32, got 33554432 to 33554432"):
        volumes.read(folder)


def test_refuses_to_be_told_the_modality_of_dicom(dicom, folder, refused):
    dicom.write(folder)
    with refused(ValueError, r"modality must be left out for DICOM, which says it itself, got 'MR'"):
        volumes.read(folder, modality="MR")
