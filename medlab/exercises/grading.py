"""Exercises as a chapter declares them, and `check`: a tick or a hint for a learner's answer."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from medlab import checks
from medlab.exercises import comparison, learner_record, translation
from medlab.exercises.chapters import read_chapters

Checker = Callable[..., str | None]


class Exercise(NamedTuple):
    """One exercise of a chapter, as `exercise` declared it; see there."""

    name: str
    solution: Any
    mistakes: Sequence[tuple[Any, str]]
    hints: Sequence[str]
    right: str
    check: Checker
    statements: Mapping[str, Callable[..., bool]]


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
    statements: Mapping[str, Callable[..., bool]] = MappingProxyType({}),
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
        In place of comparing with `solution`, where many answers are right: takes the answer, and what the
        notebook measured for it, and returns None when it is right, else returns, or raises as
        `comparison.Hint`, what is wrong with it.
    statements : mapping of str to callable
        For an experiment, or a picture to read: the letters of the statements among which the learner
        chooses, each with a function that takes what the notebook measured and says whether it holds. Then
        `solution` is the letters of those that hold for the notebook as shipped, such as "ac".
    hints : sequence of str
        The first is shown after the first wrong try, the second and stronger one after every later one. They
        lead on in one or two sentences each, without giving the answer.
    right : str
        What follows "right": what the answer means.
    """

    def compare(answer: Any, *measured: Any) -> None:
        if statements:
            truths = {key: bool(rule(*measured)) for key, rule in statements.items()}
            comparison.compare_choice(answer, truths)
        elif cases:
            comparison.compare_function(answer, solution, cases, mistakes, also)
        else:
            comparison.compare_number(answer, solution, mistakes, rtol)

    _DECLARED[name] = Exercise(name, solution, mistakes, hints, right, check or compare, statements)


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


def judge(name: str, answer: Any, *measured: Any, wrong_before: int = 0) -> Verdict:
    """Return what is thought of an answer, without printing or noting it; never raises.

    Only KeyboardInterrupt comes through: a learner who stops an endless loop means the cell.

    Parameters
    ----------
    name : str
    answer : object
    *measured : object
        What the notebook measured, where the right answer depends on it; None while it is not there yet.
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
    if answer is None or any(values is None for values in measured):
        return unanswered
    try:
        problem = task.check(answer, *measured)
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


def check(name: str, answer: Any, *measured: Any, record: bool = True) -> None:
    """Print a tick and a sentence if the answer is right, else what is wrong and a hint; never raises.

    Parameters
    ----------
    name : str
        The exercise; for an unknown one a line names the nearest.
    answer : object
        A number, an array, a function or the letters of statements, as the exercise asks. None, or a
        function that returns None, is "not answered yet".
    *measured : object
        What the notebook measured, where the right answer depends on it.
    record : bool
        Whether `medlab progress` hears of it and the next hint is stronger; a solution that was shown is not
        the learner's.

    Examples
    --------
    >>> check("noise_factor", 10**0.5, record=False)
    ✓ noise_factor: right. A tenth of the dose costs a bit more than three times the noise.
    """
    wrong_before = learner_record.wrong_tries("exercises", str(name))
    verdict = judge(name, answer, *measured, wrong_before=wrong_before)
    translation.show(verdict.text)
    if record and verdict.solved is not None:
        learner_record.note("exercises", str(name), solved=verdict.solved)


def use(name: str, answer: Any, otherwise: Any) -> Any:
    """Return the learner's answer for what follows if it passes its check, else what takes its place.

    Parameters
    ----------
    name : str
        The exercise.
    answer : object
        What the learner wrote for it.
    otherwise : object
        What the notebook goes on with until then, such as medlab's own function.

    Returns
    -------
    answer : object
        One of the two; a line says which.

    Examples
    --------
    >>> use("noise_factor", 3.0, otherwise=10**0.5)
    ○ noise_factor: medlab's is used here until yours passes its check.
    3.1622776601683795
    """
    solved = judge(name, answer).solved
    translation.show(
        f"✓ {name}: yours passed its check and is used here."
        if solved
        else f"○ {name}: medlab's is used here until yours passes its check."
    )
    return answer if solved else otherwise


def _run(path: Path) -> None:
    """Run a chapter's file, by its path: no module of that name elsewhere can take its place."""
    name = f"medlab.course.exercises.{path.stem}"
    loader = SourceFileLoader(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    sys.modules[name] = module
    loader.exec_module(module)
