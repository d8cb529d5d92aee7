"""`medlab progress`: which exercises and questions are done, chapter by chapter."""

import click

from medlab.cli.console import plain_refusals, say_table
from medlab.exercises import learner_record


@click.command()
@click.option("--reset", is_flag=True, help="Delete your progress.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def progress(reset: bool, yes: bool) -> None:
    """Show which exercises and quiz questions you have solved, chapter by chapter."""
    if reset:
        _reset(yes)
        return
    rows = []
    for chapter, parts in learner_record.summary():
        exercises, quiz = (f"{solved} of {count}" for solved, count in parts.values())
        rows.append({"chapter": chapter, "exercises": exercises, "quiz": quiz})
    say_table(rows)


def _reset(yes: bool) -> None:
    if not learner_record.file().exists():
        click.echo("There is no progress to delete.")
        return
    if not yes:
        click.confirm("Delete the record of your exercises and questions?", abort=True)
    with plain_refusals((OSError,), "The progress could not be deleted: {}"):
        learner_record.reset()
    click.echo("Your progress was deleted.")
