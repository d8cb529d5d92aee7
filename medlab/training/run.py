"""What a training leaves behind: the network with its best weights, and how it got there."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from medlab.data.normalization import Normalization
from medlab.models import predict
from medlab.text import duration


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes
    ----------
    model : keras.Model
        With the weights of the best epoch.
    task : str
    normalization : Normalization
        What brings raw images to the network's input; fitted on train.
    history : pandas.DataFrame
        A row an epoch: ``epoch`` (from 1), ``loss``, ``val_loss``, the monitored measure (``val_auc``;
        ``val_mse`` for a regression; ``val_dice`` for a segmentation: that of each foreground class over the
        voxels of all validation images, averaged over the classes), for binary data ``val_sensitivity`` (from
        a probability of 0.5 on), ``learning_rate``, ``seconds``.
    best_epoch : int
        From 1: the epoch whose weights were kept. In a training of more than 20 epochs, the one with the best
        mean validation measure of itself and the epochs before it, up to a fourteenth of all.
    train_seconds : float
        Wall time of the training loop, validation included, compilation too.
    options : mapping
        Every option of `fit` as it was used, defaults filled in.
    seed : int
    backend : str
    target_names : tuple of str
        The classes in the order of the targets, see `Dataset.target_names`; empty where nobody said.
    """

    model: Any
    task: str
    normalization: Normalization
    history: pd.DataFrame
    best_epoch: int
    train_seconds: float
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    backend: str = "tensorflow"
    target_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        kept: Any = self.history[self.history["epoch"] == self.best_epoch].to_dict("records")
        measures = {name: row[name] for row in kept for name in row if name.startswith("val_")}
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        best = f"  best epoch  {self.best_epoch} of {len(self.history)}"
        lines = [f"Run of {self.model.name} on {self.task} data", best]
        lines += [f"  {name:<11} {value:.3f}" for name, value in measures.items()]
        lines.append(f"  trained     {duration(self.train_seconds)} on {self.backend}, seed {self.seed}")
        lines += textwrap.wrap(options, 100, initial_indent="  options     ", subsequent_indent=" " * 14)
        return "\n".join(lines)

    def normalize(self, images: ArrayLike) -> NDArray[Any]:
        """Bring raw images, shape (N, ..., C), to the network's input."""
        return self.normalization.apply(images)

    def predict(self, images: ArrayLike) -> NDArray[Any]:
        """Return probabilities for raw images: see `medlab.models.predict`."""
        return predict(self.model, self.normalize, images)
