"""Progress survives damage, full disks and several kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from medlab.exercises import learner_record

ROOT = Path(__file__).parents[2]
NOTHING = {"exercises": {}, "quiz": {}}


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
    content = json.loads(kept.read_text())
    content["exercises"]["rates"]["solved"] = "long ago"
    kept.write_text(json.dumps(content))
    for solved in (True, False):
        learner_record.note("exercises", "rates", solved=solved)
    assert learner_record.load()["exercises"]["rates"] == {"tries": 4, "wrong": 2, "solved": "long ago"}
    assert sorted(path.name for path in kept.parent.iterdir()) == ["progress.json", "progress.lock"]


def test_the_summary_counts_what_is_done_of_all():
    learner_record.note("exercises", "rates", solved=True)
    learner_record.note("exercises", "called_back", solved=False)
    learner_record.note("exercises", "of_another_version", solved=True)
    learner_record.note("quiz", "no_zoom", solved=True)
    summary = dict(learner_record.summary())
    assert list(summary) == sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert summary["06_lung_screening"] == {"exercises": (1, 6), "quiz": (1, 5)}
    assert summary["02_data"] == {"exercises": (0, 7), "quiz": (0, 5)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"schema": 1, "exerc', "is damaged (JSONDecodeError)"),
        ("", "is damaged"),
        ("\udcff", "is damaged (UnicodeDecodeError)"),
        ("[" * 100_000, "is damaged (RecursionError)"),
        ("[1, 2]", "is not of schema 1"),
        ('{"schema": 2}', "is not of schema 1"),
    ],
)
def test_a_damaged_file_is_put_aside_said_once_and_replaced(kept, capsys, content, words):
    kept.parent.mkdir()
    kept.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert learner_record.load() == NOTHING
    learner_record.load()
    assert capsys.readouterr().out.count(words) == 1
    for _ in range(2):
        learner_record.note("quiz", "no_zoom", solved=True)
    assert capsys.readouterr().out.count("It is kept as progress.damaged.json, and a new one begins") == 1
    assert kept.with_name("progress.damaged.json").read_bytes() == content.encode("utf-8", "surrogateescape")
    assert learner_record.load()["quiz"]["no_zoom"]["tries"] == 2


def test_one_damaged_entry_does_not_take_the_others_with_it(kept):
    kept.parent.mkdir()
    entries = {
        "a": {"tries": "many"},
        "b": 3,
        "c": {"tries": 2, "solved": 7},
        "d": {"tries": 3, "solved": "now"},
        "e": {"tries": 2, "wrong": "few", "solved": None},
        "f": {"tries": 5, "wrong": 1, "solved": "now"},
    }
    kept.write_text(json.dumps({"schema": 1, "exercises": entries, "quiz": [1]}))
    left = {
        "c": {"tries": 2, "wrong": 2, "solved": None},
        "d": {"tries": 3, "wrong": 2, "solved": "now"},
        "e": {"tries": 2, "wrong": 2, "solved": None},
        "f": {"tries": 5, "wrong": 1, "solved": "now"},
    }
    assert learner_record.load() == {"exercises": left, "quiz": {}}


def test_a_place_that_cannot_be_written_is_said_once(kept, capsys):
    kept.parent.write_text("a file where the folder should be")
    for _ in range(3):
        learner_record.note("exercises", "rates", solved=True)
    assert capsys.readouterr().out.count("Your progress is not kept: ") == 1
    assert kept.parent.is_file()


def test_a_full_disk_leaves_the_old_file_and_no_half(kept, monkeypatch, capsys):
    learner_record.note("exercises", "rates", solved=True)
    before = kept.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(learner_record.json, "dump", full)
    learner_record.note("exercises", "rates", solved=True)
    assert "Your progress is not kept: [Errno 28] No space left" in capsys.readouterr().out
    assert kept.read_bytes() == before
    assert sorted(path.name for path in kept.parent.iterdir()) == ["progress.json", "progress.lock"]


def test_a_kernel_that_holds_the_lock_too_long_is_not_waited_for(monkeypatch, capsys):
    monkeypatch.setattr(learner_record, "_WAIT_S", 0.02)
    with learner_record._locked():
        learner_record.note("exercises", "rates", solved=True)
    assert "not kept: another kernel has held" in capsys.readouterr().out
    with (
        learner_record._locked(),
        pytest.raises(TimeoutError, match=r"another kernel has held .*progress\.lock for 0\.02 s"),
        learner_record._locked(),
    ):
        pass


def test_two_kernels_that_write_at_once_lose_nothing(tmp_path):
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
    (path,) = tmp_path.rglob("progress.json")
    content = json.loads(path.read_text())
    assert len(content["exercises"]) == 80
    assert content["quiz"]["both"]["tries"] == 80


def test_reset_deletes_the_file_if_there_is_one(kept):
    learner_record.reset()
    learner_record.note("quiz", "no_zoom", solved=True)
    learner_record.reset()
    assert not kept.exists()
    assert learner_record.load() == NOTHING


def test_reading_tells_a_damaged_file_from_a_missing_one(kept):
    assert learner_record._read() == NOTHING
    kept.parent.mkdir()
    kept.write_text("{")
    with pytest.raises(
        learner_record.UnreadableError, match=r"progress\.json is damaged \(JSONDecodeError\)"
    ):
        learner_record._read()
    kept.write_text("{}")
    with pytest.raises(learner_record.UnreadableError, match=r"progress\.json is not of schema 1"):
        learner_record._read()


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
