"""What a chapter does with a learner's answers: they take the place of medlab's, and the chapter runs on."""

from __future__ import annotations

import ast
import json

import nbformat
import pytest
from nbclient import NotebookClient

from medlab.exercises.chapters import read_chapters

CHAPTERS = read_chapters()
# A chapter takes up to two minutes even at smoke scale: one in `make test`, the others in `make soak`.
KINDS = [
    pytest.param(name, marks=pytest.mark.slow if name == "00_start" else pytest.mark.soak)
    for name in CHAPTERS
]


def with_answers(chapter: str) -> tuple[nbformat.NotebookNode, list[str]]:
    """Return a chapter in which each function that is used later is the right one, and their names."""
    path = CHAPTERS[chapter].exercise_file.parents[1] / f"{chapter}.ipynb"
    book = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    used = [node.args[0].value for cell in book.cells for node in calls(cell, "use")]
    for cell in book.cells:
        if "exercise" in cell.metadata.get("tags", []):
            (check,) = calls(cell, "check")
            if check.args[0].value in used:
                name, answer = (ast.unparse(argument) for argument in check.args[:2])
                cell.source += (
                    f"\n\n\nfrom medlab.exercises import grading\n{answer} = grading.find({name}).solution"
                )
    return book, used


def calls(cell, function):
    """Calls of exercises.FUNCTION in a code cell."""
    if cell.cell_type != "code" or f"exercises.{function}(" not in cell.source:
        return []
    nodes = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) == f"exercises.{function}"]


@pytest.mark.parametrize("chapter", KINDS)
def test_a_chapter_runs_on_with_the_learners_answers(chapter, monkeypatch):
    monkeypatch.setenv("MEDLAB_SCALE", "smoke")
    book, used = with_answers(chapter)
    client = NotebookClient(book, timeout=300, kernel_name="python3")
    client.execute(cwd=str(CHAPTERS[chapter].exercise_file.parents[1]))
    said = json.dumps([cell.get("outputs", []) for cell in book.cells], ensure_ascii=False)
    for name in used:
        assert f"✓ {name}: yours passed its check and is used here." in said
