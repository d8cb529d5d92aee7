"""The U-Net: a class for every pixel of an image, or voxel of a volume."""

from typing import Any

import keras
from keras import layers

from medlab import checks
from medlab.models.blocks import convolution_block, image_input


def unet(
    image_shape: tuple[int, ...],
    task: str = "segmentation",
    outputs: int = 2,
    *,
    width: int = 16,
    dropout: float = 0.0,
    levels: int = 3,
    patch: tuple[int, ...] | None = None,
) -> keras.Model:
    """Build a U-Net: down for what there is, up again for where, and beside it the details of each level.

    Parameters
    ----------
    image_shape : (H, W, C) or (Z, Y, X, C)
        Sides that can be halved on the way to every level.
    task, outputs
        "segmentation", and the number of classes with the background.
    width : int
        Filters of the first level; each level below has twice as many.
    dropout : float in [0, 1)
        Part of the features dropped at the lowest level.
    levels : int
        Resolutions that it looks at, 2 to 6: 3 are full, half and a quarter.
    patch : tuple of int or None, pixels
        Sides of the input where it is to be smaller than the images: training draws patches of this size,
        and predictions slide it over whole images. None: whole images.

    Returns
    -------
    model : keras.Model
        Gives probabilities, float32, shape (N, H, W, outputs) or (N, Z, Y, X, outputs), that add up to 1.

    Raises
    ------
    ValueError
        If a side cannot be halved so often, the patch does not fit, or the task is another.

    Notes
    -----
    After Ronneberger et al. 2015, doi 10.1007/978-3-319-24574-4_28, and Çiçek et al. 2016, doi
    10.1007/978-3-319-46723-8_49; with padding, so that the output has the size of the input, batch
    normalization, and repeated pixels instead of transposed convolutions on the way up.
    """
    if task != "segmentation":
        msg = f"unet answers for every pixel and needs segmentation data, got {task} data. Use screening_cnn."
        raise ValueError(msg)
    checks.in_range("levels", levels, 2, 6, whole=True)
    sides = _fitting_sides(tuple(image_shape[:-1]), patch, 2 ** (levels - 1))
    rank, number, skipped = len(sides), 0, []
    pooling, enlarging = (getattr(layers, f"{name}{rank}D") for name in ("MaxPooling", "UpSampling"))

    def two_convolutions(x: Any, filters: int) -> Any:
        nonlocal number
        number += 2
        x = convolution_block(x, number - 1, filters, pooled=False)
        return convolution_block(x, number, filters, pooled=False)

    image = image_input((*sides, image_shape[-1]))
    x = image
    for level in range(levels):
        x = pooling(2, name=f"down_{level}")(x) if level else x
        x = two_convolutions(x, width << level)
        skipped.append(x)
    x = layers.Dropout(dropout, name="dropout")(x) if dropout else x
    for level in reversed(range(levels - 1)):
        x = enlarging(2, name=f"up_{level}")(x)
        x = layers.Concatenate(name=f"beside_{level}")([x, skipped[level]])
        x = two_convolutions(x, width << level)
    logit = getattr(layers, f"Conv{rank}D")(outputs, 1, name="logit", dtype="float32")(x)
    return keras.Model(image, layers.Softmax(name="probability", dtype="float32")(logit), name="unet")


def _fitting_sides(image: tuple[int, ...], patch: tuple[int, ...] | None, step: int) -> tuple[int, ...]:
    sides = tuple(patch or image)
    if len(sides) != len(image) or any(a > b or a % step for a, b in zip(sides, image, strict=True)):
        below, above = (tuple((side + more) // step * step for side in image) for more in (0, step - 1))
        msg = (
            f"sides must be multiples of {step} for this U-Net, and those of a patch at most the images' "
            f"{image}, got {sides}. Pad images to {above} (medlab.data.padded), or use patch={below} or less."
        )
        raise ValueError(msg)
    return sides
