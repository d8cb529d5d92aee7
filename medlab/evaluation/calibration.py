"""Whether a probability means what it says: how far it is off, by what luck, and how to mend it.

A calibrated probability of 0.2 is right in one of five such images. Everything here is fitted on validation
and judged on test, as a threshold is.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from venn_abers import VennAbers

from medlab import checks, metrics
from medlab.evaluation import intervals
from medlab.metrics import inputs

METHODS = {
    "temperature": "the logit divided by one number: order and AUC stay as they are",
    "platt": "the logit times one number plus another (logistic regression)",
    "isotonic": "a rising step function: free of any shape, and hungry for images",
    "venn_abers": "two isotonic fits, one for each label that the image may have: a probability between both",
}
BINS = 15  # as the literature has them, but of equally many images
_EDGE = 1e-7  # a probability of 0 or 1 has no logit
_PARTS = 5


def reliability(
    targets: ArrayLike, probabilities: ArrayLike, bins: int = 10, patients: ArrayLike | None = None
) -> pd.DataFrame:
    """Return what share of the images is positive among those with about the same probability.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    bins : int
        Of about equally many images each; images of equal probability stay together.
    patients : array, shape (N,), or None
        Patient of each image, for the intervals.

    Returns
    -------
    table : DataFrame
        A row a bin: ``images``, ``probability`` (mean), ``share`` (positive), ``low`` and ``high`` (95 %, see
        `intervals.proportion`; NaN where it has none).
    """
    truth, values = inputs.probability_pair(targets, probabilities)
    number = _bins(values, bins)
    group = None if patients is None else np.asarray(patients)
    checks.same_length(targets=truth, patients=truth if group is None else group)
    rows = []
    for k in np.unique(number):
        inside = number == k
        (low, high), _ = intervals.proportion(truth[inside], None if group is None else group[inside])
        rows.append((int(inside.sum()), values[inside].mean(), truth[inside].mean(), low, high))
    return pd.DataFrame(rows, columns=["images", "probability", "share", "low", "high"])


def ece(targets: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> float:
    """Return the expected calibration error: how far share and probability lie apart, on average over images.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1; or in [0, 1]
        Of simulated patients their true risk, which leaves the luck of the labels out.
    probabilities : array, shape (N,), in [0, 1]
    bins : int
        Of about equally many images each.

    Returns
    -------
    error : float in [0, 1]
        Of labels never 0 by itself: see `ece_of_calibrated`.

    Examples
    --------
    >>> round(ece([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2), 3)
    0.2
    """
    pairs = zip(("targets", "probabilities"), inputs.number_pair(targets, probabilities), strict=True)
    truth, values = (inputs.unit_interval(name, shares) for name, shares in pairs)
    return float(_ece(truth[np.newaxis], values, bins)[0])


def ece_of_calibrated(probabilities: ArrayLike, n: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return the ECE that these probabilities would have if they were true: its bias, and how far luck goes.

    Parameters
    ----------
    probabilities : array, shape (N,), in [0, 1]
    n : int
        How often labels are drawn from the probabilities.
    seed : int

    Returns
    -------
    mean : float
        What `ece` is off by on average although nothing is wrong.
    floor : float
        The 95th percentile: a smaller ECE gives no reason to doubt the probabilities.
    """
    values = inputs.unit_interval("probabilities", checks.finite("probabilities", probabilities))
    _one_column("ece_of_calibrated", values)
    checks.in_range("the number of images", len(values), 1)
    checks.in_range("n", n, 1, whole=True)
    rng = np.random.default_rng(checks.seed(seed))
    errors = _ece(rng.random((n, len(values))) < values, values, BINS)
    return float(errors.mean()), float(np.quantile(errors, 0.95))


def brier_parts(targets: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> dict[str, float]:
    """Return the Brier score (mean squared error of the probability) and its parts.

    Returns
    -------
    parts : dict of float
        ``brier`` = ``reliability`` (squared distance of share and probability, to be made small) -
        ``resolution`` (how far the shares of the bins lie from the share of all, to be made large) +
        ``uncertainty`` (of the labels themselves) + ``within`` (what the bins hide).

    Notes
    -----
    Murphy 1973, doi 10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; within: Stephenson et al. 2008, doi
    10.1175/2007WAF2006116.1.
    """
    truth, values = inputs.probability_pair(targets, probabilities)
    table = reliability(truth, values, bins)
    weight, share = table["images"] / len(truth), truth.mean()
    parts = {
        "reliability": float((weight * (table["share"] - table["probability"]) ** 2).sum()),
        "resolution": float((weight * (table["share"] - share) ** 2).sum()),
        "uncertainty": float(share * (1 - share)),
    }
    brier = float(np.mean((values - truth) ** 2))
    within = brier - parts["reliability"] + parts["resolution"] - parts["uncertainty"]
    return {"brier": brier, **parts, "within": within}


@dataclass(frozen=True)
class Calibration:
    """A fitted method as plain numbers, as the model folder keeps it.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    numbers : mapping
        What was fitted; plain types.
    """

    method: str
    numbers: Mapping[str, Any]

    def apply(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, shape as given: (N,), for temperature also (N, K).

        Raises
        ------
        ValueError
            If they are no probabilities, or of several classes for another method than temperature.
        """
        values = inputs.unit_interval("probabilities", checks.finite("probabilities", probabilities))
        numbers = self.numbers
        if self.method == "temperature":
            return _tempered(values, numbers["temperature"])
        _one_column(self.method, values)
        if self.method == "platt":
            return special.expit(numbers["slope"] * _logit(values) + numbers["intercept"])
        if self.method == "isotonic":
            return np.interp(values, numbers["probabilities"], numbers["shares"])
        low, high = self.between(values)
        return high / (1 - low + high)

    def between(self, probabilities: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Venn-Abers' two probabilities, shape (N,) each: one of the two is calibrated.

        Raises
        ------
        ValueError
            If the method is another.
        """
        checks.one_of("method", self.method, ["venn_abers"])
        _one_column(self.method, np.asarray(probabilities))
        values = inputs.unit_interval("probabilities", checks.finite("probabilities", probabilities))
        fitted = VennAbers()
        columns = (np.asarray(self.numbers[name], float) for name in ("p0", "p1", "scores"))
        p0, p1, fitted.c_ = columns
        fitted.p0_, fitted.p1_ = (np.column_stack([np.zeros(len(p)), p]) for p in (p0, p1))
        _, both = fitted.predict_proba(np.column_stack([1 - values, values]))
        return both[:, 0], both[:, 1]

    def as_dict(self) -> dict[str, Any]:
        """Return it as a dictionary of plain types; ``Calibration(**…)`` reads it."""
        return {"method": self.method, "numbers": dict(self.numbers)}


def fit(method: str, targets: ArrayLike, probabilities: ArrayLike) -> Calibration:
    """Fit a method on the validation images.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    targets : array, shape (N,), 0 or 1; for several classes 0 to K-1
    probabilities : array, shape (N,) or (N, K), in [0, 1]
        (N, K): for temperature only.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    UndefinedError
        If all images are of one class.
    ValueError
        If the method is another, or a shape.
    """
    checks.one_of("method", method, METHODS)
    values = np.asarray(probabilities)
    if method == "temperature":
        truth, values = _classes(targets, values)
        return Calibration(method, {"temperature": _temperature(truth, values)})
    _one_column(method, values)
    truth, values = inputs.probability_pair(targets, values)
    inputs.both_classes(truth, values, f"calibration by {method}")
    if method == "platt":
        line = LogisticRegression(C=1e6).fit(_logit(values)[:, np.newaxis], truth)
        return Calibration(method, {"slope": float(line.coef_[0, 0]), "intercept": float(line.intercept_[0])})
    if method == "isotonic":
        steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(values, truth)
        points = {"probabilities": steps.X_thresholds_, "shares": steps.y_thresholds_}
        return Calibration(method, {name: array.tolist() for name, array in points.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a slope that it looks at and does not use
        fitted = VennAbers().fit(np.column_stack([1 - values, values]), truth)
    numbers = {"p0": fitted.p0_[:, 1], "p1": fitted.p1_[:, 1], "scores": fitted.c_}
    return Calibration(method, {name: array.tolist() for name, array in numbers.items()})


def gain(
    targets: ArrayLike, probabilities: ArrayLike, patients: ArrayLike | None = None
) -> tuple[float, intervals.Interval]:
    """Return by how much platt lowers the log loss beside temperature, on images that neither was fitted on.

    The images are parted in five: each method is fitted on four parts and judged on the fifth, in turn.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
        Of the validation images.
    patients : array, shape (N,), or None
        Patient of each image: all images of a patient are in one part.

    Returns
    -------
    gained : float
        Mean difference of the log losses, image by image, in nats; positive where platt is better.
    interval : (low, high)
        Its 95 % interval, by resampling images or patients.

    Raises
    ------
    UndefinedError
        If a class has fewer than five images, or patients: too few to be in each part.
    """
    truth, values = inputs.both_classes(*inputs.probability_pair(targets, probabilities), "a comparison")
    group = intervals.group_numbers(len(truth), patients)
    # One who has images of both classes is counted with both: five of each can still be parted.
    fewest = min(len(np.unique(group[truth == label])) for label in (0, 1))
    if fewest < _PARTS:
        whose = "images" if patients is None else "patients"
        msg = f"a comparison needs at least {_PARTS} {whose} of each class, got {fewest}."
        raise metrics.UndefinedError(msg)
    parts = StratifiedGroupKFold(_PARTS, shuffle=True, random_state=0)
    told = np.empty((2, len(truth)))
    for rest, held in parts.split(values, truth, group):
        for row, name in zip(told, ("temperature", "platt"), strict=True):
            row[held] = fit(name, truth[rest], values[rest]).apply(values[held])
    losses = -np.log(np.clip(np.where(truth == 1, told, 1 - told), _EDGE, 1))
    gained = losses[0] - losses[1]
    return float(gained.mean()), intervals.bootstrap(np.mean, gained, groups=patients)


def _bins(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Return the bin of each value: about equally many in each, equal values together."""
    bins = int(checks.in_range("bins", bins, 1, whole=True))
    middle = stats.rankdata(values) - 0.5  # equal values have the same rank, that of their middle
    return (bins * middle / len(values)).astype(int)


def _ece(truth: NDArray[Any], values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Return the ECE for each row of labels, shape (R, N)."""
    number = _bins(values, bins)
    inside = (number[:, np.newaxis] == np.unique(number)).astype(float)
    return np.abs((truth - values) @ inside).sum(axis=1) / len(values)


def _logit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return special.logit(np.clip(values, _EDGE, 1 - _EDGE))


def _tempered(values: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    if values.ndim == 1:
        return special.expit(_logit(values) / temperature)
    return special.softmax(np.log(np.maximum(values, _EDGE)) / temperature, axis=1)


def _classes(targets: ArrayLike, values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the class of each image, and its probabilities."""
    if values.ndim == 1:
        truth, column = inputs.both_classes(*inputs.probability_pair(targets, values), "a temperature")
        return truth, column
    columns, table = inputs.table_pair(targets, values)
    truth = columns.argmax(axis=1)
    if truth.min() == truth.max():
        msg = f"a temperature needs images of several classes, got {len(truth)} of class {truth[0]} only."
        raise metrics.UndefinedError(msg)
    return truth, table


def _temperature(truth: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Return the temperature at which the labels are likeliest; between 1/20 and 20."""

    def loss(log_temperature: float) -> float:
        told = _tempered(values, float(np.exp(log_temperature)))
        table = np.column_stack([1 - told, told]) if told.ndim == 1 else told
        return -float(np.log(np.maximum(table[np.arange(len(truth)), truth], 1e-300)).mean())

    best = optimize.minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded")
    return float(np.exp(best.x))


def _one_column(method: str, values: NDArray[Any]) -> None:
    if values.ndim != 1:
        msg = f"{method} takes probabilities of shape (N,), got {values.shape}. Several classes: temperature."
        raise ValueError(msg)
