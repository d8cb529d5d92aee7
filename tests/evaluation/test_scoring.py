from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from medlab import evaluation, models
from medlab.data import Dataset, Split, normalize
from medlab.evaluation import calibration, likeness, scoring
from medlab.metrics import UndefinedError


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)

    def split(count):
        labels = (rng.random(count) < 0.4).astype(int)
        images = rng.normal(60, 12, (count, 20, 28, 1))
        images[:, 6:12, 8:16] += (12 * labels)[:, None, None, None]
        return Split(np.clip(images, 0, 255).astype(np.uint8), labels)

    return Dataset("patches", split(400), split(300), split(300), "binary", ("calm", "bright"), 1)


class Brightness:
    """Stands for a trained network: how bright the middle is, too sure of it."""

    name = "brightness"
    input_shape = (None, 20, 28, 1)
    output_shape = (None, 1)
    layers = ()

    def predict_on_batch(self, images):
        logit = (np.asarray(images)[:, 6:12, 8:16].mean(axis=(1, 2, 3)) - 0.3) * 8
        return (1 / (1 + np.exp(-logit)))[:, None]


@pytest.fixture(scope="module")
def bundle(dataset):
    model, normalization = Brightness(), normalize(dataset)
    facts = {"normalization": normalization.as_dict(), "class_names": list(dataset.class_names)}
    plain = models.Bundle(model, {**facts, "threshold": 0.5})
    measured = evaluation.evaluate(plain.predict, dataset, n_bootstrap=200)
    learned = json.loads(json.dumps(scoring.learn(plain, dataset, measured), allow_nan=False))
    return replace(plain, facts={**plain.facts, **learned})


def test_scores_are_what_each_part_gives(dataset, bundle):
    images = dataset.test.images
    scores = evaluation.score(bundle, images)
    told = bundle.predict(images)
    assert np.array_equal(scores.probabilities, told)
    truth, val = dataset.val.labels, bundle.predict(dataset.val.images)
    assert np.allclose(scores.risk, calibration.fit("temperature", truth, val).apply(told))
    assert np.array_equal(scores.sets, evaluation.conformal.fit(truth, val).sets(told, 0.9))
    assert np.array_equal(scores.called, (told >= 0.5).astype(int))
    assert (scores.low <= scores.high).all()
    # Seen in the table, by name.
    row = scores.table().iloc[3]
    assert row["risk"] == scores.risk[3]
    assert row["set"] == " | ".join(scores.names(3))


def test_sets_name_the_true_class_where_the_positive_class_is_the_first_in_the_alphabet(dataset, bundle):
    # The columns of sets and targets are negative and positive, whatever the order of the names.
    images, truth = dataset.test.images, dataset.test.labels
    facts = {"class_names": ["bright", "calm"], "positive_class": "bright"}
    scores = evaluation.score(replace(bundle, facts={**bundle.facts, **facts}), images)
    held = [("calm", "bright")[label] in scores.names(n) for n, label in enumerate(truth)]
    assert np.mean(held) == scores.sets[np.arange(len(truth)), truth].mean() > 0.85


def test_the_interval_is_of_the_nearest_on_validation():
    known = {"scores": np.linspace(0, 1, 400).tolist(), "positive": [0] * 200 + [1] * 200}
    low, high = scoring._neighbors(known, np.array([0.0, 0.5, 1.0]))
    # 0, about 50 and 100 of 100; Wilson: 1.96² / (100 + 1.96²) = .037.
    assert (low[0], high[0]) == pytest.approx((0, 0.037), abs=5e-4)
    assert low[1] < 0.5 < high[1]
    assert (low[2], high[2]) == pytest.approx((0.963, 1), abs=5e-4)
    # Of 80 images the nearest 20, or the interval would be the same for every image; 0 of 20: 1.96² / 23.84.
    few = {"scores": np.linspace(0, 1, 80).tolist(), "positive": [0] * 40 + [1] * 40}
    low, high = scoring._neighbors(few, np.array([0.0, 1.0]))
    assert (low[0], high[0], low[1], high[1]) == pytest.approx((0, 0.161, 0.839, 1), abs=5e-4)


def test_sets_and_risks_keep_their_promise_on_test(dataset, bundle):
    scores = evaluation.score(bundle, dataset.test.images)
    truth = dataset.test.labels
    assert evaluation.conformal.coverage(truth, scores.sets).loc["all", "covered"] > 0.85
    assert calibration.ece(truth, scores.risk) < calibration.ece(truth, scores.probabilities)


def test_images_of_another_kind_are_flagged_and_those_of_this_kind_are_not(dataset, bundle, rng):
    usual = dataset.test.images.astype(np.float32)
    assert evaluation.score(bundle, usual).unlike.mean() <= 0.03
    count, shape = 100, usual.shape[1:]
    for kind, images in {
        "noise": rng.uniform(0, 255, (count, *shape)),
        "all black": np.zeros((count, *shape)),
        "inverted": 255 - usual[:count],
        "a ramp": np.broadcast_to(np.linspace(0, 255, shape[1])[None, None, :, None], (count, *shape)),
        "half black": np.where(np.arange(shape[1])[None, None, :, None] < 14, 0, usual[:count]),
    }.items():
        assert evaluation.score(bundle, images).unlike.mean() >= 0.95, kind


def test_volumes_and_sequences_are_looked_at_too(rng):
    for shape in ((5, 12, 10, 1), (30, 2)):
        usual = likeness._facts(rng.normal(0, 1, (40, *shape)))
        assert usual.shape == (40, 9 + 2 * (len(shape) - 1))
        assert np.isfinite(likeness._facts(np.zeros((2, *shape)))).all()


def test_sides_of_one_or_two_pixels_and_too_few_images(dataset, bundle, rng):
    for shape in ((2, 8, 9, 1), (1, 8, 1), (2, 3)):
        usual = likeness._facts(rng.normal(0, 1, (40, *shape)))
        assert np.isfinite(usual).all()
    with pytest.raises(UndefinedError, match="at least 20 training and validation images, got 5 and 300"):
        likeness.fit(bundle.model, bundle.normalize, dataset.train.images[:5], dataset.val.images)


def test_a_folder_of_schema_1_gives_probabilities_and_decisions_only(dataset, bundle):
    older = {name: bundle.facts[name] for name in ("normalization", "class_names", "threshold")}
    older["feature_statistics"] = {"mean": [0.0], "std": [1.0]}
    scores = evaluation.score(replace(bundle, facts=older), dataset.test.images[:4])
    assert scores.called is not None
    assert [scores.risk, scores.low, scores.sets, scores.distance, scores.unlike] == [None] * 5
    assert scores.table().columns.tolist() == ["probability", "called"]


def test_refusals(dataset, bundle):
    with pytest.raises(
        ValueError, match=r"images must have shape \(N, 20, 28, 1\) for brightness, got \(2, 28"
    ):
        evaluation.score(bundle, np.zeros((2, 28, 20, 1)))
    broken = dataset.test.images[:3].astype(float)
    broken[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="finite numbers, got others in 1 of 3 images"):
        evaluation.score(bundle, broken)
