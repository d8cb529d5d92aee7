import html
import json
from types import SimpleNamespace

import numpy as np
import pytest

from medlab import models
from medlab.data import OneImage
from medlab.evaluation import Scores
from medlab.reports import ParameterErrors, case as case_module, case_page, resolve, run_report
from medlab.reports.case import Case, case_results, lines
from medlab.reports.parameters import read_schema, validate

FACTS = {
    "schema": 2,
    "network": "tiny",
    "task": "binary",
    "input_shape": [16, 18, 1],
    "spacing_mm": None,
    "window_hu": None,
    "normalization": {"mean": [0.0], "std": [1.0]},
    "class_names": ["dark", "spot"],
    "positive_class": "spot",
    "threshold": 0.4,
    "threshold_rule": "youden",
    "calibration": {"method": "temperature", "numbers": {"temperature": 1.0}},
    "neighbors": {"scores": [0.1, 0.2, 0.8, 0.9], "positive": [0, 0, 1, 1]},
    "dataset": "spots",
    "simulated": False,
    "training_data_fingerprint": "0" * 16,
    "seed": 0,
    "metrics": {"sensitivity": 0.9, "specificity": 0.9, "prevalence": 0.5},
    "intended_use": "teaching",
}


def made_case(scores, facts=(), prevalence=0.01):
    bundle = SimpleNamespace(facts={**FACTS, **dict(facts)}, target_names=("dark", "spot"))
    image = OneImage(np.zeros((1, 16, 18, 1), np.uint8), None, [])
    return Case(bundle, image, scores, "An image", False, prevalence)


def binary(**changes):
    columns = {
        "probabilities": np.array([0.5], np.float32),
        "risk": np.array([0.5]),
        "low": np.array([0.2]),
        "high": np.array([0.6]),
        "called": np.array([1]),
        "sets": np.array([[True, False]]),
        "distance": np.array([1.5]),
    }
    return Scores(("dark", "spot"), **{**columns, **changes})


@pytest.fixture
def model(tmp_path):
    """A model folder with all that checks read; its network is never loaded."""
    folder = tmp_path / "Jane Doe" / "model"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(FACTS))
    (folder / "model.keras").write_bytes(b"network")
    return folder


def problems(template, **given):
    schema = read_schema(resolve(template).notebook)
    with pytest.raises(ParameterErrors) as caught:
        validate(schema, {"call": given})
    return str(caught.value)


def test_a_risk_of_one_half_is_one_percent_where_one_percent_are_ill_and_a_call_right_in_one_of_twelve():
    found = case_results(made_case(binary()))
    assert found["risk_at_prevalence"] == pytest.approx(0.01)
    assert found["predictive_values"]["positive"] == pytest.approx(0.009 / (0.009 + 0.099))
    assert (found["interval"], found["decision"], found["conformal_set"]) == ([0.2, 0.6], "called", ["dark"])
    assert found["unlike_training"] == {"flagged": True, "score": 1.5, "limit": 1.0}
    assert json.dumps(found, allow_nan=False)


def test_an_old_model_folder_is_reported_with_null_for_what_it_does_not_know():
    scores = Scores(("dark", "spot"), np.array([0.2], np.float32), called=np.array([0]))
    facts = {"calibration": None, "neighbors": None, "metrics": {}}
    found = case_results(made_case(scores, facts, prevalence=None))
    unknown = ("risk", "interval", "conformal_set", "predictive_values", "risk_at_prevalence", "prevalence")
    assert all(found[name] is None for name in unknown)
    assert found["unlike_training"] == {"flagged": None, "score": None, "limit": None}
    assert (found["decision"], found["output"]) == ("not called", pytest.approx(0.2))
    case = made_case(scores, facts, prevalence=None)
    assert "the model folder has no calibration" in "".join(lines(case))
    page = html.unescape(case_page.case_answer(case).data)
    assert "not known: the model folder has no calibration" in page
    assert "not known: the model folder does not say what they look like" in page


