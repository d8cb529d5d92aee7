"""Exercises, folded solutions and quizzes as a learner meets them in JupyterLab; the glossary's Chinese."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from medlab.cli import main
from medlab.exercises import learner_record, quiz
from medlab.exercises.chapters import read_chapters

pytestmark = pytest.mark.browser

COURSE = Path(__file__).parents[2] / "notebooks"
CHAPTER = "03_cnn"
VARIANTS = Path(__file__).parents[1] / "exercises" / "variants"
FOLDED = ".jp-InputPlaceholder"


def tagged(path, tag):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if tag in cell["metadata"].get("tags", [])]


WITH_SOLUTIONS = [path for path in sorted(COURSE.glob("*.ipynb")) if tagged(path, "solution")]


@pytest.fixture
def short():
    """A chapter's title, imports, exercises, solutions and quiz: all that needs no training.

    What a training would measure for an exercise stands in the cell of the imports.
    """
    chapter = nbformat.read(COURSE / f"{CHAPTER}.ipynb", as_version=4)

    def wanted(position, cell):
        tags = cell.metadata.get("tags", [])
        return position < 4 or "exercise" in tags or "solution" in tags or "exercises.quiz(" in cell.source

    chapter.cells = [cell for position, cell in enumerate(chapter.cells) if wanted(position, cell)]
    for values in runpy.run_path(str(VARIANTS / f"{CHAPTER[:2]}.py"))["MEASURED"].values():
        chapter.cells[3].source += "".join(f"\n{name} = {value!r}" for name, value in values.items())
    return chapter


@pytest.fixture
def kept():
    """What is in the progress file now, as a function; a test begins without the file."""
    learner_record.file().unlink(missing_ok=True)
    return learner_record.load


def output_of(cell):
    return cell.locator(".jp-OutputArea-output")


# No font has the last two, so that they are boxes, and the same ones.
DRAW = """(element, signs) => [...signs, "\\u0378", "\\u0379"].map(sign => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 60, height: 60});
  const context = canvas.getContext("2d");
  context.font = "40px " + getComputedStyle(element).fontFamily;
  context.fillText(sign, 5, 45);
  return canvas.toDataURL();
})"""


def assert_is_drawn(element, signs):
    """Compare what an element's font makes of some signs with the box for a sign that no font has."""
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=True).stdout
        if not listed:
            pytest.skip("no font has Chinese; on Debian: apt-get install fonts-wqy-microhei")
    *drawn, box, other_box = element.evaluate(DRAW, signs)
    assert box == other_box
    assert len({*drawn, box}) == len(signs) + 1, "boxes in place of Chinese"


def run_imports(lab):
    """Run the parameters and the imports, with Keras among them."""
    for name in ("cell-01", "load-keras", "cell-02"):
        lab.run(lab.cell(name))


def type_over_none(lab, cell, text):
    """Do as the cells ask: replace None, run it again."""
    cell.locator(".cm-line span").get_by_text("None", exact=True).dblclick()
    lab.page.keyboard.type(text)
    lab.run(cell)


