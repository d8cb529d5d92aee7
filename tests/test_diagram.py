"""Diagrams: where shapes and their texts come to lie, and how they look."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from medlab.plots import Diagram


@pytest.fixture
def sheet():
    return Diagram(8, 4, "A sheet to try shapes on")


def shapes(sheet, kind):
    return [patch for patch in sheet.axes[0].patches if isinstance(patch, kind)]


def texts(sheet):
    return {text.get_text(): text for text in sheet.axes[0].texts}


def test_y_runs_downwards_and_a_unit_is_as_wide_as_high(sheet):
    assert sheet.axes[0].get_ylim() == (4, 0)
    assert sheet.get_size_inches().tolist() == [8, 4]
    sheet.node(1, 1)
    sheet.to_png()
    (circle,) = shapes(sheet, Circle)
    box = circle.get_window_extent()
    assert box.width == pytest.approx(box.height, rel=0.01)


def test_a_box_and_a_node_are_centered_on_their_point_with_their_text(sheet):
    assert sheet.box(3, 2, "tanh", width=2, height=1) == (3, 2)
    assert sheet.node(6, 1, "+") == (6, 1)
    (box,) = shapes(sheet, FancyBboxPatch)
    assert (box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2) == pytest.approx((3, 2))
    assert texts(sheet)["tanh"].get_position() == (3, 2)
    assert shapes(sheet, Circle)[0].center == (6, 1)


def test_an_array_has_rows_downwards_columns_to_the_right_and_marked_cells(sheet):
    center = sheet.array(1, 0.5, [[1, -2, 0.5], [3, 4, 5]], marked=[(1, 2)])
    assert center == (2.5, 1.5)
    assert texts(sheet)["−2"].get_position() == (2.5, 1.0)
    assert texts(sheet)["5"].get_position() == (3.5, 2.0)
    cells = shapes(sheet, Rectangle)
    thick = [cell.get_xy() for cell in cells if cell.get_linewidth() > 1.5]
    assert len(cells) == 6
    assert thick == [(3, 1.5)]


def test_cells_may_hold_words(sheet):
    sheet.array(0, 0, [["w₁", "w₂"]], cell=0.5)
    assert texts(sheet)["w₂"].get_position() == (0.75, 0.25)


def test_an_arrow_ends_short_of_points_with_its_text_to_the_left_of_its_way(sheet):
    sheet.arrow((1, 2), (5, 2), "right", gap=0.5)
    (arrow,) = shapes(sheet, FancyArrowPatch)
    assert np.ravel(arrow._posA_posB).tolist() == [1.5, 2, 4.5, 2]
    assert texts(sheet)["right"].get_position() == (3, 1.75)
    sheet.arrow((1, 3), (1, 1), "up")
    assert texts(sheet)["up"].get_position() == (0.75, 2)
    assert texts(sheet)["up"].get_horizontalalignment() == "right"


def test_an_arrow_stops_at_the_edge_of_a_shape(sheet):
    sheet.arrow(sheet.box(2, 2, "from", width=2), sheet.node(6, 2, "to"), shrinkA=0, shrinkB=0)
    sheet.to_png()
    (arrow,) = shapes(sheet, FancyArrowPatch)
    ends = sheet.axes[0].transData.inverted().transform(arrow.get_window_extent().get_points())
    assert ends[:, 0] == pytest.approx([3, 5.6], abs=0.05)


def test_a_bent_arrow_bends_to_the_left_of_its_way_and_carries_its_text_outside(sheet):
    sheet.arrow((1, 3), (5, 3), "over", gap=0, bend=0.25)
    sheet.to_png()
    (arrow,) = shapes(sheet, FancyArrowPatch)
    highest = sheet.axes[0].transData.inverted().transform(arrow.get_window_extent().get_points())[1, 1]
    assert highest == pytest.approx(2, abs=0.05)
    assert texts(sheet)["over"].get_position() == (3, 1.75)


def test_text_stays_readable_on_every_color(sheet):
    from medlab.plots.canvas import COLORS, GRAY, ORANGE

    for color in (*COLORS, GRAY, ORANGE):
        sheet.node(1, 1, color=color)
    assert min(min(circle.get_facecolor()[:3]) for circle in shapes(sheet, Circle)) > 0.8
