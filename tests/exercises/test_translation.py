"""Texts in the learner's language: each English one has its translation, which ends with it."""

from __future__ import annotations

import ast
import csv
import itertools
import locale
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from medlab import notebook
from medlab.exercises import check, grading, judge, quiz, translation
from medlab.exercises.chapters import Chapter, read_chapters
from medlab.exercises.translation import translate
from tests.exercises.test_grading import NONSENSE
from tests.exercises.test_questions import buttons_and_answer

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks" / "exercises" / "zh"
CHAPTERS = read_chapters()
with (ROOT / "notebooks" / "article.csv").open(encoding="utf-8", newline="") as table:
    VERDICTS = sorted({row["verdict"] for row in csv.DictReader(table)})
TRANSLATED = {path.stem: path for path in FOLDER.glob("[0-9]*.yaml")}
MESSAGES = FOLDER / "messages.yaml"
# No code and no name: English that was left over. NaN and None are what Python prints.
ENGLISH = re.compile(r"(?<![\w.])(?!NaN|None)[A-Za-z]{2,}")


def read(path: Path) -> dict[str, str]:
    """Return a file's texts; a key that comes twice would win silently over the first."""
    text = path.read_text(encoding="utf-8")
    texts = yaml.safe_load(text)
    assert len(texts) == len(re.findall(r"^[\"']", text, re.M)), f"a text comes twice in {path.name}"
    return texts


def sentences(code: str) -> list[str]:
    """Return what f-strings of a module say, with ``(2,3)`` in the place of what they are given."""
    said = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            said += map("".join, itertools.product(*map(_alternatives, node.values)))
    return [text for text in said if re.search("[a-z]{2}", text)]


def _alternatives(part: ast.expr) -> list[str]:
    if isinstance(part, ast.Constant):
        return [part.value]
    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(value, ast.IfExp):
        return [branch.value for branch in (value.body, value.orelse) if isinstance(branch, ast.Constant)]
    return ["(2,3)"]


