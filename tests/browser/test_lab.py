"""The fixtures themselves: the kernel is ours, and what goes wrong in the page is noticed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from medlab.exercises import learner_record

pytestmark = pytest.mark.browser


def test_the_kernel_runs_this_python_at_smoke_scale_and_keeps_progress_out_of_the_home(lab, own_home):
    lab.open_cells(
        "import os, sys\nfrom medlab.exercises.learner_record import file",
        "print(sys.executable, os.environ['MEDLAB_SCALE'], os.environ['KERAS_BACKEND'], file())",
    )
    lab.run_all()
    expected = f"{sys.executable} smoke tensorflow {learner_record.file()}"
    expect(lab.cell("cell-1").locator(".jp-OutputArea-output")).to_have_text(expected)
    assert learner_record.file().is_relative_to(own_home)
    assert Path(os.environ["HOME"]) == own_home


def test_a_cell_that_raises_fails_run_all_with_its_words(lab):
    lab.open_cells("1 + 1", "raise RuntimeError('no such nodule')", "2 + 2")
    with pytest.raises(AssertionError, match="no such nodule"):
        lab.run_all()


def test_errors_and_requests_that_leave_the_server_are_noticed(lab):
    page = lab.open_cells("1")
    assert lab.problems == []
    page.evaluate("console.error('something broke')")
    page.evaluate("setTimeout(() => { throw new Error('thrown later') }, 0)")
    page.evaluate("fetch('http://outside.invalid/x').catch(() => 0)")
    page.evaluate("try { new WebSocket('ws://outside.invalid/y').onerror = () => 0 } catch {}")
    wanted = ["console: something broke", "thrown: ", "request: http://outside", "request: ws://outside"]
    lab.wait_until(
        lambda: all(any(problem.startswith(words) for problem in lab.problems) for words in wanted),
        f"{wanted} in {lab.problems}",
    )
    page.wait_for_timeout(500)  # the browser itself logs that it could not reach them
    lab.problems.clear()
