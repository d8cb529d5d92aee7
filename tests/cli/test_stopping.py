"""Ctrl-C and SIGTERM while `medlab report` runs: answered at once, nothing of it goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

TEMPLATES = Path(__file__).parents[1] / "reports" / "templates"
COMMAND = """
import pathlib
from medlab.cli import main
from medlab.reports import presets
reports = presets.available(pathlib.Path("templates"))
presets.available = lambda _folder=None: reports
main(["report", "tiny", "--out", "out"])
"""
# A cell that hears no interrupt, as in the midst of a computation, and a process of its own that hears none.
DEAF = """
import os, signal, subprocess, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
print("at work:", os.getpid(), child.pid, flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def report(tmp_path, two_classes):
    """A report in the midst of a cell; `at_work` are the numbers of its kernel and of the kernel's child."""
    two_classes(tmp_path / "images" / "train")
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    notebook = json.loads((tmp_path / "templates" / "tiny.ipynb").read_text())
    (cell,) = (cell for cell in notebook["cells"] if cell["id"] == "picture")
    cell["source"] = DEAF
    (tmp_path / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    at_work = next(line for line in process.stdout if line.startswith("at work:"))
    process.at_work = [int(number) for number in at_work.split()[2:]]
    yield process
    for number in [process.pid, *process.at_work]:
        if is_alive(number):
            os.kill(number, signal.SIGKILL)


def is_alive(number):
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("send", "number", "code"),
    [(os.killpg, signal.SIGINT, 130), (os.kill, signal.SIGINT, 130), (os.kill, signal.SIGTERM, 143)],
    ids=["Ctrl-C in a terminal", "SIGINT", "SIGTERM"],
)
def test_a_report_that_is_stopped_says_so_and_where_it_lies_and_ends_its_kernel(
    report, tmp_path, send, number, code
):
    send(report.pid, number)
    lines = [line for line in report.stdout if line.strip()]
    assert report.wait() == code
    assert lines == [
        "Stopping: what was executed is being written, and the kernel ended.\n",
        f"tiny was stopped. Kept in {tmp_path / 'out'}: parameters.json, report.html, report.ipynb\n",
    ]
    assert [pid for pid in report.at_work if is_alive(pid)] == []
    assert str(tmp_path) not in (tmp_path / "out" / "report.ipynb").read_text()
