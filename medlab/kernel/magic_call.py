"""What a command of ``%medlab`` may know of the notebook that it runs in."""

import functools
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import click
from IPython.display import display

from medlab.checks import REFUSALS
from medlab.cli.console import plain_refusals
from medlab.kernel.answers import Answer

# In a notebook too, a refusal is read without its traceback.
refusals_without_traceback = functools.partial(plain_refusals, REFUSALS)


def panel_called(name: str) -> Any:
    """Return the panel that an installed package offers under this name; None where there is none."""
    entry_points = metadata.entry_points(group="medlab.panels", name=name)
    return next(iter(entry_points)).load() if entry_points else None


@dataclass
class MagicCall:
    """The shell, and the body of a cell magic."""

    shell: Any
    cell: str = ""

    def show(self, text: str, value: Any = None) -> None:
        """Show an answer: what `medlab.cli.console.say` hands over."""
        display(Answer(text, value))

    @property
    def variables(self) -> dict[str, Any]:
        """The notebook's variables by name."""
        return self.shell.user_ns

    def run_body(self) -> Any:
        """Run the cell; return the value of its last expression, or raise what it raised (shown already)."""
        result = self.shell.run_cell(self.cell, store_history=False, silent=False)
        result.raise_error()
        return result.result

    def evaluate(self, expression: str, what: str) -> Any:
        """Return the value of a name, or of any expression, in the notebook; refuse it by `what`."""
        try:
            return self.shell.ev(expression)
        except Exception as error:
            msg = f"{what} must be a name or an expression of this notebook, got {expression!r}: {error}"
            raise click.ClickException(msg) from error
