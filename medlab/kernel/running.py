"""From a magic's line to a command: one vocabulary, plain errors, answers that show themselves."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
from click import termui
from IPython.core.error import UsageError
from IPython.display import display

from medlab.cli import COMMANDS, LazyGroup
from medlab.kernel.showing import Told

WORDS = {
    "backend": "Say which backend Keras runs on, or choose one.",
    "explain": "Ask which parts of an image a network's answer depends on.",
    "pause": "Let the running session wait after its batch.",
    "phi": "Show patients' names, dates and numbers, or not.",
    "resume": "Let a paused or stopped session go on.",
    "seed": "Seed all generators, training threads too.",
    "slice": "Show one slice of a volume.",
    "status": "Say what the session is doing.",
    "stop": "Stop the running session after its batch.",
}
CELLS = {
    "check": "Run the cell and check it as the answer to an exercise.",
    "time": "Run the cell and say what it took.",
    "train": "Run the cell, which makes model and data, and train.",
}
# A JupyterLab inside a kernel of JupyterLab is nobody's wish.
_LEFT_OUT = ("lab",)


@dataclass
class Call:
    """What a command may know of where it runs.

    Attributes
    ----------
    shell : InteractiveShell
    cell : str
        The body of a cell magic.
    """

    shell: Any
    cell: str = ""

    def show(self, text: str, value: Any = None) -> None:
        """Show an answer: what `medlab.cli.telling.say` hands over."""
        display(Told(text, value))

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's variables."""
        return self.shell.user_ns


class Words(LazyGroup):
    """The words of ``%medlab``: the command line's, and what only a kernel can."""

    table: Mapping[str, str] = {
        name: text for name, text in COMMANDS.items() if name not in _LEFT_OUT
    } | WORDS

    def load(self, name: str) -> click.Command:
        """Import the command."""
        if name not in WORDS:
            return super().load(name)
        from medlab.kernel import words

        return words.COMMANDS[name]


class CellWords(LazyGroup):
    """The words of ``%%medlab``."""

    table: Mapping[str, str] = CELLS

    def load(self, name: str) -> click.Command:
        """Import the command."""
        from medlab.kernel import cells

        return cells.COMMANDS[name]


line_words = Words(name="%medlab", help="Teaching and doing deep learning on medical images.")
cell_words = CellWords(name="%%medlab", help="What is done with the cell below.")


def run(shell: Any, line: str, cell: str | None = None) -> Any:
    """Run a line, or a line with a cell below it.

    Returns
    -------
    value : object
        What the cell shall show: only kernel words give one.

    Raises
    ------
    UsageError
        Shown without a traceback: an unknown word or option, or what a command refuses.
    """
    group = line_words if cell is None else cell_words
    try:
        words = shlex.split(line)
        if not words:
            print(group.get_help(click.Context(group, info_name=group.name)))
            return None
        # click has kept the input() of before the kernel put its own in its place.
        termui.visible_prompt_func = input
        value = group.main(words, prog_name=group.name, standalone_mode=False, obj=Call(shell, cell or ""))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\n" if context is not None else ""
        raise UsageError(usage + error.format_message()) from None
    except click.Abort as error:
        # click makes one of an interrupt; the cells below must not run as if nothing had happened.
        if error.__cause__ is not None:
            raise error.__cause__ from None
        return None
    except SystemExit as error:
        # A command of the terminal that ends with an error has said why.
        return _code(error.code)
    return _code(value) if isinstance(value, int) else value


def _code(code: Any) -> None:
    if code:
        msg = f"ended with code {code}."
        raise UsageError(msg)


def help_text() -> str:
    """Return what ``%medlab?`` shows."""
    lines = ["Words of medlab, as in the terminal; `%medlab WORD --help` says more.", ""]
    for title, table in (("%medlab WORD", Words.table), ("%%medlab WORD, above a cell", CELLS)):
        lines += [title, *(f"    {name:<10}{text}" for name, text in sorted(table.items())), ""]
    return "\n".join(lines)
