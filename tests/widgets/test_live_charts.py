"""Charts as data: what is sent to a page, and the same drawn by matplotlib."""

import numpy as np
import pytest

from medlab import plots
from medlab.plots import Chart, Line
from medlab_widgets import LiveCharts

RUN = Line("run 1", [1, 2, 3], [0.9, np.nan, 0.5], color=1, dashed=True)


def test_a_line_leaves_out_what_is_no_number():
    assert RUN.points().tolist() == [[1.0, 3.0], [0.9, 0.5]]


def test_a_chart_as_plain_values():
    chart = Chart("epoch", "loss", [RUN], mark=3, mark_name="kept: epoch 3")
    assert chart.as_dict() == {
        "x_label": "epoch",
        "y_label": "loss",
        "mark": 3,
        "mark_name": "kept: epoch 3",
        "lines": [{"name": "run 1", "x": [1.0, 3.0], "y": [0.9, 0.5], "color": "#D55E00", "dashed": True}],
    }


def test_lines_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"x.*3.*y.*2|must have the same length"):
        Line("run 1", [1, 2, 3], [1, 2])


def test_a_widget_sends_only_what_changed():
    widget = LiveCharts([Chart("epoch", "loss", [RUN])], "Loss")
    sent = []
    widget.observe(lambda change: sent.append(change.name), ["charts", "alt"])
    widget.show([Chart("epoch", "loss", [RUN])], "Loss")
    assert sent == []
    widget.show([Chart("epoch", "loss", [RUN])], "Loss of one run")
    assert sent == ["alt"]
    with pytest.raises(Exception, match="read-only"):
        widget.charts = []


def words(picture):
    texts = [text.get_text() for axis in picture.axes for text in [*axis.texts, axis.xaxis.label]]
    legends = [
        legend for legend in [*picture.legends, *(axis.get_legend() for axis in picture.axes)] if legend
    ]
    return texts + [text.get_text() for legend in legends for text in legend.get_texts()]


def test_a_picture_says_when_there_is_nothing_yet():
    assert "nothing trained yet" in words(plots.charts([Chart("epoch", "loss", [])], "Nothing"))


def test_charts_of_the_same_names_share_one_legend():
    chart = Chart("epoch", "loss", [RUN], 3, "kept: epoch 3")
    assert words(plots.charts([chart, chart])).count("run 1") == 1
    other = Chart("epoch", "AUC", [Line("run 2", [1], [0.5])])
    assert words(plots.charts([chart, other])).count("run 1") == 1
    assert "run 2" in words(plots.charts([chart, other]))


def test_tiles_beside_a_chart_are_one_mosaic():
    tiles = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    mosaic = plots.mosaic(tiles)
    assert mosaic.shape == (8, 15)
    assert mosaic[5, 11] == tiles[1, 2, 1, 1]
    picture = plots.chart_beside_tiles(Chart("step", "loss", [RUN]), tiles, title="SIMULATED", alt="Both")
    assert picture.axes[1].get_title() == "SIMULATED"
    assert picture.axes[1].images[0].get_array().shape == (8, 15)
