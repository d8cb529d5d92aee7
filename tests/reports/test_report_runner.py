import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from medlab.reports import (
    ParameterErrors,
    ReportFailed,
    ReportStopped,
    external_requests,
    presets,
    report_runner,
    run_report,
)

TEMPLATES = Path(__file__).parent / "templates"
pytestmark = pytest.mark.slow  # papermill, nbconvert and a kernel take seconds


@pytest.fixture
def cohort(tmp_path, monkeypatch, two_classes):
    """A working directory with `images`, two classes; returns its path."""
    two_classes(tmp_path / "images" / "train")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny():
    return presets.resolve("tiny", TEMPLATES)


def changed(folder, cell_id, source):
    """Return the template with the source of one cell replaced."""
    shutil.copytree(TEMPLATES, folder / "templates")
    path = folder / "templates" / "tiny.ipynb"
    notebook = json.loads(path.read_text())
    (cell,) = (cell for cell in notebook["cells"] if cell["id"] == cell_id)
    cell["source"] = source
    path.write_text(json.dumps(notebook))
    return presets.resolve("tiny", folder / "templates")


def stdout(notebook):
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")


def test_a_report_leaves_notebook_page_and_numbers_with_a_picture_and_without_paths(
    cohort, tiny, monkeypatch
):
    monkeypatch.setenv("MEDLAB_SCALE", "smoke")
    given = {"command line": {"rate": "0.125"}, "file": {"rate": 0.5, "data_dir": str(cohort / "images")}}
    result = run_report(tiny, given=given, progress=True)
    assert result.folder == cohort / "build" / "reports" / "tiny"
    assert result.metrics["test"]["auc"] == 0.75
    assert result.metrics["parameters"]["data_dir"] == "images"

    notebook = json.loads(result.notebook.read_text())
    folder, working, python, *values = stdout(notebook).split()
    assert (folder, working) == ("<here>", ".")  # the report's folder, and where it was called
    assert python.startswith("<python>")
    assert values == ["0.125", "True", "images", "smoke"]
    page = result.html.read_text()
    assert "command line" in page
    assert "MEDLAB_SCALE" in page
    assert page.count("<img") == 1
    assert external_requests(page) == []
    for file in (
        result.notebook,
        result.html,
        result.folder / "metrics.json",
        result.folder / "parameters.json",
    ):
        assert str(cohort) not in file.read_text()
        assert str(Path.home()) not in file.read_text()
    assert "widgets" not in notebook["metadata"]


def test_the_kernel_is_this_very_python_whatever_is_registered(cohort, tiny, monkeypatch):
    registered = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / "python3"
    registered.mkdir(parents=True)
    (registered / "kernel.json").write_text(json.dumps({"argv": ["/nowhere/python"], "display_name": "lost"}))
    monkeypatch.delenv("JUPYTER_PREFER_ENV_PATH")
    try:
        result = run_report(tiny, out="with {braces}")
    finally:
        shutil.rmtree(registered)
    assert f"<python>{sys.executable.removeprefix(sys.prefix)}" in stdout(
        json.loads(result.notebook.read_text())
    )


def test_a_second_report_gets_a_folder_of_its_own(cohort, tiny):
    (cohort / "build" / "reports" / "tiny").mkdir(parents=True)
    assert run_report(tiny).folder.name == "tiny-2"


def test_a_failing_cell_keeps_notebook_page_and_traceback(cohort):
    template = changed(cohort, "picture", "raise RuntimeError(os.path.abspath('here'))")
    with pytest.raises(ReportFailed, match=r"cell \[\d\] failed: RuntimeError: .*here") as caught:
        run_report(template, out="out")
    kept = {path.name for path in caught.value.folder.iterdir()}
    assert kept == {"parameters.json", "report.ipynb", "report.html", "traceback.txt"}
    traceback = (caught.value.folder / "traceback.txt").read_text()
    assert "RuntimeError: ./here" in traceback
    assert "\x1b" not in traceback
    assert "RuntimeError" in (caught.value.folder / "report.html").read_text()
    assert str(cohort) not in (caught.value.folder / "report.ipynb").read_text()


def test_a_kernel_that_dies_is_a_failed_report(cohort):
    template = changed(cohort, "picture", "os._exit(9)")
    with pytest.raises(ReportFailed, match=r"the kernel died, most often for want of memory") as caught:
        run_report(template)
    assert (caught.value.folder / "report.ipynb").is_file()


def test_a_notebook_that_leaves_no_numbers_is_a_failed_report(cohort):
    template = changed(cohort, "measure", "")
    with pytest.raises(ReportFailed, match=r"tiny\.ipynb left no metrics\.json"):
        run_report(template)


