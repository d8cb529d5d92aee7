"""The files that install, test and ship the project agree with each other."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import medlab

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
TARGETS = "help venv report test check soak lab bench gpu-check docs clean".split()

# Stands for python3 and for the one in .venv: writes down what it is asked, and fails when told to.
FAKE_PYTHON = """#!/bin/sh
echo "$@" >> calls
case "$*" in
  *"-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *torch==*) [ ! -e kill ] || kill -9 $PPID; [ ! -e offline ] ;;
  *all]*) [ ! -e kill-extras ] || kill -9 $PPID; [ ! -e no-extras ] ;;
  *version_info*) [ ! -e too-old ] ;;
esac
"""


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in `folder` as a user would, whatever make runs these tests."""
    if sys.platform == "win32":
        pytest.skip("Windows has neither make nor sh; README says what to type there")
    of_make = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")
    clean = {name: value for name, value in os.environ.items() if name not in of_make}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )


def write_program(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def fresh(tmp_path):
    """A clone without .venv, and a python3 that only writes down what it was asked to do."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    write_program(tmp_path / "python3", FAKE_PYTHON)
    return tmp_path


def test_constraints_pin_every_package_that_all_installs():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==\d[\w.]*", pin)] == []
    version = {canonicalize_name(name): v for name, v in (pin.split("==") for pin in pins)}
    assert len(version) == len(pins)
    wanted = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    for needed in map(Requirement, wanted):
        if needed.name != "medlab":
            assert needed.specifier.contains(version[canonicalize_name(needed.name)]), needed


def test_all_is_every_extra_but_gpu():
    (everything,) = EXTRAS["all"]
    assert Requirement(everything).extras == set(EXTRAS) - {"gpu", "all"}


def test_conda_brings_python_only_and_pip_what_pyproject_says():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, under_pip = conda["dependencies"]
    assert pip == "pip"
    assert under_pip == {"pip": ["-c constraints.txt", "nbval", "-e ."]}
    name, version = python.split("=")
    assert name == "python"
    assert version == PROJECT["requires-python"].removeprefix(">=")


@pytest.mark.parametrize("target", TARGETS)
def test_help_names_every_target(target):
    shown = make(ROOT, "help").stdout
    assert target == "help" or f"make {target} " in shown


def test_help_fits_a_terminal_of_80_columns():
    assert [line for line in make(ROOT, "help").stdout.splitlines() if len(line) > 80] == []


def installed(folder: Path) -> list[str]:
    """What pip was asked for in `folder`, call by call."""
    lines = [line for line in (folder / "calls").read_text().splitlines() if "pip install" in line]
    assert all("-c constraints.txt" in line for line in lines)
    return [line.split()[-1] for line in lines]


@pytest.mark.parametrize("target", ["report", "lab"])
def test_a_report_and_jupyterlab_install_torch_at_its_version_then_the_base_and_a_second_call_nothing(
    fresh, target
):
    for _call in range(2):
        make(fresh, target, "PYTHON=./python3")
        torch, base = installed(fresh)
        assert re.fullmatch(r"torch==[\d.]+", torch)
        assert torch in (fresh / "constraints.txt").read_text().splitlines()
        assert base == "."


def test_all_extras_come_on_top_of_the_base_and_a_second_call_installs_nothing(fresh):
    for _call in range(2):
        assert make(fresh, "venv", "PYTHON=./python3").returncode == 0
        assert installed(fresh)[1:] == [".", ".[all]"]
    make(fresh, "report", "PYTHON=./python3")
    assert len(installed(fresh)) == 3


@pytest.mark.parametrize("target", ["check", "test", "bench", "soak", "gpu-check"])
def test_whoever_develops_gets_all_extras(fresh, target):
    assert "'.[all]'" in make(fresh, "-n", target, "PYTHON=./python3").stdout


def test_extras_that_could_not_be_installed_spare_the_base_and_an_interruption_does_not(fresh):
    make(fresh, "report", "PYTHON=./python3")
    (fresh / "no-extras").touch()
    assert make(fresh, "venv", "PYTHON=./python3").returncode != 0
    make(fresh, "report", "PYTHON=./python3")
    assert installed(fresh)[1:] == [".", ".[all]"]
    (fresh / "no-extras").unlink()
    (fresh / "kill-extras").touch()
    assert make(fresh, "venv", "PYTHON=./python3").returncode != 0
    (fresh / "kill-extras").unlink()
    (fresh / ".venv" / "half-a-package").touch()
    make(fresh, "report", "PYTHON=./python3")
    assert not (fresh / ".venv" / "half-a-package").exists()
    assert installed(fresh)[-1] == "."


def test_changed_constraints_are_installed(fresh):
    make(fresh, "venv", "PYTHON=./python3")
    before = (fresh / "calls").read_text()
    later = (fresh / ".venv/medlab-installed").stat().st_mtime + 10
    os.utime(fresh / "constraints.txt", (later, later))
    make(fresh, "venv", "PYTHON=./python3")
    assert (fresh / "calls").read_text().count("pip install") == 2 * before.count("pip install")


def test_interrupted_installation_is_redone_from_an_empty_venv(fresh):
    (fresh / "kill").touch()
    assert make(fresh, "venv", "PYTHON=./python3").returncode != 0
    leftover = fresh / ".venv" / "half-a-package"
    leftover.touch()
    (fresh / "kill").unlink()
    assert make(fresh, "venv", "PYTHON=./python3").returncode == 0
    assert not leftover.exists()


def test_failed_installation_is_tried_again_and_spares_what_was_there(fresh):
    (fresh / "offline").touch()
    assert make(fresh, "venv", "PYTHON=./python3").returncode != 0
    earlier = fresh / ".venv" / "installed-earlier"
    earlier.touch()
    (fresh / "offline").unlink()
    assert make(fresh, "venv", "PYTHON=./python3").returncode == 0
    assert earlier.exists()


def test_old_python_is_refused_with_the_line_to_type(fresh):
    (fresh / "too-old").touch()
    done = make(fresh, "venv", "PYTHON=./python3")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (fresh / ".venv").exists()


def test_cpu_users_of_linux_may_name_torchs_index(fresh):
    make(fresh, "venv", "PYTHON=./python3", "TORCH_INDEX=https://torch.example/cpu")
    torch, *rest = [line for line in (fresh / "calls").read_text().splitlines() if "pip install" in line]
    assert "--extra-index-url https://torch.example/cpu" in torch
    assert "torch.example" not in "".join(rest)


def report_arguments(folder: Path, *variables: str) -> list[str]:
    """What `make report` passes to `medlab`, one argument a line."""
    write_program(folder / "medlab", '#!/bin/sh\nprintf "%s\\n" "$@"\n')
    done = make(ROOT, "report", f"BIN={folder}", "-o", ".venv/medlab-installed", *variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_make_report_without_variables_is_the_lung_study(tmp_path):
    assert report_arguments(tmp_path) == ["report", "lung_screening"]


def test_make_report_maps_its_variables_onto_parameters(tmp_path):
    given = ["DATA_DIR=my scans/lung", "IMAGE_SIZE=50", "POSITIVE_CLASS=nodule", "SEED=3", "OUT=a page"]
    expected = ["data_dir=my scans/lung", "image_size=50", "positive_class=nodule", "seed=3"]
    arguments = report_arguments(tmp_path, *given)
    assert arguments[:2] == ["report", "lung_screening"]
    assert arguments[2:-1] == [word for pair in expected for word in ("-p", pair)]
    assert arguments[-1] == "--out=a page"


def test_make_report_passes_any_parameter_and_preset(tmp_path):
    arguments = report_arguments(tmp_path, "REPORT=other", "P=width=2 dropout=.5")
    assert arguments == ["report", "other", "--pairs=width=2 dropout=.5"]


TYPED = [
    "cost$5",
    "$$ and $(HOME) and ${HOME} and $HOME",
    "$(shell touch run)",
    "$(touch run)",
    "`touch run`",
    "x; touch run",
    "x && touch run | cat > run",
    "a 'single' and a \"double\" quote",
    "x' ; touch run ; '",
    'x" ; touch run ; "',
    "back\\slash \\n \\",
    "#no comment",
    "a # b",
    "~/scans",
    "*",
    "[a-z]? !x",
    "läsion 病変",
    "two  blanks",
    "50%",
    "-p",
    "a=b:=c",
]


@pytest.mark.parametrize("by", ["the command line", "the environment"])
@pytest.mark.parametrize("value", TYPED)
def test_what_is_given_to_make_arrives_as_it_was_typed_and_is_not_run(tmp_path, monkeypatch, value, by):
    before = set(ROOT.iterdir())
    given = {"DATA_DIR": value, "POSITIVE_CLASS": value, "P": f"model={value}", "OUT": value, "REPORT": value}
    if by == "the environment":
        for name, text in given.items():
            monkeypatch.setenv(name, text)
        given = {}
    arguments = report_arguments(tmp_path, *(f"{name}={text}" for name, text in given.items()))
    assert arguments == [
        "report",
        value,
        "-p",
        f"data_dir={value}",
        "-p",
        f"positive_class={value}",
        f"--pairs=model={value}",
        f"--out={value}",
    ]
    assert set(ROOT.iterdir()) == before


def test_python_may_lie_in_a_folder_with_blanks_and_is_a_program_rather_than_a_line(fresh):
    (fresh / "my python $5").mkdir()
    shutil.copy(fresh / "python3", fresh / "my python $5" / "python3")
    assert make(fresh, "venv", "PYTHON=./my python $5/python3").returncode == 0
    assert make(fresh, "venv", "-B", "PYTHON=./python3; touch run").returncode != 0
    assert not (fresh / "run").exists()


def test_ci_finds_real_data_beside_the_clone_and_calls_make_test(tmp_path):
    clone = tmp_path / "clone"
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", clone / ".ci/run")
    beside = tmp_path / "shared" / "data"
    beside.mkdir(parents=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    write_program(programs / "make", '#!/bin/sh\necho "$PWD $* $MEDLAB_DATA"\n')
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    environment.pop("MEDLAB_DATA", None)
    said = subprocess.run(
        [clone / ".ci/run"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(clone), "test", str(beside)]


def test_pre_commit_strips_outputs_but_keeps_counts_ids_and_golden_cells():
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (hooks,) = (repository["hooks"] for repository in settings["repos"])
    entry = {hook["id"]: hook["entry"] for hook in hooks}
    assert entry["nbstripout"].endswith("--keep-count --keep-id")
    assert {"ruff", "ruff-format", "mypy", "layers"} < set(entry)


def test_wheel_carries_both_packages_and_the_course(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"medlab/py.typed", "medlab/cli/doctor.py", "medlab_widgets/__init__.py"} <= names
    assert not [name for name in names if name.startswith("widgets/") or "/build/" in name]
    shared = [name for name in names if "/data/share/jupyter/kernels/" in name]
    kernels = {name.split("/")[-2] for name in shared if name.endswith("kernel.json")}
    assert kernels == {"medlab-tensorflow", "medlab-torch"}
    assert "medlab/kernel/specs/medlab-jax/kernel.json" in names
    for notebook in (ROOT / "notebooks").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in notebook.parts:
            assert f"medlab/course/{notebook.relative_to(ROOT / 'notebooks').as_posix()}" in names
    assert {f"medlab/course/exercises/{name}" for name in ("03.py", "03.yaml", "zh/01.yaml")} <= names
    assert not [name for name in names if "__pycache__" in name]
    check_in_an_empty_folder(wheel, tmp_path)


def check_in_an_empty_folder(wheel: Path, folder: Path) -> None:
    """Exercises and quizzes are found in what the wheel installs, without a clone."""
    zipfile.ZipFile(wheel).extractall(folder / "site")
    (folder / "empty").mkdir()
    code = """if True:
        from medlab import exercises, notebook
        print(notebook.course_folder())
        exercises.check("called_back", 504, record=False)
        print(len(exercises.quiz("03_cnn").questions))
        exercises.check("best_judge", None)
    """
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder / "empty",
        env={
            **os.environ,
            "PYTHONPATH": str(folder / "site"),
            "PYTHONUTF8": "1",
            "MEDLAB_LANGUAGE": "zh",
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout.splitlines()
    assert said[0] == str(folder / "site" / "medlab" / "course")
    assert said[1].startswith("✓ called_back：正确。")
    assert said[-2] == "5"
    assert said[-1] == "○ best_judge：还没有作答。"


def test_make_bench_finds_every_part_it_names():
    parts = re.search(r"^PARTS = \((.*?)\)", (ROOT / "benchmarks/run.py").read_text(), re.M | re.S)[1]
    for part in re.findall(r'"(\w+)"', parts):
        assert "def main() -> int:" in (ROOT / "benchmarks" / f"{part}.py").read_text()


def test_the_readme_can_be_read_in_five_minutes():
    """A table is looked things up in: its rows, which grow with each chapter, are not counted."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("|") for word in line.split()]
    assert len(words) <= 800, "measurements belong in docs/benchmarks.md, details in docs/guide.md"


def test_third_parties_are_named_with_their_licenses():
    rows = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8").splitlines()
    named = {row.split("|")[1].strip() for row in rows if row.startswith("| ")}
    needed = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert needed <= named, "run scripts/make_third_party.py"


def test_the_citation_and_the_workflow_agree_with_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == medlab.__version__
    assert citation["license"] == PROJECT["license"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    classified = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: Python :: 3." in line]
    assert workflow["jobs"]["check"]["strategy"]["matrix"]["python"] == classified
    for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
        assert "run" in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])


