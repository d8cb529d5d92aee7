"""The words of a report: what the data are, what came out, beside what, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from IPython.display import Markdown
from numpy.typing import NDArray

from medlab import checks, data, plots
from medlab.data.dataset import Dataset
from medlab.evaluation import errors
from medlab.evaluation.evaluations import Evaluation
from medlab.models.card import FEWEST
from medlab.reports.study import Study
from medlab.text import counted, escape, estimate, percent
from medlab.training.run import Run

NOT_A_DEVICE = "Teaching and research software, **not a medical device**."
_FEW = 100
# Attributes that a report looks at unasked, and what it calls them.
_SUBGROUPS = {
    **{name: name for name in ("sex", "age", "site", "scanner", "spiculated")},
    **{"age_years": "age", "nodule_type": "type", "diameter_mm": "diameter (mm)"},
}
TITLES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}
TITLES["mae"] = "Mean absolute error"


def headline(study: Study, dataset: Dataset, run: Run, evaluation: Evaluation) -> Markdown:
    """Say in a few lines what came out: for the top of the page.

    Parameters
    ----------
    study : Study
    dataset : medlab.data.Dataset
    run : medlab.training.Run
    evaluation : medlab.evaluation.Evaluation
    """
    test, threshold, ceiling = evaluation.splits["test"], evaluation.threshold, evaluation.ceiling
    measure = "auc" if "auc" in test else "mae"
    kind = "simulated test images" if dataset.simulated else "test images"
    sentences = [f"**{TITLES[measure]} {_estimate(test, measure)} on {len(dataset.test):,} {kind}**."]
    if threshold is not None:
        rule, positive = escape(evaluation.threshold_rule), escape(dataset.positive_name)
        sentences.append(
            f"At threshold {threshold:.3g}, chosen on validation ({rule}), for the class {positive}: "
            f"sensitivity {_estimate(test, 'sensitivity')}, specificity {_estimate(test, 'specificity')}."
        )
    sentences += _about_copies(evaluation) if evaluation.near_copies else []
    if ceiling:
        sentences.append(
            f"The expected AUC, {ceiling['expected_auc']:.3f}, is "
            f"{100 * ceiling['fraction_of_ceiling']:.0f} % of the way from chance to the image's ceiling, "
            f"{ceiling['image']:.3f}."
        )
    sentences.append(f"In brackets: 95 % intervals. Trained in {run.train_seconds:.0f} s on {run.backend}.")
    if study.scale == "smoke":
        sentences.append("*Scale smoke: this run proves that everything works; its numbers mean nothing.*")
    title = f"### {escape(study.title)}: {escape(dataset.name)}"
    return markdown(title, "", NOT_A_DEVICE, "", " ".join(sentences))


def summary(lines: Iterable[str]) -> Markdown:
    """Show lines of plain text, what came out, at the top of a page."""
    return markdown(*(f"{escape(line)}  " for line in lines))


def about_run(study: Study) -> Markdown:
    """List the parameters of a run with their values, who set them, and what they are."""
    rows = []
    for row in study.rows:
        value = "–" if row["value"] is None else row["value"]
        rows.append([row["name"], escape(value), escape(row["source"]), escape(row["help"])])
    if not rows:
        return markdown("Nothing was given.")
    return markdown(*table(["parameter", "value", "set by", "what it is"], rows))


def not_yet() -> Markdown:
    """Hold the place of the result, at the top of the page, until there is one."""
    return markdown(f"*The result will stand here once the study is done.* {NOT_A_DEVICE}")


def about_data(dataset: Dataset) -> Markdown:
    """Say what the images and labels are, where they are from, and what was done to them."""
    spacing = " × ".join(f"{mm:g}" for mm in dataset.spacing_mm or ())
    shape = dataset.image_shape
    facts = {
        "data set": dataset.name,
        "what the labels mean": dataset.label_meaning or "not recorded",
        "positive class": dataset.positive_name or "none",
        "images": ", ".join(f"{name} {len(split):,}" for name, split in dataset.splits().items()),
        "patients": _patients(dataset),
        "one image": " × ".join(map(str, shape)) + f", {dataset.modality}",
        "pixel spacing": f"{spacing} mm" if spacing else "not known: sizes in millimeters cannot be given",
        "source": dataset.source,
        "license": dataset.license,
        "citation": dataset.citation or "none given",
        "fingerprint": dataset.fingerprint,
    }
    if dataset.window_hu:
        facts["CT window"] = "center {:g} HU, width {:g} HU".format(*dataset.window_hu)
    if len(shape) == 4 and dataset.task != "segmentation":
        middle = f"of each volume slice {shape[0] // 2 + 1} of {shape[0]} is shown"
        facts["figures"] = f"{middle}, under maps the one where the map is strongest"
    cells = {name: escape(text) for name, text in facts.items()}
    if dataset.simulated:
        cells["data set"] += " (**simulated** images)"
    lines = table(["", ""], cells.items())
    if dataset.notes:
        lines += ["", "What was done on the way in:", "", *bullets(map(escape, dataset.notes))]
    if missing := plots.missing_glyphs(dataset.class_names):
        lines += [
            "",
            f"No installed font has {escape(' '.join(missing[:20]))}: figures show boxes in their place. "
            "A font such as Noto Sans CJK (Debian: fonts-noto-cjk) has them.",
        ]
    return markdown(*lines)


def about_training(run: Run) -> Markdown:
    """Say in a sentence or two what training did."""
    options = run.options
    return markdown(
        f"Trained {len(run.history)} of at most {counted(options['epochs'], 'epoch')} in "
        f"{run.train_seconds:.0f} s on {run.backend}: {options['optimizer']}, "
        f"highest learning rate {options['learning_rate']:g}, "
        f"batches of {options['batch_size']}, balance {options['balance']}, "
        f"{'with' if options['augment'] else 'without'} augmentation. "
        f"The weights of epoch {run.best_epoch} were kept. "
        f"The network, {run.model.name}, has {run.model.count_params():,} of them."
    )


def about_results(evaluation: Evaluation) -> Markdown:
    """Say what else belongs to the measures: near-copies among the test images, and missing intervals."""
    return markdown(*bullets([*_about_copies(evaluation), *without_interval(evaluation.splits["test"])]))


def _about_copies(evaluation: Evaluation) -> list[str]:
    """Say how many test images come again in train or validation, and what the result is without them."""
    copies, rest = evaluation.near_copies, evaluation.splits.get("test_without_copies")
    if not copies:
        unknown = "Near-copies across splits were not counted among so many: data.duplicates_across does it."
        return [unknown] if copies is None else []
    result = "too few images are left for a result"
    if rest:
        measure = "auc" if "auc" in rest else "mae"
        result = f"{TITLES[measure]} {_estimate(rest, measure)} on {rest['n']:,} images"
    share = f"{copies:,} of {evaluation.splits['test']['n']:,} test images"
    return [f"{share} have a near-copy in train or validation, which may flatter. Without them: {result}."]


def without_interval(test: Mapping[str, Any]) -> list[str]:
    """Say in sentences which measures of a split have no interval, and why."""
    reasons: dict[str, list[str]] = {}
    for name, reason in test.get("ci_reasons", {}).items():
        reasons.setdefault(reason, []).append(name.replace("_", " "))
    return [f"No interval for {', '.join(names)}: {reason}." for reason, names in reasons.items()]


def asked_subgroups(known: Mapping[str, NDArray[Any]], names: str | None = None) -> list[str]:
    """Return the attributes to judge apart: those of ``names``, or the usual ones that are known.

    Parameters
    ----------
    known : mapping of str to array, shape (N, ...)
        Attributes of the patients; those with more than one number each, such as masks, make no groups.
    names : str or None
        What the parameter ``subgroups`` says, with commas between.

    Returns
    -------
    asked : list of str

    Raises
    ------
    ValueError
        If an attribute is not known.

    Examples
    --------
    >>> patients = {"risk": np.array([0.1, 0.7]), "sex": np.array(["f", "m"])}
    >>> asked_subgroups(patients), asked_subgroups(patients, "risk, sex")
    (['sex'], ['risk', 'sex'])
    """
    columns = [name for name, column in known.items() if np.ndim(column) == 1]
    if names is None:
        return [name for name in _SUBGROUPS if name in columns]
    return [checks.one_of("subgroups", name.strip(), columns) for name in names.split(",")]


def subgroups(
    dataset: Dataset, evaluation: Evaluation, names: str | None = None, seed: int = 0
) -> list[dict[str, str]] | None:
    """Return how the network does on parts of the test patients, as rows of texts for page and model card.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    evaluation : medlab.evaluation.Evaluation
    names : str or None
        Attributes, with commas between; None: those of patient, scanner and finding that are known.
    seed : int

    Returns
    -------
    rows : list of dict, or None
        The last counts the parts with too few images. None where no attribute is known, or the task is not
        binary.

    Raises
    ------
    ValueError
        If an attribute is not known.
    """
    known = evaluation.attributes
    asked = asked_subgroups(known, names)
    if evaluation.task != "binary" or evaluation.threshold is None or not asked:
        return None
    words = {"nodule_type": data.phantoms.NODULE_TYPES, "spiculated": ("no", "yes")}
    columns = {_SUBGROUPS.get(name, name): known[name] for name in asked}
    if dataset.simulated:
        named = {name: np.array(words[name])[np.asarray(known[name], int)] for name in words if name in asked}
        columns |= {_SUBGROUPS[name]: column for name, column in named.items()}
    parts = evaluation.targets["test"], evaluation.predictions["test"], evaluation.threshold, columns
    table, left_out = errors.subgroups(*parts, patients=evaluation.patients, seed=seed)
    measures = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}
    rows = []
    for row in table.to_dict("records"):
        counts = {"images": f"{row['n']:,}", "positive": f"{row['n_positive']:,}"}
        spans = {key: (row[f"{key}_low"], row[f"{key}_high"]) for key in measures}
        results = {title: estimate(row[key], spans[key], digits=2) for key, title in measures.items()}
        rows.append({"part": f"{row['attribute']} {row['group']}", **counts, **results})
    if left_out:
        few = f"{counted(left_out, 'part')} with fewer than {FEWEST} images of a class"
        rows.append({"part": few, **dict.fromkeys(("images", "positive", *measures.values()), "–")})
    return rows


def subgroup_table(rows: list[dict[str, str]] | None) -> Markdown:
    """Show the rows of `subgroups`, or say that nothing is known of the patients."""
    if rows is None:
        return markdown("No attribute of the patients is known here: nobody can say for whom it errs.")
    return markdown(*table(list(rows[0]), ([escape(text) for text in row.values()] for row in rows)))


def limits(dataset: Dataset, evaluation: Evaluation) -> Markdown:
    """Say what this study does not show."""
    lines = ["Images of other scanners, clinics or years were not tried: there it may do worse."]
    if dataset.simulated:
        lines = ["The images are simulated. They teach the method, and cannot say how it does on patients."]
    if dataset.label_meaning:
        lines.append(f"What a result can mean is what the labels mean. {escape(dataset.label_meaning)}")
    if dataset.test.patients is None:
        split = "The same patient may be in training and in the test set, which flatters, and the"
        if dataset.split_by == "patient":
            split = "The source split by patient. The"
        lines.append(
            f"It is not known which images are of one patient. {split} intervals, resampled by image, are "
            "too narrow where a patient has several."
        )
    if dataset.task in ("binary", "multiclass"):
        counts = np.bincount(dataset.test.labels, minlength=len(dataset.class_names))
        if counts.min() < _FEW:
            lines.append(
                f"The test set has only {counts.min()} images of class "
                f"{escape(dataset.class_names[int(counts.argmin())])}: each one moves the result visibly."
            )
    if evaluation.threshold is not None:
        share = percent(float(np.mean(evaluation.targets["test"])))
        lines.append(f"{share} of the test images are positive. Where fewer are, more calls are false.")
    return markdown(*bullets([*lines, NOT_A_DEVICE]))


def _patients(dataset: Dataset) -> str:
    if dataset.test.patients is None:
        return "not known" + (f"; the source split by {dataset.split_by}" if dataset.split_by else "")
    splits = dataset.splits().items()
    known = {name: np.unique(split.patients) for name, split in splits if split.patients is not None}
    everybody = np.concatenate(list(known.values()))
    again = len(everybody) - len(np.unique(everybody))
    counts = ", ".join(f"{name} {len(patients):,}" for name, patients in known.items())
    return f"{counts}; {again:,} come again in another split" if again else f"{counts}; none is in two splits"


def _estimate(measures: Mapping[str, Any], name: str) -> str:
    return estimate(measures[name], measures.get(f"{name}_ci"))


def table(heads: list[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a Markdown table; its texts are escaped already."""
    lines = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
    return [lines[0], "|" + ":--|" * len(heads), *lines[1:]]


def bullets(sentences: Iterable[str]) -> list[str]:
    """Return the lines of a Markdown list; its texts are escaped already."""
    return [f"- {sentence}" for sentence in sentences]


def markdown(*lines: str) -> Markdown:
    """Return lines of Markdown as a page shows them."""
    return Markdown("\n".join(lines))
