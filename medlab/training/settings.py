"""The options of a training: their ranges, their help and their sliders, checked before anything runs."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from medlab import checks
from medlab.data.dataset import Dataset

T = TypeVar("T")

# Steps times batch, that is images seen, at lesson scale: found on training and validation images of
# PneumoniaMNIST, BreastMNIST and simulated nodules (benchmarks/studies.py prints what it gives).
IMAGES_SEEN = 60_000
SMOKE_STEPS = 4
# AdamW's highest rate, and the higher one where many images leave time for a few passes only (simulated
# nodules, images apart from any test set, seeds 3 and 4: .947 instead of .942 of the ceiling's distance from
# chance).
RATE, RATE_OF_MANY_IMAGES = 2e-3, 3e-3
MANY_IMAGES = 8000


def option(
    default: Any,
    about: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    label: str = "",
    control: str = "",
    offered: tuple[float, ...] = (),
) -> Any:
    """Return a field of `Settings`: the one place where an option is described.

    Parameters
    ----------
    default, about
        Its value where none is given, and what it does, for docstrings and tooltips.
    low, high, choices
        What is accepted.
    label : str
        Name beside its control; its own name by default.
    control : "log", "linear", "values", "choices", "switch" or ""
        What moves it in a panel; empty: nothing.
    offered : tuple of float
        Ends of a "log" or "linear" control, the "values" of the other.
    """
    facts = {"about": about, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata={**facts, "label": label, "control": control, "offered": offered})


def described(owner: T) -> T:
    """List the options, with their ranges and their help, where a docstring says ``{options}``."""
    lines = []
    for entry in fields(owner) if is_dataclass(owner) else fields(Settings):
        facts = entry.metadata
        *quoted, last = [f'"{choice}"' for choice in facts["choices"]] or [str(entry.type)]
        accepted = f"{', '.join(quoted)} or {last}" if quoted else last
        if facts["low"] is not None:
            low, high = facts["low"], facts["high"]
            accepted += f", >= {low:g}" if high is None else f" in [{low:g}, {high:g}]"
        accepted += ", or None" if entry.default is None else ""
        lines += [f"{entry.name} : {accepted}", textwrap.indent(textwrap.fill(facts["about"], 98), "    ")]
    if owner.__doc__:  # python -OO has none
        owner.__doc__ = owner.__doc__.replace("{options}", textwrap.indent("\n".join(lines), "    ").strip())
    return owner


def balances(task: str) -> tuple[str, ...]:
    """Return the ways to balance classes that a task allows: few where images have no one class."""
    if task in ("regression", "segmentation"):
        return ("none",)
    if task == "multilabel":
        return ("none", "focal")
    return ("none", "weights", "oversample", "undersample", "focal")


@described
@dataclass(frozen=True)
class Settings:
    """How to train; None means: chosen from scale and data set (see `resolve`).

    Attributes
    ----------
    {options}
    """

    # Numbers without a default are typed as what `resolve` makes of them: everybody reads them after it.
    scale: str = option(
        "lesson",
        "Smoke runs a few steps and only proves that all works; full takes three times as many epochs.",
        choices=("smoke", "lesson", "full"),
    )
    learning_rate: float = option(
        None,
        "Highest rate, reached after warm-up; then it falls to 0 along a cosine.",
        low=1e-7,
        high=10,
        control="log",
        offered=(1e-5, 1.0),
    )
    batch_size: int = option(
        None, "Images a step.", low=1, control="values", offered=(4, 8, 16, 32, 64, 128, 256)
    )
    epochs: int = option(None, "Passes over the training images.", low=1, control="linear", offered=(1, 100))
    optimizer: str = option(
        "adamw",
        "What turns gradients into steps; sgd has momentum 0.9.",
        choices=("adamw", "adam", "sgd"),
        control="choices",
    )
    balance: str = option(
        "auto",
        "How rare classes are made up for. Auto: class weights for binary data, nothing otherwise.",
        choices=("auto", *balances("binary")),
        label="class balance",
        control="choices",
    )
    augment: bool = option(
        True, "Whether training images are changed at random.", label="augmentation", control="switch"
    )
    warmup: float = option(0.1, "Part of all steps in which the rate rises.", low=0, high=1)
    patience: int = option(
        None,
        "Epochs without a better validation measure before training stops; None: a third of all, at least 5.",
        low=1,
    )
    averaging: float = option(
        0.98,
        "Momentum of the moving average of the weights; 0: none. In a segmentation of fewer than 500 steps "
        "it is lower: 1 - 10 / steps.",
        low=0,
        high=0.9999,
    )
    weight_decay: float = option(0.004, "Of AdamW.", low=0, high=1)
    loss: str = option(
        "auto",
        "What a segmentation minimizes: see `medlab.training.losses.Overlap`; auto takes dice_cross_entropy, "
        "and other tasks have their own loss.",
        choices=("auto", "dice_cross_entropy", "dice", "tversky"),
    )
    patches: int = option(
        1, "Patches of each image in an epoch, where the network sees patches and no whole images.", low=1
    )

    def __post_init__(self) -> None:
        for entry in fields(self):
            name, value, facts = entry.name, getattr(self, entry.name), entry.metadata
            if facts["choices"]:
                checks.one_of(name, value, facts["choices"])
            elif facts["low"] is not None and value is not None:
                # What comes back is plain: a number of NumPy's could not be written to a checkpoint.
                plain = checks.in_range(name, value, facts["low"], facts["high"], whole=entry.type == "int")
                object.__setattr__(self, name, plain)

    def resolve(self, dataset: Dataset) -> Settings:
        """Return settings in which what was None or "auto" has its value for a data set.

        Raises
        ------
        ValueError
            If the data set's task does not allow the balance or the loss.
        """
        count, task = len(dataset.train) * self.patches, dataset.task
        epochs = self.epochs or _epochs(self.scale, count)
        balance = self.balance
        if balance == "auto":
            balance = "weights" if task == "binary" else "none"
        if balance not in balances(task):
            allowed = " or ".join(balances(task))  # images have no one class
            msg = f"balance must be {allowed} for {task} data, got {balance!r}."
            raise ValueError(msg)
        segments = task == "segmentation"
        if self.loss != "auto" and not segments:
            msg = f"loss must be 'auto' for {task} data, got {self.loss!r}: only a segmentation has a choice."
            raise ValueError(msg)
        few = (4 if dataset.train.images.ndim == 5 else 16) if segments else 32
        usual = 0.05 if self.optimizer == "sgd" else RATE_OF_MANY_IMAGES if count >= MANY_IMAGES else RATE
        batch_size = self.batch_size or (few if count < 1000 or segments else 64)
        averaging = self.averaging
        if segments:
            # With 60 steps on simulated lungs, .98 still remembers the first weights, and no pixel was found.
            averaging = min(averaging, max(0.0, 1 - 10 / (epochs * max(1, count // batch_size))))
        return replace(
            self,
            epochs=epochs,
            batch_size=batch_size,
            averaging=averaging,
            loss="dice_cross_entropy" if segments and self.loss == "auto" else self.loss,
            learning_rate=self.learning_rate or usual,
            balance=balance,
            patience=self.patience or max(5, math.ceil(epochs / 3)),
        )


def _epochs(scale: str, count: int) -> int:
    if scale == "smoke":
        return 2
    lesson = min(70, max(6, round(IMAGES_SEEN / count)))
    return 3 * lesson if scale == "full" else lesson
