"""The commands of ``%%medlab``: what is done with the cell below."""

import ast
import shlex
from pathlib import Path
from typing import Any

import click

from medlab import backend, data, exercises, notebook, training
from medlab.cli.console import complete_from, say
from medlab.kernel.magic_call import MagicCall, panel_called, refusals_without_traceback
from medlab.kernel.resource_meter import Meter

# Name of the shell's attribute with what the notebook's timed cells took so far.
_TOTAL = "_medlab_timed"


@click.command()
@click.option("--epochs", type=click.IntRange(1), help="Number of passes over the training images.")
@click.option("--seed", type=int, help="The default is that of %medlab seed, otherwise 0.")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="Keep the training's state in this folder."
)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from the checkpoint in this folder.")
@click.option("--panel/--plain", default=None, help="Show buttons and curves, or lines.")
@click.pass_obj
def train(
    call: MagicCall,
    epochs: int | None,
    seed: int | None,
    checkpoint: Path | None,
    resume: Path | None,
    panel: bool | None,
) -> Any:
    """Run the cell, which makes model and data, and train.

    The cell makes MODEL (a Keras network) and DATA (a Dataset) under the names model and data.
    With a panel the notebook goes on while it trains: `session` is the session, `session.result()` the run.
    With --plain, and where nobody looks, the cell waits and leaves `run`.
    """
    # What is wrong in the line is said before the cell runs: it may take long.
    if resume is not None and checkpoint is not None:
        msg = "give --checkpoint or --resume, not both: --resume names the folder, too."
        raise click.UsageError(msg)
    if resume is not None and not training.checkpoint_in(resume):
        msg = f"there is no checkpoint in {resume}. Leave --resume out to begin, or name its folder."
        raise click.UsageError(msg)
    if panel and panel_called("session") is None:
        msg = "no package offers a panel for sessions here. Use --plain."
        raise click.UsageError(msg)
    call.run_body()
    model, dataset = _model(call), _dataset(call)
    panel_class = panel_called("session") if (notebook.has_front_end() if panel is None else panel) else None
    seed = seed if seed is not None else backend.chosen_seed() or 0
    options = {"epochs": epochs, "seed": seed, "progress": panel_class is None}
    with refusals_without_traceback():
        session = training.TrainSession(model, dataset, checkpoint=resume or checkpoint, **options)
        try:
            session.start(resume=True if resume else None)
        except FileExistsError as error:
            kept, folder = training.checkpoint_in(session.folder), shlex.quote(str(session.folder))
            msg = f"{kept} lies in {session.folder}. Go on with: %%medlab train --resume {folder}"
            raise click.ClickException(msg) from error
    call.variables["session"] = session
    if panel_class is not None:
        return panel_class(session)
    call.variables["run"] = session.wait().result()
    return call.variables["run"]


def _model(call: MagicCall) -> Any:
    import keras

    model = call.variables.get("model")
    if isinstance(model, keras.Model):
        return model
    got = "there is none" if model is None else f"it is a {type(model).__name__}"
    msg = f"the cell must make a Keras network called model, {got}. Such as: model = models.build(...)"
    raise click.UsageError(msg)


def _dataset(call: MagicCall) -> Any:
    # `from medlab import data` gives that name to a module.
    for name in ("data", "dataset"):
        if isinstance(call.variables.get(name), data.Dataset):
            return call.variables[name]
    msg = "the cell must make a Dataset called data (or dataset). Such as: dataset = data.load(...)"
    raise click.UsageError(msg)


def _exercises(_context: click.Context) -> list[str]:
    from medlab.exercises.chapters import read_chapters

    return [name for chapter in read_chapters().values() for name in chapter.exercises]


@click.command()
@click.argument("name", shell_complete=complete_from(_exercises))
@click.pass_obj
def check(call: MagicCall, name: str) -> None:
    """Run the cell and check it as the answer to an exercise.

    The answer is what the cell calls NAME, or else its last line.
    """
    last_value = call.run_body()
    # What an earlier cell called by that name is no answer of this one.
    tree = ast.parse(call.shell.transform_cell(call.cell))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    assigned = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    assigned |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    answer = call.variables.get(name) if name in assigned or last_value is None else last_value
    exercises.check(name, answer)


@click.command()
@click.option("--reset", is_flag=True, help="Start the notebook's sum again at zero.")
@click.pass_obj
def time(call: MagicCall, reset: bool) -> None:
    """Run the cell and say what it took.

    That is wall and CPU time and peak memory, of the cell and in sum over the notebook's timed cells.
    """
    total = {"cells": 0, "wall_s": 0.0, "cpu_s": 0.0, "peak_gb": 0.0}
    if not reset:
        total |= getattr(call.shell, _TOTAL, {})
    meter = Meter()
    try:
        with meter:
            call.run_body()
    finally:
        total["cells"] += 1
        total["wall_s"] += meter.wall_s
        total["cpu_s"] += meter.cpu_s
        total["peak_gb"] = max(total["peak_gb"], meter.peak_gb)
        setattr(call.shell, _TOTAL, total)
        summary = (
            f"{total['cells']} timed cells of this notebook: wall {total['wall_s']:.2f} s, CPU "
            f"{total['cpu_s']:.2f} s, peak memory {total['peak_gb']:.2f} GB"
        )
        facts = {"this cell": meter.facts(), "notebook": {k: round(v, 3) for k, v in total.items()}}
        say(f"{meter}\n{summary}", facts)


CELL_COMMANDS = {"check": check, "time": time, "train": train}
