"""Buttons and sliders by the messages that a page sends, on a real kernel, with each ipykernel."""

import re

import pytest

pytestmark = pytest.mark.slow

PANEL = """
panel = TrainingPanel(dataset, width=8, epochs=100, batch_size=16, patience=100)
for name, control in {**panel.sliders.controls, **panel.buttons.buttons}.items():
    print(name, control.model_id)
for name in ("status", "charts"):
    print(name, getattr(panel, name).model_id)
"""


@pytest.fixture
def page(page, spots_source):
    """A page on a kernel in which a data set and the widgets are made already."""
    page.run(
        f"{spots_source}dataset = spots_dataset(2048, 40, 40)\n"
        "import numpy as np\n"
        "from medlab_widgets import GanPanel, ThresholdExplorer, TrainingPanel"
    )
    return page


@pytest.fixture
def ids(page):
    printed = page.run(PANEL)
    model_ids = dict(re.findall(r"^(\w+) ([0-9a-f]{32})$", printed, re.MULTILINE))
    assert {"Start", "learning_rate", "status"} <= set(model_ids), printed
    return model_ids


def epoch(page, ids):
    match = re.search(r"epoch (\d+) of", state(page, ids))
    return int(match[1]) if match else 0


def points(page, ids):
    charts = page.states[ids["charts"]]["charts"]
    return len(charts[1]["lines"][0]["x"]) if len(charts) > 1 and charts[1]["lines"] else 0


def state(page, ids):
    return page.states[ids["status"]]["text"]


def test_a_mouse_starts_pauses_stops_and_resumes(page, ids):
    page.put(ids["learning_rate"], value=0.001)
    page.press(ids["Start"])
    page.wait_until(lambda: points(page, ids) >= 2, "curve that grows")
    grown = points(page, ids)
    page.wait_until(lambda: points(page, ids) > grown, "curve that grows on")
    page.press(ids["Pause"])
    page.wait_until(lambda: "paused" in state(page, ids), "pause", 10)
    page.press(ids["Resume"])
    page.wait_until(lambda: "running" in state(page, ids), "end of the pause", 10)
    page.press(ids["Stop"])
    page.wait_until(lambda: "stopped" in state(page, ids), "stop", 10)
    stood = epoch(page, ids)
    assert stood < 100
    assert (
        page.run("print(panel.settings['learning_rate'], panel.current.session.state)") == "0.001 stopped\n"
    )
    page.press(ids["Resume"])
    page.wait_until(lambda: epoch(page, ids) > stood, "epoch after it")
    page.press(ids["Stop"])
    page.wait_until(lambda: "stopped" in state(page, ids), "stop", 10)
    # Nothing was said aloud: a page looks at the curves.
    assert page.run("print(1)") == "1\n"


def test_a_stop_is_heard_between_two_batches_while_a_cell_does_not_wait(page, ids):
    page.press(ids["Start"])
    page.wait_until(lambda: points(page, ids) >= 1, "first epoch")
    page.press(ids["Stop"])
    page.wait_until(lambda: "stopped" in state(page, ids), "stop", 10)
    printed = page.run(
        "s = panel.current.session; print(s._control.batches - s.snapshot()['batch'] >= 0, s.state)"
    )
    assert printed == "True stopped\n"


def test_an_interrupt_of_a_waiting_cell_stops_the_training_and_the_kernel_lives(page, ids):
    sent = page.begin("panel.start().wait()")
    page.wait_until(lambda: points(page, ids) >= 1, "first epoch")
    page.interrupt()
    printed = page.finish(sent)
    assert "KeyboardInterrupt" in printed
    assert "training stopped, epoch" in printed
    assert "image/png" in printed  # the picture is left all the same
    assert page.run("print(panel.current.session.state)") == "stopped\n"


def test_a_button_that_fails_says_so_in_the_panel(page, ids):
    page.press(ids["Resume"])
    page.wait_until(
        lambda: "nothing to resume" in page.states[ids["status"]].get("problem", ""), "message", 10
    )


def test_nothing_waits_for_a_click_where_there_is_no_page(page):
    printed = page.run("panel = TrainingPanel(dataset, width=8, epochs=2)\npanel", front_end=False)
    assert printed == "<image/png text/plain>"
    printed = page.run("panel.start().wait()", front_end=False)
    assert printed.count("epoch ") == 2
    assert "<image/png text/plain>" in printed


def test_the_threshold_follows_a_page(page):
    printed = page.run("e = ThresholdExplorer([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]); print(e.model_id)\ne")
    model_id = printed.splitlines()[0]
    assert "<application/vnd.jupyter.widget-view+json image/png text/plain>" in printed
    page.put(model_id, threshold=0.3)
    wanted = [[1, 1], [0, 2]]
    page.wait_until(lambda: page.states[model_id].get("facts", {}).get("matrix") == wanted, "new count", 10)


def test_a_game_is_watched(page):
    printed = page.run(
        """
from medlab import models
from medlab.training.gan import GAN
gan = GAN(models.gan.generator((16, 16, 1), 8, width=4), models.gan.critic((16, 16, 1), width=4))
game = GanPanel(gan, np.random.default_rng(0).uniform(-1, 1, (32, 16, 16, 1)), steps=2000, batch_size=8)
print(game.buttons.buttons["Start"].model_id, game.buttons.buttons["Stop"].model_id, game.charts.model_id,
      game.status.model_id)
"""
    )
    start, stop, charts, status = printed.split()
    page.press(start)
    page.wait_until(lambda: len(page.states[charts]["charts"][0]["lines"][0]["x"]) >= 2, "losses")
    page.press(stop)
    page.wait_until(lambda: "stopped" in page.states[status]["text"], "stop", 10)


BUSY = """
import threading, time
until = time.monotonic() + 25
while time.monotonic() < until:
    time.sleep(0.05)
"""


