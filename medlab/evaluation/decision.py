"""From a probability to what is done: at another prevalence, with other patients, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from medlab import checks, metrics
from medlab.evaluation import split_measures
from medlab.metrics import inputs


def prior_correction(probabilities: ArrayLike, old: float, new: float) -> NDArray[np.float64]:
    """Move calibrated probabilities from one prevalence to another, by Bayes' rule.

    Right where nothing but the prevalence moves: the ill look as they did, and so do the healthy. Where the
    mix of patients moves, other tumors or another scanner, it is wrong, and unlabeled scores cannot
    prove that it has not moved.

    Parameters
    ----------
    probabilities : array, in [0, 1]
    old, new : float in (0, 1)
        Share of positive images where the probabilities are calibrated, and where they are used.

    Returns
    -------
    probabilities : float array, shape as given

    Examples
    --------
    >>> prior_correction([0.5], 0.5, 0.01).round(3).tolist()
    [0.01]
    """
    values = inputs.unit_interval("probabilities", checks.finite("probabilities", probabilities))
    for name, share in (("old", old), ("new", new)):
        if not 0 < share < 1:
            msg = f"{name} must lie between 0 and 1, both out of reach, got {share}."
            raise ValueError(msg)
    with np.errstate(divide="ignore"):
        return special.expit(special.logit(values) + special.logit(new) - special.logit(old))


def under_mix(
    targets: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    groups: ArrayLike,
    shares: Mapping[object, float],
) -> dict[str, float]:
    """Return what a test is worth where its patients are mixed in another way.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    threshold : float
    groups : array, shape (N,)
        Kind of each patient: type of nodule, age band, scanner.
    shares : mapping from each kind to its share of the new mix; they add up to 1

    Returns
    -------
    measures : dict of float
        ``prevalence``, ``sensitivity``, ``specificity``, ``ppv`` and ``npv`` there, if each kind looks as it
        does here; NaN where a denominator is 0.

    Raises
    ------
    ValueError
        If a kind that is asked for does not occur here, or the shares do not add up to 1.
    """
    truth, values = inputs.probability_pair(targets, probabilities)
    kind = np.asarray(groups)
    checks.same_length(targets=truth, groups=kind)
    weight = np.zeros(len(truth))
    for name, share in shares.items():
        inside = kind == name
        checks.in_range(f"the share of {name}", share, 0, 1)
        if share and not inside.any():
            msg = f"the mix asks for {name!r}, which must occur among the images; known: {sorted(set(kind))}."
            raise ValueError(msg)
        weight[inside] = share / max(1, inside.sum())
    if abs(sum(shares.values()) - 1) > 1e-6:
        msg = f"the shares of the mix must add up to 1, got {sum(shares.values()):g}."
        raise ValueError(msg)
    called = metrics.decide(values, threshold)
    of_ill = split_measures.decided(truth, called, weight[np.newaxis])
    of_well = split_measures.decided(1 - truth, 1 - called, weight[np.newaxis])
    rates = {name: of_ill[name] for name in ("sensitivity", "specificity")}
    rates |= {"ppv": of_ill["precision"], "npv": of_well["precision"]}
    return {"prevalence": float(weight @ truth), **{name: float(rate[0]) for name, rate in rates.items()}}


def decision_curve(
    targets: ArrayLike, probabilities: ArrayLike, risk_thresholds: Sequence[float] | None = None
) -> pd.DataFrame:
    """Return the net benefit of calling whoever has the risk or more, beside calling everybody or nobody.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
        Calibrated: the threshold is a risk here.
    risk_thresholds : sequence of float in (0, 1), or None
        None: 0.01 to 0.60 in steps of 0.01.

    Returns
    -------
    table : DataFrame
        Index ``risk_threshold``; columns ``network``, ``everybody``, ``nobody``. See `metrics.net_benefit`.
    """
    truth, values = inputs.both_classes(*inputs.probability_pair(targets, probabilities), "a decision curve")
    prevalence = float(truth.mean())
    cuts = np.arange(1, 61) / 100 if risk_thresholds is None else np.asarray(risk_thresholds, float)
    rows = []
    for cut in map(float, cuts):
        rates = metrics.sensitivity(truth, values, cut), metrics.specificity(truth, values, cut)
        network = metrics.net_benefit(*rates, prevalence, cut)
        rows.append((network, metrics.net_benefit(1, 0, prevalence, cut), 0.0))
    index = pd.Index(cuts, name="risk_threshold")
    return pd.DataFrame(rows, columns=["network", "everybody", "nobody"], index=index)


def abstention_curve(targets: ArrayLike, predictions: ArrayLike, uncertainty: ArrayLike) -> pd.DataFrame:
    """Return how a network does on the images of which it is surest, the others left to people.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    predictions : array, shape (N,), in [0, 1]
    uncertainty : array, shape (N,)
        Larger is less sure: the spread of an ensemble, or the nearness of the probability to 1/2.

    Returns
    -------
    table : DataFrame
        From all images down to a tenth of them: ``answered`` (share of the images), ``value`` (accuracy, at
        0.5), and ``best``: with the wrong answers left out first, as nobody can know them.
    """
    truth, values = inputs.probability_pair(targets, predictions)
    doubt = checks.finite("uncertainty", uncertainty)
    checks.same_length(targets=truth, uncertainty=doubt)
    right = metrics.decide(values) == truth
    counts = np.maximum(1, np.round(np.arange(10, 0, -1) / 10 * len(truth)).astype(int))
    table = {"answered": counts / len(truth)}
    for name, order in (("value", doubt), ("best", ~right)):
        table[name] = np.cumsum(right[np.argsort(order, kind="stable")])[counts - 1] / counts
    return pd.DataFrame(table)