def test_several_classes_and_amounts_have_results_too():
    names = ["a", "b", "c"]
    told = np.array([[0.2, 0.7, 0.1]], np.float32)
    facts = {"task": "multiclass", "class_names": names, "positive_class": None, "threshold": None}
    case = made_case(Scores(tuple(names), told, risk=told.astype(float)), facts)
    assert case_results(case)["decision"] == "b"
    assert case_results(case)["risk"] == pytest.approx({"a": 0.2, "b": 0.7, "c": 0.1})
    assert "b 70 %, a 20 %, c 10 %" in case_page.case_answer(case).data
    facts = {"task": "multilabel", "class_names": names, "positive_class": None, "threshold": None}
    case = made_case(Scores(tuple(names), np.array([[0.6, 0.7, 0.1]], np.float32)), facts)
    assert (case_results(case)["decision"], case_results(case)["risk"]) == ("a | b", None)
    facts = {"task": "regression", "class_names": ["age"], "positive_class": None, "threshold": None}
    case = made_case(Scores(("age",), np.array([41.5], np.float32)), facts)
    assert (case_results(case)["output"], case_results(case)["decision"]) == (41.5, None)
    assert "age: 41.5" in "".join(lines(case))
    assert "| **age** | 41.5 |" in case_page.case_answer(case).data


def test_the_page_warns_of_an_unlike_image_and_says_what_an_answer_is_worth():
    page = html.unescape(case_page.case_answer(made_case(binary())).data)
    assert "the image is unlike the training images (distance 1.50, limit 1). Do not rely on the" in page
    assert "where 1.0 % are positive" in page
    assert "of the people who are called 8.3 % are positive, of the others 99.9 % are negative" in page
    assert "reaches the threshold 0.400, which is a risk of 40 %" in page
    assert (
        "none: it is like none" in case_page.case_answer(made_case(binary(sets=np.zeros((1, 2), bool)))).data
    )
    assert "WARNING: the image is unlike" in "".join(lines(made_case(binary())))


def test_a_risk_beside_its_interval_is_explained():
    for risk, beside in ((0.2, False), (0.6, False), (0.61, True), (0.19, True)):
        text = "".join(lines(made_case(binary(risk=np.array([risk])))))
        assert (
            "The risk lies outside of that, for it comes from a curve through all of validation" in text
        ) is beside


def test_the_map_of_an_image_that_is_mean_gray_has_nothing_to_explain(make_spots):
    spots = make_spots()
    facts = {**FACTS, "normalization": {"mean": [90.0], "std": [40.0]}}
    bundle = models.Bundle(models.build("screening_cnn", spots, width=4, seed=1), facts)
    image = OneImage(np.full((1, *spots.image_shape), 90, np.uint8), None, [])
    _, words, found = case_page.case_explanation(Case(bundle, image, binary(), "An image", False, None))
    assert "so that a map has nothing to explain" in words.data
    assert "nan" not in words.data
    assert (found["completeness_error"], found["adds_up"]) == (None, False)
    json.dumps(found, allow_nan=False)


def test_similar_cases_are_left_out_with_the_reason():
    (words,) = case_page.case_similar(made_case(binary()), *case_module.training_data(FACTS))
    assert words.data.startswith("*Left out: data")


def test_training_data_that_are_not_at_hand_or_have_changed_are_named():
    at_hand = case_module.training_data
    assert "data_dir can name the folder" in at_hand(FACTS)[1]
    assert "of unknown number" in at_hand({**FACTS, "dataset": "simulated_nodules"})[1]
    few = {"dataset": "simulated_nodules", "split_sizes": {"train": 3, "val": 2, "test": 2}}
    changed = {**FACTS, **few, "input_shape": [64, 64, 1]}
    assert "another fingerprint" in at_hand(changed)[1]
    from medlab import data

    right = data.load("simulated_nodules", n_train=3, n_val=2, n_test=2).fingerprint
    cohort, reason = at_hand({**changed, "training_data_fingerprint": right})
    assert (len(cohort.train), reason) == (3, "")


@pytest.mark.parametrize("template", ["case", "validation"])
def test_a_model_needs_images_and_images_need_a_model(template, model, two_classes, tmp_path):
    two_classes(tmp_path / "images")
    images = {"case": {"image": "3"}, "validation": {"data_dir": str(tmp_path / "images")}}[template]
    subject = {"case": "image", "validation": "data_dir or dataset"}[template]
    for given in (images, {"model": str(model)}):
        assert f"model and {subject} must be given together, or neither" in problems(template, **given)


