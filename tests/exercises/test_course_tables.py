"""The tables of contents in 00_start: chapters with their times, the article's claims with their places."""

from __future__ import annotations

import csv
import re
import shutil

import pytest

from medlab import exercises, notebook

COURSE = notebook.course_folder()
with (COURSE / "article.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))


def lines_of(shown) -> list[list[str]]:
    """Cells of each row of the shown tables, without their heads."""
    lines = [line for line in shown.data.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line.split(" | ")]
        for line in lines
        if line[2:9] not in ("chapter", "section")
    ]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty working folder: no notebook lies beside the reader's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_map_reads_a_chapter_from_its_first_cell_and_the_others_from_what_is_planned(monkeypatch):
    monkeypatch.chdir(COURSE)
    rows = {row[0].lstrip("| "): row[1:] for row in lines_of(exercises.course_map({"99_after": "the end"}))}
    title, article, minutes, seconds = rows["[03_cnn](03_cnn.ipynb)"]
    assert re.search(r"[\u4e00-\u9fff]", title)
    assert "3.5" in article
    assert int(minutes) > 0
    assert int(seconds.rstrip(" |")) > 0
    assert [cell.rstrip(" |") for cell in rows["99_after"]] == ["the end", "–", "–", "–"]
    assert list(rows) == sorted(rows, key=lambda name: name.strip("["))


def test_without_notebooks_beside_it_the_tables_are_whole_and_have_no_link(elsewhere):
    chapters, article = exercises.course_map({}), exercises.article_table()
    assert len(lines_of(chapters)) == len(list(COURSE.glob("[0-9]*.ipynb")))
    assert len(lines_of(article)) == len(ROWS)
    assert "](" not in chapters.data + article.data


def test_every_claim_stands_in_the_part_of_its_section(elsewhere):
    parts = exercises.article_table().data.split("<details>")[1:]
    assert len(parts) == 10
    for number, part in enumerate(parts, 1):
        sections = re.findall(r"^\| (\d+)", part, re.M)
        assert sections
        assert set(sections) == {str(number)}


def test_the_table_says_how_many_claims_have_which_verdict(elsewhere):
    first, *_ = exercises.article_table().data.splitlines()
    assert first.startswith(f"{len(ROWS)} claims: ")
    assert sum(map(int, re.findall(r"\d+", first.partition(":")[2]))) == len(ROWS)


def test_the_table_beside_the_notebook_comes_first_and_a_place_is_a_link(elsewhere):
    shutil.copy(COURSE / "02_data.ipynb", elsewhere)
    row = next(row for row in ROWS if row["notebook"] == "02_data" and " " in row["heading"])
    with (elsewhere / "article.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    shown = exercises.article_table().data
    assert shown.startswith("1 claims: ")
    assert f"[{row['heading']}](02_data.ipynb#{row['heading'].split(' ')[0]}-" in shown


def test_a_verdict_stands_in_the_learners_language_too(elsewhere, monkeypatch):
    monkeypatch.setenv("MEDLAB_LANGUAGE", "zh")
    assert "holds if 有条件成立" in exercises.article_table().data
