"""A pair for points in the plane, small enough to watch what the game does."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from medlab import backend, checks
from medlab.models.gan.parts import network, noise_and_label, score
from medlab.models.gan.spectral import SpectralDense


def point_generator(
    latent: int = 2, classes: int = 0, *, dimensions: int = 2, width: int = 128, depth: int = 2, seed: int = 0
) -> keras.Model:
    """Build a generator of points: dense layers with ReLU and a linear end.

    Parameters
    ----------
    latent : int
        Length of the noise vector.
    classes : int
        0, or the number of classes of a conditional generator.
    dimensions : int
        Coordinates of a point.
    width, depth : int
        Units of a hidden layer, and how many there are.
    seed : int
        Seed of the first weights.

    Returns
    -------
    model : keras.Model
        Takes noise, shape (N, latent), or the list of noise and one-hot labels; gives points, float32,
        shape (N, dimensions), anywhere.
    """
    checks.in_range("dimensions", dimensions, 1, whole=True)
    backend.seed_everything(seed)
    inputs, x = noise_and_label(latent, classes)
    for number in range(depth):
        x = layers.Dense(width, activation="relu", name=f"dense_{number}")(x)
    return network(inputs, layers.Dense(dimensions, name="point")(x), "point_generator")


def point_critic(
    classes: int = 0,
    *,
    dimensions: int = 2,
    width: int = 128,
    depth: int = 2,
    spectral: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build a critic of points: dense layers with leaky ReLU and a score.

    Parameters
    ----------
    classes, dimensions, width, depth, seed
        As in `point_generator`.
    spectral : bool
        Hold every layer to spectral norm 1.

    Returns
    -------
    model : keras.Model
        Takes points, float32, shape (N, dimensions), or the list of points and one-hot labels; gives scores,
        shape (N, 1), higher for "real".
    """
    checks.in_range("dimensions", dimensions, 1, whole=True)
    backend.seed_everything(seed)
    point = keras.Input((dimensions,), name="point")
    dense = SpectralDense if spectral else layers.Dense
    x: Any = point
    for number in range(depth):
        x = dense(width, name=f"dense_{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"relu_{number}")(x)
    return network(*score(x, [point], classes, spectral), "point_critic")
