"""Hints lead on: two for each exercise, the second stronger, and neither is the solution."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap

import pytest

from medlab.exercises import grading
from medlab.exercises.chapters import read_chapters

CHAPTERS = read_chapters()
TASKS = [(chapter, name) for chapter, row in CHAPTERS.items() for name in row.exercises]
# Shorter code than this is a word of the task: `size`, `x > 0`.
SHORTEST = 9


def plain(text: str) -> str:
    """Return code or prose without blanks, with the signs of code."""
    return re.sub(r"\s", "", text).replace("·", "*").replace("×", "*").replace("−", "-")


def of_body(code: str) -> set[str]:
    """Return the statements of a solution and what they return or assign, also each part of a tuple."""
    parts = set()
    for node in ast.walk(ast.parse(textwrap.dedent(code))):
        if isinstance(node, ast.Return | ast.Assign | ast.AugAssign) and node.value:
            values = node.value.elts if isinstance(node.value, ast.Tuple) else []
            values = [value for value in values if operations(value) > 1]
            parts |= {ast.unparse(part) for part in (node, node.value, *values)}
        elif isinstance(node, ast.For | ast.While | ast.If):
            parts.add(ast.unparse(node).splitlines()[0])
    long = {part for part in parts if len(plain(part)) >= SHORTEST}
    return {plain(part) for part in long if not part.isidentifier()}  # a variable is a word


def operations(code: ast.expr) -> int:
    return sum(isinstance(node, ast.BinOp | ast.Call | ast.Compare) for node in ast.walk(code))


def of_notebook(chapter: str, name: str) -> str:
    """Return the cell that shows the solution of an exercise."""
    path = CHAPTERS[chapter].exercise_file.parents[1] / f"{chapter}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if "solution" in cell["metadata"].get("tags", [])]
    (text,) = (text for text in texts if f'check("{name}"' in text)
    return text


@pytest.mark.parametrize(("chapter", "name"), TASKS)
def test_there_are_two_hints_and_the_second_is_another(chapter, name):
    hints = grading.find(name).hints
    assert len(hints) == 2
    assert not isinstance(hints, str)
    assert hints[0] != hints[1]
    assert all(30 < len(hint) < 300 for hint in hints)


@pytest.mark.parametrize(("chapter", "name"), TASKS)
def test_no_hint_is_the_solution(chapter, name):
    task = grading.find(name)
    solutions = of_body(of_notebook(chapter, name))
    if inspect.isfunction(task.solution):
        solutions |= of_body(inspect.getsource(task.solution))
    assert solutions or isinstance(task.solution, str)  # letters are checked by no code of their own
    for hint in task.hints:
        assert [code for code in solutions if code in plain(hint)] == []


@pytest.mark.parametrize(("chapter", "name"), TASKS)
def test_no_hint_holds_the_number_that_is_asked_for(chapter, name):
    task = grading.find(name)
    if isinstance(task.solution, int | float):
        for hint in task.hints:
            numbers = [float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", hint)]
            assert not any(abs(number - task.solution) <= 2e-3 * task.solution for number in numbers)


def test_the_tests_would_find_a_solution_in_a_hint():
    code = "def f(side):\n    total = side * side + 1\n    return total, 3 * total - side"
    for hint in (
        "Take side · side + 1 first.",
        "The second is 3 × total − side.",
        "return total, 3*total-side",
    ):
        assert any(part in plain(hint) for part in of_body(code)), hint
    assert not any(part in plain("Square the side and add 1.") for part in of_body(code))
