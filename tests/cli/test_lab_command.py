"""`medlab lab`: where it opens, and what it asks of JupyterLab."""

from __future__ import annotations

import json
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


def test_jupyterlab_is_asked_for_no_news_and_the_user_has_the_last_word(course, monkeypatch):
    monkeypatch.setattr(lab.subprocess, "Popen", Server)
    monkeypatch.setattr(lab.signal, "signal", lambda *_: None)
    monkeypatch.setattr(learner_record, "last_chapter", lambda: ("", False))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/user")
    mine = "--LabApp.default_url=/lab/tree/glossary.ipynb"
    result = CliRunner().invoke(main, ["lab", "--course", str(course), "--no-browser", mine])
    assert result.exit_code == 0, result.output
    assert Server.command[3:] == [
        f"--ServerApp.root_dir={course}",
        "--LabApp.default_url=/lab/tree/00_start.ipynb",
        "--no-browser",
        mine,
    ]
    first, second = Server.env["JUPYTER_CONFIG_PATH"].split(lab.os.pathsep)
    assert first == "/of/the/user"
    settings = json.loads((Path(second) / "labconfig" / "default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
