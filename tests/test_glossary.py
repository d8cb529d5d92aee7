"""The glossary: its table of terms, and the notebook that shows it."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import IPython.display
import pytest

from medlab import notebook

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CHAPTERS = """00_start 01_math 02_data 03_cnn 04_rnn 05_gan 06_lung_screening 07_segmentation 08_explain
09_trust 10_fusion 11_privacy 12_monitoring 13_applications""".split()
THEMES = [
    "Images",
    "Data",
    "Networks",
    "Training",
    "Evaluation",
    "Sequences and generation",
    "Explanation and trust",
    "Privacy",
    "Lungs",
]
with (NOTEBOOKS / "glossary.csv").open(encoding="utf-8", newline="") as table:
    TERMS = list(csv.DictReader(table))
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def repeated(words: list[str]) -> list[str]:
    return [word for word, count in Counter(words).items() if count > 1]


def abbreviations(text: str) -> set[str]:
    """Words with two or more capitals: CT, PPV, GANs' GAN, ReLU; not U-Net or X-ray."""
    return {word for word in re.findall(r"[A-Za-z]+", text) if len(re.findall("[A-Z]", word)) > 1}


def column(name: str) -> list[str]:
    return [row[name] for row in TERMS]


@pytest.fixture
def show(monkeypatch, capsys):
    """Run the code of the notebook in a folder, looking for a word; give its tables and what it printed."""
    cells = json.loads((NOTEBOOKS / "glossary.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]

    def run(find: str = "", folder: Path = NOTEBOOKS) -> tuple[str, str]:
        shown: list[str] = []
        monkeypatch.setattr(IPython.display, "display", lambda seen: shown.append(seen.data))
        monkeypatch.chdir(folder)
        exec("\n".join([code[0], f"find = {find!r}", *code[1:]]), {})
        return "\n".join(shown), capsys.readouterr().out

    return run


def rows_of(tables: str) -> dict[str, str]:
    """English term and its row in the shown tables."""
    return {line.split("**")[1]: line for line in tables.splitlines() if line.startswith("| **")}


def test_every_cell_of_the_table_is_filled_and_fits_a_markdown_table():
    for row in TERMS:
        assert list(row) == ["theme", "english", "chinese", "meaning", "chapter"]
        for text in row.values():
            assert text == text.strip() != ""
            assert not re.search(r"[|\n\[\]*_`$<>]", text.replace(row["chapter"], ""))


@pytest.mark.parametrize("name", ["english", "chinese", "meaning"])
def test_no_term_and_no_meaning_comes_twice(name):
    assert repeated([text.casefold() for text in column(name)]) == []


def test_an_abbreviation_stands_for_one_term():
    """But ROC and CT, which are part of longer names too."""
    words = [word for text in column("english") for word in abbreviations(text) - {"ROC", "CT"}]
    assert repeated(words) == []


def test_themes_come_in_order_and_terms_alphabetically_within():
    assert list(dict.fromkeys(column("theme"))) == THEMES
    order = [(THEMES.index(row["theme"]), row["english"].casefold()) for row in TERMS]
    assert order == sorted(order)


def test_chapters_are_those_of_the_course():
    notebooks = {path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb")}
    assert set(column("chapter")) <= {*CHAPTERS, *notebooks}
    assert notebooks <= {*column("chapter"), "00_start", "13_applications"}


def test_a_meaning_is_one_sentence_of_readable_length():
    for text in column("meaning"):
        assert 5 <= len(text.split()) <= 30, text
        assert len(text) <= 180, text
        assert re.match(r"[A-Z]", text), text
        assert text.endswith("."), text
        assert not re.search(r"[.!?;] [A-Z]", text), text


def test_no_abbreviation_is_left_unexplained():
    explained = {word for text in column("english") for word in abbreviations(text)}
    assert abbreviations(" ".join(column("meaning"))) <= explained


def test_a_chinese_term_is_chinese_and_shares_the_abbreviation_of_the_english_one():
    for row in TERMS:
        assert re.search(r"[\u4e00-\u9fff]", row["chinese"]), row
        assert "\ufffd" not in row["chinese"], row
        assert "(" not in row["chinese"], "Chinese text has full-width brackets"
        assert abbreviations(row["chinese"]) <= abbreviations(row["english"]), row


def test_notebook_shows_every_term(show):
    tables, printed = show()
    assert list(rows_of(tables)) == column("english")
    assert re.findall(r"^## (.*)$", tables, re.M) == THEMES
    assert f"{len(TERMS)} terms" in printed


def test_a_chapter_is_a_link_where_its_notebook_exists_and_none_is_dead(show):
    shown = rows_of(show()[0])
    for row in TERMS:
        name = f"{row['chapter']}.ipynb"
        expected = [(row["chapter"], name)] if (NOTEBOOKS / name).is_file() else []
        assert LINK.findall(shown[row["english"]]) == expected
        assert row["chapter"] in shown[row["english"]]


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("PPV", ["positive predictive value (PPV, precision)"]),
        (" recall ", ["sensitivity (recall)"]),
        ("递归", ["recurrent neural network (RNN)"]),
        ("(uid", ["unique identifier (UID)"]),
        ("毛刺", ["spiculation"]),
    ],
)
def test_a_word_is_checkpoint_in_either_language(show, find, expected):
    tables, printed = show(find)
    assert list(rows_of(tables)) == expected
    assert f"shown: {len(expected)}" in printed


def test_a_word_that_is_not_there_is_said_not_to_be(show):
    tables, printed = show("zebra")
    assert tables == ""
    assert "no term contains 'zebra'" in printed


def test_notebook_finds_its_table_from_another_folder_and_links_to_nothing_there(show, tmp_path):
    tables, _ = show(folder=tmp_path)
    assert len(rows_of(tables)) == len(TERMS)
    assert LINK.findall(tables) == []


def test_notebook_takes_the_table_beside_it_first(show, tmp_path):
    """As in a learner's copy, where the links must lead to the chapters that lie there."""
    text = (NOTEBOOKS / "glossary.csv").read_text(encoding="utf-8")
    (tmp_path / "glossary.csv").write_text(text, encoding="utf-8")
    (tmp_path / "09_trust.ipynb").touch()
    tables, _ = show(folder=tmp_path)
    assert set(LINK.findall(tables)) == {("09_trust", "09_trust.ipynb")}


def test_the_course_folder_holds_the_table():
    assert (notebook.course_folder() / "glossary.csv").is_file()
