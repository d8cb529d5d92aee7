from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from medlab import metrics

# Three negatives, two positives; of the six pairs 0.6 > 0.1, 0.2 and 0.4 > 0.1, 0.2 are in order.
TARGETS = [0, 0, 0, 1, 1]
SCORES = [0.1, 0.2, 0.7, 0.6, 0.4]


def test_auc_counts_the_pairs_in_order_and_half_of_the_ties():
    assert metrics.auc(TARGETS, SCORES) == pytest.approx(4 / 6)
    assert metrics.auc([0, 1, 1], [0.5, 0.5, 0.9]) == pytest.approx((0.5 + 1) / 2)


def test_auc_takes_any_score_that_grows_with_the_probability():
    assert metrics.auc(TARGETS, np.log(SCORES) * 7) == pytest.approx(metrics.auc(TARGETS, SCORES))


def test_average_precision_is_the_precision_at_each_hit_by_recall():
    # From the top: miss, hit (1/2), hit (2/3); each hit is half of the recall.
    assert metrics.average_precision(TARGETS, SCORES) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_measures_of_a_decision_by_hand():
    # At 0.5: 0.7 is a false alarm, 0.6 a hit, 0.4 a miss.
    assert metrics.confusion(TARGETS, SCORES).tolist() == [[2, 1], [1, 1]]
    assert metrics.accuracy(TARGETS, SCORES) == pytest.approx(3 / 5)
    assert metrics.sensitivity(TARGETS, SCORES) == pytest.approx(1 / 2)
    assert metrics.specificity(TARGETS, SCORES) == pytest.approx(2 / 3)
    assert metrics.balanced_accuracy(TARGETS, SCORES) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert metrics.precision(TARGETS, SCORES) == pytest.approx(1 / 2)
    assert metrics.f1(TARGETS, SCORES) == pytest.approx(2 / (2 + 1 + 1))


def test_a_lower_threshold_finds_more_and_warns_more():
    assert metrics.confusion(TARGETS, SCORES, threshold=0.15).tolist() == [[1, 2], [0, 2]]


def test_a_probability_at_the_threshold_is_positive_in_either_float():
    assert metrics.decide(np.float32([0.3, 0.5]), 0.5).tolist() == [0, 1]
    # As float32 the threshold would round to the probability above it.
    low = np.float32(0.3)
    assert metrics.decide([low], float(low) + 1e-12).tolist() == [0]


def test_sensitivity_at_specificity_by_hand():
    # One of three negatives may be called positive: at 0.4 both positives are found.
    assert metrics.sensitivity_at_specificity(TARGETS, SCORES, 2 / 3) == pytest.approx(1.0)
    assert metrics.sensitivity_at_specificity(TARGETS, SCORES, 0.9) == 0.0


def test_sensitivity_at_specificity_allows_exactly_the_bound():
    targets = [0] * 10 + [1]
    scores = [*np.linspace(0.0, 0.4, 9), 0.9, 0.8]
    assert metrics.sensitivity_at_specificity(targets, scores, 0.9) == 1.0


def test_roc_curve_runs_from_corner_to_corner_through_every_score():
    rate, sensitivity, thresholds = metrics.roc_curve(TARGETS, SCORES)
    assert rate.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])
    assert sensitivity.tolist() == [0, 0, 0.5, 1, 1, 1]
    assert thresholds.tolist() == [np.inf, 0.7, 0.6, 0.4, 0.2, 0.1]


def test_precision_recall_curve_by_hand():
    precision, recall, thresholds = metrics.precision_recall_curve(TARGETS, SCORES)
    assert precision.tolist() == pytest.approx([2 / 5, 2 / 4, 2 / 3, 1 / 2, 0, 1])
    assert recall.tolist() == [1, 1, 1, 0.5, 0, 0]
    assert thresholds.tolist() == [0.1, 0.2, 0.4, 0.6, 0.7]


def test_expected_auc_by_hand():
    # Pairs (i positive, j negative): p = .9, .5, .2. In order: 0-1 .45, 0-2 .72, 1-2 .40;
    # against it: 1-0 .05, 2-0 .02, 2-1 .10.
    assert metrics.expected_auc([0.9, 0.5, 0.2], [3, 2, 1]) == pytest.approx(1.57 / 1.74)
    assert metrics.expected_auc([0.9, 0.5, 0.2], [1, 1, 1]) == pytest.approx(0.5)


def test_expected_auc_is_its_definition_over_all_pairs(rng):
    risk = rng.random(83)
    scores = np.round(risk + rng.normal(0, 0.3, 83), 1)  # with ties
    weight = np.outer(risk, 1 - risk)
    np.fill_diagonal(weight, 0)
    difference = scores[:, np.newaxis] - scores
    defined = (weight * ((difference > 0) + 0.5 * (difference == 0))).sum() / weight.sum()
    assert metrics.expected_auc(risk, scores) == pytest.approx(defined, abs=1e-12)


