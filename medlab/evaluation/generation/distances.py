"""How far apart two sets of images lie, by their features, and the floor that real images set.

The distances know nothing but the features they are given: state them beside every value. They are written
out here because each is a few lines of linear algebra, while the libraries that have them
(torchmetrics, clean-fid) come with an Inception network of natural photographs and its download.

No measure of generated images means anything alone. What it would be for a perfect generator is what real
images give against other real images: the floor. As the measures depend on how many images are compared,
both take subsets of the same size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import polynomial_kernel

from medlab import checks
from medlab.evaluation import intervals
from medlab.evaluation.generation.image_features import Array, enough


class Estimate(NamedTuple):
    """A value and the 95 % interval of what other draws from the same images give."""

    value: float
    low: float
    high: float


class Measured(NamedTuple):
    """A measure of generated images against real ones, and the real images' own.

    Attributes
    ----------
    generated : Estimate
    floor : Estimate
        Where a generator cannot be told from fresh real images by this measure, on these features, at this
        count.
    """

    generated: Estimate
    floor: Estimate


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
        dimensions: compare it only with the floor at the same count, which `at_equal_counts` gives.

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
    roots = [np.linalg.qr(v - v.mean(axis=0), mode="r") / np.sqrt(len(v) - 1) for v in (first, second)]
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(float(np.square(root).sum()) for root in roots)
    return max(0.0, float(shift @ shift + spread - 2 * shared))


def kernel_distance(a: ArrayLike, b: ArrayLike) -> float:
    """Return the squared maximum mean discrepancy with the cubic kernel, unbiased.

    Parameters
    ----------
    a, b : float arrays, shape (N, D) and (M, D)
        Features; N, M >= 2. The counts may differ: the estimate has no bias.

    Returns
    -------
    distance : float
        0 on average for two sets of one source, and so below 0 half of the time.

    Raises
    ------
    ValueError
        For other shapes, unequal dimensions, fewer than two images, or NaN.

    Notes
    -----
    k(x, y) = (x·y / D + 1)^3: Bińkowski et al. 2018 (arXiv 1801.01401), where it is called KID.

    Examples
    --------
    k is 8 within each set and 0 between them.

    >>> kernel_distance([[1.0]] * 4, [[-1.0]] * 4)
    16.0
    """
    first, second = feature_pair(a, b, equal=False)
    within = 0.0
    for values in (first, second):
        kernel = polynomial_kernel(values)
        within += (kernel.sum() - np.trace(kernel)) / (len(values) * (len(values) - 1))
    return float(within - 2 * polynomial_kernel(first, second).mean())


class Coverage(NamedTuple):
    """How much of the real images is met, and how densely.

    Attributes
    ----------
    coverage : float in [0, 1]
        Share of the real images with a generated one among them: low where a generator has collapsed.
    density : float, >= 0
        In how many neighborhoods a generated image lies, over how many it should: 1 on average for
        real images, near 0 for images unlike any real one, above 1 for images in the crowd only.
    """

    coverage: float
    density: float


def coverage(generated: ArrayLike, real: ArrayLike, k: int = 5) -> Coverage:
    """Return coverage and density: who lies within the real images' neighborhoods.

    The neighborhood of a real image is the closed ball that reaches to its k-th nearest other real image.

    Parameters
    ----------
    generated, real : float arrays, shape (N, D)
        Features of equally many images.
    k : int, >= 1, < N
        5 gives fresh real images a coverage of 1 - 2^-5 = 0.97 on average.

    Returns
    -------
    coverage : Coverage

    Raises
    ------
    ValueError
        For other shapes, unequal counts or dimensions, NaN, too few images for k, or real images all alike.

    Notes
    -----
    Naeem et al. 2020 (arXiv 2002.09797). Unlike recall (Kynkäänniemi et al. 2019), no ball is drawn around a
    generated image, so an outlier cannot pretend to cover much.

    Examples
    --------
    Radii of the real images 0, 1, 10 are 1, 1, 9; 0.5 lies in the first two balls, 30 in none.

    >>> coverage([[0.5], [30.0], [30.0]], [[0.0], [1.0], [10.0]], k=1)
    Coverage(coverage=0.6666666666666666, density=0.6666666666666666)
    """
    checks.in_range("k", k, 1, whole=True)
    fake, true = feature_pair(generated, real, names=("generated", "real"))
    enough("real", len(true), k + 1)
    if np.ptp(true, axis=0).max() == 0:
        msg = f"real must vary, got {len(true)} images with the same features. Are the images constant?"
        raise ValueError(msg)
    radius = np.partition(cdist(true, true), k, axis=1)[:, k]  # the 0th is the image itself
    distance = cdist(true, fake)
    # Rounding: a generated image that equals the k-th neighbor lies on the ball, hence within it.
    inside = distance <= radius[:, np.newaxis] * (1 + 1e-9)
    return Coverage(float(inside.any(axis=1).mean()), float(inside.sum() / (k * len(fake))))


MEASURES: dict[str, Callable[[Array, Array], float]] = {
    "frechet": frechet_distance,
    "kernel": kernel_distance,
    "coverage": lambda fake, real: coverage(fake, real).coverage,
    "density": lambda fake, real: coverage(fake, real).density,
}


def at_equal_counts(
    generated: ArrayLike, real: ArrayLike, measure: str = "frechet", *, repeats: int = 50, seed: int = 0
) -> Measured:
    """Return a measure of generated against real images, and of real against real: its floor.

    Parameters
    ----------
    generated, real : float arrays, shape (N, D) and (M, D)
        Features; M >= 4, for the floor compares two halves without a common image.
    measure : "frechet", "kernel", "coverage" or "density"
    repeats : int
        How often the images that are compared are drawn: always min(N, M // 2) on either side.
    seed : int

    Returns
    -------
    measured : Measured
        Means over the draws, and their central 95 %. They say what another draw from these images gives, not
        what another training of the generator would.

    Raises
    ------
    ValueError
        If there are fewer images, no such measure, or the features are no features.
    """
    fake, true = feature_pair(generated, real, names=("generated", "real"), equal=False)
    enough("real, for two parts without a common image,", len(true), 4)
    compute = MEASURES[checks.one_of("measure", measure, MEASURES)]
    checks.in_range("repeats", repeats, 1, whole=True)
    count = min(len(fake), len(true) // 2)
    rng = np.random.default_rng(checks.seed(seed))
    values = [
        compute(fake[rng.permutation(len(fake))[:count]], true[rng.permutation(len(true))[:count]])
        for _ in range(repeats)
    ]
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(true)) for _ in range(repeats)]
    floor = [compute(true[order[:count]], true[order[count : 2 * count]]) for order in orders]
    return Measured(_estimate(values), _estimate(floor))


def _estimate(values: Sequence[float]) -> Estimate:
    return Estimate(float(np.mean(values)), *intervals.percentiles(np.array(values)))


def feature_pair(
    a: ArrayLike, b: ArrayLike, *, names: tuple[str, str] = ("a", "b"), equal: bool = True
) -> tuple[Array, Array]:
    """Return two sets of features as float64 if they can be compared.

    Parameters
    ----------
    a, b : arrays, shape (N, D) and (M, D)
    names : two str
        What the sets are called in messages.
    equal : bool
        Whether both must have the same number of images.

    Raises
    ------
    ValueError
        For other shapes, unequal dimensions or counts, fewer than two images, or NaN.
    """
    first, second = (checks.finite(name, x).astype(np.float64) for name, x in zip(names, (a, b), strict=True))
    both = " and ".join(names)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        msg = f"{both} must be features (N, D) of one kind, got shapes {first.shape} and {second.shape}."
        raise ValueError(msg)
    for name, values in zip(names, (first, second), strict=True):
        enough(name, len(values), 2)
    if equal and len(first) != len(second):
        got = f"{len(first)} and {len(second)}"
        msg = f"{both} must hold equally many images, got {got}. at_equal_counts draws subsets of one size."
        raise ValueError(msg)
    return first, second
