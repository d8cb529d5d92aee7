"""A network that fills holes of an image from what lies around them."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from medlab import backend
from medlab.models.gan.shapes import halvings


def inpainter(image_shape: tuple[int, ...], *, width: int = 32, seed: int = 0) -> keras.Model:
    """Build a network from an image with a hole to an image: down, across, up, with shortcuts.

    Parameters
    ----------
    image_shape : (H, W, C)
        Sides of 16 to 256, divisible by 4 (by 8 above 32 pixels, and so on).
    width : int
        Filters at the full size; each halving has twice as many, up to four times `width`.
    seed : int
        Seed of the first weights.

    Returns
    -------
    model : keras.Model
        Takes float32, shape (N, H, W, C + 1): the image in [-1, 1] with 0 in the hole, then the mask, 1 in
        the hole and 0 elsewhere. Gives images, float32, shape (N, H, W, C), in [-1, 1].

    Raises
    ------
    ValueError
        If the sides cannot be halved often enough.

    Notes
    -----
    Task and losses are those of the context encoder (Pathak et al. 2016, doi 10.1109/CVPR.2016.278); the
    shortcuts, which that network lacks, carry the hole's border to the full size (Ronneberger et al. 2015,
    doi 10.1007/978-3-319-24574-4_28).
    """
    times = halvings(image_shape)
    backend.seed_everything(seed)
    height, across, channels = image_shape
    context = keras.Input((height, across, channels + 1), name="context")
    x = _active(context, width // 2, 1, "level_0")
    shortcuts = []
    for level in range(1, times + 1):
        shortcuts.append(x)
        x = _active(x, min(4, 1 << level) * width, 2, f"level_{level}")
    x = _active(x, min(4, 1 << times) * width, 1, "middle")
    for level in range(times - 1, -1, -1):
        filters = width // 2 if level == 0 else min(4, 1 << level) * width
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"narrow_{level}")(x)
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"doubling_{level}")(x)
        x = layers.Concatenate(name=f"shortcut_{level}")([x, shortcuts[level]])
        x = _active(x, filters, 1, f"up_{level}")
    image = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="image")(x)
    return keras.Model(context, image, name="inpainter")


def _active(x: Any, filters: int, stride: int, name: str) -> Any:
    size = 4 if stride == 2 else 3
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_normalization")(x)
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
