import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom import uid

from medlab.data import volumes


def assert_same_place(volume, dicom, z=0):
    np.testing.assert_allclose(volume.spacing_mm, dicom.spacing)
    np.testing.assert_allclose(volume.origin_mm, dicom.origin + z * 3.0 * dicom.direction[:, 0], atol=1e-9)
    np.testing.assert_allclose(volume.direction, dicom.direction, atol=1e-9)


def test_a_series_comes_back_as_it_was_written_whatever_the_files_are_called(dicom, folder):
    paths = dicom.write(folder)
    assert paths != sorted(paths)
    volume = volumes.read(folder)
    np.testing.assert_array_equal(volume.array, dicom.array)
    assert volume.array.dtype == np.int16
    assert_same_place(volume, dicom)
    assert repr(volume) == "Volume(CT, 7 x 8 x 9 int16 in HU, spacing 3 x 0.8 x 0.7 mm)"
    assert volume.notes == ()


def test_simpleitk_reads_the_same_array_in_the_same_place(dicom, folder):
    paths = dicom.write(folder, RescaleIntercept=-24)
    volume = volumes.read(folder)
    image = sitk.ReadImage(list(map(str, paths)))
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(image))
    ours = volume.to_sitk()
    for get in (sitk.Image.GetSpacing, sitk.Image.GetOrigin, sitk.Image.GetDirection):
        np.testing.assert_allclose(get(ours), get(image), atol=1e-6)


def test_slices_that_run_against_their_normal_are_turned_along_it(dicom, folder):
    def flip(dataset, z):
        row, column = dicom.direction[:, 2], dicom.direction[:, 1]
        dataset.ImageOrientationPatient = dicom.text([*-row, *column])

    dicom.write(folder, edit=flip)
    volume = volumes.read(folder)
    np.testing.assert_array_equal(volume.array, dicom.array[::-1])
    # The last slice comes first; its first pixel lies where it lay.
    assert_same_place(
        volumes.volume.Volume(
            volume.array, volume.spacing_mm, volume.origin_mm, volume.direction * [-1, 1, -1]
        ),
        dicom,
        6,
    )


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian])
def test_the_encoding_changes_nothing(dicom, folder, syntax):
    dicom.write(folder, syntax=syntax)
    np.testing.assert_array_equal(volumes.read(folder).array, dicom.array)


def test_compressed_pixels_are_decoded_where_they_can_be(dicom, folder):
    for path in dicom.write(folder):
        dataset = pydicom.dcmread(path)
        dataset.compress(uid.RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    volume = volumes.read(folder)
    np.testing.assert_array_equal(volume.array, dicom.array)
    assert_same_place(volume, dicom)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_integer_type_is_read(dicom, folder, dtype):
    stored = (dicom.array % 250 - 100 * (np.dtype(dtype).kind == "i")).astype(dtype)
    dicom.write(folder, stored)
    volume = volumes.read(folder)
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, stored)


def test_slopes_and_intercepts_by_hand(dicom, folder):
    dicom.write(folder, np.full(dicom.shape, 1064, np.uint16), RescaleSlope=1, RescaleIntercept=-1024)
    assert np.all(volumes.read(folder).array == 40)
    dicom.write(folder, np.full(dicom.shape, 100, np.uint16), RescaleSlope="0.25", RescaleIntercept=-5)
    volume = volumes.read(folder)
    assert volume.array.dtype == np.float32
    assert np.all(volume.array == 20)


def test_each_slice_has_its_own_slope_as_in_pet(dicom, folder):
    def edit(dataset, z):
        dataset.RescaleSlope, dataset.Modality, dataset.Units = 0.5 * (z + 1), "PT", "BQML"

    dicom.write(folder, np.full(dicom.shape, 10, np.uint16), edit=edit)
    volume = volumes.read(folder)
    assert (volume.modality, volume.units, volume.array.dtype) == ("PT", "Bq/ml", np.float32)
    np.testing.assert_array_equal(volume.array[:, 0, 0], [5, 10, 15, 20, 25, 30, 35])


