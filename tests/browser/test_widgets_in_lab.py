"""The contract of every widget, in JupyterLab: one notebook holds them all."""

import base64
import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WIDGETS = {
    "training panel": """
from medlab_widgets import TrainingPanel
panel = TrainingPanel(spots_dataset(64, 20, 20), width=4, epochs=2, batch_size=16)
panel.start().wait()
panel
""",
    "session panel": """
from medlab import models
from medlab.training import TrainSession
from medlab_widgets import SessionPanel
dataset = spots_dataset(64, 20, 20)
model = models.build("screening_cnn", dataset, width=4, seed=0)
SessionPanel(TrainSession(model, dataset, epochs=2, progress=False).start().wait())
""",
    "GAN panel": """
import numpy as np
from medlab.training.gan import GAN
from medlab_widgets import GanPanel
sides = {"width": 4, "seed": 0}
gan = GAN(models.gan.generator((16, 16, 1), 8, **sides), models.gan.critic((16, 16, 1), **sides))
images = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 1))
game = GanPanel(gan, images, steps=20, batch_size=8, title="SIMULATED noise")
game.start().wait()
game
""",
    "explain panel": """
from medlab_widgets import ExplainPanel
explained = ExplainPanel(model, dataset.test.images / 255, title="SIMULATED spots").wait()
explained
""",
    "threshold explorer": """
from medlab_widgets import ThresholdExplorer
truth = np.random.default_rng(0).integers(0, 2, 500)
scores = np.clip(np.random.default_rng(1).normal(0.35 + 0.3 * truth, 0.18), 0, 1)
explorer = ThresholdExplorer(truth, scores, prevalence=0.01, class_names=("benign", "malignant"))
explorer
""",
    "convolution explorer": """
from medlab_widgets import ConvolutionExplorer
ConvolutionExplorer(np.outer(np.arange(24.0), np.ones(20)), padding=1, pooling="max")
""",
    "network view": """
from medlab_widgets import NetworkView
network = models.build("resnet18_28", dataset, width=24, seed=0)
NetworkView(network, dataset.train.images[0] / 255, title="SIMULATED spot")
""",
    "augmentation playground": """
from medlab_widgets import AugmentationPlayground
AugmentationPlayground(dataset)
""",
    "slice viewer": """
from medlab.data.volumes import Volume
from medlab_widgets import SliceViewer
noise_hu = np.random.default_rng(0).integers(-900, 900, (12, 30, 40)).astype(np.int16)
scan = Volume(noise_hu, (3.0, 0.8, 0.7), modality="simulated CT", units="HU")
SliceViewer(scan, masks={"bone": noise_hu > 700, "attribution": np.sin(noise_hu / 50)})
""",
    "quiz": """
from medlab import exercises
exercises.quiz("00_start")
""",
}
CELLS = {name: f"cell-{number}" for number, name in enumerate(WIDGETS, 1)}
# An anywidget has no class of its own.
SHOWN = ".jupyter-widgets, .medlab-threshold, .medlab-convolution, .medlab-network, .medlab-slices"
ALIVE = f".jp-OutputArea-output:has({SHOWN})"
PICTURED = [name for name in WIDGETS if name != "quiz"]  # a quiz is text
# What takes the keyboard, in the order of the page.
CONTROLS = f"{ALIVE} :is(button, input, select, [role=slider]):not([disabled], [hidden])"


@pytest.fixture
def gallery(lab, spots_source):
    """Open the notebook of all widgets and run it."""
    lab.open_cells(spots_source, *WIDGETS.values())
    lab.run_all(120)
    expect(lab.page.locator(ALIVE)).to_have_count(len(WIDGETS))
    return lab


def choose_theme(lab, theme):
    lab.page.get_by_role("menuitem", name="Settings", exact=True).click()
    lab.page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    lab.page.locator(".lm-Menu-item", has_text=re.compile(f"^{theme}$")).click()
    is_light = "true" if "Light" in theme else "false"
    expect(lab.page.locator(f"body[data-jp-theme-light={is_light}]")).to_be_attached()


def shows_what_it_showed(lab):
    """All widgets are alive: they show the state that they had."""
    for name, words in {
        "training panel": "run 1: done",
        "session panel": "training: done",
        "GAN panel": "step 20 of 20",
        "explain panel": "case 0 of SIMULATED spots",
        "threshold explorer": "Of 10,000 people tested 100 are malignant",
        "convolution explorer": "The 9 products add up to",
        "network view": "stem_convolution: maps 0 to 15 of 24",
        "augmentation playground": "image 0 as it is, around it 8 samples",
        "slice viewer": "cross: z 6, y 15, x 20: ",
        "quiz": "You try five networks",
    }.items():
        expect(lab.cell(CELLS[name]).locator(ALIVE).get_by_text(words).first).to_be_visible()


def test_names_contrast_and_room_in_light_and_dark_and_at_150_percent(gallery, serious_faults):
    page = gallery.page
    found = []
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        choose_theme(gallery, theme)
        for name in WIDGETS:
            cell = gallery.cell(CELLS[name])
            cell.scroll_into_view_if_needed()
            gallery.keep_picture(f"{name} {theme}".replace(" ", "-").lower())
            cell.evaluate("cell => cell.setAttribute('data-tested', '')")
            faults = serious_faults(page, "[data-tested] .jp-Cell-outputArea")
            found += [f"{name}: {fault}" for fault in faults]
            cell.evaluate("cell => cell.removeAttribute('data-tested')")
    assert found == []
    # 150 % on a window of 1400 x 900 leaves a page of 933 x 600 pixels.
    page.set_viewport_size({"width": 933, "height": 600})
    page.wait_for_timeout(500)
    for name in WIDGETS:
        area = gallery.cell(CELLS[name]).locator(ALIVE)
        area.scroll_into_view_if_needed()
        gallery.keep_picture(f"{name} 150".replace(" ", "-").lower())
        assert area.evaluate("area => area.scrollWidth - area.clientWidth") <= 1, f"{name} is cut off"


