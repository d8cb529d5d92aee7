"""Text of users in an executed report, as JupyterLab shows its Markdown."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NAMES = ["$x_1$", "cost $5 to $6", "\\(y\\)", "<b>bold</b>", "a|b"]
CODE = f"""from IPython.display import Markdown, display
from medlab.text import escape
names = {NAMES!r}
rows = [f"| {{escape(name)}} | {{escape(name)}} {{escape(name)}} |" for name in names]
table = "\\n".join(["| name | twice |", "|---|---|", *rows])
display(Markdown(table + "\\n\\n" + ", ".join(map(escape, names)) + "\\n\\n$z^2$"))"""


def test_names_are_no_mathematics_and_mathematics_still_is(lab):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE, id="names")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    lab.open(notebook)
    lab.run_all()
    cell = lab.cell("names").locator(".jp-OutputArea-output")
    expect(cell.locator("mjx-container")).to_have_count(1)
    cells = cell.locator("td")
    for number, name in enumerate(NAMES):
        expect(cells.nth(2 * number)).to_have_text(name)
        expect(cells.nth(2 * number + 1)).to_have_text(f"{name} {name}")
    expect(cell.get_by_text(", ".join(NAMES))).to_have_count(1)
