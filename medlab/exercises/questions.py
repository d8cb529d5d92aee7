"""`quiz`: questions with choices, as buttons where somebody can press them, else as text."""

import html
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import ipywidgets
import yaml

from medlab import checks
from medlab.exercises import learner_record
from medlab.exercises.chapters import read_chapters
from medlab.notebook import has_front_end

# ipywidgets' buttons cut a long text off instead of breaking the line.
_STYLE = (
    "<style>.medlab-choice{white-space:normal!important;height:auto!important;text-align:left!important;"
    "line-height:1.4!important;padding:4px 8px!important}</style>"
)


class Question(NamedTuple):
    """One question of a chapter, as its NN.yaml has it.

    Attributes
    ----------
    name : str
        Under which progress is noted.
    question : str
    choices : list of str
        From two to eight.
    answer : int
        The position of the right choice, from 0.
    why : str
        What the answer means; shown when it is found or asked for.
    """

    name: str
    question: str
    choices: list[str]
    answer: int
    why: str

    @property
    def lettered(self) -> list[str]:
        """The choices as they are shown: "a) twice what it was"."""
        return [f"{letter}) {choice}" for letter, choice in zip("abcdefgh", self.choices, strict=False)]

    @property
    def explanation(self) -> str:
        """The right choice and why."""
        return f"{self.lettered[self.answer]}. {self.why}"


class Quiz:
    """One or more questions that show themselves at the end of a cell.

    Where a browser is connected: buttons. In a terminal, under papermill or nbval and in an exported page:
    the question and its choices; the answer is folded, or printed by `explain`. Nothing waits for input.

    Parameters
    ----------
    questions : sequence of Question
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)

    def __repr__(self) -> str:
        return "\n\n".join(map(_as_text, self.questions))

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": "".join(map(_as_html, self.questions))}
        # The widget's own text/plain is its class; what the questions say goes over it.
        return self.panel()._repr_mimebundle_() | bundle if has_front_end() else bundle

    def explain(self) -> None:
        """Print the answers and why they are right."""
        for question in self.questions:
            print(_wrapped(f"{question.question}\n{question.explanation}"))

    def panel(self) -> ipywidgets.VBox:
        """Return the questions as ipywidgets."""
        return ipywidgets.VBox([ipywidgets.HTML(_STYLE), *map(_panel, self.questions)])


def quiz(chapter: str) -> Quiz:
    """Ask the questions of a chapter.

    Parameters
    ----------
    chapter : str
        The name of its notebook, "02_data".

    Returns
    -------
    quiz : Quiz
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no such chapter; the message names the nearest.
    """
    chapters = read_chapters()
    quiz_file = chapters[checks.one_of("chapter", chapter, chapters)].quiz_file
    rows = yaml.safe_load(quiz_file.read_text(encoding="utf-8"))
    return Quiz([Question(name, **row) for name, row in rows.items()])


def _wrapped(text: str, indent: str = "") -> str:
    lines = text.splitlines()
    return "\n".join(
        textwrap.fill(line, 88, initial_indent=indent, subsequent_indent=indent and "     ") for line in lines
    )


def _as_text(question: Question) -> str:
    choices = [_wrapped(choice, "  ") for choice in question.lettered]
    return "\n".join([_wrapped(question.question), *choices, "(The answer: add .explain() to the call.)"])


def _as_html(question: Question) -> str:
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    return (
        f"<div><p><b>{html.escape(question.question)}</b></p><ol type='a'>{choices}</ol>"
        f"<details><summary>Answer</summary><p>{html.escape(question.explanation)}</p></details></div>"
    )


def _panel(question: Question) -> ipywidgets.VBox:
    """Return one question with a button for each choice and a line that answers."""
    answer = ipywidgets.HTML()

    def press(pressed: ipywidgets.Button) -> None:
        right = buttons.index(pressed) == question.answer
        pressed.button_style = "success" if right else "warning"
        words = f"✓ Right. {question.why}" if right else "✗ Not this one. Try another."
        answer.value = f"<p>{html.escape(words)}</p>"
        learner_record.note("quiz", question.name, solved=right)

    buttons = [
        ipywidgets.Button(description=choice, layout={"width": "auto"}) for choice in question.lettered
    ]
    for button in buttons:
        button.add_class("medlab-choice")
        button.on_click(press)
    text = ipywidgets.HTML(f"<p><b>{html.escape(question.question)}</b></p>")
    return ipywidgets.VBox([text, *buttons, answer])
