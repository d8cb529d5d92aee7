from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import special

from medlab.evaluation import conformal
from medlab.metrics import UndefinedError


def draw(rng, count):
    """A rare class that is hard to tell: labels and probabilities of it."""
    truth = (rng.random(count) < 0.2).astype(int)
    return truth, special.expit(rng.normal(1.5 * truth - 2, 1))


def test_sets_by_hand():
    # Each class has the validation scores 0, .1, ... .9: a score s has the p-value (1 + count >= s) / 11.
    scores = tuple(np.arange(10) / 10) * 2
    fitted = conformal.ConformalSets(scores, (0,) * 10 + (1,) * 10)
    # .95 of class 1: strangeness .05 there (10 of 11), .95 for class 0 (1 of 11 = .0909).
    assert fitted.sets([0.95], coverage=0.9).tolist() == [[False, True]]
    assert fitted.sets([0.95], coverage=0.95).tolist() == [[True, True]]
    assert fitted.sets([0.5], coverage=0.3).tolist() == [[False, False]]


@pytest.mark.slow
@pytest.mark.parametrize("class_conditional", [True, False])
def test_the_promise_is_kept_on_average_of_many_splits(class_conditional, rng):
    covered = []
    for _ in range(60):
        fitted = conformal.fit(*draw(rng, 400), class_conditional=class_conditional)
        truth, values = draw(rng, 2000)
        covered.append(conformal.coverage(truth, fitted.sets(values, 0.9))["covered"])
    mean = {name: np.mean([row[name] for row in covered]) for name in ("0", "1", "all")}
    assert mean["all"] == pytest.approx(0.9, abs=0.015)
    if class_conditional:
        assert mean["0"] == pytest.approx(0.9, abs=0.015)
        assert mean["1"] == pytest.approx(0.9, abs=0.02)
    else:
        assert mean["1"] < 0.75, "the rare class pays for the other"


def test_several_classes_and_a_wider_promise_has_larger_sets(rng):
    logits = rng.normal(0, 1.5, (900, 3))
    values = special.softmax(logits, axis=1)
    truth = (rng.random(900)[:, None] > values.cumsum(axis=1)).sum(axis=1)
    fitted = conformal.fit(truth[:500], values[:500])
    narrow, wide = fitted.sets(values[500:], 0.8), fitted.sets(values[500:], 0.95)
    assert (narrow <= wide).all()
    assert narrow.shape == (400, 3)
    table = conformal.coverage(truth[500:], wide)
    assert table.loc["all", "images"] == 400
    assert table.loc["all", "covered"] == pytest.approx(0.95, abs=0.04)
    assert table.loc["all", "classes"] == pytest.approx(wide.sum(axis=1).mean())


def test_what_the_model_folder_keeps_gives_the_same(rng):
    fitted = conformal.fit(*draw(rng, 300))
    kept = conformal.ConformalSets(**json.loads(json.dumps(fitted.as_dict())))
    values = draw(rng, 50)[1]
    assert np.array_equal(kept.sets(values), fitted.sets(values))


def test_refusals(rng):
    truth, values = draw(rng, 300)
    with pytest.raises(UndefinedError, match="at least 10 validation images of each class, got 3 of class 1"):
        conformal.fit([0] * 40 + [1] * 3, values[:43])
    with pytest.raises(ValueError, match="coverage must lie between 0 and 1, got 90"):
        conformal.fit(truth, values).sets(values, 90)
    with pytest.raises(ValueError, match="1 NaN or infinite"):
        conformal.fit(truth, values).sets([np.nan])
    three = conformal.fit(np.arange(60) % 3, np.full((60, 3), 1 / 3))
    with pytest.raises(ValueError, match="must have 3 classes, as on validation, got 2"):
        three.sets(values)
    with pytest.raises(ValueError, match="must have 2 classes, as on validation, got 3"):
        conformal.fit(truth, values).sets(np.full((4, 3), 1 / 3))


def test_coverage_refuses_targets_that_are_no_class_of_the_sets():
    sets = np.array([[True, False], [True, True], [False, True]])
    assert conformal.coverage([0, 1, 0], sets).loc["0", "covered"] == 0.5
    with pytest.raises(ValueError, match="from 0 to 1, got -1"):
        conformal.coverage([0, -1, 0], sets)
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        conformal.coverage([0, 2, 0], sets)
    with pytest.raises(ValueError, match=r"targets must have shape \(3,\)"):
        conformal.coverage([0, 1], sets)
