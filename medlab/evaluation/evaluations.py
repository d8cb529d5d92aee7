"""`evaluate`: what a trained network is worth on train, validation and test, side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab import checks, metrics
from medlab.data import Dataset, Split, nearcopies
from medlab.evaluation import errors, split_measures
from medlab.evaluation.thresholds import choose_threshold, parse_rule
from medlab.text import columns, estimate, packaged

_NAMES: dict[str, str] = packaged("medlab.evaluation", "measure_names.yaml")
# The best reader of each source orders the patients by this column.
_READERS = {"image": "risk_image", "clinical": "risk_clinical", "both": "risk", "diameter": "diameter_mm"}
_AT_THRESHOLD = ("balanced_accuracy", "sensitivity", "specificity", "precision", "f1")


@dataclass(frozen=True)
class Evaluation:
    """Measures, predictions and errors of one network on one data set.

    Attributes
    ----------
    splits : dict of dict
        Measures of train, val and test; each ``x`` has its 95 % interval in ``x_ci``. Shares of images have
        Wilson's where every patient has one image (or patients are not known); all else is resampled by
        patient, or by image where patients are not known: ``resampled`` says which. ``x_ci`` is None where
        ``ci_reasons`` says why: fewer than 5 images or 2 patients of what is counted, or no width. Counted
        are all images (accuracies, errors of a regression), the positive ones (sensitivity), the negative
        ones (specificity), those called positive (precision), and those of either class (all else; a mean
        over classes counts every class). `accuracy` is at 0.5 and `accuracy_at_threshold`, like the other
        decisions, at `threshold`; `majority_accuracy` is that of always answering the split's most frequent
        class; `sensitivity_at_specificity` is at specificity 0.90. ``resamples_skipped`` counts resamples
        that lacked a class. The intervals hold the network and the threshold fixed. Where test images have a
        near-copy in train or val, ``test_without_copies`` has the measures of the others.
    threshold : float or None
        Chosen on validation by `threshold_rule`; None for tasks other than binary.
    targets, predictions : dict of arrays
        Truth and output for each split, in the order of its images. Binary: shape (N,), 1 is the
        positive class, probability in [0, 1].
    ceiling : dict or None
        For simulated data with known risk: the expected AUC that the best reader of the image, of the
        clinical variables, of both, and the diameter alone reach on the test patients; the network's
        own (``expected_auc``), and how far it is from chance to the image's ceiling.
    published : list of dict
        Results in the literature, transcribed.
    attributes : dict of arrays, shape (N,)
        What else is known of the test images.
    patients : array, shape (N,), or None
        Whose the test images are.
    near_copies : int or None
        Test images with a near-copy in train or val (see `medlab.data.near_copies`); None where nobody
        looked, because there are too many images.
    """

    name: str
    task: str
    class_names: tuple[str, ...]
    positive_class: int | None
    splits: dict[str, dict[str, Any]]
    targets: dict[str, NDArray[Any]]
    predictions: dict[str, NDArray[Any]]
    threshold: float | None = None
    threshold_rule: str | None = None
    ceiling: dict[str, float] | None = None
    published: list[dict[str, Any]] = field(default_factory=list)
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    patients: NDArray[Any] | None = field(default=None, repr=False)
    near_copies: int | None = None

    def to_metrics(self) -> dict[str, Any]:
        """Return what metrics.json holds of this evaluation: plain types, null for undefined."""
        return plain(
            {
                "threshold": self.threshold,
                "threshold_rule": self.threshold_rule,
                **self.splits,
                **({} if self.near_copies == 0 else {"near_copies_in_test": self.near_copies}),
                "ceiling": self.ceiling,
                "published": self.published,
            }
        )

    def table(self) -> pd.DataFrame:
        """Return the measures of train, val and test side by side, as text with intervals.

        A fourth column leaves out the test images with a near-copy in train or val, where there are any.
        The last row tells of resamples that lacked a class and were left out, where there are any.
        """
        known = [key for key in _NAMES if key in self.splits["test"]]
        texts = {
            name.replace("_", " "): [str(m["n"]), *(estimate(m[key], m.get(f"{key}_ci")) for key in known)]
            for name, m in self.splits.items()
        }
        names = [measure_name(key, self.task, self.threshold) for key in known]
        table = pd.DataFrame(texts, index=["images", *names])
        if any(m["resamples_skipped"] for m in self.splits.values()):
            skipped = [f"{m['resamples_skipped']} of {m['n_resamples']}" for m in self.splits.values()]
            table.loc["resamples left out of the intervals"] = skipped
        return table

    def worst_errors(self, k: int = 8, kind: str = "all") -> NDArray[np.int64]:
        """Return the test images with the most confident wrong predictions, worst first.

        Parameters
        ----------
        k : int
            How many, at most.
        kind : "all", "false positive" or "false negative"
            The latter two for binary tasks.

        Returns
        -------
        index : int array, shape (<= k,)
            Into the test split.
        """
        checks.in_range("k", k, 1, whole=True)
        truth, output = self.targets["test"], self.predictions["test"]
        return errors.most_confident(self.task, truth, output, self.threshold, kind)[:k]

    def most_typical(self, k: int = 3) -> NDArray[np.int64]:
        """Return the right answers on test that are most like the others of their class.

        Parameters
        ----------
        k : int
            How many of each class, at most (of a regression or of several labels: in all).

        Returns
        -------
        index : int array
            Into the test split, class by class; see `errors.most_typical`.
        """
        checks.in_range("k", k, 1, whole=True)
        truth, output = self.targets["test"], self.predictions["test"]
        return errors.most_typical(self.task, truth, output, self.threshold, k)

    def __repr__(self) -> str:
        lines = [f"Evaluation of {self.name!r}, {self.task}"]
        if self.threshold is not None and self.positive_class is not None:
            positive = self.class_names[self.positive_class]
            lines.append(f"threshold for {positive!r}: {self.threshold:.3g} (rule: {self.threshold_rule})")
        table = self.table().head(7)
        rows = [["", *table.columns]]
        for name, *cells in table.itertuples():
            first, *rest = textwrap.wrap(name, 25)
            rows += [[first, *cells], *([f"  {words}", *[""] * len(cells)] for words in rest)]
        lines += columns(rows).splitlines()
        return "\n  ".join([*lines, "with 95 % intervals; table() has all measures"])

    def one_vs_rest(self) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """Return test truth (0 or 1) and probability of each class by its name, as `plots.roc` takes them."""
        truth, output = self.targets["test"], self.predictions["test"]
        if output.ndim == 1:
            msg = f"one_vs_rest needs several classes, got task {self.task!r}. Use targets and predictions."
            raise ValueError(msg)
        columns, _ = metrics.inputs.table_pair(truth, output, multilabel=self.task == "multilabel")
        names = self.class_names
        return dict(zip(names, columns.T, strict=True)), dict(zip(names, output.T, strict=True))


def measure_name(measure: str, task: str, threshold: float | None = None) -> str:
    """Return the name of a measure in words, with the threshold at which it was decided.

    Examples
    --------
    >>> measure_name("sensitivity", "binary", 0.3141), measure_name("auc", "multiclass")
    ('sensitivity (at 0.314)', 'AUC (mean over classes)')
    """
    name = _NAMES[measure]
    if measure == "accuracy" and task in ("binary", "multilabel"):
        return f"{name} (at 0.5)"
    if measure == "accuracy_at_threshold":
        return f"{name} ({threshold:.3g})"
    if measure in _AT_THRESHOLD and threshold is not None:
        return f"{name} (at {threshold:.3g})"
    macro = task in ("multiclass", "multilabel") and measure not in ("accuracy", "majority_accuracy")
    return f"{name} (mean over classes)" if macro else name


def evaluate(
    predict: Callable[[NDArray[Any]], NDArray[Any]],
    dataset: Dataset,
    *,
    threshold_rule: str = "youden",
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Measure a network on the three splits of a data set.

    Parameters
    ----------
    predict : callable
        Images, shape (N, H, W, C) or (N, Z, Y, X, C), in; probabilities out: shape (N,) of the positive
        class, (N, K) for several classes, (N,) amounts for a regression. ``run.predict`` is one.
    dataset : Dataset
    threshold_rule : str
        How the threshold is chosen on validation; see `thresholds.parse_rule`.
    n_bootstrap : int
        Resamples for the intervals; fewer, at least 200, for splits so large that it makes no odds.
    seed : int
        Of the resampling.

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    TypeError
        If the arguments are in another order.
    ValueError
        If the task is a segmentation, if the predictions have another shape than the task asks for, are no
        probabilities or not finite, or if a split of a binary task holds one class only; the message names
        the split.
    """
    if not (callable(predict) and isinstance(dataset, Dataset)):
        got = f"{type(predict).__name__} and {type(dataset).__name__}"
        msg = f"evaluate takes a function and a data set, as in evaluate(run.predict, dataset), got {got}."
        raise TypeError(msg)
    if dataset.task == "segmentation":
        msg = "evaluate takes an answer for each image, got segmentation data. Use evaluation.segmentation."
        raise ValueError(msg)
    parse_rule(threshold_rule)
    checks.in_range("n_bootstrap", n_bootstrap, 1, whole=True)
    splits = dataset.splits().items()
    predictions = {name: _predicted(predict, dataset, name, split) for name, split in splits}
    if dataset.task != "binary":
        return judged(dataset, predictions, None, None, n_bootstrap, seed)
    for name, split in splits:
        if len(classes := np.unique(dataset.targets(split))) < 2:
            only = dataset.target_names[int(classes[0])]
            msg = f"the {name} split must hold both classes, got only {only!r}. See data.stratified_split."
            raise metrics.UndefinedError(msg)
    threshold = choose_threshold(dataset.targets(dataset.val), predictions["val"], threshold_rule)
    return judged(dataset, predictions, threshold, threshold_rule, n_bootstrap, seed)


