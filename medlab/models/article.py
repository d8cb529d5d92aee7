"""The two networks that the article describes, made right where its text errs (see notebook 03)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from medlab.models.blocks import classifier, image_input


def article_cnn_28(
    image_shape: tuple[int, ...] = (28, 28, 1),
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the article's small network: two convolutions, two dense layers.

    Valid 3 x 3 convolutions and 2 x 2 pooling bring 28 pixels to 26, 13, 11 and 5: hence the 64 x 5 x 5
    features that the article names without saying so.

    Parameters
    ----------
    image_shape : (28, 28, C)
    task, outputs
        See `medlab.models.build`.
    width : int
        Filters of the first convolution; the second has twice as many.
    dropout : float in [0, 1)

    Returns
    -------
    model : keras.Model
        121,345 weights at the defaults, 102,464 of them in the first dense layer.
    """
    return _article(image_shape, task, outputs, (width, 2 * width), dropout, "article_cnn_28")


def article_cnn(
    image_shape: tuple[int, ...] = (224, 224, 1),
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the article's network for lung cancer screening: three convolutions, two dense layers.

    Parameters
    ----------
    image_shape : (H, W, C), H and W at least 64; 224 in the article
    task, outputs
        See `medlab.models.build`.
    width : int
        Filters of the first convolution; the next have two and four times as many.
    dropout : float in [0, 1)
    """
    return _article(image_shape, task, outputs, (width, 2 * width, 4 * width), dropout, "article_cnn")


def _article(
    image_shape: tuple[int, ...], task: str, outputs: int, filters: tuple[int, ...], dropout: float, name: str
) -> Any:
    image = image_input(image_shape)
    x = image
    for number, count in enumerate(filters, start=1):
        x = layers.Conv2D(count, 3, activation="relu", name=f"convolution_{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pooling_{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="dense")(x)
    return classifier(image, x, task, outputs, dropout, name)
