"""Answers as many learners would give them: each right one is solved, each plausible wrong one is not.

``variants/NN.py`` holds the answers to the exercises of a chapter, functions and numbers:
``VARIANTS = {"exercise": {"right": {"how it is done": answer}, "wrong": {"what is wrong": answer}}}``. Where
measurements decide, ``MEASURED`` has them as the chapter computes them, by the names of its variables, and
``CONTRARY`` others, by which another answer is right: ``{"exercise": ({"variable": value}, answer)}``.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from medlab.exercises import grading, judge
from medlab.exercises.chapters import read_chapters

CHAPTERS = {name[:2]: row for name, row in read_chapters().items()}
FOLDER = Path(__file__).parent / "variants"
TABLES = {number: runpy.run_path(str(FOLDER / f"{number}.py")) for number in CHAPTERS}
VARIANTS = {number: tables["VARIANTS"] for number, tables in TABLES.items()}
CONTRARY = {name: pair for tables in TABLES.values() for name, pair in tables.get("CONTRARY", {}).items()}
ANSWERS = {name: kinds for answers_of in VARIANTS.values() for name, kinds in answers_of.items()}


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers_are_solved_and_plausible_wrong_ones_are_not(name, measured):
    verdicts = {
        f"{kind}: {label}": judge(name, answer, *measured[name].values())
        for kind, answers in ANSWERS[name].items()
        for label, answer in answers.items()
    }
    misjudged = {
        label: verdict.text
        for label, verdict in verdicts.items()
        if verdict.solved is not label.startswith("right: ")
    }
    assert misjudged == {}


@pytest.mark.parametrize("number", CHAPTERS)
def test_every_exercise_of_a_chapter_has_five_answers_of_each_kind(number):
    assert set(VARIANTS[number]) == set(CHAPTERS[number].exercises)
    for name, kinds in VARIANTS[number].items():
        assert set(kinds) == {"right", "wrong"}, name
        assert min(map(len, kinds.values())) >= 5, name


@pytest.mark.parametrize("name", ANSWERS)
def test_measurements_decide_what_is_right(name, measured):
    """Had the experiment come out otherwise, another answer would be right."""
    assert (name in CONTRARY) == bool(measured[name])
    if measured[name]:
        other, answer = CONTRARY[name]
        assert list(other) == list(measured[name])
        solution = grading.find(name).solution
        assert judge(name, solution, *measured[name].values()).solved
        assert judge(name, solution, *other.values()).solved is False
        assert judge(name, answer, *other.values()).solved
        assert judge(name, solution, *(None for _ in other)).solved is None, "not measured yet"
