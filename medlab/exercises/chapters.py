"""Which exercises and questions each chapter of the course has."""

import re
from pathlib import Path
from typing import NamedTuple

from medlab import notebook

# Names are read, not run: `medlab progress` needs all of them and should load neither NumPy nor a chapter.
_EXERCISE = re.compile(r'^exercise\(\s*"(\w+)"', re.MULTILINE)
_QUESTION = re.compile(r"^(\w+):", re.MULTILINE)


class Chapter(NamedTuple):
    """A chapter's exercises (NN.py) and quiz (NN.yaml), and the names that they declare."""

    exercise_file: Path
    quiz_file: Path
    exercises: tuple[str, ...]
    questions: tuple[str, ...]


def read_chapters() -> dict[str, Chapter]:
    """Return the chapters with exercises, by the names of their notebooks and in reading order."""
    course = notebook.course_folder()
    chapters = {}
    for path in sorted(course.glob("[0-9][0-9]_*.ipynb")):
        exercise_file = course / "exercises" / f"{path.name[:2]}.py"
        quiz_file = exercise_file.with_suffix(".yaml")
        exercises, questions = _names(exercise_file, _EXERCISE), _names(quiz_file, _QUESTION)
        if exercises or questions:
            chapters[path.stem] = Chapter(exercise_file, quiz_file, exercises, questions)
    return chapters


def _names(path: Path, pattern: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(pattern.findall(path.read_text(encoding="utf-8"))) if path.is_file() else ()
