from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medlab import metrics
from medlab.evaluation import bootstrap, delong, intervals, split_measures


@pytest.fixture
def sample(rng):
    targets = (rng.random(2000) < 0.4).astype(int)
    return targets, np.round(1 / (1 + np.exp(-rng.normal(1.3 * targets - 0.5, 1))), 2)  # with ties


def test_each_resample_draws_as_many_patients_as_there_are_with_all_their_images():
    patients = np.array(["b", "a", "b", "c", "b"])
    weights = np.concatenate(list(intervals.draws(5, patients, n=200, seed=1)))
    assert weights.shape == (200, 5)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert weights[:, 1].mean() == pytest.approx(1, abs=0.2)


def test_resamples_are_the_same_in_one_piece_and_in_many(monkeypatch):
    whole = np.concatenate(list(intervals.draws(7, n=50, seed=3)))
    monkeypatch.setattr(intervals, "_CHUNK", 30)
    parts = list(intervals.draws(7, n=50, seed=3))
    assert len(parts) == 13
    assert np.array_equal(np.concatenate(parts), whole)


def test_bootstrap_of_a_mean_is_the_normal_interval(rng):
    values = rng.normal(5, 2, 900)
    half = 1.96 * values.std() / 30
    low, high = bootstrap(np.mean, values, n=2000, seed=0)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_bootstrap_is_seeded(sample):
    span = bootstrap(metrics.mae, *sample, n=40, seed=4)
    assert span == bootstrap(metrics.mae, *sample, n=40, seed=4)
    assert span != bootstrap(metrics.mae, *sample, n=40, seed=5)


def test_images_of_one_patient_count_once(rng):
    once = rng.normal(0, 1, 100)
    five, patients = np.repeat(once, 5), np.repeat(np.arange(100), 5)
    low, high = bootstrap(np.mean, five, groups=patients, seed=0)
    assert (low, high) == pytest.approx(bootstrap(np.mean, once, seed=0))
    low_images, high_images = bootstrap(np.mean, five, seed=0)
    assert high - low > 2 * (high_images - low_images)


def resampled_areas(targets, scores, n):
    """AUC of each resample of seed 0; NaN where it holds one class."""
    times_drawn = np.vstack(list(intervals.draws(len(scores), n=n)))
    indices = [np.repeat(np.arange(len(scores)), times) for times in times_drawn]
    areas = [metrics.auc(targets[i], scores[i]) if np.ptp(targets[i]) else np.nan for i in indices]
    return np.array(areas)


def test_resamples_of_one_class_are_left_out_and_counted():
    targets, scores = np.array([1, 0, 0, 0]), np.array([0.9, 0.1, 0.2, 0.95])
    values = resampled_areas(targets, scores, n=80)
    # The positive image is missed with probability (3/4)^4 = 0.32, drawn alone with 0.004.
    assert np.isnan(values).mean() == pytest.approx(0.32, abs=0.13)
    # The others stand for samples with a positive image: that is another question.
    assert np.isnan(bootstrap(metrics.auc, targets, scores, n=80, seed=0)).all()

    def statistics(weights):
        return split_measures.ranked(targets, scores, weights)

    _, _, skipped = intervals.measure(statistics, 4, n=80, seed=0)
    assert skipped == np.isnan(values).sum()


@pytest.mark.slow
def test_few_resamples_of_one_class_leave_the_interval_of_the_others(rng):
    targets, scores = np.repeat([0, 1], [40, 5]), rng.random(45)
    values = resampled_areas(targets, scores, n=400)
    # All five are missed with probability (40/45)^45 = 0.005.
    assert 0 < np.isnan(values).sum() < 10
    assert bootstrap(metrics.auc, targets, scores, n=400, seed=0) == intervals.interval(values)


