"""Where a network is wrong: its most confident errors, and for whom it is wrong more often."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from medlab import checks, metrics
from medlab.evaluation import intervals
from medlab.models.card import FEWEST

KINDS = ("all", "false positive", "false negative")
_RANGES = 4


def most_confident(
    task: str, targets: NDArray[Any], output: NDArray[Any], threshold: float | None, kind: str = "all"
) -> NDArray[np.int64]:
    """Return the index of each wrong prediction, the most confident first.

    Confidence is the probability given to the wrong answer (multi-label: to the worst of the labels);
    in a regression, where all are wrong, the absolute error.

    Parameters
    ----------
    task : "binary", "multiclass", "multilabel" or "regression"
    targets, output : arrays, shape (N,) or (N, K)
    threshold : float or None
        Of a binary task; 0.5 for each label of a multi-label one.
    kind : "all", "false positive" or "false negative"

    Returns
    -------
    index : int array, shape (number of errors,)
    """
    checks.one_of("kind", kind, KINDS if task == "binary" else KINDS[:1])
    if task == "regression":
        confidence = np.abs(output - targets)
        wrong = np.ones(len(output), dtype=bool)
    elif task == "multiclass":
        confidence = output.max(axis=1)
        wrong = output.argmax(axis=1) != targets
    else:
        called, answers = _decided(output, threshold)
        wrong = called != targets
        if kind != "all":
            wrong &= called == (kind == "false positive")
        confidence = np.where(wrong, answers, 0.0)
        if task == "multilabel":
            confidence, wrong = confidence.max(axis=1), wrong.any(axis=1)
    order = np.argsort(-confidence, kind="stable")
    return order[wrong[order]]


def most_typical(
    task: str, targets: NDArray[Any], output: NDArray[Any], threshold: float | None, k: int
) -> NDArray[np.int64]:
    """Return the index of the `k` right answers of each class whose confidence is nearest to their median.

    The most confident ones are as rare as the errors; these are what the network mostly does. Of a
    regression: the smallest errors; of several labels: images with all labels right, by their least
    confident label.

    Parameters
    ----------
    task, targets, output, threshold
        See `most_confident`.
    k : int

    Returns
    -------
    index : int array, class by class, fewer where fewer are right
    """
    if task == "regression":
        return np.argsort(np.abs(output - targets), kind="stable")[:k]
    right = np.ones(len(output), bool)
    right[most_confident(task, targets, output, threshold)] = False
    groups = targets
    if task == "multiclass":
        confidence = output.max(axis=1)
    else:
        _, confidence = _decided(output, threshold)
        if task == "multilabel":
            confidence, groups = confidence.min(axis=1), np.zeros(len(output))
    typical = [np.zeros(0, np.int64)]
    for group in np.unique(groups[right]):
        index = np.flatnonzero((groups == group) & right)
        away = np.abs(confidence[index] - np.median(confidence[index]))
        typical.append(index[np.argsort(away, kind="stable")[:k]])
    return np.concatenate(typical)


def _decided(output: NDArray[Any], threshold: float | None) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the decision and the probability of what was decided."""
    called = metrics.decide(output, 0.5 if threshold is None else threshold)
    return called, np.where(called == 1, output, 1 - output)


