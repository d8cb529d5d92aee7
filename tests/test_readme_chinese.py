"""README in Chinese says all that README says, and can be followed in the same way."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from medlab.exercises.translation import translate
from tests.test_article import VERDICTS
from tests.test_course import ROOT

PAGES = ENGLISH, CHINESE = [
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
]
FENCED = re.compile(r"^```(.*?)^```$", re.M | re.S)


def without_code(page: str) -> str:
    return FENCED.sub("", page)


def lines(page: str, start: str) -> list[str]:
    return [line for line in without_code(page).splitlines() if line.startswith(start)]


def test_each_page_links_to_the_other_in_its_first_lines():
    assert "(README.zh-CN.md)" in ENGLISH[:200]
    assert "(README.md)" in CHINESE[:200]


def test_blocks_of_code_are_the_same_but_for_their_comments():
    blocks = [[re.sub(r" +# .*", "", block) for block in FENCED.findall(page)] for page in PAGES]
    assert blocks[0] == blocks[1]
    comments = [page.count(" # ") for page in map("".join, map(FENCED.findall, PAGES))]
    assert comments[0] == comments[1]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("links and pictures", r"\]\(([^)]+)\)"),
        ("numbers", r"(?<![\w`])\d*\.?\d+(?![\w`])"),
    ],
)
def test_links_and_numbers_are_the_same(what, pattern):
    counts = [Counter(re.findall(pattern, without_code(page))) for page in PAGES]
    of_the_other_page = Counter({"README.md": 1, "README.zh-CN.md": 1})
    assert counts[0] - of_the_other_page == counts[1] - of_the_other_page


def test_headings_follow_each_other_in_the_same_order():
    levels = [[line.partition(" ")[0] for line in lines(page, "#")] for page in PAGES]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 5


def test_tables_have_the_same_rows_and_lists_the_same_items():
    cells = [[line.count("|") for line in lines(page, "|")] for page in PAGES]
    assert cells[0] == cells[1]
    assert len(lines(ENGLISH, "- ")) == len(lines(CHINESE, "- "))


def test_everything_that_can_be_typed_is_there():
    """And only the choice of a language, which an English reader need not make, is there in addition."""
    english, chinese = (set(re.findall(r"`([^`\n]+)`", without_code(page))) for page in PAGES)
    assert english - chinese == set()
    assert chinese - english <= {"MEDLAB_LANGUAGE=zh"}


def test_paragraphs_are_not_broken_and_punctuation_is_full_width():
    """A line break in the middle of a Chinese sentence is shown as a blank."""
    prose = re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", without_code(CHINESE))
    assert not re.search(r"[\u4e00-\u9fff，。；：]\n[\u4e00-\u9fff]", prose)
    assert not re.search(r"[\u4e00-\u9fff] ?[,;:?!]|[\u4e00-\u9fff]\.", prose)
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]", prose)


def test_the_verdicts_on_the_article_are_in_the_words_of_00_start(monkeypatch):
    monkeypatch.setenv("MEDLAB_LANGUAGE", "zh")
    for verdict in VERDICTS:
        assert f"{verdict}（{translate(verdict)}）" in CHINESE
