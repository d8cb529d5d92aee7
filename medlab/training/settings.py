"""The options of a training, checked before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from medlab import checks
from medlab.data.dataset import Dataset

SCALES = ("smoke", "lesson", "full")
OPTIMIZERS = ("adamw", "adam", "sgd")
BALANCES = ("auto", "none", "weights", "oversample", "undersample", "focal")

# Steps times batch, that is images seen, at lesson scale: found on training and validation images of
# PneumoniaMNIST, BreastMNIST and simulated nodules (benchmarks/studies.py prints what it gives).
IMAGES_SEEN = 60_000
SMOKE_STEPS = 4
# AdamW's highest rate, and the higher one where many images leave time for a few passes only (simulated
# nodules, images apart from any test set, seeds 3 and 4: .947 instead of .942 of the ceiling's distance from
# chance).
RATE, RATE_OF_MANY_IMAGES = 2e-3, 3e-3
MANY_IMAGES = 8000


@dataclass(frozen=True)
class Settings:
    """How to train; None means: chosen from scale and data set (see `resolve`).

    Attributes
    ----------
    scale : "smoke", "lesson" or "full"
        Smoke runs a few steps and only proves that all works; full takes three times as many epochs.
    epochs, batch_size : int or None
    learning_rate : float or None
        Highest rate, reached after warm-up; then it falls to 0 along a cosine.
    optimizer : "adamw", "adam" or "sgd" (with momentum 0.9)
    balance : "auto", "none", "weights", "oversample", "undersample" or "focal"
        Auto: class weights for binary data, nothing otherwise.
    augment : bool
    warmup : float
        Part of all steps in which the rate rises.
    patience : int or None
        Epochs without a better validation measure before training stops; None: a third of all, at least 5.
    averaging : float
        Momentum of the moving average of the weights; 0: none.
    weight_decay : float
        Of AdamW.
    """

    scale: str = "lesson"
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str = "adamw"
    balance: str = "auto"
    augment: bool = True
    warmup: float = 0.1
    patience: int | None = None
    averaging: float = 0.98
    weight_decay: float = 0.004

    def __post_init__(self) -> None:
        checks.one_of("scale", self.scale, SCALES)
        checks.one_of("optimizer", self.optimizer, OPTIMIZERS)
        checks.one_of("balance", self.balance, BALANCES)
        limits = {
            "epochs": (1, None),
            "batch_size": (1, None),
            "patience": (1, None),
            "learning_rate": (1e-7, 10),
            "warmup": (0, 1),
            "averaging": (0, 0.9999),
            "weight_decay": (0, 1),
        }
        for name, (low, high) in limits.items():
            if (value := getattr(self, name)) is not None:
                # What comes back is plain: a number of NumPy's could not be written to a checkpoint.
                plain = checks.in_range(name, value, low, high, whole=high is None)
                object.__setattr__(self, name, plain)

    def resolve(self, dataset: Dataset) -> dict[str, Any]:
        """Return all options with their values for a data set."""
        count = len(dataset.train)
        batch_size = self.batch_size or (32 if count < 1000 else 64)
        epochs = self.epochs or _epochs(self.scale, count)
        balance = self.balance
        if balance == "auto":
            balance = "weights" if dataset.task == "binary" else "none"
        allowed = ("none", "focal") if dataset.task == "multilabel" else ("none",)
        if dataset.task in ("multilabel", "regression") and balance not in allowed:
            msg = (
                f"balance must be {' or '.join(allowed)} for {dataset.task} data, got {balance!r}: "
                "images have no one class."
            )
            raise ValueError(msg)
        usual = 0.05 if self.optimizer == "sgd" else RATE_OF_MANY_IMAGES if count >= MANY_IMAGES else RATE
        rate = self.learning_rate or usual
        return {
            "scale": self.scale,
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": rate,
            "optimizer": self.optimizer,
            "balance": balance,
            "augment": self.augment,
            "warmup": self.warmup,
            "patience": self.patience or max(5, math.ceil(epochs / 3)),
            "averaging": self.averaging,
            "weight_decay": self.weight_decay,
        }


def _epochs(scale: str, count: int) -> int:
    if scale == "smoke":
        return 2
    lesson = min(70, max(6, round(IMAGES_SEEN / count)))
    return 3 * lesson if scale == "full" else lesson
