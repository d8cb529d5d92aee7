"""Measures of a decision: probability >= threshold is called positive.

Everywhere: targets, shape (N,), 0 or 1; probabilities, shape (N,), in [0, 1]; and a threshold. A measure
whose denominator is zero is NaN, never 0 or 1: without positive images a sensitivity has no value.
"""

from __future__ import annotations

import numpy as np
import sklearn.metrics as _sklearn
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.metrics.inputs import probability_pair


def decide(probabilities: ArrayLike, threshold: float = 0.5) -> NDArray[np.int64]:
    """Return 1 where the probability reaches the threshold, else 0.

    Compared in float64: a float32 comparison would round the threshold first.

    Examples
    --------
    >>> decide([0.2, 0.5, 0.9]).tolist()
    [0, 1, 1]
    """
    values = checks.finite("probabilities", probabilities).astype(np.float64)
    return (values >= checks.in_range("threshold", threshold)).astype(np.int64)


def confusion(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> NDArray[np.int64]:
    """Count the four outcomes.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    threshold : float

    Returns
    -------
    counts : int array, shape (2, 2)
        Rows are the truth, columns the decision: [[true negatives, false positives],
        [false negatives, true positives]].

    Examples
    --------
    >>> confusion([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.4]).tolist()
    [[2, 1], [1, 1]]
    """
    return _sklearn.confusion_matrix(*_decided(targets, probabilities, threshold), labels=[0, 1])


def accuracy(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the share of right decisions, in [0, 1].

    The default threshold is MedMNIST's protocol, for comparison with published results. (A probability
    of exactly 0.5 is positive here and negative there.)
    """
    return float(_sklearn.accuracy_score(*_decided(targets, probabilities, threshold)))


def sensitivity(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the share of the positive images that are called positive (recall); NaN without any."""
    return float(_sklearn.recall_score(*_decided(targets, probabilities, threshold), zero_division=np.nan))


def specificity(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the share of the negative images that are called negative; NaN without any."""
    pair = _decided(targets, probabilities, threshold)
    return float(_sklearn.recall_score(*pair, pos_label=0, zero_division=np.nan))


def precision(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the share of positive images among those called positive; NaN if none is called so.

    It holds at the prevalence of these images; `predictive_values` moves it to another.
    """
    return float(_sklearn.precision_score(*_decided(targets, probabilities, threshold), zero_division=np.nan))


def f1(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return 2 TP / (2 TP + FP + FN), the harmonic mean of precision and sensitivity.

    NaN only if no image is positive and none is called positive.
    """
    return float(_sklearn.f1_score(*_decided(targets, probabilities, threshold), zero_division=np.nan))


def balanced_accuracy(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the mean of sensitivity and specificity; NaN if one class is missing."""
    both = sensitivity(targets, probabilities, threshold) + specificity(targets, probabilities, threshold)
    return both / 2


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """Return the predictive values of a test at another prevalence, by Bayes' rule.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float in [0, 1]

    Returns
    -------
    positive, negative : float in [0, 1]
        Share of ill among the test-positive, share of healthy among the test-negative; NaN where the
        test never gives that answer.

    Examples
    --------
    Of 1,000 people 10 are ill: 9 true and 99 false alarms.

    >>> positive, negative = predictive_values(0.9, 0.9, 0.01)
    >>> round(positive, 4), round(negative, 4)
    (0.0833, 0.9989)
    """
    _check_shares(sensitivity=sensitivity, specificity=specificity, prevalence=prevalence)
    hit, miss = prevalence * sensitivity, prevalence * (1 - sensitivity)
    alarm, clear = (1 - prevalence) * (1 - specificity), (1 - prevalence) * specificity
    positive = hit / (hit + alarm) if hit + alarm else float("nan")
    negative = clear / (clear + miss) if clear + miss else float("nan")
    return positive, negative


def net_benefit(sensitivity: float, specificity: float, prevalence: float, risk_threshold: float) -> float:
    """Return the net benefit of a test: true positives minus weighted false positives, per person.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float in [0, 1]
    risk_threshold : float in [0, 1)
        The risk of disease from which one would want a person to be called: at 0.01 one found ill person is
        worth 99 healthy ones called for nothing.

    Returns
    -------
    benefit : float
        Found ill persons for each person tested, less the needless calls at their price; at most the
        prevalence. Calling nobody has 0; calling everybody is `net_benefit(1, 0, ...)`.

    Notes
    -----
    Source: Vickers and Elkin 2006, doi 10.1177/0272989X06295361.

    Examples
    --------
    Of 1,000 people 100 are ill; 80 are found, 90 are called for nothing at a ninth of a find each:
    (80 - 10) / 1000.

    >>> round(net_benefit(0.8, 0.9, 0.1, 0.1), 3)
    0.07
    """
    _check_shares(sensitivity=sensitivity, specificity=specificity, prevalence=prevalence)
    if not 0 <= risk_threshold < 1:
        msg = (
            f"risk_threshold must lie in [0, 1), got {risk_threshold}. "
            "At 1 no find would be worth a needless call."
        )
        raise ValueError(msg)
    price = risk_threshold / (1 - risk_threshold)
    return prevalence * sensitivity - (1 - prevalence) * (1 - specificity) * price


def _decided(targets: ArrayLike, probabilities: ArrayLike, threshold: float) -> tuple[NDArray[np.int64], ...]:
    truth, values = probability_pair(targets, probabilities)
    return truth, decide(values, threshold)


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        checks.in_range(name, share, 0, 1)