def test_delong_by_hand():
    # Positives 0.35 and 0.8 lie over 1/2 and all of the negatives, negatives 0.1 and 0.4 under all and 1/2
    # of the positives: AUC 3/4, each variance 1/8, so the error is sqrt(1/16 + 1/16).
    area, low, high = delong([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    half = 1.959964 * np.sqrt(1 / 8) / (3 / 4 * 1 / 4)
    assert area == pytest.approx(0.75)
    assert low == pytest.approx(1 / (1 + np.exp(half - np.log(3))), abs=1e-6)
    assert high == pytest.approx(1 / (1 + np.exp(-half - np.log(3))), abs=1e-6)


def test_delong_and_bootstrap_agree(sample):
    area, low, high = delong(*sample)
    assert area == pytest.approx(metrics.auc(*sample))

    def statistics(weights):
        return split_measures.ranked(*sample, weights)

    _, spans, _ = intervals.measure(statistics, len(sample[0]), n=2000, seed=0)
    assert 0.03 < high - low < 0.04
    assert spans["auc"] == pytest.approx((low, high), abs=0.002)


def test_delong_has_no_interval_without_variance():
    assert np.isnan(delong([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])[1:]).all()
    assert np.isnan(delong([0, 0, 1], [0.1, 0.9, 0.8])[1:]).all()


def test_refusals():
    with pytest.raises(metrics.UndefinedError, match="a value in some resample, got none in 50"):
        bootstrap(metrics.auc, np.array([1, 1]), np.array([0.1, 0.2]), n=50)
    with pytest.raises(ValueError, match=r"same length, got groups 2, images 3"):
        list(intervals.draws(3, groups=["a", "b"]))
    with pytest.raises(ValueError, match="same length, got array 0 3, array 1 2"):
        bootstrap(metrics.auc, np.zeros(3), np.zeros(2))
    with pytest.raises(metrics.UndefinedError, match=r"DeLong's interval needs images of both classes"):
        delong([1, 1], [0.1, 0.2])


def test_a_share_has_wilsons_interval_where_every_patient_has_one_image():
    (low, high), reason = intervals.proportion([1] * 20, [f"p{i}" for i in range(20)])
    # Wilson for 20 of 20: 1 / (1 + z^2 / 20), and 1.
    assert (low, high) == pytest.approx((1 / (1 + 1.959964**2 / 20), 1), abs=1e-6)
    assert reason == ""
    assert intervals.proportion([1] * 20)[0] == (low, high)


def test_a_share_of_several_images_of_a_patient_is_resampled_by_patient(rng):
    right = np.repeat(rng.random(40) < 0.7, 5)
    patients = np.repeat(np.arange(40), 5)
    (low, high), _ = intervals.proportion(right, patients)
    (low_images, high_images), _ = intervals.proportion(right)
    assert high - low > 1.7 * (high_images - low_images)


@pytest.mark.parametrize(
    ("right", "patients", "reason"),
    [
        ([1, 0, 1, 1], None, "it rests on 4 images, fewer than 5"),
        ([1], None, "it rests on 1 image, fewer than 5"),
        ([], None, "it rests on 0 images, fewer than 5"),
        ([1, 0, 1, 1, 0, 1], list("aaaaaa"), "all images it rests on are of one patient"),
        ([1, 0, 1, 1, 0, 1], [7.0] * 6, "all images it rests on are of one patient"),
        ([1] * 6, list("aabbcc"), "it is the same in every resample"),
    ],
)
def test_a_share_without_an_interval_says_why(right, patients, reason):
    span, told = intervals.proportion(right, patients)
    assert np.isnan(span).all()
    assert told.startswith(reason)


def test_what_never_varies_has_no_interval():
    assert np.isnan(bootstrap(np.mean, np.ones(30), n=20)).all()
    assert np.isnan(bootstrap(np.mean, np.arange(6.0), groups=list("aaaaaa"), n=20)).all()
    # Sums of 0.1, divided by their number, differ in the last digit only.
    assert np.isnan(intervals.interval(np.array([0.1, 0.1 + 1e-17, 0.30000000000000004 / 3]))).all()


@pytest.mark.parametrize(
    "groups",
    [
        ["a", None, "b"],
        np.array(["a", np.nan, "b"], dtype=object),
        np.array([1, np.nan, 2]),
        pd.Series(["a", pd.NA, "b"], index=[5, 1, 9]),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.to_datetime(pd.Series(["2026-01-01", None, "2026-01-02"])),
        pd.Categorical(["a", None, "b"]),
        np.ma.array(["a", "c", "b"], mask=[False, True, False]),
    ],
    ids=["list", "object", "float", "series", "Int64", "dates", "categories", "masked"],
)
def test_an_image_without_a_patient_is_refused(groups):
    words = r"patient of each image, got none for 1 of 3, the first at index 1"
    with pytest.raises(ValueError, match=words):
        bootstrap(np.mean, np.arange(3.0), groups=groups, n=10)
    with pytest.raises(ValueError, match=words):
        list(intervals.draws(3, groups))
