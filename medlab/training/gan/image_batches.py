"""The training images of a game, checked, and their order: a function of seed and number."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks


class ImageBatches:
    """Batches of images, each image once in every pass.

    Parameters
    ----------
    images : float array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
    labels : int array, shape (N,), or None
    classes : int
        0 where there are no labels.
    shape : (H, W, C) or (D,)
        What the networks take.
    batch_size : int
        With fewer images than that, one batch has them all.
    seed : int
        From 0 to 2**32 - 1.
    """

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike | None,
        classes: int,
        shape: tuple[int, ...],
        batch_size: int,
        seed: int,
    ) -> None:
        self.images = check_images("images", images, shape)
        self.labels = None if labels is None and not classes else one_hot(labels, classes, len(self.images))
        checks.in_range("batch_size", batch_size, 1, whole=True)
        self.batch_size = min(batch_size, len(self.images))
        self.seed = checks.seed(seed)
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def batch(self, number: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `number`, counted from 0 over all passes: ``real`` and, with classes, ``label``."""
        pass_number, within = divmod(number, len(self.images) // self.batch_size)
        if self._order[0] != pass_number:
            order = np.random.default_rng([self.seed, 0, pass_number]).permutation(len(self.images))
            self._order = (pass_number, order)
        index = self._order[1][within * self.batch_size : (within + 1) * self.batch_size]
        batch = {"real": self.images[index]}
        if self.labels is not None:
            batch["label"] = self.labels[index]
        return batch

    def fingerprint(self) -> str:
        """Return a short text that changes with the images and their labels."""
        import hashlib

        digest = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).tobytes())
        return digest.hexdigest()[:16]


def check_images(what: str, images: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return images, shape (N, *shape), as float32, or refuse them.

    Raises
    ------
    ValueError
        If their shape is another, there are none, a number is not finite, or an image leaves [-1, 1].
    """
    array = np.asarray(images)
    if array.ndim != len(shape) + 1 or array.shape[1:] != tuple(shape) or not len(array):
        expected = ", ".join(map(str, shape))
        remedy = "Build the networks for this shape, or resize the images."
        msg = f"{what} must have shape (N, {expected}), as the networks do, got {array.shape}. {remedy}"
        raise ValueError(msg)
    checks.finite(what, array)
    if len(shape) == 3:
        low, high = float(array.min()), float(array.max())
        if low < -1.001 or high > 1.001:
            remedy = "Bring 8-bit images there with images / 127.5 - 1."
            msg = f"{what} must lie between -1 and 1, got {low:g} to {high:g}. {remedy}"
            raise ValueError(msg)
    return array.astype(np.float32)


def one_hot(labels: ArrayLike | None, classes: int, count: int) -> NDArray[np.float32]:
    """Return labels, shape (N,), as rows with a single 1, shape (N, classes), or refuse them.

    Raises
    ------
    ValueError
        If they are missing, too many or too few, not 0 to classes - 1, or not wanted.
    """
    if labels is None:
        msg = f"labels must be given to a conditional GAN (classes={classes}), one for each image, got none."
        raise ValueError(msg)
    numbers = np.asarray(labels)
    if not classes:
        msg = f"labels must be left out, got {numbers.shape}. Build networks with classes=... to use them."
        raise ValueError(msg)
    if numbers.shape != (count,):
        msg = f"labels must have shape ({count},), one for each image, got {numbers.shape}."
        raise ValueError(msg)
    if numbers.dtype.kind not in "iub" or numbers.min() < 0 or numbers.max() >= classes:
        given = np.unique(numbers)[:6].tolist()
        remedy = "Build the networks with as many classes as there are."
        msg = f"labels must be whole numbers from 0 to {classes - 1}, got {given}. {remedy}"
        raise ValueError(msg)
    rows: Any = np.eye(classes, dtype=np.float32)[numbers.astype(np.int64)]
    return rows
