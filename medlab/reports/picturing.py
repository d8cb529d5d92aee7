"""The figures of a classification report, chosen from a data set and an evaluation; `plots` draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medlab import plots

if TYPE_CHECKING:
    from medlab.plots import Picture

_MANY = 4


def class_counts(dataset: Any) -> Picture | None:
    """Draw how many images of each class each split holds; None for a regression."""
    if dataset.task == "regression":
        return None
    counts = {}
    for name, split in dataset.splits().items():
        labels = (
            split.labels if dataset.task == "multilabel" else np.eye(len(dataset.class_names))[split.labels]
        )
        counts[name] = dict(zip(dataset.class_names, labels.sum(axis=0).astype(int).tolist(), strict=True))
    return plots.class_counts(counts, {name: len(split) for name, split in dataset.splits().items()})


def samples(dataset: Any, seed: int = 0) -> Picture:
    """Draw training images drawn at random, the same number of each class."""
    rng = np.random.default_rng(seed)
    split, names = dataset.train, dataset.class_names
    if dataset.task in ("binary", "multiclass"):
        each = 6 if len(names) <= _MANY else 2
        groups = [np.flatnonzero(split.labels == k) for k in range(len(names))]
        index = np.concatenate([rng.permutation(group)[:each] for group in groups])
    else:
        index = rng.permutation(len(split))[:12]
    kind = "simulated, " if dataset.simulated else ""
    titles = [kind + truth_of(dataset, label) for label in split.labels[index]]
    return plots.image_grid(split.images[index], titles, spacing_mm=dataset.spacing_mm, columns=6)


def worst_errors(dataset: Any, evaluation: Any, k: int = 6) -> Picture | None:
    """Draw the `k` most confident wrong answers of each kind on test; None if there are none."""
    kinds = ("false positive", "false negative") if dataset.task == "binary" else ("all",)
    index = np.concatenate([evaluation.worst_errors(k, kind) for kind in kinds])
    if not len(index):
        return None
    split, output = dataset.test, evaluation.predictions["test"]
    kind = "simulated, " if dataset.simulated else ""
    titles = [
        f"{kind}{truth_of(dataset, label)}; {answer_of(dataset, answer)}"
        for label, answer in zip(split.labels[index], output[index], strict=True)
    ]
    marks = None
    if dataset.task == "binary":
        positive = split.labels[index] == dataset.positive_class
        marks = ["false negative" if missed else "false positive" for missed in positive]
    return plots.image_grid(
        split.images[index], titles, marks=marks, spacing_mm=dataset.spacing_mm, columns=6
    )


def beside(dataset: Any, evaluation: Any) -> Picture | None:
    """Draw the test AUC beside the ceilings or the published results; None where neither is known."""
    if "auc" not in evaluation.splits["test"] or not (dataset.published or evaluation.ceiling):
        return None
    return plots.results_vs_published(evaluation.splits["test"], dataset.published, evaluation.ceiling)


def curves(dataset: Any, evaluation: Any) -> list[Picture]:
    """Draw ROC and precision-recall curves: of the three splits, or of each class on test."""
    if dataset.task == "regression":
        return []
    if dataset.task == "binary":
        pairs, threshold = (evaluation.targets, evaluation.predictions), evaluation.threshold
    else:
        pairs, threshold = evaluation.one_vs_rest(), None
    return [plots.roc(*pairs, threshold), plots.precision_recall(*pairs, threshold)]


def confusion(dataset: Any, evaluation: Any) -> list[Picture]:
    """Draw the confusion matrix of the test set, and for a binary task the histogram of probabilities."""
    matrix = evaluation.splits["test"].get("confusion")
    names = list(dataset.class_names)
    if matrix is None:
        return []
    if dataset.task != "binary":
        return [plots.confusion(matrix, names)]
    names = [names[1 - dataset.positive_class], names[dataset.positive_class]]
    spread = plots.score_histogram(
        evaluation.targets["test"], evaluation.predictions["test"], evaluation.threshold, names
    )
    return [plots.confusion(matrix, names), spread]


def truth_of(dataset: Any, label: Any) -> str:
    """Return the truth of an image in words."""
    if dataset.task == "multilabel":
        found = [plots.short(name) for name, has in zip(dataset.class_names, label, strict=True) if has]
        return ", ".join(found) or "no finding"
    return f"{label:.3g}" if dataset.task == "regression" else plots.short(dataset.class_names[label])


def answer_of(dataset: Any, output: NDArray[Any]) -> str:
    """Return what a network answered in words, with its probability."""
    if dataset.task == "binary":
        return f"P({plots.short(dataset.class_names[dataset.positive_class])}) {output:.2f}"
    if dataset.task == "regression":
        return f"predicted {output:.3g}"
    if dataset.task == "multilabel":
        called = [
            plots.short(name) for name, value in zip(dataset.class_names, output, strict=True) if value >= 0.5
        ]
        return "called " + (", ".join(called) or "no finding")
    return f"called {plots.short(dataset.class_names[int(output.argmax())])} ({output.max():.2f})"
