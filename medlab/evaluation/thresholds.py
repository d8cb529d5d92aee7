"""From a probability to a decision: the threshold is chosen on validation, never on test."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from medlab import checks
from medlab.metrics.inputs import both_classes, probability_pair

THRESHOLD_RULES = {
    "youden": "highest sensitivity + specificity - 1 on validation",
    "sensitivity>=0.90": "highest threshold with at least this sensitivity on validation",
    "specificity>=0.90": "lowest threshold with at least this specificity on validation",
    "cost:10": "lowest cost on validation, where a miss costs as much as this many needless calls",
    "0.5": "this number, whatever the data",
}
_BOUND = re.compile(r"(sensitivity|specificity)\s*>=\s*(.+)|(cost)\s*:\s*(.+)")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)


class Rule(NamedTuple):
    """A rule that was read: its kind, and its number (0 for youden, which has none)."""

    kind: str
    value: float = 0.0


def parse_rule(text: str) -> Rule:
    """Read a threshold rule.

    Parameters
    ----------
    text : str
        ``"youden"``, ``"sensitivity>=0.90"``, ``"specificity>=0.90"`` (any number in [0, 1]), ``"cost:10"``
        (any number from 1e-6 to 1e6) or a fixed threshold such as ``"0.5"``.

    Raises
    ------
    ValueError
        For anything else; the message lists the rules and names the nearest.

    Examples
    --------
    >>> parse_rule("sensitivity >= 0.95")
    Rule(kind='sensitivity', value=0.95)
    """
    words = str(text).strip().lower()
    if words == "youden":
        return Rule("youden")
    bound = _BOUND.fullmatch(words)
    kind, number = filter(None, bound.groups()) if bound else ("fixed", words)
    if not _NUMBER.fullmatch(number):
        msg = (
            f"threshold_rule must be one of: {', '.join(THRESHOLD_RULES)} (or another number); "
            f"got {text!r}.{checks.nearest(words, THRESHOLD_RULES)}"
        )
        raise ValueError(msg)
    low, high = (1e-6, 1e6) if kind == "cost" else (0, 1)
    return Rule(kind, checks.in_range(f"the number in threshold_rule {text!r}", float(number), low, high))


def choose_threshold(targets: ArrayLike, probabilities: ArrayLike, rule: str = "youden") -> float:
    """Choose the threshold from which a probability is called positive.

    Candidates lie midway between neighboring probabilities, so that an image a little below the lowest
    positive one of validation is not lost.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
        Of the validation images.
    probabilities : array, shape (N,), in [0, 1]
    rule : str
        See `parse_rule`.

    Returns
    -------
    threshold : float
        Of equally good ones under "youden" and "cost" the one nearest to 0.5. In [0, 1]; a hair above 1
        only where a specificity asks to call even probability 1 negative.

    Raises
    ------
    UndefinedError
        If all images are of one class, unless the rule is a fixed number.

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])
    0.4
    """
    kind, value = parse_rule(rule)
    if kind == "fixed":
        return value
    truth, scores = probability_pair(targets, probabilities)
    both_classes(truth, scores, f"the threshold rule {rule!r}")
    distinct = np.unique(scores)
    top = (distinct[-1] + 1) / 2 if distinct[-1] < 1 else float(np.nextafter(np.float32(1), np.float32(2)))
    candidates = np.concatenate([[distinct[0] / 2], (distinct[1:] + distinct[:-1]) / 2, [top]])
    positive, negative = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    sensitivity = 1 - np.searchsorted(positive, candidates) / len(positive)
    specificity = np.searchsorted(negative, candidates) / len(negative)
    if kind == "sensitivity":
        return float(candidates[sensitivity >= value - 1e-12].max())
    if kind == "specificity":
        return float(candidates[specificity >= value - 1e-12].min())
    # A miss costs `value` needless calls: weighed by how many people are ill and how many well.
    weight = value * len(positive) / len(negative) if kind == "cost" else 1
    gain = (weight * sensitivity + specificity) / max(1, weight)
    best = candidates[gain >= gain.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - 0.5))])
