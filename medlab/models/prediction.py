"""Probabilities from a network, in the shape that a task's measures take."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab.models.sliding import slide

PIXELS = 2**20  # at a time, of a network that keeps them all


def predict(
    model: Any,
    normalize: Callable[[NDArray[Any]], NDArray[Any]],
    images: ArrayLike,
    *,
    batch_size: int = 256,
    overlap: float = 0.5,
) -> NDArray[np.float32]:
    """Return what a network says of raw images, a batch at a time.

    Parameters
    ----------
    model : keras.Model
    normalize : callable
        Brings a batch of raw images to the network's input.
    images : array, shape (N, H, W, C), (N, Z, Y, X, C) or (N, T, F)
        As a data set has them, before normalization.
    batch_size : int
    overlap : float
        Of windows, see `slide`.

    Returns
    -------
    probabilities : float32 array
        Shape (N,) where the network has one output (binary: probability of the positive class;
        regression: the value), (N, K) otherwise; of no images, an empty one. Of a segmentation, shape
        (N, H, W, K) or (N, Z, Y, X, K): where images are larger than the network's input, it slides over
        them (`slide`).

    Raises
    ------
    ValueError
        If the images do not have the network's shape.
    """
    array = np.asarray(images)
    expected = tuple(model.input_shape[1:])
    # A network of another kind, written by its user, may not know the shape of its output.
    if len(getattr(model, "output_shape", ())) > 2:
        batch_size = max(1, min(batch_size, PIXELS // math.prod(expected[:-1])))
        excess = np.subtract(array.shape[1:], expected) if array.ndim == len(expected) + 1 else np.zeros(1)
        if len(array) and not excess[-1] and (excess >= 0).all() and excess.any():
            window = partial(predict, model, normalize)
            return np.stack([slide(window, image, expected[:-1], overlap=overlap) for image in array])
    if array.ndim != len(expected) + 1 or array.shape[1:] != expected:
        shape = ", ".join(map(str, expected))
        msg = f"images must have shape (N, {shape}) for {model.name}, got {array.shape}."
        raise ValueError(msg)
    # predict_on_batch, not predict: it may be called from a callback and prints nothing.
    parts = [
        np.asarray(model.predict_on_batch(normalize(array[start : start + batch_size])))
        for start in range(0, len(array), batch_size)
    ]
    parts = parts or [np.zeros((0, *model.output_shape[1:]))]
    outputs = np.concatenate(parts).astype(np.float32)
    return outputs[:, 0] if outputs.shape[1:] == (1,) else outputs
