"""The default pair for images: a generator that doubles the pixels, a critic that halves them."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from medlab import backend, checks
from medlab.models.gan.shapes import halved, halvings, network, noise_and_label, score

NORMALIZATIONS = ("batch", "spectral", "none")


def generator(
    image_shape: tuple[int, ...], latent: int = 64, classes: int = 0, *, width: int = 16, seed: int = 0
) -> keras.Model:
    """Build a generator of images: dense layer, then convolutions, each followed by doubling of the pixels.

    Parameters
    ----------
    image_shape : (H, W, C)
        Sides of 16 to 256, divisible by 4 (by 8 above 32 pixels, and so on).
    latent : int
        Length of the noise vector.
    classes : int
        0, or the number of classes of a conditional generator.
    width : int
        Filters of the last convolution before the full size, which has half as many; each halving has twice
        as many, up to four times `width`.
    seed : int
        Seed of the first weights.

    Returns
    -------
    model : keras.Model
        Takes noise, shape (N, latent), standard normal; with classes the list of noise and one-hot labels,
        shape (N, classes). Gives images, float32, shape (N, H, W, C), in [-1, 1].

    Raises
    ------
    ValueError
        If the sides cannot be halved often enough.

    Notes
    -----
    Convolutions come before the doubling, on a quarter of the pixels; only a narrow one works at full size.
    Doubling by nearest neighbors and then convolving leaves no checkerboard, which transposed convolutions
    draw where their windows overlap unevenly (Odena et al. 2016, doi 10.23915/distill.00003).
    """
    times = halvings(image_shape)
    backend.seed_everything(seed)
    inputs, x = noise_and_label(latent, classes)
    height, across, channels = image_shape
    start = (height >> times, across >> times, _filters(width, times))
    x = layers.Dense(math.prod(start), use_bias=False, name="dense")(x)
    x = layers.Reshape(start, name="first_maps")(x)
    x = layers.BatchNormalization(momentum=0.9, name="first_normalization")(x)
    x = layers.ReLU(name="first_relu")(x)
    for level in range(times - 1, -1, -1):
        x = _active(x, _filters(width, level), f"level_{level}")
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"doubling_{level}")(x)
    x = _active(x, max(1, width // 2), "full_size")
    x = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="image")(x)
    return network(inputs, x, "generator")


def critic(
    image_shape: tuple[int, ...],
    classes: int = 0,
    *,
    width: int = 32,
    normalization: str = "batch",
    seed: int = 0,
) -> keras.Model:
    """Build a critic of images: convolutions that halve the pixels, then a score of what is left.

    Parameters
    ----------
    image_shape : (H, W, C)
        As in `generator`. For an `medlab.training.gan.Inpainter` C is one more than the images have: the
        mask is the last channel.
    classes : int
        0, or the number of classes of a conditional critic.
    width : int
        Filters of the first convolution; each halving has twice as many, up to four times `width`.
    normalization : "batch", "spectral" or "none"
        Batch normalization after all convolutions but the first; or every layer held to spectral norm 1, for
        the hinge; or neither, for a Wasserstein critic with penalty, which needs a score that depends on one
        image only.
    seed : int
        Seed of the first weights.

    Returns
    -------
    model : keras.Model
        Takes images, float32, shape (N, H, W, C), in [-1, 1]; with classes the list of images and one-hot
        labels, shape (N, classes). Gives scores, shape (N, 1): any number, higher for "real". Its sigmoid
        is the discriminator's probability where the loss is "minimax" or "nonsaturating".

    Raises
    ------
    ValueError
        If the sides cannot be halved often enough, or there is no such normalization.
    """
    checks.one_of("normalization", normalization, NORMALIZATIONS)
    times = halvings(image_shape)
    backend.seed_everything(seed)
    image = keras.Input(tuple(image_shape), name="image")
    spectral = normalization == "spectral"
    filters = [_filters(width, level) for level in range(times)]
    x = halved(image, filters, normalized=normalization == "batch", spectral=spectral)
    inputs, answer = score(x, [image], classes, spectral)
    return network(inputs, answer, "critic")


def _filters(width: int, level: int) -> int:
    return min(4, 1 << level) * width


def _active(x: Any, filters: int, name: str) -> Any:
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_normalization")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
