"""How sure a figure is: 95 % intervals by resampling patients, and DeLong's as a check.

They answer "what if other patients of the same kind had been drawn for this split". They do not hold what
another training run, another threshold or another hospital would change.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from medlab import checks
from medlab.metrics import UndefinedError
from medlab.metrics.inputs import both_classes
from medlab.text import counted

Interval = tuple[float, float]
Groups = ArrayLike | None
Statistics = Mapping[str, NDArray[np.float64]]

# Drawn images held in memory at once: 2 million float64 are 16 MB an array.
_CHUNK = 2_000_000
FEWEST_IMAGES = 5
# Where more resamples than this have no value, the rest is another population than the one asked about.
_MOST_UNDEFINED = 0.05
NO_INTERVAL = (float("nan"), float("nan"))
NO_WIDTH = "it is the same in every resample, which is the method's limit and no certainty"


def draws(n_images: int, groups: Groups = None, n: int = 1000, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """Yield how often each image is drawn in each resample, some resamples at a time.

    Parameters
    ----------
    n_images : int
    groups : array, shape (N,), or None
        Patient of each image: patients are drawn with replacement, with all their images. None draws
        images.
    n : int
        Number of resamples.
    seed : int

    Yields
    ------
    weights : int array, shape (R, N), >= 0
        The R add up to `n`.

    Raises
    ------
    ValueError
        If an image has no patient while others have one.
    """
    checks.in_range("n", n, 1, whole=True)
    checks.in_range("n_images", n_images, 1, whole=True)
    group = group_numbers(n_images, groups)
    n_groups = int(group.max()) + 1
    rng = np.random.default_rng(checks.seed(seed))
    rows = max(1, min(n, _CHUNK // n_images))
    for start in range(0, n, rows):
        count = min(rows, n - start)
        drawn = rng.integers(n_groups, size=(count, n_groups)) + n_groups * np.arange(count)[:, np.newaxis]
        times = np.bincount(drawn.ravel(), minlength=count * n_groups).reshape(count, n_groups)
        yield times if groups is None else times[:, group]


def group_numbers(n_images: int, groups: ArrayLike | None) -> NDArray[np.int64]:
    """Return the patient of each image as a number from 0; each image is its own where none are known."""
    if groups is None:
        return np.arange(n_images)
    number = pd.factorize(pd.Series(groups), sort=True)[0]
    checks.same_length(groups=number, images=np.arange(n_images))
    missing = np.flatnonzero(number < 0)
    if len(missing):
        none = f"none for {len(missing)} of {n_images}, the first at index {missing[0]}"
        msg = f"groups must name the patient of each image, got {none}. Leave groups out, or name them."
        raise ValueError(msg)
    return number


def proportion(right: ArrayLike, groups: Groups = None, n: int = 1000, seed: int = 0) -> tuple[Interval, str]:
    """Return the 95 % interval of a share of images, or why there is none.

    Parameters
    ----------
    right : bool array, shape (N,)
        Of the images that are counted: of a sensitivity, whether each positive one was called.
    groups : array, shape (N,), or None
        Patient of each image. Where each has one image, Wilson's interval is exact enough down to few images;
        where one has several, patients are drawn by bootstrap, for their images resemble each other.

    Returns
    -------
    interval : (low, high)
        NaN where there is none.
    reason : str
        Why there is none: fewer than 5 images or 2 patients, or no width. Empty where there is one.

    Notes
    -----
    Wilson 1927, doi 10.1080/01621459.1927.10502953.
    """
    hits = checks.finite("right", right).astype(np.float64)
    number = group_numbers(len(hits), groups)
    if len(hits) < FEWEST_IMAGES or len(np.unique(number)) < len(hits):
        return mean(hits, number, n, seed)
    span = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
    return (float(span.low), float(span.high)), ""


def mean(
    values: NDArray[np.float64], groups: Groups = None, n: int = 1000, seed: int = 0
) -> tuple[Interval, str]:
    """Return the 95 % bootstrap interval of the mean of values, shape (N,), as `proportion` does."""
    number = group_numbers(len(values), groups)
    if reason := too_little([np.ones(len(values), bool)], number):
        return NO_INTERVAL, reason
    drawn = [weights @ values / weights.sum(axis=1) for weights in draws(len(values), number, n, seed)]
    span = interval(np.concatenate(drawn))
    return span, NO_WIDTH if np.isnan(span[0]) else ""


def too_little(parts: Sequence[NDArray[np.bool_]], patient: NDArray[np.int64]) -> str:
    """Return why a measure of these parts (classes) of the images has no interval; empty where it may."""
    of = " of a class" * (len(parts) > 1)
    for part in sorted(parts, key=np.sum):
        count = int(part.sum())
        if count < FEWEST_IMAGES:
            return f"it rests on {counted(count, 'image')}{of}, fewer than {FEWEST_IMAGES}"
        if len(np.unique(patient[part])) < 2:
            return f"all images{of or ' it rests on'} are of one patient"
    return ""


def bootstrap(
    statistic: Callable[..., float], *arrays: ArrayLike, groups: Groups = None, n: int = 1000, seed: int = 0
) -> Interval:
    """Return the percentile bootstrap interval of any statistic.

    Parameters
    ----------
    statistic : callable
        Takes the resampled arrays, returns a number.
    *arrays : arrays, each of length N
    groups : array, shape (N,), or None
        Patient of each image. Images of one patient resemble each other: drawing images instead makes
        the interval too narrow.
    n : int
        Number of resamples.
    seed : int

    Returns
    -------
    low, high : float
        95 % of the resamples lie between them.
        Resamples in which the statistic is undefined (one class only) are left out. Both are NaN where
        these are more than one in twenty, for the others then stand for other samples than this one; and
        where the statistic has the same value in every resample (100 % right, a single patient), for an
        interval without width would read as certainty.

    Raises
    ------
    UndefinedError
        If the statistic is undefined in every resample.

    Notes
    -----
    Efron and Tibshirani 1993, chapter 13.
    """
    columns = [np.asarray(array) for array in arrays]
    length = checks.same_length(**{f"array {i}": column for i, column in enumerate(columns)})
    values = np.full(n, np.nan)
    for number, times in enumerate(itertools.chain.from_iterable(draws(length, groups, n, seed))):
        index = np.repeat(np.arange(length), times)
        with contextlib.suppress(UndefinedError):
            values[number] = statistic(*(column[index] for column in columns))
    span, undefined = interval(values), np.isnan(values).mean()
    if undefined == 1:
        msg = f"the statistic must have a value in some resample, got none in {n}. Give more images."
        raise UndefinedError(msg)
    return span if undefined <= _MOST_UNDEFINED else NO_INTERVAL


def measure(
    statistics: Callable[[NDArray[np.float64]], Statistics],
    n_images: int,
    groups: Groups = None,
    n: int = 1000,
    seed: int = 0,
) -> tuple[dict[str, float], dict[str, Interval], int]:
    """Return many statistics and their 95 % intervals from one set of resamples.

    Parameters
    ----------
    statistics : callable
        Takes weights, shape (R, N), and returns named arrays, shape (R,), NaN where undefined.
    n_images, groups, n, seed
        As for `draws`.

    Returns
    -------
    values : dict of float
        At equal weights.
    intervals : dict of (low, high)
        NaN where one has no width.
    skipped : int
        Resamples left out for one statistic at least.
    """
    values = {name: float(value[0]) for name, value in statistics(np.ones((1, n_images))).items()}
    drawn = [statistics(weights.astype(np.float64)) for weights in draws(n_images, groups, n, seed)]
    columns = {name: np.concatenate([part[name] for part in drawn]) for name in values}
    skipped = np.any([np.isnan(column) for column in columns.values()], axis=0).sum()
    return values, {name: interval(column) for name, column in columns.items()}, int(skipped)


def percentiles(values: NDArray[np.float64]) -> Interval:
    """Return the range that holds the central 95 % of the values, NaN left out."""
    known = values[~np.isnan(values)]
    if not known.size:
        return NO_INTERVAL
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def interval(values: NDArray[np.float64]) -> Interval:
    """Return what `percentiles` does of resamples; NaN where it has no width."""
    low, high = percentiles(values)
    # Sums of the same numbers in another order differ by rounding errors.
    return (low, high) if high - low > 1e-12 * max(abs(low), abs(high)) else NO_INTERVAL


def delong(targets: ArrayLike, scores: ArrayLike) -> tuple[float, float, float]:
    """Return the AUC with DeLong's 95 % interval, on the logit scale.

    A check of the bootstrap by another road. It takes images as independent: with several images of a
    patient it is too narrow.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number

    Returns
    -------
    auc, low, high : float in [0, 1]
        The interval is NaN where it has no variance to work with: perfect separation, or fewer than two
        images of a class.

    Notes
    -----
    DeLong et al. 1988 (doi 10.2307/2531595), by the mid-ranks of Sun and Xu 2014 (doi
    10.1109/LSP.2014.2337313): O(N log N). The logit keeps the interval within [0, 1].
    """
    truth, values = both_classes(targets, scores, "DeLong's interval")
    positive, negative = values[truth == 1], values[truth == 0]
    m, n = len(positive), len(negative)
    rank = stats.rankdata(np.concatenate([positive, negative]))
    above = (rank[:m] - stats.rankdata(positive)) / n  # share of negatives below each positive
    below = 1 - (rank[m:] - stats.rankdata(negative)) / m  # share of positives above each negative
    area = float(above.mean())
    if min(m, n) < 2 or not 0 < area < 1:
        return area, *NO_INTERVAL
    error = np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    half = stats.norm.ppf(0.975) * error / (area * (1 - area))
    low, high = special.expit(special.logit(area) + np.array([-half, half]))
    return area, float(low), float(high)
