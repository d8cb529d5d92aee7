"""A claim holds, or says what does not."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from medlab.exercises import ClaimError, claim

SENTENCE = "The diameter alone beats Lung-RADS."
SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "claims.py"))


@pytest.mark.parametrize("holds", [True, np.bool_(True), np.array(True)])
def test_what_holds_gets_a_tick(holds, capsys):
    claim(SENTENCE, holds)
    assert capsys.readouterr().out == f"✓ {SENTENCE}\n"


@pytest.mark.parametrize("holds", [False, np.bool_(False), np.array(False)])
def test_what_does_not_hold_stops_the_notebook_as_shipped(holds):
    with pytest.raises(ClaimError, match=r"what the figures above do not show: The diameter alone"):
        claim(SENTENCE, holds)


def test_with_other_parameters_it_is_only_said(capsys):
    claim(SENTENCE, False, as_shipped=False)
    assert capsys.readouterr().out == f"✗ With your parameters this does not hold: {SENTENCE}\n"


@pytest.mark.parametrize("holds", [1, None, "yes", np.array([True, True]), np.float64(1)])
def test_what_is_no_truth_value_is_refused(holds):
    with pytest.raises(TypeError, match=r"one truth value, got \w+; combine several with \.all\(\)"):
        claim(SENTENCE, holds)


@pytest.mark.parametrize("path", SCRIPT["CHAPTERS"], ids=lambda path: path.stem)
def test_a_chapter_has_five_claims_that_are_sentences_and_could_be_false(path):
    calls = SCRIPT["calls"](path)
    assert len(calls) >= 5
    for call in calls:
        sentence, holds = call.args
        assert re.fullmatch(r"""f?["'][A-Z0-9].*[.!]["']""", ast.unparse(sentence), re.S), ast.unparse(call)
        parts = [type(node) for node in ast.walk(holds)]
        assert ast.Name in parts, f"nothing is compared with a figure of the notebook: {ast.unparse(call)}"
        assert ast.Compare in parts or ast.Call in parts, ast.unparse(call)


@pytest.mark.parametrize("path", SCRIPT["CHAPTERS"], ids=lambda path: path.stem)
def test_a_chapter_has_no_assertion_without_a_sentence(path):
    assert "assert " not in "".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith('"assert ')
    )
