"""Which epoch is kept: its measures on validation, and when none better is to be expected."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import metrics
from medlab.data.dataset import Dataset

# A training of many epochs on few images has a small val, whose AUC jumps: the highest of 70 such numbers is
# luck. Averaged over a fourteenth of the epochs (5 of 70; 1, so nothing, below 21) it chooses better:
# fourfold cross-validation on BreastMNIST's train and val, 2 seeds, AUC .892 instead of .887, accuracy .867
# instead of .861.
SMOOTHED_PART = 14
_MEASURES = {"regression": "val_mse", "segmentation": "val_dice"}


class Validation:
    """The measures of predictions on val.

    Raises
    ------
    ValueError
        If val lacks one of the classes.
    """

    def __init__(self, dataset: Dataset, loss: Any = None) -> None:
        self.segmentation_loss = loss
        self.task, self.images = dataset.task, dataset.val.images
        self.measure = _MEASURES.get(self.task, "val_auc")
        self.targets = dataset.targets(dataset.val)
        if self.task == "segmentation":
            self._inside = dataset.val.unpadded
            if not self.targets.any():
                msg = f"val cannot be used to choose the best epoch: {len(self.images)} masks, all empty."
                raise ValueError(msg)
            return
        shape = (len(self.targets), len(dataset.class_names))
        try:
            self.score(np.full(shape, 1 / shape[1]) if self.task == "multiclass" else self.targets)
        except ValueError as error:
            # Now rather than after an epoch.
            msg = f"val cannot be used to choose the best epoch: {error}"
            raise ValueError(msg) from error

    def measures(self, predictions: NDArray[Any]) -> dict[str, float]:
        """Return loss and measure, and what a learner watches: how many positive images are detected."""
        row = {"val_loss": self._loss(predictions), self.measure: self.score(predictions)}
        if self.task == "binary":
            row["val_sensitivity"] = metrics.sensitivity(self.targets, predictions)
        return row

    def score(self, predictions: NDArray[Any]) -> float:
        """Return the measure by which the best epoch is chosen."""
        if self.task == "regression":
            return metrics.mse(self.targets, predictions)
        if self.task == "segmentation":
            return self._dice(predictions)
        if self.task == "multilabel":
            return metrics.auc_multilabel(self.targets, predictions)
        if self.task == "multiclass":
            return metrics.auc_multiclass(self.targets, predictions)
        return metrics.auc(self.targets, predictions)

    def _loss(self, predictions: NDArray[Any]) -> float:
        if self.task == "regression":
            return metrics.mse(self.targets, predictions)
        if self.task == "segmentation":
            return float(self.segmentation_loss(self.targets, predictions))
        inside = np.clip(predictions.astype(np.float64), 1e-7, 1 - 1e-7)
        if self.task == "multiclass":
            return float(-np.log(inside[np.arange(len(inside)), self.targets]).mean())
        return float(-np.where(self.targets == 1, np.log(inside), np.log(1 - inside)).mean())

    def _dice(self, predictions: NDArray[Any]) -> float:
        """Return the mean over foreground classes of Dice, over the voxels of all images but padding."""
        count = predictions.shape[-1]
        confusion = np.zeros((count, count))
        for truth, prediction, inside in zip(self.targets, predictions, self._inside, strict=True):
            pairs = count * truth[inside] + prediction[inside].argmax(axis=-1)
            confusion += np.bincount(pairs.ravel(), minlength=count**2).reshape(count, count)
        sizes = confusion.sum(axis=0) + confusion.sum(axis=1)
        dice = 2 * np.diag(confusion)[1:] / np.maximum(sizes[1:], 1)
        return float(dice[confusion.sum(axis=1)[1:] > 0].mean())


class Selection:
    """The history so far, which of its epochs is the best, and whether it was the last.

    Attributes
    ----------
    rows : list of dict
        One an epoch, with ``epoch`` (from 1), ``val_loss`` and the measure.
    best_epoch : int
        From 1; 0 before the first.
    """

    def __init__(self, measure: str, epochs: int, patience: int) -> None:
        self.measure, self.epochs, self.patience = measure, epochs, patience
        self._sign = 1 if measure == "val_mse" else -1
        self.rows: list[dict[str, Any]] = []
        self.best_epoch = 0

    def add(self, row: dict[str, Any]) -> bool:
        """Note an epoch; return whether it is the best so far."""
        self.rows.append(row)
        better = not self.best_epoch or self.standing(row["epoch"]) < self.standing(self.best_epoch)
        if better:
            self.best_epoch = row["epoch"]
        return better

    def standing(self, epoch: int) -> tuple[float, float]:
        """Return what is lowest for the epoch (from 1) to keep: measure, then loss, over the last few epochs.

        The loss decides between equal measures, which a small val makes common.
        """
        window = self.rows[max(0, epoch - max(1, round(self.epochs / SMOOTHED_PART))) : epoch]
        means = [float(np.mean([row[name] for row in window])) for name in (self.measure, "val_loss")]
        return self._sign * means[0], means[1]

    def is_over(self) -> bool:
        """Whether the last epoch was the last, by number or by patience."""
        if not self.rows:
            return False
        epoch = self.rows[-1]["epoch"]
        return epoch >= self.epochs or epoch - self.best_epoch >= self.patience