@pytest.mark.parametrize("path", WITH_SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_are_folded_give_nothing_away_and_exercises_lie_open(lab, path):
    page = lab.open(path)
    solutions, exercises = tagged(path, "solution"), tagged(path, "exercise")
    drawings = tagged(path, "diagram")  # folded too: their code is not what is taught
    lab.cell(solutions[0]["id"]).scroll_into_view_if_needed()
    expect(page.locator(FOLDED)).to_have_count(len(solutions) + len(drawings))
    for solution in solutions:
        cell = lab.cell(solution["id"])
        expect(cell.locator(FOLDED)).to_be_visible()
        expect(cell.locator(".cm-content")).to_have_count(0)
    for exercise in exercises:
        expect(lab.cell(exercise["id"]).locator(".cm-content")).to_be_visible()
    # JupyterLab shows a folded cell's first line: `x_solution = 42` would be the whole answer.
    shown = [lab.cell(cell["id"]).locator(f"{FOLDED} .jp-PlaceholderText").inner_text() for cell in solutions]
    assert [line for line in shown if not line.startswith(("#", "def "))] == []


def test_a_click_unfolds_a_solution(lab, short):
    lab.open(short)
    cell = lab.cell("solution-mean-pool")
    assert ".mean()" not in cell.inner_text()
    cell.locator(FOLDED).get_by_title("Click to expand").click()
    expect(cell.locator(".cm-content")).to_contain_text("return [[image[r : r + side, c : c + side].mean()")
    expect(cell.locator(FOLDED)).to_have_count(0)


def test_exercises_as_shipped_are_not_answered_and_solutions_get_a_tick_that_does_not_count(lab, short, kept):
    lab.open(short)
    lab.run_all()
    for name in read_chapters()[CHAPTER].exercises:
        slug = name.replace("_", "-")
        unanswered = re.compile(rf"^○ {name}: not answered yet\.\s*$")
        expect(output_of(lab.cell(f"exercise-{slug}"))).to_have_text(unanswered)
        expect(output_of(lab.cell(f"solution-{slug}"))).to_have_text(re.compile(rf"^✓ {name}: right\. \w+"))
    lab.cell("exercise-mean-pool").scroll_into_view_if_needed()
    assert kept()["exercises"] == {}


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("padded_weights", "64 * 7 * 7 * 64", "(64 * 7 * 7 + 1) * 64"),
        ("side_after", "side - kernel", "(side - kernel + 1) // pool"),
    ],
    ids=["number", "function"],
)
def test_an_answer_that_is_typed_gets_a_hint_or_a_tick_and_is_kept(lab, short, kept, name, wrong, right):
    slug = name.replace("_", "-")
    lab.open(short)
    run_imports(lab)
    cell = lab.cell(f"exercise-{slug}")
    type_over_none(lab, cell, wrong)
    expect(output_of(cell)).to_have_text(re.compile(rf"^✗ {name}: .+Hint: ", re.DOTALL))
    assert kept()["exercises"] == {name: {"tries": 1, "wrong": 1, "solved": None}}
    cell.locator(".cm-line", has_text=wrong).click()
    lab.page.keyboard.press("ControlOrMeta+Z")  # back to None
    type_over_none(lab, cell, right)
    expect(output_of(cell)).to_have_text(re.compile(rf"^✓ {name}: right\. \w+"))
    entry = kept()["exercises"][name]
    assert entry["tries"] == 2
    assert entry["solved"]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_quiz_turns_a_wrong_choice_down_and_explains_the_right_one(lab, short, kept, by):
    page = lab.open(short)
    run_imports(lab)
    lab.run(lab.cell("quiz"))
    questions = quiz(CHAPTER).questions
    cell = lab.cell("quiz")
    expect(cell.locator(".medlab-choice")).to_have_count(sum(len(one.choices) for one in questions))
    question = questions[0]
    (right,) = question.answer
    wrong = right - 1
    box = cell.locator(".widget-vbox", has=page.get_by_text(question.question, exact=True)).last
    choices = box.get_by_role("button")
    expect(choices).to_have_count(len(question.choices))
    choices.first.scroll_into_view_if_needed()
    if by == "mouse":
        choices.nth(wrong).click()
    else:
        choices.first.focus()
        for _ in range(wrong):
            page.keyboard.press("Tab")
        expect(choices.nth(wrong)).to_be_focused()
        page.keyboard.press("Enter")
    expect(box).to_contain_text("✗ Not this one. Try another.")
    expect(choices.nth(wrong)).to_have_class(re.compile("mod-warning"))
    expect(box).not_to_contain_text(question.why)
    assert kept()["quiz"] == {question.name: {"tries": 1, "wrong": 1, "solved": None}}
    if by == "mouse":
        choices.nth(right).click()
    else:
        page.keyboard.press("Tab")
        expect(choices.nth(right)).to_be_focused()
        page.keyboard.press("Space")
    expect(box).to_contain_text(f"✓ Right. {question.why}")
    expect(choices.nth(right)).to_have_class(re.compile("mod-success"))
    assert kept()["quiz"][question.name]["solved"]