def test_expected_auc_is_the_mean_of_auc_over_drawn_labels(rng):
    risk = rng.random(400)
    drawn = [metrics.auc(rng.random(400) < risk, risk) for _ in range(50)]
    assert metrics.expected_auc(risk, risk) == pytest.approx(np.mean(drawn), abs=0.01)


def test_expected_auc_of_certain_risks_is_the_auc(rng):
    targets = rng.integers(0, 2, 50)
    scores = rng.random(50)
    assert metrics.expected_auc(targets, scores) == pytest.approx(metrics.auc(targets, scores))


def test_predictive_values_move_with_the_prevalence():
    # Of 100, 50 ill: 40 hits, 10 misses, 5 alarms, 45 clear.
    assert metrics.predictive_values(0.8, 0.9, 0.5) == pytest.approx((40 / 45, 45 / 55))
    positive, negative = metrics.predictive_values(0.8, 1.0, 0.0)
    assert np.isnan(positive)
    assert negative == 1.0
    assert np.isnan(metrics.predictive_values(1.0, 0.0, 0.5)[1])


@pytest.mark.parametrize(
    ("measure", "targets", "probabilities"),
    [
        (metrics.sensitivity, [0, 0], [0.1, 0.9]),
        (metrics.specificity, [1, 1], [0.1, 0.9]),
        (metrics.balanced_accuracy, [1, 1], [0.1, 0.9]),
        (metrics.precision, [0, 1], [0.1, 0.2]),
        (metrics.f1, [0, 0], [0.1, 0.2]),
    ],
)
def test_a_measure_without_a_denominator_is_nan(measure, targets, probabilities):
    assert np.isnan(measure(targets, probabilities))


def test_f1_is_zero_where_positives_are_all_missed():
    assert metrics.f1([0, 1], [0.1, 0.2]) == 0.0


def test_multiclass_auc_is_the_mean_of_one_class_against_the_rest():
    targets = [0, 1, 2, 2]
    probabilities = [[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]]
    # Class 0: 0.6 over all three. Class 1: 0.2 over 0.1 only, of three. Class 2: 0.8 over both, 0.2 over one.
    assert metrics.auc_per_class(targets, probabilities).tolist() == pytest.approx([1, 1 / 3, 3 / 4])
    assert metrics.auc_multiclass(targets, probabilities) == pytest.approx((1 + 1 / 3 + 3 / 4) / 3)
    assert metrics.accuracy_multiclass(targets, probabilities) == pytest.approx(2 / 4)
    assert metrics.confusion_multiclass(targets, probabilities).tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 1]]


def test_multilabel_measures_are_means_over_the_labels():
    targets = [[1, 0], [0, 0], [1, 1]]
    probabilities = [[0.9, 0.2], [0.3, 0.4], [0.2, 0.3]]
    # Label 0: 0.9 over 0.3, 0.2 not. Label 1: 0.3 over 0.2, not over 0.4.
    assert metrics.auc_multilabel(targets, probabilities) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert metrics.accuracy_multilabel(targets, probabilities) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_multilabel_accuracy_is_that_of_medmnist(rng):
    targets = rng.integers(0, 2, (40, 3))
    probabilities = rng.random((40, 3))
    published_way = np.mean([accuracy_score(targets[:, k], probabilities[:, k] > 0.5) for k in range(3)])
    assert metrics.accuracy_multilabel(targets, probabilities) == pytest.approx(published_way)


def test_a_class_without_images_has_no_auc_and_leaves_the_others_theirs():
    areas = metrics.auc_per_class([0, 1], [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]])
    assert areas[:2].tolist() == [1, 1]
    assert np.isnan(areas[2])
    with pytest.raises(metrics.UndefinedError, match=r"each class, got none for class 2\. auc_per_class"):
        metrics.auc_multiclass([0, 1], [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]])


def test_errors_of_an_amount_by_hand():
    truth, predicted = [1.0, 2.0, 6.0], [2.0, 2.0, 4.0]
    assert metrics.mae(truth, predicted) == pytest.approx(1.0)
    assert metrics.mse(truth, predicted) == pytest.approx(5 / 3)
    assert metrics.r2(truth, predicted) == pytest.approx(1 - 5 / 14)


RANKING = [metrics.auc, metrics.average_precision, metrics.roc_curve, metrics.precision_recall_curve]
DECIDING = [metrics.accuracy, metrics.sensitivity, metrics.specificity, metrics.precision, metrics.f1]


