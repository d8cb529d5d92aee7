"""Charts as plain data: the same description is drawn by matplotlib here and by a page elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
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
            points = line.points()
            lines.append(
                {
                    "name": line.name,
                    "x": [x for x, _ in points],
                    "y": [y for _, y in points],
                    "color": canvas.COLORS[line.color % len(canvas.COLORS)],
                    "dashed": line.dashed,
                }
            )
        return {**dataclasses.asdict(dataclasses.replace(self, lines=())), "lines": lines}


def charts(described: Iterable[Chart], alt: str = "") -> canvas.Picture:
    """Draw charts side by side.

    Parameters
    ----------
    described : iterable of Chart
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    found = list(described)
    picture, axes = canvas.panels(1, max(1, len(found)), height_in=3.4, alt=alt)
    for axis, chart in zip(axes, found, strict=False):
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
        points = line.points()
        axis.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=canvas.COLORS[line.color % len(canvas.COLORS)],
            linestyle="--" if line.dashed else "-",
            marker=canvas.MARKERS[line.color % len(canvas.MARKERS)] if len(points) <= MARKED else "",
            markersize=3.5,
            label=line.name or "_",
        )
    if chart.mark is not None:
        axis.axvline(chart.mark, color=canvas.GRAY, linestyle=":", label=chart.mark_name)
    axis.set_xlabel(chart.x_label)
    axis.set_ylabel(chart.y_label, fontsize=canvas.SMALL)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    if not any(line.points() for line in chart.lines):
        axis.text(0.5, 0.5, "nothing trained yet", transform=axis.transAxes, ha="center", color=canvas.GRAY)
