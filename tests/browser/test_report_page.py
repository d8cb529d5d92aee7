"""The page of a report, of a folder whose names are as hostile as a file system allows, in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medlab.reports import run_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HIT = "document.body.setAttribute('data-hit','1')"
HANDLER = f'<img src=x onerror="{HIT}">'  # quoted: Markdown passes no other on
NAMES = (
    HANDLER,
    f'"><script>{HIT}<&#47;script><script>{HIT}',
    f"<img src=x onerror={HIT}>",
    f'<svg onload="{HIT}">',
    f"[x](javascript:{HIT})",
    f"![x](x){{onerror={HIT}}}",
    f"' onmouseover='{HIT}",
    "$<10",
    "$x^2$ and $y_1",
    "\\frac{",
    "\\(x\\)",
    "_sick_",
    "**bold** ~~gone~~",
    "a|b",
    "# heading",
    "- item",
    "&lt;",
    "`code`",
    "<normal>",
    "--> <!--",
    "{{ 7*7 }}{% raw %}",
    "\u202eright to left\u202c",
    "正常",
    "n" * 200,
    "line\nbreak",
)


@pytest.fixture(scope="module")
def report(own_home, tmp_path_factory):
    """Run the classification template, as short as it gets, on classes, files and a table with such names."""
    rng = np.random.default_rng(0)
    home = tmp_path_factory.mktemp("hostile")
    folder = home / HANDLER
    table = {}
    for place, name in enumerate(NAMES):
        (folder / "train" / name).mkdir(parents=True)
        for number in range(10):
            gray = rng.integers(0, 120, (18, 16), dtype=np.uint8)
            gray[4:10, place % 10 : place % 10 + 6] += np.uint8(100)
            file = f"{HANDLER} {place} {number}.png"
            Image.fromarray(gray).save(folder / "train" / name / file)
            table[file] = f"{HANDLER} {place} {number}"
    pd.Series(table, name="group").rename_axis("file").to_csv(folder / f"{HANDLER}.csv")
    parameters = {
        "data_dir": str(folder),
        "scale": "smoke",
        "image_size": 16,
        "group_rule": f"csv:{HANDLER}.csv",
    }
    return run_report("classification", parameters, out=home / "out")


@pytest.fixture
def page(chromium, report):
    """Open the page of the report; in the end nothing may have been asked for but the page itself."""
    requested = []
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = context.new_page()
        opened.on("request", lambda request: requested.append(request.url))
        opened.goto(report.html.as_uri())
        yield opened
        assert [url for url in requested if not url.startswith("data:")] == [report.html.as_uri()]


def test_names_of_users_are_text_and_nothing_of_them_runs(page):
    page.wait_for_timeout(200)  # an image that is not there fails a moment later
    assert page.evaluate("document.body.getAttribute('data-hit')") is None
    assert (
        page.locator(
            "main script, main svg, main [onerror], main [onmouseover], main a[href^=javascript]"
        ).count()
        == 0
    )
    shown = " ".join(page.locator("main").text_content().split())
    for name in (*NAMES, f"folder {HANDLER}", f"csv:{HANDLER}.csv"):
        assert " ".join(name.split()) in shown
    labels = page.locator("tr", has=page.get_by_text("what the labels mean", exact=True)).locator("td").nth(1)
    # No element but the bare ones in which dollars and backslashes stand, so that nothing typesets them.
    elements = labels.locator("*").evaluate_all("elements => elements.map(element => element.outerHTML)")
    assert [html for html in elements if not re.fullmatch(r"<span>[$\\]?</span>", html)] == []


def test_the_result_stands_first_and_the_parameters_last(page):
    shown = page.locator("main").inner_text()
    order = ["A classification study", "A classification study: ", "not a medical device", "AUC "]
    order += ["The data, and what", "Results: ", "Limits", "What was run", "Files"]
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def test_axe_finds_nothing_serious(page, serious_faults):
    assert serious_faults(page) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_figures_and_words_fit_a_phone_and_a_screen(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    edges = page.evaluate("[...document.images].map(image => image.getBoundingClientRect().right)")
    assert max(edges) <= width
    rows = page.locator(".celltag_row .jp-OutputArea-child")
    first, second = rows.nth(0).bounding_box(), rows.nth(1).bounding_box()
    assert (second["y"] >= first["y"] + first["height"]) == (width == 390)


def test_on_a_phone_a_table_that_goes_on_has_a_shadow_where_it_is_cut(page):
    page.set_viewport_size({"width": 390, "height": 900})
    wide = page.locator(".jp-RenderedMarkdown", has=page.get_by_text("what it is", exact=True))
    assert wide.evaluate("element => element.scrollWidth > element.clientWidth")
    assert wide.evaluate("element => getComputedStyle(element).backgroundImage").count("gradient") == 4
    rows = wide.locator("tbody tr").evaluate_all("rows => rows.map(row => getComputedStyle(row).background)")
    assert all("rgba(0, 0, 0, 0)" in row for row in rows)  # a row of its own color would cover the shadow


def test_print_keeps_a_heading_with_what_it_is_of_and_a_figure_on_one_page(page):
    page.emulate_media(media="print")
    breaks = (
        "[...document.querySelectorAll('.jp-Cell:has(h2)')].map(cell => getComputedStyle(cell).breakAfter)"
    )
    assert set(page.evaluate(breaks)) == {"avoid"}
    inside = "[...document.querySelectorAll('.jp-RenderedImage')].map(el => getComputedStyle(el).breakInside)"
    assert set(page.evaluate(inside)) == {"avoid"}
    heights = page.evaluate("[...document.images].map(image => image.getBoundingClientRect().height)")
    assert max(heights) <= 205 / 25.4 * 96 + 1  # CSS pixels of 205 mm
    assert page.locator("details.code").first.is_hidden()