def by_attribute(
    targets: ArrayLike,
    called: ArrayLike,
    column: ArrayLike,
    name: str = "attribute",
    patients: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return sensitivity and specificity for each value, or range of values, of an attribute.

    Parameters
    ----------
    targets, called : arrays, shape (N,), 0 or 1
        Truth and decision.
    column : array, shape (N,)
        Text or numbers; numbers with more than four distinct values are cut into four ranges of about
        equally many images. `pandas.cut` makes other ranges.
    name : str
        Name of the attribute, for the index.
    patients : array, shape (N,), or None
        Patient of each image.

    Returns
    -------
    table : DataFrame, one row for each value or range
        Columns n, n_positive, sensitivity, sensitivity_low, sensitivity_high, specificity, ... with the
        95 % interval of `intervals.proportion`; NaN where there is too little to count, or for an interval.
        The last row is of images without a value, "not known", where there are any.
    """
    truth, decision = metrics.inputs.pair(targets, called, "called")
    ids = intervals.group_numbers(len(truth), patients)
    parts = _parts(column, name, len(truth))
    rows = [_rates(truth, decision.astype(np.int64), part, ids) for part in parts.values()]
    return pd.DataFrame(rows, index=pd.Index(list(parts), name=name))


def subgroups(
    targets: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    attributes: Mapping[str, ArrayLike],
    *,
    patients: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return how a network does on the parts of its patients, for each of several attributes.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    threshold : float
    attributes : mapping of arrays, shape (N,), by name
        Sex, age, scanner, size, ... as for `by_attribute`.
    patients
        As for `by_attribute`.
    seed : int
        Of the resampling.

    Returns
    -------
    table : DataFrame
        Columns attribute, group, the columns of `by_attribute`, and auc, auc_low, auc_high.
    left_out : int
        Parts with fewer than 10 images of a class: a result of so few would be chance.
    """
    truth, values = metrics.inputs.probability_pair(targets, probabilities)
    decision = metrics.decide(values, threshold)
    ids = intervals.group_numbers(len(truth), patients)
    rows, left_out = [], 0
    for name, column in attributes.items():
        for group, part in _parts(column, name, len(truth)).items():
            rates = _rates(truth, decision, part, ids)
            if min(rates["n_positive"], rates["n"] - rates["n_positive"]) < FEWEST:
                left_out += 1
                continue
            pair = truth[part], values[part]
            low, high = intervals.bootstrap(metrics.auc, *pair, groups=ids[part], n=500, seed=seed)
            area = {"auc": metrics.auc(*pair), "auc_low": low, "auc_high": high}
            rows.append({"attribute": name, "group": group, **rates, **area})
    return pd.DataFrame(rows), left_out


def _parts(column: ArrayLike, name: str, count: int) -> dict[str, NDArray[np.int64]]:
    """Return the images of each value, or range of values, of an attribute, by its name."""
    values = pd.Series(column, name=name).reset_index(drop=True).infer_objects()
    checks.same_length(**{"targets": np.zeros(count), name: values.to_numpy()})
    groups, types = values, pd.api.types
    is_number = types.is_numeric_dtype(values) and not types.is_bool_dtype(values)
    if is_number and values.nunique() > _RANGES:
        groups = pd.qcut(values, _RANGES, duplicates="drop")
    parts = list(values.groupby(groups, observed=True))
    # A range is named by the values in it: the cuts between them are nobody's values.
    named = [(part.min(), part.max()) if isinstance(key, pd.Interval) else (key,) for key, part in parts]
    images = [part.index.to_numpy() for _, part in parts]
    if values.isna().any():
        taken = "not known" in set(values.dropna())
        named.append(("not known, without a value" if taken else "not known",))
        images.append(np.flatnonzero(values.isna()))
    return dict(zip(_labels(named), images, strict=True))


def _rates(
    truth: NDArray[np.int64], decision: NDArray[np.int64], part: NDArray[np.int64], ids: NDArray[np.int64]
) -> dict[str, float]:
    """Return counts, sensitivity and specificity of some images, with their intervals."""
    row: dict[str, float] = {"n": len(part), "n_positive": int(truth[part].sum())}
    for measure, label in (("sensitivity", 1), ("specificity", 0)):
        counted = part[truth[part] == label]
        right = decision[counted] == label
        row[measure] = float(right.mean()) if right.size else float("nan")
        (row[f"{measure}_low"], row[f"{measure}_high"]), _ = intervals.proportion(right, ids[counted])
    return row


def _labels(groups: list[tuple[Any, ...]]) -> list[str]:
    """Name ranges, by as many digits as tell them apart, and single values."""
    for digits in (3, 6, 17):
        labels = [
            " to ".join(f"{end:.{digits}g}" for end in ends) if len(ends) > 1 else str(ends[0])
            for ends in groups
        ]
        if len(set(labels)) == len(labels):
            break
    return labels
