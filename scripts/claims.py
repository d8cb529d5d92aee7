"""List the claims of the chapters: the sentences that are held to the figures of their notebooks.

``python scripts/claims.py`` prints them by chapter; a test holds their form and their number.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

CHAPTERS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def calls(path: Path) -> list[ast.Call]:
    """Return the calls of ``exercises.claim`` in a notebook, in their order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    python = [re.sub(r"^[%!].*$", "", source, flags=re.M) for source in code]
    nodes = [node for source in python for node in ast.walk(ast.parse(source))]
    return [
        node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "exercises.claim"
    ]


if __name__ == "__main__":
    for chapter in CHAPTERS:
        sentences = [ast.unparse(call.args[0]).lstrip("f")[1:-1] for call in calls(chapter)]
        print(f"{chapter.stem}: {len(sentences)} claims", *sentences, "", sep="\n  ")