def test_what_does_not_fit_int16_becomes_float32(dicom, folder):
    stored = np.full(dicom.shape, 60000, np.uint16)
    dicom.write(folder, stored)
    assert volumes.read(folder).array.dtype == np.float32
    dicom.write(folder, np.full(dicom.shape, 100_000, np.uint32))
    assert np.all(volumes.read(folder).array == 100_000)
    dicom.write(folder, stored, RescaleIntercept=-30000)
    volume = volumes.read(folder)
    assert volume.array.dtype == np.int16
    assert np.all(volume.array == 30000)


def test_bits_above_the_highest_stored_are_no_part_of_the_value(dicom, folder):
    # 12 bits: 0xFFE is -2 where signed, 4094 where not; an overlay lies in bit 15.
    stored = np.full(dicom.shape, 0x8FFE, np.uint16)
    for signed, expected in ((1, -2), (0, 4094)):
        dicom.write(folder, stored, BitsStored=12, HighBit=11, PixelRepresentation=signed)
        assert np.all(volumes.read(folder).array == expected)


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.RLELossless,
    ],
    ids=lambda syntax: syntax.keyword,
)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("stored", "high"), [(12, 15), (12, 13), (12, 11), (16, 15)])
def test_the_highest_bit_means_the_same_in_every_syntax(dicom, folder, syntax, signed, stored, high):
    # From first principles: the value stands in `stored` bits up to `high`; the others hold something else.
    value = np.random.default_rng(1).integers(0, 2**stored, dicom.shape)
    noise = np.random.default_rng(2).integers(0, 2**16, dicom.shape)
    below = high + 1 - stored
    mask = (2**stored - 1) << below
    words = ((value << below) | (noise & ~mask & 0xFFFF)).astype(np.uint16)
    expected = np.where(value >= 2 ** (stored - 1), value - 2**stored, value) if signed else value
    facts = {"BitsStored": stored, "HighBit": high, "PixelRepresentation": signed}
    if syntax == uid.RLELossless:
        for path in dicom.write(folder, words):
            dataset = pydicom.dcmread(path)
            dataset.compress(syntax, generate_instance_uid=False)  # all 16 bits of each word
            dataset.update(facts)
            dataset.save_as(path)
    else:
        order = ">u2" if syntax == uid.ExplicitVRBigEndian else "<u2"
        dicom.write(folder, words.astype(order), syntax=syntax, **facts)
    np.testing.assert_array_equal(volumes.read(folder).array, expected)


@pytest.mark.parametrize(
    "syntax",
    [uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless],
    ids=lambda syntax: syntax.keyword,
)
def test_each_lossless_decoder_gives_the_stored_values(dicom, folder, syntax):
    array = np.random.default_rng(3).integers(0, 4096, (2, 64, 48)).astype(np.uint16)
    for path in dicom.write(folder, array, BitsStored=12, HighBit=11, RescaleIntercept=-1024):
        dataset = pydicom.dcmread(path)
        if syntax == uid.JPEGLosslessSV1:
            _compress_by_gdcm(path)
        else:
            dataset.compress(syntax, generate_instance_uid=False)
            dataset.save_as(path)
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(volumes.read(folder).array, array.astype(int) - 1024)


@pytest.mark.parametrize(("signed", "expected"), [(0, [0, 1, 17, 31]), (1, [0, 1, -15, -1])])
def test_jpeg_of_fewer_than_8_bits_is_read_and_ends_no_process(dicom, folder, signed, expected):
    array = np.array([[0, 1, 17, 31]] * 3, np.uint8)[np.newaxis]
    facts = {"BitsStored": 5, "HighBit": 4}
    for path in dicom.write(folder, array):
        _compress_by_gdcm(path)
        dataset = pydicom.dcmread(path)
        dataset.update({**facts, "PixelRepresentation": signed})
        dataset.save_as(path)
    np.testing.assert_array_equal(volumes.read(folder).array, [[expected] * 3])


