"""The plain DCGAN, what better ones are measured against."""

from __future__ import annotations

import math

import keras
from keras import layers

from medlab import backend
from medlab.models.gan.shapes import halved, halvings, network, noise_and_label, score


def dcgan(
    image_shape: tuple[int, ...], latent: int = 100, classes: int = 0, *, width: int = 64, seed: int = 0
) -> tuple[keras.Model, keras.Model]:
    """Build the pair of Radford et al.: transposed and strided convolutions with batch normalization.

    Train it with ``medlab.training.gan.DCGAN``, the options of the paper.

    Parameters
    ----------
    image_shape : (H, W, C)
        Sides of 16 to 256, divisible by 4 (by 8 above 32 pixels, and so on).
    latent : int
        Length of the noise vector.
    classes : int
        0, or the number of classes of a conditional pair.
    width : int
        Filters next to the image; each halving has twice as many.
    seed : int
        Seed of the first weights, normal with standard deviation 0.02.

    Returns
    -------
    generator, critic : keras.Model
        Inputs and outputs as those of `generator` and `critic`.

    Raises
    ------
    ValueError
        If the sides cannot be halved often enough.

    Notes
    -----
    Source: Radford et al. 2016, https://arxiv.org/abs/1511.06434. The critic's answer is the linear score
    before the paper's sigmoid. Batch normalization has momentum 0.9, because the averages of Keras' 0.99
    lag behind on a few hundred steps.
    """
    times = halvings(image_shape)
    backend.seed_everything(seed)
    height, across, channels = image_shape

    def start() -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(stddev=0.02)

    inputs, x = noise_and_label(latent, classes)
    first = (height >> times, across >> times, width << (times - 1))
    x = layers.Dense(math.prod(first), use_bias=False, kernel_initializer=start(), name="dense")(x)
    x = layers.Reshape(first, name="first_maps")(x)
    x = layers.BatchNormalization(momentum=0.9, name="first_normalization")(x)
    x = layers.ReLU(name="first_relu")(x)
    for level in range(times - 1, 0, -1):
        x = layers.Conv2DTranspose(
            width << (level - 1),
            4,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=start(),
            name=f"transposed_{level}",
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"normalization_{level}")(x)
        x = layers.ReLU(name=f"relu_{level}")(x)
    x = layers.Conv2DTranspose(
        channels, 4, strides=2, padding="same", activation="tanh", kernel_initializer=start(), name="image"
    )(x)
    generator = network(inputs, x, "dcgan_generator")

    image = keras.Input(tuple(image_shape), name="image")
    x = halved(image, [width << level for level in range(times)], initializer=start)
    return generator, network(*score(x, [image], classes, spectral=False), "dcgan_critic")
