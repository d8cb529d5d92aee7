"""A patient's name must reach no output: no text, no file, no error, no log, no cache."""

import json
import logging
from pathlib import Path

import numpy as np
import platformdirs
import pydicom
import pytest

from medlab.data import deidentification, volumes

PLANTED = ("zzyzx", "planted", "mrn7741903", "7741903", "secret4711", "19550312", "marienhosp", "19991231")


def item(**elements):
    dataset = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def plant(dataset, _z) -> None:
    """Put a name, a number, a birth date and a hospital where scanners, and people, put them."""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = (
        "Zzyzx^Planted",
        "MRN7741903",
        "19550312",
    )
    dataset.OtherPatientNames, dataset.OtherPatientIDs = ["Zzyzx^P"], ["MRN7741903"]
    dataset.ReferringPhysicianName = dataset.OperatorsName = "Planted^Doctor"
    dataset.InstitutionName, dataset.InstitutionAddress = "Marienhospital", "Zzyzx Road"
    dataset.StudyDescription, dataset.SeriesDescription = "Zzyzx", "Planted"
    dataset.PatientComments, dataset.ImageComments, dataset.AccessionNumber = "Zzyzx", "Zzyzx", "7741903"
    dataset.DeviceSerialNumber, dataset.StationName, dataset.BodyPartExamined = (
        "7741903",
        "MARIENHOSP",
        "ZZYZX",
    )
    dataset.SoftwareVersions, dataset.ProtocolName = "for Zzyzx", "Planted"
    dataset.RequestAttributesSequence = [item(RequestedProcedureDescription="Zzyzx")]
    dataset.ProcedureCodeSequence = [item(CodeValue="P1", CodeMeaning="of Zzyzx")]
    dataset.private_block(0x0009, "ZZYZX", create=True).add_new(1, "LO", "Zzyzx^Planted")
    dataset.file_meta.SourceApplicationEntityTitle = "ZZYZX"


def leaks(*outputs) -> list[str]:
    text = " ".join(map(str, outputs)).lower()
    return [word for word in PLANTED if word in text]


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "Zzyzx^Planted" / "MRN7741903"


@pytest.fixture(autouse=True)
def said(caplog, capsys):
    """Check after every test what was logged and printed meanwhile, at every level."""
    caplog.set_level(logging.DEBUG)
    yield
    captured = capsys.readouterr()
    assert leaks(caplog.text, captured.out, captured.err) == []


def test_a_volume_and_its_header_name_nobody(dicom, folder):
    paths = dicom.write(folder, edit=plant)
    volume = volumes.read(folder)
    header = volumes.read_header(paths[0])
    for shown in (volume.header, header):
        assert leaks(shown, repr(shown), shown.to_json(), vars(shown), getattr(shown, "file_meta", "")) == []
        assert shown.PatientName == shown.PatientID
    assert leaks(repr(volume), str(volume), vars(volume), volume.notes) == []
    np.testing.assert_array_equal(volume.array, dicom.array)


def test_a_list_of_series_names_nobody(dicom, folder):
    dicom.write(folder, edit=plant)
    dicom.write(
        folder, edit=lambda dataset, z: plant(dataset, z) or folder / f"Zzyzx_{z}.dcm", uid="1.2.7741903"
    )
    listing = volumes.list_series(folder)
    assert len(listing) == 2
    assert leaks(listing, *map(str, listing)) == []
    with pytest.raises(ValueError, match="series") as caught:
        volumes.read(folder)
    assert leaks(caught.value) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-2],
        lambda content: content[: content.index(b"Marienhospital") + 3],
        lambda content: b"Zzyzx" + content,
        lambda content: content.replace(b"DICM", b"ZZYZX"[:4]),
        lambda content: content.replace(b"LO", b"ZZ"),
        lambda content: content.replace(b"0.8\\0.7", b"Zz\\yzx "[:7]),
        lambda _: b"Zzyzx",
        lambda _: b"",
    ],
)
def test_errors_of_broken_files_name_nobody(dicom, folder, tmp_path, change):
    path = dicom.write(folder, edit=plant)[2]
    path.write_bytes(change(path.read_bytes()))
    for action in (
        lambda: repr(volumes.read(folder)),
        lambda: repr(volumes.read(path)),
        lambda: repr(volumes.read_header(path)),
        lambda: repr(volumes.list_series(folder)),
        lambda: deidentification.deidentify_files(folder, tmp_path / "out").to_csv(),
    ):
        try:
            told = action()
        except (ValueError, OSError) as error:
            told = f"{error!r} {error}"
        assert leaks(told) == []


def test_a_file_cut_inside_a_sequence_without_length_names_nobody(dicom, folder, tmp_path):
    def edit(dataset, z):
        plant(dataset, z)
        dataset["RequestAttributesSequence"].is_undefined_length = True
        dataset.RequestAttributesSequence[0].is_undefined_length_sequence_item = True

    path = dicom.write(folder, edit=edit)[2]
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"Zzyzx") + 3])
    # pydicom warns, and logs, with the name of the file.
    for action in (volumes.read, volumes.list_series):
        with pytest.raises(ValueError, match=r"file \d of 7") as caught:
            action(folder)
        assert leaks(caught.value) == []
    table = deidentification.deidentify_files(folder, tmp_path / "out")
    assert table["files"].tolist() == [6, 0]
    assert leaks(table.to_csv()) == []


def test_a_path_that_does_not_exist_is_not_repeated(folder):
    for action in (volumes.read, volumes.read_header, volumes.list_series):
        with pytest.raises(FileNotFoundError) as caught:
            action(folder)
        assert leaks(caught.value) == []


def test_nothing_is_written_but_the_salt(dicom, folder, tmp_path, monkeypatch):
    home, data = tmp_path / "home", tmp_path / "data"
    for made in (home, data):
        made.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MEDLAB_DATA", str(data))
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name: str(home / name))
    dicom.write(folder, edit=plant)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    volumes.read(folder)
    volumes.list_series(folder)
    written = [path for path in (*home.rglob("*"), *data.rglob("*")) if path.is_file()]
    assert [path.name for path in written] == ["deidentification.salt"]
    assert leaks(written[0].read_text()) == []
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_copies_and_what_is_read_from_them_name_nobody(dicom, folder, tmp_path):
    dicom.write(folder, edit=plant)
    table = deidentification.deidentify_files(folder, tmp_path / "out")
    assert table["files"].tolist() == [dicom.shape[0]]
    (series,) = {path.parent for path in (tmp_path / "out").rglob("*.dcm")}
    volume = volumes.read(series, deidentify=False)
    assert leaks(volume.header, vars(volume), json.dumps(volume.header.to_json_dict()), series) == []
    np.testing.assert_array_equal(volume.array, dicom.array)
