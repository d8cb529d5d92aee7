from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from medlab import metrics
from medlab.evaluation import calibration, decision


def test_a_prevalence_moves_by_bayes_rule():
    # Of 1,000 people at 10 %: 100 ill, 900 well. At 0.5, as many ill as well look like this; at 1 % ill weigh
    # 0.01/0.1, well 0.99/0.9.
    moved = decision.prior_correction([0.5, 0.0, 1.0], 0.1, 0.01)
    assert moved.tolist() == pytest.approx([0.1 / (0.1 + 1.1), 0, 1])
    assert decision.prior_correction(moved, 0.01, 0.1).tolist() == pytest.approx([0.5, 0, 1])


def test_it_mends_calibration_where_the_prevalence_moves_and_not_where_the_mix_does(rng):
    def people(count, share, gap):
        ill = (rng.random(count) < share).astype(int)
        return ill, rng.normal(gap * ill, 1)

    truth, score = people(20_000, 0.35, 2.0)
    told = special.expit(2 * score - 2 + special.logit(0.35))  # what these scores mean there
    assert calibration.ece(truth, told) < 0.02
    rare, rare_score = people(20_000, 0.02, 2.0)
    there = special.expit(2 * rare_score - 2 + special.logit(0.35))
    corrected = decision.prior_correction(there, 0.35, 0.02)
    assert calibration.ece(rare, there) > 0.1
    assert calibration.ece(rare, corrected) < 0.005
    other, other_score = people(20_000, 0.02, 0.7)  # the ill look more like the well
    elsewhere = decision.prior_correction(
        special.expit(2 * other_score - 2 + special.logit(0.35)), 0.35, 0.02
    )
    assert calibration.ece(other, elsewhere) > 2 * calibration.ece(rare, corrected)


def test_another_mix_by_hand():
    kind = np.repeat(["solid", "faint"], [4, 4])
    truth = [1, 1, 0, 0, 1, 0, 0, 0]
    scores = [0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9]
    there = decision.under_mix(truth, scores, 0.5, kind, {"solid": 0.2, "faint": 0.8})
    # solid: .05 a head, faint .2: ill .1 + .2; called ill .1; well and called .05 + .2 of .1 + .6.
    expected = {
        "prevalence": 0.3,
        "sensitivity": 1 / 3,
        "specificity": 0.45 / 0.7,
        "ppv": 0.1 / 0.35,
        "npv": 0.45 / 0.65,
    }
    assert there == pytest.approx(expected)
    as_is = decision.under_mix(truth, scores, 0.5, kind, {"solid": 0.5, "faint": 0.5})
    assert as_is["sensitivity"] == pytest.approx(metrics.sensitivity(truth, scores))
    assert as_is["npv"] == pytest.approx(
        metrics.predictive_values(as_is["sensitivity"], as_is["specificity"], 3 / 8)[1]
    )


def test_the_decision_curve_is_the_net_benefit_and_crosses_everybody_at_no_risk(rng):
    risk = special.expit(rng.normal(-2, 1.5, 5000))
    truth = (rng.random(5000) < risk).astype(int)
    table = decision.decision_curve(truth, risk)
    assert table.index[[0, -1]].tolist() == [0.01, 0.6]
    assert (table["nobody"] == 0).all()
    assert (table["network"] >= table[["everybody", "nobody"]].max(axis=1) - 0.004).all(), (
        "calibrated: no harm"
    )
    rates = metrics.sensitivity(truth, risk, 0.2), metrics.specificity(truth, risk, 0.2)
    assert table.loc[0.2, "network"] == metrics.net_benefit(*rates, truth.mean(), 0.2)


def test_the_surest_are_right_more_often(rng):
    risk = special.expit(rng.normal(0, 2, 4000))
    truth = (rng.random(4000) < risk).astype(int)
    table = decision.abstention_curve(truth, risk, 0.5 - np.abs(risk - 0.5))
    assert table["answered"].tolist() == pytest.approx(np.arange(10, 0, -1) / 10)
    assert (table["value"].diff()[1:] > 0).all()
    assert table["value"][0] == table["best"][0] == metrics.accuracy(truth, risk)
    assert (table["best"] >= table["value"]).all()


def test_refusals():
    with pytest.raises(ValueError, match="new must lie between 0 and 1, both out of reach, got 1"):
        decision.prior_correction([0.5], 0.1, 1)
    mix = [0, 1], [0.2, 0.8], 0.5, ["a", "b"]
    with pytest.raises(ValueError, match="the mix asks for 'c', which must occur among the images"):
        decision.under_mix(*mix, {"a": 0.5, "c": 0.5})
    with pytest.raises(ValueError, match=r"shares of the mix must add up to 1, got 0\.7"):
        decision.under_mix(*mix, {"a": 0.3, "b": 0.4})
    with pytest.raises(metrics.UndefinedError, match="a decision curve needs images of both classes"):
        decision.decision_curve([1, 1], [0.2, 0.8])
    with pytest.raises(ValueError, match="uncertainty"):
        decision.abstention_curve([0, 1], [0.2, 0.8], [np.nan, 0.1])