def test_numbers_that_are_not_schema_1_are_a_failed_report(cohort):
    template = changed(cohort, "measure", "(study.folder / 'metrics.json').write_text('{}')")
    with pytest.raises(
        ReportFailed, match=r"could not be written: metrics\.json must have all keys of schema 1"
    ):
        run_report(template)


def test_a_disk_that_fills_up_on_the_way_leaves_the_last_whole_notebook(cohort):
    template = changed(cohort, "picture", "print('x' * 30_000)")
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # like a disk with room for so many bytes
    try:
        with pytest.raises(ReportFailed, match=r"could not be written: File too large\.$") as caught:
            run_report(template, out="out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert {path.name for path in caught.value.folder.iterdir()} == {"parameters.json", "report.ipynb"}
    kept = json.loads((caught.value.folder / "report.ipynb").read_text())
    assert "0.5 True images lesson" in stdout(kept)
    assert [cell["id"] for cell in kept["cells"] if "xxx" in str(cell.get("outputs"))] == []


def test_what_cells_started_ends_with_a_kernel_that_dies(cohort):
    stubborn = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    source = f"import signal, subprocess\n{stubborn}\nchild = subprocess.Popen(['sleep', '600'])\n"
    source += "print(child.pid, file=open('child', 'w'), flush=True)\nos._exit(9)"
    with pytest.raises(ReportFailed, match="the kernel died"):
        run_report(changed(cohort, "picture", source))
    child = int((cohort / "child").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_an_interrupt_goes_through_and_says_where_the_notebook_lies(cohort):
    source = "import os, signal\nos.kill(os.getppid(), signal.SIGINT)\nsignal.pause()"
    template = changed(cohort, "picture", source)
    with pytest.raises(ReportStopped) as caught:
        run_report(template, out="out")
    kept = {path.name for path in caught.value.folder.iterdir()}
    assert kept == {"parameters.json", "report.ipynb", "report.html"}
    assert str(cohort) not in (caught.value.folder / "report.ipynb").read_text()


def test_an_almost_full_disk_is_refused_before_anything_runs(cohort, tiny, monkeypatch):
    monkeypatch.setattr(
        report_runner.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1_000_000)
    )
    with pytest.raises(OSError, match=r"needs 50 MB, but the disk of .* has 1 MB left"):
        run_report(tiny)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(cohort, tiny):
    (cohort / "file").touch()
    with pytest.raises(OSError, match=r"folder out cannot be written to: Not a directory"):
        run_report(tiny, out="file/out")


@pytest.mark.parametrize(("name", "encoding"), [("out\udcff", "utf-8"), ("läsion", "ascii")])
def test_a_folder_whose_name_the_locale_cannot_write_is_refused(cohort, tiny, monkeypatch, name, encoding):
    monkeypatch.setattr(report_runner.sys, "getfilesystemencoding", lambda: encoding)
    with pytest.raises(OSError, match=rf"'\w+\\\w+' has a name that {encoding} cannot write") as caught:
        run_report(tiny, out=name)
    assert str(caught.value).isascii()
    assert [path.name for path in cohort.iterdir()] == ["images"]


def test_a_folder_that_holds_files_is_never_written_to(cohort, tiny):
    with pytest.raises(FileExistsError, match="must be new or empty, but 'images' holds files"):
        run_report(tiny, out="images")


@pytest.mark.parametrize("named", ["my_study", "{cohort}/my_study"])
def test_the_parameter_out_dir_names_the_folder_as_out_does(cohort, tiny, named):
    result = run_report(tiny, {"out_dir": named.format(cohort=cohort)})
    assert result.folder == cohort / "my_study"
    assert result.metrics["parameters"]["out_dir"] == "my_study"
    assert str(cohort) not in result.notebook.read_text() + result.html.read_text()
    assert not (cohort / "build").exists()


def test_two_names_for_the_folder_are_refused(cohort, tiny):
    with pytest.raises(ParameterErrors, match=r"out_dir names the folder, and so does --out: got both"):
        run_report(tiny, {"out_dir": "here"}, out="there")
    assert [path.name for path in cohort.iterdir()] == ["images"]


def test_wrong_parameters_start_and_write_nothing(cohort, tiny):
    with pytest.raises(ParameterErrors, match="rate must lie between 0 and 1"):
        run_report(tiny, {"rate": 7})
    assert not (cohort / "build").exists()


def test_refusing_parameters_loads_neither_keras_nor_papermill(cohort):
    code = (
        "import sys, pathlib\n"
        "from medlab.reports import presets, report_runner\n"
        f"template = presets.resolve('tiny', pathlib.Path({str(TEMPLATES)!r}))\n"
        "try:\n"
        "    report_runner.run_report(template, {'dataset': 'x', 'epochs': '0'})\n"
        "except ValueError as error:\n"
        "    print(len(error.problems), {'keras', 'torch', 'papermill', 'nbformat'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2 set()"
