"""Bring gray values to mean 0 and standard deviation 1, with numbers taken from the training set only."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data.dataset import Dataset


@dataclass(frozen=True)
class Normalization:
    """One mean and standard deviation a channel.

    Attributes
    ----------
    mean, std : tuple of float, length C, in the units of the images; std > 0
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, images: ArrayLike) -> Self:
        """Measure mean and standard deviation of each channel.

        Parameters
        ----------
        images : array, shape (N, ..., C)
            Training images only: numbers from val or test would leak into training.

        Raises
        ------
        ValueError
            If a value is NaN or infinite, or a channel is constant.

        Examples
        --------
        >>> Normalization.fit([[[[0.0], [2.0]]]])
        Normalization(mean=(1.0,), std=(1.0,))
        """
        array = checks.finite("images", images)
        axes = tuple(range(array.ndim - 1))
        lowest, highest = array.min(axis=axes), array.max(axis=axes)
        if (lowest == highest).any():
            msg = f"images must vary in every channel, got {lowest.tolist()} to {highest.tolist()}."
            raise ValueError(msg)
        # In parts: float64 copies of a large training set would not fit into memory.
        parts = [array[start : start + 1024] for start in range(0, len(array), 1024)]
        count = array.size / array.shape[-1]
        mean = sum(part.sum(axis=axes, dtype=np.float64) for part in parts) / count
        std = np.sqrt(sum(np.square(part - mean).sum(axis=axes) for part in parts) / count)
        return cls(tuple(map(float, mean)), tuple(map(float, std)))

    def apply(self, images: ArrayLike) -> NDArray[np.float32]:
        """Return ``(images - mean) / std`` as float32, shape as given: (..., C)."""
        array = np.asarray(images, dtype=np.float32)
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        return np.asarray((array - mean) / std, dtype=np.float32)

    def as_dict(self) -> dict[str, Any]:
        """Return what the model folder keeps: ``{"mean": [...], "std": [...]}``."""
        return {key: list(value) for key, value in asdict(self).items()}


def normalize(dataset: Dataset) -> Normalization:
    """Return the normalization of a data set: fitted on its training images, never on val or test."""
    return Normalization.fit(dataset.train.images)
