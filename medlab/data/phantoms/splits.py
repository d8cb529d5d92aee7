"""What the simulated data sets ask of their arguments, and the names they give to patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medlab import checks


def check_sizes(n_train: int, n_val: int, n_test: int, seed: int) -> tuple[int, int, int]:
    """Return the sizes of train, val and test, or refuse them or the seed.

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number from 1, or the seed not one from 0.
    """
    sizes = {"n_train": n_train, "n_val": n_val, "n_test": n_test}
    for name, size in sizes.items():
        checks.in_range(name, size, 1, whole=True)
    checks.in_range("seed", seed, 0, whole=True)
    return n_train, n_val, n_test


def check_window(window_hu: tuple[float, float]) -> tuple[float, float]:
    """Return center and width of a CT window in HU, or refuse what no scanner's numbers reach."""
    center, width = window_hu
    checks.in_range("center of window_hu", center, -1024, 3071)
    checks.in_range("width of window_hu", width, 1, 8192)
    return center, width


def patient_names(first: int, count: int) -> NDArray[np.str_]:
    """Return the names of `count` simulated patients; `first` of them came in earlier splits."""
    return np.array([f"sim-{number:06d}" for number in range(first, first + count)])
