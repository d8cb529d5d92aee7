"""Progress of its own for each test."""

from __future__ import annotations

import pytest

from medlab.exercises import progress


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Path of the progress file of this test, in a folder that does not exist yet."""
    path = tmp_path / "user data" / "progress.json"
    monkeypatch.setattr(progress, "file", lambda: path)
    progress._print_once.cache_clear()
    return path