@pytest.fixture
def with_subshell(page):
    """A page whose clicks go to a subshell, as JupyterLab's do."""
    if page.run("import ipykernel; print(ipykernel.version_info[0])") == "6\n":
        pytest.skip("ipykernel 6 has no subshells: the page says that the click is queued")
    page.open_subshell()
    return page


def soon(page, true, what):
    """Wait for an answer that comes long before the cell ends; a loaded machine may take seconds."""
    page.wait_until(true, what, 8)


def test_buttons_answer_while_a_cell_runs(with_subshell, ids):
    page = with_subshell
    page.put(ids["learning_rate"], value=0.001)
    running = page.begin(BUSY)
    page.press(ids["Start"])
    soon(page, lambda: page.states[ids["status"]].get("heard") == 1, "word that it is heard")
    soon(page, lambda: "running" in state(page, ids), "start")
    page.wait_until(lambda: points(page, ids) >= 1, "first epoch", 20)  # the first batch compiles the network
    page.press(ids["Pause"])
    soon(page, lambda: "paused" in state(page, ids), "pause")
    page.press(ids["Resume"])
    soon(page, lambda: "running" in state(page, ids), "end of the pause")
    page.press(ids["Stop"])
    soon(page, lambda: "stopped" in state(page, ids), "stop")
    page.interrupt()
    assert "KeyboardInterrupt" in page.finish(running)
    assert page.run("print(panel.current.settings['learning_rate'], len(panel.runs))") == "0.001 1\n"


@pytest.mark.parametrize("before", ["", "panel.status.text = 'set by a cell'", "panel.status.heard = 0"])
def test_a_cell_that_sets_a_trait_takes_nothing_away(with_subshell, ids, before):
    """ipykernel 7.4 would send the page's messages to the thread that sent the last one to the page."""
    page = with_subshell
    page.press(ids["Resume"])
    page.wait_until(lambda: page.states[ids["status"]].get("heard") == 1, "first click", 10)
    page.run(before)
    running = page.begin(BUSY.replace("until =", f"{before or 'pass'}\nuntil ="))
    page.press(ids["Resume"])
    soon(page, lambda: page.states[ids["status"]]["heard"] >= 1 + (not before), "second click")
    told = page.states[ids["status"]]
    soon(page, lambda: "nothing to resume" in told.get("problem", ""), "answer")
    page.interrupt()
    page.finish(running)


FIGURE = """
import matplotlib.pyplot as plt, time
%matplotlib inline
plt.plot([0, 1])
time.sleep(2)
plt.plot([1, 0])
print(len(plt.gca().lines), "lines")
plt.show()
"""


def test_a_click_leaves_the_figure_of_the_running_cell_alone(with_subshell, ids):
    page = with_subshell
    page.run("%matplotlib inline")
    running = page.begin(FIGURE)
    page.press(ids["Resume"])
    soon(page, lambda: page.states[ids["status"]].get("heard") == 1, "click")
    printed = page.finish(running)
    assert "2 lines" in printed
    assert printed.count("image/png") == 1


def test_a_threshold_and_a_quiz_answer_while_a_cell_runs(with_subshell):
    page = with_subshell
    printed = page.run(
        """
import medlab.exercises
e = ThresholdExplorer([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
box = medlab.exercises.quiz("What is 1 + 1?", ["1", "2"], 1).panel()
buttons = box.children[1].children[1:-1]
print(e.model_id, buttons[1].model_id, box.children[1].children[-1].model_id)
"""
    )
    explorer, right, answer = printed.split()
    running = page.begin(BUSY)
    page.put(explorer, threshold=0.3)
    wanted = [[1, 1], [0, 2]]
    soon(page, lambda: page.states[explorer].get("facts", {}).get("matrix") == wanted, "count")
    page.press(right)
    soon(page, lambda: "Right" in page.states[answer].get("value", ""), "verdict")
    page.interrupt()
    page.finish(running)


def test_two_clicks_on_start_start_one_training(with_subshell, ids):
    page = with_subshell
    running = page.begin(BUSY)
    page.press(ids["Start"])
    page.press(ids["Start"])
    page.wait_until(lambda: page.states[ids["status"]].get("heard") == 2, "both clicks", 10)
    page.wait_until(lambda: "running" in state(page, ids), "start", 5)
    page.press(ids["Stop"])
    page.interrupt()
    page.finish(running)
    assert page.run("print(len(panel.runs))") == "1\n"


@pytest.mark.parametrize("alive", [True, False])
def test_the_picture_that_a_notebook_keeps_is_renewed_when_a_run_ends(page, ids, alive):
    page.run("panel = TrainingPanel(dataset, width=8, epochs=2, batch_size=64)\npanel", front_end=alive)
    assert page.renewed == []
    page.run("run = panel.start().wait().result()", front_end=alive)
    page.wait_until(lambda: page.renewed, "new picture", 10)
    (data,) = page.renewed
    assert "run 1 done" in data["text/plain"]
    assert ("application/vnd.jupyter.widget-view+json" in data) == alive
    assert len(data["image/png"]) * 3 / 4 < 90_000


def test_the_explorers_picture_is_renewed_when_a_reader_leaves_it(page):
    printed = page.run("e = ThresholdExplorer([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]); print(e.model_id)\ne")
    model_id = printed.splitlines()[0]
    page.put(model_id, threshold=0.3)
    page.wait_until(lambda: page.states[model_id].get("facts", {}).get("threshold") == 0.3, "count", 10)
    assert page.renewed == []  # the page would draw it anew under the reader's hand
    page.put(model_id, left=1)
    page.wait_until(lambda: page.renewed, "new picture", 10)
    assert "threshold 0.300" in page.renewed[0]["text/plain"]
