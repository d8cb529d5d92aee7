"""Parts that generators and critics share: inputs, the first maps, halving, the critic's score."""

import functools
import math
from typing import Any

import keras
from keras import layers

from medlab import checks
from medlab.models.gan.spectral import SpectralConv2D, SpectralDense

Shape = tuple[int, ...]


def halvings(image_shape: Shape) -> int:
    """Return how often an image, shape (H, W, C), is halved until its shorter side has 4 to 8 pixels.

    Raises
    ------
    ValueError
        If it is not (H, W, C), or a side cannot be halved so often.
    """
    if len(image_shape) != 3:
        msg = (
            f"image_shape must be (H, W, C), got {tuple(image_shape)}. "
            "For vectors use point_generator and point_critic."
        )
        raise ValueError(msg)
    height, width, _ = image_shape
    checks.in_range("the shorter side of image_shape", min(height, width), 16, 256, whole=True)
    times = max(2, math.ceil(math.log2(min(height, width) / 8)))
    if height % 2**times or width % 2**times:
        fitting = [side + -side % 2**times for side in (height, width)]
        msg = (
            f"the sides of image_shape must be multiples of {2**times}, got {height} x {width}. "
            f"Pad or resize the images to {fitting[0]} x {fitting[1]}."
        )
        raise ValueError(msg)
    return times


def noise_and_label(latent: int, classes: int) -> tuple[list[Any], Any]:
    """Return the inputs of a generator and what they amount to, shape (N, latent + classes)."""
    checks.in_range("latent", latent, 1, whole=True)
    checks.in_range("classes", classes, 0, whole=True)
    noise = keras.Input((latent,), name="noise")
    if not classes:
        return [noise], noise
    label = keras.Input((classes,), name="label")
    return [noise, label], layers.Concatenate(name="noise_and_label")([noise, label])


def first_maps(x: Any, image_shape: Shape, times: int, filters: int) -> Any:
    """Turn noise into the smallest maps of a generator, of the image's sides halved so many times."""
    height, width, _ = image_shape
    shape = (height >> times, width >> times, filters)
    x = layers.Dense(math.prod(shape), use_bias=False, name="dense")(x)
    x = layers.Reshape(shape, name="first_maps")(x)
    x = layers.BatchNormalization(momentum=0.9, name="first_normalization")(x)
    return layers.ReLU(name="first_relu")(x)


def score(features: Any, inputs: list[Any], classes: int, spectral: bool) -> tuple[list[Any], Any]:
    """End a critic: a linear score, shape (N, 1), plus, with classes, how features and class agree.

    The projection onto the class is that of Miyato and Koyama 2018,
    https://openreview.net/forum?id=ByS1VpgRZ.
    """
    dense = SpectralDense if spectral else layers.Dense
    answer = dense(1, name="score")(features)
    if not classes:
        return inputs, answer
    label = keras.Input((classes,), name="label")
    direction = dense(features.shape[-1], use_bias=False, name="class_direction")(label)
    agreement = layers.Dot(axes=1, name="agreement")([features, direction])
    return [*inputs, label], layers.Add(name="conditional_score")([answer, agreement])


def network(inputs: list[Any], outputs: Any, name: str) -> keras.Model:
    """Return a network of one input or a list of inputs."""
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=name)


def halved(image: Any, filters: list[int], *, normalized: bool, spectral: bool) -> Any:
    """Return the features of a critic, shape (N, F): convolutions, each on half of the sides before it.

    Parameters
    ----------
    image : Keras tensor, shape (N, H, W, C)
    filters : list of int
        Of each convolution.
    normalized : bool
        Batch normalization after all convolutions but the first.
    spectral : bool
        Hold every convolution to spectral norm 1.
    """
    layer = SpectralConv2D if spectral else layers.Conv2D
    halving = functools.partial(layer, kernel_size=4, strides=2, padding="same")
    x = image
    for level, count in enumerate(filters):
        # The bias before a batch normalization would have no gradient.
        normalized_here = normalized and level > 0
        x = halving(count, use_bias=not normalized_here, name=f"convolution_{level}")(x)
        if normalized_here:
            x = layers.BatchNormalization(momentum=0.9, name=f"normalization_{level}")(x)
        x = layers.LeakyReLU(0.2, name=f"relu_{level}")(x)
    return layers.Flatten(name="features")(x)
