"""The strong small network of the suite: about a hundred thousand weights for images of 28 to 64 pixels."""

from __future__ import annotations

import math

import keras
from keras import layers

from medlab.models.layers import image_input, output


def screening_cnn(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int | None = None,
    dropout: float = 0.3,
) -> keras.Model:
    """Build blocks of convolution, pooling, batch normalization and ReLU, then average and maximum pooling.

    Parameters
    ----------
    image_shape : (H, W, C) or (Z, Y, X, C), sides of at least 16
        There is a block for each halving until about 4 pixels are left: 3 at 28 pixels, 4 at 64, 6 at 224.
    task, outputs
        See `medlab.models.build`.
    width : int or None
        Filters of the first block; each next block has twice as many, up to 128 or 4 times `width`. None:
        so many that the last block has 128, and at least 16.
    dropout : float in [0, 1)

    Notes
    -----
    Batch normalization moves its averages with momentum 0.9: with Keras' default of 0.99 they lag behind on
    the few hundred steps that small medical sets allow. The bias before it would have no gradient and is
    left out. Pooling comes first in a block: the maximum commutes with the ReLU, and what follows works on
    a quarter of the pixels. Average pooling sees how much of a pattern there is, maximum pooling whether
    it is there.
    """
    rank = len(image_shape) - 1
    convolution = layers.Conv2D if rank == 2 else layers.Conv3D
    pooling = layers.MaxPooling2D if rank == 2 else layers.MaxPooling3D
    average = layers.GlobalAveragePooling2D if rank == 2 else layers.GlobalAveragePooling3D
    maximum = layers.GlobalMaxPooling2D if rank == 2 else layers.GlobalMaxPooling3D
    blocks = max(2, round(math.log2(min(image_shape[:-1]) / 4)))
    first = width or max(16, 128 >> (blocks - 1))
    widest = max(128, 4 * first)

    image = image_input(image_shape)
    x = image
    for number in range(1, blocks + 1):
        filters = min(widest, first << (number - 1))
        x = convolution(filters, 3, padding="same", use_bias=False, name=f"convolution_{number}")(x)
        if number < blocks:
            x = pooling(2, name=f"pooling_{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.Concatenate(name="features")([average(name="average")(x), maximum(name="maximum")(x)])
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(image, output(x, task, outputs), name="screening_cnn")
