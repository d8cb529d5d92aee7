"""`MapView`: an image with an attribution map over it, the map's scale, and what is known of the map."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from numpy.typing import NDArray

from medlab import plots

BAR = 65  # colors of the scale: an odd number, so that 0 is one of them


class MapView(anywidget.AnyWidget):
    """Show an image and a map over it; the page lays one over the other, so that it fades without a kernel.

    Attributes
    ----------
    heading : str
    shape : list of int
        Height and width of the image in pixels.
    pixels, colors : bytes
        Image and map, RGBA, shape (H, W, 4); where there is no map, `colors` is empty.
    bar : bytes
        The colors of the scale, RGBA, from its low end to its high one.
    ends : list of (number, text)
        Where on the scale, in [0, 1], which number stands.
    opacity : float in [0, 1]
        Of the map; at 1 it is as `medlab.plots.overlay` draws it.
    rows : list of (name, figure)
        Measures of the map; the page explains them.
    problem : str
        Why there is no map, if something went wrong.
    left : int
        How often a reader has left the panel that it is part of.
    values : array, shape (H, W), or None
        The map.
    """

    _esm = Path(__file__).parent / "static" / "map_view.js"
    heading = t.Unicode().tag(sync=True)
    shape: t.List[Any] = t.List([0, 0]).tag(sync=True)
    pixels = t.Bytes().tag(sync=True)
    colors = t.Bytes().tag(sync=True)
    bar = t.Bytes().tag(sync=True)
    ends: t.List[Any] = t.List().tag(sync=True)
    opacity = t.Float(1.0, min=0.0, max=1.0).tag(sync=True)
    rows: t.List[Any] = t.List().tag(sync=True)
    problem = t.Unicode().tag(sync=True)
    left = t.Int(0).tag(sync=True)
    values: NDArray[Any] | None = None

    def show(
        self,
        heading: str,
        image: NDArray[Any],
        values: NDArray[Any] | None = None,
        rows: Sequence[tuple[str, str]] = (),
        problem: str = "",
    ) -> None:
        """Show an image, shape (H, W, C), and a map over it, shape (H, W), if there is one."""
        self.values, colors, bar, ends = values, b"", b"", []
        if values is not None:
            rgba, top = plots.map_colors(values)
            low = -top if (values < 0).any() else 0.0
            ticks = np.linspace(low, top, 3 if low else 2)
            colors = _bytes(rgba)
            bar = _bytes(plots.map_colors(np.linspace(low, top, BAR)[np.newaxis], top)[0])
            ends = [(n / (len(ticks) - 1), f"{tick:.2g}") for n, tick in enumerate(ticks)]
        # Grays as in plots.overlay.
        low, high = (0, 255) if image.dtype.kind in "iu" else (image.min(), image.max())
        unit = (image - float(low)) / (float(high - low) or 1.0)
        opaque = np.ones((*image.shape[:2], 4))
        opaque[..., :3] = unit if image.shape[2] == 3 else unit.mean(axis=2, keepdims=True)
        with self.hold_sync():
            self.heading, self.shape, self.pixels = heading, list(image.shape[:2]), _bytes(opaque)
            self.colors, self.bar, self.ends = colors, bar, ends
            self.rows, self.problem = [list(row) for row in rows], problem

    def __repr__(self) -> str:
        return f"<MapView: {self.heading}>"


def _bytes(values: NDArray[Any]) -> bytes:
    return np.round(255 * values).astype(np.uint8).tobytes()
