"""Panels beside a cell that runs, and after a kernel that was restarted or died."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PANEL = """
from medlab_widgets import TrainingPanel
dataset = spots_dataset(2048, 40, 40)
panel = TrainingPanel(dataset, width=8, epochs=100, batch_size=16, patience=100)
panel
"""
BUSY = "import time\nfor second in range(120): time.sleep(1)"


@pytest.fixture
def busy(lab, spots_source):
    """A window whose notebook has a fresh panel and runs another cell; `Run All` was chosen, nothing else."""

    def opened(*before):
        lab.open_cells(*before, spots_source, PANEL, BUSY)
        lab.choose("Run", "runmenu:run-all")
        last = lab.cell(f"cell-{len(before) + 2}")
        expect(last.locator(".jp-InputArea-prompt")).to_have_text(re.compile(r"\[\*\]"), timeout=60_000)
        cell = lab.cell(f"cell-{len(before) + 1}")
        expect(button(cell, "Start")).to_be_visible(timeout=60_000)
        return cell, last

    return opened


def button(cell, name):
    return cell.get_by_role("button", name=name, exact=True)


def test_start_pause_and_stop_answer_while_run_all_goes_on(lab, busy):
    cell, last = busy()
    lab.press(cell, "Start", "run 1: running")
    expect(cell.get_by_text(re.compile("epoch [2-9]"))).to_be_visible(timeout=60_000)  # it is compiled now
    lab.press(cell, "Pause", "run 1: paused")
    lab.press(cell, "Resume", "run 1: running")
    lab.press(cell, "Stop", "run 1: stopped")
    lab.keep_picture("panel-beside-a-running-cell")
    expect(last.locator(".jp-InputArea-prompt")).to_have_text(re.compile(r"\[\*\]"))
    expect(cell.get_by_text("Queued")).to_have_count(0)
    lab.choose("Kernel", "kernelmenu:interrupt")


def test_where_a_click_has_to_wait_the_page_says_so_at_once(lab, busy):
    """As with ipykernel 6, or another front end: the way around is taken away."""
    cell, _ = busy("from medlab import notebook\nnotebook._free = lambda comm, lock: None")
    lab.press(cell, "Start", "^Queued: the notebook is busy", within_s=2)
    lab.keep_picture("panel-queued")
    lab.choose("Kernel", "kernelmenu:interrupt")
    expect(cell.get_by_text(re.compile("run 1: running"))).to_be_visible(timeout=20_000)
    expect(cell.get_by_text("Queued")).to_have_count(0)
    button(cell, "Stop").click()


def test_a_restarted_kernel_is_told_in_the_panel(lab, busy):
    cell, _ = busy()
    lab.press(cell, "Start", "run 1: running")
    lab.restart()
    expect(cell.get_by_text(re.compile("^The kernel was restarted"))).to_be_visible()
    cell.get_by_text(re.compile("^The kernel was restarted")).scroll_into_view_if_needed()
    lab.keep_picture("panel-restarted")
    expect(lab.page.get_by_text(re.compile(r"\| Idle$"))).to_be_visible()
    lab.wait_ready()
    lab.wait_ready()


def test_a_kernel_that_died_is_told_in_the_panel(lab, busy):
    cell, last = busy()
    lab.press(cell, "Start", "run 1: running")
    lab.choose("Kernel", "kernelmenu:interrupt")
    expect(last.locator(".jp-InputArea-prompt")).not_to_have_text(re.compile(r"\[\*\]"))
    lab.page.evaluate(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({code: 'import os; os.kill(os.getpid(), 9)'})"
    )
    expect(cell.get_by_text(re.compile("^The kernel was restarted"))).to_be_visible()
    lab.keep_picture("panel-dead-kernel")
