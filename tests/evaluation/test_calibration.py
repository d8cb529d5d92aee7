from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import special

from medlab import metrics
from medlab.evaluation import calibration


@pytest.fixture
def overconfident(rng):
    """Labels drawn from a risk, and the probability of a network that is three times too sure."""
    logit = rng.normal(-0.5, 1, 4000)
    return (
        (rng.random(4000) < special.expit(logit)).astype(int),
        special.expit(3 * logit),
        special.expit(logit),
    )


def test_the_error_of_two_bins_by_hand():
    # Shares 1/2 and 1 beside 0.3 and 0.8: (2 * 0.2 + 3 * 0.2) / 5.
    targets, values = [0, 1, 1, 1, 1], [0.3, 0.3, 0.8, 0.8, 0.8]
    assert calibration.ece(targets, values, bins=2) == pytest.approx(0.2)
    table = calibration.reliability(targets, values, bins=2)
    assert table["images"].tolist() == [2, 3]
    assert table["share"].tolist() == [0.5, 1]
    assert table["probability"].tolist() == pytest.approx([0.3, 0.8])
    assert table["low"].isna().all()  # fewer than five images


def test_bins_hold_about_equally_many_images_and_equal_ones_stay_together(rng):
    values = rng.permutation(np.arange(1000) / 1000)
    assert calibration.reliability(values > 0.5, values, bins=8)["images"].between(124, 126).all()
    tied = np.repeat([0.1, 0.5, 0.9], [70, 20, 10])
    assert calibration.reliability(tied > 0.4, tied, bins=10)["images"].tolist() == [70, 20, 10]


def test_an_interval_holds_the_share_that_it_is_of(overconfident):
    targets, _, risk = overconfident
    table = calibration.reliability(targets, risk, bins=10)
    assert table["probability"].between(table["low"], table["high"]).sum() >= 8


def test_the_error_against_the_true_risk_has_no_luck_in_it(overconfident):
    _, told, risk = overconfident
    # By hand: risks of mean 0.3 and 0.7 beside 0.2 and 0.9.
    assert calibration.ece([0.2, 0.4, 0.7], [0.2, 0.2, 0.9], bins=2) == pytest.approx((2 * 0.1 + 0.2) / 3)
    assert calibration.ece(risk, risk) == pytest.approx(0, abs=1e-12)
    assert calibration.ece(risk, told) > 0.1
    with pytest.raises(ValueError, match="targets must lie between 0 and 1, got 1 outside, such as 2"):
        calibration.ece([0, 2], [0.5, 0.5])


def test_true_probabilities_have_an_error_too_and_it_is_known(overconfident, rng):
    targets, told, risk = overconfident
    mean, floor = calibration.ece_of_calibrated(risk, n=400, seed=1)
    assert 0 < mean < floor < 0.04
    assert calibration.ece(targets, risk) < floor * 1.3
    assert calibration.ece(targets, told) > 4 * floor
    again = [calibration.ece(rng.random(len(risk)) < risk, risk) for _ in range(100)]
    assert np.mean(again) == pytest.approx(mean, rel=0.15)
    assert np.mean(np.array(again) > floor) < 0.15


