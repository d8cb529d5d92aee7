"""The report on one image: what a saved model says of it, how far that is to be trusted, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medlab import data, evaluation, metrics, models, training
from medlab.data import downloading
from medlab.data.dataset import Dataset
from medlab.evaluation import calibration, decision
from medlab.evaluation.evaluations import plain
from medlab.evaluation.scoring import COVERAGE, Scores, nearest_count
from medlab.models import Bundle
from medlab.reports.marked_series import Marked, read_marked
from medlab.reports.report_page import write_whole
from medlab.reports.study import Study
from medlab.text import percent

_MOST_DRAWN = 3000  # simulated patients that are drawn again to find similar ones: about 8 s


class Case(NamedTuple):
    """One image, and what a saved model says of it.

    Attributes
    ----------
    bundle : medlab.models.Bundle
    image : medlab.data.OneImage
        As the network takes it, before normalization.
    scores : medlab.evaluation.Scores
        Of the one image.
    subject : str
        What the image is, in words that name nobody.
    simulated : bool
    prevalence : float or None
        At which the answer is judged; None where nobody stated one and the model folder knows none.
    marked : Marked or None
        What a reader marked in the series that the image was cut out of.
    """

    bundle: Bundle
    image: data.OneImage
    scores: Scores
    subject: str
    simulated: bool
    prevalence: float | None
    marked: Marked | None = None


def small_model(folder: Path, seed: int = 0) -> Path:
    """Train a small network on 600 simulated nodules and save it: for a template run as it stands."""
    cohort = data.load("simulated_nodules", n_train=600, n_val=300, n_test=300, seed=seed)
    cohort = data.center_crop(cohort, 32)
    network = models.build("auto", cohort, width=16, seed=seed)
    options: dict[str, Any] = {"epochs": 20, "batch_size": 32, "balance": "none", "scale": "smoke"}
    run = training.fit(network, cohort, seed=seed, progress=False, **options)
    measured = evaluation.evaluate(run.predict, cohort, seed=seed)
    return models.save(
        folder, run.model, cohort, run.normalization, threshold=measured.threshold,
        threshold_rule=measured.threshold_rule or "", learned=evaluation.learn(run, cohort, measured),
        metrics=measured.to_metrics()["test"], seed=seed,
    )  # fmt: skip


def open_case(
    model: str | Path,
    image: str,
    *,
    dataset: str | None = None,
    slice_index: int | None = None,
    contours: str | None = None,
    finding: int = 1,
    allow_missing: bool = False,
    prevalence: float | None = None,
) -> Case:
    """Read a model folder and one image, and ask the one about the other.

    Parameters
    ----------
    model : path of a model folder
    image : str
        Path of a picture, DICOM series or NIfTI file (see `medlab.data.read_one`); or the number of a test
        image of `dataset`.
    dataset : str or None
        Registered set; None: the one that the model learned from.
    slice_index : int or None
        Of a volume, for a network that reads single images.
    contours : str or None
        Path of what a reader marked in the series `image`; see `medlab.data.volumes.read_contours`.
    finding : int
        Which of that the network reads, from 1: see `medlab.data.crop_around`.
    allow_missing : bool
        Whether contours on slices that the series does not have are left out, and counted.
    prevalence : float or None
        Share of positive people where the answer is used; None: that of the model's test images.

    Returns
    -------
    case : Case
    """
    bundle = models.load(Path(model).expanduser())
    facts, simulated, subject = bundle.facts, False, "An image of your own"
    marked = None
    if contours:
        one, marked = read_marked(image, facts, contours, finding, allow_missing=allow_missing)
        subject = f"{marked.findings[marked.chosen].name.capitalize()} in a series of your own"
    elif image.isdecimal():
        name, number = dataset or facts["dataset"], int(image)
        counts: dict[str, Any] = {}
        subject = f"Test image {image} of {name}"
        if simulated := data.describe(name).simulated:
            counts = {"n_train": 1, "n_val": 1, "n_test": number + 1}  # no more are drawn than are needed
            subject = f"SIMULATED test image {image} of {name}"
        cohort = load_for(facts, name, seed=facts["seed"], **counts)
        one = data.OneImage(cohort.test.images[[number]], cohort.spacing_mm, [])
    else:
        one = data.read_one(image, facts, slice_index)
    if prevalence is None:
        prevalence = facts["metrics"].get("prevalence")
    return Case(bundle, one, evaluation.score(bundle, one.images), subject, simulated, prevalence, marked)


def load_for(
    facts: Mapping[str, Any],
    name: str,
    data_dir: str | None = None,
    group_rule: str = "auto",
    seed: int = 0,
    **options: Any,
) -> Dataset:
    """Return a folder, or a registered set, in the shape that a saved network takes."""
    shape = facts["input_shape"]
    if data_dir:
        fitting: dict[str, Any] = {"image_size": tuple(shape[:2]), "color": shape[-1] == 3}
        # Split by the model's seed: of the folder that it learned from, its own test images come again.
        return data.load_folder(data_dir, group_rule=group_rule, seed=facts["seed"], **fitting)
    size = None if data.describe(name).simulated else shape[0]
    cohort = data.load(name, seed=seed, size=size, **options)
    # From simulated images, it may have learned from their middle alone.
    return cohort if cohort.image_shape[0] == shape[0] else data.center_crop(cohort, shape[0])


def training_data(
    facts: Mapping[str, Any], data_dir: str | None = None, group_rule: str = "auto"
) -> tuple[Dataset | None, str]:
    """Return what a model learned from, or why it is not at hand.

    Parameters
    ----------
    facts : mapping
        Of the model folder.
    data_dir : str or None
        Folder that the model learned from; None: the registered set of that name.
    group_rule : str
        With which that folder was split.

    Returns
    -------
    cohort : Dataset or None
        With the fingerprint that the model folder remembers.
    absent : str
        Why it is None.
    """
    name, side = facts["dataset"], facts["input_shape"][0]
    counts: dict[str, Any] = {}
    if not data_dir:
        if name not in data.registered():
            return None, "data_dir can name the folder that the model learned from."
        known, sizes = data.describe(name), facts.get("split_sizes", {})
        counts = {f"n_{part}": count for part, count in sizes.items()} if known.simulated else {}
        if known.simulated and not 0 < sum(counts.values()) <= _MOST_DRAWN:
            return None, "the simulated patients are too many, or of unknown number, to be drawn again here."
        if not known.simulated and (side not in known.sizes or not downloading.find(name, side)):
            return None, f"{name} is not on this machine."
    cohort = load_for(facts, name, data_dir, group_rule, facts["seed"], **counts)
    if cohort.fingerprint != facts["training_data_fingerprint"]:
        return None, "the images at hand are not those that the model learned from (another fingerprint)."
    return cohort, ""


def case_results(case: Case) -> dict[str, Any]:
    """Return what is known of a case as plain types, None for what is not."""
    facts, known = case.bundle.facts, case.scores.table().to_dict("records")[0]
    names, task, measured = facts["class_names"], facts["task"], facts["metrics"]
    output = case.scores.probabilities[0]
    chosen, values, elsewhere = None, None, None
    if task == "multiclass":
        chosen = names[int(output.argmax())]
    elif task == "multilabel":
        chosen = " | ".join(compress(names, output >= 0.5)) or "no finding"
    elif "called" in known:
        chosen = "called" if known["called"] else "not called"
        if "sensitivity" in measured and case.prevalence is not None:
            rates = measured["sensitivity"], measured["specificity"], case.prevalence
            values = dict(zip(("positive", "negative"), metrics.predictive_values(*rates), strict=True))
    if task == "binary" and "risk" in known and case.prevalence:
        share = float(np.mean(facts["neighbors"]["positive"]))
        elsewhere = decision.prior_correction([known["risk"]], share, case.prevalence)[0]

    def by_class(name: str) -> Any:
        several = {label: known.get(f"{name} {label}") for label in names}
        return known.get(name) if None in several.values() else several

    return plain({
        "output": by_class("probability"),
        "risk": by_class("risk"),
        "interval": [known["low"], known["high"]] if "low" in known else None,
        "threshold": facts.get("threshold"),
        "decision": chosen,
        "prevalence": case.prevalence,
        "predictive_values": values,
        "risk_at_prevalence": elsewhere,
        "conformal_set": case.scores.names(0),
        "unlike_training": {
            "flagged": known.get("unlike"),
            "score": known.get("distance"),
            "limit": 1.0 if "distance" in known else None,
        },
    })  # fmt: skip


def answer(case: Case) -> tuple[dict[str, str], dict[str, str]]:
    """Return the answer in words, texts by what they tell: what comes first, and what stands behind it."""
    result, facts, first, more = case_results(case), case.bundle.facts, {}, {}
    if facts["task"] == "binary":
        first[f"risk of {facts['positive_class']}"] = _risk(result, facts)
        more["the network's own output"] = f"{result['output']:.3f}"
        first["decision"] = _decision(result, facts)
    elif facts["task"] == "regression":
        first[", ".join(facts["class_names"]) or "amount"] = f"{result['output']:.4g}"
    else:
        name = "calibrated probabilities" if result["risk"] else "the network's own outputs, not calibrated"
        shown = sorted((result["risk"] or result["output"]).items(), key=lambda pair: -pair[1])[:5]
        more[name] = ", ".join(f"{label} {percent(share)}" for label, share in shown)
        first["decision"] = result["decision"]
    if values := result["predictive_values"]:
        shares = ("an unknown share" if share is None else percent(share, 1) for share in values.values())
        text = "of the people who are called {} are positive, of the others {} are negative".format(*shares)
        more[f"where {percent(case.prevalence or 0, 1)} are positive"] = text
    if (elsewhere := result["risk_at_prevalence"]) is not None:
        more["this image's risk there"] = f"{percent(elsewhere, 1)}, if nothing but the prevalence differs"
    if (names := result["conformal_set"]) is not None:
        held = ", ".join(names) or "none: it is like none of the validation images"
        first[f"classes in question (coverage {percent(COVERAGE)})"] = held
    away = result["unlike_training"]
    if away["flagged"] is None:
        more["like the training images?"] = "not known: the model folder does not say what they look like"
        return first, more
    far = f"(distance {away['score']:.2f}, limit {away['limit']:g})"
    if away["flagged"]:
        first["WARNING"] = f"the image is unlike the training images {far}. Do not rely on the answer"
    else:
        more["like the training images?"] = f"yes, as far as can be told {far}"
    return first, more


def _risk(result: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if result["risk"] is None:
        return "not known: the model folder has no calibration"
    text = percent(result["risk"])
    if result["interval"]:
        low, high = map(percent, result["interval"])
        count = nearest_count(len(facts["neighbors"]["scores"]))
        text += f"; of the {count} validation images with the nearest outputs {low} to {high} are positive"
        if not result["interval"][0] <= result["risk"] <= result["interval"][1]:
            text += ". The risk lies outside of that, for it comes from a curve through all of validation"
    return text


def _decision(result: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if result["decision"] is None:
        return "none: no threshold was chosen"
    reached = "reaches" if result["decision"] == "called" else "does not reach"
    text = f"{result['decision']}: the output {reached} the threshold {result['threshold']:.3f}"
    if fitted := facts.get("calibration"):
        at = calibration.Calibration(**fitted).apply([result["threshold"]])[0]
        text += f", which is a risk of {percent(at)}"
    return f"{text} (chosen on validation: {facts.get('threshold_rule') or 'fixed'})"


def lines(case: Case) -> list[str]:
    """Return the result in plain text, a line a fact."""
    title = f"{case.subject}, read by a model of {case.bundle.facts['dataset']}"
    return [title, *(f"  {name}: {text}." for name, text in answer(case)[0].items())]


def write_case(
    study: Study,
    case: Case,
    explanation: Mapping[str, Any],
    similar_left_out: str = "",
    measured: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Write ``case.json`` into the study's folder, and return it; null stands for what is not known."""
    wanted = "network task dataset simulated class_names positive_class training_data_fingerprint seed"
    content = {
        "schema": 1,
        "report": study.name,
        "subject": case.subject,
        "simulated": case.simulated,
        "image_fingerprint": hashlib.sha256(np.ascontiguousarray(case.image.images).data).hexdigest()[:16],
        **case_results(case),
        "findings": plain([dict(row) for row in measured]),
        "explanation": dict(explanation),
        "similar_cases_left_out": similar_left_out or None,
        "model": {name: case.bundle.facts[name] for name in wanted.split()},
        "parameters": study.values,
        "notes": case.image.notes,
        "summary": [*lines(case), "Teaching and research software, not a medical device."],
    }
    write_whole(study.folder / "case.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content
