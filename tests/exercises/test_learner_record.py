"""Progress survives damage, full disks and several kernels."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from medlab.exercises import learner_record

ROOT = Path(__file__).parents[2]
NOTHING = {"exercises": {}, "quiz": {}}


def change(path, statement):
    """Change the file as another program might."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def test_the_file_lies_in_the_users_data_directory(monkeypatch):
    monkeypatch.undo()
    assert str(learner_record.file().parent) == platformdirs.user_data_dir("medlab")


def test_tries_are_counted_and_the_first_success_is_dated(kept):
    assert learner_record.load() == NOTHING
    for solved in (False, True):
        learner_record.note("exercises", "rates", solved=solved)
    first = learner_record.load()["exercises"]["rates"]
    assert first["tries"] == 2
    assert first["solved"].endswith("+00:00")
    assert os.name == "nt" or kept.stat().st_mode & 0o077 == 0, "for the learner's eyes only"
    change(kept, "UPDATE progress SET solved = 'long ago'")
    for solved in (True, False):
        learner_record.note("exercises", "rates", solved=solved)
    assert learner_record.load()["exercises"]["rates"] == {"tries": 4, "wrong": 2, "solved": "long ago"}
    assert [path.name for path in kept.parent.iterdir()] == ["progress.sqlite"]


def test_the_summary_counts_what_is_done_of_all():
    learner_record.note("exercises", "rates", solved=True)
    learner_record.note("exercises", "called_back", solved=False)
    learner_record.note("exercises", "of_another_version", solved=True)
    learner_record.note("quiz", "no_zoom", solved=True)
    summary = dict(learner_record.summary())
    assert list(summary) == sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert summary["06_lung_screening"] == {"exercises": (1, 6), "quiz": (1, 5)}
    assert summary["02_data"] == {"exercises": (0, 7), "quiz": (0, 5)}


@pytest.mark.parametrize("content", [b"{}" * 500, b"SQLite format 3\0" + bytes(2000)])
def test_a_damaged_file_is_said_once_left_alone_and_deleted_by_reset(kept, capsys, content):
    kept.parent.mkdir()
    kept.write_bytes(content)
    for _ in range(2):
        assert learner_record.load() == NOTHING
        learner_record.note("quiz", "no_zoom", solved=False)
    printed = capsys.readouterr().out
    assert printed.count("Your progress cannot be read: progress.sqlite: file is not a database.") == 1
    assert printed.count("Your progress is not kept: progress.sqlite: file is not a database.") == 1
    assert printed.count("`medlab progress --reset` begins a new one.") == 2
    assert learner_record.wrong_tries("quiz", "no_zoom") == 2, "the next hint knows of them all the same"
    assert kept.read_bytes() == content
    learner_record.reset()
    learner_record.note("quiz", "no_zoom", solved=True)
    assert learner_record.load()["quiz"]["no_zoom"]["tries"] == 1


def test_a_file_with_other_columns_cannot_be_read(kept, capsys):
    kept.parent.mkdir()
    change(kept, "CREATE TABLE progress (kind, name)")
    assert learner_record.load() == NOTHING
    assert "cannot be read: progress.sqlite: no such column: tries." in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_said_once(kept, capsys):
    kept.parent.write_text("a file where the folder should be")
    for _ in range(3):
        learner_record.note("exercises", "rates", solved=True)
    assert capsys.readouterr().out.count("Your progress is not kept: ") == 1
    assert kept.parent.is_file()


def test_a_full_disk_leaves_the_old_file_and_no_half(kept, capsys):
    learner_record.note("exercises", "rates", solved=True)
    before = kept.read_bytes()
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before)}, {len(before)}))"
    code = f"""{limit}
import pathlib, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from medlab.exercises import learner_record
learner_record.file = lambda: pathlib.Path({str(kept)!r})
learner_record.note("exercises", "x" * 10**5, solved=True)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("Your progress is not kept: progress.sqlite: ")
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir()] == ["progress.sqlite"]


def test_a_kernel_that_holds_the_lock_too_long_is_not_waited_for(kept, monkeypatch, capsys):
    learner_record.note("exercises", "rates", solved=True)
    monkeypatch.setattr(learner_record, "_WAIT_S", 0.02)
    with contextlib.closing(sqlite3.connect(kept)) as other:
        other.execute("BEGIN EXCLUSIVE")
        learner_record.note("exercises", "rates", solved=True)
    assert "not kept: progress.sqlite: database is locked." in capsys.readouterr().out


def test_two_kernels_that_write_at_once_lose_nothing(tmp_path, monkeypatch):
    code = (
        "import sys; from medlab.exercises import learner_record\n"
        "for i in range(40):\n"
        "    learner_record.note('exercises', f'{sys.argv[1]}{i}', solved=True)\n"
        "    learner_record.note('quiz', 'both', solved=False)\n"
    )
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "xdg")}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, who],
            env=os.environ | home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for who in "ab"
    ]
    said = [process.communicate()[0] for process in running]
    assert said == [b"", b""]
    (path,) = tmp_path.rglob("progress.sqlite")
    monkeypatch.setattr(learner_record, "file", lambda: path)
    content = learner_record.load()
    assert len(content["exercises"]) == 80
    assert content["quiz"]["both"]["tries"] == 80


def test_reset_deletes_the_file_if_there_is_one(kept):
    learner_record.reset()
    learner_record.note("quiz", "no_zoom", solved=True)
    learner_record.reset()
    assert not kept.exists()
    assert learner_record.load() == NOTHING


def test_the_last_chapter_is_that_of_what_was_solved_last(monkeypatch):
    assert learner_record.last_chapter() == ("", False)
    chapters = learner_record.read_chapters()
    times = iter(range(100))

    class Clock(learner_record.datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 1, 0, next(times) // 60, 0, tzinfo=tz)

    monkeypatch.setattr(learner_record.datetime, "datetime", Clock)
    first, second = list(chapters)[:2]
    learner_record.note("exercises", chapters[second].exercises[0], solved=True)
    assert learner_record.last_chapter() == (second, False)
    learner_record.note("quiz", chapters[first].questions[0], solved=False)
    assert learner_record.last_chapter() == (second, False), "a wrong try solves nothing"
    for name in chapters[second].exercises:
        learner_record.note("exercises", name, solved=True)
    for name in chapters[second].questions:
        learner_record.note("quiz", name, solved=True)
    assert learner_record.last_chapter() == (second, True)