def test_the_parts_of_the_brier_score_add_up(overconfident):
    targets, told, risk = overconfident
    for values in (told, risk):
        parts = calibration.brier_parts(targets, values)
        total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
        assert parts["brier"] == pytest.approx(total) == pytest.approx(np.mean((values - targets) ** 2))
    assert calibration.brier_parts(targets, risk)["reliability"] < 0.002
    # By hand: shares 0 and 1 beside 0.25 and 0.75, nothing is left within the bins.
    by_hand = calibration.brier_parts([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    expected = {"brier": 1 / 16, "reliability": 1 / 16, "resolution": 0.25, "uncertainty": 0.25, "within": 0}
    assert by_hand == pytest.approx(expected)


def test_a_temperature_of_three_is_found_and_keeps_the_order(overconfident):
    targets, told, risk = overconfident
    fitted = calibration.fit("temperature", targets, told)
    assert fitted.numbers["temperature"] == pytest.approx(3, rel=0.1)
    mended = fitted.apply(told)
    assert np.abs(mended - risk).max() < 0.03
    assert metrics.auc(targets, mended) == pytest.approx(metrics.auc(targets, told))


def test_a_temperature_for_several_classes(rng):
    logits = rng.normal(0, 1, (3000, 4))
    risk = special.softmax(logits, axis=1)
    classes = (rng.random(3000)[:, None] > risk.cumsum(axis=1)).sum(axis=1)
    told = special.softmax(2.5 * logits, axis=1)
    fitted = calibration.fit("temperature", classes, told)
    assert fitted.numbers["temperature"] == pytest.approx(2.5, rel=0.1)
    assert np.allclose(fitted.apply(told).sum(axis=1), 1)
    assert np.array_equal(fitted.apply(told).argmax(axis=1), told.argmax(axis=1))


@pytest.mark.parametrize("method", ["platt", "isotonic", "venn_abers"])
def test_each_method_mends_what_it_was_fitted_on(method, overconfident, rng):
    targets, told, _ = overconfident
    fitted = calibration.fit(method, targets[:2000], told[:2000])
    mended = fitted.apply(told[2000:])
    assert calibration.ece(targets[2000:], mended) < 0.06 < calibration.ece(targets[2000:], told[2000:])
    assert ((mended >= 0) & (mended <= 1)).all()
    by_score = mended[np.argsort(told[2000:], kind="stable")]
    assert (np.diff(by_score) >= -1e-12).all(), "a higher score has no lower probability"


@pytest.mark.parametrize("method", calibration.METHODS)
def test_what_the_model_folder_keeps_gives_the_same(method, overconfident):
    targets, told, _ = overconfident
    fitted = calibration.fit(method, targets[:300], told[:300])
    kept = calibration.Calibration(**json.loads(json.dumps(fitted.as_dict())))
    assert np.array_equal(kept.apply(told), fitted.apply(told))


def test_venn_abers_two_probabilities_lie_around_its_one(overconfident):
    targets, told, _ = overconfident
    fitted = calibration.fit("venn_abers", targets[:1000], told[:1000])
    low, high = fitted.between(told)
    assert (low <= fitted.apply(told)).all()
    assert (fitted.apply(told) <= high).all()
    few = calibration.fit("venn_abers", targets[:50], told[:50])
    assert np.mean(np.subtract(*few.between(told)[::-1])) > np.mean(high - low)


def test_refusals(overconfident):
    targets, told, _ = overconfident
    with pytest.raises(ValueError, match=r"method must be one of: temperature, .* got 'temprature'"):
        calibration.fit("temprature", targets, told)
    with pytest.raises(metrics.UndefinedError, match="calibration by platt needs images of both classes"):
        calibration.fit("platt", np.ones(9), told[:9])
    with pytest.raises(metrics.UndefinedError, match="a temperature needs images of both classes"):
        calibration.fit("temperature", np.zeros(9), told[:9])
    with pytest.raises(ValueError, match=r"isotonic takes probabilities of shape \(N,\), got \(5, 3\)"):
        calibration.fit("isotonic", np.arange(5) % 3, np.full((5, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"must lie between 0 and 1, got 1 outside"):
        calibration.fit("temperature", [0, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="1 NaN or infinite"):
        calibration.fit("temperature", targets, told).apply([np.nan])
    with pytest.raises(ValueError, match="method must be one of: venn_abers; got 'platt'"):
        calibration.fit("platt", targets, told).between(told)
    with pytest.raises(metrics.UndefinedError, match="images of several classes, got 4 of class 2 only"):
        calibration.fit("temperature", [2] * 4, np.full((4, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"venn_abers takes probabilities of shape \(N,\), got \(2, 2\)"):
        calibration.fit("venn_abers", targets, told).between([[0.1, 0.9], [0.5, 0.5]])
    with pytest.raises(ValueError, match="number of images"):
        calibration.ece_of_calibrated([])
    with pytest.raises(ValueError, match="same length"):
        calibration.reliability(targets, told, patients=[1, 2])
    with pytest.raises(ValueError, match="bins"):
        calibration.ece(targets, told, bins=0)


def test_a_line_through_the_logits_gains_where_all_are_shifted_and_nothing_where_none_is():
    rng = np.random.default_rng(3)
    truth = (rng.random(800) < 0.3).astype(int)
    logits = rng.normal(2 * truth - 1, 1.4) + np.log(0.3 / 0.7)
    shifted, right = (special.expit(logits + by) for by in (1.5, 0.0))
    gained, (low, high) = calibration.gain(truth, shifted)
    assert low > 0
    assert low < gained < high
    low, high = calibration.gain(truth, right)[1]
    assert low < 0


def test_a_gain_keeps_the_images_of_a_patient_together():
    rng = np.random.default_rng(4)
    truth = np.repeat(rng.integers(0, 2, 60), 5)
    told = np.clip(np.repeat(rng.random(60), 5), 0.05, 0.95)
    each, alone = (
        calibration.gain(truth, told, patients=who)[1] for who in (None, np.repeat(np.arange(60), 5))
    )
    assert alone[1] - alone[0] > each[1] - each[0]


def test_a_gain_needs_images_of_each_class_in_each_part():
    with pytest.raises(metrics.UndefinedError, match=r"at least 5 images of each class, got 2"):
        calibration.gain([0] * 9 + [1] * 2, np.linspace(0.1, 0.9, 11))
    # Of four patients with ten images each, five parts cannot be made, however many images there are.
    truth, few = np.repeat([0, 1, 0, 1], 10), np.repeat(np.arange(4), 10)
    with pytest.raises(metrics.UndefinedError, match=r"at least 5 patients of each class, got 2"):
        calibration.gain(truth, np.linspace(0.1, 0.9, 40), patients=few)
