"""`score`: what a saved network says of images, with all that validation has taught it to add.

Everything that scores images calls it: reports, the command line, the page on one patient.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from medlab import metrics
from medlab.data import Dataset
from medlab.evaluation import calibration, conformal, likeness
from medlab.evaluation.evaluations import Evaluation
from medlab.models import Bundle
from medlab.models.bundle import LEARNED

NEIGHBORS = 100  # validation images with about the same probability, from which an interval is counted
_NEAR = 0.25  # at most this part of them: the nearest 78 of 78 say the same of every image
COVERAGE = 0.9


@dataclass(frozen=True)
class Scores:
    """What a network says of N images; what its model folder does not know is None.

    Attributes
    ----------
    class_names : tuple of str
        In the order of the columns of `sets`: of two, the positive one is the second.
    probabilities : array, shape (N,) of the positive class (a regression: the amount), or (N, K)
        As the network gives them.
    risk : array, shape as `probabilities`, or None
        Calibrated on validation.
    low, high : arrays, shape (N,), or None
        95 % interval (Wilson's) of the share of positive ones among the 100 validation images with the
        nearest probabilities, or a quarter of all where these are fewer: what was seen, whatever `risk` says.
        Binary networks only.
    called : int array, shape (N,), or None
        1 where the probability reaches the threshold.
    sets : bool array, shape (N, K), or None
        Which classes each image may have, at a coverage of 90 %: see `conformal`.
    distance : array, shape (N,), or None
        How unlike the training images it is; from 1 on it is flagged. One in a hundred validation images is.
    """

    class_names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    risk: NDArray[np.float64] | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    called: NDArray[np.int64] | None = None
    sets: NDArray[np.bool_] | None = None
    distance: NDArray[np.float64] | None = None

    @property
    def unlike(self) -> NDArray[np.bool_] | None:
        """Whether each image is unlike the training images."""
        return None if self.distance is None else self.distance >= 1

    def names(self, index: int) -> list[str] | None:
        """Return the classes in the conformal set of an image."""
        if self.sets is None:
            return None
        return [name for name, inside in zip(self.class_names, self.sets[index], strict=True) if inside]

    def table(self) -> pd.DataFrame:
        """Return a row an image: what is known, and nothing for what is not."""
        columns: dict[str, Any] = {}
        for name, values in (("probability", self.probabilities), ("risk", self.risk)):
            if values is not None and values.ndim == 2:
                columns |= {f"{name} {label}": values[:, k] for k, label in enumerate(self.class_names)}
            elif values is not None:
                columns[name] = values
        columns |= {"low": self.low, "high": self.high, "called": self.called}
        if self.sets is not None:
            columns["set"] = [" | ".join(self.names(n) or []) for n in range(len(self.sets))]
        columns |= {"distance": self.distance, "unlike": self.unlike}
        return pd.DataFrame({name: values for name, values in columns.items() if values is not None})


def learn(
    model_or_run: Any, dataset: Dataset, evaluation: Evaluation, method: str = "temperature"
) -> dict[str, Any]:
    """Learn from validation what `score` adds to a probability, for `models.save`.

    Parameters
    ----------
    model_or_run : Run or Bundle
        With ``model`` and ``normalize``.
    dataset : Dataset
    evaluation : Evaluation
        Of the same network on the same data: its validation predictions are used, never its test ones.
    method : str
        One of `calibration.METHODS`; for several classes only "temperature".

    Returns
    -------
    learned : dict of plain types
        ``calibration``, ``neighbors``, ``conformal``, ``feature_statistics``; None where the task or the
        number of validation images allows none. No image and no patient is in it.
    """
    truth, values = evaluation.targets["val"], evaluation.predictions["val"]
    learned: dict[str, Any] = dict.fromkeys(LEARNED)
    if evaluation.task in ("binary", "multiclass"):
        learned["calibration"] = calibration.fit(method, truth, values).as_dict()
        with contextlib.suppress(metrics.UndefinedError):  # too few of a class to promise anything
            learned["conformal"] = conformal.fit(truth, values).as_dict()
    if evaluation.task == "binary":
        order = np.argsort(values, kind="stable")
        learned["neighbors"] = {"scores": values[order].tolist(), "positive": truth[order].tolist()}
    images = dataset.train.images, dataset.val.images
    with contextlib.suppress(metrics.UndefinedError):
        learned["feature_statistics"] = likeness.fit(model_or_run.model, model_or_run.normalize, *images)
    return learned


def score(bundle: Bundle, images: ArrayLike) -> Scores:
    """Return what a saved network says of raw images, calibrated, with sets and a warning.

    Parameters
    ----------
    bundle : medlab.models.Bundle
        Of schema 2 with all that `learn` gives; of an older one only probabilities and decisions.
    images : array, shape (N, ..., C), raw

    Returns
    -------
    scores : Scores

    Raises
    ------
    ValueError
        If the network is one for segmentation, or the images do not have its shape or hold NaN.
    """
    if bundle.facts.get("task") == "segmentation":
        msg = "score takes an answer for each image, got a segmentation network. Use bundle.predict."
        raise ValueError(msg)
    array = np.asarray(images)
    values = bundle.predict(array)
    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    if bad.any():
        msg = f"images must hold finite numbers, got others in {bad.sum()} of {len(bad)} images."
        raise ValueError(msg)
    facts = bundle.facts
    fitted, neighbors, sets, usual = (facts.get(name) or {} for name in LEARNED)
    low, high = _neighbors(neighbors, values)
    network = bundle.model, bundle.normalize
    return Scores(
        class_names=bundle.target_names,
        probabilities=values,
        risk=calibration.Calibration(**fitted).apply(values) if fitted else None,
        low=low,
        high=high,
        called=metrics.decide(values, facts["threshold"]) if facts.get("threshold") is not None else None,
        sets=conformal.ConformalSets(**sets).sets(values, COVERAGE) if sets else None,
        distance=likeness.distance(*network, usual, array) if "looks" in usual else None,
    )


def nearest_count(images: int) -> int:
    """Return from how many of the validation images an interval is counted."""
    return min(NEIGHBORS, math.ceil(_NEAR * images))


def _neighbors(
    known: Mapping[str, Any], values: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]:
    """Return Wilson's interval of the share of positive ones among the nearest on validation."""
    if not known:
        return None, None
    scores, positive = np.asarray(known["scores"], float), np.asarray(known["positive"])
    count = nearest_count(len(scores))
    ends = []
    for value in values:
        nearest = np.argsort(np.abs(scores - value), kind="stable")[:count]
        ends.append(stats.binomtest(int(positive[nearest].sum()), count).proportion_ci(method="wilson"))
    return np.array([end.low for end in ends]), np.array([end.high for end in ends])
