"""`LiveCharts`: curves that the page draws anew whenever their data change."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from medlab import plots
from medlab_widgets.picture_mixin import PictureMixin


class LiveCharts(PictureMixin, anywidget.AnyWidget):
    """Charts side by side, drawn by the page from plain numbers.

    Parameters
    ----------
    described : iterable of medlab.plots.Chart
    alt : str
        What is to be seen, for readers who cannot see it.

    Examples
    --------
    ``LiveCharts([Chart("epoch", "loss", [Line("run 1", [1, 2], [0.7, 0.5])])], alt="Loss of one run")``
    """

    _esm = Path(__file__).parent / "static" / "live_charts.js"
    charts: t.List[Any] = t.List(read_only=True).tag(sync=True)
    alt = t.Unicode("Charts", read_only=True).tag(sync=True)

    def __init__(self, described: Iterable[plots.Chart] = (), alt: str = "Charts", **traits: Any) -> None:
        super().__init__(**traits)
        self.show(described, alt)

    def show(self, described: Iterable[plots.Chart], alt: str) -> None:
        """Draw these charts instead; only what differs is sent."""
        self._described = list(described)
        with self.hold_sync():
            self.set_trait("charts", [chart.as_dict() for chart in self._described])
            self.set_trait("alt", alt)

    def picture(self) -> plots.Picture:
        """Return the charts as a picture."""
        return plots.charts(self._described, self.alt)

    def __repr__(self) -> str:
        return f"<LiveCharts: {self.alt}>"
