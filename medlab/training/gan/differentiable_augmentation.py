"""Augmentation that a gradient passes through: the critic never sees an image of a small set twice alike.

Real and generated images are changed alike before the critic looks, in the generator's step too, so the
generator learns the images and not their changes. Numbers are drawn with NumPy, from seed and step; what is
done with them runs in the backend.

Source: Zhao et al. 2020, https://arxiv.org/abs/2006.10738. Unlike there, moved images are continued at
their border rather than with zeros; flips are a fourth change.
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

AUGMENTATIONS = ("flip", "color", "translation", "cutout")
SHIFT = 1 / 8  # of a side, either way
HOLE = 1 / 2  # of a side
BRIGHTNESS = 0.5  # added, either way: a quarter of the range [-1, 1]
CONTRAST = 0.5  # factor 1 - CONTRAST to 1 + CONTRAST


def draw(
    augment: tuple[str, ...], count: int, image_shape: tuple[int, ...], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Draw how each of `count` images, shape (H, W, C), is changed.

    Returns
    -------
    draws : mapping
        ``rows`` (N, H) and ``columns`` (N, W), int32: which row and column comes where. ``keep_rows`` (N, H)
        and ``keep_columns`` (N, W), float32: 0 where the hole is in that row or column. ``brightness`` and
        ``contrast`` (N, 1, 1, 1), float32. Only what `augment` asks for.
    """
    height, width = image_shape[:2]
    draws: dict[str, NDArray[Any]] = {}
    if "flip" in augment or "translation" in augment:
        rows = np.tile(np.arange(height), (count, 1))
        columns = np.tile(np.arange(width), (count, 1))
        if "flip" in augment:
            columns = np.where(rng.random((count, 1)) < 0.5, width - 1 - columns, columns)
        if "translation" in augment:
            far = [max(1, round(SHIFT * side)) for side in (height, width)]
            rows = rows + rng.integers(-far[0], far[0] + 1, (count, 1))
            columns = columns + rng.integers(-far[1], far[1] + 1, (count, 1))
        draws["rows"] = np.clip(rows, 0, height - 1).astype(np.int32)
        draws["columns"] = np.clip(columns, 0, width - 1).astype(np.int32)
    if "cutout" in augment:
        for name, side in (("keep_rows", height), ("keep_columns", width)):
            center = rng.integers(0, side, (count, 1))
            distance = np.abs(np.arange(side) + 0.5 - center)
            draws[name] = (distance > HOLE * side / 2).astype(np.float32)
    if "color" in augment:
        draws["brightness"] = BRIGHTNESS * (rng.random((count, 1, 1, 1), np.float32) - 0.5) * 2
        draws["contrast"] = 1 + CONTRAST * (2 * rng.random((count, 1, 1, 1), np.float32) - 1)
    return draws


def transform(images: Any, draws: dict[str, Any]) -> Any:
    """Change images, a tensor of shape (N, H, W, C), as `draw` says."""
    if "rows" in draws:
        # Picking rows and columns as products with matrices of zeros and ones: fast on every backend, and
        # so is its gradient.
        height, width = images.shape[1], images.shape[2]
        pick_rows = ops.one_hot(draws["rows"], height, dtype="float32")
        pick_columns = ops.one_hot(draws["columns"], width, dtype="float32")
        images = ops.einsum("nih,nhwc->niwc", pick_rows, images)
        images = ops.einsum("njw,niwc->nijc", pick_columns, images)
    if "brightness" in draws:
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        images = (images - mean) * draws["contrast"] + mean + draws["brightness"]
    if "keep_rows" in draws:
        hole = (1 - draws["keep_rows"])[:, :, None, None] * (1 - draws["keep_columns"])[:, None, :, None]
        images = images * (1 - hole)
    return images
