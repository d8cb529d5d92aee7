"""`medlab data`: which data sets there are, what is known of them, and whether the files are whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from medlab.cli.telling import reason, say


def names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of data sets."""
    from medlab.data import describe, registered

    return [CompletionItem(n, help=describe(n).task) for n in registered() if n.startswith(incomplete)]


@contextlib.contextmanager
def one_clear_line() -> Iterator[None]:
    """Turn refusals and failures of disk or network into one line and exit code 1."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise click.ClickException(reason(error)) from error


@click.group()
def data() -> None:
    """List, describe, download and verify data sets.

    Data sets are stored in the data root. This is the folder named by MEDLAB_DATA, otherwise data/ in a clone
    or the user's data folder.
    """


@data.command("list")
def list_() -> None:
    """List the registered data sets with their task, number of images, sizes and license."""
    from medlab.data import describe, registered

    rows: list[tuple[str, ...]] = []
    for name in registered():
        record = describe(name)
        images = sum(record.split_sizes.values())
        sizes = "/".join(map(str, record.sizes))
        rows.append((name, record.task, f"{images:,}", sizes, record.license))
    rows.insert(0, ("name", "task", "images", "sizes", "license"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    say("\n".join(lines), [dict(zip(rows[0], row, strict=True)) for row in rows[1:]])


@data.command()
@click.argument("name", shell_complete=names)
def show(name: str) -> None:
    """Describe data set NAME: classes, splits, license, citation and published results."""
    from medlab.data import describe

    with one_clear_line():
        click.echo(repr(describe(name)))


@data.command()
@click.argument("name", shell_complete=names)
@click.option("--size", type=int, help="Pixels a side; default: the smallest on offer.")
def fetch(name: str, size: int | None) -> None:
    """Download data set NAME into the data root, if it is not there yet, and print its path."""
    from medlab.data import fetch as fetch_file

    with one_clear_line():
        click.echo(fetch_file(name, size))


@data.command()
@click.argument("name", shell_complete=names)
@click.option("--size", type=int, help="Pixels a side; default: the smallest on offer.")
def verify(name: str, size: int | None) -> None:
    """Check the file of data set NAME under the data root against its registered MD5."""
    from medlab.data import verify as verify_file

    with one_clear_line():
        path = verify_file(name, size)
    click.echo(f"{path}: as registered")
