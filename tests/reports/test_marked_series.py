"""Series with what was marked in them: cut out for a network, searched by one, measured, written."""

from types import SimpleNamespace

import numpy as np
import pytest

from medlab import data, models
from medlab.data import volumes
from medlab.data.volumes import Finding, Volume
from medlab.data.volumes.boxes import Box
from medlab.data.volumes.contours import of_mask
from medlab.data.volumes.masks import mask_like
from medlab.reports import marked_series, search, search_page

FACTS = {"input_shape": [4, 6, 1], "spacing_mm": [1.0, 0.5], "window_hu": [0.0, 1000.0]}
DETECTOR = {
    **FACTS,
    "input_shape": [4, 8, 8, 1],
    "spacing_mm": [3.0, 1.0, 0.5],
    "task": "segmentation",
    "class_names": ["background", "nodule"],
    "network": "unet",
    "dataset": "made",
    "simulated": True,
    "training_data_fingerprint": "0" * 16,
    "seed": 0,
    "metrics": {},
}


@pytest.fixture
def series():
    """Voxels of 3 x 1 x 0.5 mm; each says its row and column."""
    array = np.zeros((5, 12, 20), np.int16)
    array += (10 * np.arange(12)[:, None] + np.arange(20)).astype(np.int16)
    return Volume(array, (3.0, 1.0, 0.5), modality="CT", units="HU")


@pytest.fixture
def masks(series):
    first, second = np.zeros(series.shape, bool), np.zeros(series.shape, bool)
    first[1:3, 3:7, 4:10], second[4, 9:11, 12:18] = True, True
    first[4, 0, 0] = True  # a part of its own
    return [of_mask(f"contour {n}", mask_like(series, mask)) for n, mask in enumerate((first, second), 1)]


def test_a_network_reads_the_voxels_around_a_finding(series):
    """At the network's own spacing and centered between voxels, they come as they are; 1000 HU are 255."""
    image = data.crop_around(series, (2, 5.5, 9.5), FACTS)
    expected = np.rint(255 * (series.array[2, 4:8, 7:13] + 500.0) / 1000)
    np.testing.assert_array_equal(image.images[0, ..., 0], expected)
    assert image.spacing_mm == (1.0, 0.5)
    volume = data.crop_around(
        series, (2.5, 5.5, 9.5), {**FACTS, "input_shape": [2, 4, 6, 1], "spacing_mm": [3.0, 1.0, 0.5]}
    )
    assert volume.images.shape == (1, 2, 4, 6, 1)
    np.testing.assert_array_equal(volume.images[0, 0, ..., 0], expected)


def test_beyond_the_series_lies_air(series):
    image = data.crop_around(series, (0, 0.5, 0.5), FACTS).images[0, ..., 0]
    assert (image[0] == 0).all()
    assert (image[1:, 2:] > 0).all()


@pytest.mark.parametrize("change", [{"spacing_mm": None}, {"window_hu": None}, {"input_shape": [4, 6, 3]}])
def test_a_network_that_cannot_read_ct_at_its_spacing_is_refused(series, change):
    with pytest.raises(
        ValueError, match="a finding is cut out of CT in HU, for a network that learned from gray"
    ):
        data.crop_around(series, (2, 5, 9), {**FACTS, **change})


def test_findings_are_measured_and_small_parts_left_out_in_words(series, masks):
    first, second = (marked_series.measure_finding(finding, series) for finding in masks)
    assert first["volume_ml"] == pytest.approx(2 * 4 * 6 * 1.5 / 1000)
    assert first["slice"] == 2
    assert first["mean_hu"] == pytest.approx(10 * 4.5 + 6.5)
    assert first["note"] == "Contour 1: The largest of 2 parts is kept: 48 of 49 voxels."
    assert second["note"] == "Contour 2: It reaches the edge of the series and may go on beyond."
    box = Finding("box 1", (2, 4, 5), box=Box("A", 2, 1, 5, 2, 8, (0, 0, 0), (3.0, 4.0, 3.0)))
    assert marked_series.measure_finding(box, series)["long_axis_mm"] == 4.0


