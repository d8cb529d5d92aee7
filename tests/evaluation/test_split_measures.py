from __future__ import annotations

import numpy as np
import pytest

from medlab import metrics
from medlab.evaluation import intervals, split_measures


def arrays(rng, n=60):
    targets = (rng.random(n) < 0.3).astype(np.int64)
    return targets, np.round(rng.random(n) * 0.6 + 0.3 * targets, 1)  # with ties


def each_resample(statistic, *columns, groups=None, n, seed):
    """A statistic of each resample, computed on the images drawn; NaN where it is undefined."""
    values = []
    for times in np.vstack(list(intervals.draws(len(columns[0]), groups, n, seed))):
        index = np.repeat(np.arange(len(times)), times)
        try:
            values.append(statistic(*(column[index] for column in columns)))
        except metrics.UndefinedError:
            values.append(np.nan)
    return np.array(values)


@pytest.mark.parametrize("grouped", [False, True])
def test_every_measure_of_every_resample_is_that_of_metrics(rng, grouped):
    targets, scores = arrays(rng)
    patients = rng.integers(0, 25, 60) if grouped else None
    weights = np.concatenate(list(intervals.draws(60, patients, n=15, seed=2))).astype(float)
    measured = {
        **split_measures.ranked(targets, scores, weights),
        **split_measures.decided(targets, metrics.decide(scores, 0.4), weights),
    }
    for name, values in measured.items():
        measure = getattr(metrics, name)
        extra = () if name in ("auc", "average_precision", "sensitivity_at_specificity") else (0.4,)
        slowly = each_resample(
            lambda y, s, measure=measure, extra=extra: measure(y, s, *extra),
            targets,
            scores,
            groups=patients,
            n=15,
            seed=2,
        )
        assert values == pytest.approx(slowly, abs=1e-12, nan_ok=True), name


def test_distinct_scores_need_no_sum_over_ties(rng):
    targets, scores = arrays(rng)
    scores = scores + rng.random(60) * 0.01
    measured = split_measures.ranked(targets, scores, np.ones((1, 60)))
    assert measured["auc"][0] == pytest.approx(metrics.auc(targets, scores))
    assert measured["average_precision"][0] == pytest.approx(metrics.average_precision(targets, scores))


def test_errors_of_an_amount_are_those_of_metrics(rng):
    truth = rng.normal(10, 3, 50)
    predicted = truth + rng.normal(0, 1, 50)
    weights = np.concatenate(list(intervals.draws(50, n=20, seed=2))).astype(float)
    for name, values in split_measures.amounts(truth, predicted, weights).items():
        slowly = each_resample(getattr(metrics, name), truth, predicted, n=20, seed=2)
        assert values == pytest.approx(slowly, abs=1e-9), name


def test_equal_amounts_have_no_r2():
    assert np.isnan(split_measures.amounts(np.full(3, 0.1), np.arange(3.0), np.ones((1, 3)))["r2"]).all()


def test_a_resample_of_one_class_is_undefined():
    measured = split_measures.ranked(
        np.array([0, 1]), np.array([0.1, 0.2]), np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    )
    assert measured["auc"].tolist() == pytest.approx([np.nan, np.nan, 1.0], nan_ok=True)
