import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from medlab.data import data_root
from medlab.reports import ReportFailed, presets, report_runner
from medlab.reports.parameters import Value
from medlab.reports.report_page import scrub

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture
def cohort(tmp_path, monkeypatch, two_classes):
    """A working directory beside a folder of two classes, `Smith`; returns the latter."""
    two_classes(tmp_path / "Smith" / "train")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "Smith"


@pytest.fixture
def papermill(monkeypatch):
    """A papermill that runs nothing and raises `error`, if set; keeps the options it was called with."""

    def execute_notebook(*_paths, **options):
        fake.options = options
        if fake.error is not None:
            raise fake.error

    fake = SimpleNamespace(
        error=None, execute_notebook=execute_notebook, PapermillExecutionError=type("Cell", (Exception,), {})
    )
    monkeypatch.setitem(sys.modules, "papermill", fake)
    files = SimpleNamespace(papermill_io=SimpleNamespace(register=lambda *_: None))
    monkeypatch.setitem(sys.modules, "papermill.iorw", files)
    return fake


def scrubbed(text, folder, **values):
    given = {name: Value(value, "call") for name, value in values.items()}
    return scrub(text, report_runner._stand_ins(given, folder))


@pytest.mark.parametrize("spelled", ["{}", "{}/", "../Smith", "~/Smith", "../work/../Smith/"])
def test_a_data_folder_stands_by_its_name_however_it_was_spelled(cohort, tmp_path, spelled):
    given = spelled.format(cohort)
    text = f"read '{given}' as {cohort}/train and {Path(given).expanduser()}"
    assert scrubbed(text, tmp_path / "out", data_dir=given) == "read 'Smith' as Smith/train and Smith"


@pytest.mark.parametrize("table", ["/var/clinic/who.csv", "../clinic/who.csv", "tables/who.csv"])
def test_a_table_of_groups_stands_by_its_name(cohort, tmp_path, table):
    text = f"csv:{table} {Path(cohort, table)} {Path(cohort, table).resolve()}"
    shown = scrubbed(text, tmp_path / "out", data_dir=str(cohort), group_rule=f"csv:{table}")
    assert shown == "csv:who.csv who.csv who.csv"


def test_the_folder_of_the_data_is_not_named(cohort, tmp_path, monkeypatch):
    (tmp_path / "disk" / "ann").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "link" / "ann"))
    text = f"{data_root()}/x.npz {tmp_path}/disk/ann/x.npz"
    assert scrubbed(text, tmp_path / "out") == "<data>/x.npz <data>/x.npz"


def test_a_kernel_that_does_not_get_ready_is_a_failure_of_its_own(tmp_path, papermill):
    papermill.error = RuntimeError("Kernel didn't respond in 180 seconds")
    problem, _ = report_runner._execute(presets.resolve("tiny", TEMPLATES), {}, tmp_path, progress=False)
    assert problem.startswith("the kernel did not get ready: Kernel didn't respond in 180 seconds.")
    assert papermill.options["start_timeout"] == 180


def test_a_missing_file_without_a_name_is_a_failed_report(cohort, papermill):
    papermill.error = FileNotFoundError("gone")
    with pytest.raises(ReportFailed, match=r"tiny\.ipynb left no a file\. Its last cell must write it"):
        report_runner.run_report(presets.resolve("tiny", TEMPLATES), {"data_dir": str(cohort)}, "out")
