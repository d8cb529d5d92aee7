"""Count the lines of code: without docstrings, comments and blanks.

``python scripts/code_lines.py`` prints them by folder; the limit of a module is a test.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("medlab", "widgets")
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Return how many lines of a Python module hold code."""
    numbers: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            numbers.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            numbers.difference_update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return len(numbers)


def script_lines(source: str) -> int:
    """Return how many lines of a JavaScript module hold code; comments stand on lines of their own."""
    without = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return sum(bool(line.strip()) and not line.strip().startswith("//") for line in without.splitlines())


def by_folder() -> tuple[Counter[str], Counter[str]]:
    """Return the lines of the packages by folder, and those that are counted apart."""
    packages: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            folder = "/".join(path.relative_to(ROOT).parts[:-1][:2])
            packages[folder] += code_lines(path.read_text(encoding="utf-8"))
        apart["stubs (__init__.pyi)"] += sum(
            code_lines(path.read_text(encoding="utf-8")) for path in (ROOT / package).rglob("*.pyi")
        )
        apart["JavaScript"] += sum(
            script_lines(path.read_text(encoding="utf-8")) for path in (ROOT / package).rglob("*.js")
        )
    for path in (ROOT / "notebooks" / "exercises").glob("*.py"):
        apart["notebooks/exercises"] += code_lines(path.read_text(encoding="utf-8"))
    return packages, apart


def main() -> None:
    """Print the table."""
    packages, apart = by_folder()
    for folder, count in sorted(packages.items()):
        print(f"{count:7,}  {folder}")
    print(f"{packages.total():7,}  medlab and widgets\n")
    for what, count in sorted(apart.items()):
        print(f"{count:7,}  {what}")


if __name__ == "__main__":
    main()