def test_a_vendors_object_without_pixels_is_passed_over(dicom, folder):
    def strip(dataset, z):
        if z == 6:
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.3.12.2.1107.5.9.1"
            del dataset.Rows, dataset.Columns, dataset.PixelData

    dicom.write(folder, edit=strip)
    volume = volumes.read(folder)
    assert (volume.shape, volume.notes) == (
        (6, 8, 9),
        ("Passed over in the folder: 1 DICOM object without pixels.",),
    )


def _compress_by_gdcm(path):
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def test_a_disc_with_texts_beside_its_slices_is_read_and_says_what_was_passed_over(dicom, folder):
    dicom.write(folder)
    (folder / "README").write_text("Planted^Name: see the LICENSE, für alle.\n")
    (folder / "LICENSE").write_text("free\n" * 2000, encoding="utf-8-sig")
    (folder / "LIESMICH").write_text("Für Ärzte und Patienten, zum Öffnen der Bilder\n", encoding="cp1252")
    (folder / "INHALT").write_text("Für Ärzte und Patienten, zum Öffnen der Bilder\n", encoding="utf-16")
    (folder / "viewer.exe").write_bytes(b"MZ\0\1" * 40)
    (folder / "IMAGES").mkdir()
    volume = volumes.read(folder)
    assert volume.shape == dicom.shape
    assert volume.notes == ("Passed over in the folder: 1 inner folder, 4 text files, 1 .exe file.",)
    assert len(volumes.list_series(folder)) == 1


@pytest.mark.parametrize(
    "content",
    [b"plain\0text", "Für".encode("utf-16-le"), b""],
    ids=["a zero", "UTF-16 without its mark", "empty"],
)
def test_a_file_that_may_be_a_damaged_slice_is_not_passed_over_as_a_text(dicom, folder, content):
    dicom.write(folder)
    (folder / "IM0").write_bytes(content)
    with pytest.raises(ValueError, match="must be DICOM, got a file without its mark"):
        volumes.read(folder)


def test_headers_are_opened_once_and_again_only_when_a_file_changes(dicom, folder, monkeypatch):
    dicom.write(folder)
    opened = []
    read_slice = volumes.dicom_slices.read_slice
    monkeypatch.setattr(
        volumes.dicom_slices,
        "read_slice",
        lambda *arguments: opened.append(arguments) or read_slice(*arguments),
    )
    volumes.list_series(folder)
    assert len(opened) == 7
    volumes.read(folder, series=1)
    assert len(opened) == 7
    dicom.write(folder, dicom.array[:6] + 1)
    assert volumes.read(folder, series=1).array.shape[0] == 7
    assert len(opened) == 14


