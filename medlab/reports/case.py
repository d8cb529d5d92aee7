"""The report on one image: what a saved model says of it, how far that is to be trusted, and why."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medlab import data, evaluation, metrics, models, training
from medlab.data import downloading
from medlab.evaluation import decision
from medlab.evaluation.scoring import Scores
from medlab.models import Bundle
from medlab.reports.report_page import write_whole

if TYPE_CHECKING:
    from medlab.data.dataset import Dataset
    from medlab.reports.study import Study

_MOST_DRAWN = 3000  # simulated patients that are drawn again to find similar ones: about 8 s


@dataclass(frozen=True)
class Case:
    """One image, and what a saved model says of it.

    Attributes
    ----------
    bundle : medlab.models.Bundle
    images : array, shape (1, ..., C)
        As the network takes it, before normalization.
    scores : medlab.evaluation.Scores
        Of the one image.
    spacing_mm : tuple of float, or None
    subject : str
        What the image is, in words that name nobody.
    notes : tuple of str
    simulated : bool
    prevalence : float or None
        At which the answer is judged; None where nobody stated one and the model folder knows none.
    data_dir, group_rule : str or None, str
        Where the training data are: see `training_data`.
    """

    bundle: Bundle
    images: NDArray[Any]
    scores: Scores
    spacing_mm: tuple[float, ...] | None
    subject: str
    notes: tuple[str, ...]
    simulated: bool
    prevalence: float | None
    data_dir: str | None = None
    group_rule: str = "auto"

    @functools.cached_property
    def training_data(self) -> tuple[Dataset | None, str]:
        """What the network learned from, or why it is not at hand; read when it is first asked for."""
        return training_data(self.facts, self.data_dir, self.group_rule)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the model folder says."""
        return self.bundle.facts


def small_model(folder: Path, seed: int = 0) -> Path:
    """Train a small network on 600 simulated nodules and save it: for a template run as it stands."""
    cohort = data.load("simulated_nodules", n_train=600, n_val=300, n_test=300, seed=seed)
    cohort = data.center_crop(cohort, 32)
    network = models.build("auto", cohort, width=16, seed=seed)
    options: dict[str, Any] = {
        "epochs": 20,
        "batch_size": 32,
        "balance": "none",
        "progress": False,
        "seed": seed,
    }
    run = training.fit(network, cohort, scale="smoke", **options)
    measured = evaluation.evaluate(run.predict, cohort, seed=seed)
    learned = evaluation.learn(run, cohort, measured)
    decided: dict[str, Any] = {
        "threshold": measured.threshold,
        "threshold_rule": measured.threshold_rule or "",
    }
    measures = measured.to_metrics()["test"]
    parts = run.model, cohort, run.normalization
    return models.save(folder, *parts, **decided, learned=learned, metrics=measures, seed=seed)


