"""The `medlab` command; a subcommand's module is imported only when it is called."""

from __future__ import annotations

import importlib

import click

import medlab

# name: help. The module medlab.cli.NAME holds the click command NAME.
COMMANDS = {
    "data": "List, describe, download and verify data sets.",
    "doctor": "Say what is installed, what is missing and the line that installs it.",
    "learner": "Copy the course into a folder of your own, without the solutions.",
    "progress": "Say which exercises and quiz questions you have done.",
    "report": "Train, evaluate and report: a page, its figures and a model.",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one module that is asked for; name the nearest command for a misspelled one."""
        if cmd_name not in COMMANDS:
            from medlab import checks

            ctx.fail(f"No such command {cmd_name!r}.{checks.nearest(cmd_name, COMMANDS)}")
        command: click.Command = getattr(importlib.import_module(f"medlab.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table rather than from their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=LazyGroup)
@click.version_option(medlab.__version__, prog_name="medlab")
def main() -> None:
    """Teaching and doing deep learning on medical images. Not a medical device."""