def test_slices_may_be_stored_in_bits_of_their_own(dicom, folder):
    # The same values, 5 and 4000, written unsigned in 12 bits or signed in 16; the numbers mean the same.
    values = np.full(dicom.shape, 5, np.int16)
    values[:, 0, 0] = 4000

    def odd_slices_signed(dataset, z):
        if z % 2:
            dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, 16, 15

    dicom.write(folder, values, edit=odd_slices_signed, PixelRepresentation=0, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(volumes.read(folder).array, values)


def test_none_and_hu_are_one_type_of_rescaling_in_ct(dicom, folder):
    dicom.write(folder, edit=lambda dataset, z: setattr(dataset, "RescaleType", "HU") if z == 3 else None)
    assert volumes.read(folder).units == "HU"


def test_slices_need_no_sop_class_in_the_data_set(dicom, folder):
    dicom.write(folder, SOPClassUID="")
    np.testing.assert_array_equal(volumes.read(folder).array, dicom.array)


def test_private_objects_without_rows_are_passed_over_and_counted(dicom, folder):
    def private(dataset, z):
        if z == 6:
            for name in ("PixelData", "Rows", "Columns", "BitsAllocated", "SeriesInstanceUID"):
                delattr(dataset, name)
            dataset.SOPClassUID = "1.3.12.2.1107.5.9.1"  # Siemens writes it beside MR slices

    dicom.write(folder, edit=private)
    volume = volumes.read(folder)
    np.testing.assert_array_equal(volume.array, dicom.array[:6])
    assert volume.notes == ("Passed over in the folder: 1 DICOM object without pixels.",)


@pytest.mark.parametrize(
    ("elements", "units", "told"),
    [
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "as stored", True),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage, "RescaleIntercept": None}, "as stored", True),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, "HU", False),  # as some converters write volumes
        ({"ImageType": ["DERIVED", "SECONDARY", "REFORMATTED"]}, "HU", False),
        ({"Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "as stored", False),
    ],
)
def test_a_picture_of_a_screen_says_that_it_measures_nothing(dicom, folder, elements, units, told):
    dicom.write(folder, **elements)
    volume = volumes.read(folder)
    assert volume.units == units
    assert [note.startswith("The image is a picture of a screen") for note in volume.notes] == [True] * told


def test_a_scout_says_that_it_is_one(dicom, folder):
    path = dicom.write(folder, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])[0]
    volume = volumes.read(path)
    assert volume.units == "as stored"
    assert volume.notes[0].startswith("The image is a scout (LOCALIZER)")
    path = dicom.write(folder, PhotometricInterpretation="MONOCHROME1")[0]
    assert "low ones are to be shown bright" in volumes.read(path).notes[0]


@pytest.mark.parametrize(
    ("elements", "units"),
    [
        ({"Modality": "CT"}, "HU"),
        ({"Modality": "CT", "RescaleType": "US"}, "HU"),
        ({"Modality": "CT", "RescaleType": "Z_EFF"}, "as stored"),
        ({"Modality": "CT", "RescaleIntercept": None}, "as stored"),
        ({"Modality": "PT", "Units": "GML"}, "g/ml"),
        ({"Modality": "MR"}, "as stored"),
    ],
)
def test_units_are_said_only_where_they_are_known(dicom, folder, elements, units):
    dicom.write(folder, **elements)
    volume = volumes.read(folder)
    assert (volume.modality, volume.units) == (elements["Modality"], units)


def test_distance_between_slices_comes_from_positions_not_from_thickness(dicom, folder):
    dicom.write(folder, SliceThickness=1.0, SpacingBetweenSlices=2.0)
    assert volumes.read(folder).spacing_mm[0] == pytest.approx(3.0)


def test_one_slice_is_a_volume_and_says_where_its_thickness_is_from(dicom, folder):
    paths = dicom.write(folder)
    volume = volumes.read(paths[3])
    np.testing.assert_array_equal(volume.array, dicom.array[3:4])
    assert volume.spacing_mm == (5.0, 0.8, 0.7)
    np.testing.assert_allclose(volume.origin_mm, dicom.origin + 9.0 * dicom.direction[:, 0])
    assert volume.notes == ("There is one slice only: spacing along z is its SliceThickness.",)
    dicom.write(folder, SpacingBetweenSlices=4.0)
    volume = volumes.read(paths[3])
    assert volume.spacing_mm[0] == 4
    assert "its SpacingBetweenSlices" in volume.notes[0]


def test_positions_rounded_to_a_tenth_of_a_millimeter_are_still_regular(dicom, folder):
    def rounded(dataset, z):
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, round(1.25 * z, 1)]

    dicom.write(folder, edit=rounded)
    assert volumes.read(folder).spacing_mm[0] == pytest.approx(1.25, abs=0.01)


