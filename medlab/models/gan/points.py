"""A pair for points in the plane, small enough to watch what the game does."""

import keras
from keras import layers

from medlab import backend
from medlab.models.gan.parts import network, noise_and_label, score


def point_generator(latent: int = 2, classes: int = 0, *, width: int = 128, seed: int = 0) -> keras.Model:
    """Build a generator of points: two dense layers with ReLU and a linear end.

    Parameters
    ----------
    latent : int
        Length of the noise vector.
    classes : int
        0, or the number of classes of a conditional generator.
    width : int
        Units of a hidden layer.
    seed : int
        Seed of the first weights.

    Returns
    -------
    model : keras.Model
        Takes noise, shape (N, latent), or the list of noise and one-hot labels; gives points, float32,
        shape (N, 2), anywhere.
    """
    backend.seed_everything(seed)
    inputs, x = noise_and_label(latent, classes)
    for number in range(2):
        x = layers.Dense(width, activation="relu", name=f"dense_{number}")(x)
    return network(inputs, layers.Dense(2, name="point")(x), "point_generator")


def point_critic(classes: int = 0, *, width: int = 128, seed: int = 0) -> keras.Model:
    """Build a critic of points: two dense layers with leaky ReLU and a score.

    Parameters
    ----------
    classes, width, seed
        As in `point_generator`.

    Returns
    -------
    model : keras.Model
        Takes points, float32, shape (N, 2), or the list of points and one-hot labels; gives scores,
        shape (N, 1), higher for "real".
    """
    backend.seed_everything(seed)
    point = keras.Input((2,), name="point")
    x = point
    for number in range(2):
        x = layers.Dense(width, name=f"dense_{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"relu_{number}")(x)
    return network(*score(x, [point], classes, spectral=False), "point_critic")