def called(code: str) -> list[str]:
    """Return what a checker calls the answer: the last argument of `as_array` and its like."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    of_comparison = [call for call in calls if ast.unparse(call.func).startswith("comparison.as_")]
    last = [call.args[-1] for call in of_comparison]
    return [node.value for node in last if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def texts_of(chapter: str) -> list[str]:
    """Return all English texts of a chapter, without fields."""
    row: Chapter = CHAPTERS[chapter]
    tasks = [grading.find(name) for name in row.exercises]
    texts = [text for task in tasks for text in (*task.hints, task.right, *(why for _, why in task.mistakes))]
    for asked in yaml.safe_load(row.quiz_file.read_text(encoding="utf-8")).values():
        texts += [asked["question"], *asked["choices"], asked["why"]]
    texts += called(row.exercise_file.read_text(encoding="utf-8"))
    if chapter == "00_start":  # which shows the table of the article
        texts += VERDICTS
    return [text for text in texts if re.search("[A-Za-z]{2}", text) or " " in text]


def chapter_of(number: str) -> str:
    (chapter,) = (name for name in CHAPTERS if name.startswith(number))
    return chapter


PAIRS = [pair for path in (*TRANSLATED.values(), MESSAGES) for pair in read(path).items()]


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("MEDLAB_LANGUAGE", "zh")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"MEDLAB_LANGUAGE": "zh"}, "zh"),
        ({"MEDLAB_LANGUAGE": "zh-Hans"}, "zh"),
        ({"MEDLAB_LANGUAGE": "ZH_cn"}, "zh"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "de_DE"}, "zh"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "de_DE"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_SG.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN"}, "c"),
        ({"MEDLAB_LANGUAGE": "en", "LANG": "zh_CN"}, "en"),
        ({"MEDLAB_LANGUAGE": "../zh"}, "en"),
    ],
)
def test_the_language_is_what_the_variable_says_else_the_locale(monkeypatch, variables, expected):
    for name in ("MEDLAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    assert translation.language() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Chinese (Simplified)_China", "zh"), ("zh_CN", "zh"), ("English_Ireland", "english")],
)
def test_where_no_variable_says_it_python_is_asked_as_on_windows(monkeypatch, name, expected):
    for variable in ("MEDLAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(locale, "getlocale", lambda: (name, "936"))
    assert translation.language() == expected

    def unknown():
        raise ValueError

    monkeypatch.setattr(locale, "getlocale", unknown)
    assert translation.language() == "en"


def test_chapters_00_and_01_are_translated():
    assert set(TRANSLATED) >= {"00", "01"}


@pytest.mark.parametrize("number", TRANSLATED)
def test_every_text_of_a_translated_chapter_has_its_translation_and_none_is_left_over(number):
    chapter = chapter_of(number)
    translated = read(TRANSLATED[number])
    texts = texts_of(chapter)
    assert set(texts) - set(translated) == set(), "these need a translation"
    forms = sentences(CHAPTERS[chapter].exercise_file.read_text(encoding="utf-8"))
    left_over = [
        text
        for text in set(translated) - set(texts)
        if not any(map(translation._pattern(text).fullmatch, forms))
    ]
    assert left_over == [], "their English wording has changed"


@pytest.mark.parametrize("number", TRANSLATED)
def test_sentences_of_a_translated_chapters_checkers_are_translated(number, chinese):
    for text in sentences(CHAPTERS[chapter_of(number)].exercise_file.read_text(encoding="utf-8")):
        assert not ENGLISH.search(translate(text)), text


def test_every_sentence_of_the_comparison_is_translated(chinese):
    said = sentences((ROOT / "medlab/exercises/comparison.py").read_text(encoding="utf-8"))
    assert len(said) > 15
    for text in [*said, "The answer"]:
        assert not ENGLISH.search(re.sub("`.*?`", "", translate(text))), text


def test_no_fixed_sentence_is_left_over():
    said = [judge("half_life", 1).text, judge("zebra", 1).text]
    for path in (ROOT / "medlab/exercises").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        constants = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
        said += [*sentences(code), *(text for text in constants if isinstance(text, str))]
    for text in read(MESSAGES):
        assert any(map(translation._pattern(text).fullmatch, said)), text


def signs(text: str) -> Counter[str]:
    """Return numbers, names and code of a text: what a translation leaves as it is."""
    text = re.sub(r"\d %", lambda match: match[0].replace(" ", ""), text)
    names = r"`[^`]+`|\"[^\"]+\"|\b[a-z]+(?:[_.]\w+)+\b|(?<!')\b[b-zB-HJ-Z]\b|\b[A-Z]{2,}\b"
    return Counter(re.findall(rf"{names}|\d+(?:\.\d+)?|//|[>=]=|\{{[a-z]+\}}|[×·]", text))


def test_translations_keep_numbers_code_and_fields():
    for english, other in PAIRS:
        assert signs(other) == signs(english), english
        assert other == other.strip() != "", english
        assert "\ufffd" not in other, english


def test_translations_are_written_as_chinese_is():
    for english, other in (pair for path in TRANSLATED.values() for pair in read(path).items()):
        assert translation.is_chinese(other), english
        assert english[-1] not in ".?" or other[-1] in "。？", english
        narrow = r"[\u4e00-\u9fff] *[,;:?!]|[\u4e00-\u9fff]\."
        assert not re.search(narrow, other), f"full-width punctuation: {other}"
        joined = r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]"
        assert not re.search(joined, other), f"a blank between scripts: {other}"


def test_translations_use_the_terms_of_the_glossary():
    with (ROOT / "notebooks/glossary.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    names = [(name, row["chinese"]) for row in rows for name in re.split(r" \(|, |\)", row["english"])]
    for name, chinese in names:
        if len(name) < 3:
            continue
        word = re.compile(rf"(?<![\w`]){re.escape(name)}(?:s|es)?(?![\w`])", re.I)
        # A name of code, `padding` for example, stays English.
        terms = [term for term in (*re.split("[（），]|文中作", chinese), name) if term]
        for english, other in PAIRS:
            written = other.replace(" ", "").casefold()
            said = any(term.replace(" ", "").casefold() in written for term in terms)
            assert said or not word.search(english), (name, english)


@pytest.mark.parametrize("chapter", [name for name in CHAPTERS if name[:2] not in TRANSLATED])
def test_a_chapter_without_translations_stays_english(chapter, chinese):
    """And no sentence with fields takes one of its texts for its own."""
    forms = sentences(CHAPTERS[chapter].exercise_file.read_text(encoding="utf-8"))
    for text in [*texts_of(chapter), *forms]:
        assert translate(text) == text


def test_check_speaks_chinese(chinese, capsys):
    check("gray_of", None)
    check("gray_of", lambda hu, low_hu, high_hu: 3)
    check("gray_of", lambda hu, low_hu, high_hu: 3)
    check("half_life_gate", 0.5, record=False)
    check("half_life_gate", 0.98623, record=False)
    check("blocks_needed", lambda *args: 1 / 0, record=False)
    check("perceptron_and_not", [0, 0, 0.5], record=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "○ gray_of：还没有作答。"
    assert lines[1] == "✗ gray_of：当 hu=-600, low_hu=-1200, high_hu=0 时，结果是 3，应为 0.5。"
    assert lines[2].startswith("提示：hu 比 low_hu 高出的部分，")
    assert lines[3] == lines[1]
    assert lines[4].startswith("提示：在 low_hu 处这个比例是 0")
    assert lines[4].endswith("避免这一点？"), "Chinese lines are not broken"
    assert lines[5] == "✗ half_life_gate：门的值为 0.5 时，走一步就只剩一半了。"
    assert lines[7].startswith("✓ half_life_gate：正确。门必须几乎完全打开才能记住：")
    assert lines[7].endswith("的输入约为 4.3。")
    assert lines[8].endswith("时，你的函数报错：ZeroDivisionError: division by zero")
    assert lines[10].startswith(
        "✗ perceptron_and_not：输入 (0, 0) 时，你的加权和是 0.5，回答 1；应当回答 0。"
    )


@pytest.mark.parametrize("what", NONSENSE)
@pytest.mark.parametrize("name", ["gray_of", "half_life_gate", "perceptron_and_not"])
def test_nonsense_gets_a_chinese_hint_and_raises_nothing(name, what, chinese):
    said = translate(judge(name, NONSENSE[what]).text)
    assert said.startswith(f"✗ {name}：")
    problem = said.removeprefix(f"✗ {name}：").partition("\n提示：")[0]
    # What Python says of an error stays as it is, and so do the names and the answer itself.
    own = re.sub(
        r"(报错|无法检查)：.*|\w+=|`[^`]*`|'[^']*'|<.*?>|\w*\(\d+.*?\)|\{.*\}", "", problem, flags=re.S
    )
    assert not re.search(r"[A-Za-z]{2,} [a-z]{2,}", own), problem


def test_a_quiz_speaks_chinese(chinese, capsys):
    asked = quiz("seen_by_the_second")
    shown = repr(asked)
    assert shown.startswith("经过两个 3 × 3、步幅为 1 的卷积之后")
    assert shown.endswith("\n  d) 5\n（想看答案，就在调用后面加上 .explain()。）")
    assert "<summary>答案</summary><p>d) 5。1 + 2 + 2 = 5。" in asked._repr_mimebundle_()["text/html"]
    asked.explain()
    assert capsys.readouterr().out.splitlines()[1].startswith("d) 5。1 + 2 + 2 = 5。只要")
    buttons, answer = buttons_and_answer(asked)
    buttons[0].click()
    assert answer.value == "<p>✗ 不是这个，再试一个。</p>"
    buttons[3].click()
    assert answer.value.startswith("<p>✓ 正确。1 + 2 + 2 = 5。只要没有步幅")


def test_an_unknown_language_is_english_without_a_word(monkeypatch, capsys):
    english = quiz("00_start").questions
    monkeypatch.setenv("MEDLAB_LANGUAGE", "tlh")
    assert quiz("00_start").questions == english
    check("gray_of", None)
    said = capsys.readouterr()
    assert said.out == "○ gray_of: not answered yet.\n"
    assert said.err == ""


@pytest.fixture
def course(tmp_path, monkeypatch, chinese):
    """Folder of the Chinese texts of a course without chapters, which a test writes."""
    monkeypatch.setattr(notebook, "course_folder", lambda: tmp_path)
    folder = tmp_path / "exercises" / "zh"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "broken",
    [
        '"Right": [',
        "no mapping",
        "- a list",
        "",
        "3: three",
        '"{name}{name}!": 重复',
        "\udcff",
        "a: !!python/object/apply:os.getcwd []",
    ],
)
def test_a_file_that_cannot_be_read_is_said_once_and_its_texts_stay_english(course, capsys, broken):
    (course / "1.yaml").write_bytes(broken.encode("utf-8", "surrogateescape"))
    (course / "2.yaml").write_text('"Answer": 答案\n', encoding="utf-8")
    for _ in range(2):
        assert translate("Right") == "Right"
        assert translate("Answer") == "答案"
    said = capsys.readouterr().out
    assert re.fullmatch(r".*1\.yaml cannot be read \(\w+\): its texts stay English\.\n", said)


def test_the_first_text_that_fits_is_taken_and_what_it_holds_is_translated_in_its_turn(course):
    rows = [
        '"{what} is {value}, twice {other}.": "{what}是 {value}，即 {other} 的两倍。"',
        '"{what} is {value}.": "{what}是 {value}。{unknown}"',
        '"The side": "边长"',
        '"empty":',
        '"{everything}": 一切',
        '"{all} {of}": 一切',
    ]
    (course / "1.yaml").write_text("\n".join(rows), encoding="utf-8")
    assert translate("The side is 4, twice 2.") == "边长是 4，即 2 的两倍。"
    assert translate("The side is (a.b*).") == "边长是 (a.b*)。"
    assert translate("The side is 4\nor 5.") == "边长是 4\nor 5。"
    assert translate("empty") == "empty"
    assert translate("") == ""
