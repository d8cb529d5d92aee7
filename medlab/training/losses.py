"""Losses of a segmentation: what masks and probabilities have in common, and each pixel's cross-entropy."""

from functools import partial
from typing import Any

import keras
from keras import ops

# Weight of the overlap and of the cross-entropy. Keras' alpha weighs what was missed, and not what was
# marked too much as in Salehi et al. 2017 (arXiv 1706.05721), so that misses cost more here, as there.
SEGMENTATION = {
    "dice_cross_entropy": (keras.losses.dice, 1.0),
    "dice": (keras.losses.dice, 0.0),
    "tversky": (partial(keras.losses.tversky, alpha=0.7, beta=0.3), 0.0),
}


class Overlap(keras.losses.Loss):
    """One minus the overlap of each foreground class, averaged; the named ones add the cross-entropy.

    The overlap is that of the whole batch: a patch without a class would say nothing of it. A class that no
    patch of the batch has gives no gradient.

    Parameters
    ----------
    kind : "dice_cross_entropy", "dice" or "tversky"
        Tversky's index counts a missed pixel 0.7 and one marked too much 0.3; for Dice both are 0.5.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(name=kind)
        self.measure, self.cross_entropy = SEGMENTATION[kind]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss an image: classes (N, ...), probabilities (N, ..., K)."""
        classes, axes = ops.cast(y_true, "int32"), tuple(range(len(y_pred.shape) - 1))
        one_hot = ops.one_hot(classes, y_pred.shape[-1])
        overlap = ops.mean(self.measure(one_hot[..., 1:], y_pred[..., 1:], axis=axes))
        each = ops.mean(keras.losses.sparse_categorical_crossentropy(classes, y_pred), axis=axes[1:])
        return overlap + self.cross_entropy * each
