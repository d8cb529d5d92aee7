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
from medlab.exercises.translation import is_chinese, translate, width
from medlab.notebook import has_front_end

# ipywidgets' buttons cut a long text off instead of breaking the line.
_STYLE = (
    "<style>.medlab-choice{white-space:normal!important;height:auto!important;text-align:left!important;"
    "line-height:1.4!important;padding:4px 8px!important}</style>"
)


class Question(NamedTuple):
    """One question, as a chapter's NN.yaml has it.

    Attributes
    ----------
    name : str
        Under which progress is noted; empty for a question of one's own.
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
        stop = "。" if is_chinese(self.why) else ". "
        return f"{self.lettered[self.answer]}{stop}{self.why}".strip()


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


def quiz(question: str, choices: Sequence[str] | None = None, answer: int = -1, why: str = "") -> Quiz:
    """Ask: a question of the course by its name, all of a chapter's, or one of your own.

    Parameters
    ----------
    question : str
        The name of a question ("quarter_dose") or of a chapter ("02_data"); with `choices`, the question.
    choices : sequence of str, optional
        From two to eight.
    answer : int, optional
        The position of the right choice, from 0.
    why : str
        What the answer means; shown when it is found or asked for.

    Returns
    -------
    quiz : Quiz
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no question of that name, then the message names the nearest, or if choices and answer do
        not fit.

    Examples
    --------
    >>> quiz("How many HU has water?", ["-1000", "0"], 1)
    How many HU has water?
      a) -1000
      b) 0
    (The answer: add .explain() to the call.)
    """
    if choices is not None:
        return Quiz([_own_question(question, choices, answer, why)])
    chapters = read_chapters()
    for chapter, row in chapters.items():
        if question == chapter or question in row.questions:
            facts = yaml.safe_load(row.quiz_file.read_text(encoding="utf-8"))
            names = list(facts) if question == chapter else [question]
            return Quiz([_translated(name, **facts[name]) for name in names])
    known = [*chapters, *(name for row in chapters.values() for name in row.questions)]
    msg = f"There is no question {question!r}.{checks.nearest(question, known)} Your own needs choices too."
    raise ValueError(msg)


def _translated(name: str, question: str, choices: list[str], answer: int, why: str) -> Question:
    return Question(name, translate(question), list(map(translate, choices)), answer, translate(why))


def _own_question(question: str, choices: Sequence[str], answer: int, why: str) -> Question:
    if isinstance(choices, str) or not 2 <= len(choices) <= 8 or len(set(choices)) < len(choices):
        msg = f"choices must be 2 to 8 different texts, got {choices!r}."
        raise ValueError(msg)
    right = checks.in_range(
        "answer, the position of the right choice", answer, 0, len(choices) - 1, whole=True
    )
    return Question("", question, list(choices), int(right), why)


def _wrapped(text: str, indent: str = "") -> str:
    lines = text.splitlines()
    return "\n".join(
        textwrap.fill(line, width(line), initial_indent=indent, subsequent_indent=indent and "     ")
        for line in lines
    )


def _as_text(question: Question) -> str:
    choices = [_wrapped(choice, "  ") for choice in question.lettered]
    how = translate("(The answer: add .explain() to the call.)")
    return "\n".join([_wrapped(question.question), *choices, how])


def _as_html(question: Question) -> str:
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    return (
        f"<div><p><b>{html.escape(question.question)}</b></p><ol type='a'>{choices}</ol>"
        f"<details><summary>{translate('Answer')}</summary><p>{html.escape(question.explanation)}</p></details></div>"
    )


def _panel(question: Question) -> ipywidgets.VBox:
    """Return one question with a button for each choice and a line that answers."""
    answer = ipywidgets.HTML()

    def press(pressed: ipywidgets.Button) -> None:
        right = buttons.index(pressed) == question.answer
        pressed.button_style = "success" if right else "warning"
        words = f"✓ Right. {question.why}" if right else "✗ Not this one. Try another."
        answer.value = f"<p>{html.escape(translate(words))}</p>"
        if question.name:
            learner_record.note("quiz", question.name, solved=right)

    buttons = [
        ipywidgets.Button(description=choice, layout={"width": "auto"}) for choice in question.lettered
    ]
    for button in buttons:
        button.add_class("medlab-choice")
        button.on_click(press)
    text = ipywidgets.HTML(f"<p><b>{html.escape(question.question)}</b></p>")
    return ipywidgets.VBox([text, *buttons, answer])
