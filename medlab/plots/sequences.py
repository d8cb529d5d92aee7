"""Figures of what happens along a sequence: lines over steps, and the states of a recurrent network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import LogFormatter
from numpy.typing import ArrayLike

from medlab import checks
from medlab.plots import canvas


def lines(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
    spans: Sequence[tuple[float, float]] = (),
    span_name: str = "",
    alt: str = "",
) -> canvas.Picture:
    """Draw named curves over the same steps.

    Parameters
    ----------
    x : array, shape (T,)
    curves : dict of arrays, shape (T,)
        Told apart by color and dash.
    x_label, y_label : str
        With units.
    logarithmic : bool
        Of the vertical axis; values of 0 and below are left out.
    spans : (from, to) pairs, in the units of `x`
        Shaded, such as the time of a seizure.
    span_name : str
        What the shade means.
    alt : str
        What is to be seen, for readers who cannot see it.

    Raises
    ------
    ValueError
        If a curve has another length than `x`.
    """
    steps = np.asarray(x)
    checks.same_length(x=steps, **{name: np.asarray(values) for name, values in curves.items()})
    picture, (axis, *_) = canvas.panels(
        width_in=7.0, height_in=3.4, alt=alt or f"{y_label} against {x_label}: {', '.join(curves)}."
    )
    for i, (start, end) in enumerate(spans):
        axis.axvspan(start, end, color=canvas.ORANGE, alpha=0.25, linewidth=0, label="" if i else span_name)
    for i, (name, values) in enumerate(curves.items()):
        color, dash, label = canvas.COLORS[i % 7], canvas.DASHES[i % 7], canvas.in_legend(name)
        axis.plot(steps, np.asarray(values), color=color, linestyle=dash, label=label)
    if logarithmic:
        axis.set_yscale("log", nonpositive="mask")
        # Matplotlib's own writes powers as formulas, which pictures do not read.
        axis.yaxis.set_major_formatter(LogFormatter())
        axis.yaxis.set_minor_formatter(LogFormatter())
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    if len(curves) > 1 or span_name:
        axis.legend(fontsize=canvas.SMALL, framealpha=0.85)
    return picture


def states(
    panels: Mapping[str, ArrayLike], *, x_label: str = "step", y_label: str = "unit", alt: str = ""
) -> canvas.Picture:
    """Draw the states of a recurrent network, steps from left to right, one row a number of the state.

    Parameters
    ----------
    panels : dict of arrays, shape (T, U)
        All on one color scale, symmetric around 0: blue below, white at 0, red above.
    x_label, y_label : str
    alt : str
        What is to be seen, for readers who cannot see it.

    Raises
    ------
    ValueError
        If a panel has not two axes, or none is given.
    """
    values = {name: np.asarray(given, dtype=float) for name, given in panels.items()}
    wrong = {name: given.shape for name, given in values.items() if given.ndim != 2}
    if wrong or not values:
        msg = f"panels must be arrays of shape (T, U), at least one, got {wrong or 'none'}."
        raise ValueError(msg)
    largest = max(float(np.abs(given).max()) for given in values.values()) or 1.0
    picture, axes = canvas.panels(
        1, len(values), height_in=3.2, alt=alt or f"States over steps: {', '.join(values)}."
    )
    for axis, (name, given) in zip(axes, values.items(), strict=True):
        axis.grid(visible=False)
        drawn = axis.imshow(
            given.T, aspect="auto", cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest"
        )
        axis.set_title(name, fontsize=canvas.SMALL)
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
    picture.colorbar(drawn, ax=list(axes), label="state")
    return picture
