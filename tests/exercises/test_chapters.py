"""The chapters' files and the notebooks speak of the same exercises and questions."""

from __future__ import annotations

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from medlab import exercises
from medlab.exercises import grading
from medlab.exercises.chapters import read_chapters

CHAPTERS = read_chapters()
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def sources(path: Path, tag: str | None = None) -> list[str]:
    """Source of each code cell, or of those with a tag."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        TransformerManager().transform_cell("".join(cell["source"]))  # magics become calls
        for cell in cells
        if cell["cell_type"] == "code" and (tag is None or tag in cell["metadata"].get("tags", []))
    ]


def calls(texts: list[str], function: str) -> list[ast.Call]:
    """Calls of exercises.FUNCTION in these cells."""
    trees = [ast.parse(text) for text in texts if f"exercises.{function}" in text]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) == f"exercises.{function}"]


def first_words(texts: list[str], function: str) -> list[str]:
    return [node.args[0].value for node in calls(texts, function)]


def stored(text: str) -> set[str]:
    """Return the names that code gives a value to at its top level: functions, classes and variables."""
    module = ast.parse(text)
    names = {node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return names | {
        node.id for node in ast.walk(module) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


WITH_EXERCISES = [path for path in NOTEBOOKS if sources(path, "exercise")]
WITH_QUIZ = [path for path in NOTEBOOKS if calls(sources(path), "quiz")]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_names_that_are_read_are_those_that_the_files_declare(chapter, monkeypatch):
    monkeypatch.setattr(grading, "_DECLARED", {})
    row = CHAPTERS[chapter]
    for name in row.exercises:
        assert grading.find(name).name == name
    assert tuple(grading._DECLARED) == row.exercises
    assert tuple(question.name for question in exercises.quiz(chapter).questions) == row.questions


def test_every_file_of_exercises_belongs_to_a_chapter():
    files = [path for row in CHAPTERS.values() for path in (row.exercise_file, row.quiz_file)]
    beside = [path for path in (NOTEBOOKS[0].parent / "exercises").iterdir() if path.is_file()]
    assert sorted(files) == sorted(beside)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_three_exercises_and_five_questions(chapter):
    assert len(CHAPTERS[chapter].exercises) >= 3
    assert len(CHAPTERS[chapter].questions) == 5


def test_a_name_belongs_to_one_chapter():
    names = [name for row in CHAPTERS.values() for name in (*row.exercises, *row.questions)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_answers_explain_themselves_and_are_not_always_at_the_same_place(chapter):
    questions = exercises.quiz(chapter).questions
    assert len({question.answer for question in questions if len(question.answer) == 1}) >= 3
    for question in questions:
        assert len(question.why) > 40
        assert 3 <= len(set(question.choices)) == len(question.choices) <= 8
        assert len(question.answer) < len(question.choices)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_asks_a_question_with_several_right_answers(chapter):
    assert any(len(question.answer) > 1 for question in exercises.quiz(chapter).questions)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_length_of_a_choice_does_not_give_the_answer_away(language, monkeypatch):
    """Whoever takes the longest choice, or the shortest, should be wrong more often than not."""
    monkeypatch.setenv("MEDLAB_LANGUAGE", language)
    questions = [question for chapter in CHAPTERS for question in exercises.quiz(chapter).questions]
    longest, shortest = [], []
    for question in questions:
        lengths = {place: len(choice) for place, choice in enumerate(question.choices)}
        right = [lengths.pop(place) for place in question.answer]
        if max(right) > max(lengths.values()):
            longest.append((question.name, max(right) / max(lengths.values())))
        if min(right) < min(lengths.values()):
            shortest.append(question.name)
    assert len(longest) <= len(questions) / 3, longest
    assert len(shortest) <= len(questions) / 2, shortest
    if language == "en":
        assert [name for name, ratio in longest if ratio > 1.2] == []


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_notebook_and_registry_have_the_same_exercises(path):
    names = first_words(sources(path, "exercise"), "check")
    assert sorted(names) == sorted(CHAPTERS[path.stem].exercises)
    assert sorted(first_words(sources(path, "solution"), "check")) == sorted(names)
    outside = len(calls(sources(path), "check"))
    assert outside == 2 * len(names), "only cells tagged exercise or solution check"


@pytest.mark.parametrize("path", WITH_QUIZ, ids=lambda path: path.stem)
def test_notebook_asks_its_own_questions(path):
    assert first_words(sources(path), "quiz") == [path.stem]


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_exercises_run_as_shipped_and_solutions_solve_them(path, measured, capsys):
    variables = {
        key: value for name in CHAPTERS[path.stem].exercises for key, value in measured[name].items()
    }
    for text in sources(path, "exercise"):
        exec(text, {"np": np, "exercises": exercises, **variables})
        assert "not answered yet" in capsys.readouterr().out
    for text in sources(path, "solution"):
        exec(text, {"np": np, "exercises": exercises, **variables})
        assert "✓" in capsys.readouterr().out
    for call in calls(sources(path, "solution"), "check"):
        assert "record=False" in ast.unparse(call), "a solution is not the learner's"


def tagged(path: Path, tag: str) -> list[str]:
    """Source of each cell with a tag, code or text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if tag in cell["metadata"].get("tags", [])]


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_at_most_half_of_what_a_chapter_asks_for_are_small_functions(path):
    names = CHAPTERS[path.stem].exercises
    functions = [name for name in names if callable(grading.find(name).solution)]
    asked = len(names) + len(tagged(path, "open-question"))
    assert len(functions) <= asked / 2, functions


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_a_chapter_has_an_experiment_a_picture_to_read_and_an_open_question(path, measured):
    for kind in ("experiment", "reading"):
        names = first_words(sources(path, kind), "check")
        assert names, kind
        assert set(names) <= set(first_words(sources(path, "exercise"), "check")), "tagged exercise as well"
    assert any(measured[name] for name in first_words(sources(path, "experiment"), "check")), "data decide"
    (text, *_) = tagged(path, "open-question")
    for text in tagged(path, "open-question"):
        answer = re.search(
            r"<details>\s*<summary>Model answer</summary>\n\n(.+?)\n\n</details>", text, re.DOTALL
        )
        assert answer, "folded, with blank lines, so that it is read as Markdown"
        assert len(answer[1].split()) >= 60


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_statements_to_choose_from_stand_right_above_the_exercise(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for before, cell in pairwise(cells):
        if "exercise" in cell["metadata"].get("tags", []):
            (name,) = first_words(["".join(cell["source"])], "check")
            letters = re.findall(r"^- \*\*(\w)\*\* ", "".join(before["source"]), re.MULTILINE)
            assert letters == list(grading.find(name).statements), name


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_a_later_cell_uses_what_the_learner_wrote(path):
    """A function that passes its check is put to work, with medlab's to fall back on."""
    functions = [name for name in CHAPTERS[path.stem].exercises if callable(grading.find(name).solution)]
    texts = sources(path)
    uses = [first_words([text], "use") for text in texts]
    asked = sources(path, "exercise")
    for at, names in enumerate(uses):
        before = first_words([text for text in texts[:at] if text in asked], "check")
        assert set(names) <= set(before), "an answer is used before it is asked for"
    assert len({name for names in uses for name in names}) >= min(2, len(functions))


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_a_solution_is_folded_in_jupyterlab_and_in_colab(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    solutions = [cell for cell in cells if "solution" in cell["metadata"].get("tags", [])]
    for cell in solutions:
        assert cell["metadata"].get("jupyter") == {"source_hidden": True}, cell["id"]
        assert cell["metadata"].get("cellView") == "form", f"{cell['id']}: Colab does not know source_hidden"


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_the_learner_needs_no_name_that_only_a_solution_makes(path):
    """`medlab learner` leaves the solutions out, and the rest of the notebook must run."""
    everything = sources(path)
    solutions = sources(path, "solution")
    others = [text for text in everything if text not in solutions]
    made = stored("\n".join(solutions)) - stored("\n".join(others))
    assert made, "solutions make something"
    used = {node.id for text in others for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert made & used == set()