@pytest.fixture
def browser_script():
    specification = importlib.util.spec_from_file_location("browser", ROOT / "scripts/browser.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_browser_script_prints_the_path_alone(tmp_path, monkeypatch, capsys, browser_script):
    chrome = write_program(tmp_path / "chrome", "#!/bin/sh\nexit 0\n")
    monkeypatch.setenv("MEDLAB_CHROMIUM", str(chrome))
    browser_script.main()
    assert capsys.readouterr().out == f"{chrome}\n"


def test_browser_that_does_not_run_is_passed_over(tmp_path, monkeypatch, browser_script):
    broken = write_program(tmp_path / "broken", "#!/bin/sh\nexit 1\n")
    intact = write_program(tmp_path / "whole", "#!/bin/sh\nexit 0\n")
    monkeypatch.setenv("MEDLAB_CHROMIUM", str(broken))
    monkeypatch.setattr(browser_script.shutil, "which", lambda name: str(intact))
    assert browser_script.find_browser() == str(intact)


def test_node_script_prints_the_path_of_one_that_runs():
    command = [sys.executable, ROOT / "scripts/node.py"]
    node = subprocess.run(command, capture_output=True, text=True, check=True)
    subprocess.run([node.stdout.strip(), "--version"], check=True)


def test_browser_script_gets_one_when_there_is_none(monkeypatch, capfd, browser_script):
    browsers = iter([None, "chrome"])
    monkeypatch.setattr(browser_script, "find_browser", lambda: next(browsers))
    monkeypatch.setattr(browser_script, "attempts", lambda: [[["echo", "installing"]], [["echo", "again"]]])
    browser_script.main()
    out, err = capfd.readouterr()
    assert out == "chrome\n"
    assert "installing" in err
    assert "again" not in err


def test_debians_browser_comes_with_a_font_that_has_chinese(monkeypatch, browser_script):
    monkeypatch.setattr(browser_script.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(browser_script.shutil, "which", lambda name: f"/usr/bin/{name}")
    _update, chromium, font = browser_script.attempts()[-1]
    assert (chromium[-1], font[-1]) == ("chromium", "fonts-wqy-microhei")
    monkeypatch.setattr(browser_script.os, "geteuid", lambda: 1000, raising=False)
    assert len(browser_script.attempts()) == 1


def test_browser_script_stops_with_the_line_to_type(monkeypatch, browser_script):
    monkeypatch.setattr(browser_script, "find_browser", lambda: None)
    monkeypatch.setattr(browser_script, "attempts", list)
    with pytest.raises(SystemExit, match="sudo apt-get install chromium"):
        browser_script.main()
