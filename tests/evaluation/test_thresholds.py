from __future__ import annotations

import numpy as np
import pytest

from medlab import metrics
from medlab.evaluation import THRESHOLD_RULES, choose_threshold, parse_rule

TARGETS = [0, 0, 0, 1, 0, 1, 1]
SCORES = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8]


def test_youden_by_hand():
    # Between 0.3 and 0.4: sensitivity 1, specificity 3/4. Between 0.6 and 0.7: 2/3 and 1.
    assert choose_threshold(TARGETS, SCORES, "youden") == pytest.approx(0.35)


def test_bounds_by_hand():
    assert choose_threshold(TARGETS, SCORES, "sensitivity>=0.90") == pytest.approx(0.35)
    assert choose_threshold(TARGETS, SCORES, "sensitivity>=0.60") == pytest.approx(0.65)
    assert choose_threshold(TARGETS, SCORES, "specificity>=0.90") == pytest.approx(0.65)
    assert choose_threshold(TARGETS, SCORES, "specificity>=0.75") == pytest.approx(0.35)
    assert choose_threshold(TARGETS, SCORES, "0.42") == 0.42


def test_a_cost_by_hand():
    # Above 0.6 one ill is missed and nobody called for nothing; below 0.4 nobody is missed, one called.
    assert choose_threshold(TARGETS, SCORES, "cost:2") == pytest.approx(0.35)
    assert choose_threshold(TARGETS, SCORES, "cost: 0.5") == pytest.approx(0.65)
    assert choose_threshold(TARGETS, SCORES, "cost:1") in (pytest.approx(0.35), pytest.approx(0.65))


@pytest.mark.parametrize("cost", [0.03, 0.5, 1, 4, 49])
def test_no_candidate_costs_less(rng, cost):
    targets = (rng.random(300) < 0.2).astype(int)
    scores = np.round(rng.random(300) * 0.7 + 0.3 * targets, 2)

    def price(threshold):
        (_, needless), (missed, _) = metrics.confusion(targets, scores, threshold)
        return needless + cost * missed

    assert price(choose_threshold(targets, scores, f"cost:{cost}")) == pytest.approx(
        min(price(threshold) for threshold in np.linspace(0, 1, 401))
    )


def test_between_equally_good_thresholds_the_one_nearest_to_a_half_is_taken():
    # 0.15 and 0.55 both find 3/4 of the sum; 0.55 is nearer.
    assert choose_threshold([0, 1, 0, 1], [0.1, 0.2, 0.5, 0.6]) == pytest.approx(0.55)


@pytest.mark.parametrize("rule", ["sensitivity>=0.8", "specificity>=0.8"])
def test_a_bound_holds_and_the_next_candidate_would_break_it_or_lose(rng, rule):
    targets = rng.integers(0, 2, 300)
    scores = np.round(rng.random(300) * 0.7 + 0.3 * targets, 2)
    threshold = choose_threshold(targets, scores, rule)
    kept = metrics.sensitivity if rule.startswith("sens") else metrics.specificity
    step = 0.01 if rule.startswith("sens") else -0.01
    assert kept(targets, scores, threshold) >= 0.8
    assert kept(targets, scores, threshold + step) < 0.8


def test_a_network_that_always_says_the_same_gets_a_threshold_too():
    assert 0 < choose_threshold([0, 1], [0.5, 0.5]) < 1
    assert choose_threshold([0, 1], [0.0, 0.0], "sensitivity>=1") == 0.0


def test_saturated_negatives_are_called_negative_where_the_rule_says_so_in_either_float():
    threshold = choose_threshold([0, 1], [1.0, 1.0], "specificity>=0.9")
    assert not np.float32(1.0) >= np.float32(threshold)
    assert not 1.0 >= threshold


@pytest.mark.parametrize("text", [*THRESHOLD_RULES, " Youden ", "sensitivity >= .95", "1", "0", 0.3])
def test_rules_of_the_help_and_their_other_spellings_are_read(text):
    assert parse_rule(text).kind in ("youden", "sensitivity", "specificity", "cost", "fixed")


@pytest.mark.parametrize("text", ["1e-3", "1E-3", ".001", "0.001", "1.e-3"])
def test_every_spelling_of_a_number_is_read(text):
    assert parse_rule(text).value == parse_rule(f"sensitivity>={text}").value == 0.001


@pytest.mark.parametrize(
    "text", ["nan", "inf", "1_0", "0x1", "\u0660.\u0665", "", "e-3", "-0.1", "sensitivity>=", "."]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="threshold_rule must be one of"):
        parse_rule(text)


def test_refusals_name_the_rules_and_the_nearest():
    with pytest.raises(ValueError, match=r"one of: youden, .* got 'yuden'\. Did you mean 'youden'\?"):
        parse_rule("yuden")
    with pytest.raises(ValueError, match=r"got 'sensitivity>0\.9'\. Did you mean 'sensitivity>=0\.90'\?"):
        parse_rule("sensitivity>0.9")
    with pytest.raises(
        ValueError, match=r"number in threshold_rule 'sensitivity>=90' must lie between 0 and 1"
    ):
        parse_rule("sensitivity>=90")
    with pytest.raises(
        metrics.UndefinedError, match="the threshold rule 'youden' needs images of both classes"
    ):
        choose_threshold([0, 0], [0.1, 0.2])
