"""What commands share: what they say, how they refuse, what Tab completes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import CompletionItem

from medlab.text import columns, reason


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


def say_table(rows: list[dict[str, str]]) -> None:
    """Say rows as columns below their names."""
    say(columns([list(rows[0]), *(list(row.values()) for row in rows)]), rows)


@contextmanager
def plain_refusals(
    kinds: tuple[type[Exception], ...] = (OSError, ValueError),
    message: str = "{}",
    raised: type[click.ClickException] = click.ClickException,
) -> Iterator[None]:
    """Turn refusals and failures of disk or network into one line, `message` with the reason in it."""
    try:
        yield
    except kinds as error:
        raise raised(message.format(reason(error))) from error


def complete_from(names: Callable[[click.Context], Mapping[str, str] | Iterable[str]]) -> Callable[..., Any]:
    """Return what completes a word from `names`, asked when Tab is pressed; a mapping gives help, too."""

    def complete(context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
        listed = names(context)
        helps = listed if isinstance(listed, Mapping) else {}
        return [CompletionItem(n, help=helps.get(n)) for n in listed if n.startswith(incomplete)]

    return complete


def pairs_option(help_text: str, **options: Any) -> Callable[..., Any]:
    """Return the option `-p NAME=VALUE`, which `read_pairs` reads."""
    return click.option(
        "-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help=help_text, **options
    )


def read_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return what `-p NAME=VALUE`, given several times, says of each name."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            msg = f"-p takes NAME=VALUE, got {pair!r}."
            raise click.UsageError(msg)
        if name in given:
            msg = f"-p {name}=... is given twice."
            raise click.UsageError(msg)
        given[name] = value
    return given
