"""Questions: buttons for somebody, text for nobody."""

from __future__ import annotations

import nbformat
import pytest

from medlab.exercises import Question, Quiz, learner_record, questions, quiz
from medlab.exercises.chapters import Chapter, read_chapters

CHAPTERS = read_chapters()
WIDGET = "application/vnd.jupyter.widget-view+json"
ZERO = "It is the zero of the scale."
WATER = Question("water", "How many HU has <water>?", ["-1000", "0", "55"], (1,), ZERO)
DARK = Question("dark", "Which are below water?", ["air", "bone", "fat"], (0, 2), "Both have negative HU.")


def leaves(widget):
    """All widgets below one that have no children."""
    return [leaf for child in getattr(widget, "children", ()) for leaf in leaves(child)] or [widget]


def buttons_and_answer(asked):
    widgets = leaves(asked.panel())
    return [widget for widget in widgets if hasattr(widget, "click")], widgets[-1]


def test_without_a_front_end_question_and_choices_are_text_and_the_answer_is_folded():
    asked = Quiz([WATER])
    text = "How many HU has <water>?\n  a) -1000\n  b) 0\n  c) 55\n(The answer: add .explain() to the call.)"
    assert repr(asked) == text
    bundle = asked._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == text
    shown, folded = bundle["text/html"].split("<details>")
    assert "How many HU has &lt;water&gt;?" in shown
    assert shown.count("<li>") == 3
    assert "zero of the scale" not in shown
    assert folded.startswith("<summary>Answer</summary><p>b) 0. It is the zero of the scale.</p></details>")


def test_the_answer_is_explained_when_asked_for(capsys):
    Quiz([WATER]).explain()
    assert capsys.readouterr().out == "How many HU has <water>?\nb) 0. It is the zero of the scale.\n"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_asks_its_questions_in_their_order(chapter):
    asked = quiz(chapter).questions
    assert [question.name for question in asked] == list(CHAPTERS[chapter].questions)
    assert [quiz(question.name).questions for question in asked] == [(question,) for question in asked]


def test_pressing_answers_at_once_and_notes_the_tries(kept):
    asked = Quiz(quiz("02_data").questions[1:2])
    buttons, answer = buttons_and_answer(asked)
    assert [button.description[:2] for button in buttons] == ["a)", "b)", "c)", "d)"]
    assert answer.value == ""
    buttons[0].click()
    assert "Not this one" in answer.value
    assert asked.questions[0].why not in answer.value
    buttons[2].click()
    assert "✓ Right. Noise grows" in answer.value
    assert [button.button_style for button in buttons] == ["warning", "", "success", ""]
    entry = learner_record.load()["quiz"]["quarter_dose"]
    assert entry["tries"] == 2
    buttons[1].click()
    assert "Not this one" in answer.value
    assert [button.button_style for button in buttons] == ["warning", "warning", "", ""], (
        "as the verdict says"
    )
    assert entry["solved"]


def test_a_question_of_ones_own_is_asked_and_not_noted(kept):
    asked = quiz("How many HU has <water>?", ("-1000", "0", "55"), 1, ZERO)
    assert repr(asked) == repr(Quiz([WATER]))
    buttons, answer = buttons_and_answer(asked)
    buttons[1].click()
    assert answer.value == "<p>✓ Right. It is the zero of the scale.</p>"
    assert not kept.exists()


def boxes_and_check(asked):
    _style, text, *boxes, check, answer = leaves(asked.panel())
    assert text.value == "<p><b>Which are below water? (several are right)</b></p>"
    return boxes, check, answer


def test_where_several_are_right_boxes_are_ticked_and_only_all_of_the_right_ones_will_do(kept):
    boxes, check, answer = boxes_and_check(Quiz([DARK]))
    assert [(box.description, box.value) for box in boxes] == [(text, False) for text in DARK.lettered]
    assert check.description == "Check"
    for chosen in [], [0], [2], [1], [0, 1], [0, 1, 2]:
        for place, box in enumerate(boxes):
            box.value = place in chosen
        assert answer.value == ""
        check.click()
        assert answer.value == "<p>✗ Not exactly these. Try again.</p>"
        assert check.button_style == "warning"
    boxes[1].value = False
    assert (answer.value, check.button_style) == ("", ""), "what was said of other boxes is gone"
    check.click()
    assert answer.value == "<p>✓ Right. Both have negative HU.</p>"
    assert check.button_style == "success"
    entry = learner_record.load()["quiz"]["dark"]
    assert (entry["tries"], entry["wrong"], bool(entry["solved"])) == (7, 6, True)


