"""What a learner has done: one small file in the user's data directory.

Losing a tick is a pity, stopping a lesson is worse: nothing here raises on what the disk does, it says so
once. SQLite lets kernels that write at the same time take turns, and leaves no half-written file.
"""

import contextlib
import datetime
import functools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medlab.exercises.chapters import read_chapters

KINDS = ("exercises", "quiz")
_WAIT_S = 2.0  # for another kernel's turn, which takes milliseconds
_TABLE = "CREATE TABLE IF NOT EXISTS progress (kind, name, tries, wrong, solved, PRIMARY KEY (kind, name))"
_TRY = """INSERT INTO progress VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
    tries = tries + 1, wrong = wrong + excluded.wrong, solved = coalesce(solved, excluded.solved)"""

Progress = dict[str, dict[str, dict[str, Any]]]

# Wrong tries that could not be written down: the next hint knows of them all the same.
_not_kept: Counter[tuple[str, str]] = Counter()


def file() -> Path:
    """Return the path of the file, which need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("medlab")) / "progress.sqlite"


def note(kind: str, name: str, *, solved: bool) -> None:
    """Add one try to an exercise or a question, and the time if it is the first that solved it.

    Parameters
    ----------
    kind : str
        "exercises" or "quiz".
    name : str
        The name of the exercise or question.
    solved : bool
        Whether the answer was right.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    try:
        with _opened() as database:
            database.execute(_TRY, (kind, name, not solved, now if solved else None))
    except (OSError, sqlite3.Error) as error:
        _not_kept[kind, name] += not solved
        _print_once(f"Your progress is not kept: {_trouble(error)}")


def wrong_tries(kind: str, name: str) -> int:
    """Return how often an exercise or a question was answered wrongly, also where progress is not kept."""
    try:
        kept = _read()[kind].get(name, {"wrong": 0})["wrong"]
    except (OSError, sqlite3.Error):  # `note` says so
        kept = 0
    return kept + _not_kept[kind, name]


def load() -> Progress:
    """Return what is kept: kind -> name -> {"tries", "wrong", "solved"}; empty where it cannot be read."""
    try:
        return _read()
    except (OSError, sqlite3.Error) as error:
        _print_once(f"Your progress cannot be read: {_trouble(error)}")
        return {kind: {} for kind in KINDS}


def summary() -> list[tuple[str, dict[str, tuple[int, int]]]]:
    """Return (chapter, {kind: (done, all)}) in reading order."""
    solved = {kind: {name for name, e in entries.items() if e["solved"]} for kind, entries in load().items()}
    rows = []
    for chapter, row in read_chapters().items():
        names = {"exercises": set(row.exercises), "quiz": set(row.questions)}
        counts = {kind: (len(solved[kind] & names[kind]), len(names[kind])) for kind in KINDS}
        rows.append((chapter, counts))
    return rows


def last_chapter() -> tuple[str, bool]:
    """Return the chapter where something was solved last ("": nowhere), and whether all of it is."""
    entries = {name: entry for kind in load().values() for name, entry in kind.items() if entry["solved"]}
    if not entries:
        return "", False
    last = max(entries, key=lambda name: entries[name]["solved"])
    for chapter, row in read_chapters().items():
        names = {*row.exercises, *row.questions}
        if last in names:
            return chapter, names <= set(entries)
    return "", False  # of a chapter that is gone


def reset() -> None:
    """Delete the file, if there is one.

    Raises
    ------
    OSError
        If it cannot be deleted.
    """
    _not_kept.clear()
    file().unlink(missing_ok=True)


def _read() -> Progress:
    progress: Progress = {kind: {} for kind in KINDS}
    if file().exists():  # reading leaves no file behind
        with _opened() as database:
            rows = database.execute("SELECT kind, name, tries, wrong, solved FROM progress")
            for kind, name, tries, wrong, solved in rows:
                progress[kind][name] = {"tries": tries, "wrong": wrong, "solved": solved}
    return progress


@contextlib.contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """Open the file, which is made when missing; what was changed is written when the block ends well."""
    if not file().exists():
        file().parent.mkdir(parents=True, exist_ok=True)
        file().touch(mode=0o600)  # nobody else's business
    with contextlib.closing(sqlite3.connect(file(), timeout=_WAIT_S)) as database, database:
        database.execute("PRAGMA synchronous = OFF")  # waiting for the disk would let others wait too long
        database.execute("BEGIN IMMEDIATE")  # waits; a reader that begins to write would be refused at once
        database.execute(_TABLE)
        yield database


def _trouble(error: Exception) -> str:
    # SQLite's other errors, such as a lock that is held, are of more special kinds.
    damaged = " `medlab progress --reset` begins a new one." if type(error) is sqlite3.DatabaseError else ""
    return f"{file().name}: {error}.{damaged}"


@functools.cache  # the second time there is nothing left to do
def _print_once(text: str) -> None:
    print(text)
