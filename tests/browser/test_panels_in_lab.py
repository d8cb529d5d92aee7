"""The panels under a learner's hands: sliders, Start, Stop, Resume, code that is copied and run."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

COURSE = Path(__file__).parents[2] / "notebooks"
EPOCH = re.compile(r"epoch (\d+) of (\d+), batch (\d+)")


def place(cell):
    """Epoch and batch, as the panel says them."""
    match = EPOCH.search(cell.inner_text())
    return (int(match[1]), int(match[3])) if match else (0, 0)


def points(cell):
    """Points that are drawn in the first chart, over all its curves."""
    count = "curves => curves.reduce((sum, curve) => sum + Number(curve.dataset.points), 0)"
    return cell.locator("[data-testid=charts] figure").first.locator("path[data-points]").evaluate_all(count)


def slider(cell, name):
    box = cell.locator(".widget-hslider", has=cell.page.get_by_text(name, exact=True))
    return box.get_by_role("slider")


def button(cell, name):
    return cell.get_by_role("button", name=name, exact=True)


def test_a_learner_trains_stops_resumes_and_takes_the_code_along(lab):
    page = lab.open(COURSE / "03_cnn.ipynb")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.run_all(450)  # 110 s on a quiet core
    cell = lab.cell("panel")
    rate = slider(cell, "learning rate")
    expect(cell.get_by_text("2.0e-3")).to_be_visible()
    rate.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(cell.get_by_text("1.3e-3")).to_be_visible()  # four steps of a twentieth of a power of ten
    slider(cell, "epochs").focus()
    page.keyboard.press("End")
    slider(cell, "batch size").focus()
    page.keyboard.press("Home")  # small batches: there is something to stop

    button(cell, "Start").click()
    before = points(cell)  # of the plain code's run
    lab.wait_until(lambda: points(cell) > before, "curve that grows")
    lab.keep_picture("panel-running")

    lab.press(cell, "Stop", "run 1: stopped")
    stood = place(cell)
    page.wait_for_timeout(1000)
    assert place(cell) == stood
    assert stood[0] < 100
    lab.keep_picture("panel-stopped")

    button(cell, "Resume").click()
    lab.wait_until(lambda: place(cell)[0] > stood[0], "epoch after the stop")
    lab.press(cell, "Pause", "run 1: paused")
    button(cell, "Resume").click()
    expect(cell.get_by_text(re.compile("run 1: done"))).to_be_visible(timeout=120_000)

    slider(cell, "epochs").focus()
    page.keyboard.press("Home")
    cell.get_by_text("The same as code").click()
    button(cell, "Copy as medlab report …").click()
    expect(cell.get_by_text("copied")).to_be_visible()
    assert "medlab report classification" in page.evaluate("navigator.clipboard.readText()")
    button(cell, "Copy as code").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "learning_rate=0.0013" in copied
    lab.keep_picture("panel-done")

    # A new cell below the panel, the clipboard into it, and run.
    cell.locator(".jp-InputArea-prompt").click()
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+v")
    new = page.locator(".jp-Notebook .jp-Cell").nth(lab.position("panel") + 1)
    expect(new.locator(".cm-content")).to_contain_text("training.fit")
    page.keyboard.press("Control+Enter")
    expect(new.locator(".jp-OutputArea-output").first).to_contain_text("epoch   1 of 1", timeout=60_000)
    lab.save()
    assert lab.size() < 1_000_000  # all figures of the chapter twice, with their words


EXPLORER = """
import numpy as np
from medlab_widgets import ThresholdExplorer
rng = np.random.default_rng(0)
truth = rng.integers(0, 2, 500)
scores = np.clip(rng.normal(0.35 + 0.3 * truth, 0.18), 0, 1)
explorer = ThresholdExplorer(truth, scores, prevalence=0.01, class_names=("benign", "malignant"))
explorer
"""


def test_the_threshold_is_moved_by_keys_and_by_the_mouse(lab):
    page = lab.open_cells(EXPLORER, "print(explorer.threshold, explorer.facts['matrix'][1][0])")
    lab.run_all()
    cell = lab.cell("cell-0")
    threshold = cell.get_by_label("threshold", exact=True)
    threshold.focus()
    page.keyboard.press("Home")
    expect(cell.get_by_role("row", name=re.compile("^threshold 0.000$"))).to_be_visible()
    # Everybody is called: all 275 of the ill, and none is missed.
    expect(cell.get_by_role("row", name=re.compile("^truly malignant"))).to_have_text("truly malignant2750")
    scores = cell.get_by_test_id("scores")
    box = scores.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 16 + 0.75 * 432, box["y"] + 80, steps=5)
    page.mouse.up()
    expect(cell.get_by_role("row", name=re.compile("^threshold 0.75"))).to_be_visible()
    lab.keep_picture("threshold-explorer")
    lab.run(lab.cell("cell-1"))
    printed = lab.cell("cell-1").locator(".jp-OutputArea-output").inner_text().split()
    assert 0.745 <= float(printed[0]) <= 0.756
    assert int(printed[1]) > 100


GAME = """
import numpy as np
from medlab import models
from medlab.training.gan import GAN
from medlab_widgets import GanPanel
sides = {"classes": 2, "width": 4, "seed": 0}
gan = GAN(models.gan.generator((16, 16, 1), 8, **sides), models.gan.critic((16, 16, 1), **sides))
images = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 1))
game = GanPanel(gan, images, np.arange(64) % 2, steps=5000, batch_size=8, title="SIMULATED noise")
game
"""


def test_a_game_is_watched_and_walked_through(lab):
    page = lab.open_cells(GAME)
    lab.run_all()
    cell = lab.cell("cell-0")
    pictures = cell.locator("img")
    expect(pictures).to_have_count(2)
    first = pictures.first.get_attribute("src")
    button(cell, "Start").click()
    lab.wait_until(lambda: points(cell) >= 2, "losses")
    lab.wait_until(lambda: pictures.first.get_attribute("src") != first, "other samples")
    lab.press(cell, "Stop", "^stopped")
    way = pictures.last.get_attribute("src")
    slider(cell, "from A to B").focus()
    page.keyboard.press("End")
    lab.wait_until(lambda: pictures.last.get_attribute("src") != way, "another place on the way")
    lab.keep_picture("gan-panel")


def test_a_page_without_network_shows_the_pictures(lab, tmp_path):
    """What papermill executes and nbconvert writes; the page of every report is made the same way."""
    written = tmp_path / "written.ipynb"
    nbformat.write(lab.notebook(EXPLORER), written)
    run = [sys.executable, "-m", "papermill", "-k", "python3", "--no-progress-bar", str(written)]
    subprocess.run([*run, str(tmp_path / "by-papermill.ipynb")], check=True, capture_output=True)
    convert = [sys.executable, "-m", "nbconvert", "--to", "html"]
    subprocess.run([*convert, str(tmp_path / "by-papermill.ipynb")], check=True, capture_output=True)
    by_nbconvert = [*convert, "--execute", "--output", "by-nbconvert.html", str(written)]
    subprocess.run(by_nbconvert, check=True, capture_output=True)
    context = lab.page.context.browser.new_context(offline=True)
    for name in ("by-papermill.html", "by-nbconvert.html"):
        page = context.new_page()
        page.goto((tmp_path / name).as_uri())
        picture = page.locator("img")
        expect(picture).to_have_count(1)
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 400
    context.close()
