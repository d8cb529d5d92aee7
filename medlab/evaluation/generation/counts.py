"""Comparisons at equal counts, and the floor that real images set against themselves.

No measure of generated images means anything alone. What it would be for a perfect generator is what real
images give against other real images: the floor. As the measures depend on how many images are compared,
both take subsets of the same size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from medlab import checks
from medlab.evaluation import intervals
from medlab.evaluation.generation.distances import Estimate, frechet_distance, kernel_value
from medlab.evaluation.generation.inputs import Array, enough, feature_pair
from medlab.evaluation.generation.neighbors import coverage

MEASURES: dict[str, Callable[[Array, Array], float]] = {
    "frechet": frechet_distance,
    "kernel": kernel_value,
    "coverage": lambda made, real: coverage(made, real).coverage,
    "density": lambda made, real: coverage(made, real).density,
}


def floor(
    real: ArrayLike, measure: str = "frechet", *, count: int | None = None, repeats: int = 50, seed: int = 0
) -> Estimate:
    """Return what a measure gives for real against real images: two random parts without a common image.

    Parameters
    ----------
    real : float array, shape (N, D)
        Features of real images.
    measure : "frechet", "kernel", "coverage" or "density"
    count : int or None
        Images in each part: as many as are compared in `at_equal_counts`. None: N // 2.
    repeats : int
        How often the parts are drawn anew.
    seed : int

    Returns
    -------
    floor : Estimate
        Mean over the draws, and their central 95 %: where a generator cannot be told from fresh real
        images by this measure, on these features, at this count.

    Raises
    ------
    ValueError
        If there are fewer than 2 * count images, no such measure, or the features are no features.
    """
    values, _ = feature_pair(real, real, names=("real", "real"))
    size = len(values) // 2 if count is None else int(checks.in_range("count", count, 2, whole=True))
    enough(f"real, for two parts of {size} without a common image,", len(values), 2 * size)
    return _repeated(measure, values, None, size, repeats, seed)


def at_equal_counts(
    generated: ArrayLike,
    real: ArrayLike,
    measure: str = "frechet",
    *,
    count: int | None = None,
    repeats: int = 50,
    seed: int = 0,
) -> Estimate:
    """Return a measure of generated against real images, on random subsets of one size.

    Parameters
    ----------
    generated, real : float arrays, shape (N, D) and (M, D)
        Features.
    measure : "frechet", "kernel", "coverage" or "density"
    count : int or None
        Images drawn from each. None: the most for which `floor` can follow, min(N, M // 2).
    repeats : int
    seed : int

    Returns
    -------
    measured : Estimate
        Mean over the draws, and their central 95 %. It says what another draw from these images gives,
        not what another training of the generator would.

    Raises
    ------
    ValueError
        If there are fewer than `count` images, no such measure, or the features are no features.
    """
    made, true = feature_pair(generated, real, names=("generated", "real"), equal=False)
    size = min(len(made), len(true) // 2) if count is None else count
    checks.in_range("count", size, 2, whole=True)
    enough("generated", len(made), size)
    enough("real", len(true), size)
    return _repeated(measure, made, true, size, repeats, seed)


def _repeated(measure: str, made: Array, real: Array | None, count: int, repeats: int, seed: int) -> Estimate:
    """Measure parts of `made` against parts of `real`, or of `made` itself where that is None."""
    compute = MEASURES[checks.one_of("measure", measure, MEASURES)]
    checks.in_range("repeats", repeats, 1, whole=True)
    rng = np.random.default_rng(checks.seed(seed))
    values = []
    for _ in range(repeats):
        order = rng.permutation(len(made))
        other = made[order[count : 2 * count]] if real is None else real[rng.permutation(len(real))[:count]]
        values.append(compute(made[order[:count]], other))
    return Estimate(float(np.mean(values)), *intervals.percentiles(np.array(values)))
