"""All measures of one split, with intervals, for each task.

The measures of `medlab.metrics` are computed under weights, for all resamples at once. A resample is a weight
for each image (how often it was drawn). Written as array arithmetic over (resample, image), a thousand
resamples of 2,000 images take tenths of a second; a loop over scikit-learn takes half a minute. Tests hold
each measure to `medlab.metrics`, resample by resample.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import metrics
from medlab.data import Dataset
from medlab.evaluation import intervals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Measures = dict[str, Any]

# Drawn images (images x classes x resamples) up to which all resamples asked for are made: about 20 s.
_MOST_DRAWN = 200_000_000
_FEWEST = 200
FIXED_SPECIFICITY = 0.90


class Resampling(NamedTuple):
    """The patient of each image (None: not known), how many resamples, and their seed."""

    patients: ArrayLike | None
    n: int
    seed: int


def of_split(
    dataset: Dataset, truth: Array, output: Array, threshold: float | None, resampling: Resampling
) -> Measures:
    """Return the measures of one split of a data set, by its task."""
    if threshold is not None:
        return binary(truth, output, threshold, resampling)
    if dataset.task == "regression":
        return regression(truth, output, resampling)
    labels = dataset.task == "multilabel"
    return several(truth, output, dataset.class_names, resampling, multilabel=labels)


def binary(targets: Array, probabilities: Array, threshold: float, resampling: Resampling) -> Measures:
    """Return the measures of a binary split: accuracy at 0.5, all other decisions at `threshold`.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    """
    truth, scores = metrics.inputs.probability_pair(targets, probabilities)
    decisions = metrics.decide(scores, threshold)
    accuracies = {
        "accuracy": (metrics.decide(scores) == truth).astype(np.float64),
        "accuracy_at_threshold": (decisions == truth).astype(np.float64),
    }

    def statistics(weights: Array) -> dict[str, Array]:
        means = {name: mean(right, weights) for name, right in accuracies.items()}
        return {**ranked(truth, scores, weights), **means, **decided(truth, decisions, weights)}

    shares = {**accuracies, **_shares(truth, decisions)}
    measures = _with_intervals(statistics, {"": [truth == 1, truth == 0]}, shares, resampling)[""]
    delong = intervals.delong(truth, scores)[1:]
    # DeLong takes images as independent: with several of a patient it would be too narrow.
    patients = resampling.patients
    independent = patients is None or len(np.unique(np.asarray(patients))) == len(truth)
    return {
        "n_positive": int(truth.sum()),
        "prevalence": float(truth.mean()),
        **measures,
        "majority_accuracy": float(max(truth.mean(), 1 - truth.mean())),
        "auc_ci_delong": list(delong) if independent and measures["auc_ci"] else None,
        "confusion": metrics.confusion(truth, scores, threshold).tolist(),
    }


def several(
    targets: NDArray[Any],
    probabilities: Array,
    names: Sequence[str],
    resampling: Resampling,
    *,
    multilabel: bool = False,
) -> Measures:
    """Return the measures of a multi-class or multi-label split: macro means and `per_class`.

    A class against the rest; decided by the most probable class, or at 0.5 for each label. The macro
    mean of a measure that one class leaves undefined is undefined (NaN).

    Parameters
    ----------
    targets : array, shape (N,), classes; with `multilabel` shape (N, K), 0 or 1
    probabilities : array, shape (N, K), in [0, 1]
    names : K class names
    """
    truth, scores = metrics.inputs.table_pair(targets, probabilities, multilabel=multilabel)
    classes = range(truth.shape[1])
    if multilabel:
        decisions = metrics.decide(scores)
        right = (decisions == truth).mean(axis=1)
    else:
        decisions = (scores.argmax(axis=1)[:, np.newaxis] == np.arange(len(classes))).astype(np.int64)
        right = (decisions * truth).sum(axis=1).astype(np.float64)
    # Of several labels, the accuracy is a mean over labels and no share of images.
    shares: dict[Any, Array] = {} if multilabel else {"accuracy": right}
    needed: dict[Any, list[Mask]] = {"": [], "accuracy": [np.ones(len(truth), bool)]}
    for k in classes:
        shares |= {(k, name): share for name, share in _shares(truth[:, k], decisions[:, k]).items()}
        needed[k] = [truth[:, k] == 1, truth[:, k] == 0]
        needed[""] += needed[k]

    def statistics(weights: Array) -> dict[Any, Array]:
        values: dict[Any, Array] = {"accuracy": mean(right, weights)}
        for k in classes:
            area = ranked(truth[:, k], scores[:, k], weights)["auc"]
            of_class = {"auc": area, **decided(truth[:, k], decisions[:, k], weights)}
            for name, value in of_class.items():
                values[k, name] = value
                values[name] = values.get(name, 0.0) + value / len(classes)
        if not multilabel:  # for several classes it is the mean of the sensitivities
            values["balanced_accuracy"] = values["sensitivity"]
        return values

    by_class = _with_intervals(statistics, needed, shares, resampling)
    measures = by_class.pop("")
    if not multilabel:
        measures["majority_accuracy"] = float(truth.mean(axis=0).max())
        measures["confusion"] = metrics.confusion_multiclass(targets, scores).tolist()
    per_class = {str(names[k]): {"n": int(truth[:, k].sum()), **by_class[k]} for k in classes}
    return {**measures, "per_class": per_class}


def regression(targets: Array, predictions: Array, resampling: Resampling) -> Measures:
    """Return the errors of a predicted amount, arrays of shape (N,)."""
    truth, values = metrics.inputs.number_pair(targets, predictions)
    statistics = functools.partial(amounts, truth, values)
    return _with_intervals(statistics, {"": [np.ones(len(truth), bool)]}, {}, resampling)[""]


def _shares(truth: NDArray[Any], decisions: NDArray[Any]) -> dict[str, Array]:
    """Return the measures that are shares of images: 1 where one is right, NaN where it is not counted."""
    counted = {"sensitivity": truth == 1, "specificity": truth == 0, "precision": decisions == 1}
    return {name: np.where(among, decisions == truth, np.nan) for name, among in counted.items()}


def _with_intervals(
    statistics: Any, needed: Mapping[Any, Sequence[Mask]], shares: Mapping[Any, Array], resampling: Resampling
) -> dict[Any, Measures]:
    """Return the measures of each class, and under "" of all, with their intervals or why there is none.

    `needed` holds the parts of the images of which each must be large enough, for a measure or a class (""
    for all); `shares` what `_shares` gives.
    """
    patients, n, seed = resampling
    n_images = len(needed[""][0])
    n = min(n, max(_FEWEST, _MOST_DRAWN // (n_images * len(needed))))
    number = intervals.group_numbers(n_images, patients)
    groups = None if patients is None else number
    values, spans, skipped = intervals.measure(statistics, n_images, groups, n, seed)
    scarce = {key: intervals.too_little(parts, number) for key, parts in needed.items()}
    whole = {"n": n_images, "resampled": "images" if patients is None else "patients", "n_resamples": n}
    measures: dict[Any, Measures] = {"": {**whole, "resamples_skipped": skipped, "ci_reasons": {}}}
    for key, value in values.items():
        k, name = key if isinstance(key, tuple) else ("", key)
        span, reason = spans[key], scarce[key if key in scarce else k]
        if key in shares:
            counted = ~np.isnan(shares[key])
            span, reason = intervals.proportion(shares[key][counted], number[counted], n, seed)
        elif np.isnan(span[0]) and not reason:
            reason = "it has no value on these images" if np.isnan(value) else intervals.NO_WIDTH
        of_class = measures.setdefault(k, {"ci_reasons": {}})
        of_class |= {name: value, f"{name}_ci": None if reason else list(span)}
        if reason:
            of_class["ci_reasons"][name] = reason
    return measures


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
