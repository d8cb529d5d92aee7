"""`medlab progress`: which exercises and questions are done, chapter by chapter."""

from __future__ import annotations

import click

from medlab.cli.telling import reason, say
from medlab.exercises import progress as learner_progress


@click.command()
@click.option("--reset", is_flag=True, help="Delete your progress.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def progress(reset: bool, yes: bool) -> None:
    """Show which exercises and quiz questions you have solved, chapter by chapter."""
    if reset:
        _reset(yes)
        return
    lines, rows = [f"{'chapter':<22}{'exercises':<14}quiz"], []
    for chapter, done in learner_progress.summary():
        counts = [f"{solved} of {count}" for solved, count in done.values()]
        lines.append(f"{chapter:<22}{counts[0]:<14}{counts[1]}")
        rows.append({"chapter": chapter, "exercises": counts[0], "quiz": counts[1]})
    say("\n".join(lines), rows)


def _reset(yes: bool) -> None:
    if not learner_progress.file().exists():
        click.echo("There is nothing to forget.")
        return
    if not yes:
        click.confirm("Forget which exercises and questions are done?", abort=True)
    try:
        learner_progress.reset()
    except OSError as error:
        msg = f"The progress could not be deleted: {reason(error)}"
        raise click.ClickException(msg) from error
    click.echo("Forgotten.")
