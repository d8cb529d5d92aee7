"""`medlab progress`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from medlab.cli import main
from medlab.exercises import learner_record
from medlab.exercises.chapters import read_chapters

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Path of the progress file of this test."""
    monkeypatch.setattr(learner_record, "file", lambda: tmp_path / "progress.sqlite")
    return tmp_path / "progress.sqlite"


def call(*words, answer=None):
    return CliRunner().invoke(main, ["progress", *words], input=answer)


def test_each_chapter_says_how_much_of_it_is_done(kept):
    learner_record.note("exercises", "kernel_weights", solved=True)
    learner_record.note("quiz", "two_losses", solved=True)
    learner_record.note("quiz", "most_weights", solved=False)
    result = call()
    assert result.exit_code == 0
    rows = [line.split(maxsplit=1) for line in result.output.splitlines()]
    chapters = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert [name for name, _ in rows] == ["chapter", *chapters]
    counts = dict(rows)
    for name, done in (("03_cnn", 1), ("02_data", 0)):
        row = read_chapters()[name]
        wanted = f"{done} of {len(row.exercises)} {done} of {len(row.questions)}"
        assert counts[name].split() == wanted.split()


def test_reset_asks_first(kept):
    learner_record.note("exercises", "rates", solved=True)
    result = call("--reset", answer="n\n")
    assert result.exit_code == 1
    assert kept.exists()
    assert call("--reset", answer="y\n").output.endswith("Your progress was deleted.\n")
    assert not kept.exists()


def test_reset_with_yes_does_not_ask(kept):
    learner_record.note("exercises", "rates", solved=True)
    assert call("--reset", "--yes").output == "Your progress was deleted.\n"
    assert not kept.exists()
    assert call("--reset").output == "There is no progress to delete.\n"


def test_progress_that_cannot_be_deleted_is_told(kept, monkeypatch):
    learner_record.note("exercises", "rates", solved=True)

    def refuse():
        raise PermissionError(13, "Permission denied", str(kept))

    monkeypatch.setattr(learner_record, "reset", refuse)
    result = call("--reset", "--yes")
    assert result.exit_code == 1
    assert "The progress could not be deleted: progress.sqlite: Permission denied" in result.output


def test_progress_loads_neither_a_chapter_nor_anything_heavy():
    code = "import sys; from medlab.cli import main; main(['progress'], standalone_mode=False);"
    code += "print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(printed.splitlines()[-1].split())
    assert {"numpy", "keras", "yaml", "ipywidgets", "medlab.course.exercises.02"} & loaded == set()
