import nbformat
import pytest

from medlab.reports import external_requests, to_html
from medlab.reports.report_page import scrub


@pytest.mark.parametrize(
    "fetched",
    [
        '<script src="https://cdn.org/a.js"></script>',
        "<img alt='x' src='//cdn.org/a.png'>",
        '<link rel="stylesheet" href="http://cdn.org/a.css">',
        "<style>@font-face {src: url(https://cdn.org/a.woff)}</style>",
        '<style>@import "https://cdn.org/a.css"</style>',
        '<script type="module">import m from "https://cdn.org/a.mjs"</script>',
    ],
)
def test_what_a_browser_fetches_by_itself_is_found(fetched):
    (address,) = external_requests(f"<html>{fetched}</html>")
    assert "cdn.org/a." in address


@pytest.mark.parametrize(
    "quiet",
    [
        '<a href="https://doi.org/10.1">paper</a>',
        '<img src="data:image/png;base64,aGk=">',
        "<p>see https://doi.org/10.1</p>",
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_links_and_embedded_pictures_are_no_requests(quiet):
    assert external_requests(quiet) == []


def test_paths_are_replaced_by_the_longest_that_fits_and_only_as_whole_names():
    shown = {"/home/ann": "~", "/home/ann/work": ".", "/": "root"}
    notebook = {
        "source": ["a = '/home/ann/work/x.png'", "/home/anna/x /data/home/ann /home/ann"],
        "data": {"image/png": "/home/ann", "text/plain": "/home/ann/y"},
    }
    assert scrub(notebook, shown) == {
        "source": ["a = './x.png'", "/home/anna/x /data/home/ann ~"],
        "data": {"image/png": "/home/ann", "text/plain": "~/y"},
    }
    assert scrub("/tmp/x", {"/": "root", "/opt": "o"}) == "/tmp/x"


def test_a_path_is_replaced_as_a_literal_of_python_too():
    shown = {'/opt/Zoë "Z" Müller/x': "image.png"}
    text = r'image = "/opt/Zo\xeb \"Z\" M\xfcller/x"'  # papermill writes it so
    assert scrub([text, '/opt/Zoë "Z" Müller/x'], shown) == ['image = "image.png"', "image.png"]


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("\x1b[32m/opt/ann/x.py\x1b[39m", "\x1b[32m~/x.py\x1b[39m"),
        ("\x1b[1;32m/opt/ann", "\x1b[1;32m~"),
        ("see file:///opt/ann/x.py", "see file://~/x.py"),
        ("https://a.org/opt/ann", "https://a.org/opt/ann"),
    ],
)
def test_paths_are_replaced_after_a_color_and_in_the_address_of_a_file(text, scrubbed):
    assert scrub(text, {"/opt/ann": "~"}) == scrubbed


@pytest.mark.slow  # importing nbconvert takes seconds
def test_a_page_folds_code_away_drops_warnings_and_asks_for_nothing():
    output = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    cell = nbformat.v4.new_code_cell("1 + 1", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("$x$ **bold**"), cell])
    html = to_html(notebook, "A <title>")
    assert external_requests(html) == []
    assert "<title>A &lt;title&gt;</title>" in html
    assert '<details class="code"><summary>code</summary>' in html
    assert "a warning" not in html
    assert "<strong>bold</strong>" in html


@pytest.mark.slow
def test_a_page_that_would_fetch_a_picture_is_refused():
    cell = nbformat.v4.new_markdown_cell('<img src="https://example.org/logo.png">')
    with pytest.raises(
        ValueError, match=r"must not fetch anything, but asks for https://example\.org/logo\.png"
    ):
        to_html(nbformat.v4.new_notebook(cells=[cell]), "title")
