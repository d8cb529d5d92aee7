"""How sure a network is: which classes an image may have, and what leaving the least sure ones brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from IPython.display import Markdown
from numpy.typing import NDArray
from scipy import special, stats

from medlab import metrics, plots
from medlab.data.dataset import Dataset
from medlab.evaluation import conformal, decision, intervals, scoring
from medlab.evaluation.evaluations import Evaluation
from medlab.reports.report_text import markdown, table
from medlab.text import escape, estimate, percent

_EDGE = 1e-7  # a probability of 0 or 1 has no logit
_LEAST_SURE = 0.2


def certainty(
    dataset: Dataset, evaluation: Evaluation, learned: Mapping[str, Any]
) -> tuple[list[plots.Picture], Markdown]:
    """Show the conformal sets of the test images, and the share of right answers without the least sure ones.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    evaluation : medlab.evaluation.Evaluation
    learned : mapping
        What `medlab.evaluation.learn` returned.

    Returns
    -------
    figures : list of Picture
        The abstention curve; empty where images do not have one of several classes.
    words : Markdown
    """
    if evaluation.task not in ("binary", "multiclass"):
        return [], Markdown("Sets of classes are not defined here: an image does not have one of several.")
    truth, told = evaluation.targets["test"].astype(int), evaluation.predictions["test"]
    if (cut := evaluation.threshold) is None:
        right, doubt = told.argmax(axis=1) == truth, -told.max(axis=1)
    else:
        place, border = (special.logit(np.clip(value, _EDGE, 1 - _EDGE)) for value in (told, cut))
        right, doubt = metrics.decide(told, cut) == truth, -np.abs(place - border)
    curve = decision.abstention_curve(np.ones(len(truth)), right.astype(float), doubt)
    curves = {"the least sure": 100 * curve["value"], "the wrong ones, if known": 100 * curve["best"]}
    figure = plots.lines(
        100 * (1 - curve["answered"]),
        curves | {"any, at random": np.full(len(curve), 100 * right.mean())},
        x_label="share of the test images left to a person (%)",
        y_label="right answers on the others (%)",
        alt=f"Right answers on the images that are kept: {percent(right.mean(), 1)} of all.",
    )
    words = [*_sets(dataset, evaluation, learned["conformal"], truth), "", _without(evaluation, right, doubt)]
    return [figure], markdown(*words)


def _sets(
    dataset: Dataset, evaluation: Evaluation, conformal_sets: Any, truth: NDArray[np.int64]
) -> list[str]:
    """Return how large the sets are, and how often they hold the true class: a sentence and a table."""
    if conformal_sets is None:
        few = f"validation has fewer than {conformal.FEWEST} images of a class"
        return [f"Sets of classes are not defined here, for {few}, from which nothing can be promised."]
    fitted = conformal.ConformalSets(**conformal_sets)
    sets = fitted.sets(evaluation.predictions["test"], scoring.COVERAGE)
    size, held = sets.sum(axis=1), sets[np.arange(len(truth)), truth]
    rows, short = [], []
    for number, name in enumerate([*dataset.target_names, "all"]):
        inside = (truth == number) | (number == sets.shape[1])
        told, span = _share(evaluation, held, inside)
        shares = [percent(np.mean(part[inside])) for part in (size == 1, size > 1, size == 0)]
        rows.append([escape(name), f"{inside.sum():,}", told, *shares])
        # What validation promises depends on the luck of its images, too (Vovk 2012, arXiv 1209.2673).
        known = (fitted.classes or ()).count(number)
        above = np.floor((1 - scoring.COVERAGE) * (known + 1))
        luck = stats.betabinom.cdf(held[inside].sum(), inside.sum(), known + 1 - above, above)
        short += [escape(name)] * bool(span[1] < scoring.COVERAGE and luck < 0.025)
    verdict = "No class falls short of the promise by more than luck."
    if short:
        differ = "by more than luck: the test images differ from those of validation"
        verdict = f"The promise is not kept for {', '.join(short)}, {differ}."
    return [verdict, "", *table(["class", "images", "set holds it", "one class", "several", "none"], rows)]


def _share(evaluation: Evaluation, right: NDArray[np.bool_], part: Any) -> tuple[str, intervals.Interval]:
    """Return the share of right ones in a part of the test images as text, and its interval."""
    if not len(right[part]):
        return "–", intervals.NO_INTERVAL
    groups = None if evaluation.patients is None else evaluation.patients[part]
    span, _ = intervals.proportion(right[part], groups)
    return estimate(right[part].mean(), span), span


def _without(evaluation: Evaluation, right: NDArray[np.bool_], doubt: NDArray[np.float64]) -> str:
    """Return in words what is right among the least sure images, and among the others."""
    order, kept = np.argsort(doubt, kind="stable"), round((1 - _LEAST_SURE) * len(right))
    (unsure, low), (others, high) = (_share(evaluation, right, part) for part in (order[kept:], order[:kept]))
    verdict = "The intervals overlap: that its doubt tells where it errs is not shown here."
    if np.isnan([*low, *high]).any():
        verdict = "Too few images are left to say more."
    elif low[1] < high[0]:
        verdict = "Its doubt tells where it errs: those are the images to leave to a person."
    elif low[0] > high[1]:
        verdict = "It errs where it is sure: its doubt must not decide which images to leave to a person."
    answers = f"{unsure} are answered rightly, of the others {others}"
    return f"Of the {percent(_LEAST_SURE)} of which it is least sure, {answers}. {verdict}"
