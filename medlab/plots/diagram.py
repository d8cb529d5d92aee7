"""Diagrams: boxes, nodes, arrays and arrows on a sheet whose units are the reader's own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from numpy.typing import ArrayLike

from medlab.plots.canvas import BLACK, BLUE, GRAY, ORANGE, SMALL, WIDTH_IN, Picture

Point = tuple[float, float]
_TINT = 0.18  # how much of a color fills a shape: black text stays readable on it


class Diagram(Picture):
    """A sheet to draw on; x runs to the right and y downwards, as rows of an image do.

    Every shape returns its center, and an arrow from or to that point stops at the shape's edge.

    Parameters
    ----------
    width, height : float
        Size of the sheet in units; one unit is as wide as it is high, and text does not grow with it.
    alt : str
        What the diagram shows, in a sentence, for readers who cannot see it.
    width_in : float, inches
        Width of the picture.
    """

    def __init__(self, width: float, height: float, alt: str, *, width_in: float = WIDTH_IN) -> None:
        super().__init__(width_in, width_in * height / width, alt)
        self._axes = self.add_subplot(xlim=(0, width), ylim=(height, 0), aspect="equal")
        self._axes.set_axis_off()
        self._shapes: dict[Point, Patch] = {}

    def label(self, x: float, y: float, text: str, *, color: str = BLACK, **options: Any) -> Point:
        """Write a text, centered on a point unless `ha` or `va` say otherwise."""
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL, "zorder": 4, **options}
        self._axes.text(x, y, text, color=color, **style)
        return x, y

    def box(
        self, x: float, y: float, text: str, *, width: float = 2.0, height: float = 1.0, color: str = BLUE
    ) -> Point:
        """Draw a rounded box around its text, centered on a point."""
        corner = (x - width / 2 + 0.1, y - height / 2 + 0.1)
        style = "round,pad=0.1,rounding_size=0.15"
        return self._add(x, y, FancyBboxPatch(corner, width - 0.2, height - 0.2, style, **_look(color)), text)

    def node(self, x: float, y: float, text: str = "", *, radius: float = 0.4, color: str = BLUE) -> Point:
        """Draw a circle around its text: a unit of a network, or an operation."""
        return self._add(x, y, Circle((x, y), radius, **_look(color)), text)

    def array(
        self,
        x: float,
        y: float,
        values: ArrayLike,
        *,
        cell: float = 1.0,
        color: str = BLUE,
        marked: Sequence[tuple[int, int]] = (),
    ) -> Point:
        """Draw an array, shape (rows, columns), from its upper left corner, one number or text a cell.

        Cells of `marked`, pairs of (row, column), are filled with a second color and drawn with a thick edge.
        """
        rows = np.asarray(values)
        for (row, column), value in np.ndenumerate(rows):
            is_marked = (row, column) in marked
            look = _look(ORANGE if is_marked else color) | {"linewidth": 2.0 if is_marked else 0.8}
            corner = (x + column * cell, y + row * cell)
            text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
            rectangle = Rectangle(corner, cell, cell, **look)
            rectangle.set_zorder(2.5 if is_marked else 2)  # its edge is seen whole
            self._add(corner[0] + cell / 2, corner[1] + cell / 2, rectangle, text)
        return x + rows.shape[1] * cell / 2, y + rows.shape[0] * cell / 2

    def arrow(
        self,
        start: Point,
        end: Point,
        text: str = "",
        *,
        gap: float = 0.4,
        bend: float = 0.0,
        color: str = GRAY,
        **options: Any,
    ) -> None:
        """Draw an arrow between two points, with its text beside the middle, to the left of the way.

        It stops at the edge of a shape whose center an end is, and `gap` short of any other point. `bend` is
        the height of its arc over its length; a positive one bends to the left of the way.
        """
        first, last = np.asarray(start, float), np.asarray(end, float)
        along = (last - first) / np.hypot(*(last - first))
        shapes = [self._shapes.get(point) for point in (start, end)]
        first, last = first + (shapes[0] is None) * gap * along, last - (shapes[1] is None) * gap * along
        style: dict[str, Any] = {"mutation_scale": 12, "linewidth": 1.2, "zorder": 1, "color": color}
        style |= {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={-2 * bend}", **options}
        self._axes.add_patch(FancyArrowPatch(first, last, patchA=shapes[0], patchB=shapes[1], **style))
        if text:
            # The text stands a little further out than the middle of the arc.
            side = np.array([along[1], -along[0]])
            x, y = (first + last) / 2 + side * (bend * np.hypot(*(last - first)) + 0.25)
            beside = {0: "center", 1: "left", -1: "right"}
            self.label(x, y, text, color=color, ha=beside[int(np.sign(round(side[0])))])

    def _add(self, x: float, y: float, shape: Patch, text: str) -> Point:
        self._shapes[x, y] = self._axes.add_patch(shape)
        return self.label(x, y, text)


def _look(color: str) -> dict[str, Any]:
    """Return the look of a shape: a pale ground of its color with a full edge."""
    pale = tuple(1 - _TINT * (1 - part) for part in to_rgb(color))
    return {"facecolor": pale, "edgecolor": color, "linewidth": 1.2, "zorder": 3}
