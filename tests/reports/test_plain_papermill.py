"""The template runs by Jupyter's own tools, as README says, and notices what papermill lets through."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = re.findall(
    r"^\.venv/bin/((?:papermill|jupyter|pytest) .*?)(?: +#.*)?$",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.M,
)
pytestmark = pytest.mark.slow  # kernels, and a training


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of README in a folder that sees the notebooks, at the smallest scale."""
    if not (folder / "notebooks").exists():
        (folder / "notebooks").symlink_to(ROOT / "notebooks")
    words = [str(Path(sys.executable).parent / shlex.split(line)[0]), *shlex.split(line)[1:]]
    environment = {**os.environ, "MEDLAB_SCALE": "smoke"}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=500
    )


def printed(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")


def test_the_lines_of_the_readme_work_one_after_the_other(tmp_path):
    commands = {line.split()[0] + " " + line.split()[1] for line in LINES}
    assert len(commands) == len(LINES) == 4, "papermill's help, papermill, nbconvert and nbval"
    said = {}
    for line in LINES:
        done = run(tmp_path, line)
        assert done.returncode == 0, done.stderr[-2000:]
        said[line] = done.stdout
    helped, executed, _, checked = LINES
    assert "out_dir: Optional[str]" in said[helped]
    assert "passed" in said[checked]
    folder = tmp_path / re.search(r"-p out_dir (\S+)", executed)[1]
    *_, files = printed(tmp_path / "out.ipynb").splitlines()
    assert files == f"Files: metrics.json, model, predictions.csv, training.jsonl in {folder}"
    written = {"metrics.json", "model", "predictions.csv", "training.jsonl"}
    assert {path.name for path in folder.iterdir()} == written
    parameters = json.loads((folder / "metrics.json").read_text())["parameters"]
    assert (parameters["epochs"], parameters["scale"]) == (3, "smoke")
    assert "<html" in (tmp_path / "out.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "my_study",
        "notebooks",
        "out.html",
        "out.ipynb",
    ]


def test_an_unknown_name_is_refused_before_the_study_begins_with_the_nearest(tmp_path):
    line = "papermill notebooks/reports/classification.ipynb out.ipynb -p epoch 3 -p out_dir my_study"
    done = run(tmp_path, line)
    assert done.returncode != 0
    assert "epoch is not a parameter of this report. Did you mean 'epochs'? (this notebook)" in done.stderr
    assert "Passed unknown parameter: epoch" in done.stderr, "docs/guide.md quotes papermill"
    assert not (tmp_path / "my_study").exists()
