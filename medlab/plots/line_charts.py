"""Curves: charts as plain data, drawn here and by a page elsewhere; sequences, cases and trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.plots import canvas
from medlab.text import counted

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

    def points(self) -> NDArray[np.float64]:
        """Return x and y of the points that are finite, shape (2, T)."""
        points = np.array([self.x, self.y], dtype=np.float64)
        return points[:, np.isfinite(points).all(axis=0)]


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
            x, y = line.points().tolist()
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
    """Put images, shape (R, C, H, W) or (R, C, H, W, 3), into one, shape (R H, C W) or (R H, C W, 3)."""
    return np.concatenate([np.concatenate(row, axis=1) for row in np.asarray(tiles)])


def _draw(axis: Axes, chart: Chart) -> None:
    for line in chart.lines:
        x, y = line.points()
        style = {**canvas.dot_style(line.color), "linestyle": "--" if line.dashed else "-"}
        if len(x) > MARKED:
            style["marker"] = ""
        axis.plot(x, y, **style, markersize=3.5, label=line.name or "_")
    if chart.mark is not None:
        axis.axvline(chart.mark, color=canvas.GRAY, linestyle=":", label=chart.mark_name)
    axis.set_xlabel(chart.x_label)
    axis.set_ylabel(chart.y_label, fontsize=canvas.SMALL)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    if not any(line.points().size for line in chart.lines):
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
    width_in: float = 7.0,
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
    width_in : float, inches
        Of the figure; beside another one in a report, that one's.
    alt : str
        What is to be seen, for readers who cannot see it.

    Raises
    ------
    ValueError
        If a curve has another length than `x`.
    """
    steps = np.asarray(x)
    checks.same_length(x=steps, **{name: np.asarray(values) for name, values in curves.items()})
    alt = alt or f"{y_label} against {x_label}: {', '.join(curves)}."
    picture, (axis, *_) = canvas.panels(width_in=width_in, height_in=3.4, alt=alt)
    for i, (start, end) in enumerate(spans):
        axis.axvspan(start, end, color=canvas.ORANGE, alpha=0.25, linewidth=0, label="" if i else span_name)
    for i, (name, values) in enumerate(curves.items()):
        axis.plot(steps, np.asarray(values), **canvas.curve_style(i), label=canvas.in_legend(name))
    if logarithmic:
        axis.set_yscale("log", nonpositive="mask")
    axis.set(xlabel=x_label, ylabel=y_label)
    if len(curves) > 1 or span_name:
        axis.legend(fontsize=canvas.SMALL, framealpha=0.85)
    return picture


def dots(
    x: Mapping[str, ArrayLike], panels: Mapping[str, Mapping[str, ArrayLike]], x_label: str, diagonal: str
) -> canvas.Picture:
    """Draw measures of the same cases against one quantity, a panel for each measure.

    Parameters
    ----------
    x : dict of arrays, shape (N,)
        The quantity, for each group of cases.
    panels : dict of dict of arrays, shape (N,)
        Label of a vertical axis, with its unit, to values of the groups; what is not finite is not drawn.
    x_label : str
    diagonal : str
        The panel that gets the line where both are equal, and the legend.
    """
    alt = f"{', '.join(panels)} against {x_label}: {', '.join(x)}."
    picture, axes = canvas.panels(1, len(panels), height_in=3.2, alt=alt)
    for axis, (y_label, groups) in zip(axes, panels.items(), strict=True):
        for i, (name, values) in enumerate(groups.items()):
            style = {**canvas.dot_style(i), "markersize": 4, "alpha": 0.6, "label": canvas.in_legend(name)}
            axis.plot(np.asarray(x[name]), np.asarray(values), **style)
        axis.set(xlabel=x_label, ylabel=y_label)
        if y_label == diagonal:
            axis.axline((0, 0), slope=1, color=canvas.GRAY, linestyle="--", linewidth=1.2, label="equal")
            axis.legend(fontsize=canvas.SMALL, framealpha=0.85)
    return picture


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
    curves = ", ".join(name for names in drawn for name in names)
    alt = f"Training over {counted(len(table), 'epoch')}: {curves}."
    width_in = min(canvas.WIDTH_IN, 3.5 * len(drawn))
    picture, axes = canvas.panels(1, len(drawn), width_in=width_in, height_in=3.5, alt=alt)
    for axis, names in zip(axes, drawn, strict=True):
        first = int(names[0].startswith("val_"))
        shown = [
            Line(_words(name), table["epoch"].tolist(), table[name].tolist(), color, dashed=color > 0)
            for color, name in enumerate(names, first)
        ]
        label = "loss" if names[0] == "loss" else _words(names[0]) if len(names) == 1 else "measure"
        _draw(axis, Chart("epoch", label, shown, best_epoch, f"kept: epoch {best_epoch}"))
        if names[0] == "learning_rate":
            axis.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
        elif len(names) > 1 or best_epoch is not None:
            # Below: two measures that cross leave no free corner.
            axis.legend(fontsize=canvas.SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    return picture


def _words(name: str) -> str:
    words = {"loss": "training", "val_loss": "validation", "learning_rate": "learning rate"}
    return words.get(name, name.replace("val_auc", "validation AUC").replace("val_", "validation "))
