"""Batches for a network: augmented, normalized and shuffled as a function of seed, epoch and number.

Because batch 7 of epoch 3 depends on nothing but the seed, an interrupted training continues with the
very batches that it would have seen.
"""

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from medlab import backend, checks
from medlab.data.augmentation import Augmentation, augment
from medlab.data.normalization import Normalization


@dataclass(eq=False, repr=False)
class Batches:
    """Training batches of images that stay uint8 until their batch is made.

    Parameters
    ----------
    images : array, shape (N, H, W, C), (N, Z, Y, X, C) or (N, T, F)
    targets : array of length N
        Of a segmentation, class numbers of shape (N, H, W) or (N, Z, Y, X): they move along with the images.
    normalization : Normalization
    batch_size : int
        Images a batch. The last, smaller one of an epoch is left out (other images each time), because
        batch normalization over a handful of images harms; with fewer images than that, one batch has all.
    augmentation : Augmentation or None
    weights : float array of length N or None
        How much each image counts in the loss.
    seed : int
    most : int or None
        Batches an epoch at most, to try something out; None: as many as there are.
    patch : tuple of int or None, pixels
        Height and width, or slices, height and width, of what is cut from each image and its mask anew in
        every epoch. Half of the patches center on a pixel of the foreground where there is one: on any pixel
        of a connected part of any class, each part as likely, so that small findings are seen as often as
        large ones.
    patches : int
        Patches of each image in an epoch.
    """

    images: NDArray[Any]
    targets: NDArray[Any]
    normalization: Normalization
    _: KW_ONLY
    batch_size: int = 64
    augmentation: Augmentation | None = None
    weights: NDArray[np.float32] | None = None
    seed: int = 0
    most: int | None = None
    patch: tuple[int, ...] | None = None
    patches: int = 1
    epoch: int = field(default=0, init=False)
    _parts: dict[int, list[NDArray[np.int64]]] = field(default_factory=dict, init=False)
    _order: tuple[int, NDArray[np.int64]] = field(default=(-1, np.empty(0, dtype=np.int64)), init=False)

    def __post_init__(self) -> None:
        checks.same_length(images=self.images, targets=self.targets)
        checks.in_range("batch_size", self.batch_size, 1, whole=True)
        self.batch_size = min(self.batch_size, self.patches * len(self.images))

    def __len__(self) -> int:
        whole_batches = self.patches * len(self.images) // self.batch_size
        return whole_batches if self.most is None else min(whole_batches, self.most)

    def batch(self, number: int, epoch: int | None = None) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return batch `number` (from 0) of an epoch, the current one by default.

        Returns
        -------
        images : float32 array, shape (B, ...)
            Augmented and normalized.
        targets : array, length B
        weights : float32 array, length B
        """
        epoch = self.epoch if epoch is None else epoch
        if self._order[0] != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.patches * len(self.images))
            self._order = (epoch, order // self.patches)
        start = number * self.batch_size
        index = self._order[1][start : start + self.batch_size]
        rng = np.random.default_rng([self.seed, epoch, number])
        if self.patch is None:
            images, targets = self.images[index], self.targets[index]
        else:  # from views: whole volumes would be copied for a small part of each
            cut = [self._cut(i, self.patch, rng) for i in index.tolist()]
            images, targets = map(np.stack, zip(*cut, strict=True))
        if self.augmentation is not None:
            images, drawn = augment(images, self.augmentation, rng)
            if targets.ndim > 2:
                moved, _ = augment(targets[..., None], self.augmentation, parameters=drawn, masks=True)
                targets = moved[..., 0].astype(targets.dtype)
        weights = np.ones(len(index), dtype=np.float32) if self.weights is None else self.weights[index]
        return self.normalization.apply(images), targets, weights

    def _cut(
        self, row: int, patch: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return a patch of an image and of its mask."""
        image, mask = self.images[row], self.targets[row]
        room = np.subtract(mask.shape, patch)
        corner, centered = rng.integers(room + 1), rng.random() < 0.5
        if centered and row not in self._parts:
            self._parts[row] = _parts(mask)
        if centered and (parts := self._parts[row]):
            center = np.unravel_index(rng.choice(parts[rng.integers(len(parts))]), mask.shape)
            corner = np.clip(np.subtract(center, np.array(patch) // 2), 0, room)
        window = tuple(slice(first, first + side) for first, side in zip(corner, patch, strict=True))
        return image[window], mask[window]

    def for_keras(self, first: int = 0) -> Any:
        """Return what ``model.fit`` takes: a ``tf.data.Dataset`` on TensorFlow, else a ``PyDataset``.

        Set `epoch` at the start of each epoch (`medlab.training.fit` does).

        Parameters
        ----------
        first : int
            Batch to begin each epoch with: the rest of an epoch that was interrupted.
        """
        return self._tf_data(first) if backend.name() == "tensorflow" else self._py_dataset(first)

    def _tf_data(self, first: int) -> Any:
        import tensorflow as tf

        examples = self.batch(0)
        dtypes = [array.dtype for array in examples]

        def make(number: Any) -> Any:
            arrays = tf.numpy_function(self.batch, [number], dtypes)
            for array, example in zip(arrays, examples, strict=True):
                array.set_shape(example.shape)
            return tuple(arrays)

        numbers = tf.data.Dataset.range(first, len(self))
        # One call at a time: NumPy holds the interpreter anyway, and the order stays fixed.
        return numbers.map(make, num_parallel_calls=1, deterministic=True).prefetch(2)

    def _py_dataset(self, first: int) -> Any:
        import keras

        batches = self

        class BatchDataset(keras.utils.PyDataset):
            def __len__(self) -> int:
                return len(batches) - first

            def __getitem__(self, number: int) -> Any:
                return batches.batch(first + number)

        return BatchDataset()


def _parts(mask: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the pixels of each connected part of each class, as indices into the flat mask."""
    parts: list[NDArray[np.int64]] = []
    for number in np.unique(mask[mask > 0]):
        part, count = ndimage.label(mask == number)
        inside = np.flatnonzero(part)
        in_order = inside[np.argsort(part.ravel()[inside], kind="stable")]
        parts += np.split(in_order, np.cumsum(np.bincount(part.ravel()[inside])[1:count]))
    return parts
