"""The map from the article to the course: every section has its row, and every row its place."""

from __future__ import annotations

import csv
import re
import shlex

import pytest
from click.testing import CliRunner

from medlab import reports
from medlab.cli import main
from medlab.reports.parameters import read_schema, validate
from tests.test_course import CHAPTERS, PLANNED, ROOT, anchors, prose

NOTEBOOKS = ROOT / "notebooks"
with (NOTEBOOKS / "article.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))
# Every heading of the article that has a number.
SECTIONS = """
1 2 2.1 2.2 2.3 2.4 2.5 3 3.1 3.2 3.3 3.4 3.5 3.5.1 3.5.2 3.6 3.6.1 3.6.2 3.7 3.7.1 3.7.2 4 4.1 4.2
4.3 4.4 4.4.1 4.4.2 4.5 4.5.1 4.5.2 4.6 4.6.1 4.6.2 4.7 4.7.1 4.7.2 4.7.3 4.7.4 4.7.5 4.7.6 4.7.7 5
5.1 5.2 5.3 5.4 5.5 5.6 5.7 6 6.5 6.6 6.7 7 7.1 7.2 7.3 8 8.1 8.2 8.3 9 9.1 9.2 9.3 9.4 10 10.1 10.2
10.3 10.4
""".split()
VERDICTS = ("holds", "holds if", "erratum", "cannot be checked", "planned chapter")


def names(row: dict[str, str]) -> str:
    return f"{row['section']} {row['english']}"


def test_every_numbered_section_of_the_article_has_a_row():
    known = {row["section"].split()[0] for row in ROWS}
    for section in SECTIONS:
        assert any(number == section or number.startswith(f"{section}.") for number in known), section
    assert known <= set(SECTIONS)


@pytest.mark.parametrize("row", ROWS, ids=names)
def test_a_row_is_whole_and_its_place_exists(row):
    for name in ("chinese", "english", "claim", "notebook", "verdict"):
        assert row[name] == row[name].strip() != "", name
    assert not re.search(r"[|\n]", "".join(row.values())), "the row must fit a Markdown table"
    assert re.fullmatch(r"\d+(\.\d+)*( \(\d\))?", row["section"])
    assert re.search(r"[\u4e00-\u9fff]", row["chinese"])
    assert row["claim"].endswith(".")
    assert row["verdict"] in VERDICTS
    if row["verdict"] == "planned chapter":
        assert row["notebook"] in PLANNED
        assert row["heading"] == row["command"] == ""
        return
    assert row["because"].endswith("."), "a verdict has a reason"
    notebook = NOTEBOOKS / f"{row['notebook']}.ipynb"
    assert row["command"] or row["heading"]
    assert not row["heading"] or row["heading"].replace(" ", "-") in anchors(notebook)


@pytest.mark.parametrize("command", sorted({row["command"] for row in ROWS} - {""}))
def test_a_command_of_the_map_is_understood(command):
    """The words exist; what `medlab report` is given is not refused, be the data there or not."""
    program, *words = shlex.split(command)
    if program != "medlab":
        assert program in ("%medlab", "%%medlab")
        return
    parameters = dict(word.split("=") for word in words if "=" in word)
    words = [word for word in words if "=" not in word and word != "-p"]
    if words[0] != "report":
        assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0
        return
    template = reports.available()[words[1]]
    levels = {"command line": parameters, f"preset {words[1]}": template.parameters}
    schema = read_schema(template.notebook)
    values, defaults = validate(schema, levels), {p.name: p.default for p in schema}
    if "model" in defaults:  # a segmentation has one network
        assert values["model"].value == parameters.get("model", defaults["model"])


def test_a_planned_chapter_leaves_the_list_with_its_notebook():
    assert [name for name in PLANNED if (NOTEBOOKS / f"{name}.ipynb").exists()] == []
    assert {row["notebook"] for row in ROWS if row["verdict"] == "planned chapter"} <= set(PLANNED)


def test_no_claim_comes_twice_in_a_section():
    claims = [(row["section"], row["claim"]) for row in ROWS]
    assert len(claims) == len(set(claims))


def sections_of(chapter: str) -> set[str]:
    """Return the sections that a chapter runs, to two numbers: 3.5 for 3.5.1."""
    numbers = [row["section"].split()[0] for row in ROWS if row["notebook"] == chapter]
    return {".".join(number.split(".")[:2]) for number in numbers}


def listed(cell: str) -> set[str]:
    """Return the sections of a table's cell: "4.1, 5.1–5.3" names four."""
    sections = set()
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        chapter, _, number = first.partition(".")
        numbers = range(int(number), int(last.partition(".")[2]) + 1) if last else ()
        sections |= {f"{chapter}.{number}" for number in numbers} or {first}
    return sections


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_table_of_chapters_names_the_sections_of_each(page):
    rows = re.findall(
        r"^\| (.*?) \| \[(\w+)\]\(notebooks/\2\.ipynb\) \|", (ROOT / page).read_text("utf-8"), re.M
    )
    assert {chapter for _, chapter in rows} == {row["notebook"] for row in ROWS if row["heading"]}
    for cell, chapter in rows:
        assert listed(cell) == sections_of(chapter), chapter


def test_ranges_of_sections_are_read():
    assert listed("1, 4.1, 5.1–5.3") == {"1", "4.1", "5.1", "5.2", "5.3"}


@pytest.mark.parametrize("chapter", [path.stem for path in CHAPTERS])
def test_a_title_names_sections_that_the_chapter_runs(chapter):
    """The main ones, or all of them by the number they share: 8 for 8.1 to 8.3."""
    title = prose(NOTEBOOKS / f"{chapter}.ipynb").splitlines()[0]
    named = listed(re.search(r" · article (.*)", title)[1].replace(" to ", "–"))
    known = sections_of(chapter)
    assert named - known - {section.partition(".")[0] for section in known} == set()


def errata(chapter: str) -> list[tuple[str, str, str]]:
    """Return heading, section and text of each erratum of a chapter, in single spaces."""
    blocks, heading = [], ""
    for line in prose(NOTEBOOKS / f"{chapter}.ipynb").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        elif start := re.match(r"> \*\*Erratum, article ([\d.]+)\.\*\* (.*)", line):
            blocks.append((heading, start[1].rstrip("."), start[2]))
        elif line.startswith("> ") and blocks:
            blocks[-1] = (*blocks[-1][:2], f"{blocks[-1][2]} {line[2:].strip()}")
    return blocks


@pytest.mark.parametrize("chapter", [path.stem for path in CHAPTERS])
def test_an_erratum_says_what_the_article_says(chapter):
    """Nobody who learns has the article: its claim stands beside the corrected one, as in article.csv."""
    blocks = errata(chapter)
    assert len(blocks) == prose(NOTEBOOKS / f"{chapter}.ipynb").count("> **Erratum")
    for row in ROWS:
        if row["verdict"] == "erratum" and row["notebook"] == chapter:
            texts = [
                text
                for heading, section, text in blocks
                if heading == row["heading"] and section == row["section"].split()[0]
            ]
            assert any(row["claim"] in text for text in texts), f"{names(row)} under {row['heading']!r}"
    claims = [row["claim"] for row in ROWS if row["verdict"] == "erratum"]
    for _, section, text in blocks:
        assert any(text.startswith(f"*The article says:* {claim} ") for claim in claims), (section, text)
