"""Where the course lies, and who is looking at it."""

from __future__ import annotations

from pathlib import Path

from medlab import notebook


def test_a_clone_has_its_course_beside_the_package():
    assert notebook.course_folder() == Path(__file__).parents[1] / "notebooks"


def test_a_wheel_has_its_course_inside_the_package_and_looks_nowhere_else(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "medlab"
    monkeypatch.setattr(notebook, "_PACKAGE", package)
    (tmp_path / "site-packages" / "notebooks" / "reports").mkdir(parents=True)
    assert notebook.course_folder() == tmp_path / "site-packages" / "notebooks"
    (package / "course").mkdir(parents=True)
    assert notebook.course_folder() == package / "course"


def test_a_script_has_no_front_end():
    assert notebook.has_front_end() is False