def open_case(
    model: str | Path,
    image: str,
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    group_rule: str = "auto",
    slice_index: int | None = None,
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
    data_dir : str or None
        Folder that the model learned from, in which to look for similar cases.
    group_rule : str
        With which that folder was split.
    slice_index : int or None
        Of a volume, for a network that reads single images.
    prevalence : float or None
        Share of positive people where the answer is used; None: that of the model's test images.

    Returns
    -------
    case : Case
    """
    bundle = models.load(Path(model).expanduser())
    facts = bundle.facts
    simulated, name = False, dataset or facts["dataset"]
    if image.isdecimal():
        one = _of_set(name, int(image), facts)
        simulated = data.describe(name).simulated
        subject = f"{'SIMULATED test' if simulated else 'Test'} image {image} of {name}"
    else:
        one, subject = data.read_one(image, facts, slice_index), "An image of your own"
    if prevalence is None:
        prevalence = facts["metrics"].get("prevalence")
    scores, notes = evaluation.score(bundle, one.images), tuple(one.notes)
    known = subject, notes, simulated, prevalence, data_dir, group_rule
    return Case(bundle, one.images, scores, one.spacing_mm, *known)


def _of_set(name: str, number: int, facts: Mapping[str, Any]) -> data.OneImage:
    """Return a test image of a registered set; of a simulated one only the images up to it are drawn."""
    few: dict[str, Any] = (
        {"n_train": 1, "n_val": 1, "n_test": number + 1} if data.describe(name).simulated else {}
    )
    side = None if few else facts["input_shape"][0]
    cohort = as_taken(data.load(name, seed=facts["seed"], size=side, **few), facts)
    return data.OneImage(cohort.test.images[[number]], cohort.spacing_mm, [])


def as_taken(cohort: Dataset, facts: Mapping[str, Any]) -> Dataset:
    """Return simulated images as the network takes them: it may have learned from their middle alone."""
    side = facts["input_shape"][0]
    return cohort if cohort.image_shape[0] == side else data.center_crop(cohort, side)


def training_data(
    facts: Mapping[str, Any], data_dir: str | None = None, group_rule: str = "auto"
) -> tuple[Dataset | None, str]:
    """Return what a model learned from, where it is at hand and unchanged, or why it is not."""
    name, shape, sizes = facts["dataset"], facts["input_shape"], facts.get("split_sizes", {})
    if data_dir:
        taken: dict[str, Any] = {"image_size": tuple(shape[:2]), "color": shape[-1] == 3}
        cohort = data.load_folder(data_dir, group_rule=group_rule, seed=facts["seed"], **taken)
    elif name not in data.registered():
        return None, "data_dir can name the folder that the model learned from."
    elif data.describe(name).simulated:
        if not sizes or sum(sizes.values()) > _MOST_DRAWN:
            return None, "the simulated patients are too many, or of unknown number, to be drawn again here."
        counts = {f"n_{part}": count for part, count in sizes.items()}
        cohort = as_taken(data.load(name, seed=facts["seed"], **counts), facts)
    elif shape[0] not in data.describe(name).sizes or not downloading.find(name, shape[0]):
        return None, f"{name} is not on this machine."
    else:
        cohort = data.load(name, size=shape[0])
    if cohort.fingerprint != facts["training_data_fingerprint"]:
        return None, "the images at hand are not those that the model learned from (another fingerprint)."
    return cohort, ""


def case_results(case: Case) -> dict[str, Any]:
    """Return what is known of a case as plain types, None for what is not."""
    scores, facts = case.scores, case.facts
    names, task, measured = facts["class_names"], facts["task"], facts["metrics"]
    output: Any = scores.probabilities[0].tolist()
    risk: Any = None if scores.risk is None else scores.risk[0].tolist()
    chosen, values, elsewhere = None, None, None
    if task == "multiclass":
        chosen = names[int(np.argmax(output))]
    elif task == "multilabel":
        chosen = " | ".join(n for n, p in zip(names, output, strict=True) if p >= 0.5) or "no finding"
    elif scores.called is not None:
        chosen = "called" if scores.called[0] else "not called"
        if "sensitivity" in measured and case.prevalence is not None:
            rates = measured["sensitivity"], measured["specificity"], case.prevalence
            told = zip(("positive", "negative"), metrics.predictive_values(*rates), strict=True)
            values = {name: value if math.isfinite(value) else None for name, value in told}
    if isinstance(risk, float) and case.prevalence:
        share = float(np.mean(facts["neighbors"]["positive"]))
        elsewhere = float(decision.prior_correction([risk], share, case.prevalence)[0])
    away, unlike = scores.distance, scores.unlike
    ends = None if scores.low is None or scores.high is None else (scores.low, scores.high)
    return {
        "output": output if np.ndim(output) == 0 else dict(zip(names, output, strict=True)),
        "risk": risk if risk is None or np.ndim(risk) == 0 else dict(zip(names, risk, strict=True)),
        "interval": None if ends is None else [float(end[0]) for end in ends],
        "threshold": facts.get("threshold"),
        "decision": chosen,
        "prevalence": case.prevalence,
        "predictive_values": values,
        "risk_at_prevalence": elsewhere,
        "conformal_set": scores.names(0),
        "unlike_training": {
            "flagged": None if unlike is None else bool(unlike[0]),
            "score": None if away is None else float(away[0]),
            "limit": None if away is None else 1.0,
        },
    }


def lines(case: Case) -> list[str]:
    """Return the result in plain text, a line a fact."""
    result, positive = case_results(case), case.facts.get("positive_class")
    told = [f"{case.subject}, read by a model of {case.facts['dataset']}"]
    if positive:
        risk = "not known, for the model folder has no calibration"
        if result["risk"] is not None:
            seen = "{:.2f} to {:.2f}".format(*result["interval"])
            risk = f"{result['risk']:.2f} (share of positive ones seen near it on validation: {seen})"
        told.append(f"  Risk of {positive}: {risk}")
    elif result["decision"] is None:
        told.append(f"  Amount: {result['output']:.4g}")
    if result["decision"]:
        at = "" if result["threshold"] is None else f" (threshold {result['threshold']:.3g} of the output)"
        told.append(f"  Decision: {result['decision']}{at}")
    if result["conformal_set"] is not None:
        told.append(f"  Classes in question: {', '.join(result['conformal_set']) or 'none'}")
    if result["unlike_training"]["flagged"]:
        told.append("  WARNING: the image is unlike the training images. Do not rely on the answer.")
    return told


def write_case(study: Study, case: Case, explanation: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``case.json`` into the study's folder, and return it; null stands for what is not known."""
    facts, wanted = case.facts, ("network", "task", "dataset", "simulated", "class_names", "positive_class")
    content = {
        "schema": 1,
        "report": study.name,
        "subject": case.subject,
        "simulated": case.simulated,
        "image_fingerprint": hashlib.sha256(np.ascontiguousarray(case.images).data).hexdigest()[:16],
        **case_results(case),
        "explanation": dict(explanation),
        "similar_cases_left_out": case.training_data[1] or None,
        "model": {name: facts[name] for name in (*wanted, "training_data_fingerprint", "seed")},
        "parameters": study.values,
        "notes": list(case.notes),
        "summary": [*lines(case), "Teaching and research software, not a medical device."],
    }
    write_whole(study.folder / "case.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content