@pytest.mark.parametrize("measure", [*RANKING, *DECIDING, metrics.sensitivity_at_specificity])
def test_every_measure_refuses_what_it_cannot_measure(measure):
    with pytest.raises(ValueError, match=r"must have the same length, got targets 3, .* 2\. Give one row"):
        measure([0, 1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"must hold finite numbers, got 1 NaN .* index \(1,\)"):
        measure([0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match=r"targets must be 0 or 1 .* got .*2.*dataset\.targets"):
        measure([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"must have shape \(N,\), got \(2, 1\)\. Take one column"):
        measure([0, 1], [[0.1], [0.2]])
    with pytest.raises(ValueError, match="must hold at least one image, got none"):
        measure([], [])


@pytest.mark.parametrize("measure", [*RANKING, metrics.sensitivity_at_specificity])
def test_a_ranking_needs_both_classes(measure):
    with pytest.raises(metrics.UndefinedError, match=r"needs images of both classes, got 2 of class 1 only"):
        measure([1, 1], [0.1, 0.2])


@pytest.mark.parametrize("measure", DECIDING)
def test_a_decision_refuses_logits(measure):
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1 outside, such as -3\. .*sigmoid"):
        measure([0, 1], [-3.0, 0.2])


def test_expected_auc_refuses_risks_outside_0_and_1_and_a_single_patient():
    with pytest.raises(ValueError, match=r"risk must lie between 0 and 1, got 1 outside, such as 1\.2"):
        metrics.expected_auc([1.2, 0.1], [1, 2])
    with pytest.raises(metrics.UndefinedError, match=r"a pair that can hold .* got none in 1 risks\. Give"):
        metrics.expected_auc([0.3], [1])


def test_r2_refuses_equal_targets():
    with pytest.raises(metrics.UndefinedError, match=r"targets that differ, got 2 times 3\. mae and mse"):
        metrics.r2([3.0, 3.0], [1.0, 2.0])


def test_several_classes_refuse_other_shapes_and_labels():
    with pytest.raises(ValueError, match=r"shape \(N, K\) .* got \(2,\)\. .*binary measures"):
        metrics.auc_per_class([0, 1], [0.1, 0.2])
    with pytest.raises(
        ValueError, match=r"targets must have shape \(2,\) beside probabilities \(2, 3\), got \(3,\)"
    ):
        metrics.auc_per_class([0, 1, 2], np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 2, got .*3"):
        metrics.auc_per_class([0, 3], np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match="at least one image, got none"):
        metrics.auc_per_class([], np.zeros((0, 3)))


def test_bounds_are_named_in_refusals():
    with pytest.raises(ValueError, match="specificity must lie between 0 and 1, got 90"):
        metrics.sensitivity_at_specificity(TARGETS, SCORES, 90)
    with pytest.raises(ValueError, match=r"prevalence must lie between 0 and 1, got 1\.5"):
        metrics.predictive_values(0.9, 0.9, 1.5)
    with pytest.raises(ValueError, match=r"threshold must lie between .* got nan"):
        metrics.accuracy(TARGETS, SCORES, np.nan)


BINARY = [
    metrics.auc,
    metrics.average_precision,
    metrics.accuracy,
    metrics.balanced_accuracy,
    metrics.confusion,
    metrics.f1,
    metrics.precision,
    metrics.sensitivity,
    metrics.specificity,
    metrics.sensitivity_at_specificity,
    metrics.expected_auc,
    metrics.mae,
    metrics.r2,
]


@pytest.mark.parametrize("measure", BINARY, ids=lambda measure: measure.__name__)
def test_a_missing_score_or_truth_is_refused_in_whatever_holds_it(measure):
    for missing in (
        [0.1, 0.8, None],
        pd.Series([0.1, 0.8, pd.NA], dtype="Float64"),
        np.array([0.1, np.nan, 1]),
    ):
        with pytest.raises(ValueError, match="must hold finite numbers, got 1 NaN"):
            measure([0, 1, 1], missing)
    with pytest.raises(ValueError, match="must hold finite numbers, got 1 NaN"):
        measure(np.array([0, 1, None], dtype=object), [0.1, 0.8, 0.3])


def test_decide_refuses_what_it_cannot_compare():
    with pytest.raises(ValueError, match="probabilities must hold finite numbers, got 1 NaN"):
        metrics.decide([0.2, np.nan])
    with pytest.raises(ValueError, match="threshold must lie between"):
        metrics.decide([0.2, 0.3], np.nan)


def test_several_classes_refuse_a_missing_cell():
    table = np.array([[0.2, 0.8], [0.5, None]], dtype=object)
    for measure in (metrics.auc_multiclass, metrics.accuracy_multiclass, metrics.confusion_multiclass):
        with pytest.raises(ValueError, match=r"probabilities must hold finite numbers, got 1 NaN"):
            measure([0, 1], table)


def test_a_column_of_pandas_counts_by_place_and_not_by_index():
    truth, scores = pd.Series([0, 1, 1], index=[2, 0, 1]), pd.Series([0.1, 0.4, 0.9], index=[5, 6, 7])
    assert metrics.sensitivity(truth, scores) == 0.5
