"""Figures of learning: over epochs, and over the number of images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike

from medlab import checks
from medlab.plots import canvas


def history(table: pd.DataFrame, best_epoch: int | None = None) -> canvas.Picture:
    """Draw the course of a training: loss, validation measures and learning rate over epochs.

    Parameters
    ----------
    table : DataFrame, one row for each epoch
        Columns ``epoch`` and ``loss``; ``val_loss``, further ``val_...`` and ``learning_rate`` are drawn
        where they are there.
    best_epoch : int or None
        The epoch whose weights were kept, as in column ``epoch``.

    Raises
    ------
    ValueError
        If ``epoch`` or ``loss`` is missing, or no epoch was trained.
    """
    missing = [name for name in ("epoch", "loss") if name not in table]
    if missing or table.empty:
        got = f"columns {', '.join(map(str, table.columns)) or 'none'} and {len(table)} rows"
        msg = f"table must have the columns epoch and loss and a row for each epoch, got {got}."
        raise ValueError(msg)
    columns = [str(name) for name in table.columns]
    measures = [name for name in columns if name.startswith("val_") and name != "val_loss"]
    candidates = (["loss", "val_loss"], measures, ["learning_rate"])
    drawn = [present for names in candidates if (present := [name for name in names if name in columns])]
    alt = f"Training over {len(table)} epochs: {', '.join(name for names in drawn for name in names)}."
    width_in = min(canvas.WIDTH_IN, 3.5 * len(drawn))
    picture, axes = canvas.panels(1, len(drawn), width_in=width_in, height_in=3.5, alt=alt)
    for axis, names in zip(axes, drawn, strict=True):
        for name in names:
            number = name.startswith("val_") + (measures.index(name) if name in measures else 0)
            style = {**canvas.dot_style(number), **canvas.curve_style(number)}
            axis.plot(table["epoch"], table[name], **style, ms=3.5, label=_words(name))
        if best_epoch is not None:
            axis.axvline(best_epoch, color=canvas.GRAY, linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set_xlabel("epoch")
        axis.set_ylabel("loss" if names[0] == "loss" else _words(names[0]) if len(names) == 1 else "measure")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
        if names[0] == "learning_rate":
            axis.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
        elif len(names) > 1 or best_epoch is not None:
            # Below: two measures that cross leave no free corner.
            axis.legend(fontsize=canvas.SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    return picture


def learning_curve(
    sizes: ArrayLike,
    scores: Mapping[str, ArrayLike],
    *,
    measure: str = "AUC",
) -> canvas.Picture:
    """Draw a measure against the number of training images, every seed a point, the mean a line.

    Parameters
    ----------
    sizes : array, shape (S,), > 0
        Numbers of training images.
    scores : dict of arrays, shape (S, R)
        For each curve's name: R seeds at each size.
    measure : str
        Label of the vertical axis.
    """
    numbers = np.asarray(sizes)
    alt = f"{measure} against {len(numbers)} numbers of training images, {', '.join(scores)}."
    picture, (axis, *_) = canvas.panels(width_in=6.0, height_in=3.8, alt=alt)
    for i, (name, values) in enumerate(scores.items()):
        runs = np.asarray(values, dtype=np.float64)
        if runs.ndim != 2 or len(runs) != len(numbers):
            msg = f"scores[{name!r}] must have shape ({len(numbers)}, seeds), got {runs.shape}."
            raise ValueError(msg)
        each = np.repeat(numbers, runs.shape[1])
        axis.plot(each, runs.ravel(), **canvas.dot_style(i), ms=4, alpha=0.55, mew=0)
        label = f"{canvas.in_legend(name)}, mean of {runs.shape[1]} seeds"
        axis.plot(numbers, runs.mean(axis=1), **canvas.curve_style(i), label=label)
    checks.in_range("the smallest of sizes", numbers.min(), 1)
    axis.set_xscale("log")
    axis.set_xticks(numbers)
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("training images (log scale)")
    axis.set_ylabel(measure)
    axis.legend(fontsize=canvas.SMALL)
    return picture


def _words(name: str) -> str:
    words = {"loss": "training", "val_loss": "validation", "learning_rate": "learning rate"}
    return words.get(name, name.replace("val_auc", "validation AUC").replace("val_", "validation "))
