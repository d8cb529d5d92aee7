"""`medlab predict`: what a saved model says of a file or a folder of images."""

from pathlib import Path

import click
import numpy as np

from medlab import data, evaluation, models
from medlab.cli.console import plain_refusals, say
from medlab.reports.report_page import write_whole


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="A model folder, as reports write it.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("scores.csv"),
    show_default=True,
    help="The table to write, a row an image.",
)
def predict(path: Path, folder: Path, out: Path) -> None:
    """Score the image PATH, or all images in the folder PATH.

    The table names each file as it lies in the folder; give it no name that must not be known.
    """
    with plain_refusals():
        models.check_one_answer(models.model_facts(folder))
        bundle = models.load(folder)
        names, images, notes = data.read_images(path, bundle.model.input_shape[1:])
        scores = evaluation.score(bundle, images)
        table = scores.table()
        if bundle.facts["task"] == "regression":
            table = table.rename(columns={"probability": "amount"})
        table.insert(0, "file", names)
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, table.to_csv(index=False))
    lines = [f"{len(names):,} images scored into {out.name}.", *notes]
    if scores.risk is None and bundle.facts["task"] != "regression":
        lines.append("The model folder holds no calibration: the probabilities are the network's own.")
    if scores.unlike is None:
        lines.append("The model folder cannot tell images of another kind: it had too few validation images.")
    else:
        count = int(np.sum(scores.unlike))
        lines.append(f"Unlike the images that the model learned from: {count:,}. Look at them first.")
    say("\n".join([*lines, "Teaching and research software, not a medical device."]))
