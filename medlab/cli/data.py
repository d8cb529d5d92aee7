"""`medlab data`: which data sets there are, what is known of them, and their files."""

import json
from functools import partial
from typing import Any

import click

from medlab import checks, data as data_sets
from medlab.cli.console import complete_from, pairs_option, plain_refusals, read_pairs, say, say_table
from medlab.data import nearcopies
from medlab.data.downloading import find
from medlab.data.exporting import refuse_other_images
from medlab.data.loading import option_checks


def _tasks(_context: click.Context) -> dict[str, str]:
    return {name: data_sets.describe(name).task for name in data_sets.registered()}


@click.group()
def data() -> None:
    """List, describe, download, verify, audit and export data sets.

    Data sets are stored in the data root. This is the folder named by MEDLAB_DATA, otherwise data/ in a clone
    or the user's data folder.
    """


@data.command("list")
def list_() -> None:
    """List the registered data sets with their task, number of images, sizes and license."""
    rows = []
    with plain_refusals():
        records = [data_sets.describe(name) for name in data_sets.registered()]
    for record in records:
        size = {"images": f"{sum(record.split_sizes.values()):,}", "sizes": "/".join(map(str, record.sizes))}
        rows.append({"name": record.name, "task": record.task, **size, "license": record.license})
    say_table(rows)


# Of every command below: one data set, and of its files one size.
_name = click.argument("name", shell_complete=complete_from(_tasks))
_size = click.option("--size", type=int, help="Side in pixels. The default is the smallest on offer.")


@data.command()
@_name
def show(name: str) -> None:
    """Describe data set NAME: classes, splits, license, citation and published results."""
    with plain_refusals():
        click.echo(repr(data_sets.describe(name)))


@data.command()
@_name
@_size
@click.option(
    "--from",
    "source",
    metavar="FILE_OR_URL",
    help="Take it from a file, or from another http(s) address. Its MD5 is checked all the same.",
)
def fetch(name: str, size: int | None, source: str | None) -> None:
    """Download data set NAME into the data root, if it is not there yet, and print its path."""
    with plain_refusals():
        click.echo(data_sets.fetch(name, size, source=source))


@data.command()
@_name
@_size
def verify(name: str, size: int | None) -> None:
    """Check the file of data set NAME under the data root against its registered MD5."""
    with plain_refusals():
        path = data_sets.verify(name, size)
    click.echo(f"{path}: as registered")


@data.command()
def audit() -> None:
    """Count near-copies between the splits of every registered data set in the data root.

    What is found is kept there, in near_copies.json, and not computed again: neither for reports nor by the
    next audit. Large sets take minutes.
    """
    rows = []
    with plain_refusals():
        for record in map(data_sets.describe, data_sets.registered()):
            for size in (size for size in record.files if find(record.name, size)):
                found = nearcopies.audit(data_sets.load(record.name, size=size), keep=True)
                of = {p: f"{found[p]} of {record.split_sizes[a]}" for p, (a, _) in nearcopies.PAIRS.items()}
                rows.append({"name": record.name, "size": str(size), **of})
    say_table(rows or [{"registered sets in the data root": "none: medlab data fetch NAME brings one"}])


@data.command()
@_name
@_size
@click.option(
    "--to", "folder", metavar="DIR", required=True, type=click.Path(), help="Fill a new or empty folder."
)
@pairs_option("Set seed, n_train or another option of a simulated data set. May be given several times.")
def export(name: str, size: int | None, folder: str, pairs: tuple[str, ...]) -> None:
    """Write data set NAME as PNG files: a folder for each split, and in it one for each class.

    medlab data export simulated_nodules --to my_images -p n_train=500 -p seed=3
    """
    sizes = () if size is None else (f"size={size}",)  # which -p may give as well, but not both
    options = {option: _value(text) for option, text in read_pairs((*sizes, *pairs)).items()}
    size = options.pop("size", None)
    with plain_refusals((OSError, ValueError, TypeError, MemoryError)):
        tried = option_checks(name, size, {"seed": 0, **options}, refuse_other_images)
        checks.together(partial(checks.new_folder, "--to", folder), *tried)
        dataset = data_sets.load(name, size=size, **options)
        written = data_sets.write_folder(dataset, folder)
    kind = "SIMULATED images" if dataset.simulated else "images"
    lines = [
        f"{folder}: {sum(written.values()):,} {kind}",
        *(f"  {n:,} in {of}" for of, n in written.items()),
    ]
    say("\n".join(lines), written)


def _value(text: str) -> Any:
    """Read a number, a list or true and false as JSON has them; everything else is a word."""
    try:
        return json.loads(text)
    except ValueError:
        return text
