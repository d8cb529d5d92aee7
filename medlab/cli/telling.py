"""What a command says: text in a terminal, something richer where a kernel runs the same command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


def say(text: str, value: Any = None) -> None:
    """Print, or hand text and value over to who can show them better.

    Parameters
    ----------
    text : str
        What a terminal shows.
    value : object
        The same as rows (a list of dicts), a dict, or an object that shows itself.
    """
    context = click.get_current_context(silent=True)
    show = getattr(context.find_root().obj, "show", None) if context is not None else None
    if show is None:
        click.echo(text)
    else:
        show(text, value)


def reason(error: Exception) -> str:
    """Return why something failed; a file stands by its name, for the folders above it may name a person."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{Path(error.filename).name}: {error.strerror}" if error.filename else error.strerror
