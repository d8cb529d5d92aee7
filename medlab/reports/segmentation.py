"""The study of a segmentation: what a network's masks are worth on the test images, case by case."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab import plots
from medlab.data.dataset import Dataset, Split
from medlab.data.volumes import Volume
from medlab.evaluation import segmentation
from medlab.evaluation.evaluations import Evaluation, measure_name
from medlab.text import estimate
from medlab.training.run import Run

_SIZES = {"ml": "volume (ml)", "mm2": "area (mm²)", "px": "size (pixels)"}
_TOGETHER = "mean of all labels"
_SHOWN = 6


class Segmented(NamedTuple):
    """What a network marked on the test images, and how well.

    Attributes
    ----------
    dataset : medlab.data.Dataset
    answers : uint8 array, shape (N, H, W) or (N, Z, Y, X)
        The most probable class of each pixel; 0 in the padding.
    cases : DataFrame, one row for each test image and label
        ``id`` (split and number in it, which name nobody), ``case``, ``label``, the measures of
        `medlab.evaluation.segmentation.compare`, and ``true_size`` and ``predicted_size``, in `size_unit`.
        Units end the names of the others: mm, and ml or mm2, where the spacing is known, else px.
    means : DataFrame
        As `medlab.evaluation.segmentation.summary` gives them; with several labels their mean comes last.
    evaluation : medlab.evaluation.Evaluation
        The last label's means as measures of the test split, for ``metrics.json``.
    size_unit : "ml", "mm2" or "px"
    """

    dataset: Dataset
    answers: NDArray[np.uint8]
    cases: pd.DataFrame
    means: pd.DataFrame
    evaluation: Evaluation
    size_unit: str


def judge_masks(run: Run, dataset: Dataset, seed: int = 0) -> Segmented:
    """Compare what a network marks on the test images with their masks, without the padding.

    Parameters
    ----------
    run : medlab.training.Run
    dataset : medlab.data.Dataset
    seed : int
        Of resampling the cases, or the patients where they are known.

    Returns
    -------
    segmented : Segmented
    """
    test, labels = dataset.test, dict(enumerate(dataset.class_names[1:], 1))
    answers = np.stack([run.predict(image[np.newaxis])[0].argmax(axis=-1) for image in test.images])
    axes = test.labels.ndim - 1
    known = dataset.spacing_mm or "spacing_mm" in test.attributes
    size_unit = ("ml" if axes == 3 else "mm2") if known else "px"
    spacings = test.attributes.get("spacing_mm", [dataset.spacing_mm or (1.0,) * axes] * len(test))

    for answer, unpadded in zip(answers, test.unpadded, strict=True):
        inside = np.zeros(answer.shape, bool)
        inside[unpadded] = True
        answer[~inside] = 0  # in the padding, which no figure shall show

    def volumes(masks: NDArray[Any]) -> list[Volume]:
        triples = zip(masks, test.unpadded, spacings, strict=True)
        cut = [(mask[unpadded], tuple(spacing)) for mask, unpadded, spacing in triples]
        # A single image is a volume of one slice, 1 mm thick: its mm³ are mm².
        return [Volume(m, mm) if axes == 3 else Volume(m[np.newaxis], (1.0, *mm)) for m, mm in cut]

    truths = volumes(test.labels)
    found = segmentation.segmentation_table(truths, volumes(answers), labels)
    groups = found.groupby("case")[list(segmentation.MEASURES)].mean().assign(label=_TOGETHER)
    both = pd.concat([found, groups]) if len(labels) > 1 else found
    means = segmentation.summary(both, test.patients, seed=seed)
    factor, distance = (1 if size_unit == "ml" else 1000), "mm" if known else "px"
    new = {name: name.replace("_mm", f"_{distance}") for name in segmentation.MEASURES}
    new |= {"volume_error_ml": f"size_error_{size_unit}", "relative_volume_error": "relative_size_error"}
    means.loc[means["measure"] == "volume_error_ml", ["mean", "low", "high"]] *= factor
    means["measure"] = means["measure"].map(new)
    found["volume_error_ml"] *= factor
    voxels = [(truth.array == k).sum() * np.prod(truth.spacing_mm) for truth in truths for k in labels]
    found["true_size"] = np.array(voxels) / 1000 * factor
    found["predicted_size"] = found["true_size"] + found["volume_error_ml"]
    found.insert(0, "id", [f"test-{case:05d}" for case in found["case"]])
    cases = found.rename(columns=new)
    evaluation = Evaluation(
        dataset.name, dataset.task, dataset.class_names, None, {"test": _measures(means, test)}, {}, {}
    )
    return Segmented(dataset, answers.astype(np.uint8), cases, means, evaluation, size_unit)


def _measures(means: pd.DataFrame, test: Split) -> dict[str, Any]:
    """Return the measures of the test split: each mean with its interval, or why there is none."""
    by_label = {str(label): part.set_index("measure") for label, part in means.groupby("label", sort=False)}
    last = list(by_label.values())[-1]
    measured: dict[str, Any] = {"n": len(test), "resamples_skipped": 0}
    for row in last.reset_index().to_dict("records"):
        span = None if row["reason"] else [row["low"], row["high"]]
        measured |= {row["measure"]: row["mean"], f"{row['measure']}_ci": span}
    measured["ci_reasons"] = {name: reason for name, reason in last["reason"].items() if reason}
    measured["cases_left_out"] = last["left_out"].to_dict()
    measured["labels"] = {label: part["mean"].to_dict() for label, part in by_label.items()}
    return {**measured, "resampled": "images" if test.patients is None else "patients"}


def mask_table(segmented: Segmented) -> pd.DataFrame:
    """Return the mean of each measure over the test cases, with its interval, label by label."""
    rows = [
        {
            "measure": measure_name(row["measure"], "segmentation"),
            "mean (95 % interval)": estimate(row["mean"], (row["low"], row["high"])),
            "cases": row["cases"],
            "without a value": row["left_out"],
            "why no interval": row["reason"],
        }
        for row in segmented.means.to_dict("records")
    ]
    return pd.DataFrame(rows, index=segmented.means["label"].tolist())


def mask_findings(segmented: Segmented) -> list[str]:
    """Say in sentences, plain text, how large Dice is for each label, and how many masks were empty."""
    told = []
    dice = segmented.means[segmented.means["measure"] == "dice"].set_index("label")
    for label, part in segmented.cases.groupby("label", sort=False):
        row: Any = dice.loc[str(label)]
        there, marked = part["true_size"] > 0, part["predicted_size"] > 0
        told.append(
            f"{label}: mean Dice {estimate(row['mean'], (row['low'], row['high']))}. Of the {there.sum()} "
            f"cases with it, nothing was marked in {(there & ~marked).sum()}; of the {(~there).sum()} "
            f"without it, something was marked in {(~there & marked).sum()}."
        )
    return told


def mask_samples(dataset: Dataset, seed: int = 0) -> plots.Picture:
    """Draw training images at random, each with the outline of its mask."""
    index = np.random.default_rng(seed).permutation(len(dataset.train))[:_SHOWN]
    names = ["simulated" if dataset.simulated else f"train-{number:05d}" for number in index]
    return _outlined(dataset, dataset.train, index, {"mask": dataset.train.labels}, names)


def mask_examples(segmented: Segmented) -> list[plots.Picture]:
    """Draw the test cases with the lowest Dice, and those nearest to the median, with both outlines."""
    dataset, pictures = segmented.dataset, []
    dice = segmented.cases.groupby("case")["dice"].mean().dropna().sort_values()
    orders = {"worst": dice, "typical": dice.loc[(dice - dice.median()).abs().sort_values().index]}
    masks = {"truth": dataset.test.labels, "network": segmented.answers}
    for kind, chosen in orders.items():
        first = chosen[:_SHOWN]
        word = "simulated, " * dataset.simulated + kind
        titles = [f"{word}: Dice {value:.2f} (test-{case:05d})" for case, value in first.items()]
        if len(first):
            pictures.append(_outlined(dataset, dataset.test, first.index.to_numpy(), masks, titles))
    return pictures


def _outlined(
    dataset: Dataset, split: Split, index: NDArray[Any], masks: dict[str, NDArray[Any]], titles: list[str]
) -> plots.Picture:
    """Draw images with outlines; of a volume, the slice in which the first mask is largest."""
    images, drawn = split.images[index], {name: mask[index] for name, mask in masks.items()}
    if images.ndim == 5:
        areas = [(mask > 0).mean(axis=(2, 3)) for mask in drawn.values()]
        # Of the truth; of the answer where the truth is empty.
        fullest = sum(area / 1e6**rank for rank, area in enumerate(areas)).argmax(axis=1)
        each = np.arange(len(index)), fullest
        titles = [f"{title}; slice {z + 1}" for title, z in zip(titles, fullest, strict=True)]
        images, drawn = images[each], {name: mask[each] for name, mask in drawn.items()}
    picture = plots.image_grid(images, titles, spacing_mm=dataset.spacing_mm, columns=3)
    return plots.add_outlines(picture, drawn)


def mask_figures(segmented: Segmented) -> plots.Picture:
    """Draw Dice, the 95 % Hausdorff distance and the predicted size of each case against its true size."""
    parts = {str(label): part for label, part in segmented.cases.groupby("label", sort=False)}
    distance = next(name for name in map(str, segmented.cases) if name.startswith("hd95"))
    size = _SIZES[segmented.size_unit]
    names = {"dice": "Dice", distance: measure_name(distance, ""), "predicted_size": f"predicted {size}"}
    return plots.dots(
        {label: part["true_size"] for label, part in parts.items()},
        {text: {label: part[name] for label, part in parts.items()} for name, text in names.items()},
        x_label=f"true {size}",
        diagonal=names["predicted_size"],
    )