def test_where_several_are_right_the_text_says_so_and_folds_all_of_them(capsys):
    asked = quiz(*DARK[1:3], [2, 0], DARK.why)
    assert asked.questions == (DARK._replace(name=""),)
    assert repr(asked).startswith("Which are below water? (several are right)\n  a) air\n")
    shown, folded = asked._repr_mimebundle_()["text/html"].split("<details>")
    assert "<b>Which are below water? (several are right)</b>" in shown
    assert "negative" not in shown
    assert "<p>a) air. c) fat. Both have negative HU.</p>" in folded
    asked.explain()
    assert capsys.readouterr().out.splitlines() == [
        "Which are below water? (several are right)",
        "a) air. c) fat. Both have negative HU.",
    ]


@pytest.mark.parametrize("answer", [-1, 3])
def test_an_answer_that_is_no_choice_is_refused(answer):
    with pytest.raises(
        ValueError, match=rf"position of the right choice must lie between 0 and 2, got {answer}"
    ):
        quiz("Which?", ["a", "b", "c"], answer)
    with pytest.raises(TypeError, match="position of the right choice must be a whole number, got True"):
        quiz("Which?", ["a", "b", "c"], True)
    with pytest.raises(ValueError, match=f"must lie between 0 and 2, got {answer}"):
        quiz("Which?", ["a", "b", "c"], [0, answer])


@pytest.mark.parametrize("answer", [[], (), [1, 1]])
def test_no_answer_and_the_same_one_twice_are_refused(answer):
    with pytest.raises(ValueError, match="answer must hold at least one position and none twice, got"):
        quiz("Which?", ["a", "b", "c"], answer)


@pytest.mark.parametrize(("answer", "said"), [("3", "got 3"), ("[0, 3]", "got 3"), ("[1, 1]", "twice")])
def test_a_chapters_file_whose_answer_is_no_choice_is_refused(tmp_path, monkeypatch, answer, said):
    path = tmp_path / "20.yaml"
    path.write_text(f"mine:\n  question: Which?\n  choices: [a, b, c]\n  answer: {answer}\n  why: So.\n")
    monkeypatch.setattr(questions, "read_chapters", lambda: {"20_own": Chapter(path, path, (), ("mine",))})
    for name in ("mine", "20_own"):
        with pytest.raises(ValueError, match=said):
            quiz(name)


@pytest.mark.parametrize("choices", [[], ["one"], ["same", "same"], list("abcdefghi"), "abc"])
def test_choices_that_are_no_choice_are_refused(choices):
    with pytest.raises(ValueError, match="choices must be 2 to 8 different texts, got"):
        quiz("Which?", choices, 0)


def test_with_a_front_end_the_widget_comes_beside_the_text(monkeypatch):
    monkeypatch.setattr(questions, "has_front_end", lambda: True)
    bundle = Quiz([WATER])._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", WIDGET}
    assert bundle["text/plain"].startswith("How many HU")


@pytest.mark.parametrize(("name", "near"), [("quater_dose", "quarter_dose"), ("03_cn", "03_cnn")])
def test_an_unknown_question_or_chapter_is_refused_with_the_nearest(name, near):
    with pytest.raises(
        ValueError, match=f"no question '{name}'. Did you mean '{near}'.* Your own needs choices"
    ):
        quiz(name)


def test_several_questions_are_separated_by_an_empty_line():
    second = WATER._replace(question="Which?")
    assert repr(Quiz([WATER, second])).split("\n\n")[1].startswith("Which?\n  a) -1000")


CELL = "from medlab import exercises\nexercises.quiz('02_data')"


@pytest.mark.slow
def test_a_notebook_executed_without_a_reader_shows_the_question_and_waits_for_nobody():
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert set(output["data"]) == {"text/plain", "text/html"}
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "at a quarter of the dose" in page
    assert "<li>twice what it was</li>" in page


@pytest.mark.slow
def test_a_kernel_whose_client_takes_input_gets_buttons():
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        seen = []
        for allow_stdin in (True, False):
            outputs = []
            client.execute_interactive(CELL, allow_stdin=allow_stdin, output_hook=outputs.append, timeout=60)
            (result,) = [o["content"]["data"] for o in outputs if o["msg_type"] == "execute_result"]
            seen.append(WIDGET in result)
            assert result["text/plain"].startswith("A soft tissue window")
        assert seen == [True, False]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
