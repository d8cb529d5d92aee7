"""`quiz`: questions with choices, as buttons where somebody can press them, else as text."""

import html
import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import ipywidgets
import yaml

from medlab import checks
from medlab.exercises import learner_record
from medlab.exercises.chapters import read_chapters
from medlab.exercises.translation import is_chinese, translate, width
from medlab.notebook import answer_at_once, has_front_end

# ipywidgets' buttons and boxes cut a long text off instead of breaking the line.
_STYLE = (
    "<style>.medlab-choice,.medlab-choice label{white-space:normal!important;height:auto!important;"
    "text-align:left!important;line-height:1.4!important}.medlab-choice{padding:4px 8px!important}</style>"
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
    answer : tuple of int
        The positions of all right choices, from 0, in their order.
    why : str
        What the answer means; shown when it is found or asked for.
    """

    name: str
    question: str
    choices: list[str]
    answer: tuple[int, ...]
    why: str

    @property
    def line(self) -> str:
        """The question as it is shown, which says where several choices are right."""
        several = f"{self.question} (several are right)"
        return translate(several) if len(self.answer) > 1 else self.question

    @property
    def lettered(self) -> list[str]:
        """The choices as they are shown: "a) twice what it was"."""
        return [f"{letter}) {choice}" for letter, choice in zip("abcdefgh", self.choices, strict=False)]

    @property
    def explanation(self) -> str:
        """The right choices and why."""
        stop = "。" if is_chinese(self.why) else ". "
        return stop.join([*(self.lettered[place] for place in self.answer), self.why]).strip()


class Quiz:
    """One or more questions that show themselves at the end of a cell.

    Where a browser is connected: buttons, or boxes to tick where several choices are right. In a terminal,
    under papermill or nbval and in an exported page: the question and its choices; the answer is folded, or
    printed by `explain`. Nothing waits for input.

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
            print(_wrapped(f"{question.line}\n{question.explanation}"))

    def panel(self) -> ipywidgets.VBox:
        """Return the questions as ipywidgets."""
        box = ipywidgets.VBox([ipywidgets.HTML(_STYLE), *map(_panel, self.questions)])
        answer_at_once([box])
        return box


def quiz(
    question: str, choices: Sequence[str] | None = None, answer: int | Sequence[int] = -1, why: str = ""
) -> Quiz:
    """Ask: a question of the course by its name, all of a chapter's, or one of your own.

    Parameters
    ----------
    question : str
        The name of a question ("quarter_dose") or of a chapter ("02_data"); with `choices`, the question.
    choices : sequence of str, optional
        From two to eight.
    answer : int or sequence of int, optional
        The position of the right choice, from 0, or of all that are right.
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
        return Quiz([_question("", question, choices, answer, why)])
    chapters = read_chapters()
    for chapter, row in chapters.items():
        if question == chapter or question in row.questions:
            facts = yaml.safe_load(row.quiz_file.read_text(encoding="utf-8"))
            names = list(facts) if question == chapter else [question]
            return Quiz([_question(name, **facts[name]) for name in names])
    known = [*chapters, *(name for row in chapters.values() for name in row.questions)]
    msg = f"There is no question {question!r}.{checks.nearest(question, known)} Your own needs choices too."
    raise ValueError(msg)


def _question(
    name: str, question: str, choices: Sequence[str], answer: int | Sequence[int], why: str
) -> Question:
    if isinstance(choices, str) or not 2 <= len(choices) <= 8 or len(set(choices)) < len(choices):
        msg = f"choices must be 2 to 8 different texts, got {choices!r}."
        raise ValueError(msg)
    places = answer if isinstance(answer, Sequence) else [answer]
    what = "answer, the position of the right choice"
    right = sorted({int(checks.in_range(what, at, 0, len(choices) - 1, whole=True)) for at in places})
    if not right or len(right) < len(places):
        msg = f"answer must hold at least one position and none twice, got {answer!r}."
        raise ValueError(msg)
    say = translate if name else str  # a question of one's own is in one's own language
    return Question(name, say(question), list(map(say, choices)), tuple(right), say(why))


def _wrapped(text: str, indent: str = "") -> str:
    lines = text.splitlines()
    return "\n".join(
        textwrap.fill(line, width(line), initial_indent=indent, subsequent_indent=indent and "     ")
        for line in lines
    )


def _as_text(question: Question) -> str:
    choices = [_wrapped(choice, "  ") for choice in question.lettered]
    how = translate("(The answer: add .explain() to the call.)")
    return "\n".join([_wrapped(question.line), *choices, how])


def _as_html(question: Question) -> str:
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    return (
        f"<div><p><b>{html.escape(question.line)}</b></p><ol type='a'>{choices}</ol>"
        f"<details><summary>{translate('Answer')}</summary><p>{html.escape(question.explanation)}</p></details></div>"
    )


def _panel(question: Question) -> ipywidgets.VBox:
    """Return one question with a button for each choice, or boxes and one button, and a line that answers."""
    answer = ipywidgets.HTML()
    several = len(question.answer) > 1

    def press(pressed: ipywidgets.Button) -> None:
        chosen = [place for place, item in enumerate(items) if (item.value if several else item is pressed)]
        right = chosen == list(question.answer)
        for button in buttons:
            if button.button_style == "success":
                button.button_style = ""  # the verdict is of this press now
        pressed.button_style = "success" if right else "warning"
        wrong = "✗ Not exactly these. Try again." if several else "✗ Not this one. Try another."
        answer.value = f"<p>{html.escape(translate(f'✓ Right. {question.why}' if right else wrong))}</p>"
        if question.name:
            learner_record.note("quiz", question.name, solved=right)

    def forget(_change: object) -> None:
        answer.value = buttons[0].button_style = ""

    make = partial(ipywidgets.Checkbox, indent=False) if several else ipywidgets.Button
    items = [make(description=choice, layout={"width": "auto"}) for choice in question.lettered]
    buttons = [ipywidgets.Button(description=translate("Check"))] if several else items
    for item in items:
        item.add_class("medlab-choice")
        if several:
            item.observe(forget, "value")
    for button in buttons:
        button.on_click(press)
    text = ipywidgets.HTML(f"<p><b>{html.escape(question.line)}</b></p>")
    return ipywidgets.VBox([text, *items, *(buttons if several else []), answer])
