"""The magics and their pictures in JupyterLab, and the kernels in its launcher."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_words_answer_with_tables_pictures_and_buttons(lab, spots_source):
    lab.open_cells(
        "%load_ext medlab\n%medlab data list",
        "%%medlab train --epochs 300\n"
        f"{spots_source}data = spots_dataset(256, 40, 40)\n"
        "from medlab import models\n"
        "model = models.build('screening_cnn', data, width=8, seed=0)",
        "%medlab stop",
        "model",
        "data",
        "%medlab slice data.train.images[:9,:,:,0] -z 1",
    )
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
    expect(lab.cell("cell-5").locator("canvas")).to_have_count(3)  # one can scroll through it
    lab.cell("cell-3").scroll_into_view_if_needed()
    lab.keep_picture("rich-displays")


def test_the_launcher_offers_a_kernel_for_each_backend(lab):
    page = lab.open_cells("1 + 1")
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(
        '.lm-Menu-item[data-command="launcher:create"], .lm-Menu-item:has-text("New Launcher")'
    ).first.click()
    for backend in ("TensorFlow", "PyTorch"):
        card = page.locator(".jp-LauncherCard", has_text=f"MedLab ({backend})").first
        expect(card).to_be_visible()
        expect(card.locator("img")).to_have_attribute("src", re.compile("logo"))
    lab.keep_picture("launcher")
