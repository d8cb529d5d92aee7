"""`medlab` and `medlab doctor`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import medlab
from medlab import backend, plots
from medlab.cli import COMMANDS, doctor, main

TORCH = {"kernel": "medlab-torch", "name": "MedLab (PyTorch)", "state": "ready"}
HEAVY = {"keras", "tensorflow", "torch", "jax", "pandas", "matplotlib", "numpy", "pooch"}


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine where all is well, described without loading a backend."""
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(doctor, "probe_devices", lambda: (["CPU (2 cores)"], ""))
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "version_of", lambda package: "9999.0")
    monkeypatch.setattr("medlab.cli.kernels.installed", lambda: [TORCH])
    return monkeypatch


def examine(*options):
    result = CliRunner().invoke(main, ["doctor", "--json", *options])
    return result.exit_code, json.loads(result.stdout)


def test_help_lists_the_commands_and_imports_nothing_heavy():
    code = "import sys; from medlab.cli import main; main(['--help'], standalone_mode=False);"
    code += "print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    usage, modules = printed.rstrip().rsplit("\n", 1)
    assert all(name in usage for name in COMMANDS)
    assert HEAVY & set(modules.split()) == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_help(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"main {name}" in result.output


def every_command(group=main, words=()):
    """Return the words of each command and subcommand, the bare `medlab` among them."""
    listed = [words]
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        is_group = isinstance(command, click.Group)
        listed += every_command(command, (*words, name)) if is_group else [(*words, name)]
    return listed


ANSWERS = [
    ("data", "list"),
    ("kernels", "list"),
    ("progress",),
    ("report", "--list"),
    ("report", "classification", "--parameters"),
    ("report", "lung_screening", "--parameters"),
    ("doctor",),
]


@pytest.mark.parametrize(
    "words", [*((*words, "--help") for words in every_command()), *ANSWERS], ids=" ".join
)
def test_what_is_said_fits_80_columns(words, healthy):
    result = CliRunner(env={"COLUMNS": "80"}).invoke(main, words)
    assert result.exit_code == 0
    assert result.output.strip()
    assert [line for line in result.output.splitlines() if len(line) > 80] == []
    assert "\\b" not in result.output
    assert "\b" not in result.output


def test_ctrl_c_ends_any_command_with_130(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("medlab.data.registered", interrupt)
    result = CliRunner().invoke(main, ["data", "list"])
    assert (result.exit_code, result.stderr) == (130, "Stopped.\n")


def test_version_is_the_packages():
    assert medlab.__version__ in CliRunner().invoke(main, ["--version"]).output


def test_misspelled_command_is_told_the_nearest():
    result = CliRunner().invoke(main, ["doctr"])
    assert result.exit_code == 2
    assert "No such command 'doctr'. Did you mean 'doctor'?" in result.output


def test_doctor_says_what_there_is(healthy):
    code, facts = examine()
    assert code == 0
    assert facts["medlab"] == medlab.__version__
    assert facts["backend"] == backend.name()
    assert facts["devices"] == ["CPU (2 cores)"]
    assert facts["data_root_writable"]
    assert facts["memory_gb"] >= facts["memory_free_gb"] > 0
    assert facts["disk_free_gb"] > 0
    assert {"tensorflow", "keras", "torch", "jax", "captum", "nbval", "python-gdcm"} <= set(facts["packages"])
    assert facts["missing"] == []


def test_doctor_writes_nothing_in_red_where_a_notebook_shows_its_table(healthy):
    result = CliRunner().invoke(main, ["doctor"])
    assert result.stderr == ""
    assert "takes a few seconds" in result.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("missing", "words"), [("", "Chinese, Japanese and Korean in fig"), ("医", "fonts-noto-cjk")]
)
def test_doctor_says_whether_figures_can_show_chinese_names_and_how_they_could(healthy, missing, words):
    healthy.setattr(plots, "missing_glyphs", lambda _texts: missing)
    _code, facts = examine()
    assert facts["cjk_font"] is not bool(missing)
    assert words in " ".join(doctor.as_text(facts).split())


def test_doctor_never_names_the_home_folder(healthy):
    healthy.setenv("MEDLAB_DATA", str(Path.home() / "data"))
    _code, facts = examine()
    assert facts["data_root"] == "~/data"
    text = CliRunner().invoke(main, ["doctor"]).output
    assert str(Path.home()) not in text + json.dumps(facts)


def test_missing_extra_is_no_illness_but_its_line_is_given(healthy):
    healthy.setattr(doctor, "version_of", lambda package: None if package == "pyjpegls" else "9999.0")
    code, facts = examine()
    assert code == 0
    (missing,) = facts["missing"]
    assert missing["for"] == "decoders"
    assert missing["what"].startswith("pyjpegls>=")
    assert "[decoders]" in missing["install"]
    lines = CliRunner().invoke(main, ["doctor"]).output.splitlines()
    assert lines[-2].startswith("missing    pyjpegls>=")
    assert lines[-2].endswith(", for decoders:")
    assert lines[-1].strip() == missing["install"]


def test_the_base_misses_one_line_for_each_extra(healthy):
    needs = doctor.requirements()
    extras = {needed.name for extra in ("jax", "decoders", "dev") for needed in needs[extra]}
    healthy.setattr(doctor, "version_of", lambda package: None if package in extras else "9999.0")
    code, facts = examine()
    assert code == 0
    assert [row["for"] for row in facts["missing"]] == ["decoders", "dev", "jax"]
    assert facts["missing"][0]["what"].count(">=") == 4


def test_package_that_is_too_old_is_an_illness(healthy):
    healthy.setattr(doctor, "version_of", lambda package: "1.0" if package == "keras" else "9999.0")
    code, facts = examine()
    assert code == 1
    (missing,) = facts["missing"]
    assert missing["what"].endswith("(found 1.0)")


def test_broken_backend_is_an_illness_and_its_last_words_are_shown(healthy):
    home = str(Path.home())
    healthy.undo()
    healthy.setattr(doctor, "PROBE", f"raise ImportError('{home}/lib/libtensorflow.so is not there')")
    devices, trouble = doctor.probe_devices()
    assert devices == []
    assert trouble == "ImportError: ~/lib/libtensorflow.so is not there"


def test_gpu_that_the_backend_does_not_see_is_mentioned(healthy):
    healthy.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    code, facts = examine()
    assert code == 0
    assert "does not see" in facts["missing"][0]["what"]
    assert "[gpu]" in facts["missing"][0]["install"]


def test_kernel_that_cannot_start_is_no_illness_but_its_line_is_given(healthy):
    assert examine()[1]["kernels"] == {"medlab-torch": "ready"}
    row = {"kernel": "medlab-jax", "state": "its Python is gone"}
    healthy.setattr("medlab.cli.kernels.installed", lambda: [row])
    code, facts = examine()
    assert code == 0
    (missing,) = facts["missing"]
    assert missing["what"] == "medlab-jax: its Python is gone"
    assert missing["install"] == "medlab kernels install jax"
    assert "kernels    medlab-jax (its Python is gone)\n" in CliRunner().invoke(main, ["doctor"]).output
    healthy.setattr("medlab.cli.kernels.installed", list)
    assert "kernels    none: medlab kernels install\n" in CliRunner().invoke(main, ["doctor"]).output


def test_data_root_that_cannot_be_written_is_an_illness(healthy):
    healthy.setattr(doctor.os, "access", lambda path, mode: False)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "NOT writable: let MEDLAB_DATA name another" in " ".join(result.output.split())


def test_without_a_clone_the_lines_install_from_the_index(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "CLONE", tmp_path)
    assert doctor.install_line("jax") == "pip install 'medlab[jax]'"


@pytest.mark.slow
def test_doctor_loads_the_backend_in_a_process_of_its_own():
    devices, trouble = doctor.probe_devices()
    assert trouble == ""
    assert devices[0].startswith("CPU")
