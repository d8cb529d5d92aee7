"""Networks for images: a generator and a critic, and a network that fills holes."""

from typing import Any

import keras
from keras import layers

from medlab import backend, checks
from medlab.models.gan.parts import Shape, first_maps, halved, halvings, network, noise_and_label, score


def generator(
    image_shape: Shape, latent: int = 64, classes: int = 0, *, width: int = 16, seed: int = 0
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
    x = first_maps(x, image_shape, times, _filters(width, times))
    for level in range(times - 1, -1, -1):
        x = _active(x, _filters(width, level), f"level_{level}")
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"doubling_{level}")(x)
    x = _active(x, max(1, width // 2), "full_size")
    x = layers.Conv2D(image_shape[-1], 3, padding="same", activation="tanh", name="image")(x)
    return network(inputs, x, "generator")


def critic(
    image_shape: Shape, classes: int = 0, *, width: int = 32, normalization: str = "batch", seed: int = 0
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
    checks.one_of("normalization", normalization, ("batch", "spectral", "none"))
    times = halvings(image_shape)
    backend.seed_everything(seed)
    image = keras.Input(tuple(image_shape), name="image")
    spectral = normalization == "spectral"
    filters = [_filters(width, level) for level in range(times)]
    x = halved(image, filters, normalized=normalization == "batch", spectral=spectral)
    inputs, answer = score(x, [image], classes, spectral)
    return network(inputs, answer, "critic")


def inpainter(image_shape: Shape, *, width: int = 32, seed: int = 0) -> keras.Model:
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
    x = _active(context, width // 2, "level_0", leak=0.2)
    shortcuts = []
    for level in range(1, times + 1):
        shortcuts.append(x)
        x = _active(x, _filters(width, level), f"level_{level}", stride=2, leak=0.2)
    x = _active(x, _filters(width, times), "middle", leak=0.2)
    for level in range(times - 1, -1, -1):
        filters = width // 2 if level == 0 else _filters(width, level)
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"narrow_{level}")(x)
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"doubling_{level}")(x)
        x = layers.Concatenate(name=f"shortcut_{level}")([x, shortcuts[level]])
        x = _active(x, filters, f"up_{level}", leak=0.2)
    image = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="image")(x)
    return keras.Model(context, image, name="inpainter")


def _filters(width: int, level: int) -> int:
    return min(4, 1 << level) * width


def _active(x: Any, filters: int, name: str, *, stride: int = 1, leak: float = 0.0) -> Any:
    """Add a convolution, batch normalization and a ReLU, leaky or not."""
    size = 4 if stride == 2 else 3
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_normalization")(x)
    activation = layers.LeakyReLU(leak, name=f"{name}_relu") if leak else layers.ReLU(name=f"{name}_relu")
    return activation(x)
