"""`medlab kernels` and `medlab lab`: what they write, list, take away and start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from medlab import backend
from medlab.cli import main
from medlab.cli.kernels import state_of
from medlab.cli.lab import course_to_work_in
from medlab.exercises import learner_record


def medlab(*words):
    return CliRunner().invoke(main, list(words))


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path, monkeypatch):
    """Let Jupyter look into this test's folders only."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(
        "jupyter_client.kernelspec.jupyter_path", lambda *names: [str(tmp_path / "jupyter/kernels")]
    )


def test_kernels_are_installed_listed_and_removed(tmp_path):
    assert "There are none. Install them with: medlab kernels install" in medlab("kernels", "list").output
    result = medlab("kernels", "install", "--user")
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == [
        "medlab-tensorflow",
        "medlab-torch",
        "medlab-jax",
    ]
    spec = json.loads((tmp_path / "jupyter/kernels/medlab-jax/kernel.json").read_text())
    assert spec["argv"][0] == sys.executable
    assert "MedLab (PyTorch)" in medlab("kernels", "list").output
    assert medlab("kernels", "list").output.count("ready") == 3
    assert "Removed medlab-jax, medlab-torch." in medlab("kernels", "remove", "jax", "medlab-torch").output
    assert "MedLab (PyTorch)" not in medlab("kernels", "list").output


@pytest.mark.parametrize(
    ("program", "state"),
    [
        ("/nowhere/bin/python", "its Python is gone"),
        ("{folder}/is-no-program", "its Python does not start"),
        ("{folder}/fails", "its Python does not start"),
        ("{folder}/lacks", "its Python lacks ipykernel"),
        ("python", "ready"),  # Jupyter takes its own
        (sys.executable, "ready"),
    ],
)
def test_a_kernel_is_ready_when_its_own_python_can_start_it(tmp_path, program, state):
    (tmp_path / "is-no-program").touch()
    for name, script in (("fails", "exit 1"), ("lacks", "echo ipykernel torch")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    medlab("kernels", "install", "torch", "--user")
    path = tmp_path / "jupyter/kernels/medlab-torch/kernel.json"
    spec = json.loads(path.read_text())
    spec["argv"][0] = program.format(folder=tmp_path)
    path.write_text(json.dumps(spec))
    lines = medlab("kernels", "list").output.splitlines()
    assert lines[0] == f"medlab-torch        MedLab (PyTorch)        {state}"
    assert [line for line in lines[1:] if "medlab kernels install BACKEND" in line] == lines[1:]
    assert len(lines) == 1 + (state != "ready")


def test_a_kernel_that_names_no_backend_or_no_program_is_not_ready():
    assert state_of({"argv": ["python"]}) == "no backend named"
    assert state_of({"env": {"KERAS_BACKEND": "torch"}}) == "its Python is gone"


def test_only_installed_backends_get_a_kernel(monkeypatch):
    there = backend.importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name == "jax" else there(name, *rest)
    )
    result = medlab("kernels", "install", "jax")
    assert result.exit_code == 1
    assert (
        "backend 'jax' is not installed. Install it with: pip install -c constraints.txt '.[jax]'"
        in result.output
    )
    assert "medlab-jax" not in medlab("kernels", "install", "--user").output


def test_unknown_names_are_refused():
    assert "backend must be one of" in medlab("kernels", "install", "pytorch").output
    assert "There is no kernel medlab-jax. There are: none." in medlab("kernels", "remove", "jax").output


def test_a_kernel_that_cannot_be_written_says_what_to_try(monkeypatch):
    def fail(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.install_kernel_spec", fail)
    result = medlab("kernels", "install", "tensorflow")
    assert result.exit_code == 1
    assert "The kernel could not be written" in result.output
    assert "Try --user" in result.output


def test_the_lab_opens_on_the_clones_course_and_passes_options_on(tmp_path, monkeypatch):
    monkeypatch.setattr(learner_record, "file", lambda: tmp_path / "progress.sqlite")
    started = []

    class Server:
        def __init__(self, command, env):
            started.append(command)

        def __enter__(self):
            return self

        def __exit__(self, *error): ...

        def wait(self):
            started.append("waited")
            if len(started) < 4:
                raise KeyboardInterrupt  # it goes on waiting: JupyterLab asks whether to shut down
            return 0

    monkeypatch.setattr("subprocess.Popen", Server)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.delenv("SHELL", raising=False)
    assert medlab("lab", "--no-browser", "--port=9999").exit_code == 0
    command, *waits = started
    assert waits == ["waited"] * 3
    course = Path(__file__).parents[2] / "notebooks"
    assert command[1:] == [
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={course}",
        "--LabApp.default_url=/lab/tree/00_start.ipynb",
        "--no-browser",
        "--port=9999",
    ]


def test_a_lab_that_is_told_to_end_takes_jupyterlab_with_it(tmp_path):
    package = tmp_path / "jupyterlab"
    package.mkdir()
    (package / "__init__.py").touch()
    script = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    (package / "__main__.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    code = f"from medlab.cli import main; main(['lab', '--course', {str(tmp_path)!r}])"
    lab = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    jupyterlab = int(lab.stdout.readline())
    lab.send_signal(signal.SIGTERM)
    assert lab.wait() == 128 + signal.SIGTERM
    assert not psutil.pid_exists(jupyterlab)


def test_from_a_wheel_the_course_is_copied_once(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / "medlab" / "course"
    installed.mkdir(parents=True)
    (installed / "00_start.ipynb").write_text('{"cells": []}')
    monkeypatch.setattr("medlab.notebook.course_folder", lambda: installed)
    monkeypatch.chdir(tmp_path)
    place = course_to_work_in()
    assert place == tmp_path / "medlab-course"
    (place / "00_start.ipynb").write_text("my own notes")
    assert course_to_work_in() == place
    assert (place / "00_start.ipynb").read_text() == "my own notes"
    assert course_to_work_in(tmp_path / "mine") == tmp_path / "mine"


def test_a_course_that_cannot_be_copied_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("medlab.notebook.course_folder", lambda: tmp_path / "gone")
    monkeypatch.chdir(tmp_path)
    result = medlab("lab")
    assert result.exit_code == 1
    assert "The course must lie in" in result.output
