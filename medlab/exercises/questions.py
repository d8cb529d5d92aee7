"""`quiz`: questions with choices, as buttons where somebody can press them, else as text."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medlab import checks
from medlab.exercises import progress
from medlab.exercises.chapters import read_chapters
from medlab.exercises.translation import is_chinese, translate, width
from medlab.notebook import has_front_end

if TYPE_CHECKING:
    import ipywidgets

_LETTERS = "abcdefgh"
# ipywidgets' buttons cut a long text off instead of breaking the line.
_STYLE = (
    "<style>.medlab-choice{white-space:normal!important;height:auto!important;text-align:left!important;"
    "line-height:1.4!important;padding:4px 8px!important}</style>"
)


@dataclass(frozen=True)
class Question:
    """One question with its choices.

    Attributes
    ----------
    question : str
    choices : tuple of str
        From two to eight.
    answer : int
        The position of the right choice, from 0.
    why : str
        What the answer means; shown when it is found or asked for.
    id : str
        Under which progress is noted; empty for a question of one's own.

    Raises
    ------
    ValueError
        If there are too few or too many choices, two that are alike, or the answer is none of them.
    """

    question: str
    choices: tuple[str, ...]
    answer: int
    why: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        count = len(self.choices)
        if isinstance(self.choices, str) or not 2 <= count <= len(_LETTERS) or len(set(self.choices)) < count:
            msg = f"choices must be 2 to {len(_LETTERS)} different texts, got {self.choices!r}."
            raise ValueError(msg)
        is_position = isinstance(self.answer, int) and not isinstance(self.answer, bool)
        if not is_position or not 0 <= self.answer < count:
            msg = (
                f"answer must be the position of the right choice, 0 to {count - 1}, got {self.answer!r}. "
                "The first choice is 0."
            )
            raise ValueError(msg)

    @property
    def explanation(self) -> str:
        """The right choice and why."""
        stop = "。" if is_chinese(self.why) else ". "
        return f"{_LETTERS[self.answer]}) {self.choices[self.answer]}{stop}{self.why}".strip()


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
        """Return the questions as ipywidgets, which must be installed."""
        import ipywidgets

        return ipywidgets.VBox([ipywidgets.HTML(_STYLE), *map(_panel, self.questions)])


def quiz(
    question: str, choices: Sequence[str] | None = None, answer: int | None = None, why: str = ""
) -> Quiz:
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
        If there is no question of that name, or choices and answer do not fit.

    Examples
    --------
    >>> quiz("How many HU has water?", ["-1000", "0"], 1)
    How many HU has water?
      a) -1000
      b) 0
    (The answer: add .explain() to the call.)
    """
    if choices is not None:
        return Quiz([Question(question, tuple(choices), answer if answer is not None else -1, why)])
    chapters = read_chapters()
    if question in chapters:
        return Quiz(list(questions_of(question).values()))
    for chapter, row in chapters.items():
        if question in row.questions:
            return Quiz([questions_of(chapter)[question]])
    known = [*chapters, *(name for row in chapters.values() for name in row.questions)]
    msg = f"There is no question {question!r}.{checks.nearest(question, known)} Your own needs choices too."
    raise ValueError(msg)


def questions_of(chapter: str) -> dict[str, Question]:
    """Return a chapter's questions by name.

    Raises
    ------
    ValueError
        If there is no such chapter.
    """
    import yaml

    chapters = read_chapters()
    quiz_file = chapters[checks.one_of("chapter", chapter, chapters)].quiz_file
    rows = yaml.safe_load(quiz_file.read_text(encoding="utf-8"))
    return {
        name: Question(
            translate(row["question"]),
            tuple(map(translate, row["choices"])),
            row["answer"],
            translate(row["why"]),
            name,
        )
        for name, row in rows.items()
    }


def _wrapped(text: str, indent: str = "") -> str:
    lines = text.splitlines()
    return "\n".join(
        textwrap.fill(line, width(line), initial_indent=indent, subsequent_indent=indent and "     ")
        for line in lines
    )


def _as_text(question: Question) -> str:
    choices = [
        _wrapped(f"{letter}) {choice}", "  ")
        for letter, choice in zip(_LETTERS, question.choices, strict=False)
    ]
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
    import ipywidgets

    answer = ipywidgets.HTML()
    buttons = []
    for position, choice in enumerate(question.choices):
        button = ipywidgets.Button(
            description=f"{_LETTERS[position]}) {choice}", layout=ipywidgets.Layout(width="auto")
        )
        button.add_class("medlab-choice")
        buttons.append(button)

    def press(pressed: ipywidgets.Button) -> None:
        right = buttons.index(pressed) == question.answer
        pressed.button_style = "success" if right else "warning"
        words = f"✓ Right. {question.why}" if right else "✗ Not this one. Try another."
        answer.value = f"<p>{html.escape(translate(words))}</p>"
        if question.id:
            progress.note("quiz", question.id, solved=right)

    for button in buttons:
        button.on_click(press)
    text = ipywidgets.HTML(f"<p><b>{html.escape(question.question)}</b></p>")
    return ipywidgets.VBox([text, *buttons, answer])
