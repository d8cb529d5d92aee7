"""Answers as many learners would give them: each right one is solved, each plausible wrong one is not.

``variants/NN.py`` holds the answers to the exercises of a chapter, functions and numbers:
``VARIANTS = {"exercise": {"right": {"how it is done": answer}, "wrong": {"what is wrong": answer}}}``.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from medlab.exercises import judge
from medlab.exercises.chapters import read_chapters

CHAPTERS = {name[:2]: row for name, row in read_chapters().items()}
FOLDER = Path(__file__).parent / "variants"
VARIANTS = {number: runpy.run_path(str(FOLDER / f"{number}.py"))["VARIANTS"] for number in CHAPTERS}
ANSWERS = {name: kinds for answers_of in VARIANTS.values() for name, kinds in answers_of.items()}


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers_are_solved_and_plausible_wrong_ones_are_not(name):
    verdicts = {
        f"{kind}: {label}": judge(name, answer)
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
