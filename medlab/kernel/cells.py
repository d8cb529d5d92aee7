"""The words of ``%%medlab``: what is done with the cell below."""

from __future__ import annotations

import ast
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from medlab.kernel.metering import Meter
from medlab.kernel.running import Call
from medlab.kernel.words import plain_refusals

PANELS = "medlab.panels"
# Name of the shell's attribute with what the notebook's timed cells took so far.
_TOTAL = "_medlab_timed"


def run_body(call: Call) -> Any:
    """Run the cell in the notebook; return the value of its last expression.

    Raises
    ------
    Exception
        What the cell raised; its traceback is shown already.
    """
    result = call.shell.run_cell(call.cell, store_history=False, silent=False)
    result.raise_error()
    return result.result


def panel_class(name: str) -> Any:
    """Return the panel that an installed package offers under `name`; None where there is none."""
    found = [point for point in metadata.entry_points(group=PANELS) if point.name == name]
    return found[0].load() if found else None


@click.command()
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training images.")
@click.option("--seed", type=int, help="Default: that of %medlab seed, else 0.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Folder that keeps the state.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from the checkpoint in this folder.")
@click.option(
    "--panel/--plain", "panel", default=None, help="Buttons and curves, or lines; default: as can be seen."
)
@click.pass_obj
def train(
    call: Call,
    epochs: int | None,
    seed: int | None,
    checkpoint: Path | None,
    resume: Path | None,
    panel: bool | None,
) -> Any:
    """Run the cell, which makes MODEL (a Keras network) and DATA (a Dataset) under the names model and data.

    With a panel the notebook goes on while it trains: `session` is the session, `session.result()` the run.
    With --plain, and where nobody looks, the cell waits and leaves `run`.
    """
    from medlab import backend
    from medlab.notebook import has_front_end
    from medlab.training import TrainSession, checkpoint_in

    if resume is not None and checkpoint is not None:
        msg = "give --checkpoint or --resume, not both: --resume names the folder, too."
        raise click.UsageError(msg)
    if resume is not None and not checkpoint_in(resume):
        msg = f"there is no checkpoint in {resume}. Leave --resume out to begin, or name its folder."
        raise click.UsageError(msg)
    if panel and panel_class("session") is None:
        msg = "no package offers a panel for sessions here. Use --plain."
        raise click.UsageError(msg)
    run_body(call)
    model, dataset = _model(call), _dataset(call)
    shows = panel_class("session") if (has_front_end() if panel is None else panel) else None
    chosen = seed if seed is not None else backend.chosen_seed() or 0
    options = {"epochs": epochs, "seed": chosen, "progress": shows is None}
    with plain_refusals():
        made = TrainSession(model, dataset, checkpoint=resume or checkpoint, **options)
    try:
        made.start(resume=True if resume else None)
    except FileExistsError as error:
        there, folder = checkpoint_in(made.folder), shlex.quote(str(made.folder))
        msg = f"{there} lies in {made.folder}. Go on with: %%medlab train --resume {folder}"
        raise click.ClickException(msg) from error
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    call.names["session"] = made
    if shows is not None:
        return shows(made)
    call.names["run"] = made.wait().result()
    return call.names["run"]


def _model(call: Call) -> Any:
    import keras

    found = call.names.get("model")
    if isinstance(found, keras.Model):
        return found
    got = "there is none" if found is None else f"it is a {type(found).__name__}"
    msg = f"the cell must make a Keras network called model, {got}. Such as: model = models.build(...)"
    raise click.UsageError(msg)


def _dataset(call: Call) -> Any:
    from medlab.data import Dataset

    # `from medlab import data` gives that name to a module.
    for name in ("data", "dataset"):
        if isinstance(call.names.get(name), Dataset):
            return call.names[name]
    msg = "the cell must make a Dataset called data (or dataset). Such as: dataset = data.load(...)"
    raise click.UsageError(msg)


def _exercises(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from medlab.exercises.chapters import read_chapters

    names = [name for row in read_chapters().values() for name in row.exercises]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command()
@click.argument("name", shell_complete=_exercises)
@click.pass_obj
def check(call: Call, name: str) -> None:
    """Run the cell and check what it calls NAME, or its last line, as the answer to the exercise NAME."""
    from medlab import exercises

    last = run_body(call)
    made = {node.id for node in ast.walk(_tree(call)) if isinstance(node, ast.Name) and _stores(node)}
    made |= {node.name for node in _tree(call).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    exercises.check(name, call.names.get(name) if name in made or last is None else last)


def _tree(call: Call) -> ast.Module:
    return ast.parse(call.shell.transform_cell(call.cell))


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


@click.command()
@click.option("--reset", is_flag=True, help="Begin the notebook's sum anew.")
@click.pass_obj
def time(call: Call, reset: bool) -> None:
    """Run the cell and say what it took: wall and CPU time, peak memory; and the sum over the notebook."""
    from medlab.cli.telling import say

    total = {"cells": 0, "wall_s": 0.0, "cpu_s": 0.0, "peak_gb": 0.0}
    if not reset:
        total |= getattr(call.shell, _TOTAL, {})
    meter = Meter()
    try:
        with meter:
            run_body(call)
    finally:
        total["cells"] += 1
        total["wall_s"] += meter.wall_s
        total["cpu_s"] += meter.cpu_s
        total["peak_gb"] = max(total["peak_gb"], meter.peak_gb)
        setattr(call.shell, _TOTAL, total)
        summed = (
            f"{total['cells']} timed cells of this notebook: wall {total['wall_s']:.2f} s, CPU "
            f"{total['cpu_s']:.2f} s, peak memory {total['peak_gb']:.2f} GB"
        )
        say(
            f"{meter}\n{summed}",
            {"this cell": meter.facts(), "notebook": {k: round(v, 3) for k, v in total.items()}},
        )


COMMANDS = {"check": check, "time": time, "train": train}
