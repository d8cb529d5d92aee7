"""How far apart two sets of images lie, by their features.

Both distances know nothing but the features they are given: state them beside every value. They are written
out here because each is a few lines of linear algebra, while the libraries that have them
(torchmetrics, clean-fid) come with an Inception network of natural photographs and its download.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics.pairwise import polynomial_kernel

from medlab import checks
from medlab.evaluation import intervals
from medlab.evaluation.generation.inputs import Array, feature_pair


class Estimate(NamedTuple):
    """A value and the 95 % interval of what other draws from the same images give."""

    value: float
    low: float
    high: float


def frechet_distance(a: ArrayLike, b: ArrayLike) -> float:
    """Return the squared Fréchet distance of two Gaussians, one fitted to each set of features.

    Parameters
    ----------
    a, b : float arrays, shape (N, D)
        Features of equally many images, N >= 2.

    Returns
    -------
    distance : float, >= 0, in squared units of the features
        0 where means and covariances agree. It is biased upwards, the more so the fewer images and the more
        dimensions: compare it only with the `floor` at the same count.

    Raises
    ------
    ValueError
        For other shapes, unequal counts or dimensions, fewer than two images, or NaN.

    Notes
    -----
    ``|mean_a - mean_b|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2))``: Heusel et al. 2017 (arXiv 1706.08500), there
    on features of Inception. With ``A = R^T R`` and ``B = S^T S`` by QR of the centered features, the last
    trace is the sum of the singular values of ``R S^T``. So no root of a matrix is taken, and covariances of
    fewer images than dimensions, or of collapsed generators, need no added epsilon.

    Examples
    --------
    Means 0 and 4, variances 2 and 8: 16 + 2 + 8 - 2 * 4.

    >>> round(frechet_distance([[-1.0], [1.0]], [[2.0], [6.0]]), 6)
    18.0
    """
    first, second = feature_pair(a, b)
    shift = first.mean(axis=0) - second.mean(axis=0)
    roots = [
        np.linalg.qr(values - values.mean(axis=0), mode="r") / np.sqrt(len(values) - 1)
        for values in (first, second)
    ]
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(float(np.square(root).sum()) for root in roots)
    return max(0.0, float(shift @ shift + spread - 2 * shared))


def kernel_distance(a: ArrayLike, b: ArrayLike, *, subsets: int = 200, seed: int = 0) -> Estimate:
    """Return the squared maximum mean discrepancy with the cubic kernel, unbiased, with an interval.

    Parameters
    ----------
    a, b : float arrays, shape (N, D) and (M, D)
        Features; N, M >= 4. The counts may differ: the estimate has no bias.
    subsets : int
        Pairs of random halves for the interval.
    seed : int

    Returns
    -------
    distance : Estimate
        0 on average for two sets of one source, and so below 0 half of the time. The interval is the
        central 95 % of the distances between random halves: halves without their other halves scatter around
        the whole as the whole does around the truth (the delete-half jackknife), a little wider near 0.

    Raises
    ------
    ValueError
        For other shapes, unequal dimensions, fewer than four images, or NaN.

    Notes
    -----
    k(x, y) = (x·y / D + 1)^3: Bińkowski et al. 2018 (arXiv 1801.01401), where it is called KID. The interval:
    Efron and Tibshirani 1993, section 11.7.

    Examples
    --------
    k is 8 within each set and 0 between them.

    >>> kernel_distance([[1.0]] * 4, [[-1.0]] * 4)
    Estimate(value=16.0, low=16.0, high=16.0)
    """
    first, second = feature_pair(a, b, at_least=4, equal=False)
    checks.in_range("subsets", subsets, 1, whole=True)
    within_a, within_b, between = _kernels(first, second)
    rng = np.random.default_rng(checks.seed(seed))
    halves = [_halves(len(values), subsets, rng) for values in (first, second)]
    value = _mmd(within_a, within_b, between, np.ones((1, len(first))), np.ones((1, len(second))))[0]
    low, high = intervals.percentiles(_mmd(within_a, within_b, between, *halves))
    return Estimate(float(value), low, high)


def kernel_value(a: ArrayLike, b: ArrayLike) -> float:
    """Return what `kernel_distance` does for features (N, D) and (M, D), without the interval."""
    first, second = feature_pair(a, b, equal=False)
    return float(_mmd(*_kernels(first, second), np.ones((1, len(first))), np.ones((1, len(second))))[0])


def _kernels(a: Array, b: Array) -> tuple[Array, Array, Array]:
    def cubic(x: Array, y: Array) -> Array:
        return polynomial_kernel(x, y, degree=3, gamma=None, coef0=1)

    return cubic(a, a), cubic(b, b), cubic(a, b)


def _mmd(within_a: Array, within_b: Array, between: Array, weights_a: Array, weights_b: Array) -> Array:
    """Return the unbiased estimate for each pair of rows of zeros and ones that choose the images."""
    inside = [
        (np.einsum("ri,ri->r", weights @ kernel, weights) - weights @ np.diag(kernel))
        / (weights.sum(axis=1) * (weights.sum(axis=1) - 1))
        for kernel, weights in ((within_a, weights_a), (within_b, weights_b))
    ]
    across = np.einsum("ri,ri->r", weights_a @ between, weights_b)
    return inside[0] + inside[1] - 2 * across / (weights_a.sum(axis=1) * weights_b.sum(axis=1))


def _halves(count: int, subsets: int, rng: np.random.Generator) -> Array:
    order = rng.permuted(np.tile(np.arange(count), (subsets, 1)), axis=1)
    return (order < count // 2).astype(np.float64)
