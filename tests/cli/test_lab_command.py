"""`medlab lab`: where it opens, and what it asks of JupyterLab."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from medlab.cli import lab, main
from medlab.exercises import learner_record


@pytest.fixture
def course(tmp_path):
    for name in ("00_start", "01_math", "03_cnn", "glossary"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (("", False), "00_start.ipynb"),
        (("01_math", False), "01_math.ipynb"),
        (("01_math", True), "03_cnn.ipynb"),
        (("03_cnn", True), "03_cnn.ipynb"),
        (("02_data", False), "00_start.ipynb"),  # not in this folder
    ],
)
def test_it_opens_where_the_learner_was(course, monkeypatch, last, wanted):
    monkeypatch.setattr(learner_record, "last_chapter", lambda: last)
    assert lab.chapter_to_open(course) == wanted


def test_a_folder_without_chapters_opens_as_it_is(tmp_path):
    assert lab.chapter_to_open(tmp_path) == ""


class Server:
    """What `subprocess.Popen` returns, for a server that ends at once."""

    def __init__(self, command, env):
        Server.command, Server.env = command, env

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def wait(self):
        return 0


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """Let Jupyter look for kernels in one folder only; return it."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr("jupyter_client.kernelspec.jupyter_path", lambda *names: [str(tmp_path / "kernels")])
    return tmp_path / "kernels"


def put_spec(folder, program=sys.executable):
    spec = {"argv": [program, "-m", "x"], "display_name": "MedLab", "env": {"KERAS_BACKEND": "tensorflow"}}
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({**spec, "language": "python"}))


def test_the_course_has_medlabs_kernel_where_it_is_installed(kernels, tmp_path, monkeypatch):
    lab.put_kernel(tmp_path / "python3")
    assert not (tmp_path / "python3").exists(), "there is none"
    put_spec(kernels / "medlab-tensorflow")
    lab.put_kernel(tmp_path / "python3")
    spec = json.loads((tmp_path / "python3" / "kernel.json").read_text())
    assert spec["env"] == {"KERAS_BACKEND": "tensorflow"}
    assert spec["display_name"] == "Python 3 (ipykernel)", "the notebooks' own, which stay unchanged"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    lab.put_kernel(tmp_path / "other")
    assert not (tmp_path / "other").exists(), "another backend's"


def test_a_kernel_that_cannot_start_is_left_alone(kernels, tmp_path):
    put_spec(kernels / "medlab-tensorflow", "/no/such/python")
    lab.put_kernel(tmp_path / "python3")
    assert not (tmp_path / "python3").exists()


def test_jupyterlab_is_asked_for_no_news_and_the_user_has_the_last_word(course, kernels, monkeypatch):
    monkeypatch.setattr(lab.subprocess, "Popen", Server)
    monkeypatch.setattr(lab.signal, "signal", lambda *_: None)
    monkeypatch.setattr(learner_record, "last_chapter", lambda: ("", False))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/user")
    monkeypatch.setenv("JUPYTER_PATH", "/data/of/the/user")
    monkeypatch.setenv("SHELL", "/bin/zsh")
    mine = "--LabApp.default_url=/lab/tree/glossary.ipynb"
    result = CliRunner().invoke(main, ["lab", "--course", str(course), "--no-browser", mine])
    assert result.exit_code == 0, result.output
    assert Server.command[3:] == [
        f"--ServerApp.root_dir={course}",
        "--LabApp.default_url=/lab/tree/00_start.ipynb",
        "--ServerApp.terminado_settings={'shell_command': ['/bin/zsh']}",
        "--no-browser",
        mine,
    ]
    assert Server.env["PATH"].split(lab.os.pathsep)[0] == str(Path(sys.executable).parent)
    first, second = Server.env["JUPYTER_CONFIG_PATH"].split(lab.os.pathsep)
    assert first == "/of/the/user"
    assert Server.env["JUPYTER_PATH"].endswith(f"{lab.os.pathsep}/data/of/the/user")
    settings = json.loads((Path(second) / "labconfig" / "default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
