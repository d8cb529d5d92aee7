"""Networks that look at images and volumes: the suite's own, the article's and MedMNIST's yardstick."""

import math
from typing import Any

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
    features that the article names without saying so. Where its text errs, this is made right (see
    notebook 03).

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


def resnet18_28(
    image_shape: tuple[int, ...] = (28, 28, 1),
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 64,
    dropout: float = 0.0,
) -> keras.Model:
    """Build ResNet-18 with a 3 x 3 first convolution and no first pooling, for images of about 28 pixels.

    Parameters
    ----------
    image_shape : (H, W, C)
    task, outputs
        See `medlab.models.build`.
    width : int
        Filters of the first of four stages; each next has twice as many. 64 gives 11.2 million weights.
    dropout : float in [0, 1)

    Notes
    -----
    Source: He et al. 2016, doi 10.1109/CVPR.2016.90; the small-image form is the one that MedMNIST v2
    trained (Yang et al. 2023, doi 10.1038/s41597-022-01721-8).
    """
    image = image_input(image_shape)
    x = _normalized(image, width, 3, 1, "stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage in range(4):
        for unit in range(2):
            stride = 2 if stage and not unit else 1
            x = _residual(x, width << stage, stride, f"stage{stage + 1}_unit{unit + 1}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return classifier(image, x, task, outputs, dropout, "resnet18_28")


def _normalized(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False, name=f"{name}_convolution")(x)
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_normalization")(x)


def _residual(x: Any, filters: int, stride: int, name: str) -> Any:
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        shortcut = _normalized(x, filters, 1, stride, f"{name}_shortcut")
    y = layers.ReLU(name=f"{name}_relu1")(_normalized(x, filters, 3, stride, f"{name}_1"))
    y = _normalized(y, filters, 3, 1, f"{name}_2")
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, shortcut]))
