"""What a learner has done: one small file in the user's data directory.

Losing a tick is a pity, stopping a lesson is worse: nothing here raises on what the disk does, it says so
once. Kernels that write at the same time take turns by a lock.
"""

import contextlib
import datetime
import functools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from medlab.exercises.chapters import read_chapters

SCHEMA = 1
KINDS = ("exercises", "quiz")
_WAIT_S = 2.0  # for another kernel's turn, which takes milliseconds

Progress = dict[str, dict[str, dict[str, Any]]]

# Wrong tries that could not be written down: the next hint knows of them all the same.
_not_kept: Counter[tuple[str, str]] = Counter()


class UnreadableError(Exception):
    """The file holds something else than progress."""


def file() -> Path:
    """Return the path of the file, which need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("medlab")) / "progress.json"


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
    try:
        with _locked():
            progress = _read_or_put_aside()
            entry = progress[kind].setdefault(name, {"tries": 0, "wrong": 0, "solved": None})
            entry["tries"] += 1
            entry["wrong"] += not solved
            if solved and not entry["solved"]:
                now = datetime.datetime.now(datetime.UTC)
                entry["solved"] = now.isoformat(timespec="seconds")
            _write(progress)
    except (OSError, UnreadableError) as error:
        _not_kept[kind, name] += not solved
        _print_once(f"Your progress is not kept: {error}")


def wrong_tries(kind: str, name: str) -> int:
    """Return how often an exercise or a question was answered wrongly, also where progress is not kept."""
    try:
        kept = _read()[kind].get(name, {"wrong": 0})["wrong"]
    except (OSError, UnreadableError):  # `note` says so
        kept = 0
    return kept + _not_kept[kind, name]


def load() -> Progress:
    """Return what is kept: kind -> name -> {"tries", "wrong", "solved"}; empty where it cannot be read."""
    try:
        return _read()
    except (OSError, UnreadableError) as error:
        _print_once(f"Your progress cannot be read: {error}")
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
    with _locked():
        file().unlink(missing_ok=True)


def _read() -> Progress:
    """Return what the file holds; raise OSError or UnreadableError where it cannot be had."""
    path = file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {kind: {} for kind in KINDS}
    except (ValueError, RecursionError) as error:
        msg = f"{path} is damaged ({type(error).__name__})."
        raise UnreadableError(msg) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        msg = f"{path} is not of schema {SCHEMA}."
        raise UnreadableError(msg)
    return {kind: _valid_entries(content.get(kind)) for kind in KINDS}


def _valid_entries(entries: Any) -> dict[str, dict[str, Any]]:
    """Return the entries that can be understood: a damaged one does not take the others with it."""
    valid = {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if isinstance(entry, dict) and type(entry.get("tries")) is int:
            tries, solved = entry["tries"], entry.get("solved")
            solved = solved if isinstance(solved, str) else None
            # Files of earlier versions have no "wrong": all tries were, but the one that solved it.
            wrong = entry["wrong"] if type(entry.get("wrong")) is int else tries - bool(solved)
            valid[name] = {"tries": tries, "wrong": max(wrong, 0), "solved": solved}
    return valid


def _read_or_put_aside() -> Progress:
    """Return what the file holds; one that cannot be understood is kept under another name."""
    try:
        return _read()
    except UnreadableError as error:
        aside = file().with_name("progress.damaged.json")
        file().replace(aside)
        _print_once(f"{error} It is kept as {aside.name}, and a new one begins.")
        return {kind: {} for kind in KINDS}


def _write(progress: Progress) -> None:
    """Write the whole file at once: a reader sees the old one or the new one, never a half."""
    part = file().with_suffix(".part")  # only one kernel at a time comes here, see _locked
    try:
        part.touch(mode=0o600)  # nobody else's business
        with part.open("w", encoding="utf-8") as stream:
            json.dump({"schema": SCHEMA, **progress}, stream, indent=1, sort_keys=True)
        part.replace(file())
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Take turns with other kernels; the system frees the lock of one that died."""
    path = file().with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(path, timeout=_WAIT_S):
            yield
    except filelock.Timeout as error:
        msg = f"another kernel has held {path.name} for {_WAIT_S:g} s."
        raise TimeoutError(msg) from error


@functools.cache  # the second time there is nothing left to do
def _print_once(text: str) -> None:
    print(text)
