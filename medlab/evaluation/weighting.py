"""The measures of `medlab.metrics` under weights, for all resamples at once.

A resample is a weight for each image (how often it was drawn). Written as array arithmetic over
(resample, image), a thousand resamples of 2,000 images take tenths of a second; a loop over
scikit-learn takes half a minute. Tests hold each measure to `medlab.metrics`, resample by resample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FIXED_SPECIFICITY = 0.90


def ranked(truth: NDArray[np.int64], scores: Array, weights: Array) -> dict[str, Array]:
    """Return AUC, average precision and sensitivity at fixed specificity of each resample.

    Parameters
    ----------
    truth : int array, shape (N,), 0 or 1
    scores : float array, shape (N,)
    weights : float array, shape (R, N), >= 0

    Returns
    -------
    measures : dict of float arrays, shape (R,)
        NaN where a resample has one class only.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    weights = weights[:, order]
    positive = _tied(weights * truth[order], starts)
    negative = _tied(weights * (1 - truth[order]), starts)
    hits, alarms = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)  # called positive, from the top
    n_positive, n_negative = hits[:, -1].copy(), alarms[:, -1].copy()
    for count in (n_positive, n_negative):
        count[count == 0] = np.nan
    lost = np.einsum("rt,rt->r", positive, alarms) - 0.5 * np.einsum("rt,rt->r", positive, negative)
    precision = hits / np.maximum(hits + alarms, 1e-300)
    allowed = (1 - FIXED_SPECIFICITY + 1e-12) * n_negative
    reached = np.where(alarms <= allowed[:, np.newaxis], hits, 0.0).max(axis=1)
    both = n_positive * n_negative
    return {
        "auc": 1 - lost / both,
        "average_precision": np.einsum("rt,rt->r", positive, precision) * n_negative / both,
        "sensitivity_at_specificity": reached * n_negative / both,
    }


def decided(truth: NDArray[np.int64], decisions: NDArray[np.int64], weights: Array) -> dict[str, Array]:
    """Return the measures of a decision for each resample, NaN where a denominator is zero.

    Parameters
    ----------
    truth, decisions : int arrays, shape (N,), 0 or 1
    weights : float array, shape (R, N), >= 0
    """
    hit, miss = weights @ (truth * decisions), weights @ (truth * (1 - decisions))
    alarm, clear = weights @ ((1 - truth) * decisions), weights @ ((1 - truth) * (1 - decisions))
    sensitivity, specificity = _ratio(hit, hit + miss), _ratio(clear, clear + alarm)
    return {
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "precision": _ratio(hit, hit + alarm),
        "f1": _ratio(2 * hit, 2 * hit + miss + alarm),
    }


def mean(values: Array, weights: Array) -> Array:
    """Return the weighted mean of `values`, shape (N,), in each resample."""
    return (weights @ values) / weights.sum(axis=1)


def amounts(truth: Array, predictions: Array, weights: Array) -> dict[str, Array]:
    """Return mean absolute error, mean squared error and R2 of each resample."""
    error = predictions - truth
    centered = truth - truth.mean()
    variance = mean(centered**2, weights) - mean(centered, weights) ** 2
    squared = mean(error**2, weights)
    # What is left of equal targets is rounding error, not variance.
    variance[variance <= 1e-12 * max(1.0, float(np.square(truth).max()))] = 0
    return {"mae": mean(np.abs(error), weights), "mse": squared, "r2": 1 - _ratio(squared, variance)}


def _tied(columns: Array, starts: NDArray[np.intp]) -> Array:
    """Sum the columns that share a score."""
    return columns if len(starts) == columns.shape[1] else np.add.reduceat(columns, starts, axis=1)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
