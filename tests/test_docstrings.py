"""The examples in docstrings show what medlab really returns."""

from __future__ import annotations

import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPORT_ROOTS = {"medlab": ROOT, "medlab_widgets": ROOT / "widgets"}
LOADS_KERAS = ("medlab.evaluation.attribution.", "medlab.models.", "medlab.training.")


def modules_with_examples() -> list:
    """Import names of the modules with an example; found by their text, so that collecting imports none."""
    parameters = []
    for package, root in IMPORT_ROOTS.items():
        for path in sorted((root / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(part for part in parts if part != "__init__")
                marks = [pytest.mark.slow] if name.startswith(LOADS_KERAS) else []
                parameters.append(pytest.param(name, marks=marks))
    return parameters


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_return_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write files
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0  # pytest shows what doctest printed


@pytest.mark.slow
def test_the_reference_is_built_without_a_warning(tmp_path):
    """As `make docs`: a docstring that Sphinx cannot read, or that names no parameter, is an error."""
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "docs/api", tmp_path],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "index.html").is_file()
