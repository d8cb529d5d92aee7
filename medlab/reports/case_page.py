"""The page on one image: figures and words of a `Case`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from IPython.display import Markdown

from medlab import evaluation, models, plots
from medlab.evaluation import calibration, evidence
from medlab.evaluation.scoring import COVERAGE, NEIGHBORS
from medlab.reports.case import case_results, lines
from medlab.reports.report_text import NOT_A_DEVICE
from medlab.text import escape, estimate, percent

if TYPE_CHECKING:
    from medlab.plots import Picture
    from medlab.reports.case import Case

_MOST_COMPARED, _SIMILAR = 5000, 5  # training images that are looked through, and shown
_METHOD, _MULTIPLY_ADDS = "integrated_gradients", 2e11  # some seconds of two cores
_ADDS_UP = 0.1  # part of the answer that a map may leave unexplained


def case_image(case: Case) -> Picture:
    """Draw the image as the network sees it; of a volume the middle slice."""
    options: dict[str, Any] = {"spacing_mm": case.spacing_mm, "columns": 1, "alt": _title(case)}
    return plots.image_grid(case.images, [_title(case)], **options)


def _title(case: Case) -> str:
    """Return what an image is, how many pixels it has, and in which window it is shown."""
    words = f"{case.subject}, {' × '.join(map(str, case.images.shape[1:-1]))} pixels"
    if window := case.facts.get("window_hu"):
        low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
        words += f", window {low:g} to {high:g} HU"
    return words


def case_answer(case: Case) -> Markdown:
    """Say what the network answers, with what certainty, and what that is worth at the stated prevalence."""
    rows = (f"| {name} | {text} |" for name, text in _answer(case).items())
    return Markdown("\n".join(["| | |", "|:--|:--|", *rows]))


def _answer(case: Case) -> dict[str, str]:
    """Return the rows of the answer, texts by name."""
    result, facts, risks, rows = case_results(case), case.facts, case.scores.risk, {}
    missing = "not known: the model folder has no calibration"
    if facts["task"] == "binary":
        risk = missing if risks is None else f"**{percent(result['risk'])}**"
        if result["interval"]:
            low, high = map(percent, result["interval"])
            count = min(NEIGHBORS, len(facts["neighbors"]["scores"]))
            risk += (
                f"; of the {count} validation images with the nearest outputs {low} to {high} are positive"
            )
        rows[f"risk of {escape(facts['positive_class'])}"] = risk
        rows["the network's own output"] = f"{result['output']:.3f}"
        rows["decision"] = _decision(facts, result)
    elif facts["task"] == "regression":
        rows[escape(", ".join(facts["class_names"]) or "amount")] = f"{result['output']:.4g}"
    else:
        shown = case.scores.probabilities[0] if risks is None else risks[0]
        named = [f"{escape(facts['class_names'][k])} {percent(shown[k])}" for k in np.argsort(-shown)[:5]]
        name = "the network's own outputs, not calibrated" if risks is None else "calibrated probabilities"
        rows |= {name: ", ".join(named), "decision": escape(result["decision"])}
    if values := result["predictive_values"]:
        rates = [
            f"{name} {estimate(facts['metrics'][name], facts['metrics'].get(name + '_ci'), 2)}"
            for name in ("sensitivity", "specificity")
        ]
        right = [
            "nobody is known to be" if share is None else f"{percent(share, 1)} are"
            for share in (values["positive"], values["negative"])
        ]
        rows[f"where {percent(case.prevalence or 0, 1)} are positive"] = (
            f"of the people who are called {right[0]} positive, of the others {right[1]} negative, if "
            f"{' and '.join(rates)}, as on the test images, hold there"
        )
    if (elsewhere := result["risk_at_prevalence"]) is not None:
        rows["this image's risk there"] = f"{percent(elsewhere, 1)}, if nothing but the prevalence differs"
    if (names := result["conformal_set"]) is not None:
        held = ", ".join(map(escape, names)) or "none: it is like none of the validation images"
        rows[f"classes in question (coverage {percent(COVERAGE)})"] = held
    away = result["unlike_training"]
    words = "not known: the model folder does not say what they look like"
    if away["flagged"] is not None:
        words = "**No. Do not rely on the answer**" if away["flagged"] else "yes, as far as can be told"
        words += f" (distance {away['score']:.2f}, limit {away['limit']:g})"
    return rows | {"like the training images?": words}


def _decision(facts: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    if result["decision"] is None:
        return "none: no threshold was chosen"
    reached = "reaches" if result["decision"] == "called" else "does not reach"
    text = f"**{result['decision']}**: the output {reached} the threshold {result['threshold']:.3f}"
    if fitted := facts.get("calibration"):
        at = calibration.Calibration(**fitted).apply([result["threshold"]])[0]
        text += f", which is a risk of {percent(at)}"
    return f"{text} (chosen on validation: {escape(facts.get('threshold_rule') or 'fixed')})"


def case_explanation(case: Case) -> tuple[Picture, Markdown, dict[str, Any]]:
    """Draw what the answer depends on, and say how far the map is to be believed.

    Returns
    -------
    picture : Picture
    words : Markdown
    explanation : dict
        The evidence as plain types, for ``case.json``.
    """
    model, inputs = case.bundle.model, case.bundle.normalize(case.images)
    on = "output" if case.facts["task"] == "regression" else "logit"
    # One image: more steps than in a figure of many, unless the network is large.
    steps = int(np.clip(_MULTIPLY_ADDS / max(1, models.cost(model).multiply_adds), 20, 150))
    maps = evaluation.attribute(_METHOD, model, inputs, on=on, steps=steps)
    curves = evidence.deletion(model, maps)
    tried = evidence.randomized_weights(_METHOD, model, inputs, on=on, steps=10)
    target = None if maps.target is None else case.bundle.target_names[int(maps.target[0])]
    numbers = {
        "completeness_error": np.asarray(maps.relative_error)[0],
        "deletion_area": curves.area[0],
        "deletion_area_random": curves.random_area.mean(),
        "correlation_with_random_network": tried.table["correlation"].iloc[-1],
    }
    found = {name: float(value) if math.isfinite(value) else None for name, value in numbers.items()}
    adds_up = numbers["completeness_error"] < _ADDS_UP
    tests = {
        "adds_up": bool(adds_up),
        "deletion_better_than_random": bool(curves.better[0]),
        "depends_on_the_weights": tried.passes,
    }
    picture = maps.overlay(case.images, [_title(case)], spacing_mm=case.spacing_mm)
    picture.alt = f"{_title(case)}, and below it its map by integrated gradients"
    faster = "faster" if curves.better[0] else "**no faster**"
    another = "another map" if tried.passes else "**much the same map**"
    words = (
        f"Orange pixels spoke for {escape(target or 'a larger value')}, purple ones against. The parts of "
        f"the map add up to the answer but for {percent(numbers['completeness_error'], 1)} of it. Removing "
        f"the most important pixels first lowers the answer {faster} than removing them in random order. A "
        f"network with random weights has {another} (rank correlation "
        f"{numbers['correlation_with_random_network']:.2f})."
    )
    if not all(tests.values()):
        words += " **By this evidence the map should not be relied on.**"
    return picture, Markdown(words), {"method": _METHOD, "target": target, **found, **tests}


def case_similar(case: Case) -> tuple[Picture | Markdown, ...]:
    """Draw the training images most like this one to the network, or say why there are none."""
    import keras

    cohort, absent = case.training_data
    if cohort is None:
        return (Markdown(f"*Left out: {escape(absent)}*"),)
    model, how = case.bundle.model, "their gray values"
    images = cohort.train.images[:_MOST_COMPARED]
    here, there = case.images, images
    if layer := next((layer for layer in model.layers if layer.name == "features"), None):
        network, how = keras.Model(model.input, layer.output), "the features that the network computes"
        here, there = (models.predict(network, case.bundle.normalize, array) for array in (here, there))
    away = (np.asarray(there, np.float64) - here).reshape(len(images), -1)
    nearest = np.argsort(np.linalg.norm(away, axis=1), kind="stable")[:_SIMILAR]
    labels: Any = cohort.train.labels[nearest]
    if cohort.task in ("binary", "multiclass"):
        labels = [plots.short(cohort.class_names[int(label)]) for label in labels]
    titles = [f"{'simulated, ' * cohort.simulated}{label}" for label in labels]
    words = f"The nearest of {len(images):,} training images by {how}, with their labels."
    options: dict[str, Any] = {
        "spacing_mm": cohort.spacing_mm,
        "columns": _SIMILAR,
        "alt": f"{words} {'; '.join(titles)}",
    }
    return plots.image_grid(images[nearest], titles, **options), Markdown(words)


def case_limits(case: Case) -> Markdown:
    """Say what the model was made from and for, and what was done to the image."""
    facts, sizes = case.facts, case.facts.get("split_sizes")
    count = f"{sizes['train']:,} " if sizes else ""
    measured = facts["metrics"]
    known = [key for key in ("auc", "mae") if key in measured]
    result = [f"{key.upper()} {estimate(measured[key], measured.get(key + '_ci'))}" for key in known]
    told = [
        f"The network {escape(facts['network'])} learned from {count}{'**simulated** ' * facts['simulated']}"
        f"images ({escape(facts['dataset'])}), for {escape(facts['intended_use'])}. On their test images: "
        f"{', '.join(result) or 'no result was kept'}.",
        *map(escape, case.notes),
    ]
    return Markdown("\n".join(f"- {line}" for line in told))


def case_headline(case: Case) -> Markdown:
    """Say in a few lines what came out: for the top of the page."""
    return Markdown(f"{NOT_A_DEVICE}\n\n" + "  \n".join(map(escape, lines(case))))
