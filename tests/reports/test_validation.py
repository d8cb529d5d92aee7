import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medlab import data, evaluation, models, training
from medlab.evaluation import Scores, evaluations
from medlab.reports import run_report, site
from medlab.reports.site import Site


def judged(truth, risk, patients=None, facts=None):
    """Return a site of 2 x 2 images, made by hand."""
    count = len(truth)
    split = data.Split(np.zeros((count, 2, 2, 1), np.uint8), np.asarray(truth), patients)
    cohort = data.Dataset("there", split, split, split, "binary", ("dark", "spot"), 1)
    scores = Scores(("dark", "spot"), np.asarray(risk, np.float32), risk=np.asarray(risk, float))
    known = {"metrics": {"prevalence": 0.25, "auc": 0.9, "auc_ci": [0.8, 0.95]}, **(facts or {})}
    bundle = models.Bundle(None, known)
    measured = evaluations.judged(cohort, {"test": np.asarray(risk, float)}, 0.5, "of the model")
    return Site(bundle, cohort, measured, scores, "All of them.")


def test_risks_that_are_twice_too_sure_are_mended_by_half_the_slope_on_the_other_patients():
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 1.5, 3000)
    truth = (rng.random(3000) < 1 / (1 + np.exp(-logit))).astype(int)
    _, sentences, numbers = site.site_calibration(judged(truth, 1 / (1 + np.exp(-2 * logit))), 0.5, seed=1)
    found = numbers["recalibration"]
    assert found["slope"] == pytest.approx(0.5, abs=0.06)
    assert found["intercept"] == pytest.approx(0, abs=0.15)
    assert found["ece_after"] < found["floor"] < found["ece_before"]
    assert found["n"] == 1500
    assert f"slope {found['slope']:.2f}" in sentences[1]


def test_the_images_of_a_patient_stay_on_one_side_of_the_recalibration(monkeypatch):
    seen = []
    fit = site.calibration.fit
    monkeypatch.setattr(
        site.calibration, "fit", lambda method, truth, risk: seen.append(risk) or fit(method, truth, risk)
    )
    patients = np.repeat(np.arange(20), 5).astype(str)
    risk = np.repeat(np.linspace(0.1, 0.9, 20), 5)
    site.site_calibration(judged(np.tile([0, 1, 0, 1, 1], 20), risk, patients), 0.3)
    assert sorted(np.unique(seen[0], return_counts=True)[1].tolist()) == [5] * 6


def test_what_cannot_be_recalibrated_is_said():
    _, sentences, numbers = site.site_calibration(
        judged([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], np.full(10, 0.2)), 0.3
    )
    assert "recalibration" not in numbers
    assert "cannot be recalibrated" in sentences[-1]


def test_a_sentence_tells_old_and_new_prevalence():
    told = site.site_patients(judged([0, 1, 1, 1], [0.1, 0.6, 0.7, 0.9]))
    assert told[0] == "All of them."
    assert told[1] == "Share of positive images: 0.750 here, 0.250 on the model's own test images."
    assert "0.900 (0.800 to 0.950) on the model's own" in told[2]


def test_classes_are_matched_by_name_all_splits_are_judged_and_strange_labels_are_refused(make_spots):
    here = make_spots(train=8, val=4, test=6)
    facts = {
        "class_names": ["spot", "dark"],
        "positive_class": "spot",
        "dataset": "there",
        "training_data_fingerprint": "another",
    }
    cohort, remark = site._judged(here, facts)
    assert len(cohort.test) == 18
    assert len(cohort.train) == len(cohort.val) == 0
    assert cohort.positive_name == "spot"
    both = np.concatenate([part.labels for part in here.splits().values()])
    assert np.array_equal(cohort.test.labels, 1 - both)
    assert np.array_equal(cohort.targets(cohort.test), both)
    assert remark.startswith("All images")
    own, remark = site._judged(here, {**facts, "training_data_fingerprint": here.fingerprint})
    assert len(own.test) == 6
    assert "learned from this very data set" in remark
    assert len(site._judged(here, facts, mine=True)[0].test) == 6
    with pytest.raises(ValueError, match=r"each class of model and images must be one of: dark; got 'spot'"):
        site._judged(here, {**facts, "class_names": ["dark", "light"], "positive_class": "dark"})


