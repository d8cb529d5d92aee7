"""Progress of its own for each test."""

from __future__ import annotations

import pytest

from medlab.exercises import learner_record


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Path of the progress file of this test, in a folder that does not exist yet."""
    path = tmp_path / "user data" / "progress.json"
    monkeypatch.setattr(learner_record, "file", lambda: path)
    learner_record._print_once.cache_clear()
    learner_record._not_kept.clear()
    return path
