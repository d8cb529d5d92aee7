"""Whether generated images lie where the real ones lie, and everywhere they do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from medlab import checks
from medlab.evaluation.generation.inputs import feature_pair


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
    made, true = feature_pair(generated, real, names=("generated", "real"), at_least=k + 1)
    if np.ptp(true, axis=0).max() == 0:
        msg = f"real must vary, got {len(true)} images with the same features. Are the images constant?"
        raise ValueError(msg)
    radius = np.partition(cdist(true, true), k, axis=1)[:, k]  # the 0th is the image itself
    distance = cdist(true, made)
    # Rounding: a generated image that equals the k-th neighbor lies on the ball, hence within it.
    inside = distance <= radius[:, np.newaxis] * (1 + 1e-9)
    return Coverage(float(inside.any(axis=1).mean()), float(inside.sum() / (k * len(made))))
