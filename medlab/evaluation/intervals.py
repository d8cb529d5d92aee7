"""How sure a figure is: 95 % intervals by resampling patients, and DeLong's as a check.

They answer "what if other patients of the same kind had been drawn for this split". They do not hold what
another training run, another threshold or another hospital would change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from medlab import checks
from medlab.metrics import UndefinedError
from medlab.metrics.inputs import both_classes

Interval = tuple[float, float]
Statistics = Mapping[str, NDArray[np.float64]]

# Drawn images held in memory at once: 2 million float64 are 16 MB an array.
_CHUNK = 2_000_000


def draws(
    n_images: int, groups: ArrayLike | None = None, n: int = 1000, seed: int = 0
) -> Iterator[NDArray[np.int64]]:
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
    """
    checks.in_range("n", n, 1, whole=True)
    checks.in_range("n_images", n_images, 1, whole=True)
    group = np.arange(n_images)
    if groups is not None:
        checks.same_length(groups=groups, images=group)
        group = np.unique(np.asarray(groups), return_inverse=True)[1]
    n_groups = int(group.max()) + 1
    rng = np.random.default_rng(seed)
    rows = max(1, min(n, _CHUNK // n_images))
    for start in range(0, n, rows):
        count = min(rows, n - start)
        drawn = rng.integers(n_groups, size=(count, n_groups)) + n_groups * np.arange(count)[:, np.newaxis]
        times = np.bincount(drawn.ravel(), minlength=count * n_groups).reshape(count, n_groups)
        yield times if groups is None else times[:, group]


def bootstrap(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
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
    level : float in (0, 1)

    Returns
    -------
    low, high : float
        Resamples in which the statistic is undefined (one class only) are left out. Where nothing
        varies (100 % right on few images) the interval has no width: that is the method's limit, not
        certainty.

    Raises
    ------
    UndefinedError
        If the statistic is undefined in every resample.

    Notes
    -----
    Efron and Tibshirani 1993, chapter 13.
    """
    values = resample(statistic, *arrays, groups=groups, n=n, seed=seed)
    low, high = percentiles(values, level)
    if np.isnan(low):
        msg = f"the statistic must have a value in some resample, got none in {n}. Give more images."
        raise UndefinedError(msg)
    return low, high


def resample(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the statistic of each resample, shape (n,); NaN where it is undefined."""
    columns = [np.asarray(array) for array in arrays]
    length = checks.same_length(**{f"array {i}": column for i, column in enumerate(columns)})
    values = []
    for weights in draws(length, groups, n, seed):
        for times in weights:
            index = np.repeat(np.arange(length), times)
            try:
                values.append(float(statistic(*(column[index] for column in columns))))
            except UndefinedError:
                values.append(np.nan)
    return np.array(values)


def measure(
    statistics: Callable[[NDArray[np.float64]], Statistics],
    n_images: int,
    groups: ArrayLike | None = None,
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
    skipped : int
        Resamples left out for one statistic at least.
    """
    values = {name: float(value[0]) for name, value in statistics(np.ones((1, n_images))).items()}
    drawn = [statistics(weights.astype(np.float64)) for weights in draws(n_images, groups, n, seed)]
    columns = {name: np.concatenate([part[name] for part in drawn]) for name in values}
    skipped = np.any([np.isnan(column) for column in columns.values()], axis=0).sum()
    return values, {name: percentiles(column) for name, column in columns.items()}, int(skipped)


def percentiles(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Return the central interval that holds `level` of the values, NaN left out."""
    if not 0 < level < 1:
        msg = f"level must lie between 0 and 1, both excluded, got {level!r}. 0.95 is usual."
        raise ValueError(msg)
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def delong(targets: ArrayLike, scores: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Return the AUC with DeLong's interval, on the logit scale.

    A check of the bootstrap by another road. It takes images as independent: with several images of a
    patient it is too narrow.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    scores : array, shape (N,), any finite number
    level : float in (0, 1)

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
        return area, float("nan"), float("nan")
    error = np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    half = stats.norm.ppf((1 + level) / 2) * error / (area * (1 - area))
    center = np.log(area / (1 - area))
    return area, float(1 / (1 + np.exp(half - center))), float(1 / (1 + np.exp(-half - center)))
