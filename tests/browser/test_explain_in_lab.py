"""Two maps of one answer under a reader's hands: choose, cancel, read the measures, see it refused."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PANEL = """
import keras, numpy as np
from medlab import models
from medlab_widgets import ExplainPanel
dataset = spots_dataset(64, 20, 20)
run = training.fit(models.build("screening_cnn", dataset, width=8, seed=0), dataset, epochs=1, progress=False)
test = dataset.test
panel = ExplainPanel(run, test.images, labels=dataset.targets(test), title="SIMULATED spots")
panel
"""
REFUSING = """
import keras
model = keras.Sequential([keras.Input((16, 18, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
images = dataset.test.images / 255
ExplainPanel(model, images, methods=("saliency", "occlusion"), title="SIMULATED spots")
"""
# The picture's pixels, as one number each.
PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join()"


@pytest.fixture
def panel(lab, spots_source):
    lab.open_cells(
        "from medlab import training", spots_source, PANEL, "print(panel)\npanel.result()['left'].keys()"
    )
    lab.run_all(120)
    cell = lab.cell("cell-2")
    expect(cell.get_by_text("all is computed")).to_be_visible(timeout=60_000)
    return cell


def chosen(cell, name):
    return cell.get_by_role("combobox", name=name, exact=True)


def test_methods_are_compared_faded_and_read_back(lab, panel):
    page = lab.page
    left, right = (panel.get_by_test_id("map").nth(n) for n in (0, 1))
    panel.scroll_into_view_if_needed()
    expect(panel.get_by_text(re.compile("^completeness error: not promised"))).to_be_visible()
    expect(panel.get_by_text(re.compile("^random weights: (changes|does not change)"))).to_have_count(2)
    expect(panel.get_by_text(re.compile("label: dark · the network's output: spot"))).to_be_visible()
    before = right.evaluate(PIXELS)
    opacity = panel.get_by_role("slider", name="opacity")
    opacity.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(right).to_have_attribute("aria-label", re.compile("opacity [4-6][05] %"))
    assert right.evaluate(PIXELS) != before
    chosen(panel, "left").select_option("occlusion")
    expect(left).to_have_attribute("aria-label", re.compile("^occlusion, spot: .* map from"))
    expect(chosen(panel, "layer")).to_be_hidden()
    panel.get_by_role("slider", name="case").focus()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_text(re.compile("case 1 of SIMULATED spots · label: spot"))).to_be_visible()
    expect(panel.get_by_text("all is computed")).to_be_visible(timeout=60_000)
    panel.get_by_text(re.compile("^deletion: area")).first.click()
    expect(panel.get_by_text(re.compile("^The mean output while pixels are replaced")).first).to_be_visible()
    lab.keep_picture("explain-panel")
    lab.run(lab.cell("cell-3"))
    expect(lab.cell("cell-3").get_by_text("case 1 of SIMULATED spots; occlusion, spot")).to_be_visible()
    lab.save()
    assert lab.size() < 120_000


def test_a_slow_method_is_canceled_and_gone_on_with(lab, panel):
    chosen(panel, "right").select_option("kernel_shap")
    panel.get_by_role("slider", name="case").focus()
    for _ in range(6):
        lab.page.keyboard.press("ArrowRight")
    cancel = panel.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_enabled()
    lab.press(panel, "Cancel", "^not all is computed")
    expect(cancel).to_be_disabled()
    lab.press(panel, "Compute", "^(computing|all is computed|.* images so far)")
    expect(panel.get_by_text("all is computed")).to_be_visible(timeout=60_000)


def test_a_method_that_refuses_is_told_under_its_map(lab, spots_source):
    source = f"from medlab_widgets import ExplainPanel\n{spots_source}dataset = spots_dataset(8, 8, 8)"
    lab.open_cells(source, REFUSING, "ExplainPanel(model, dataset.test.images[:, :3] / 255)")
    lab.run_all(120)
    cell = lab.cell("cell-1")
    expect(cell.get_by_text("all is computed")).to_be_visible(timeout=60_000)
    chosen(cell, "left").select_option("grad_cam")
    expect(
        cell.get_by_role("alert").get_by_text(re.compile("^the network must have a layer"))
    ).to_be_visible()
    expect(cell.get_by_test_id("map").first).to_have_attribute("aria-label", re.compile("without a map$"))
    lab.keep_picture("explain-refused")
    refused = lab.cell("cell-2").get_by_role("alert")
    expect(refused).to_have_text(
        re.compile(r"^ExplainPanel was not made: images must have shape \(N, 16, 18, 1\)")
    )