@pytest.fixture
def own_folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("dark", "spot"):
        (tmp_path / "clinic" / name).mkdir(parents=True)
        for number in range(20):
            gray = rng.integers(0, 255, (8, 9)).astype(np.uint8)
            Image.fromarray(gray).save(tmp_path / "clinic" / name / f"{number}.png")
    return tmp_path / "clinic"


def test_of_the_folder_that_it_learned_from_the_model_judges_its_own_test_images_whatever_the_seed(
    own_folder, monkeypatch
):
    learned = data.load_folder(own_folder, seed=5)
    facts = {
        "input_shape": [8, 9, 1],
        "class_names": ["dark", "spot"],
        "positive_class": "spot",
        "dataset": "clinic",
        "training_data_fingerprint": learned.fingerprint,
        "seed": 5,
        "threshold": None,
    }
    monkeypatch.setattr(site.models, "load", lambda _folder: models.Bundle(None, facts))
    monkeypatch.setattr(
        site.evaluation,
        "score",
        lambda _bundle, images: Scores((), images[:, 0, 0, 0].astype(np.float32) / 255),
    )
    opened = site.open_site("model", data_dir=str(own_folder), seed=1)
    assert np.array_equal(opened.dataset.test.images, learned.test.images)
    assert opened.remark.startswith("The model learned from this very data set")
    # A model folder without a threshold is judged at one that is said.
    assert opened.remark.endswith("holds no threshold: 0.5 is taken.")
    assert opened.measured.threshold == 0.5
    # One image less: the fingerprint no longer tells, the name may.
    (own_folder / "dark" / "0.png").unlink()
    assert "bear the name of what the model learned from" in site.open_site("m", data_dir=own_folder).remark


@pytest.mark.slow
def test_as_it_stands_the_template_validates_a_small_model_on_another_scanner(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_report("validation")
    found = result.metrics
    assert (found["kind"], found["n_train"], found["n_test"]) == ("validation", 0, 402)
    assert found["simulated"]
    assert found["test"]["auc"] > 0.4
    assert {"slope", "intercept", "ece_before", "ece_after", "floor"} <= set(
        found["calibration"]["recalibration"]
    )
    assert len(pd.read_csv(result.folder / "predictions.csv")) == 402
    page = result.html.read_text()
    assert "simulated_nodules, 402 simulated images" in page
    assert "not a medical device" in page


@pytest.mark.slow
def test_a_saved_model_judges_a_folder_of_another_site(tmp_path, monkeypatch, make_spots):
    spots = make_spots()
    run = training.fit(models.build("screening_cnn", spots), spots, scale="smoke", progress=False)
    measured = evaluation.evaluate(run.predict, spots)
    learned = evaluation.learn(run, spots, measured)
    options = {"threshold": measured.threshold, "learned": learned}
    models.save(tmp_path / "model", run.model, spots, run.normalization, **options)
    for number, image in enumerate(spots.train.images):
        path = tmp_path / "Jane Doe" / spots.class_names[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    monkeypatch.chdir(tmp_path)
    result = run_report("validation", {"model": "model", "data_dir": str(tmp_path / "Jane Doe")})
    assert result.metrics["n_test"] == 64
    assert result.metrics["threshold"] == pytest.approx(measured.threshold)
    assert result.metrics["prevalence"] if "prevalence" in result.metrics else True
    assert str(tmp_path) not in result.notebook.read_text()
    assert json.loads((result.folder / "metrics.json").read_text())["parameters"]["model"] == "model"
