"""The page on one image: figures and words of a `Case`."""

from __future__ import annotations

from typing import Any

import numpy as np
from IPython.display import Markdown

from medlab import evaluation, models, plots
from medlab.data.dataset import Dataset
from medlab.evaluation import evidence, likeness
from medlab.evaluation.evaluations import plain
from medlab.reports.case import Case, answer
from medlab.reports.marked_series import measure_finding, measures_table, write_masks
from medlab.reports.report_figures import truth_words
from medlab.reports.report_text import TITLES, bullets, markdown, table
from medlab.reports.study import Study
from medlab.text import escape, estimate, percent

_MOST_COMPARED, _SIMILAR = 5000, 5  # training images that are looked through, and shown
_METHOD, _MULTIPLY_ADDS = "integrated_gradients", 2e11  # some seconds of two cores
_ADDS_UP = 0.1  # part of the answer that a map may leave unexplained


def case_answer(case: Case) -> Markdown:
    """Say what the network answers, with what certainty, and what that is worth at the stated prevalence."""
    first, more = answer(case)
    rows = [[f"**{escape(name)}**", escape(text)] for name, text in first.items()]
    rows += [[escape(name), escape(text)] for name, text in more.items()]
    return markdown(*table(["", ""], rows))


def case_explanation(case: Case) -> tuple[plots.Picture, Markdown, dict[str, Any]]:
    """Draw what the answer depends on, and say how far the map is to be believed.

    Returns
    -------
    picture : Picture
    words : Markdown
    explanation : dict
        The evidence as plain types, for ``case.json``.
    """
    model, facts, (images, spacing_mm, _) = case.bundle.model, case.bundle.facts, case.image
    inputs = case.bundle.normalize(images)
    on = "output" if facts["task"] == "regression" else "logit"
    # One image: more steps than in a figure of many, unless the network is large.
    steps = int(np.clip(_MULTIPLY_ADDS / max(1, models.cost(model).multiply_adds), 20, 150))
    maps = evaluation.attribute(_METHOD, model, inputs, on=on, steps=steps)
    title = f"{case.subject}, {' × '.join(map(str, images.shape[1:-1]))} pixels"
    if spacing_mm and (window := facts.get("window_hu")):  # a picture tells neither
        title += f", window {window[0] - window[1] / 2:g} to {window[0] + window[1] / 2:g} HU"
    picture = maps.overlay(images, [title], spacing_mm=spacing_mm)
    picture.alt = f"{title}, and below it its map by integrated gradients"
    curves = evidence.deletion(model, maps)
    tried = evidence.randomized_weights(_METHOD, model, inputs, on=on, steps=10)
    found = {
        "method": _METHOD,
        "target": None if maps.target is None else case.bundle.target_names[int(maps.target[0])],
        "completeness_error": np.asarray(maps.relative_error)[0],
        "deletion_area": curves.area[0],
        "deletion_area_random": curves.random_area.mean(),
        "correlation_with_random_network": tried.table["correlation"].iloc[-1],
    }
    tests = {
        "adds_up": found["completeness_error"] < _ADDS_UP,
        "deletion_better_than_random": curves.better[0],
        "depends_on_the_weights": tried.passes,
    }
    faster = "faster" if curves.better[0] else "**no faster**"
    another = "another map" if tried.passes else "**much the same map**"
    words = (
        f"Orange pixels spoke for {escape(found['target'] or 'a larger value')}, purple ones against. The "
        f"parts of the map add up to the answer but for {percent(found['completeness_error'], 1)} of it. "
        f"Removing the most important pixels first lowers the answer {faster} than removing them in random "
        f"order. A network with random weights has {another} (rank correlation "
        f"{found['correlation_with_random_network']:.2f})."
    )
    if np.isnan(found["completeness_error"]):
        words = "The answer is the one to a mean gray image, so that a map has nothing to explain."
    if not all(tests.values()):
        words += " **By this evidence the map should not be relied on.**"
    return picture, Markdown(words), plain({**found, **tests})


def case_similar(case: Case, cohort: Dataset | None, absent: str) -> tuple[plots.Picture | Markdown, ...]:
    """Draw the training images most like this one to the network, or say why there are none."""
    if cohort is None:
        return (Markdown(f"*Left out: {escape(absent)}*"),)
    images, how = cohort.train.images[:_MOST_COMPARED], "the features that the network computes"
    network = case.bundle.model, case.bundle.normalize
    here, there = (likeness.features(*network, array) for array in (case.image.images, images))
    if here is None or there is None:
        here, there, how = case.image.images, np.asarray(images, np.float64), "their gray values"
    away = (there - here).reshape(len(images), -1)
    nearest = np.argsort(np.linalg.norm(away, axis=1), kind="stable")[:_SIMILAR]
    titles = [truth_words(cohort, label) for label in cohort.train.labels[nearest]]
    words = f"The nearest of {len(images):,} training images by {how}, with their labels."
    options: dict[str, Any] = {"columns": _SIMILAR, "alt": f"{words} {'; '.join(titles)}"}
    picture = plots.image_grid(images[nearest], titles, spacing_mm=cohort.spacing_mm, **options)
    return picture, Markdown(words)


def case_limits(case: Case) -> Markdown:
    """Say what the model was made from and for, and what was done to the image."""
    facts, measured = case.bundle.facts, case.bundle.facts["metrics"]
    count = f"{facts['split_sizes']['train']:,} " if facts.get("split_sizes") else ""
    known = [key for key in ("auc", "sensitivity", "specificity", "mae") if key in measured]
    result = [f"{TITLES[key]} {estimate(measured[key], measured.get(key + '_ci'))}" for key in known]
    model = (
        f"The network {escape(facts['network'])} learned from {count}{'**simulated** ' * facts['simulated']}"
        f"images ({escape(facts['dataset'])}), for {escape(facts['intended_use'])}. On their test images: "
        f"{', '.join(result) or 'no result was kept'}."
    )
    return markdown(*bullets([model, *map(escape, case.image.notes)]))


def case_findings(study: Study, case: Case) -> tuple[list[Any], list[dict[str, Any]]]:
    """Measure what was marked, and write its masks as ``segmentation.dcm`` where the series is DICOM.

    Returns
    -------
    shown : list
        What the page shows; nothing where nothing was marked.
    measured : list of dict
        A row a finding, in plain types, for ``case.json``.
    """
    if case.marked is None:
        return [], []
    series, findings, chosen = case.marked
    measured = [measure_finding(finding, series) for finding in findings]
    masks = {finding.name: finding.mask for finding in findings if finding.mask is not None}
    written = write_masks(study.folder, masks, series, "lesion")  # contours may be of anything
    words = [f"The network read {findings[chosen].name}.", *(row["note"] for row in measured), written]
    heading = Markdown("## What was marked, in mm and ml")
    return [heading, measures_table(measured), Markdown(" ".join(filter(None, words)))], measured
