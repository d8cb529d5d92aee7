import errno
import hashlib
import hmac
import io
import os
import stat
from datetime import date, datetime
from pathlib import Path

import numpy as np
import platformdirs
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from medlab.data import confidentiality, deidentify, deidentify_files
from medlab.data.pseudonyms import Pseudonyms, own_salt

SALT = "not a secret"
MRN = "MRN7741903"
PLANTED = ("zzyzx", "planted", MRN.lower(), "19550312", "grünvogel", "marienhosp", "4242", "7741903")


def digest(text: str) -> bytes:
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).digest()


def of_patient(**elements) -> Dataset:
    dataset = Dataset()
    dataset.PatientID = MRN
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def item(**elements) -> Dataset:
    dataset = of_patient(**elements)
    del dataset.PatientID
    return dataset


def image(number: int = 1, **elements) -> Dataset:
    """Return a CT slice with a patient's name, number, birth date, doctor and hospital wherever they go."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, f"1.2.7741903.3.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.7741903.1", "1.2.7741903.2"
    dataset.FrameOfReferenceUID = "1.2.7741903.4"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Zzyzx^Planted", MRN, "19550312"
    dataset.OtherPatientNames, dataset.OtherPatientIDs = ["Planted^Z.", "Zzyzx"], [MRN, "4242-A"]
    dataset.PatientMotherBirthName, dataset.PatientAddress = "Planted^Mother", "Zzyzx Road 1"
    dataset.ReferringPhysicianName = dataset.OperatorsName = "Grünvogel^Dr."
    dataset.InstitutionName, dataset.InstitutionAddress = "Marienhospital", "Zzyzx, CA"
    dataset.StudyDescription, dataset.SeriesDescription = "CT of Zzyzx", "Planted 5 mm"
    dataset.PatientComments, dataset.ImageComments = "calls herself Zzyzx", "Planted says no"
    dataset.AccessionNumber, dataset.DeviceSerialNumber, dataset.StationName = (
        "A4242",
        "SN4242",
        "Marienhosp3",
    )
    dataset.StudyID, dataset.ProtocolName, dataset.PatientBirthDateInAlternativeCalendar = (
        MRN,
        MRN,
        "19550312",
    )
    dataset.RequestAttributesSequence = [item(RequestedProcedureDescription="for Planted")]
    # Elements that the table keeps, misused.
    dataset.SoftwareVersions, dataset.BodyPartExamined = ["7.1", "patched for Zzyzx"], "PLANTED"
    dataset.Manufacturer, dataset.ConvolutionKernel = "ACME", f"K_{MRN}"
    dataset.PatientWeight, dataset.PatientAge, dataset.PatientSize = 71, "064Y", 1.63
    dataset.ProcedureCodeSequence = [item(CodeValue="P1", CodeMeaning="CT Dr. Grünvogel")]
    dataset.AnatomicRegionSequence = [item(CodeValue="T1", ViewCodeSequence=[item(CodeMeaning="Zzyzx")])]
    dataset.PerformedProcedureCodeSequence = [item(PersonName="Planted^Z")]
    dataset.SegmentDescription = "Zzyzx"
    dataset.ICCProfile = b"profile of Planted "
    dataset.StudyDate = dataset.AcquisitionDate = "20200115"
    dataset.StudyTime, dataset.AcquisitionDateTime = "101500", "20200115101500.5+0100"
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.private_block(0x0009, "ZZYZX HEADER", create=True).add_new(1, "LO", "Zzyzx^Planted")
    dataset.add_new(0x60004000, "LT", "Overlay of Planted")
    dataset.add_new(0x50003000, "OW", b"Curve of Planted")
    dataset.Rows, dataset.Columns, dataset.BitsAllocated, dataset.BitsStored = 4, 6, 16, 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 1, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = np.arange(24, dtype="<i2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.SourceApplicationEntityTitle = "ZZYZX"
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.7741903"
    dataset.file_meta.PrivateInformation = b"Planted "
    dataset.preamble = b"Zzyzx^Planted".ljust(128)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def as_bytes(dataset: Dataset) -> bytes:
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def leaks(*outputs: str | bytes) -> list[str]:
    texts = [o.decode("utf-8", "replace") if isinstance(o, bytes) else o for o in outputs]
    return [word for word in PLANTED if any(word in text.lower() for text in texts)]


@pytest.fixture
def source(tmp_path) -> Path:
    """Return a folder called after the patient, with two slices."""
    folder = tmp_path / "Zzyzx^Planted"
    for number in (1, 2):
        save(image(number), folder / MRN / f"Planted_{number}.dcm")
    return folder


# Values by hand.


def test_dates_of_a_patient_move_back_by_the_days_that_the_salt_says():
    days = int.from_bytes(digest(f"days:{MRN}")[:8], "big") % 3650 + 1
    cleaned = deidentify(of_patient(StudyDate="20200115"), salt=SALT)
    shifted = datetime.strptime(cleaned.StudyDate, "%Y%m%d").date()
    assert (date(2020, 1, 15) - shifted).days == days == Pseudonyms(SALT).days(MRN)


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("StudyDate", "20200301", "20200229"),
        ("StudyDate", "2020.03.01", "20200229"),  # as ACR-NEMA wrote it
        ("StudyDate", "20200230", ""),
        ("StudyDate", "March 1st", ""),
        ("AcquisitionDateTime", "20200101235959.123456-0500", "20191231235959.123456-0500"),
        ("AcquisitionDateTime", "202001", "201912"),
        ("AcquisitionDateTime", "2020", "2019"),
        ("AcquisitionDateTime", "Zzyzx", ""),
        ("StudyTime", "101500.25", "101500.25"),
        ("StudyTime", "10:15", "10:15"),
        ("StudyTime", "Zzyzx", ""),
        ("TimezoneOffsetFromUTC", "+0100", "+0100"),
        ("TimezoneOffsetFromUTC", "Zzyzx", ""),
        ("ExpiryDate", "20200301", "20200229"),  # not in the table
    ],
)
def test_one_day_back(monkeypatch, keyword, value, expected):
    monkeypatch.setattr(Pseudonyms, "days", lambda self, identity: 1)
    with confidentiality.quiet():
        dataset = of_patient(**{keyword: value})
    assert str(deidentify(dataset, salt=SALT)[keyword].value or "") == expected


def test_several_dates_in_one_element_all_move(monkeypatch):
    monkeypatch.setattr(Pseudonyms, "days", lambda self, identity: 1)
    cleaned = deidentify(of_patient(DateOfSecondaryCapture=["20200102", "20200103"]), salt=SALT)
    assert list(cleaned.DateOfSecondaryCapture) == ["20200101", "20200102"]


def test_pseudonym_and_uid_are_cut_from_the_hmac():
    cleaned = deidentify(of_patient(PatientName="Zzyzx^Planted", StudyInstanceUID="1.2.3"), salt=SALT)
    assert cleaned.PatientID == cleaned.PatientName == f"P-{digest(f'patient:{MRN}').hex()[:16].upper()}"
    assert cleaned.StudyInstanceUID == f"2.25.{int(digest('uid:1.2.3').hex()[:32], 16)}"
    assert cleaned.StudyInstanceUID.is_valid


@pytest.mark.parametrize(
    ("age", "expected"),
    [("064Y", "064Y"), ("089Y", "089Y"), ("090Y", "090Y"), ("092Y", "090Y"), ("011M", "011M"), ("old", "")],
)
def test_ages_over_89_become_90(age, expected):
    with confidentiality.quiet():
        dataset = of_patient(PatientAge=age)
    assert (deidentify(dataset, salt=SALT).PatientAge or "") == expected


def test_methods_are_said_in_the_codes_of_the_standard():
    cleaned = deidentify(of_patient(), salt=SALT)
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in cleaned.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113107", "DCM"), ("113108", "DCM")]
    assert cleaned.PatientIdentityRemoved == "YES"
    assert cleaned.LongitudinalTemporalInformationModified == "MODIFIED"


@pytest.mark.parametrize(
    ("keyword", "letter"),
    [
        ("PatientAge", "K"),
        ("PatientBirthDate", "Z"),
        ("PatientBirthTime", "X"),
        ("SeriesDate", "C"),
        ("RadiopharmaceuticalStartTime", "C"),
        ("SeriesDescription", "X"),
        ("ContentSequence", "D"),
        ("SourceImageSequence", "U"),
        ("FrameOfReferenceUID", "U"),
        ("ReferencedSOPClassUID", "K"),
        ("RadionuclideHalfLife", "K"),
        ("SecondaryReviewerName", "X"),
    ],
)
def test_actions_are_those_of_table_e_1_1_and_its_two_options(keyword, letter):
    assert confidentiality.action(pydicom.tag.Tag(keyword)) == letter


def test_every_dummy_can_be_written():
    dataset = image()
    for tag in (tag for tag, letter in confidentiality.ACTIONS.items() if letter == "D"):
        if not pydicom.datadict.dictionary_has_tag(tag):
            continue
        vr = pydicom.datadict.dictionary_VR(tag)
        value = {"SQ": [item(PersonName="Planted")], "OB": b"Planted ", "UN": b"Planted ", "UI": "1.2.3"}
        with confidentiality.quiet():
            dataset.add_new(tag, vr, value.get(vr, "Planted"))
    content = as_bytes(deidentify(dataset, salt=SALT))
    assert leaks(content) == []
    assert b"REMOVED" in content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GTV_Mass", "GTV_Mass"),
        ("Lung L", "Lung L"),
        ("PTV60", "PTV60"),
        ("GTV Zzyzx", "ROI 7"),
        ("4242", "ROI 7"),
    ],
)
def test_a_contour_keeps_its_name_where_it_is_anatomy_alone(name, expected):
    dataset = of_patient(StructureSetROISequence=[item(ROINumber=7, ROIName=name)])
    assert deidentify(dataset, salt=SALT).StructureSetROISequence[0].ROIName == expected


# What holds for all files.


def test_no_planted_string_is_in_what_comes_out(capsys, caplog):
    cleaned = deidentify(image(), salt=SALT)
    outputs = (as_bytes(cleaned), str(cleaned), repr(cleaned), cleaned.to_json(), str(cleaned.file_meta))
    assert leaks(*outputs, str(vars(cleaned)), *capsys.readouterr(), caplog.text) == []
    assert cleaned.Manufacturer == "ACME"
    assert list(cleaned.SoftwareVersions) == ["7.1", ""]
    assert (cleaned.PatientWeight, cleaned.PatientSize, cleaned.PatientAge) == (71, 1.63, "064Y")


def test_no_planted_string_is_in_the_files_their_names_or_the_table(source, tmp_path, capsys, caplog):
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    written = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert len(written) == 2
    names = [path.relative_to(tmp_path).as_posix() for path in written]
    assert leaks(*names, *(path.read_bytes() for path in written), table.to_csv()) == []
    assert leaks(*capsys.readouterr(), caplog.text, str(table.attrs)) == []
    first = pydicom.dcmread(written[0])
    assert names[0] == f"out/{first.PatientID}/{first.SeriesInstanceUID}/{first.SOPInstanceUID}.dcm"
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID
    assert table.to_dict("records") == [
        {
            "patient": first.PatientID,
            "study": first.StudyInstanceUID,
            "series": first.SeriesInstanceUID,
            "modality": "CT",
            "files": 2,
            "problem": "",
        }
    ]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_pixels_are_the_same_bytes_and_the_original_is_untouched(syntax):
    dataset = image()
    dataset.file_meta.TransferSyntaxUID = syntax
    before = as_bytes(dataset)
    read = pydicom.dcmread(io.BytesIO(before))
    cleaned = pydicom.dcmread(io.BytesIO(as_bytes(deidentify(read, salt=SALT))))
    assert cleaned.PixelData == dataset.PixelData
    np.testing.assert_array_equal(cleaned.pixel_array, np.arange(24).reshape(4, 6))
    assert as_bytes(read) == before


def test_days_between_visits_and_times_of_day_survive():
    first, second = (
        deidentify(of_patient(StudyDate=day, StudyTime="101500"), salt=SALT)
        for day in ("20191231", "20200302")
    )
    days = [datetime.strptime(visit.StudyDate, "%Y%m%d") for visit in (first, second)]
    assert (days[1] - days[0]).days == 62
    assert first.PatientID == second.PatientID
    assert first.StudyTime == "101500"
    assert first.StudyDate != "20191231"


def test_what_a_standardized_uptake_value_needs_survives():
    dose = item(
        RadiopharmaceuticalStartTime="103500",
        RadiopharmaceuticalStartDateTime="20200115103500",
        RadionuclideTotalDose="388777472",
        RadionuclideHalfLife="6588",
    )
    pet = of_patient(
        AcquisitionDate="20200115", SeriesTime="112011", AcquisitionTime="112011", PatientWeight="71"
    )
    pet.RadiopharmaceuticalInformationSequence, pet.Units, pet.DecayCorrection = [dose], "BQML", "START"
    cleaned = deidentify(pet, salt=SALT)
    kept = cleaned.RadiopharmaceuticalInformationSequence[0]
    assert (kept.RadionuclideTotalDose, kept.RadionuclideHalfLife) == (388777472, 6588)
    assert (kept.RadiopharmaceuticalStartTime, cleaned.AcquisitionTime) == ("103500", "112011")
    assert kept.RadiopharmaceuticalStartDateTime == f"{cleaned.AcquisitionDate}103500"
    assert (cleaned.PatientWeight, cleaned.Units, cleaned.DecayCorrection) == (71, "BQML", "START")


def test_contours_still_refer_to_their_image():
    ct = image(SourceImageSequence=[item(ReferencedSOPInstanceUID="1.2.7741903.3.9")])
    reference = item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=ct.SOPInstanceUID)
    contour = item(ContourImageSequence=[reference], ContourData=[1, 2, 3])
    contours = of_patient(
        ROIContourSequence=[item(ContourSequence=[contour])],
        ReferencedFrameOfReferenceSequence=[item(FrameOfReferenceUID=ct.FrameOfReferenceUID)],
    )
    ct, contours = (deidentify(dataset, salt=SALT) for dataset in (ct, contours))
    kept = contours.ROIContourSequence[0].ContourSequence[0]
    assert kept.ContourImageSequence[0].ReferencedSOPInstanceUID == ct.SOPInstanceUID
    assert kept.ContourImageSequence[0].ReferencedSOPClassUID == CTImageStorage
    assert list(kept.ContourData) == [1, 2, 3]
    frame = contours.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID
    assert frame == ct.FrameOfReferenceUID != "1.2.7741903.4"
    assert ct.SourceImageSequence[0].ReferencedSOPInstanceUID.startswith("2.25.")


def test_another_salt_gives_another_patient_uid_and_offset():
    first, again, other = (deidentify(image(), salt=salt) for salt in (SALT, SALT.encode(), "another salt"))
    assert first == again
    for keyword in ("PatientID", "SOPInstanceUID", "StudyDate"):
        assert first[keyword] != other[keyword]


def test_patients_without_number_are_told_apart_by_study():
    ids = [
        deidentify(image(PatientID="", StudyInstanceUID=uid), salt=SALT).PatientID for uid in ("1.2", "1.3")
    ]
    assert ids[0] != ids[1]


def test_a_second_run_keeps_what_the_first_kept():
    once = deidentify(image(), salt=SALT)
    twice = deidentify(once, salt=SALT)
    assert [e.tag for e in twice] == [e.tag for e in once]
    changing = ("UI", "DA", "DT", "SQ")
    for kept, again in zip(once, twice, strict=True):
        if kept.VR not in changing and kept.keyword not in ("PatientID", "PatientName"):
            assert kept == again


def test_registered_uids_stay_and_others_under_the_same_root_do_not():
    cleaned = deidentify(of_patient(FrameOfReferenceUID="1.2.840.10008.1.4.1.1"), salt=SALT)
    assert cleaned.FrameOfReferenceUID == "1.2.840.10008.1.4.1.1"
    cleaned = deidentify(of_patient(FrameOfReferenceUID="1.2.840.10008.7741903"), salt=SALT)
    assert cleaned.FrameOfReferenceUID.startswith("2.25.")


def test_text_in_place_of_a_number_goes():
    with confidentiality.quiet():
        dataset = of_patient()
        dataset.add(pydicom.DataElement(0x00101030, "LO", "Somebody's"))
    assert deidentify(dataset, salt=SALT).PatientWeight is None


def test_a_value_of_another_type_than_the_dictionary_says_goes():
    with confidentiality.quiet():
        dataset = of_patient(BodyPartExamined="CHEST")
        dataset.add(pydicom.DataElement("Rows", "LO", "Somebody"))
    cleaned = deidentify(dataset, salt=SALT)
    assert (cleaned.Rows, cleaned.BodyPartExamined) == (None, "CHEST")


@pytest.mark.parametrize(
    ("keyword", "kind"),
    [("BodyPartExamined", "DS"), ("FrameOfReferenceUID", "DS"), ("SOPClassUID", "LO"), ("SOPClassUID", "UI")],
)
def test_text_under_the_wrong_type_goes_and_is_quoted_by_no_message(keyword, kind):
    with confidentiality.quiet():
        dataset = of_patient()
        element = pydicom.DataElement(keyword, "LO", "Somebody")
        element.VR = kind
        dataset.add(element)
    assert "Somebody" not in str(deidentify(dataset, salt=SALT))


def test_a_text_in_place_of_a_contours_number_names_no_contour():
    with confidentiality.quiet():
        number = pydicom.DataElement("ROINumber", "LO", "Somebody")
    roi = item(ROIName="Hillcrest")
    roi.add(number)
    cleaned = deidentify(of_patient(StructureSetROISequence=[roi]), salt=SALT)
    assert cleaned.StructureSetROISequence[0].ROIName == "ROI"


def test_an_empty_element_stays_empty():
    assert not deidentify(of_patient(ContrastBolusAgent=""), salt=SALT).ContrastBolusAgent


# The user's own salt.


@pytest.fixture
def data_dir(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name: str(tmp_path / "data" / name))
    return tmp_path / "data" / "medlab"


def test_own_salt_is_made_once_for_this_user_alone(data_dir):
    first = deidentify(of_patient(), salt=None)
    (path,) = data_dir.iterdir()
    assert path.name == "deidentification.salt"
    assert len(path.read_text()) == 64
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert deidentify(of_patient()) == first
    path.unlink()
    assert deidentify(of_patient()) != first


def test_a_salt_that_another_process_wrote_first_is_used(data_dir, monkeypatch):
    link = os.link

    def late(draft, path):
        Path(path).write_text("a" * 64)
        link(draft, path)

    monkeypatch.setattr(os, "link", late)
    assert own_salt() == "a" * 64
    assert len(list(data_dir.iterdir())) == 1


def test_own_salt_is_made_where_there_are_no_hard_links(data_dir, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert own_salt() == own_salt()
    assert len(list(data_dir.iterdir())) == 1


def test_an_unwritable_data_directory_says_to_give_a_salt(tmp_path, data_dir):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"must be writable, got \w+\..*give salt= a secret"):
        deidentify(of_patient())


def test_an_altered_salt_is_refused(data_dir):
    own_salt()
    (data_dir / "deidentification.salt").write_text("short")
    with pytest.raises(ValueError, match=r"must hold 64 characters, got 5: it was altered"):
        deidentify(of_patient())


def test_a_salt_does_not_show():
    assert SALT not in repr(Pseudonyms(SALT))
    with pytest.raises(ValueError, match=r"at least 8 characters, got 5: whoever guesses it"):
        deidentify(of_patient(), salt="hello")
    with pytest.raises(TypeError, match=r"salt must be a string, bytes or None, got int"):
        deidentify(of_patient(), salt=12345678)


# Refusals.


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"BurnedInAnnotation": "YES"}, "its header says so"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "a secondary capture"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "a saved screen"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1"}, "ultrasound whose header does not deny it"),
    ],
)
def test_a_picture_that_may_hold_text_is_refused_unless_asked(elements, reason):
    with pytest.raises(ValueError, match=rf"likely to: .*{reason}.*allow_burned_in=True"):
        deidentify(of_patient(**elements), salt=SALT)
    assert deidentify(of_patient(**elements), salt=SALT, allow_burned_in=True).PatientIdentityRemoved == "YES"


def test_an_overlay_inside_the_pixels_is_refused_and_ultrasound_may_deny_text():
    dataset = of_patient()
    dataset.add_new(0x60000102, "US", 12)
    with pytest.raises(ValueError, match=r"an overlay is stored inside its pixels"):
        deidentify(dataset, salt=SALT)
    deidentify(of_patient(SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1", BurnedInAnnotation="NO"), salt=SALT)


def test_an_index_of_a_medium_is_refused():
    dataset = of_patient(DirectoryRecordSequence=[item(PatientName="Zzyzx")])
    with pytest.raises(ValueError, match=r"got a DICOMDIR"):
        deidentify(dataset, salt=SALT)


def test_something_else_than_a_dataset_is_refused():
    with pytest.raises(TypeError, match=r"must be a pydicom.Dataset, got PosixPath\. Read it"):
        deidentify(Path("Zzyzx"), salt=SALT)


def test_a_value_that_cannot_be_read_is_refused_without_being_quoted(caplog):
    content = as_bytes(image(KVP="120")).replace(b"KVP", b"KVP")
    broken = pydicom.dcmread(
        io.BytesIO(content.replace(b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x10\x00FD\x02\x00"))
    )
    with pytest.raises(
        ValueError, match=r"^Rows must hold a value of DICOM's type US, got one that"
    ) as caught:
        deidentify(broken, salt=SALT)
    assert leaks(str(caught.value), caplog.text) == []
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: b"Zzyzx" + content, "must be DICOM, got a file without DICOM's mark"),
        (lambda content: b"Zzyzx went to see the doctor.", "must be DICOM, got a file without DICOM's mark"),
        (lambda content: b"", "must be DICOM, got a file without DICOM's mark"),
        (lambda content: content[:-1], "must be a whole DICOM file, got EOFError"),
        (
            lambda content: content[: content.index(b"PLANTED") + 2],
            "must be a whole DICOM file, got EOFError",
        ),
        (lambda content: content[: content.index(b"\xe0\x7f\x10\x00OW")], "whole DICOM file, got EOFError"),
        (lambda content: content[:200], "must be a whole DICOM file, got EOFError"),
    ],
)
def test_a_broken_file_is_called_by_its_number_and_stops_no_other(
    source, tmp_path, caplog, capsys, change, problem
):
    path = source / MRN / "Planted_1.dcm"
    path.write_bytes(change(path.read_bytes()))
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [1, 0]
    assert table["problem"][1].startswith("file 1 of 2 (sorted by name): it ")
    assert problem in table["problem"][1]
    assert leaks(table.to_csv(), caplog.text, *capsys.readouterr()) == []
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 1


def test_the_index_of_a_disc_is_called_so_and_left_out(source, tmp_path):
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MediaStorageDirectoryStorage, "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    index = of_patient(DirectoryRecordSequence=[item(PatientName="Zzyzx")])
    index.file_meta = meta
    index.save_as(source / "DICOMDIR", enforce_file_format=True)
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [2, 0]
    assert "got a DICOMDIR: an index of files under their old names" in table["problem"][1]


@pytest.mark.parametrize("implicit", [True, False])
def test_a_bare_data_set_without_preamble_is_copied_as_a_file(source, tmp_path, implicit):
    bare = image(1)
    pydicom.dcmwrite(source / MRN / "Planted_1.dcm", Dataset(bare), implicit_vr=implicit, little_endian=True)
    assert (source / MRN / "Planted_1.dcm").read_bytes()[128:132] != b"DICM"
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [2]
    copies = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").rglob("*.dcm"))]
    assert {copy.PixelData for copy in copies} == {image(1).PixelData, image(2).PixelData}
    assert leaks(*(path.read_bytes() for path in (tmp_path / "out").rglob("*.dcm"))) == []


@pytest.mark.parametrize(
    ("syntax", "kind"), [("1.2.840.113619.5.2", "a private"), ("1.2.840.10008.1.2.4.999", "an unknown")]
)
def test_a_syntax_that_nobody_else_could_read_is_not_written(source, tmp_path, syntax, kind):
    path = source / MRN / "Planted_1.dcm"
    content = path.read_bytes()
    old = b"1.2.840.10008.1.2.1\0"
    assert content.count(old) == 1
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    before, after = (b"UI" + len(uid).to_bytes(2, "little") + uid for uid in (old, new))
    length = int.from_bytes(content[140:144], "little") + len(new) - len(old)
    content = content.replace(before, after)
    path.write_bytes(content[:140] + length.to_bytes(4, "little") + content[144:])
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [1, 0]
    assert f"transfer syntax of the standard, got {kind} one" in table["problem"][1]


@pytest.mark.parametrize(
    "keyword",
    "ContentDescription PostprocessingFunction CollimatorGridName AlgorithmName SourceDescription "
    "RTImageName "
    "SegmentationCreationTemplateLabel PatientSetupLabel ApplicationName AssignedLocation PrinterName "
    "WindowCenterWidthExplanation ReconstructionDescription ConfigurationName".split(),
)
def test_texts_that_people_type_go_whether_listed_or_not(keyword):
    assert keyword not in deidentify(of_patient(**{keyword: "Hillcrest"}), salt=SALT)


def test_texts_of_a_technical_vocabulary_stay():
    kept = {"Manufacturer": "ACME", "ConvolutionKernel": "B30f", "RescaleType": "HU", "CodeMeaning": "Lung"}
    cleaned = deidentify(of_patient(**kept), salt=SALT)
    assert {keyword: cleaned[keyword].value for keyword in kept} == kept
    assert deidentify(of_patient(RTImageLabel="Hillcrest"), salt=SALT).RTImageLabel == "REMOVED"


def test_a_segment_keeps_its_name_where_it_is_anatomy_alone():
    parts = [item(SegmentNumber=1, SegmentLabel="left lung"), item(SegmentNumber=2, SegmentLabel="Hillcrest")]
    cleaned = deidentify(of_patient(SegmentSequence=parts), salt=SALT)
    assert [part.SegmentLabel for part in cleaned.SegmentSequence] == ["left lung", "Segment 2"]


def test_pixels_shorter_than_the_header_says_are_refused(source, tmp_path):
    save(image(1, PixelData=b"\0" * 46), source / MRN / "Planted_1.dcm")
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["problem"].str.contains("got EOFError").tolist() == [False, True]


def test_contours_cut_inside_a_sequence_without_length_are_refused(source, tmp_path, caplog):
    dataset = image(1, StructureSetROISequence=[item(ROINumber=7), item(ROINumber=8, ROIName="Liver")])
    dataset["StructureSetROISequence"].is_undefined_length = True
    del dataset.Rows, dataset.PixelData
    content = as_bytes(dataset)
    (source / MRN / "Planted_1.dcm").write_bytes(content[: content.index(b"Liver") - 6])
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["problem"].str.contains("whole DICOM file, got OSError").tolist() == [False, True]
    assert leaks(caplog.text) == []


@pytest.mark.parametrize("missing", [(), ("Rows",)])
def test_cut_compressed_pixels_are_refused(source, tmp_path, caplog, missing):
    dataset = image(1, PixelData=pydicom.encaps.encapsulate([b"compressed pixels "]))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    dataset["PixelData"].is_undefined_length = True
    for keyword in missing:
        del dataset[keyword]
    path = save(dataset, source / MRN / "Planted_1.dcm")
    assert deidentify_files(source, tmp_path / "whole", salt=SALT)["files"].sum() == 2
    path.write_bytes(path.read_bytes()[:-12])
    # pydicom warns, and logs, with the name of the file.
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["problem"].str.contains("whole DICOM file, got EOFError").tolist() == [False, True]
    assert leaks(caplog.text) == []


def test_warnings_that_quote_values_reach_no_log_and_no_screen(caplog, recwarn):
    content = as_bytes(image()).replace(b"1.2.7741903.4\0", b"Zzyzx^Planted\0")
    cleaned = deidentify(pydicom.dcmread(io.BytesIO(content)), salt=SALT)
    assert (
        leaks(caplog.text, *(str(warning.message) for warning in recwarn), cleaned.FrameOfReferenceUID) == []
    )
    assert cleaned.FrameOfReferenceUID.startswith("2.25.")


def test_a_name_inside_a_sequence_is_not_quoted_elsewhere():
    dataset = of_patient(SoftwareVersions="by Ann Ngo", ConvolutionKernel="scanner")
    dataset.PerformedProcedureCodeSequence = [item(PersonName="Ngo^Ann")]
    cleaned = deidentify(dataset, salt=SALT)
    assert (cleaned.SoftwareVersions, cleaned.ConvolutionKernel) == ("", "scanner")


def test_a_screen_beside_slices_is_left_out_and_named_by_number(source, tmp_path):
    save(image(3, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), source / "screen.dcm")
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [2, 0]
    assert table["problem"][1].startswith(
        "file 3 of 3 (sorted by name): the picture must hold no burned-in text"
    )


def test_nothing_is_overwritten(source, tmp_path):
    deidentify_files(source, tmp_path / "out", salt=SALT)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.dcm")}
    table = deidentify_files(source, tmp_path / "out", salt=SALT)
    assert table["files"].tolist() == [0, 0]
    assert table["problem"].str.contains("nothing was overwritten").all()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.dcm")} == before


def test_a_target_inside_the_source_is_refused(source):
    with pytest.raises(ValueError, match=r"target_folder must lie outside of source_folder, got one inside"):
        deidentify_files(source, source / "out", salt=SALT)
    assert [path.name for path in source.iterdir()] == [MRN]


def test_a_source_without_files_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match=r"source_folder must be a folder") as caught:
        deidentify_files(tmp_path / "Zzyzx", tmp_path / "out", salt=SALT)
    assert leaks(str(caught.value)) == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"must hold DICOM files, got an empty folder"):
        deidentify_files(tmp_path / "empty", tmp_path / "out", salt=SALT)


def test_a_full_disk_leaves_no_half_file(source, tmp_path, monkeypatch):
    write = Path.write_bytes

    def half(path, content):
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "full", str(path))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match=r"target_folder .* got a full disk\. Choose another") as caught:
        deidentify_files(source, tmp_path / "out", salt=SALT)
    assert caught.value.errno == errno.ENOSPC
    assert leaks(str(caught.value)) == []
    assert list((tmp_path / "out").rglob("*")) == []


def test_a_target_that_is_a_file_is_refused(source, tmp_path):
    (tmp_path / "out").write_text("taken")
    with pytest.raises(OSError, match=r"target_folder must be a folder with room .* got \w+Error"):
        deidentify_files(source, tmp_path / "out", salt=SALT)


# Real files.


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["ct_lung_dx", "ct_lidc", "pet_ct_mr/dicom_STS_001"])
def test_no_uid_date_or_number_of_real_files_survives(real_data, tmp_path, folder):
    root = real_data / folder
    if not root.is_dir():
        pytest.skip(f"no {folder} in this folder of real images")
    originals = [pydicom.dcmread(path) for path in sorted(root.rglob("*.dcm"))]
    secret: set[str] = set()

    def collect(dataset):
        for element in dataset:
            several = isinstance(element.value, pydicom.multival.MultiValue)
            values = element.value if several else [element.value]
            if element.VR == "SQ":
                for inner in element.value:
                    collect(inner)
            elif element.VR == "UI" and "Class" not in element.keyword:
                secret.update(str(v) for v in values if str(v) and v not in pydicom.uid.UID_dictionary)
            elif element.VR in ("DA", "PN") or element.keyword in ("PatientID", "AccessionNumber", "StudyID"):
                secret.update(str(value) for value in values if len(str(value or "")) > 3)

    with confidentiality.quiet():
        for original in originals:
            collect(original)
    table = deidentify_files(root, tmp_path / "out", salt=SALT)
    assert table["files"].sum() == len(originals) > 10
    copies = {}
    for path in (tmp_path / "out").rglob("*.dcm"):
        copy = pydicom.dcmread(path)
        copies[copy.SOPInstanceUID] = copy
        header = path.read_bytes().replace(copy.get("PixelData", b"\0"), b"")
        assert [
            text for text in secret if text.encode() in header or text in str(path.relative_to(tmp_path))
        ] == []
    for original in originals:
        copy = copies[Pseudonyms(SALT).uid(original.SOPInstanceUID)]
        assert copy.get("PixelData") == original.get("PixelData")
