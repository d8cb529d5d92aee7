"""A convolution under a learner's hands: point, choose, type, and read it back in Python."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EXPLORER = """
import numpy as np
from medlab_widgets import ConvolutionExplorer
image = np.zeros((12, 10))
image[:, 5:] = 1
explorer = ConvolutionExplorer(image)
explorer
"""


def test_a_pixel_of_the_map_is_pointed_at_and_its_window_adds_up(lab):
    page = lab.open_cells(
        EXPLORER, "print(explorer.row, explorer.column, explorer.result().shape, explorer.kernel[0][0])"
    )
    lab.run_all()
    cell = lab.cell("cell-0")
    map_ = cell.get_by_test_id("map")
    map_.scroll_into_view_if_needed()
    box = map_.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 8, box["y"] + box["height"] * 2.5 / 10)
    expect(cell.get_by_text("The 9 products add up to 4, the number at row 2, column 3.")).to_be_visible()
    cell.get_by_role("combobox", name="kernel").select_option("level edges")
    expect(cell.get_by_text("add up to 0, the number at row 2, column 3.")).to_be_visible()
    cell.get_by_role("combobox", name="padding").select_option("1")
    cell.get_by_role("combobox", name="pooling").select_option("max")
    expect(cell.get_by_text("map, 12 × 10; mid-gray is 0")).to_be_visible()
    expect(cell.get_by_text("pooled, 6 × 5")).to_be_visible()
    weight = cell.get_by_role("spinbutton", name="weight, row 0, column 0, channel 0")
    weight.fill("2.5")
    weight.press("Enter")
    expect(cell.get_by_role("combobox", name="kernel")).to_have_value("your own")
    row = cell.get_by_role("slider", name="row")
    row.focus()
    page.keyboard.press("ArrowRight")
    expect(row).to_have_attribute("aria-valuetext", "3 of 11")
    lab.keep_picture("convolution-explorer")
    lab.run(lab.cell("cell-1"))
    expect(lab.cell("cell-1").get_by_text("3 3 (6, 5) [2.5]")).to_be_visible()
    lab.save()
    assert lab.size() < 60_000
