"""ResNet-18 for small images, the yardstick that MedMNIST publishes."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from medlab.models.blocks import classifier, image_input


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
