"""The links of 00_start as a reader clicks them: from the flow chart, and from an answer to its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

COURSE = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def start(lab):
    """00_start without its training, beside the chapters it links to."""
    for path in [*COURSE.glob("[0-9]*.ipynb"), COURSE / "article.csv"]:
        shutil.copy(path, lab.folder)
    notebook = nbformat.read(COURSE / "00_start.ipynb", as_version=4)
    wanted = {
        "title",
        "parameters",
        "load-keras",
        "imports-libraries",
        "imports-medlab",
        "flow-text",
        "questions",
    }
    wanted |= {"article-text", "article-table"}
    notebook.cells = [cell for cell in notebook.cells if cell.id in wanted]
    assert len(notebook.cells) == len(wanted)
    lab.open(notebook, name="00_start.ipynb")
    return lab


def current_title(lab):
    return lab.page.locator(".lm-TabBar-tab.jp-mod-current .lm-TabBar-tabLabel")


def test_the_flow_chart_is_drawn_and_a_step_opens_its_chapter(start):
    chart = start.cell("flow-text").get_by_role("img", name="Flow chart")
    expect(chart).to_have_count(1)
    assert chart.bounding_box()["height"] > 150, "JupyterLab draws the chart instead of its source"
    chart.scroll_into_view_if_needed()
    start.keep_picture("flow_chart")
    start.cell("flow-text").get_by_role("link", name="02_data").click()
    expect(current_title(start)).to_have_text("02_data.ipynb")


def test_no_part_of_the_article_is_wider_than_the_notebook(start):
    """A formula is not broken over lines: a long one has to stand in csv as two."""
    start.page.set_viewport_size({"width": 1300, "height": 900})
    start.run_all()
    parts = start.cell("article-table").locator("details")
    expect(parts).to_have_count(10)
    widths = "parts => parts.map(p => (p.open = true, p.querySelector('table').offsetWidth - p.offsetWidth))"
    expect(parts.nth(3).locator("mjx-container").first).to_be_attached()
    assert [part for part, over in enumerate(parts.evaluate_all(widths), 1) if over > 0] == []


def test_a_section_of_the_article_is_a_click_away(start):
    start.run_all()
    part = start.cell("article-table").locator("details", has=start.page.locator("summary", has_text="5 "))
    part.locator("summary").click()
    row = part.get_by_role("row", name="5.4 训练集准确率")
    expect(row).to_be_visible()
    row.scroll_into_view_if_needed()
    start.keep_picture("article_table")
    row.get_by_role("link", name="What is a positive answer worth?").click()
    expect(current_title(start)).to_have_text("06_lung_screening.ipynb")
    for _ in range(2):  # JupyterLab 4.6 shows the top of a notebook that a link has just opened
        start.page.locator(".lm-TabBar-tabLabel").get_by_text("00_start.ipynb", exact=True).click()
        part.get_by_role("link", name="The article's program", exact=True).first.click()
        expect(current_title(start)).to_have_text("03_cnn.ipynb")
    panel = start.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(panel.get_by_role("heading", name="The article's program")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("link", "chapter", "heading"),
    [
        ("Another scanner", "06_lung_screening", "Another scanner"),
        ("What does it cost?", "03_cnn", "What does it cost?"),
        ("Augmentation, and where a flip is wrong", "02_data", "Augmentation, and where a flip is wrong"),
    ],
)
def test_an_answer_leads_to_the_place_that_shows_it(start, link, chapter, heading):
    """At the second click: JupyterLab 4.6 shows the top of a notebook that a link has just opened."""
    for _ in range(2):
        start.page.locator(".lm-TabBar-tabLabel").get_by_text("00_start.ipynb", exact=True).click()
        start.cell("questions").get_by_role("link", name=link).click()
        expect(current_title(start)).to_have_text(f"{chapter}.ipynb")
        panel = start.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(panel.get_by_role("heading", name=heading)).to_have_count(1)
    expect(panel.get_by_role("heading", name=heading)).to_be_in_viewport()
