"""Sets of classes that hold the true one in a promised share of the images, whatever the network is worth.

The promise holds for images drawn as the validation images were: the same scanner, the same kind of people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from crepes import ConformalClassifier
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.metrics import UndefinedError, inputs

FEWEST = 10  # images of a class: with n, the promise can be kept only in steps of 1 / (n + 1)


@dataclass(frozen=True)
class ConformalSets:
    """How far each validation image was from its own class, as plain numbers.

    Attributes
    ----------
    scores : tuple of float
        One less the probability of the true class.
    classes : tuple of int, or None
        The true class of each, where each class is promised its own coverage (Mondrian); None: all together.
    """

    scores: tuple[float, ...]
    classes: tuple[int, ...] | None = None

    def sets(self, probabilities: ArrayLike, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Return which classes each image may have.

        Parameters
        ----------
        probabilities : array, shape (N,) of the positive class, or (N, K), in [0, 1]
        coverage : float in (0, 1)
            Promised share of the images whose set holds the true class.

        Returns
        -------
        sets : bool array, shape (N, K)
            Both classes: the network cannot tell. No class: it is like none that validation held.

        Raises
        ------
        ValueError
            If the coverage lies outside, or validation had another number of classes.
        """
        if not 0 < coverage < 1:
            msg = f"coverage must lie between 0 and 1, got {coverage}. 0.9 is usual."
            raise ValueError(msg)
        strange = 1 - _columns(probabilities)
        known = np.asarray(self.scores)
        if self.classes is None:
            fitted = ConformalClassifier().fit(known)
            return fitted.predict_set(strange, confidence=coverage, smoothing=False) > 0
        kinds = np.asarray(self.classes)
        if kinds.max() + 1 != strange.shape[1]:
            count = kinds.max() + 1
            msg = f"probabilities must have {count} classes, as on validation, got {strange.shape[1]}."
            raise ValueError(msg)
        fitted = ConformalClassifier().fit(known, bins=kinds)
        p_values = [
            fitted.predict_p(strange, bins=np.full(len(strange), k), smoothing=False)[:, k]
            for k in range(strange.shape[1])
        ]
        return np.column_stack(p_values) >= 1 - coverage

    def as_dict(self) -> dict[str, Any]:
        """Return it as a dictionary of plain types; ``ConformalSets(**…)`` reads it."""
        return {"scores": list(self.scores), "classes": None if self.classes is None else list(self.classes)}


def fit(targets: ArrayLike, probabilities: ArrayLike, *, class_conditional: bool = True) -> ConformalSets:
    """Learn from the validation images how strange an image may look beside its own class.

    Parameters
    ----------
    targets : array, shape (N,), classes from 0
    probabilities : array, shape (N,) of the positive class, or (N, K), in [0, 1]
    class_conditional : bool
        Promise the coverage to each class, and not to all images together: of a rare disease, 90 % of all
        can be reached with every ill person left out.

    Raises
    ------
    UndefinedError
        If a class has fewer than 10 images.

    Notes
    -----
    Vovk, Gammerman and Shafer 2005, doi 10.1007/b106715; by crepes (Boström 2022).
    """
    values = _columns(probabilities)
    truth = inputs.table_pair(targets, values)[0].argmax(axis=1)
    counts = np.bincount(truth, minlength=values.shape[1])
    if counts.min() < FEWEST:
        few = f"{counts.min()} of class {counts.argmin()}"
        msg = f"conformal sets need at least {FEWEST} validation images of each class, got {few}."
        raise UndefinedError(msg)
    scores = tuple((1 - values[np.arange(len(truth)), truth]).tolist())
    return ConformalSets(scores, tuple(truth.tolist()) if class_conditional else None)


def coverage(targets: ArrayLike, sets: ArrayLike) -> pd.DataFrame:
    """Return how the sets did, for each class and for all.

    Parameters
    ----------
    targets : array, shape (N,), classes from 0
    sets : bool array, shape (N, K)

    Returns
    -------
    table : DataFrame
        Rows are the classes and "all": ``images``, ``covered`` (share whose set holds the true class),
        ``classes`` (mean size of the set), ``single`` and ``empty`` (shares of sets with one class and none).

    Raises
    ------
    ValueError
        If targets and sets differ in length, or a target is none of the K classes.
    """
    chosen = np.asarray(sets)
    truth = inputs.table_pair(targets, chosen.astype(float))[0].argmax(axis=1)
    chosen = chosen.astype(bool)
    held = chosen[np.arange(len(truth)), truth]
    size = chosen.sum(axis=1)
    columns = {"covered": held, "classes": size, "single": size == 1, "empty": size == 0}
    rows = {str(k): truth == k for k in range(chosen.shape[1])} | {"all": np.ones(len(truth), bool)}
    table = {
        name: {"images": int(inside.sum()), **{key: values[inside].mean() for key, values in columns.items()}}
        for name, inside in rows.items()
        if inside.any()
    }
    return pd.DataFrame(table).T.astype({"images": int})


def _columns(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return one column a class."""
    values = inputs.unit_interval("probabilities", checks.finite("probabilities", probabilities))
    return values if values.ndim == 2 else np.column_stack([1 - values, values])
