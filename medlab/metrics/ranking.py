"""Measures that need no threshold: how well a score puts the positive images above the negative ones."""

from __future__ import annotations

import numpy as np
import sklearn.metrics as _sklearn
from numpy.typing import ArrayLike

from medlab import checks
from medlab.metrics.inputs import Array, UndefinedError, both_classes, number_pair, unit_interval


def auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve.

    It is the share of (positive, negative) pairs in which the positive image has the higher score;
    a tie counts one half.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number
        A probability, or anything that grows with it (a logit, a diameter).

    Returns
    -------
    auc : float in [0, 1]; 0.5 is chance

    Raises
    ------
    UndefinedError
        If all images are of one class.

    Examples
    --------
    Of the four pairs, (0.8, 0.1), (0.8, 0.4) and (0.35, 0.1) are in order:

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(_sklearn.roc_auc_score(*both_classes(targets, scores, "AUC")))


def average_precision(targets: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean of the precision over the recall steps, no interpolation.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number

    Returns
    -------
    average_precision : float in [0, 1]; chance is the prevalence, not 0.5

    Raises
    ------
    UndefinedError
        If all images are of one class.

    Examples
    --------
    From the top: a hit (precision 1), a miss, a hit (2/3), a miss; each hit is half of the recall.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    return float(_sklearn.average_precision_score(*both_classes(targets, scores, "average precision")))


def roc_curve(targets: ArrayLike, scores: ArrayLike) -> tuple[Array, Array, Array]:
    """Return the ROC curve, one point for each distinct score, from (0, 0) to (1, 1).

    Returns
    -------
    false_positive_rate, sensitivity : float arrays, shape (T,), in [0, 1]
    thresholds : float array, shape (T,), falling; the first is infinite
        "score >= threshold is positive" gives the point.
    """
    truth, values = both_classes(targets, scores, "a ROC curve")
    rate, sensitivity, thresholds = _sklearn.roc_curve(truth, values, drop_intermediate=False)
    return rate, sensitivity, thresholds


def precision_recall_curve(targets: ArrayLike, scores: ArrayLike) -> tuple[Array, Array, Array]:
    """Return precision and recall (sensitivity) for each distinct score.

    Returns
    -------
    precision, recall : float arrays, shape (T + 1,), in [0, 1]; the last point is (1, 0) by convention
    thresholds : float array, shape (T,), rising
    """
    precision, recall, thresholds = _sklearn.precision_recall_curve(
        *both_classes(targets, scores, "a precision-recall curve")
    )
    return precision, recall, thresholds


def sensitivity_at_specificity(targets: ArrayLike, scores: ArrayLike, specificity: float = 0.90) -> float:
    """Return the highest sensitivity among the thresholds with at least this specificity.

    The threshold is chosen on the images it is measured on: this describes a ROC curve and is a
    little optimistic as a promise for new images.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number
    specificity : float in [0, 1]

    Returns
    -------
    sensitivity : float in [0, 1]
        0 if only "nothing is positive" is specific enough.

    Examples
    --------
    >>> sensitivity_at_specificity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], specificity=1.0)
    0.5
    """
    checks.in_range("specificity", specificity, 0, 1)
    rate, sensitivity, _ = roc_curve(targets, scores)
    # 1 - 0.9 is 0.09999999999999998: without the slack a rate of exactly 0.1 would be refused.
    return float(sensitivity[rate <= 1 - specificity + 1e-12].max())


def expected_auc(risk: ArrayLike, scores: ArrayLike) -> float:
    """Return the AUC that a score has on average over the luck of the labels.

    In a simulation the risk of each patient is known and the label is drawn from it. The expected
    AUC counts each pair by the probability that i is positive and j is negative:
    sum p_i (1 - p_j) (1[s_i > s_j] + 1/2 1[s_i = s_j]) / sum p_i (1 - p_j), over all i != j. With
    ``scores=risk`` it is the ceiling: no score can have more on average.

    Parameters
    ----------
    risk : array, shape (N,), probability in [0, 1]
        True probability of being positive.
    scores : array, shape (N,), any finite number

    Returns
    -------
    expected_auc : float in [0, 1]

    Raises
    ------
    UndefinedError
        If no pair can hold a positive and a negative.

    Notes
    -----
    O(N log N): the pairs are counted by cumulated sums over the sorted scores.

    Examples
    --------
    The pairs (i, j): (0, 1) weighs 0.8 * 0.5 = 0.4, (1, 0) weighs 0.5 * 0.2 = 0.1.

    >>> round(expected_auc([0.8, 0.5], [2.0, 1.0]), 4)
    0.8
    """
    risk, scores = number_pair(risk, scores)
    positive = unit_interval("risk", risk)
    negative = 1 - positive
    itself = positive @ negative
    pairs = positive.sum() * negative.sum() - itself
    if pairs <= 0:
        msg = (
            "expected AUC needs a pair that can hold a positive and a negative image, got none in "
            f"{len(positive)} risks. Give at least two patients, not all with risk 0 or all with risk 1."
        )
        raise UndefinedError(msg)
    _, rank = np.unique(scores, return_inverse=True)
    tied = np.bincount(rank, weights=negative)
    below = np.cumsum(tied) - tied
    # An image ties with itself: that half is taken off again.
    won = positive @ (below + tied / 2)[rank] - itself / 2
    return float(won / pairs)