def test_masks_of_a_series_that_is_not_dicom_are_written_as_nifti(series, masks, tmp_path):
    written = marked_series.write_masks(tmp_path, {m.name: m.mask for m in masks}, series, "nodule")
    assert "segmentation.nii.gz" in written
    labels = volumes.read(tmp_path / "segmentation.nii.gz").array
    assert [int((labels == n).sum()) for n in (1, 2)] == [49, 12]
    assert "no segmentation was written" in marked_series.write_masks(tmp_path, {}, series, "nodule")


@pytest.fixture
def searched(series, masks):
    """Two candidates in the first finding, one nowhere; the network outlined the first finding only."""
    candidates = search.pd.DataFrame(
        {"score": [0.9, 0.8, 0.7], "z": [0, 2, 1], "y": [0, 4, 5], "x": [19, 5, 8]}
    )
    drawn = np.zeros(series.shape, bool)
    drawn[1:3, 3:7, 4:9] = True
    bundle = SimpleNamespace(facts=DETECTOR)
    return search.Search(bundle, series, mask_like(series, drawn), candidates, masks, [], False)


def test_each_finding_stands_beside_its_best_candidate(searched):
    first, second = search.best_candidates(searched)
    assert (first["candidate"], first["score"], first["within"]) == (2, 0.8, True)
    # From (1, 4.5, 6.5) to (2, 4, 5): 3 mm, 0.5 mm and 0.75 mm.
    assert first["distance_mm"] == pytest.approx(np.sqrt(9 + 0.25 + 0.75**2))
    # None lies within the second, at (4, 9.5, 14.5); the second candidate is nearest.
    assert (second["candidate"], second["within"]) == (2, False)
    assert second["distance_mm"] == pytest.approx(np.sqrt(36 + 5.5**2 + 4.75**2))
    said = " ".join(search_page.search_findings(searched, [first, second]))
    assert "Of 2 things that were marked, 1 hold a candidate. The first of these is candidate 2 of 3." in said
    assert "1 candidates lie in nothing that was marked" in said


def test_without_candidates_nothing_is_found_and_said_so(searched):
    empty = searched._replace(candidates=searched.candidates[:0])
    rows = search.best_candidates(empty)
    assert [row["candidate"] for row in rows] == [None, None]
    assert "proposes 0 places" in search_page.search_findings(empty, rows)[0]
    assert "no candidate" in search_page.candidates_table([]).data
    assert "Nothing was marked" in search_page.best_table([]).data


def test_candidates_are_measured_and_an_outline_is_written_once(searched):
    measured, outlines = search.search_candidates(searched)
    assert list(outlines) == ["candidate 2"]
    assert outlines["candidate 2"].array.sum() == 40
    assert "volume_ml" not in measured[0]
    assert measured[1]["volume_ml"] == measured[2]["volume_ml"] == pytest.approx(0.06)
    assert [row["slice"] for row in measured] == [1, 3, 2]
    table = search_page.candidates_table(measured)
    assert {"volume (ml)", "score"} <= set(table)
    assert table.loc["candidate 1", "volume (ml)"] == "–"


def test_figures_show_the_candidates_and_what_was_marked(searched):
    first, second = search_page.search_figures(searched, search.best_candidates(searched))
    titles = [axis.get_title().replace("\n", " ") for picture in (first, second) for axis in picture.axes]
    assert "candidate 1, slice 1, 0.90" in titles
    assert "contour 2, slice 5: none inside" in titles
    assert "solid orange: marked; dashed blue: network" in first.get_suptitle()


@pytest.mark.parametrize(
    "change",
    [
        {"task": "binary"},
        {"input_shape": [8, 8, 1]},
        {"spacing_mm": None},
        {"window_hu": None},
        {"class_names": ["a", "b", "c"]},
    ],
)
def test_a_model_that_is_no_detector_is_refused(change):
    with pytest.raises(ValueError, match="model must be a 3-D U-Net with two classes that learned from CT"):
        marked_series.check_detector({**DETECTOR, **change})


def test_a_network_that_outlines_gives_no_one_answer():
    with pytest.raises(ValueError, match="must give one answer an image, got unet, which outlines nodule"):
        models.check_one_answer(DETECTOR)
