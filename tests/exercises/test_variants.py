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

DONE = ("00", "01", "02", "03", "04", "05", "06", "08")
FOLDER = Path(__file__).parent / "variants"
VARIANTS = {number: runpy.run_path(str(FOLDER / f"{number}.py"))["VARIANTS"] for number in DONE}
ANSWERS = [
    pytest.param(name, kind == "right", answer, id=f"{name}: {kind}: {label}")
    for answers_of in VARIANTS.values()
    for name, kinds in answers_of.items()
    for kind, answers in kinds.items()
    for label, answer in answers.items()
]


@pytest.mark.parametrize(("name", "right", "answer"), ANSWERS)
def test_a_right_answer_is_solved_and_a_plausible_wrong_one_is_not(name, right, answer):
    verdict = judge(name, answer)
    assert verdict.solved is right, verdict.text


@pytest.mark.parametrize("number", DONE)
def test_every_exercise_of_a_chapter_has_five_answers_of_each_kind(number):
    (exercises,) = (row.exercises for name, row in read_chapters().items() if name.startswith(number))
    assert set(VARIANTS[number]) == set(exercises)
    for name, kinds in VARIANTS[number].items():
        assert set(kinds) == {"right", "wrong"}, name
        assert min(map(len, kinds.values())) >= 5, name
