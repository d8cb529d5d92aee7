"""The study of a segmentation: masks judged by hand, parameters refused, and whole runs at smoke scale."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medlab import data, plots, reports
from medlab.reports import parameters, presets

NAMES = ("background", "lesion")


def judged(truth, answer, **facts):
    """Return what `judge_masks` says of a network that gives these answers; all arrays made by hand."""
    truth, answer = np.asarray(truth, np.uint8), np.asarray(answer)
    split = data.Split(np.zeros((*truth.shape, 1), np.uint8), truth, attributes=facts.pop("attributes", {}))
    names = facts.pop("class_names", NAMES)
    cohort = data.Dataset("boxes", split, split, split, "segmentation", names, **facts)
    outputs = iter(np.eye(len(names))[answer])
    run = SimpleNamespace(predict=lambda _images: next(outputs)[np.newaxis])
    return reports.judge_masks(run, cohort)


def boxes(count=6, shape=(8, 9)):
    """Return masks with a box of 4 x 2 pixels, and answers of 4 x 4, the last one empty."""
    truth, answer = np.zeros((2, count, *shape), int)
    truth[..., 2:6, 2:4] = answer[..., 2:6, 2:6] = 1
    answer[-1] = 0
    return truth, answer


def test_areas_of_single_images_are_in_mm2_and_an_empty_answer_is_counted():
    measured = judged(*boxes(), spacing_mm=(0.8, 0.5))
    first, last = measured.cases.iloc[0], measured.cases.iloc[-1]
    assert (first["id"], first["label"]) == ("test-00000", "lesion")
    assert first["dice"] == pytest.approx(2 * 8 / 24)
    assert (first["true_size"], first["predicted_size"]) == pytest.approx((8 * 0.4, 16 * 0.4))
    assert first["size_error_mm2"] == pytest.approx(3.2)
    assert first["hd95_mm"] == pytest.approx(1.0)  # two columns of 0.5 mm
    assert (last["dice"], last["predicted_size"]) == (0, 0)
    test = measured.evaluation.to_metrics()["test"]
    assert test["dice"] == pytest.approx(5 / 6 * 2 / 3)
    assert test["cases_left_out"]["hd95_mm"] == 1
    assert test["hd95_mm_ci"] is None
    assert "the same in every resample" in test["ci_reasons"]["hd95_mm"]
    (sentence,) = reports.mask_findings(measured)
    assert "Of the 6 cases with it, nothing was marked in 1; of the 0 without it" in sentence
    assert "area, predicted less true (mm²)" in reports.mask_table(measured)["measure"].tolist()


def test_without_a_spacing_all_is_in_pixels():
    first = judged(*boxes()).cases.iloc[0]
    assert (first["hd95_px"], first["size_error_px"], first["true_size"]) == (2, 8, 8)


def test_volumes_are_judged_without_padding_each_with_its_own_spacing():
    truth, answer = np.zeros((2, 2, 3, 8, 9), int)
    truth[:, 1, 2:6, 2:4] = answer[:, 1, 2:6, 2:4] = 1
    answer[1, :, 7, 8] = 1  # in the padding of the second
    facts = {"extent": np.array([(3, 8, 9), (3, 7, 9)]), "spacing_mm": np.array([(3, 0.8, 0.7), (2, 1, 1.0)])}
    measured = judged(truth, answer, attributes=facts)
    assert measured.cases["dice"].tolist() == [1, 1]
    assert measured.cases["true_size"].tolist() == pytest.approx([8 * 1.68 / 1000, 8 * 2 / 1000])
    assert measured.size_unit == "ml"
    assert measured.answers[1, :, 7, 8].tolist() == [0, 0, 0]
    worst, _ = reports.mask_examples(measured)
    assert worst.axes[0].get_title().replace("\n", " ") == "worst: Dice 1.00 (test-00000); slice 2"


def test_of_several_labels_the_mean_of_each_case_comes_last_in_metrics():
    truth, answer = boxes()
    truth[:, 7, :3] = answer[:, 7, :3] = 2
    measured = judged(truth, answer, class_names=(*NAMES, "edge"))
    test = measured.evaluation.splits["test"]
    assert test["labels"]["edge"]["dice"] == 1
    assert test["dice"] == pytest.approx((5 / 6 * 2 / 3 + 1) / 2)
    assert len(reports.mask_findings(measured)) == 2


def test_outlines_are_drawn_along_the_edge_of_the_image_too_and_named():
    truth, answer = boxes(2)
    truth[0] = 1
    picture = plots.image_grid(np.zeros((2, 8, 9, 1), np.uint8))
    plots.add_outlines(picture, {"truth": truth, "network": answer})
    assert picture.get_suptitle() == "solid orange: truth; dashed blue: network"
    whole = picture.axes[0].collections[0].get_paths()[0].get_extents()
    assert whole.bounds == (-0.5, -0.5, 9, 8)
    assert len(picture.axes[1].collections) == 1  # the empty answer has none
    assert picture.axes[0].get_xlim() == (-0.5, 8.5)


@pytest.fixture
def folder(tmp_path):
    """Ten pairs of PNG of unequal size, 18 or 20 by 22 pixels, the lesion a bright box."""
    rng = np.random.default_rng(0)
    for number in range(10):
        gray = rng.integers(0, 100, (18 + number % 2 * 2, 22)).astype(np.uint8)
        mask = np.zeros_like(gray)
        mask[5:11, 4 + number : 9 + number] = 255
        for name, pixels in (("images", gray + mask // 2), ("masks", mask)):
            (tmp_path / "Jane Doe" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "Jane Doe" / name / f"{number}.png")
    return tmp_path / "Jane Doe"


def problems(**given):
    schema = parameters.read_schema(presets.resolve("segmentation").notebook)
    with pytest.raises(parameters.ParameterErrors) as caught:
        parameters.validate(schema, {"call": given})
    return str(caught.value)


def test_wrong_parameters_are_refused_together_before_anything_runs(folder):
    text = problems(loss="focal", levels="9", class_names="nodule", patch="30,32", dataset="breastmnist")
    assert "loss must be one of: auto, dice_cross_entropy, dice, tversky; got 'focal'" in text
    assert "levels must lie between 2 and 6" in text
    assert "class_names must be two or more different names, the background first, got 'nodule'" in text
    assert "patch must have sides that are multiples of 4 (see levels)" in text
    assert "dataset with masks must be one of: simulated_nodules" in text
    assert "up to (64, 64), got '128,128'" in problems(patch="128,128")
    assert "patch must be 2 or 3 whole numbers with commas between, got '8.5,8'" in problems(patch="8.5,8")
    assert "exclude each other" in problems(dataset="simulated_nodules", data_dir=str(folder))
    assert "window_hu must be 2 numbers, the last above 0," in problems(window_hu="-600")
    assert "window_hu is for CT volumes of your own" in problems(window_hu="-600,1500")
    assert "NIfTI in data_dir" in problems(window_hu="-600,1500", data_dir=str(folder))


def test_a_folder_that_lacks_masks_is_refused_before_anything_runs(folder):
    (folder / "masks" / "3.png").unlink()
    assert "data_dir: each image must have a mask of its name, got 1" in problems(data_dir=str(folder))
    (folder / "images" / "3.png").rename(folder / "images" / "3.nii")
    (folder / "masks" / "3.nii.gz").touch()
    assert "must all be PNG, or all be NIfTI, got both" in problems(data_dir=str(folder))
    for path in [*folder.glob("images/*"), *folder.glob("masks/*")]:
        if path.name not in ("0.png", "1.png"):
            path.unlink()
    assert "data_dir: the number of images must lie between 3 and" in problems(data_dir=str(folder))
    (folder / "masks").rename(folder / "labels")
    assert "must hold the folders images and masks, got no masks" in problems(data_dir=str(folder))


def test_a_rule_of_groups_that_does_not_fit_the_folder_is_refused_before_anything_runs(folder):
    assert "must name a group for each image" not in problems(data_dir=str(folder), levels="9")
    (folder / "groups.csv").write_text("file,group\n0.png,a\n")
    text = problems(data_dir=str(folder), group_rule="csv:groups.csv")
    assert "groups.csv must name a group for each image, got none for" in text
    assert "the number of groups by group_rule must lie between 3 and" in problems(
        data_dir=str(folder), group_rule="blocks:1000"
    )
    assert "group_rule is for images of your own" in problems(group_rule="none")


def test_a_folder_is_padded_to_what_the_levels_need(folder):
    cohort = data.load_masks(folder, NAMES, multiple_of=8)
    assert cohort.image_shape == (24, 24, 1)
    assert data.load_masks(folder, NAMES).image_shape == (20, 22, 1)


@pytest.mark.slow
def test_as_it_stands_the_report_segments_simulated_nodules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = reports.run_report("segmentation", {"scale": "smoke"})
    test, page = result.metrics["test"], result.html.read_text()
    assert result.metrics["task"] == "segmentation"
    assert 0 < test["dice"] <= 1
    assert len(test["dice_ci"]) == 2
    assert "of the 0 without it" in result.metrics["summary"][0]
    assert len(pd.read_csv(result.folder / "cases.csv")) == result.metrics["n_test"] == 24
    assert "simulated_nodules, 24 simulated test images" in page
    assert "not a medical device" in page
    assert page.count("<img") == 6


@pytest.mark.slow
def test_a_folder_of_png_becomes_a_report_that_names_nobody(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    given = {"data_dir": str(folder), "class_names": "background,lesion", "scale": "smoke", "patch": "16,16"}
    result = reports.run_report("segmentation", {**given, "loss": "tversky"})
    assert result.metrics["simulated"] is False
    assert {"hd95_px", "size_error_px"} <= set(result.metrics["test"])
    assert pd.read_csv(result.folder / "cases.csv")["id"].tolist() == ["test-00000"]
    page = result.html.read_text()
    assert "size, predicted less true (pixels)" in page
    for file in (result.folder / "metrics.json", result.html, result.notebook):
        assert str(folder.parent) not in file.read_text()
