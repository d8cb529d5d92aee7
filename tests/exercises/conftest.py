"""Progress of its own for each test, and what the notebooks measure for their exercises."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from medlab.exercises import learner_record
from medlab.exercises.chapters import read_chapters

VARIANTS = Path(__file__).parent / "variants"


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Path of the progress file of this test, in a folder that does not exist yet."""
    path = tmp_path / "user data" / "progress.sqlite"
    monkeypatch.setattr(learner_record, "file", lambda: path)
    learner_record._print_once.cache_clear()
    learner_record._not_kept.clear()
    return path


@pytest.fixture(scope="session")
def measured():
    """What the notebooks measure for their exercises, as shipped: exercise -> variable -> value.

    ``MEASURED`` of ``variants/NN.py``. An exercise that no measurement decides has no variables.
    """
    tables = {}
    for row in read_chapters().values():
        table = runpy.run_path(str(VARIANTS / row.exercise_file.name)).get("MEASURED", {})
        tables |= {name: table.get(name, {}) for name in row.exercises}
    return tables
