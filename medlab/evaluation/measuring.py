"""All measures of one split, with intervals, for each task."""

from __future__ import annotations

from collections.abc import Sequence
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
    _, *delong = intervals.delong(truth, scores)
    decisions = metrics.decide(scores, threshold)
    right = (metrics.decide(scores) == truth).astype(np.float64)

    def statistics(weights: Array) -> dict[str, Array]:
        ranked = weighting.ranked(truth, scores, weights)
        accuracy = {"accuracy": weighting.mean(right, weights)}
        return {**ranked, **accuracy, **weighting.decided(truth, decisions, weights)}

    measures = _with_intervals(statistics, len(truth), 1, patients, n, seed)
    several = patients is not None and len(np.unique(np.asarray(patients))) < len(truth)
    return {
        "n_positive": int(truth.sum()),
        "prevalence": float(truth.mean()),
        **measures,
        # DeLong takes images as independent: with several of a patient it would be too narrow.
        "auc_ci_delong": [float("nan")] * 2 if several else delong,
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
    else:
        decisions = (scores.argmax(axis=1)[:, np.newaxis] == np.arange(len(classes))).astype(np.int64)
        right = (decisions * truth).sum(axis=1).astype(np.float64)

    def statistics(weights: Array) -> dict[Any, Array]:
        found: dict[Any, Array] = {"accuracy": weighting.mean(right, weights)}
        for k in classes:
            area = weighting.ranked(truth[:, k], scores[:, k], weights)["auc"]
            one = {"auc": area, **weighting.decided(truth[:, k], decisions[:, k], weights)}
            found |= {(k, name): value for name, value in one.items()}
            for name, value in one.items():
                found[name] = found.get(name, 0.0) + value / len(classes)
        if not multilabel:  # for several classes it is the mean of the sensitivities
            found["balanced_accuracy"] = found["sensitivity"]
        return found

    flat = _with_intervals(statistics, len(truth), len(classes), patients, n, seed)
    per_class = {
        str(names[k]): {
            "n": int(truth[:, k].sum()),
            **{key[1]: value for key, value in flat.items() if isinstance(key, tuple) and key[0] == k},
        }
        for k in classes
    }
    measures = {key: value for key, value in flat.items() if isinstance(key, str)}
    if not multilabel:
        measures["confusion"] = metrics.confusion_multiclass(targets, scores).tolist()
    return {**measures, "per_class": per_class}


def regression(targets: Array, predictions: Array, patients: ArrayLike | None, n: int, seed: int) -> Measures:
    """Return the errors of a predicted amount, arrays of shape (N,)."""
    truth, values = metrics.inputs.number_pair(targets, predictions)
    return _with_intervals(
        lambda weights: weighting.amounts(truth, values, weights), len(truth), 1, patients, n, seed
    )


def _with_intervals(
    statistics: Any, n_images: int, n_classes: int, patients: ArrayLike | None, n: int, seed: int
) -> dict[Any, Any]:
    """Return each measure and, under its name with _ci, its interval."""
    n = min(n, max(_FEWEST, _MOST_DRAWN // (n_images * n_classes)))
    values, spans, skipped = intervals.measure(statistics, n_images, patients, n, seed)
    found: dict[Any, Any] = {
        "n": n_images,
        "resampled": "images" if patients is None else "patients",
        "n_resamples": n,
        "resamples_skipped": skipped,
    }
    for key, value in values.items():
        found[key] = value
        found[(key[0], f"{key[1]}_ci") if isinstance(key, tuple) else f"{key}_ci"] = list(spans[key])
    return found
