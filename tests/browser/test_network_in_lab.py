"""The layers of a network under a learner's hands, also while a cell runs and after a restart."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PLAYGROUND = """
from medlab_widgets import AugmentationPlayground
play = AugmentationPlayground(spots_dataset())
play
"""
VIEW = """
import keras, numpy as np
from keras import layers
from medlab_widgets import NetworkView
shape = keras.Input((12, 10, 1), name="image")
maps = layers.Conv2D(20, 3, padding="same", name="many")(shape)
network = keras.Model(shape, layers.Dense(3, name="last")(layers.Flatten(name="flat")(maps + shape)))
view = NetworkView(network, np.outer(np.arange(12.0), np.ones(10))[..., None], title="SIMULATED step")
view
"""


def test_layers_are_chosen_by_mouse_and_keys_while_a_cell_runs_and_after_a_restart(lab):
    page = lab.open_cells(
        VIEW,
        "print(view.shown['layer'], view.shown['page'])",
        "import time; time.sleep(8)",
        "1",
    )
    lab.run_all()
    cell, told = lab.cell("cell-0"), lab.cell("cell-1")
    expect(cell.get_by_text("5 layers, 7,403 weights, 28,800 multiply-adds for one image")).to_be_visible()
    expect(cell.get_by_text("many: maps 0 to 15 of 20, row by row")).to_be_visible()
    cell.get_by_role("option", name="flat").click()
    expect(cell.get_by_text("flat: values 0 to 63 of 2400")).to_be_visible()
    expect(cell.locator("svg.bars rect")).to_have_count(64)
    lab.keep_picture("network-values")
    layers = cell.get_by_role("listbox")
    layers.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cell.get_by_role("option", name="many")).to_have_attribute("aria-selected", "true")
    expect(cell.get_by_text("many: maps 0 to 15 of 20")).to_be_visible()
    pages = cell.get_by_role("slider", name="page of maps")
    pages.focus()
    page.keyboard.press("ArrowRight")
    expect(pages).to_have_attribute("aria-valuetext", "2 of 2")
    expect(cell.get_by_text("many: maps 16 to 19 of 20")).to_be_visible()
    lab.run(told)
    expect(told.get_by_text("many 1")).to_be_visible()
    # A click is answered while a cell runs.
    busy = lab.cell("cell-2")
    busy.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    expect(busy.locator(".jp-InputArea-prompt")).to_have_text("[*]:")
    cell.get_by_role("option", name="last").click()
    expect(cell.get_by_text("last: values 0 to 2 of 3")).to_be_visible()
    assert busy.locator(".jp-InputArea-prompt").inner_text() == "[*]:"
    told.locator(".jp-InputArea-prompt").click()  # Ctrl+S is the notebook's, not the widget's
    lab.save()
    assert lab.size() < 60_000
    lab.restart()
    lab.wait_ready()
    cell.get_by_role("option", name="flat").click()
    expect(cell.locator(".answer.stale")).to_be_attached()  # no values stand there as if they were of now
    expect(cell.get_by_text("run this cell again")).to_be_visible()


def test_the_playground_follows_its_controls_and_says_what_the_facts_speak_against(lab, spots_source):
    page = lab.open_cells(spots_source, PLAYGROUND, "print(play.augmentation.flips, play.augmentation.zoom)")
    lab.run_all()
    cell = lab.cell("cell-1")
    picture = cell.get_by_role("img")
    before = picture.get_attribute("src")
    zoom = cell.get_by_role("slider", name="zoom")
    zoom.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before)
    cell.get_by_role("checkbox", name="flips left-right").check()
    expect(cell.get_by_text("Flips: side carries meaning here.")).to_be_visible()
    expect(cell.get_by_text("flips=('left-right',)")).to_be_visible()
    lab.keep_picture("playground-flips")
    lab.run(lab.cell("cell-2"))  # and the notebook has the keyboard again
    expect(lab.cell("cell-2").get_by_text("('left-right',) 0.11")).to_be_visible()
    assert picture.get_attribute("alt").startswith("<AugmentationPlayground: In the middle image 0")

    def kept():
        lab.save()
        return "flips=('left-right',)" in (lab.folder / "notebook.ipynb").read_text().split('"alt"')[1][:300]

    lab.wait_until(kept, "picture of what was left")
