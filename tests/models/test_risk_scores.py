"""A risk score in whole points: by hand, on simulated nodules, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from medlab import metrics
from medlab.data import phantoms
from medlab.models import risk_score
from medlab.models.risk_scores import RiskScore


def cards():
    """A score as it might stand on a card."""
    points = pd.DataFrame(
        [
            ("size_mm", "up to 6", 0, 10),
            ("size_mm", "6 to 8", 2, 10),
            ("size_mm", "above 8", 5, 10),
            ("spiculated", "0", 0, 20),
            ("spiculated", "1", 3, 10),
        ],
        columns=["feature", "level", "points", "n"],
    )
    return RiskScore(points, {"size_mm": (6.0, 8.0)}, slope=1.0, intercept=-4.0)


def cases(**columns):
    return pd.DataFrame(columns)


def test_points_add_up_by_hand():
    three = cases(size_mm=[6.0, 6.1, 8.5], spiculated=[1, 0, 1])
    assert cards().total(three).tolist() == [3, 2, 8]
    assert cards().predict(three) == pytest.approx(
        [1 / (1 + np.exp(1)), 1 / (1 + np.exp(2)), 1 / (1 + np.exp(-4))]
    )
    told = cards().explain(three.iloc[[2]])
    assert told.to_numpy().tolist() == [
        ["size_mm", "above 8", 5],
        ["spiculated", "1", 3],
        ["sum", "risk 98%", 8],
    ]
    assert "spiculated" in cards()._repr_html_()


def test_what_makes_no_difference_gets_no_points(rng):
    size = np.repeat([5.0, 7.0, 9.0, 11.0, 13.0], 200)
    targets = rng.random(1000) < np.repeat([0.05, 0.2, 0.5, 0.8, 0.95], 200)
    features = cases(size_mm=size, coin=rng.integers(0, 2, 1000))
    score = risk_score(features, targets.astype(int), cuts={"size_mm": [6, 8, 10, 12]}, most_points=10)
    table = score.points
    by_size = table[table["feature"] == "size_mm"]
    assert by_size["level"].tolist() == ["up to 6", "6 to 8", "8 to 10", "10 to 12", "above 12"]
    assert by_size["points"].is_monotonic_increasing
    assert by_size["points"].iloc[-1] >= 9
    assert table[table["feature"] == "coin"]["points"].max() <= 1
    risks = score.predict(cases(size_mm=[5.0, 9.0, 13.0], coin=[0, 0, 0]))
    assert risks == pytest.approx([0.05, 0.5, 0.95], abs=0.06)
    assert by_size["n"].tolist() == [200] * 5


def test_numbers_are_cut_at_quartiles_and_words_are_levels():
    rng = np.random.default_rng(3)
    size = rng.uniform(6, 12, 400)
    kind = np.array(["solid", "part-solid"])[rng.integers(0, 2, 400)]
    score = risk_score(cases(size_mm=size, kind=kind), (size > 9).astype(int))
    # The quartiles of 6 to 12 lie 3 apart: one digit after the point.
    assert score.cuts == {"size_mm": tuple(np.quantile(size, (0.25, 0.5, 0.75)).round(1))}
    assert score.points["level"].tolist()[-2:] == ["part-solid", "solid"]


def test_numbers_far_from_zero_are_told_apart_and_columns_may_be_numbers():
    sodium = np.repeat([137.2, 138.4, 141.0, 143.1], 50)
    score = risk_score(pd.DataFrame({0: sodium + np.tile([0, 0.1], 100)}), np.tile([0, 1], 100))
    assert len(score.cuts["0"]) == 3


def test_cuts_and_levels_do_not_hang_on_how_numbers_are_kept():
    rng = np.random.default_rng(0)
    features = pd.DataFrame({0: rng.normal(size=200), 1: rng.integers(0, 2, 200)})
    truth = (features[0] + features[1] + rng.normal(size=200) > 0.5).astype(int)
    score = risk_score(features, truth, cuts={0: [-0.1, 0.1]})
    assert score.cuts["0"] == (-0.1, 0.1)
    assert score.predict(features.iloc[:1].astype(float)).shape == (1,)


def test_with_more_features_than_points_none_is_rounded_away():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.integers(0, 2, (400, 30)), columns=[f"f{n}" for n in range(30)])
    truth = (features.sum(axis=1) > 15).astype(int)
    points = risk_score(features, truth, most_points=12).points
    assert (points.groupby("feature")["points"].max() >= 1).mean() > 0.9


@pytest.mark.slow
def test_on_simulated_nodules_it_comes_near_its_ceiling():
    cohort = phantoms.simulated_nodules(1500, 1, 1500, seed=4)
    names = ["diameter_mm", "nodule_type", "spiculated"]
    tables = [
        pd.DataFrame({name: part.attributes[name] for name in names}) for part in (cohort.train, cohort.test)
    ]
    score = risk_score(tables[0], cohort.targets(cohort.train))
    truth = cohort.targets(cohort.test)
    reached = metrics.auc(truth, score.predict(tables[1]))
    best = metrics.auc(truth, cohort.test.attributes["risk_image"])
    assert best - 0.04 < reached <= best + 0.01
    assert score.points.groupby("feature")["points"].max().sum() == pytest.approx(12, abs=2)


def test_refusals():
    good = cases(size_mm=[5.0, 6, 7, 8, 9, 10], kind=list("aabbab"))
    targets = [0, 0, 1, 0, 1, 1]
    bad = good.assign(size_mm=[5, 6, 7, np.nan, 9, 10])
    score = risk_score(good, targets)
    cases_ = [
        (lambda: risk_score(good, [1] * 6), "targets must hold both classes, got only 1"),
        (lambda: risk_score(good, [0, 1]), "must have the same length"),
        (lambda: risk_score(bad, targets), "size_mm must hold finite numbers, got 1 NaN"),
        (
            lambda: risk_score(good.assign(kind=[*"aabb", None, "a"]), targets),
            "kind must hold finite numbers",
        ),
        (
            lambda: risk_score(good, targets, cuts={"size": [6]}),
            "feature to cut must be one of: size_mm, kind",
        ),
        (lambda: risk_score(good, targets, cuts={"size_mm": [8, 6]}), r"increasing numbers, got \[8, 6\]"),
        (lambda: risk_score(good, targets, most_points=1), "most_points must lie between 2"),
        (lambda: score.predict(good.assign(kind="c")), "level of kind must be one of: a, b; got 'c'"),
        (lambda: score.predict(good[["kind"]]), "feature must be one of: kind; got 'size_mm'"),
        (lambda: score.explain(good), r"must hold one case, got 6.*features.iloc\[\[0\]\]"),
    ]
    for call, message in cases_:
        with pytest.raises(ValueError, match=message):
            call()
