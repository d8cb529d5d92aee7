"""Figures of learning: over epochs, and over the number of images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
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
        found = f"columns {', '.join(map(str, table.columns)) or 'none'} and {len(table)} rows"
        msg = f"table must have the columns epoch and loss and a row for each epoch, got {found}."
        raise ValueError(msg)
    columns = [str(name) for name in table.columns]
    measures = [name for name in columns if name.startswith("val_") and name != "val_loss"]
    drawn = [["loss", "val_loss"], *([measures] if measures else []), ["learning_rate"]]
    drawn = [[name for name in names if name in columns] for names in drawn]
    drawn = [names for names in drawn if names]
    alt = f"Training over {len(table)} epochs: {', '.join(name for names in drawn for name in names)}."
    width_in = min(canvas.WIDTH_IN, 3.5 * len(drawn))
    picture, axes = canvas.panels(1, len(drawn), width_in=width_in, height_in=3.5, alt=alt)
    for axis, names in zip(axes, drawn, strict=True):
        for name in names:
            style = 1 if name.startswith("val_") else 0
            style += measures.index(name) if name in measures else 0
            color = canvas.COLORS[style]
            dash, marker = canvas.DASHES[style], canvas.MARKERS[style]
            axis.plot(
                table["epoch"], table[name], dash, marker=marker, ms=3.5, color=color, label=_words(name)
            )
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
    ceiling: float | None = None,
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
    ceiling : float or None
        The best value possible, where it is known.
    """
    numbers = np.asarray(sizes)
    alt = f"{measure} against {len(numbers)} numbers of training images, {', '.join(scores)}."
    picture, (axis, *_) = canvas.panels(width_in=6.0, height_in=3.8, alt=alt)
    for i, (name, values) in enumerate(scores.items()):
        runs = np.asarray(values, dtype=np.float64)
        if runs.ndim != 2 or len(runs) != len(numbers):
            msg = f"scores[{name!r}] must have shape ({len(numbers)}, seeds), got {runs.shape}."
            raise ValueError(msg)
        color, marker = canvas.COLORS[i % 7], canvas.MARKERS[i % 7]
        axis.plot(
            np.repeat(numbers, runs.shape[1]), runs.ravel(), marker, color=color, ms=4, alpha=0.55, mew=0
        )
        label = f"{canvas.in_legend(name)}, mean of {runs.shape[1]} seeds"
        axis.plot(numbers, runs.mean(axis=1), linestyle=canvas.DASHES[i % 7], color=color, label=label)
    if ceiling is not None:
        axis.axhline(ceiling, color=canvas.GRAY, linestyle=":", label=f"ceiling {ceiling:.3f}")
    _log_counts(axis, numbers)
    axis.set_xlabel("training images (log scale)")
    axis.set_ylabel(measure)
    axis.legend(fontsize=canvas.SMALL)
    return picture


def _log_counts(axis: Axes, numbers: np.ndarray) -> None:
    checks.in_range("the smallest of sizes", numbers.min(), 1)
    axis.set_xscale("log")
    axis.set_xticks(numbers)
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def _words(name: str) -> str:
    words = {"loss": "training", "val_loss": "validation", "learning_rate": "learning rate"}
    return words.get(name, name.replace("val_auc", "validation AUC").replace("val_", "validation "))
