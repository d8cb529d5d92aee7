"""A saved model on the images of another site: nothing is trained, everything is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medlab import checks, evaluation, models, plots
from medlab.data import Split
from medlab.data.dataset import Dataset
from medlab.evaluation import calibration, intervals
from medlab.evaluation.evaluations import Evaluation, judged
from medlab.evaluation.scoring import Scores
from medlab.models import Bundle
from medlab.reports.case import load_for
from medlab.reports.report_figures import net_benefit, reliability
from medlab.reports.report_text import TITLES
from medlab.text import estimate, percent


class Site(NamedTuple):
    """A saved model, and what it says of all images of a site.

    Attributes
    ----------
    bundle : medlab.models.Bundle
    dataset : medlab.data.Dataset
        All images as its test split, with the labels numbered as the model numbers them.
    measured : medlab.evaluation.Evaluation
        At the model's own threshold.
    scores : medlab.evaluation.Scores
    remark : str
        Which images these are.
    """

    bundle: Bundle
    dataset: Dataset
    measured: Evaluation
    scores: Scores
    remark: str


def open_site(
    model: str | Path,
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    group_rule: str = "auto",
    seed: int = 0,
) -> Site:
    """Read a model folder and the labelled images of a site, and judge the one by the other.

    Parameters
    ----------
    model : path of a model folder
    dataset, data_dir : str or None
        Registered set, or a folder as `medlab.data.load_folder` takes it; neither: simulated nodules on the
        scanner of site B.
    group_rule : str
        Which images of the folder belong together.
    seed : int
        Of resampling, and of simulated patients.

    Returns
    -------
    site : Site

    Raises
    ------
    ValueError
        If the labels are not the classes that the model knows.
    """
    bundle = models.load(Path(model).expanduser())
    facts = bundle.facts
    if data_dir or dataset:
        here = load_for(facts, dataset or "", data_dir, group_rule, seed)
    else:
        few: dict[str, Any] = {"n_train": 1, "n_val": 1, "n_test": 400}
        here = load_for(facts, "simulated_nodules", seed=seed + 1, site="B", **few)
    # Simulated patients of one seed are the same, however many are drawn.
    mine = dataset == facts["dataset"] and (not here.simulated or seed == facts["seed"])
    test_only, remark = _judged(here, facts, mine)
    scores = evaluation.score(bundle, test_only.test.images)
    output = {"test": scores.probabilities.astype(float)}
    threshold = facts["threshold"]
    if test_only.task == "binary" and threshold is None:
        threshold, remark = 0.5, f"{remark} The model folder holds no threshold: 0.5 is taken."
    measured = judged(test_only, output, threshold, "of the model", seed=seed)
    return Site(bundle, test_only, measured, scores, remark)


def _judged(here: Dataset, facts: Mapping[str, Any], mine: bool = False) -> tuple[Dataset, str]:
    """Return a data set whose test split is what may be judged, its classes numbered as the model does."""
    names, positive = tuple(facts["class_names"]), facts.get("positive_class")
    parts = [part for part in here.splits().values() if len(part)]
    remark = "All images are judged, whatever their split: nothing is trained."
    if mine or here.fingerprint == facts["training_data_fingerprint"]:
        parts, remark = [here.test], "The model learned from this very data set: its test images are judged."
    elif here.name == facts["dataset"] and not here.simulated:
        remark += " They bear the name of what the model learned from: if it saw some of them, this flatters."

    def joined(columns: list[Any]) -> Any:
        return None if any(column is None for column in columns) else np.concatenate(columns)

    labels = joined([part.labels for part in parts])
    if here.task in ("binary", "multiclass"):
        for name in (*here.class_names, *names):
            checks.one_of("each class of model and images", name, set(names) & set(here.class_names))
        labels = np.array([names.index(name) for name in here.class_names])[labels]
    shared = sorted(set.intersection(*(set(part.attributes) for part in parts)))
    test = Split(
        joined([part.images for part in parts]), labels, joined([part.patients for part in parts]),
        {name: joined([part.attributes[name] for part in parts]) for name in shared},
    )  # fmt: skip
    none = test.subset(np.arange(0))
    return replace(
        here, train=none, val=none, test=test, class_names=names, published=(),
        positive_class=names.index(positive) if positive else None, fingerprint=here.fingerprint,
    ), remark  # fmt: skip


def site_patients(site: Site) -> list[str]:
    """Say in sentences how these images and results differ from those that the model knows."""
    old, test, unlike = site.bundle.facts["metrics"], site.measured.splits["test"], site.scores.unlike
    told = [site.remark]
    for key, title in {"prevalence": "Share of positive images", **TITLES}.items():
        if key in test:
            here, there = (estimate(known.get(key), known.get(f"{key}_ci")) for known in (test, old))
            own = there if key in old else "not known"
            told.append(f"{title}: {here} here, {own} on the model's own test images.")
    if unlike is not None:
        share = f"{int(unlike.sum()):,} of {len(unlike):,} images ({percent(float(unlike.mean()), 1)})"
        told.append(f"Unlike the training images: {share}. Of images like them it is about one in a hundred.")
    return told


def site_calibration(
    site: Site, share: float = 0.3, seed: int = 0
) -> tuple[list[plots.Picture], list[str], dict[str, Any]]:
    """Show whether the model's calibrated risks come true here, and after recalibration on a part.

    Parameters
    ----------
    site : Site
    share : float in (0, 1)
        Part of the patients on whom a line through the logits is fitted; the others judge it.
    seed : int
        Decides who they are.

    Returns
    -------
    figures : list of Picture
        Reliability before and after on the others, and the decision curve on all.
    sentences : list of str
    numbers : dict
        For ``metrics.json``: ECE with its floor, slope and intercept; empty where nothing can be said.
    """
    risk, truth, patients = site.scores.risk, site.measured.targets["test"], site.measured.patients
    if site.measured.task != "binary" or risk is None:
        return [], ["Calibration needs two classes, and a calibration in the model folder."], {}
    group = intervals.group_numbers(len(truth), patients)
    drawn = np.random.default_rng(seed).permutation(group.max() + 1)
    part = np.isin(group, drawn[: round(share * len(drawn))])
    curves, rest = {"as the folder has it": risk[~part]}, truth[~part]
    numbers: dict[str, Any] = {"ece": calibration.ece(truth, risk)}
    numbers["floor"] = calibration.ece_of_calibrated(risk)[1]
    told = [
        f"Calibration error of the model's own risks: {numbers['ece']:.3f}; of right ones, below "
        f"{numbers['floor']:.3f} nineteen times in twenty."
    ]
    if min(len(np.unique(labels)) for labels in (truth[part], rest)) == 2:
        fitted = calibration.fit("platt", truth[part], risk[part])
        curves["recalibrated"] = fitted.apply(risk[~part])
        before, after = (calibration.ece(rest, values) for values in curves.values())
        floor = calibration.ece_of_calibrated(curves["recalibrated"])[1]
        found = {"ece_before": before, "ece_after": after, "floor": floor}
        numbers["recalibration"] = {"n": int(part.sum()), **fitted.numbers, **found}
        told.append(
            f"Recalibrated on {part.sum():,} images (slope {fitted.numbers['slope']:.2f}, intercept "
            f"{fitted.numbers['intercept']:+.2f} of the logit; 1 and 0 change nothing), on the {len(rest):,} "
            f"others it goes from {before:.3f} to {after:.3f} (right ones: below {floor:.3f})."
        )
    else:
        told.append("It cannot be recalibrated: a part of the patients, or the others, lacks a class.")
    whose = None if patients is None else np.asarray(patients)[~part]
    figures = [reliability(rest, curves, whose), net_benefit(truth, risk, "the model's risk")]
    return figures, told, numbers
