"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"tensorflow", "keras", "torch", "jax", "matplotlib", "pandas", "scipy", "sklearn", "skimage", "cv2"}
# /home/ann is nobody's: examples and tests may use it.
SOMEONES_FOLDER = re.compile(r"(?<![\w.])/(?:home|work|Users|root)/(?!ann)\w")


def project_files() -> list[Path]:
    """Files that are, or would be, committed; in a source tree without git, all but hidden and data."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [path for path in paths if path.is_file()]
    hidden = [
        part for part in ROOT.iterdir() if part.name[0] == "." or part.name in ("build", "data", "dist")
    ]
    return [p for p in ROOT.rglob("*") if p.is_file() and not any(p.is_relative_to(h) for h in hidden)]


FILES = project_files()
MODULES = [p for p in FILES if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in ("medlab", "widgets")]
STUBS = [p for p in FILES if p.name == "__init__.pyi"]
NOTEBOOKS = [p for p in FILES if p.suffix == ".ipynb"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts() -> list[tuple[str, str]]:
    """Name and text of every project file that is text."""
    pairs = []
    for path in FILES:
        try:
            pairs.append((name_of(path), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return pairs


@pytest.fixture(scope="module")
def counter():
    specification = importlib.util.spec_from_file_location("code_lines", ROOT / "scripts/code_lines.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_lines_of_code_are_counted_without_docstrings_comments_and_blanks(counter):
    module = '''"""A module

    of three lines."""

import os  # code


def path(a,
         b):
    """Say it."""
    # why
    text = """one

three"""
    "no docstring"
    return text


class Empty:
    """Nothing."""
'''
    assert counter.code_lines(module) == 9
    assert counter.script_lines("// no\n\n/* no\n no */\nlet a = 1; // code\n") == 1


def test_modules_hold_at_most_250_lines_of_code(counter):
    lengths = {name_of(path): counter.code_lines(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 250} == {}


@pytest.mark.parametrize("statement", ["import medlab", "import medlab_widgets", "import medlab.cli"])
def test_import_loads_nothing_heavy(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(loaded.split()) == set()


def test_no_file_is_larger_than_200_kb():
    assert [name_of(path) for path in FILES if path.stat().st_size > 200_000] == []


def test_no_file_names_a_folder_of_someones_machine():
    assert [name for name, text in texts() if SOMEONES_FOLDER.search(text)] == []


def test_only_ci_knows_where_real_data_lies():
    assert [name for name, text in texts() if "shared" + "/data" in text] == [".ci/run"]


def public_names(stub: Path) -> list[tuple[Path, str]]:
    """(module, name) of every function and class that a package's stub offers."""
    pairs = []
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            module = stub.parent.joinpath(*node.module.split("."))
            module = module / "__init__.pyi" if module.is_dir() else module.with_suffix(".py")
            pairs += [(module, alias.name) for alias in node.names]
    return pairs


PUBLIC = [pair for stub in STUBS for pair in public_names(stub)]


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=[name for _, name in PUBLIC])
def test_public_name_exists_and_says_the_shape_of_its_arrays(module, name):
    tree = ast.parse(module.read_text(encoding="utf-8"))
    nodes = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            nodes[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            nodes.update({target.id: node for target in targets if isinstance(target, ast.Name)})
    if module in STUBS:
        assert name in {public for _, public in public_names(module)}
        return
    node = nodes[name]
    assert name != module.stem, "a module that bears its function's name hides it"
    if isinstance(node, ast.FunctionDef):
        words = ast.get_docstring(node)
        assert words
        if re.search(r"ArrayLike|NDArray|FloatArray|Float32Array", ast.unparse(node.args)):
            # A module of functions on the same arrays may say it once, at its top.
            assert re.search(r"shape|\(N\b|length", f"{ast.get_docstring(tree)} {words}")


@pytest.mark.parametrize("stub", STUBS, ids=name_of)
def test_init_is_a_table_of_contents_and_nothing_else(stub):
    table = stub.with_suffix(".py").read_text(encoding="utf-8")
    assert "attach_stub(__name__, __file__)" in table
    assert not [n for n in ast.parse(table).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_keeps_the_rules(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    assert "parameters" in cells[1]["metadata"].get("tags", []), "the second cell holds the parameters"
    for cell in cells:
        tags = cell["metadata"].get("tags", [])
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert not cell["outputs"] or "keep_output" in tags, f"outputs are stripped:\n{source}"
            assert "parameters" in tags or len(source.splitlines()) <= 15, f"up to 15 lines:\n{source}"
            assert bool(cell["outputs"]) == bool(cell["execution_count"]), (
                f"nbval compares by count:\n{source}"
            )
