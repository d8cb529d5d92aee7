"""All measures of one split, with intervals, for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import metrics
from medlab.evaluation import intervals, weighting

Array = NDArray[np.float64]
Measures = dict[str, Any]

# Drawn images (images x classes x resamples) up to which all resamples asked for are made: about 20 s.
_MOST_DRAWN = 200_000_000
_FEWEST = 200
_ACCURACIES = ("accuracy", "accuracy_at_threshold")


def binary(
    targets: Array, probabilities: Array, threshold: float, patients: ArrayLike | None, n: int, seed: int
) -> Measures:
    """Return the measures of a binary split: accuracy at 0.5, all other decisions at `threshold`.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    """
    truth, scores = metrics.inputs.probability_pair(targets, probabilities)
    decisions = metrics.decide(scores, threshold)
    at_half = metrics.decide(scores) == truth
    right = {
        "accuracy": (at_half, None),
        "accuracy_at_threshold": (decisions == truth, None),
        **_decided_right(truth, decisions),
    }

    def statistics(weights: Array) -> dict[str, Array]:
        ranked = weighting.ranked(truth, scores, weights)
        accuracies = {
            name: weighting.mean(right[name][0].astype(np.float64), weights) for name in _ACCURACIES
        }
        return {**ranked, **accuracies, **weighting.decided(truth, decisions, weights)}

    measures = _with_intervals(statistics, {"": [truth == 1, truth == 0]}, right, patients, n, seed)
    delong = intervals.delong(truth, scores)[1:]
    # DeLong takes images as independent: with several of a patient it would be too narrow.
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
    patients: ArrayLike | None,
    n: int,
    seed: int,
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
        shares: dict[Any, Any] = {}  # a mean over labels is no share of images
    else:
        decisions = (scores.argmax(axis=1)[:, np.newaxis] == np.arange(len(classes))).astype(np.int64)
        right = (decisions * truth).sum(axis=1).astype(np.float64)
        shares = {"accuracy": (right == 1, None)}
    for k in classes:
        of_class = _decided_right(truth[:, k], decisions[:, k])
        shares |= {(k, name): pair for name, pair in of_class.items()}

    def statistics(weights: Array) -> dict[Any, Array]:
        found: dict[Any, Array] = {"accuracy": weighting.mean(right, weights)}
        for k in classes:
            area = weighting.ranked(truth[:, k], scores[:, k], weights)["auc"]
            measures = {"auc": area, **weighting.decided(truth[:, k], decisions[:, k], weights)}
            found |= {(k, name): value for name, value in measures.items()}
            for name, value in measures.items():
                found[name] = found.get(name, 0.0) + value / len(classes)
        if not multilabel:  # for several classes it is the mean of the sensitivities
            found["balanced_accuracy"] = found["sensitivity"]
        return found

    flat = _with_intervals(
        statistics, {k: [truth[:, k] == 1, truth[:, k] == 0] for k in classes}, shares, patients, n, seed
    )
    reasons = flat.pop("ci_reasons")
    per_class = {
        str(names[k]): {
            "n": int(truth[:, k].sum()),
            **{key[1]: value for key, value in flat.items() if isinstance(key, tuple) and key[0] == k},
            "ci_reasons": {key[1]: reason for key, reason in reasons.items() if key[0] == k},
        }
        for k in classes
    }
    measures = {key: value for key, value in flat.items() if isinstance(key, str)}
    measures["ci_reasons"] = {key: reason for key, reason in reasons.items() if isinstance(key, str)}
    if not multilabel:
        measures["majority_accuracy"] = float(truth.mean(axis=0).max())
        measures["confusion"] = metrics.confusion_multiclass(targets, scores).tolist()
    return {**measures, "per_class": per_class}


def regression(targets: Array, predictions: Array, patients: ArrayLike | None, n: int, seed: int) -> Measures:
    """Return the errors of a predicted amount, arrays of shape (N,)."""
    truth, values = metrics.inputs.number_pair(targets, predictions)

    def statistics(weights: Array) -> dict[str, Array]:
        return weighting.amounts(truth, values, weights)

    return _with_intervals(statistics, {"": [np.ones(len(truth), bool)]}, {}, patients, n, seed)


def _decided_right(truth: NDArray[Any], decisions: NDArray[Any]) -> dict[str, tuple[NDArray[np.bool_], Any]]:
    """Return the shares of a decision: whether it is right, and which images the share is of."""
    right = decisions == truth
    of = {"sensitivity": truth == 1, "specificity": truth == 0, "precision": decisions == 1}
    return {name: (right, counted) for name, counted in of.items()}


def _with_intervals(
    statistics: Any,
    classes: Mapping[Any, Sequence[NDArray[np.bool_]]],
    shares: Mapping[Any, tuple[NDArray[np.bool_], NDArray[np.bool_] | None]],
    patients: ArrayLike | None,
    n: int,
    seed: int,
) -> dict[Any, Any]:
    """Return each measure and, under its name with _ci, its interval; None with a reason where it has none.

    `classes` holds the images with and without each class (of a regression: all), `shares` the measures that
    are shares of images: whether each is right, and among which they are counted.
    """
    n_images = len(next(iter(classes.values()))[0])
    n = min(n, max(_FEWEST, _MOST_DRAWN // (n_images * len(classes))))
    number = intervals.group_numbers(n_images, patients)
    values, spans, skipped = intervals.measure(
        statistics, n_images, None if patients is None else number, n, seed
    )
    scarce = {k: _scarce(parts, number) for k, parts in classes.items()}
    any_scarce = next((reason for reason in scarce.values() if reason), "")
    found: dict[Any, Any] = {
        "n": n_images,
        "resampled": "images" if patients is None else "patients",
        "n_resamples": n,
        "resamples_skipped": skipped,
    }
    reasons = {}
    for key, value in values.items():
        if key in shares:
            right, counted = shares[key]
            among = np.ones(n_images, bool) if counted is None else counted
            span, reason = intervals.proportion(right[among], number[among], n, seed)
        else:
            span = spans[key] if spans[key][0] < spans[key][1] else None
            reason = scarce[key[0]] if isinstance(key, tuple) else any_scarce
            reason = reason or ("" if span else intervals.NO_WIDTH)
        name = (key[0], f"{key[1]}_ci") if isinstance(key, tuple) else f"{key}_ci"
        found[key], found[name] = value, None if span is None or reason else list(span)
        if reason:
            reasons[key] = reason
    return {**found, "ci_reasons": reasons}


def _scarce(parts: Sequence[NDArray[np.bool_]], patient: NDArray[np.int64]) -> str:
    """Return why a measure has no interval: a class of too few images or one patient; empty where it may."""
    for part in parts:
        if part.sum() < intervals.FEWEST_IMAGES:
            return intervals.few_images(int(part.sum())) + " of a class" * (len(parts) > 1)
        if len(np.unique(patient[part])) < 2:
            return intervals.ONE_PATIENT
    return ""
