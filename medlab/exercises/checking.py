"""`check`: a tick or a hint for a learner's answer."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from medlab.exercises import comparing, progress, registry


@dataclass(frozen=True)
class Verdict:
    """What is thought of an answer.

    Attributes
    ----------
    solved : bool or None
        None where there is no answer yet, or no such exercise.
    text : str
        What `check` prints.
    """

    solved: bool | None
    text: str


def judge(name: str, answer: Any) -> Verdict:
    """Return what is thought of an answer, without printing or noting it; never raises.

    Only KeyboardInterrupt comes through: a learner who stops an endless loop means the cell.
    """
    try:
        found = registry.find(str(name))
    except ValueError as error:
        return Verdict(None, f"○ {error}")
    try:
        if answer is None:
            return _open(found)
        problem = found.checker(answer)
    except comparing.NotAnswered:
        return _open(found)
    except comparing.Hint as error:
        problem = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the answer does when it is touched
        kind = type(answer).__name__
        problem = f"An answer of type {kind} cannot be checked: {comparing.described(error)}"
    if problem is None:
        return Verdict(True, f"✓ {found.name}: right. {found.right}")
    return Verdict(False, f"✗ {found.name}: {problem}\nHint: {found.hint}")


def check(name: str, answer: Any, *, record: bool = True) -> None:
    """Print a tick and a sentence if the answer is right, else a hint; never raises.

    Parameters
    ----------
    name : str
        The exercise; for an unknown one a line names the nearest.
    answer : object
        A number, an array or a function, as the exercise asks. None, or a function that returns None, is
        "not answered yet".
    record : bool
        Whether `medlab progress` hears of it; a solution that was shown is not the learner's.

    Examples
    --------
    >>> check("noise_factor", 10**0.5, record=False)
    ✓ noise_factor: right. A tenth of the dose costs a bit more than three times the noise.
    """
    verdict = judge(name, answer)
    paragraphs = [
        textwrap.fill(line, 88, subsequent_indent="  ", break_long_words=False)
        for line in verdict.text.splitlines()
    ]
    say("\n".join(paragraphs))
    if record and verdict.solved is not None:
        progress.note("exercises", str(name), solved=verdict.solved)


def say(text: str) -> None:
    """Print, also where the terminal's encoding has no tick."""
    try:
        print(text)
    except UnicodeEncodeError:
        print(text.encode("ascii", "replace").decode())


def _open(found: registry.Exercise) -> Verdict:
    return Verdict(None, f"○ {found.name}: not answered yet.\nHint: {found.hint}")
