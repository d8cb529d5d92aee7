"""Whether generated images teach what real ones do: train on synthetic, test on real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data import Dataset, Split
from medlab.evaluation import intervals, split_measures
from medlab.evaluation.generation.image_features import like_real, small_run
from medlab.text import estimate

_FEWEST = 10
_HELD_BACK = 0.2


@dataclass(frozen=True)
class Usefulness:
    """What a classifier that saw only generated images reaches on real ones.

    Attributes
    ----------
    auc, auc_real : float in [0, 1]
        On the real test images, after training on generated images only and on as many real ones; for
        several classes the mean over the classes.
    auc_ci, auc_real_ci : (low, high)
        95 %, over the test patients; NaN where ``ci_reasons`` says why. They hold the trained network fixed:
        another seed may move the AUC as much.
    ci_reasons : dict of str
        For ``auc`` or ``auc_real`` without an interval, why: fewer than 5 test images or 2 patients
        of a class, or no width.
    """

    auc: float
    auc_ci: intervals.Interval
    auc_real: float
    auc_real_ci: intervals.Interval
    ci_reasons: dict[str, str]

    def cell(self, name: str) -> str:
        """Return ``auc`` or ``auc_real`` with its interval, or with why there is none."""
        reason = f", no interval: {self.ci_reasons[name]}" if name in self.ci_reasons else ""
        return estimate(getattr(self, name), getattr(self, f"{name}_ci")) + reason


def train_on_synthetic(
    generated: ArrayLike, labels: ArrayLike, dataset: Dataset, *, seed: int = 0, **options: Any
) -> Usefulness:
    """Train a small classifier on generated images, another on as many real ones, and test both on real ones.

    Parameters
    ----------
    generated : array, shape (N, H, W, C) or (N, Z, Y, X, C)
        In the units of the data set's images.
    labels : int array, shape (N,)
        Their classes, as in the data set's labels.
    dataset : Dataset
        Binary or multi-class. The second classifier learns from train; both are tested on test. Validation
        is not used: each training holds back a fifth of its own images to choose its epoch.
    seed : int
        Of the choice of images and of both trainings.
    **options
        Of `medlab.training.fit`, such as ``epochs``.

    Returns
    -------
    usefulness : Usefulness
        Both learnt from equally many images of each class: the fewer of what was generated and of what the
        training split has, drawn at random.

    Raises
    ------
    ValueError
        If the task has no classes, shapes or units differ, a value is NaN, a label is no class, or a class
        has fewer than 10 images.

    Notes
    -----
    Esteban et al. 2017 (arXiv 1706.02633), there called TSTR.
    """
    checks.one_of("task", dataset.task, ("binary", "multiclass"))
    images = like_real("generated", generated, dataset.train.images)
    classes = checks.finite("labels", labels)
    checks.same_length(generated=images, labels=classes)
    known = np.arange(len(dataset.class_names))
    if classes.ndim != 1 or not np.isin(classes, known).all():
        msg = f"labels must be classes 0 to {known[-1]}, shape (N,), got {np.unique(classes).tolist()[:8]}."
        raise ValueError(msg)
    fake = Split(images, classes.astype(dataset.train.labels.dtype))
    counts = tuple(int(min((s.labels == c).sum() for s in (fake, dataset.train))) for c in known)
    for count, name in zip(counts, dataset.class_names, strict=True):
        if count < _FEWEST:
            needed = f"at least {_FEWEST} generated and as many real training images"
            msg = f"class {name!r} must have {needed}, got {count}. Generate images of every class."
            raise ValueError(msg)
    truth, threshold = dataset.targets(dataset.test), 0.5 if dataset.task == "binary" else None
    resampling = split_measures.Resampling(dataset.test.patients, 1000, seed)
    measured: dict[str, Any] = {"ci_reasons": {}}
    for name, split in (("auc", fake), ("auc_real", dataset.train)):
        output = _scores(split, counts, dataset, seed, options)
        measures = split_measures.of_split(dataset, truth, output, threshold, resampling)
        measured |= {name: measures["auc"], f"{name}_ci": tuple(measures["auc_ci"] or intervals.NO_INTERVAL)}
        if "auc" in measures["ci_reasons"]:
            measured["ci_reasons"][name] = measures["ci_reasons"]["auc"]
    return Usefulness(**measured)


def _scores(
    source: Split, counts: tuple[int, ...], dataset: Dataset, seed: int, options: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Train on so many images of each class of `source` and return what the network says of test."""
    rng = np.random.default_rng(checks.seed(seed))
    learnt, held_back = [], []
    for number, count in enumerate(counts):
        chosen = rng.permutation(np.flatnonzero(source.labels == number))[:count]
        back = max(2, round(_HELD_BACK * count))
        held_back.append(chosen[:back])
        learnt.append(chosen[back:])
    bare = Split(source.images, source.labels)
    # No image of the real validation split: it would be real knowledge.
    train, val = (bare.subset(np.concatenate(part)) for part in (learnt, held_back))
    small = replace(dataset, train=train, val=val, fingerprint="")
    return small_run(small, seed, options).predict(dataset.test.images).astype(np.float64)
