"""The operating point: numbers by hand, then what cannot be otherwise, then refusals."""

import numpy as np
import pytest
import traitlets as t

from medlab import metrics
from medlab_widgets import ThresholdExplorer

# Of 4 ill people 3 have 0.6 or more, of 5 healthy ones 1.
TARGETS = [1, 1, 1, 1, 0, 0, 0, 0, 0]
SCORES = [0.9, 0.8, 0.6, 0.3, 0.7, 0.4, 0.2, 0.1, 0.1]


def test_an_operating_point_by_hand():
    explorer = ThresholdExplorer(
        TARGETS, SCORES, threshold=0.6, prevalence=0.1, risk_threshold=0.2, class_names=("well", "ill")
    )
    assert explorer.facts["matrix"] == [[4, 1], [1, 3]]
    rows = dict(explorer.facts["rows"])
    assert (rows["sensitivity"], rows["specificity"]) == ("0.750", "0.800")
    # .1 * .75 / (.1 * .75 + .9 * .2) and .9 * .8 / (.9 * .8 + .1 * .25)
    assert rows["PPV at a prevalence of 10.00%"] == "0.294"
    assert rows["NPV at a prevalence of 10.00%"] == "0.966"
    # .1 * .75 - .9 * .2 / 4; everybody: .1 - .9 / 4
    assert rows["net benefit"] == "+0.0300"
    assert rows["net benefit, everybody called"] == "-0.1250"
    assert explorer.facts["people"] == (
        "Of 10,000 people tested 1,000 are ill: 750 of them are called, 250 are missed; 1,800 others are "
        "called for nothing. The net benefit takes one find to be worth 4 needless calls."
    )


def test_moving_the_threshold_counts_anew():
    explorer = ThresholdExplorer(TARGETS, SCORES)
    explorer.threshold = 0.0
    assert explorer.facts["matrix"] == [[0, 5], [0, 4]]
    assert dict(explorer.facts["rows"])["NPV at a prevalence of 44.44%"] == "nobody has this answer"
    explorer.threshold = 1.0
    assert explorer.facts["matrix"] == [[5, 0], [4, 0]]
    assert explorer.facts["threshold"] == 1.0


@pytest.mark.parametrize("prevalence", [0.0001, 0.01, 0.5])
def test_sensitivity_does_not_ask_how_rare_the_disease_is(prevalence):
    explorer = ThresholdExplorer(TARGETS, SCORES, prevalence=prevalence)
    assert dict(explorer.facts["rows"])["sensitivity"] == "0.750"


def test_the_shares_of_a_class_add_up_to_one():
    below, above = ThresholdExplorer(TARGETS, SCORES).shares
    assert sum(below) == pytest.approx(1)
    assert sum(above) == pytest.approx(1)
    assert above[-4] == 0.25  # the 0.9


def test_its_picture_and_its_words_say_the_same():
    explorer = ThresholdExplorer(TARGETS, SCORES, threshold=0.6, class_names=("well", "ill"))
    assert "sensitivity 0.750" in repr(explorer)
    assert "sensitivity 0.750" in explorer.picture().alt
    assert "ill, missed 1" in explorer.picture().alt


def test_refuses_what_cannot_be_judged():
    with pytest.raises(ValueError, match=r"ThresholdExplorer.*both"):
        ThresholdExplorer([1, 1], [0.2, 0.7])
    with pytest.raises(ValueError, match="prevalence must"):
        ThresholdExplorer(TARGETS, SCORES, prevalence=0.7)
    with pytest.raises(ValueError, match="risk_threshold must"):
        ThresholdExplorer(TARGETS, SCORES, risk_threshold=0.95)
    with pytest.raises(ValueError, match="threshold must"):
        ThresholdExplorer(TARGETS, SCORES, threshold=1.2)
    with pytest.raises(ValueError, match="threshold must"):
        ThresholdExplorer(TARGETS, SCORES, threshold=np.nan)
    with pytest.raises(ValueError, match=r"probabilities must hold finite numbers, got 1 NaN"):
        ThresholdExplorer([0, 1], [0.2, None])
    for names in (["ill"], "ill", ["a", "b", "c"]):
        with pytest.raises(
            ValueError, match="class_names must be the names of the negative and the positive"
        ):
            ThresholdExplorer(TARGETS, SCORES, class_names=names)


def test_a_slider_that_sends_no_number_leaves_the_old_one():
    explorer = ThresholdExplorer(TARGETS, SCORES, threshold=0.4)
    with pytest.raises(t.TraitError, match="threshold must be a number, got nan"):
        explorer.threshold = np.nan
    assert explorer.threshold == explorer.facts["threshold"] == 0.4


def test_net_benefit_by_hand_and_its_bounds():
    assert metrics.net_benefit(0.8, 0.9, 0.1, 0.1) == pytest.approx(0.07)
    assert metrics.net_benefit(1, 1, 0.1, 0.3) == pytest.approx(0.1)
    assert metrics.net_benefit(0, 1, 0.1, 0.3) == 0
    # Calling everybody is worth nothing where the wanted risk is the prevalence.
    assert metrics.net_benefit(1, 0, 0.25, 0.25) == pytest.approx(0)


def test_net_benefit_refuses_a_risk_at_which_no_find_is_worth_a_call():
    with pytest.raises(ValueError, match=r"risk_threshold must lie in \[0, 1\), got 1"):
        metrics.net_benefit(1, 1, 0.1, 1)
    with pytest.raises(ValueError, match="sensitivity must"):
        metrics.net_benefit(np.nan, 1, 0.1, 0.1)
