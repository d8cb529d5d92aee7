"""Measures for more than two classes, and for several labels on one image.

They follow the protocol of MedMNIST v2 (Yang et al. 2023, doi 10.1038/s41597-022-01721-8), so that results
can stand beside the published ones: one class against the rest, each class counts the same. Probabilities
have shape (N, K); targets are classes, shape (N,), or for several labels 0 or 1, shape (N, K).
"""

from __future__ import annotations

import numpy as np
import sklearn.metrics as _sklearn
from numpy.typing import ArrayLike, NDArray

from medlab.metrics.deciding import decide
from medlab.metrics.inputs import Array, UndefinedError, table_pair


def auc_per_class(targets: ArrayLike, probabilities: ArrayLike, *, multilabel: bool = False) -> Array:
    """Return each class' AUC against all others.

    Parameters
    ----------
    targets : array, shape (N,), classes 0 to K-1; with `multilabel` shape (N, K), 0 or 1
    probabilities : array, shape (N, K), in [0, 1]

    Returns
    -------
    auc : float array, shape (K,), in [0, 1]
        NaN for a class that no image has, or that every image has.
    """
    truth, values = table_pair(targets, probabilities, multilabel=multilabel)
    pairs = zip(truth.T, values.T, strict=True)
    return np.array([_sklearn.roc_auc_score(*pair) if np.ptp(pair[0]) else np.nan for pair in pairs])


def auc_multiclass(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean over the classes of the AUC of one class against the rest.

    Parameters
    ----------
    targets : array, shape (N,), classes 0 to K-1
    probabilities : array, shape (N, K), in [0, 1]

    Raises
    ------
    UndefinedError
        If a class has no image: a mean over the others would be another measure.
    """
    return _mean(auc_per_class(targets, probabilities))


def auc_multilabel(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean over the labels of each label's AUC.

    Parameters
    ----------
    targets : array, shape (N, K), 0 or 1
    probabilities : array, shape (N, K), in [0, 1]

    Raises
    ------
    UndefinedError
        If no image, or every image, has one of the labels.
    """
    return _mean(auc_per_class(targets, probabilities, multilabel=True))


def accuracy_multiclass(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the share of images whose most probable class is the true one, in [0, 1]."""
    truth, values = table_pair(targets, probabilities)
    return float((truth.argmax(axis=1) == values.argmax(axis=1)).mean())


def accuracy_multilabel(targets: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Return the mean over the labels of each label's accuracy, in [0, 1].

    Where every label is rare, "nothing found" scores high: read it beside the AUC.
    """
    truth, values = table_pair(targets, probabilities, multilabel=True)
    return float((truth == decide(values, threshold)).mean())


def confusion_multiclass(targets: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
    """Count images by true class (rows) and most probable class (columns), shape (K, K)."""
    truth, values = table_pair(targets, probabilities)
    classes = np.arange(values.shape[1])
    return _sklearn.confusion_matrix(truth.argmax(axis=1), values.argmax(axis=1), labels=classes)


def _mean(per_class: Array) -> float:
    missing = np.flatnonzero(np.isnan(per_class))
    if missing.size:
        msg = (
            "the mean AUC over classes needs images with and without each class, got none for class "
            f"{', '.join(map(str, missing))}. auc_per_class gives the others."
        )
        raise UndefinedError(msg)
    return float(per_class.mean())
