"""`medlab learner`: the course without its solutions."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from medlab import notebook
from medlab.cli import main
from medlab.cli.learner import copy_course

COURSE = Path(__file__).parents[2] / "notebooks"


def cell(name, *tags, outputs=()):
    code_cell = nbformat.v4.new_code_cell(
        f"print('{name}')", id=name, metadata={"tags": list(tags)} if tags else {}
    )
    code_cell["outputs"] = [nbformat.v4.new_output("stream", text=text) for text in outputs]
    return code_cell


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course of one chapter and one report, with two solutions and things that are not part of it."""
    folder = tmp_path / "course"
    (folder / "reports").mkdir(parents=True)
    cells = [
        nbformat.v4.new_markdown_cell("# Größe × 2", id="title"),
        cell("golden", "keep_output", outputs=["kept\n"]),
        cell("asked", "exercise"),
        cell("shown", "solution", outputs=["secret\n"]),
        nbformat.v4.new_markdown_cell("the secret way", id="way", metadata={"tags": ["hide", "solution"]}),
        cell("untagged"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "01_math.ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("one")]), folder / "reports" / "study.ipynb")
    (folder / "reports" / "presets.yaml").write_text("small: {template: study}\n")
    beside = (".ipynb_checkpoints/01_math-checkpoint.ipynb", "__pycache__/x.pyc", ".hidden")
    for name in (*beside, "exercises/01.py", "exercises/01.yaml", "exercises/parts/more.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    monkeypatch.setattr(notebook, "course_folder", lambda: folder)
    return folder


def call(folder):
    return CliRunner().invoke(main, ["learner", str(folder)])


def test_solutions_stay_behind_and_everything_else_keeps_its_id_and_output(course, tmp_path):
    result = call(tmp_path / "mine")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{tmp_path / 'mine'}: 3 files, 2 solutions left out",
        "  01_math.ipynb",
        "  reports/presets.yaml",
        "  reports/study.ipynb",
    ]
    written = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert len(written) == 3
    assert [path for path in written if "secret" in path.read_text(encoding="utf-8")] == []
    copy = nbformat.read(tmp_path / "mine" / "01_math.ipynb", as_version=4)
    nbformat.validate(copy)
    assert [item.id for item in copy.cells] == ["title", "golden", "asked", "untagged"]
    assert copy.cells[1].outputs[0].text == "kept\n"
    presets_text = (tmp_path / "mine" / "reports" / "presets.yaml").read_text()
    assert presets_text == "small: {template: study}\n"


def test_the_copy_to_work_in_has_solutions_but_no_checker_either(course, tmp_path):
    written = copy_course(course, tmp_path / "mine", solutions=True)
    assert set(written) == {"01_math.ipynb", "reports/presets.yaml", "reports/study.ipynb"}
    assert set(written.values()) == {0}


def test_a_notebook_without_solutions_is_copied_to_the_byte(course, tmp_path):
    call(tmp_path / "mine")
    name = Path("reports") / "study.ipynb"
    assert (tmp_path / "mine" / name).read_bytes() == (course / name).read_bytes()


def test_the_real_course_keeps_all_ids_but_those_of_solutions(tmp_path):
    written = copy_course(COURSE, tmp_path / "mine")
    assert {"03_cnn.ipynb", "reports/presets.yaml", "reports/classification.ipynb"} <= set(written)
    assert (COURSE / "exercises" / "03.py").is_file()
    assert not (tmp_path / "mine" / "exercises").exists()
    for name in (name for name in written if name.endswith(".ipynb")):
        cells = json.loads((COURSE / name).read_text(encoding="utf-8"))["cells"]
        copied = json.loads((tmp_path / "mine" / name).read_text(encoding="utf-8"))["cells"]
        assert [item for item in copied if "solution" in item["metadata"].get("tags", [])] == []
        assert copied == [item for item in cells if "solution" not in item["metadata"].get("tags", [])]
        assert written[name] == len(cells) - len(copied)


def test_an_empty_folder_is_taken_and_parents_are_made(course, tmp_path):
    (tmp_path / "empty").mkdir()
    assert call(tmp_path / "empty").exit_code == 0
    assert call(tmp_path / "deep" / "er").exit_code == 0


def test_a_folder_that_holds_something_is_refused_and_left_alone(course, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "01_math.ipynb").write_text("my answers")
    result = call(tmp_path / "mine")
    assert result.exit_code == 1
    assert "DIR must be new or empty, but 'mine' holds files" in result.output
    assert (tmp_path / "mine" / "01_math.ipynb").read_text() == "my answers"
    with pytest.raises(FileExistsError, match=r"DIR must be new or empty, but '01_math\.ipynb' is a file"):
        copy_course(course, tmp_path / "mine" / "01_math.ipynb")


def test_a_folder_in_the_course_is_refused(course):
    for folder in (course, course / "mine"):
        with pytest.raises(OSError, match=r"DIR must lie outside the course, got .*, which is in"):
            copy_course(course, folder)


def test_a_missing_course_is_told(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"The course must lie in .*nowhere, but .*Install medlab again"
    ):
        copy_course(tmp_path / "nowhere", tmp_path / "mine")
