"""The `medlab` command; a subcommand's module is imported only when it is called."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

import medlab

# name: help. The module medlab.cli.NAME holds the click command NAME.
COMMANDS = {
    "data": "List, describe, download, verify, audit and export data sets.",
    "doctor": "Show what is installed, what is missing, and how to install it.",
    "kernels": "Install, list and remove a Jupyter kernel for each of Keras' backends.",
    "lab": "Open the course in JupyterLab.",
    "learner": "Copy the course, without the solutions, into a folder of your own.",
    "predict": "Score a folder of images with a saved model.",
    "progress": "Show which exercises and quiz questions you have solved.",
    "report": "Run a study and write its report, figures and model.",
}


class LazyGroup(click.Group):
    """A group that knows the names and help of its `lazy` commands without importing them."""

    def __init__(self, *, lazy: Mapping[str, str] = COMMANDS, **options: Any) -> None:
        super().__init__(**options)
        self.lazy = lazy

    @property
    def table(self) -> dict[str, str]:
        """Name and help of all commands, those that are here already too."""
        here = {name: command.get_short_help_str(99) for name, command in self.commands.items()}
        return {**self.lazy, **here}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in alphabetical order."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one module that is asked for; name the nearest command for a misspelled one."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        if cmd_name in self.lazy:
            command: click.Command = getattr(importlib.import_module(f"medlab.cli.{cmd_name}"), cmd_name)
            return command
        if ctx.resilient_parsing:
            return None  # somebody presses Tab behind it
        from medlab import checks

        ctx.fail(f"No such command {cmd_name!r}.{checks.nearest(cmd_name, self.table)}")

    def invoke(self, ctx: click.Context) -> Any:
        """Let Ctrl-C end a command as the shell expects it: with 130; a kernel wants the interrupt itself."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if ctx.obj is not None:
                raise
            click.echo("Stopped.", err=True)
            ctx.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table rather than from their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self.table.items()))


@click.command(cls=LazyGroup)
@click.version_option(medlab.__version__, prog_name="medlab")
def main() -> None:
    """Teach and do deep learning on medical images. Not a medical device."""