def test_boxes_are_ticked_by_the_keyboard_and_their_texts_fit_where_several_choices_are_right(lab, kept):
    (question,) = quiz("two_losses").questions
    page = lab.open_cells("from medlab import exercises\nexercises.quiz('two_losses')")
    lab.run_all()
    cell = lab.cell("cell-0")
    expect(cell).to_contain_text("What is true of the network? (several are right)")
    boxes, check = cell.get_by_role("checkbox"), cell.get_by_role("button", name="Check", exact=True)
    expect(boxes).to_have_count(len(question.choices))
    page.set_viewport_size({"width": 700, "height": 900})
    for label in cell.locator(".medlab-choice label").all():
        assert label.evaluate("label => label.scrollWidth <= label.clientWidth"), "a long text is broken"
    boxes.first.focus()
    for place in range(len(question.choices)):
        if place in question.answer:
            page.keyboard.press("Space")
        page.keyboard.press("Tab")
    expect(check).to_be_focused()
    lab.keep_picture("quiz-with-boxes")
    page.keyboard.press("Enter")
    expect(cell).to_contain_text(f"✓ Right. {question.why}")
    assert kept()["quiz"][question.name]["solved"]
    boxes.first.click()
    expect(cell).not_to_contain_text("✓ Right.")
    check.click()
    expect(cell).to_contain_text("✗ Not exactly these. Try again.")


def test_the_learners_copy_has_its_exercises_and_no_solution(lab):
    copied = CliRunner().invoke(main, ["learner", str(lab.folder / "mine")])
    assert copied.exit_code == 0, copied.output
    page = lab.open(lab.folder / "mine" / f"{CHAPTER}.ipynb")
    original = COURSE / f"{CHAPTER}.ipynb"
    all_cells = json.loads(original.read_text(encoding="utf-8"))["cells"]
    remaining = len(all_cells) - len(tagged(original, "solution"))
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(remaining)
    expect(page.locator(FOLDED)).to_have_count(len(tagged(original, "diagram")))
    for exercise in tagged(original, "exercise"):
        expect(lab.cell(exercise["id"]).locator(".cm-content")).to_contain_text("None")
    lab.cell(tagged(original, "exercise")[0]["id"]).scroll_into_view_if_needed()
    assert "_solution" not in page.locator(".jp-Notebook").inner_text()  # links name this folder


def test_the_glossary_runs_and_shows_both_languages(lab):
    page = lab.open(COURSE / "glossary.ipynb")
    lab.run_all()
    row = page.get_by_role("row").filter(has_text="convolution").filter(has_text="卷积")
    expect(row.first).to_be_visible()
    expect(page.get_by_role("table")).not_to_have_count(0)
    row.first.scroll_into_view_if_needed()
    assert len(re.findall(r"[\u4e00-\u9fff]{2,}", page.locator(".jp-Notebook").inner_text())) > 100
    assert_is_drawn(row.first, "卷积")
    lab.keep_picture("glossary")


def test_an_exercise_and_a_quiz_in_chinese_fit_the_page_and_answer(lab):
    page = lab.open_cells(
        "%env MEDLAB_LANGUAGE=zh\nfrom medlab import exercises\nexercises.check('gray_of', lambda *_: 3)",
        "exercises.quiz('where_they_belong')",
    )
    lab.run_all()
    hint = lab.cell("cell-0").locator(".jp-OutputArea-output pre")
    expect(hint).to_contain_text("✗ gray_of：")
    expect(hint).to_contain_text("提示：hu 比 low_hu 高出的部分")
    assert hint.evaluate("pre => pre.scrollWidth <= pre.clientWidth"), "a long line is broken by the page"
    cell = lab.cell("cell-1")
    expect(cell.locator(".medlab-choice")).to_have_count(3)
    cell.get_by_role("button", name="两者都用来对患者作出决定").click()
    expect(cell).to_contain_text("✗ 不是这个，再试一个。")
    cell.get_by_role("button", name="两者衡量的都是网络").click()
    expect(cell).to_contain_text("✓ 正确。两者统计的都是网络在许多患者中答对了多少")
    assert_is_drawn(cell.locator(".medlab-choice").first, "准确")
    page.mouse.move(0, 0)
    lab.keep_picture("quiz-in-chinese")
