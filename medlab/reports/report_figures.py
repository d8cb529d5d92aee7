"""The figures of a classification report, chosen from a data set and an evaluation; `plots` draws them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from IPython.display import Markdown
from numpy.typing import NDArray

from medlab import metrics, models, plots
from medlab.data.dataset import Dataset, Split
from medlab.evaluation import calibration, decision
from medlab.evaluation.evaluations import Evaluation
from medlab.text import escape, estimate, percent
from medlab.training.run import Run

_MANY = 4  # classes: of more, fewer samples of each are shown
_EXPLAINED = 6  # images in a figure of maps
# Steps of the integral, and what they may cost: some ten seconds of two CPU cores. A ResNet on large images
# gets fewer steps; by its arithmetic, not by the clock, so that a seed gives the same figures everywhere.
_MOST_STEPS, _LEAST_STEPS, _MULTIPLY_ADDS = 50, 10, 5e11


def class_counts(dataset: Dataset) -> plots.Picture | None:
    """Draw how many images of each class each split holds; None for a regression."""
    if dataset.task == "regression":
        return None
    counts = {name: counts_by_class(dataset, split) for name, split in dataset.splits().items()}
    return plots.class_counts(counts, {name: len(split) for name, split in dataset.splits().items()})


def counts_by_class(dataset: Dataset, split: Split) -> dict[str, int]:
    """Return how many images of a split each class has, by its name; of a regression, nothing."""
    if dataset.task == "regression":
        return {}
    count = len(dataset.class_names)
    if dataset.task == "segmentation":  # in how many masks it is
        labels = np.array([np.isin(range(count), mask) for mask in split.labels])
    else:
        labels = split.labels if dataset.task == "multilabel" else np.eye(count)[split.labels]
    return dict(zip(dataset.class_names, labels.sum(axis=0).astype(int).tolist(), strict=True))


def samples(dataset: Dataset, seed: int = 0) -> plots.Picture:
    """Draw training images (test images, where there are no others) at random, equally many of each class."""
    rng = np.random.default_rng(seed)
    split, count = dataset.train if len(dataset.train) else dataset.test, len(dataset.class_names)
    if dataset.task in ("binary", "multiclass"):
        of_each = 6 if count <= _MANY else 2
        members = [np.flatnonzero(split.labels == k) for k in range(count)]
        index = np.concatenate([rng.permutation(positions)[:of_each] for positions in members])
    else:
        index = rng.permutation(len(split))[:12]
    titles = [truth_words(dataset, label) for label in split.labels[index]]
    return plots.image_grid(split.images[index], titles, spacing_mm=dataset.spacing_mm, columns=6)


def worst_errors(dataset: Dataset, evaluation: Evaluation, k: int = 6) -> plots.Picture | None:
    """Draw the `k` most confident wrong answers of each kind on test; None if there are none."""
    index = _worst(dataset, evaluation, k)
    if not len(index):
        return None
    marks = None
    if dataset.task == "binary":
        positive = dataset.test.labels[index] == dataset.positive_class
        marks = ["false negative" if missed else "false positive" for missed in positive]
    titles, images = _titles(dataset, evaluation, index), dataset.test.images[index]
    return plots.image_grid(images, titles, marks=marks, spacing_mm=dataset.spacing_mm, columns=6)


def beside(dataset: Dataset, evaluation: Evaluation) -> plots.Picture | None:
    """Draw the test AUC beside the ceilings or the published results; None where neither is known."""
    if "auc" not in evaluation.splits["test"] or not (dataset.published or evaluation.ceiling):
        return None
    return plots.results_vs_published(evaluation.splits["test"], dataset.published, evaluation.ceiling)


def curves(dataset: Dataset, evaluation: Evaluation) -> list[plots.Picture]:
    """Draw ROC and precision-recall curves: of the three splits, or of each class on test."""
    if dataset.task == "regression":
        return []
    if dataset.task == "binary":
        pairs, threshold = (evaluation.targets, evaluation.predictions), evaluation.threshold
    else:
        pairs, threshold = evaluation.one_vs_rest(), None
    return [plots.roc(*pairs, threshold), plots.precision_recall(*pairs, threshold)]


def confusion(dataset: Dataset, evaluation: Evaluation) -> list[plots.Picture]:
    """Draw the confusion matrix of the test set, and for a binary task the histogram of probabilities."""
    matrix = evaluation.splits["test"].get("confusion")
    names = list(dataset.class_names)
    if matrix is None:
        return []
    if dataset.task != "binary" or dataset.positive_class is None:
        return [plots.confusion(matrix, names)]
    names = [names[1 - dataset.positive_class], names[dataset.positive_class]]
    truth, output = evaluation.targets["test"], evaluation.predictions["test"]
    histogram = plots.score_histogram(truth, output, evaluation.threshold, names)
    return [plots.confusion(matrix, names), histogram]


def probabilities(
    dataset: Dataset, evaluation: Evaluation, learned: Mapping[str, Any]
) -> tuple[list[plots.Picture], Markdown]:
    """Show whether the test probabilities come true, as they are and calibrated, and what they bring.

    The words tell how far probabilities are off by luck alone. No figures for other tasks than binary ones.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    evaluation : medlab.evaluation.Evaluation
    learned : mapping
        What `medlab.evaluation.learn` returned: its calibration is shown.
    """
    if evaluation.task != "binary":
        return [], Markdown("This is looked at for two classes only.")
    truth, told = evaluation.targets["test"], evaluation.predictions["test"]
    fitted = calibration.Calibration(**learned["calibration"])
    calibrated = fitted.apply(told)
    curves = {"as they are": told, "calibrated": calibrated}
    before, after = (calibration.ece(truth, values) for values in curves.values())
    mean, floor = calibration.ece_of_calibrated(calibrated)
    sentences = [
        f"The expected calibration error, {calibration.BINS} bins, is {before:.3f} as they are, {after:.3f} "
        f"once mended on the validation images by *{fitted.method.replace('_', '-')}*, "
        f"{calibration.METHODS[fitted.method]}. Probabilities that are right would have {mean:.3f} on "
        f"average on so many images, and one time in twenty more than {floor:.3f}."
    ]
    risk = evaluation.attributes.get("risk_image")
    if dataset.simulated and risk is not None:
        away = calibration.ece(1 - risk if dataset.positive_name == "benign" else risk, calibrated)
        sentences.append(
            "Of simulated patients the true risk given the image is known, without the luck of who falls "
            f"ill: from that, the calibrated probabilities are {away:.3f} away."
        )
    if fitted.method == "temperature":
        sentences += _what_a_temperature_leaves(dataset, evaluation, fitted)
    figures = [reliability(truth, curves, evaluation.patients), net_benefit(truth, calibrated, "calibrated")]
    return figures, Markdown(" ".join(sentences))


def reliability(truth: NDArray[Any], curves: Mapping[str, NDArray[Any]], patients: Any) -> plots.Picture:
    """Draw the reliability diagram of named probabilities, each of shape (N,)."""
    tables = {name: calibration.reliability(truth, told, patients=patients) for name, told in curves.items()}
    return plots.reliability(tables)


def net_benefit(truth: NDArray[Any], risk: NDArray[Any], name: str) -> plots.Picture:
    """Draw the decision curve of calibrated risks, shape (N,), beside calling everybody and nobody."""
    curve = decision.decision_curve(truth, risk)
    names = {"network": name, "everybody": "everybody is called", "nobody": "nobody is called"}
    return plots.lines(
        curve.index.to_numpy(),
        {label: np.maximum(curve[key], -0.1) for key, label in names.items()},
        x_label="risk from which one would be called",
        y_label="net benefit (below -0.1 not shown)",
        width_in=5.2,  # as wide as the reliability diagram beside it, so that its letters are as large
        alt="Decision curve of the calibrated network beside calling everybody and nobody.",
    )


def _what_a_temperature_leaves(
    dataset: Dataset, evaluation: Evaluation, fitted: calibration.Calibration
) -> list[str]:
    """Say that a temperature mends no shift, whether validation shows one, and what its cure relies on."""
    sentences = [
        f"The logits are divided by {fitted.numbers['temperature']:.2f}. This leaves 0.5 where it is: a "
        "temperature cannot mend a shift of all probabilities, such as weights for the rarer class bring."
    ]
    pair = evaluation.targets["val"], evaluation.predictions["val"]
    with contextlib.suppress(metrics.UndefinedError):
        gained, span = calibration.gain(*pair, patients=dataset.val.patients)
        if span[0] > 0:
            val, test = (percent(float(evaluation.targets[name].mean())) for name in ("val", "test"))
            sentences.append(
                "There is such a shift on validation: a line through the logits (platt), judged on images "
                f"that it was not fitted on, lowers the log loss by {estimate(gained, span)}. Try `-p "
                f"calibration=platt`. It learns the prevalence of validation, {val}; that of test is {test}."
            )
    return sentences


def explanations(
    dataset: Dataset, run: Run, evaluation: Evaluation, k: int = 3
) -> list[plots.Picture | Markdown]:
    """Draw what the network's answers depend on, for its worst errors and for its most typical right answers.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    run : medlab.training.Run, or medlab.models.Bundle
        Has `model` and `normalize`.
    evaluation : medlab.evaluation.Evaluation
    k : int
        Test images of each kind of error, and of each class; six at most in a figure.

    Returns
    -------
    shown : list
        A figure of the worst errors, where there are any, one of typical answers, and how to read them.
    """
    from medlab.evaluation import attribute

    worst, typical = _worst(dataset, evaluation, k), evaluation.most_typical(k)
    chosen = {"worst errors": worst, "typical right answers": typical}
    on = "output" if dataset.task == "regression" else "logit"
    shown: list[Any] = []
    errors: list[float] = []
    for caption, index in chosen.items():
        index = index[:_EXPLAINED]
        if not len(index):
            continue
        images, titles = dataset.test.images[index], _titles(dataset, evaluation, index)
        cost = max(1, models.cost(run.model).multiply_adds) * len(images)
        steps = int(np.clip(_MULTIPLY_ADDS / cost, _LEAST_STEPS, _MOST_STEPS))
        maps = attribute("integrated_gradients", run.model, run.normalize(images), on=on, steps=steps)
        picture = maps.overlay(images, titles, spacing_mm=dataset.spacing_mm)
        picture.alt = f"Maps by integrated gradients over the {caption}: {'; '.join(titles)}"
        picture.suptitle(caption.capitalize(), fontsize="medium")
        shown.append(picture)
        errors += np.asarray(maps.relative_error).tolist()
    return [*shown, Markdown(_how_to_read(dataset, np.array(errors)))] if shown else []


def _how_to_read(dataset: Dataset, errors: NDArray[np.float64]) -> str:
    target = {
        "binary": f"the class {escape(dataset.positive_name)}",
        "regression": "a larger value",
        "multilabel": "the label with the highest probability, which need not be the wrong one",
    }.get(dataset.task, "the class that the network answered")
    known = errors[np.isfinite(errors)]
    adds_up = "All answers are the one at mean gray, so that the maps have nothing to explain."
    if len(known):
        part = percent(float(np.median(known)), 1)
        adds_up = f"A map adds up to how far the answer is from that at mean gray, but for {part} (median)."
    return f"Orange pixels spoke for {target}, purple ones against. {adds_up}"


def _worst(dataset: Dataset, evaluation: Evaluation, k: int) -> NDArray[np.int64]:
    kinds = ("false positive", "false negative") if dataset.task == "binary" else ("all",)
    return np.concatenate([evaluation.worst_errors(k, kind) for kind in kinds])


def _titles(dataset: Dataset, evaluation: Evaluation, index: NDArray[np.int64]) -> list[str]:
    """Return truth and answer of test images, in words."""
    pairs = zip(dataset.test.labels[index], evaluation.predictions["test"][index], strict=True)
    return [f"{truth_words(dataset, label)}; {_answer(dataset, output)}" for label, output in pairs]


def truth_words(dataset: Dataset, label: Any) -> str:
    """Return what an image shows, for its title; a simulated one is called that."""
    if dataset.task == "multilabel":
        name = _names(dataset, label)
    else:
        name = f"{label:.3g}" if dataset.task == "regression" else plots.short(dataset.class_names[label])
    return f"simulated, {name}" if dataset.simulated else name


def _answer(dataset: Dataset, output: NDArray[Any]) -> str:
    if dataset.task == "binary":
        return f"P({plots.short(dataset.positive_name)}) {output:.2f}"
    if dataset.task == "regression":
        return f"predicted {output:.3g}"
    if dataset.task == "multilabel":
        return f"called {_names(dataset, output >= 0.5)}"
    return f"called {plots.short(dataset.class_names[int(output.argmax())])} ({output.max():.2f})"


def _names(dataset: Dataset, present: NDArray[Any]) -> str:
    names = [plots.short(name) for name, is_so in zip(dataset.class_names, present, strict=True) if is_so]
    return ", ".join(names) or "no finding"