def judged(
    dataset: Dataset,
    predictions: dict[str, NDArray[np.float64]],
    threshold: float | None,
    threshold_rule: str | None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Return the `Evaluation` of what a network said of some splits, by name; shapes as for `evaluate`."""
    splits = {name: dataset.splits()[name] for name in predictions}
    targets = {name: dataset.targets(split) for name, split in splits.items()}
    parts: dict[str, Any] = {k: (s.patients, targets[k], predictions[k]) for k, s in splits.items()}
    repeated = nearcopies.repeated_in_test(dataset)
    if repeated is not None and repeated.any():
        left = targets["test"][~repeated]
        if left.size and (threshold is None or left.min() < left.max()):
            parts["test_without_copies"] = tuple(None if c is None else c[~repeated] for c in parts["test"])
    measured = {}
    for name, (patients, truth, output) in parts.items():
        resampling = split_measures.Resampling(patients, n_bootstrap, seed)
        measured[name] = split_measures.of_split(dataset, truth, output, threshold, resampling)
    return Evaluation(
        name=dataset.name,
        task=dataset.task,
        class_names=dataset.class_names,
        positive_class=dataset.positive_class,
        splits=measured,
        targets=targets,
        predictions=predictions,
        threshold=threshold,
        threshold_rule=threshold_rule,
        ceiling=_ceiling(dataset, predictions["test"]),
        published=[dict(row) for row in dataset.published],
        attributes={key: column for key, column in dataset.test.attributes.items() if column.ndim == 1},
        patients=dataset.test.patients,
        near_copies=None if repeated is None else int(repeated.sum()),
    )


def _predicted(
    predict: Callable[[NDArray[Any]], NDArray[Any]], dataset: Dataset, name: str, split: Split
) -> NDArray[np.float64]:
    output = np.asarray(predict(split.images))
    wide = dataset.task in ("multiclass", "multilabel")
    shape = (len(split), len(dataset.class_names)) if wide else (len(split),)
    if output.shape != shape:
        msg = f"predict must return shape {shape} for the {name} split, got {output.shape}."
        raise ValueError(msg)
    output = checks.finite(f"the {name} predictions", output).astype(np.float64)
    if dataset.task == "regression":
        return output
    return metrics.inputs.unit_interval(f"the {name} probabilities", output)


def _ceiling(dataset: Dataset, scores: NDArray[np.float64]) -> dict[str, float] | None:
    """Return `Evaluation.ceiling`: None unless the patients are simulated and their risk is known."""
    known = dataset.test.attributes
    if not (dataset.simulated and {"risk", "risk_image", "risk_clinical"} <= set(known)):
        return None
    # The simulated risk is that of malignancy; a network may be asked for the other class.
    benign = dataset.positive_name == "benign"
    risk = 1 - known["risk"] if benign else known["risk"]
    ceiling = {
        reader: metrics.expected_auc(risk, -known[column] if benign else known[column])
        for reader, column in _READERS.items()
        if column in known
    }
    reached = metrics.expected_auc(risk, scores)
    fraction = (reached - 0.5) / (ceiling["image"] - 0.5)
    return {**ceiling, "expected_auc": reached, "fraction_of_ceiling": fraction}


def plain(value: Any) -> Any:
    """Return `value` in types that JSON knows; NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
