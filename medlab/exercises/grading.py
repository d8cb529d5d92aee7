"""Exercises as a chapter declares them, and `check`: a tick or a hint for a learner's answer."""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, NamedTuple

from medlab import checks
from medlab.exercises import comparison, learner_record, translation
from medlab.exercises.chapters import read_chapters

Checker = Callable[[Any], str | None]


class Exercise(NamedTuple):
    """One exercise of a chapter, as `exercise` declared it; see there."""

    name: str
    solution: Any
    mistakes: Sequence[tuple[Any, str]]
    hints: Sequence[str]
    right: str
    check: Checker


class Verdict(NamedTuple):
    """What is thought of an answer.

    Attributes
    ----------
    solved : bool or None
        None where there is no answer yet, or no such exercise.
    text : str
        What `check` prints, in English.
    """

    solved: bool | None
    text: str


_DECLARED: dict[str, Exercise] = {}


def exercise(
    name: str,
    *,
    solution: Any,
    cases: Sequence[Sequence[Any]] = (),
    also: Sequence[Callable[..., Any]] = (),
    mistakes: Sequence[tuple[Any, str]] = (),
    rtol: float = 1e-3,
    check: Checker | None = None,
    hints: Sequence[str],
    right: str,
) -> None:
    """Declare an exercise of a chapter, in `notebooks/exercises/NN.py`.

    Parameters
    ----------
    name : str
        What `exercises.check` is given; no other exercise of the course has it.
    solution : object
        An answer that is right: a function, or a number. With `check`, anything.
    cases : sequence of sequence
        Where the answer is a function: the arguments, by position, to call it and `solution` with. They
        should tell the right function from every mistake; arrays should have axes of unequal length.
    also : sequence of callable
        Functions that return something else than `solution` and are right too: the task leaves a choice.
    mistakes : sequence of (object, str)
        Wrong functions or numbers that learners arrive at, each with what to tell them.
    rtol : float
        How far off a number may be, relative to `solution`: three digits by default.
    check : callable, optional
        In place of comparing with `solution`, where many answers are right: takes the answer and returns
        None when it is right, else returns, or raises as `comparison.Hint`, what is wrong with it.
    hints : sequence of str
        The first is shown after the first wrong try, the second and stronger one after every later one. They
        lead on in one or two sentences each, without giving the answer.
    right : str
        What follows "right": what the answer means.
    """

    def compare(answer: Any) -> None:
        if cases:
            comparison.compare_function(answer, solution, cases, mistakes, also)
        else:
            comparison.compare_number(answer, solution, mistakes, rtol)

    _DECLARED[name] = Exercise(name, solution, mistakes, hints, right, check or compare)


def find(name: str) -> Exercise:
    """Return the exercise called `name`, running the file of its chapter and no other.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    files = {task: row.exercise_file for row in read_chapters().values() for task in row.exercises}
    if name not in files:
        msg = f"There is no exercise {name!r}.{checks.nearest(name, files)}"
        raise ValueError(msg)
    if name not in _DECLARED:
        _run(files[name])
    return _DECLARED[name]


def judge(name: str, answer: Any, wrong_before: int = 0) -> Verdict:
    """Return what is thought of an answer, without printing or noting it; never raises.

    Only KeyboardInterrupt comes through: a learner who stops an endless loop means the cell.

    Parameters
    ----------
    name : str
    answer : object
    wrong_before : int
        How many wrong answers came before this one: the next is helped by a stronger hint.

    Returns
    -------
    verdict : Verdict
    """
    try:
        task = find(str(name))
    except ValueError as error:
        return Verdict(None, f"○ {error}")
    unanswered = Verdict(None, f"○ {task.name}: not answered yet.")
    if answer is None:
        return unanswered
    try:
        problem = task.check(answer)
    except comparison.NotAnswered:
        return unanswered
    except comparison.Hint as error:
        problem = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the answer does when it is touched
        description = comparison.describe_error(error)
        problem = f"An answer of type {type(answer).__name__} cannot be checked: {description}"
    if problem is None:
        return Verdict(True, f"✓ {task.name}: right. {task.right}")
    hint = task.hints[min(wrong_before, len(task.hints) - 1)]
    return Verdict(False, f"✗ {task.name}: {problem}\nHint: {hint}")


def check(name: str, answer: Any, *, record: bool = True) -> None:
    """Print a tick and a sentence if the answer is right, else what is wrong and a hint; never raises.

    Parameters
    ----------
    name : str
        The exercise; for an unknown one a line names the nearest.
    answer : object
        A number, an array or a function, as the exercise asks. None, or a function that returns None, is
        "not answered yet".
    record : bool
        Whether `medlab progress` hears of it and the next hint is stronger; a solution that was shown is not
        the learner's.

    Examples
    --------
    >>> check("noise_factor", 10**0.5, record=False)
    ✓ noise_factor: right. A tenth of the dose costs a bit more than three times the noise.
    """
    verdict = judge(name, answer, learner_record.wrong_tries("exercises", str(name)))
    translation.show(verdict.text)
    if record and verdict.solved is not None:
        learner_record.note("exercises", str(name), solved=verdict.solved)


def _run(path: Path) -> None:
    """Run a chapter's file, by its path: no module of that name elsewhere can take its place."""
    name = f"medlab.course.exercises.{path.stem}"
    loader = SourceFileLoader(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    sys.modules[name] = module
    loader.exec_module(module)
