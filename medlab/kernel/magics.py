"""``%medlab`` and ``%%medlab``: the command line's words in a notebook, and those that only a kernel has."""

import shlex
from typing import Any

import click
from click import termui
from IPython.core.error import UsageError

from medlab.cli import COMMANDS, LazyGroup
from medlab.kernel import answers, completion, rich_displays
from medlab.kernel.cell_commands import CELL_COMMANDS
from medlab.kernel.line_commands import LINE_COMMANDS
from medlab.kernel.magic_call import MagicCall

NAME = "medlab"

line_words = LazyGroup(
    name="%medlab",
    # A JupyterLab inside a kernel of JupyterLab is nobody's wish.
    lazy={name: text for name, text in COMMANDS.items() if name != "lab"},
    commands=LINE_COMMANDS,
    help="Teach and do deep learning on medical images.",
)
cell_words = LazyGroup(
    name="%%medlab", lazy={}, commands=CELL_COMMANDS, help="What is done with the cell below."
)
GROUPS = {"%%medlab ": cell_words, "%medlab ": line_words}


def load_ipython_extension(shell: Any) -> None:
    """Register the magics ``%medlab`` and ``%%medlab``, their completion and the rich displays.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    def medlab(line: str, cell: str | None = None) -> Any:
        return run(shell, line, cell)

    medlab.__doc__ = help_text()
    shell.register_magic_function(medlab, magic_kind="line_cell", magic_name=NAME)
    completion.register(shell, GROUPS)
    rich_displays.register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take out what `load_ipython_extension` put in."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    completion.unregister(shell)
    rich_displays.unregister(shell)
    answers.phi(False)


def run(shell: Any, line: str, cell: str | None = None) -> Any:
    """Run a line, or a line with a cell below it; return what the cell shall show.

    Raises
    ------
    UsageError
        Shown without a traceback: an unknown word or option, or what a command refuses.
    """
    group = line_words if cell is None else cell_words
    try:
        words = shlex.split(line)
        if words in ([], ["help"]):
            print(group.get_help(click.Context(group, info_name=group.name)))
            return None
        if cell is None and words[0] in CELL_COMMANDS and words[0] not in line_words.table:
            msg = f"{words[0]} works on a cell. Write %%medlab {words[0]} in the cell's first line."
            raise UsageError(msg)
        # click has kept the input() of before the kernel put its own in its place.
        termui.visible_prompt_func = input
        call = MagicCall(shell, cell or "")
        value = group.main(words, prog_name=group.name, standalone_mode=False, obj=call)
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
        value = error.code  # a command of the terminal that ends with an error has said why
    if isinstance(value, int) and value:
        msg = f"ended with code {value}."
        raise UsageError(msg)
    return None if isinstance(value, int) else value


def help_text() -> str:
    """Return what ``%medlab?`` shows."""
    lines = ["Words of medlab, as in the terminal; `%medlab WORD --help` says more.", ""]
    for title, group in (("%medlab WORD", line_words), ("%%medlab WORD, above a cell", cell_words)):
        lines += [title, *(f"    {name:<10}{text}" for name, text in sorted(group.table.items())), ""]
    return "\n".join(lines)
