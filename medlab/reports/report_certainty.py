"""How sure a network is: which classes an image may have, and what leaving the least sure ones brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from IPython.display import Markdown
from numpy.typing import NDArray
from scipy import special, stats

from medlab import metrics, plots
from medlab.evaluation import conformal, decision, intervals, scoring
from medlab.text import escape, estimate, percent

if TYPE_CHECKING:
    from medlab.data.dataset import Dataset
    from medlab.evaluation.evaluations import Evaluation
    from medlab.plots import Picture

_EDGE = 1e-7  # a probability of 0 or 1 has no logit
_LEAST_SURE = 0.2


def certainty(
    dataset: Dataset, evaluation: Evaluation, learned: Mapping[str, Any]
) -> tuple[list[Picture], Markdown]:
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
        return [], Markdown(
            "This is looked at where an image has one of several classes. Here it is not defined."
        )
    truth, told = evaluation.targets["test"].astype(int), evaluation.predictions["test"]
    if evaluation.threshold is not None:
        right = metrics.decide(told, evaluation.threshold) == truth
        places = (special.logit(np.clip(p, _EDGE, 1 - _EDGE)) for p in (told, evaluation.threshold))
        doubt, sure = (
            -np.abs(np.subtract(*places)),
            "by how far its probability lies from the threshold, in logits",
        )
    else:
        right, doubt = told.argmax(axis=1) == truth, -told.max(axis=1)
        sure = "by the highest of its probabilities"
    words = [_sets(dataset, evaluation, learned, truth), _without(evaluation, right, doubt, sure)]
    curve = decision.abstention_curve(np.ones(len(truth)), right.astype(float), doubt)
    ways = {"value": "the least sure", "best": "the wrong ones, if known"}
    figure = plots.lines(
        100 * (1 - curve["answered"]),
        {name: 100 * curve[column] for column, name in ways.items()}
        | {"any, at random": np.full(len(curve), 100 * right.mean())},
        x_label="share of the test images left to a person (%)",
        y_label="right answers on the others (%)",
        alt=f"Right answers on the images that are kept: {percent(right.mean(), 1)} of all.",
    )
    return [figure], Markdown("\n\n".join(words))


def _sets(
    dataset: Dataset, evaluation: Evaluation, learned: Mapping[str, Any], truth: NDArray[np.int64]
) -> str:
    """Return how large the sets are, and how often they hold the true class, in a table."""
    if learned["conformal"] is None:
        few = f"validation has fewer than {conformal.FEWEST} images of a class"
        return f"Sets of classes are not defined here, for {few}, from which nothing can be promised."
    fitted = conformal.ConformalSets(**learned["conformal"])
    sets, promised = fitted.sets(evaluation.predictions["test"], scoring.COVERAGE), percent(scoring.COVERAGE)
    size, held = sets.sum(axis=1), sets[np.arange(len(truth)), truth]
    several = "both" if sets.shape[1] == 2 else "several"
    lines = [f"| class | images | set holds it | one class | {several} | none |", "|:--" * 6 + "|"]
    short = []
    for number, name in [*enumerate(dataset.target_names), (-1, "all")]:
        inside = truth == number if number >= 0 else np.ones(len(truth), bool)
        if not inside.any():
            continue
        groups = None if evaluation.patients is None else evaluation.patients[inside]
        span, _ = intervals.proportion(held[inside], groups)
        shares = [percent(np.mean(part[inside])) for part in (size == 1, size > 1, size == 0)]
        cells = [escape(name), f"{inside.sum():,}", estimate(held[inside].mean(), span), *shares]
        lines.append(f"| {' | '.join(cells)} |")
        # What validation promises depends on the luck of its images, too (Vovk 2012, arXiv 1209.2673).
        known = fitted.classes.count(number) if fitted.classes else 0
        above = np.floor((1 - scoring.COVERAGE) * (known + 1))
        luck = stats.betabinom.cdf(held[inside].sum(), inside.sum(), known + 1 - above, above)
        short += [escape(name)] * bool(number >= 0 and span[1] < scoring.COVERAGE and luck < 0.025)
    verdict = "No class falls short of it by more than luck."
    if short:
        verdict = (
            f"It is not kept for {', '.join(short)}, by more than luck: the test images differ from those "
            "of validation."
        )
    return "\n".join(
        [
            f"The sets were promised to hold the true class of {promised} of the images of each class, as "
            f"long as these are drawn as the validation images were. {verdict}",
            "",
            *lines,
        ]
    )


def _without(evaluation: Evaluation, right: NDArray[np.bool_], doubt: NDArray[np.float64], sure: str) -> str:
    """Return in words what is right among the least sure images, and among the others."""
    cut = round((1 - _LEAST_SURE) * len(right))
    order = np.argsort(doubt, kind="stable")
    told, spans = [], []
    for index in (order[cut:], order[:cut]):
        groups = None if evaluation.patients is None else evaluation.patients[index]
        spans.append(intervals.proportion(right[index], groups)[0])
        told.append(estimate(right[index].mean() if len(index) else None, spans[-1]))
    verdict = "Too few images are left to say more."
    if spans[0][1] < spans[1][0]:
        verdict = "Its doubt tells where it errs: those are the images to leave to a person."
    elif np.isfinite(spans).all():
        verdict = "The intervals overlap: that its doubt tells where it errs is not shown here."
    return (
        f"How sure the network is of an answer is told {sure}. Of the {percent(_LEAST_SURE)} of which "
        f"it is least sure, {told[0]} are answered rightly, of the others {told[1]}. {verdict}"
    )