def test_every_control_is_reached_and_used_by_the_keyboard(gallery):
    page = gallery.page
    for name in WIDGETS:
        cell = gallery.cell(CELLS[name])
        controls = cell.locator(CONTROLS)
        visible = [n for n in range(controls.count()) if controls.nth(n).is_visible()]
        handles = [controls.nth(n).element_handle() for n in visible]
        handles[0].focus()
        # Beside them, the numbers at ipywidgets' sliders can be typed into.
        missed = set(range(len(handles)))
        for _ in range(2 * len(handles) + 5):
            missed -= {n for n in missed if handles[n].evaluate("node => node === document.activeElement")}
            page.keyboard.press("Tab")
        assert not missed, f"{name}: {[handles[n].inner_text() or handles[n] for n in missed]}"
        for slider in cell.get_by_role("slider").all():
            slider.focus()
            assert slider.get_attribute("aria-label") or slider.evaluate("input => input.labels.length")
            before = slider.get_attribute("aria-valuetext")
            now = slider.get_attribute(
                "aria-valuenow"
            )  # None: the browser's own slider, none of them at its end
            page.keyboard.press(
                "ArrowLeft" if now and now == slider.get_attribute("aria-valuemax") else "ArrowRight"
            )
            expect(slider).not_to_have_attribute("aria-valuetext", before)
    # Buttons are pressed, lists and boxes moved, in the cells that they stand in: the notebook hears no key.
    cell = gallery.cell(CELLS["training panel"])
    cell.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    expect(cell.get_by_role("checkbox")).not_to_be_checked()
    cell.get_by_role("button", name="Start", exact=True).focus()
    page.keyboard.press("Enter")
    expect(cell.get_by_text(re.compile("run 2: done"))).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(WIDGETS) + 1)


def test_two_views_of_a_widget_are_one_and_each_can_be_closed(lab, spots_source):
    numpy = "import numpy as np"
    both = "from IPython.display import display\ndisplay(panel, explorer)"
    page = lab.open_cells(spots_source, numpy, WIDGETS["training panel"], WIDGETS["threshold explorer"], both)
    lab.run_all(120)
    panel, explorer, second = (lab.cell(f"cell-{number}") for number in (2, 3, 4))
    lab.press(panel, "Start", "run 2: (running|done)")
    expect(second.get_by_text(re.compile("run 2: done"))).to_be_visible(timeout=60_000)
    threshold = explorer.get_by_role("slider").first
    threshold.focus()
    page.keyboard.press("ArrowRight")
    moved = threshold.get_attribute("aria-valuetext")
    expect(
        second.locator(f"[role=slider][aria-valuetext='{moved}'], input[aria-valuetext='{moved}']")
    ).to_be_visible()
    hatched = [one.get_attribute("id") for one in page.locator("pattern").all()]
    assert len(hatched) == len(set(hatched)) == 2
    second.locator(".jp-InputArea-prompt").click()
    lab.choose("Edit", "editmenu:clear-current")
    expect(second.locator(ALIVE)).to_have_count(0)
    lab.press(panel, "Start", "run 3: (running|done)")
    expect(panel.get_by_text(re.compile("run 3: done"))).to_be_visible(timeout=60_000)


def test_after_a_restart_every_widget_is_marked_and_says_what_to_do(gallery):
    page = gallery.page
    explorer = gallery.cell(CELLS["threshold explorer"])
    gallery.restart()
    expect(gallery.cell(CELLS["quiz"]).locator(".jupyter-widgets-disconnected").first).to_be_attached()
    for name in ("training panel", "session panel", "GAN panel", "explain panel"):
        restarted = gallery.cell(CELLS[name]).get_by_text(re.compile("^The kernel was restarted"))
        expect(restarted).to_be_visible()
    explorer.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(explorer.locator(".facts.stale")).to_be_visible()  # no number stands there as if it were of now
    expect(explorer.get_by_text(re.compile("^The numbers are old: .* run this cell again"))).to_be_visible()
    gallery.wait_ready()
    gallery.run_all(120)
    shows_what_it_showed(gallery)


def test_what_was_there_is_there_again_after_reload_and_reopening(gallery):
    page = gallery.page
    gallery.save()
    page.reload()
    gallery.wait_ready()
    shows_what_it_showed(gallery)
    page.keyboard.press("Escape")
    page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabCloseIcon").click()
    expect(page.locator(".jp-Notebook")).to_have_count(0)
    page.get_by_role("listitem", name=re.compile("^Name: notebook.ipynb")).dblclick()
    gallery.wait_ready()
    shows_what_it_showed(gallery)
    # JupyterLab's own complaint about what it was asking when its tab was closed.
    gallery.problems[:] = [problem for problem in gallery.problems if "debugger state" not in problem]


def test_the_saved_notebook_has_a_small_picture_of_each_with_its_words(gallery):
    gallery.save()
    notebook = json.loads((gallery.folder / "notebook.ipynb").read_text(encoding="utf-8"))
    for name in PICTURED:
        (cell,) = (cell for cell in notebook["cells"] if cell["id"] == CELLS[name])
        shown = cell["outputs"][-1]
        png = base64.b64decode("".join(shown["data"]["image/png"]))
        assert png.startswith(b"\x89PNG")
        assert len(png) <= 90_000, name
        assert len(shown["metadata"]["image/png"]["alt"]) > 5, name
