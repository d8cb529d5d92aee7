"""Checks of the arrays that metrics take."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks

# float32 softmax and sigmoid may overshoot 1 by a rounding error.
_SLACK = 1e-6
Array = NDArray[np.float64]
Pair = tuple[NDArray[np.int64], Array]


class UndefinedError(ValueError):
    """The measure has no value on these images, for example an AUC where all are of one class."""


def pair(targets: ArrayLike, scores: ArrayLike, what: str = "scores") -> Pair:
    """Return targets and scores as arrays of equal length if the targets are 0/1 and all is finite.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number
    what : str
        Name of the scores in messages.

    Raises
    ------
    ValueError
        For other shapes, unequal lengths, no images, NaN, or targets other than 0 and 1.
    """
    truth, values = _columns(targets, scores, what)
    bad = ~np.isin(truth, (0, 1))
    if bad.any():
        msg = (
            f"targets must be 0 or 1 (1 is the positive class), got {truth[bad].tolist()[0]!r}. "
            "dataset.targets(split) gives them for a data set."
        )
        raise ValueError(msg)
    return truth.astype(np.int64), values


def probability_pair(targets: ArrayLike, probabilities: ArrayLike) -> Pair:
    """Return targets 0/1, shape (N,), and probabilities in [0, 1], shape (N,), if they are that."""
    truth, values = pair(targets, probabilities, "probabilities")
    return truth, unit_interval("probabilities", values)


def both_classes(targets: ArrayLike, scores: ArrayLike, what: str) -> Pair:
    """Return what `pair` returns if images of both classes are there.

    Raises
    ------
    UndefinedError
        If all images are of one class; `what` is the measure that needs both.
    """
    truth, values = pair(targets, scores)
    if truth.min() == truth.max():
        msg = (
            f"{what} needs images of both classes, got {len(truth)} of class {truth[0]} only. "
            "Use a split that holds both (medlab.data.stratified_split)."
        )
        raise UndefinedError(msg)
    return truth, values


def number_pair(targets: ArrayLike, predictions: ArrayLike) -> tuple[Array, Array]:
    """Return two arrays of finite numbers, shape (N,), if they are that."""
    truth, values = _columns(targets, predictions, "predictions")
    return truth.astype(np.float64), values


def table_pair(targets: ArrayLike, probabilities: ArrayLike, *, multilabel: bool = False) -> Pair:
    """Return one column of truth and of probability for each class.

    Parameters
    ----------
    targets : array, shape (N,), classes 0 to K-1; with `multilabel` shape (N, K), 0 or 1
    probabilities : array, shape (N, K), in [0, 1]

    Returns
    -------
    truth : int array, shape (N, K), 0 or 1
    probabilities : float array, shape (N, K), in [0, 1]
    """
    values = checks.finite("probabilities", probabilities)
    if values.ndim != 2 or values.shape[1] < 2:
        msg = (
            f"probabilities must have shape (N, K) with one column for each class, got {values.shape}. "
            "For one column use the binary measures (medlab.metrics.auc, ...)."
        )
        raise ValueError(msg)
    truth = checks.finite("targets", targets)
    wanted = values.shape if multilabel else values.shape[:1]
    if truth.shape != wanted:
        msg = f"targets must have shape {wanted} beside probabilities {values.shape}, got {truth.shape}."
        raise ValueError(msg)
    if not len(values):
        msg = "targets and probabilities must hold at least one image, got none."
        raise ValueError(msg)
    allowed = np.arange(2 if multilabel else values.shape[1])
    bad = ~np.isin(truth, allowed)
    if bad.any():
        msg = f"targets must be whole numbers from 0 to {allowed[-1]}, got {truth[bad].tolist()[0]!r}."
        raise ValueError(msg)
    columns = truth if multilabel else truth[:, np.newaxis] == np.arange(values.shape[1])
    return columns.astype(np.int64), unit_interval("probabilities", values)


def unit_interval(what: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return `values` as float64 if all lie in [0, 1], rounding errors clipped."""
    bad = (values < -_SLACK) | (values > 1 + _SLACK)
    if bad.any():
        msg = (
            f"{what} must lie between 0 and 1, got {int(bad.sum())} outside, such as {values[bad][0]:g}. "
            "A network without a last sigmoid or softmax gives logits: apply it first."
        )
        raise ValueError(msg)
    return np.clip(values.astype(np.float64), 0.0, 1.0)


def _columns(targets: ArrayLike, values: ArrayLike, what: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    truth, numbers = np.asarray(targets), np.asarray(values)
    for name, array in (("targets", truth), (what, numbers)):
        if array.ndim != 1:
            msg = f"{name} must have shape (N,), got {array.shape}. Take one column: array[:, 0]."
            raise ValueError(msg)
    if not checks.same_length(**{"targets": truth, what: numbers}):
        msg = f"targets and {what} must hold at least one image, got none."
        raise ValueError(msg)
    # As they were given: an array of NumPy has lost which cells are masked.
    return checks.finite("targets", targets), checks.finite(what, values).astype(np.float64)
