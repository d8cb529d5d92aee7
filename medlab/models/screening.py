"""The strong small network of the suite: about a hundred thousand weights for images of 28 to 64 pixels."""

from __future__ import annotations

import math

import keras
from keras import layers

from medlab.models.blocks import classifier, convolution_block, image_input, pooled_features


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
    blocks = max(2, round(math.log2(min(image_shape[:-1]) / 4)))
    first = width or max(16, 128 >> (blocks - 1))
    widest = max(128, 4 * first)
    image = image_input(image_shape)
    x = image
    for number in range(1, blocks + 1):
        filters = min(widest, first << (number - 1))
        x = convolution_block(x, number, filters, pooled=number < blocks)
    # Also where nothing is dropped: a concept bottleneck goes on from this layer.
    x = layers.Dropout(dropout, name="dropout")(pooled_features(x, "features"))
    return classifier(image, x, task, outputs, 0, "screening_cnn")
