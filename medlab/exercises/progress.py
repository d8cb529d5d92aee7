"""What a learner has done: one small file in the user's data directory.

Losing a tick is a pity, stopping a lesson is worse: nothing here raises on what the disk does, it says so
once. Kernels that write at the same time take turns by a lock.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medlab.exercises.chapters import read_chapters

SCHEMA = 1
KINDS = ("exercises", "quiz")
_WAIT_S = 2.0  # for another kernel's turn, which takes milliseconds
_SAID: set[str] = set()

Kept = dict[str, dict[str, dict[str, Any]]]


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
            kept = _read_or_put_aside()
            entry = kept[kind].setdefault(name, {"tries": 0, "solved": None})
            entry["tries"] += 1
            if solved and not entry["solved"]:
                now = datetime.datetime.now(datetime.UTC)
                entry["solved"] = now.isoformat(timespec="seconds")
            _write(kept)
    except (OSError, UnreadableError) as error:
        _say_once(f"Your progress is not kept: {error}")


def load() -> Kept:
    """Return what is kept: kind -> name -> {"tries", "solved"}; empty where the file cannot be read."""
    try:
        return _read()
    except (OSError, UnreadableError) as error:
        _say_once(f"Your progress cannot be read: {error}")
        return {kind: {} for kind in KINDS}


def summary() -> list[tuple[str, dict[str, tuple[int, int]]]]:
    """Return (chapter, {kind: (done, all)}) in reading order."""
    kept = load()
    rows = []
    for chapter, row in read_chapters().items():
        names = {"exercises": row.exercises, "quiz": row.questions}
        done = {kind: sum(_solved(kept[kind].get(name)) for name in names[kind]) for kind in KINDS}
        rows.append((chapter, {kind: (done[kind], len(names[kind])) for kind in KINDS}))
    return rows


def reset() -> bool:
    """Delete the file; say whether there was one.

    Raises
    ------
    OSError
        If it cannot be deleted.
    """
    if not file().exists():
        return False
    with _locked():
        file().unlink(missing_ok=True)
    return True


def _solved(entry: dict[str, Any] | None) -> bool:
    return bool(entry and entry["solved"])


def _read() -> Kept:
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
    kept: Kept = {}
    for kind in KINDS:
        entries = content.get(kind)
        kept[kind] = {}
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            # One damaged entry does not take the others with it.
            if isinstance(entry, dict) and type(entry.get("tries")) is int:
                solved = entry.get("solved")
                kept[kind][name] = {
                    "tries": entry["tries"],
                    "solved": solved if isinstance(solved, str) else None,
                }
    return kept


def _read_or_put_aside() -> Kept:
    """Return what the file holds; one that cannot be understood is kept under another name."""
    try:
        return _read()
    except UnreadableError as error:
        aside = file().with_name("progress.damaged.json")
        file().replace(aside)
        _say_once(f"{error} It is kept as {aside.name}, and a new one begins.")
        return {kind: {} for kind in KINDS}


def _write(kept: Kept) -> None:
    """Write the whole file at once: a reader sees the old one or the new one, never a half."""
    path = file()
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"schema": SCHEMA, **kept}, stream, indent=1, sort_keys=True)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Take turns with other kernels; the system frees the lock of one that died."""
    path = file().with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        until = time.monotonic() + _WAIT_S
        while not _try_lock(stream.fileno()):
            if time.monotonic() > until:
                msg = f"another kernel has held {path} for {_WAIT_S:g} s."
                raise TimeoutError(msg)
            time.sleep(0.01)
        yield


def _try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, or say that another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _say_once(text: str) -> None:
    if text not in _SAID:
        _SAID.add(text)
        print(text)
