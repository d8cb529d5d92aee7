"""Whole reports on real CT series: contours to a page and a segmentation, candidates beside boxes."""

import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from medlab import data, models
from medlab.data import Dataset, Split, volumes
from medlab.data.normalization import Normalization
from medlab.reports import ParameterErrors, read_schema, resolve, run_report, validate

SIDES = (8, 16, 16)


@pytest.fixture
def detector(tmp_path):
    """A U-Net that has learned nothing: what it proposes does not matter here."""
    noise = np.random.default_rng(0).integers(0, 256, (3, *SIDES, 1)).astype(np.uint8)
    split = Split(noise, (noise[..., 0] > 250).astype(np.uint8))
    facts = {"spacing_mm": (5.0, 2.0, 2.0), "window_hu": (-500.0, 1200.0), "simulated": True}
    dataset = Dataset("noise", split, split, split, "segmentation", ("background", "nodule"), **facts)
    network = models.build("unet", dataset, width=4, levels=2)
    return models.save(tmp_path / "detector", network, dataset, Normalization((100.0,), (50.0,)))


@pytest.fixture
def reader(tmp_path):
    """A network of simulated nodules that has learned nothing."""
    crops = data.center_crop(data.load("simulated_nodules", n_train=20, n_val=10, n_test=10), 32)
    network = models.build("screening_cnn", crops, width=8)
    return models.save(tmp_path / "reader", network, crops, Normalization((100.0,), (50.0,)), threshold=0.5)


def problems(report, **given):
    schema = read_schema(resolve(report).notebook)
    with pytest.raises(ParameterErrors) as caught:
        validate(schema, {"call": {name: str(value) for name, value in given.items()}})
    return str(caught.value)


def planted(folder):
    """Return what identifies the patient in the DICOM files of a folder."""
    header = pydicom.dcmread(next(folder.glob("*.dcm")), stop_before_pixels=True)
    names = ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate")
    return {str(header.get(name) or "") for name in names} - {""}


def assert_names_nobody(result, series):
    texts = [path for path in result.folder.rglob("*") if path.suffix in (".html", ".ipynb", ".json", ".csv")]
    for path in [*texts, *result.folder.glob("*.dcm")]:
        for value in planted(series):
            assert value.encode() not in path.read_bytes(), path.name


def assert_reads_back(path, series):
    """A segmentation is the same to medlab, highdicom and SimpleITK; return its mask."""
    ((name, mask),) = volumes.read_seg(path, series).items()
    frames = hd.seg.segread(path).get_volume(segment_numbers=[1], combine_segments=True)
    index = series.to_index(frames.map_indices_to_reference(np.argwhere(frames.array > 0)))
    theirs = np.zeros(series.shape, bool)
    theirs[tuple(np.rint(index).astype(int).T)] = True
    np.testing.assert_array_equal(theirs, mask.array, err_msg=name)
    image = sitk.ReadImage(str(path))
    placed = sitk.Resample(image, series.to_sitk(), sitk.Transform(), sitk.sitkNearestNeighbor)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(placed) > 0, mask.array, err_msg=name)
    if shutil.which("dciodvfy"):
        said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False).stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == []
    return mask


@pytest.mark.slow
def test_contours_of_real_ct_are_read_measured_and_written(real_data, reader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = real_data / "ct_lidc" / "LIDC-IDRI-0001"
    contours = next(folder.glob("*.xml"))
    given = {"model": str(reader), "image": str(folder), "contours": str(contours), "allow_missing": True}
    result = run_report("case", given)
    (finding,) = result.metrics["findings"]
    assert result.metrics["subject"] == "Contour 1 in a series of your own"
    # The nodule of this patient: about 3 cm; malignancy 5 by all four readers.
    assert 20 < finding["long_axis_mm"] < 40
    assert 2 < finding["volume_ml"] < 15
    series = volumes.read(folder)
    mask = assert_reads_back(result.folder / "segmentation.dcm", series)
    expected = volumes.read_lidc(contours, series, allow_missing=True).labels.array > 0
    np.testing.assert_array_equal(mask.array, expected)
    page = result.html.read_text()
    for text in (
        "What was marked, in mm and ml",
        "volume (ml)",
        "The network read contour 1.",
        "No file names anybody",
    ):
        assert text in page
    assert_names_nobody(result, folder)


@pytest.mark.slow
def test_every_box_of_a_real_series_stands_beside_its_best_candidate(
    real_data, detector, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    patient = real_data / "ct_lung_dx"
    folder, boxes = patient / "Lung_Dx-A0002", patient / "boxes"
    given = {"model": str(detector), "image": str(folder), "contours": str(boxes), "threshold": 0.5}
    result = run_report("detection", {**given, "allow_missing": True})
    series = volumes.read(folder)
    known, _ = volumes.read_boxes(boxes, series, allow_missing=True)
    rows = result.metrics["marked"]
    assert [row["slice"] - 1 for row in rows] == [box.z for box in known]
    assert all(row["candidate"] is not None and row["distance_mm"] >= 0 for row in rows)
    written = sorted(result.folder.glob("segmentation*.dcm"))
    assert written
    for path in written[:3]:
        assert_reads_back(path, series)
    page = result.html.read_text()
    assert all(row["finding"] in page for row in rows)
    assert "8 of 18 left out (box)" in page
    assert (
        "SIMULATED images (noise), with voxels of 5 x 2 x 2 mm. This series has 8 x 0.646 x 0.646 mm" in page
    )
    assert page.count("<img") == 2
    assert_names_nobody(result, folder)


def test_series_and_contours_that_do_not_fit_are_refused_before_a_kernel(
    real_data, reader, detector, tmp_path
):
    lidc, lung_dx = real_data / "ct_lidc", real_data / "ct_lung_dx"
    marked = next((lidc / "LIDC-IDRI-0001").glob("*.xml"))
    of_one = {"model": reader, "image": lidc / "LIDC-IDRI-0001", "contours": marked}
    assert "must lie on a slice of the volume" in problems("case", **of_one)
    assert "must lie on a slice of the volume" in problems(
        "case", **{**of_one, "image": lidc / "LIDC-IDRI-0003", "allow_missing": True}
    )
    text = problems("case", **of_one, allow_missing=True, finding=9)
    assert "finding, a number among those of contours, must lie between 1 and 1, got 9" in text
    assert "contours are for a series of your own" in problems("case", **{**of_one, "image": 3})
    assert "contours are for a series of your own" in problems("detection", contours=marked)
    text = problems("detection", model=detector, image=lung_dx / "Lung_Dx-A0002", contours=lung_dx / "boxes")
    assert "Each box must lie on a slice of the volume, got 8 of 18 that do not" in text
    assert "must be a 3-D U-Net" in problems("detection", model=reader, image=lung_dx / "Lung_Dx-A0002")
    text = problems("case", model=detector, image=lung_dx / "Lung_Dx-A0002")
    assert "model must give one answer an image, got unet, which outlines nodule" in text
    assert "must give one answer an image" in problems("validation", model=detector, data_dir=tmp_path)
    assert "that exists" in problems("detection", image=tmp_path / "nothing")