def test_what_is_no_slice_is_passed_over(dicom, folder):
    dicom.write(folder)
    (folder / "readers.xml").write_text("<nodule/>")
    (folder / ".DS_Store").write_bytes(b"\0" * 200)
    (folder / "inner").mkdir()
    contours = pydicom.Dataset()
    contours.file_meta = pydicom.dataset.FileMetaDataset()
    contours.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    contours.SOPClassUID, contours.SOPInstanceUID = uid.RTStructureSetStorage, "1.2.3"
    contours.save_as(folder / "contours.dcm", enforce_file_format=True)
    assert volumes.read(folder).shape == dicom.shape
    with pytest.raises(ValueError, match=r"must be a DICOM image, got an object without pixels"):
        volumes.read(folder / "contours.dcm")


@pytest.fixture
def two_series(dicom, folder):
    dicom.write(folder)

    def elsewhere(dataset, z):
        return folder / f"{'A' if z else 'Z'}_{z}.dcm"

    dicom.write(folder, dicom.array[:4, :5, :6] % 100, uid="1.2.3.4711.2", Modality="PT", edit=elsewhere)
    return folder


def test_series_are_listed_by_technical_facts(two_series):
    first, second = volumes.list_series(two_series, deidentify=False)
    assert str(first) == "1: PT, 4 slices of 5 x 6, spacing 3 x 0.8 x 0.7 mm"
    assert str(second) == "2: CT, 7 slices of 8 x 9, spacing 3 x 0.8 x 0.7 mm"
    assert (first.uid, second.uid) == ("1.2.3.4711.2", "1.2.3.4711.1")


def test_a_series_is_chosen_by_its_number_or_its_replaced_uid(two_series):
    listing = volumes.list_series(two_series, salt="a secret")
    for facts in listing:
        by_number = volumes.read(two_series, series=facts.number)
        by_uid = volumes.read(two_series, series=facts.uid, salt="a secret")
        assert by_number.shape == by_uid.shape == (facts.n_slices, facts.rows, facts.columns)
        assert by_uid.header.SeriesInstanceUID == facts.uid
        assert not facts.uid.startswith("1.2.3.4711")
    original = volumes.read(two_series, series="1.2.3.4711.1", deidentify=False)
    assert original.modality == "CT"


def test_the_header_is_that_of_the_first_slice_without_pixels_and_without_a_name(dicom, folder):
    dicom.write(folder)
    header = volumes.read(folder).header
    assert header.Rows == 8
    assert header.PatientSex == "F"
    assert "PixelData" not in header
    np.testing.assert_allclose(header.ImagePositionPatient, dicom.origin)
    assert [word for word in dicom.planted if word in str(header)] == []


def test_deidentification_can_be_left_out_and_is_asked_for_the_salt(dicom, folder, monkeypatch):
    from medlab.data import deidentification

    paths = dicom.write(folder)
    assert volumes.read(folder, deidentify=False).header.PatientName == "Planted^Name"
    assert volumes.read_header(paths[0], deidentify=False).PatientID == "SECRET4711"
    asked = []
    monkeypatch.setattr(deidentification, "deidentify", lambda _, salt, **rest: asked.append(salt))
    volumes.read(folder, salt="a secret")
    volumes.read_header(paths[0])
    assert asked == ["a secret", None]


def test_one_header_is_read_without_pixels_and_without_a_name(dicom, folder):
    header = volumes.read_header(dicom.write(folder)[2])
    assert header.Columns == 9
    assert "PixelData" not in header
    assert [word for word in dicom.planted if word in str(header)] == []


def test_an_element_that_cannot_be_read_is_dropped_not_quoted(dicom, folder, recwarn):
    path = dicom.write(folder, PatientWeight="12345.5", PatientSize="1.25")[0]
    path.write_bytes(path.read_bytes().replace(b"12345.5 ", b"Planted "))
    header = volumes.read_header(path)
    assert "PatientWeight" not in header
    assert header.PatientSize == 1.25
    assert not [warning for warning in recwarn if "Planted" in str(warning.message)]
