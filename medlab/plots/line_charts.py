"""Curves over steps: charts as plain data, drawn by matplotlib here and a page elsewhere; sequences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.plots import canvas

MARKED = 40  # points up to which each is marked


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes
    ----------
    name : str
        For the legend; empty: not in it.
    x, y : sequences of float, of one length
        Points that are not finite are left out.
    color : int
        Number in the palette.
    dashed : bool
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0
    dashed: bool = False

    def __post_init__(self) -> None:
        checks.same_length(x=self.x, y=self.y)

    def points(self) -> list[tuple[float, float]]:
        """Return the points that are finite."""
        pairs = zip(self.x, self.y, strict=True)
        return [(float(x), float(y)) for x, y in pairs if np.isfinite(x) and np.isfinite(y)]

    def _columns(self) -> NDArray[np.float64]:
        """Return x and y of the points that are finite, shape (2, T)."""
        return np.array(self.points(), dtype=np.float64).reshape(-1, 2).T


@dataclass(frozen=True)
class Chart:
    """Curves over one pair of axes.

    Attributes
    ----------
    x_label, y_label : str
        With units.
    lines : sequence of Line
    mark : float or None
        A place on the horizontal axis, shown as a dotted line.
    mark_name : str
        What it means.
    """

    x_label: str
    y_label: str
    lines: Sequence[Line]
    mark: float | None = None
    mark_name: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON knows, colors as hexadecimal numbers."""
        lines = []
        for line in self.lines:
            x, y = line._columns().tolist()
            color = canvas.COLORS[line.color % len(canvas.COLORS)]
            lines.append({"name": line.name, "x": x, "y": y, "color": color, "dashed": line.dashed})
        return {**dataclasses.asdict(dataclasses.replace(self, lines=())), "lines": lines}


def charts(described: Iterable[Chart], alt: str = "") -> canvas.Picture:
    """Draw charts side by side.

    Parameters
    ----------
    described : iterable of Chart
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    listed = list(described)
    picture, axes = canvas.panels(1, max(1, len(listed)), height_in=3.4, alt=alt)
    for axis, chart in zip(axes, listed, strict=False):
        _draw(axis, chart)
    named = [axis.get_legend_handles_labels() for axis in picture.axes]
    if named and named[0][1] and all(labels == named[0][1] for _, labels in named):
        picture.legend(*named[0], loc="outside lower center", ncols=4, fontsize=canvas.SMALL, frameon=False)
    else:
        for axis, (_, labels) in zip(picture.axes, named, strict=True):
            if labels:
                axis.legend(fontsize=canvas.SMALL, framealpha=0.85)
    return picture


def chart_beside_tiles(chart: Chart, tiles: ArrayLike, *, title: str = "", alt: str = "") -> canvas.Picture:
    """Draw a chart and, beside it, gray images as one mosaic.

    Parameters
    ----------
    chart : Chart
    tiles : array, shape (R, C, H, W)
        R rows of C images.
    title : str
        Of the mosaic: what it shows, and that it is simulated where it is.
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    picture, (left, right) = canvas.panels(1, 2, height_in=3.2, alt=alt)
    _draw(left, chart)
    if left.get_legend_handles_labels()[1]:
        left.legend(fontsize=canvas.SMALL, framealpha=0.85)
    right.imshow(mosaic(tiles), cmap="gray")
    right.set_title(title, fontsize=canvas.SMALL)
    right.set_axis_off()
    return picture


def mosaic(tiles: ArrayLike) -> NDArray[Any]:
    """Put images, shape (R, C, H, W), into one, shape (R H, C W)."""
    return np.block([list(row) for row in np.asarray(tiles)])


def _draw(axis: Axes, chart: Chart) -> None:
    for line in chart.lines:
        x, y = line._columns()
        style = {**canvas.dot_style(line.color), "linestyle": "--" if line.dashed else "-"}
        if len(x) > MARKED:
            style["marker"] = ""
        axis.plot(x, y, **style, markersize=3.5, label=line.name or "_")
    if chart.mark is not None:
        axis.axvline(chart.mark, color=canvas.GRAY, linestyle=":", label=chart.mark_name)
    axis.set_xlabel(chart.x_label)
    axis.set_ylabel(chart.y_label, fontsize=canvas.SMALL)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    if not any(line.points() for line in chart.lines):
        axis.text(0.5, 0.5, "nothing trained yet", transform=axis.transAxes, ha="center", color=canvas.GRAY)


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
        axis.plot(steps, np.asarray(values), **canvas.curve_style(i), label=canvas.in_legend(name))
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
    panels: Mapping[str, ArrayLike], *, x_label: str = "step", y_label: str = "unit"
) -> canvas.Picture:
    """Draw the states of a recurrent network, steps from left to right, one row a number of the state.

    Parameters
    ----------
    panels : dict of arrays, shape (T, U)
        All on one color scale, symmetric around 0: blue below, white at 0, red above.
    x_label, y_label : str

    Raises
    ------
    ValueError
        If a panel has not two axes, or none is given.
    """
    values = {name: np.asarray(array, dtype=float) for name, array in panels.items()}
    wrong = {name: array.shape for name, array in values.items() if array.ndim != 2}
    if wrong or not values:
        msg = f"panels must be arrays of shape (T, U), at least one, got {wrong or 'none'}."
        raise ValueError(msg)
    largest = max(float(np.abs(array).max()) for array in values.values()) or 1.0
    picture, axes = canvas.panels(
        1, len(values), height_in=3.2, alt=f"States over steps: {', '.join(values)}."
    )
    for axis, (name, array) in zip(axes, values.items(), strict=True):
        axis.grid(visible=False)
        drawn = axis.imshow(
            array.T, aspect="auto", cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest"
        )
        axis.set_title(name, fontsize=canvas.SMALL)
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
    picture.colorbar(drawn, ax=list(axes), label="state")
    return picture
