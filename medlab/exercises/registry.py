"""Where a chapter's exercises are registered, and found by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medlab import checks
from medlab.exercises.chapters import CHAPTERS

Checker = Callable[[Any], str | None]


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter.

    Attributes
    ----------
    name : str
        What `check` is given.
    hint : str
        One or two sentences that lead on without giving the answer.
    right : str
        What follows "right": what the answer means.
    solution : object
        An answer that passes: a number, an array or a function.
    checker : callable
        Takes an answer; returns None when it is right, else returns or raises (`comparing.Hint`) what is
        wrong with it.
    module : str
        The module that registered it.
    """

    name: str
    hint: str
    right: str
    solution: Any
    checker: Checker
    module: str


_REGISTERED: dict[str, Exercise] = {}


def exercise(name: str, *, hint: str, right: str, solution: Any) -> Callable[[Checker], Checker]:
    """Register the function below as the checker of the exercise `name`; for the parameters see `Exercise`.

    Raises
    ------
    ValueError
        If another module has registered that name.
    """

    def register(checker: Checker) -> Checker:
        module = checker.__module__
        other = _REGISTERED.get(name)
        if other is not None and other.module != module:
            msg = f"An exercise needs a name of its own, but {name!r} is in {other.module}. Rename one."
            raise ValueError(msg)
        _REGISTERED[name] = Exercise(name, hint, right, solution, checker, module)
        return checker

    return register


def chapter_of(name: str) -> str:
    """Return the chapter that the exercise belongs to.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names the nearest.
    """
    for chapter, row in CHAPTERS.items():
        if name in row.exercises:
            return chapter
    known = [exercise for row in CHAPTERS.values() for exercise in row.exercises]
    msg = f"There is no exercise {name!r}.{checks.nearest(name, known)}"
    raise ValueError(msg)


def load_chapter(chapter: str) -> dict[str, Exercise]:
    """Import one chapter's checkers and return its exercises by name.

    Raises
    ------
    ValueError
        If there is no such chapter.
    """
    module = f"medlab.exercises.chapters.{CHAPTERS[checks.one_of('chapter', chapter, CHAPTERS)].module}"
    importlib.import_module(module)
    return {name: found for name, found in _REGISTERED.items() if found.module == module}


def find(name: str) -> Exercise:
    """Return the exercise called `name`, loading its chapter and no other.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    return load_chapter(chapter_of(name))[name]
