"""The magics and their pictures in JupyterLab, and the kernels in its launcher."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BODY = """
import numpy as np
from medlab import models
from medlab.data import Dataset, Split
rng = np.random.default_rng(0)
def spots(count):
    images = rng.integers(0, 100, (count, 16, 18, 1)).astype(np.uint8)
    images[1::2, 4:9, 5:10] += 60
    return Split(images, np.arange(count) % 2)
data = Dataset("spots", spots(256), spots(40), spots(40), "binary", ("dark", "spot"), 1)
model = models.build("screening_cnn", data, width=8, seed=0)
"""
CELLS = [
    "%load_ext medlab\n%medlab data list",
    f"%%medlab train --epochs 300\n{BODY}",
    "%medlab stop",
    "model",
    "data",
    "%medlab slice data.train.images[:9,:,:,0] -z 1",
]


def notebook():
    cells = [nbformat.v4.new_code_cell(text, id=f"cell-{n}") for n, text in enumerate(CELLS)]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})


def test_words_answer_with_tables_pictures_and_buttons(lab):
    lab.open(notebook())
    lab.run_all(120)
    outputs = ".jp-OutputArea-output"
    expect(lab.cell("cell-0").get_by_role("cell", name="breastmnist", exact=True)).to_be_visible()
    panel = lab.cell("cell-1")
    expect(panel.get_by_role("button", name="Resume", exact=True)).to_be_enabled()
    expect(panel.get_by_text(re.compile("^training: stopped"))).to_be_visible()
    expect(lab.cell("cell-2").locator(outputs)).to_contain_text("training stopped, epoch")
    # Not a tree of numbers: a table and a drawing, a picture.
    expect(lab.cell("cell-3").locator("svg rect").first).to_be_attached()
    expect(lab.cell("cell-3").get_by_role("cell", name="logit").first).to_be_attached()
    expect(lab.cell("cell-4").locator("img")).to_have_count(1)
    expect(lab.cell("cell-5").locator("img")).to_have_count(1)
    lab.cell("cell-3").scroll_into_view_if_needed()
    lab.keep_picture("rich-displays")


def test_the_launcher_offers_a_kernel_for_each_backend(lab):
    page = lab.open(notebook())
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(
        '.lm-Menu-item[data-command="launcher:create"], .lm-Menu-item:has-text("New Launcher")'
    ).first.click()
    for backend in ("TensorFlow", "PyTorch"):
        card = page.locator(".jp-LauncherCard", has_text=f"MedLab ({backend})").first
        expect(card).to_be_visible()
        expect(card.locator("img")).to_have_attribute("src", re.compile("logo"))
    lab.keep_picture("launcher")
