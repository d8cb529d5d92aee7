"""Cut the middle out of images: the finding stays, its surroundings go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medlab import checks
from medlab.data.dataset import Dataset, Split


def center_crop(dataset: Dataset, side: int) -> Dataset:
    """Return the data set with each image cut to its central pixels.

    Parameters
    ----------
    dataset : Dataset
        Images of shape (N, H, W, C) or (N, Z, Y, X, C); of volumes every slice is cut, none is left out.
    side : int, pixels
        Height and width that stay, at most those of the images.

    Returns
    -------
    cropped : Dataset
        Attributes with the shape of an image, such as masks, no longer fit and are left out.

    Raises
    ------
    ValueError
        If `side` is below 1 or larger than the images.
    """
    height, width = dataset.image_shape[-3:-1]
    checks.in_range("side", side, 1, min(height, width), whole=True)
    y, x = (height - side) // 2, (width - side) // 2

    def cut(split: Split) -> Split:
        numbers = {name: column for name, column in split.attributes.items() if column.ndim == 1}
        return replace(split, images=split.images[..., y : y + side, x : x + side, :], attributes=numbers)

    splits: dict[str, Any] = {name: cut(split) for name, split in dataset.splits().items()}
    return replace(dataset, **splits, fingerprint="")
