"""The features on which images are compared: at most 64 numbers an image, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from medlab import checks, models, training
from medlab.data import Dataset
from medlab.text import percent

Array = NDArray[np.float64]
LARGEST = 64
# Enough to find 64 axes; more would only cost memory.
_MOST_FITTED = 2000
_BATCH = 256
_WIDTH = 16


@dataclass(frozen=True)
class Features:
    """A map from images to at most 64 numbers, fitted on real training images only.

    Attributes
    ----------
    source : str
        What the numbers are, in words: state it beside every distance.
    dimensions : int
    explained : float in [0, 1]
        Share of the variance of the source that they keep.
    """

    source: str
    dimensions: int
    explained: float
    _embed: Callable[[NDArray[Any]], Array] = field(repr=False)
    _mean: Array = field(repr=False)
    _axes: Array = field(repr=False)
    _real: NDArray[Any] = field(repr=False)

    def of(self, images: ArrayLike) -> Array:
        """Return the features of images.

        Parameters
        ----------
        images : array, shape (N, H, W, C) or (N, Z, Y, X, C)
            In the units of the data set's images, before normalization.

        Returns
        -------
        features : float64 array, shape (N, dimensions)
            Scaled by one number, so that the mean variance over the dimensions is 1 on the real training
            images; mean 0 there.

        Raises
        ------
        ValueError
            If shape or units are not those of the real images, or a value is NaN or infinite.
        """
        array = like_real("images", images, self._real)
        if not len(array):
            return np.empty((0, self.dimensions))
        return (_by_batches(self._embed, array) - self._mean) @ self._axes

    def describe(self) -> str:
        """Return one sentence that says what the features are."""
        return f"{self.source}: {self.dimensions} dimensions, {percent(self.explained)} of the variance"


def pixel_features(dataset: Dataset, *, seed: int = 0) -> Features:
    """Return the pixels' principal components: features that no label and no network has shaped.

    Parameters
    ----------
    dataset : Dataset
        Its training images fit the components: 64, or fewer where the images vary in fewer.
    seed : int
        Of the choice of training images where there are more than 2,000, and of the search for components.

    Returns
    -------
    features : Features

    Raises
    ------
    ValueError
        If the training images are all equal, too few or not finite.
    """
    return _reduced("principal components of the pixels", flat, dataset, seed)


def network_features(dataset: Dataset, *, seed: int = 0, **options: Any) -> Features:
    """Train a small network on the real images and their labels, and return what its last layers see.

    Parameters
    ----------
    dataset : Dataset
        Its training images and labels; validation chooses the epoch.
    seed : int
        Of weights, order and augmentation.
    **options
        Of `medlab.training.fit`, such as ``epochs``.

    Returns
    -------
    features : Features
        Principal components of the layer ``features`` of a ``screening_cnn`` of width 16 (average and
        maximum of each of its last filters).

    Raises
    ------
    ValueError
        If all training images are of one class, or the images cannot be learnt from: see `fit`.

    Notes
    -----
    A network of natural photographs (Inception) has not seen ultrasound or CT; one trained on the real set
    looks at what tells its classes apart. It knows its training images better than others, which is why
    `judge` compares with real images that it was not trained on.
    """
    labels = dataset.train.labels
    if len(np.unique(labels, axis=0)) < 2:
        msg = "network features need images of several classes, got only one. Use pixel_features."
        raise ValueError(msg)
    run = small_run(dataset, seed, options)
    import keras

    trunk = keras.Model(run.model.input, run.model.get_layer("features").output)

    def embed(images: NDArray[Any]) -> Array:
        return np.asarray(trunk.predict_on_batch(run.normalize(images)), dtype=np.float64)

    layer = f"layer features of {run.model.name}, trained on {dataset.name} (seed {seed})"
    return _reduced(f"principal components of {layer}", embed, dataset, seed)


def small_run(dataset: Dataset, seed: int, options: Mapping[str, Any]) -> training.Run:
    """Train the small network that measures of generated images rest on; `options` are those of `fit`."""
    network = models.build("screening_cnn", dataset, width=_WIDTH, seed=seed)
    return training.fit(network, dataset, seed=seed, **{"progress": False, **options})


def _reduced(source: str, embed: Callable[[NDArray[Any]], Array], dataset: Dataset, seed: int) -> Features:
    """Fit principal components to the features of the training images, and scale them by one number."""
    images = dataset.train.images
    enough("train", len(images), 2)
    if len(images) > _MOST_FITTED:
        images = images[np.random.default_rng(checks.seed(seed)).permutation(len(images))[:_MOST_FITTED]]
    images = checks.finite("training images", images)
    values = _by_batches(embed, images)
    mean = values.mean(axis=0)
    total = float(values.var(axis=0, ddof=1).sum())
    if total <= 1e-12 * max(1.0, float(mean @ mean)):
        msg = f"training images must vary, got {len(values)} with equal features. Are they constant?"
        raise ValueError(msg)
    components = PCA(min(LARGEST, *values.shape), random_state=seed).fit(values)
    variance = components.explained_variance_
    kept = int((variance > 1e-12 * variance[0]).sum())
    axes = components.components_[:kept].T / np.sqrt(variance[:kept].mean())
    share = min(1.0, float(variance[:kept].sum() / total))
    return Features(source, kept, share, embed, mean, axes, dataset.train.images[:1])


def flat(images: NDArray[Any]) -> Array:
    """Return all pixels of each image, shape (N, pixels)."""
    return images.reshape(len(images), -1).astype(np.float64)


def _by_batches(embed: Callable[[NDArray[Any]], Array], images: NDArray[Any]) -> Array:
    parts = [embed(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)]
    return np.concatenate(parts)


def enough(what: str, count: int, at_least: int) -> None:
    """Refuse fewer images than a measure needs."""
    if count < at_least:
        msg = f"{what} must hold at least {at_least} images, got {count}. Give more images."
        raise ValueError(msg)


def like_real(what: str, images: ArrayLike, real: NDArray[Any]) -> NDArray[Any]:
    """Return images if they have the shape and the units of real ones.

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, Z, Y, X, C)
    real : array of the same shape but for N

    Raises
    ------
    ValueError
        If the shapes differ, a value is NaN or infinite, or the images lie within [-1, 1] where the real
        ones reach further: then they are still in a network's units.
    """
    array = checks.finite(what, images)
    if array.ndim != real.ndim or array.shape[1:] != real.shape[1:]:
        shape = ", ".join(map(str, real.shape[1:]))
        msg = f"{what} must have shape (N, {shape}) like the real images, got {array.shape}."
        raise ValueError(msg)
    if len(array) and len(real):
        low, high = float(array.min()), float(array.max())
        if low >= -1 and high <= 1 and real.max() > 2:
            wanted = f"the units of the real images, {real.min():g} to {real.max():g}"
            msg = f"{what} must be in {wanted}, got {low:g} to {high:g}. Undo the generator's scaling."
            raise ValueError(msg)
    return array
