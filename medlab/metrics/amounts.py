"""Measures for a predicted amount (a diameter, a volume, an age): two arrays of shape (N,), any unit."""

from __future__ import annotations

import sklearn.metrics as _sklearn
from numpy.typing import ArrayLike

from medlab.metrics.inputs import UndefinedError, number_pair


def mae(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of the targets.

    Examples
    --------
    >>> mae([4.0, 6.0], [5.0, 9.0])
    2.0
    """
    return float(_sklearn.mean_absolute_error(*number_pair(targets, predictions)))


def mse(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Return the mean squared error, in the squared unit of the targets.

    Examples
    --------
    >>> mse([4.0, 6.0], [5.0, 9.0])
    5.0
    """
    return float(_sklearn.mean_squared_error(*number_pair(targets, predictions)))


def r2(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Return the share of the targets' variance that the predictions explain; 0 for their mean.

    Below zero is worse than predicting the mean.

    Raises
    ------
    UndefinedError
        If all targets are equal: there is no variance to explain.
    """
    truth, values = number_pair(targets, predictions)
    if truth.min() == truth.max():
        msg = (
            f"r2 needs targets that differ, got {len(truth)} times {truth[0]:g}. "
            "mae and mse have a value here."
        )
        raise UndefinedError(msg)
    return float(_sklearn.r2_score(truth, values))