def test_a_model_folder_that_is_none_or_of_another_schema_is_refused(model, tmp_path):
    assert "none has no model.json. A model folder" in problems(
        "case", model=str(tmp_path / "none"), image="3"
    )
    assert "Jane Doe has no model.json" in problems("case", model=str(model.parent), image="3")
    (model / "model.json").write_text(json.dumps({**FACTS, "schema": 3}))
    assert "has schema 3, this medlab reads 1 and 2" in problems("case", model=str(model), image="3")
    (model / "model.json").write_text("{")
    assert "is damaged" in problems("validation", model=str(model), dataset="breastmnist")


def test_all_that_is_wrong_is_told_at_once_and_before_a_kernel(model, tmp_path):
    text = problems("case", model=str(model), image=str(tmp_path / "none.png"), prevalence="2", dataset="x")
    assert "none.png must be an image or a folder of images, but there is nothing" in text
    assert "prevalence must lie between 0.0001 and 0.9999" in text
    assert "dataset must be one of" in text
    assert str(tmp_path) not in text


def test_the_number_of_an_image_is_held_against_the_set(model):
    assert "where dataset names no registered set, got number 3" in problems(
        "case", model=str(model), image="3"
    )
    (model / "model.json").write_text(json.dumps({**FACTS, "input_shape": [28, 28, 1]}))
    text = problems("case", model=str(model), image="156", dataset="breastmnist")
    assert "among the test images of breastmnist, must lie between 0 and 155, got 156" in text
    (model / "model.json").write_text(json.dumps(FACTS))
    text = problems("case", model=str(model), image="1", dataset="breastmnist")
    assert "images of breastmnist must have the model's shape, [16, 18, 1], got [[28, 28, 1]" in text


def test_labels_that_the_model_does_not_know_are_refused_by_name(model, two_classes, tmp_path):
    two_classes(tmp_path / "images")
    text = problems("validation", model=str(model), data_dir=str(tmp_path / "images"))
    assert "the classes that the model knows: dark, spot; got benign, malignant" in text
    assert "Rename the folders" in text


@pytest.mark.slow
def test_as_it_stands_the_template_reports_a_simulated_nodule_with_similar_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_report("case", {"prevalence": 0.05})
    found = result.metrics
    assert json.loads((result.folder / "case.json").read_text()) == found
    assert found["simulated"]
    assert 0 < found["risk"] < 1
    assert found["decision"] in ("called", "not called")
    assert set(found["conformal_set"]) <= {"benign", "malignant"}
    assert found["similar_cases_left_out"] is None
    assert found["explanation"]["completeness_error"] < 0.2
    page = result.html.read_text()
    assert page.count("<img") == 2
    for text in (
        "SIMULATED test image 0",
        "malignant",
        "where 5.0 % are positive",
        "not a medical device",
        'href="case.json"',
        "The nearest of 600 training images",
    ):
        assert text in page


@pytest.mark.slow
def test_a_saved_model_reads_a_file_whose_name_reaches_no_output(tmp_path, monkeypatch, make_spots):
    from PIL import Image

    from medlab import evaluation, training

    spots = make_spots()
    run = training.fit(models.build("screening_cnn", spots), spots, scale="smoke", progress=False)
    measured = evaluation.evaluate(run.predict, spots)
    models.save(
        tmp_path / "model", run.model, spots, run.normalization, threshold=measured.threshold,
        metrics=measured.to_metrics()["test"],
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Image.fromarray(spots.test.images[1, ..., 0]).save(tmp_path / "Planted_Name.png")
    result = run_report("case", {"model": "model", "image": "Planted_Name.png"})
    assert result.metrics["risk"] is None
    assert result.metrics["interval"] is None
    assert "no folder" not in result.html.read_text()
    assert "data_dir can name the folder" in result.html.read_text()
    for path in result.folder.rglob("*"):
        assert path.is_dir() or b"Planted" not in path.read_bytes(), path.name
