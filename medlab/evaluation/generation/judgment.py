"""`judge`: all that can be said of generated images, in one table beside what real images give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from medlab import checks
from medlab.data import Dataset
from medlab.data.augmentation import Augmentation
from medlab.evaluation.generation import image_features
from medlab.evaluation.generation.copies import Memorization, memorization
from medlab.evaluation.generation.distances import MEASURES, Measured, at_equal_counts
from medlab.evaluation.generation.usefulness import Usefulness, train_on_synthetic
from medlab.text import percent

_FEWEST = 20
# More would cost minutes and change the third digit.
_MOST = 1000
_NAMES = {
    "frechet": ("Fréchet distance", "lower"),
    "kernel": ("kernel distance", "lower"),
    "coverage": ("coverage", "higher"),
    "density": ("density", "near the floor"),
}


@dataclass(frozen=True)
class Judgment:
    """What `judge` found.

    Attributes
    ----------
    network, pixels : dict of Measured
        ``frechet``, ``kernel``, ``coverage``, ``density`` on either features.
    memorized_network, memorized_pixels : Memorization
    usefulness : Usefulness or None
        None without labels.
    count : int
        Images on either side of each comparison.
    features : dict of str
        What ``network`` and ``pixels`` are, in words.
    """

    network: dict[str, Measured]
    pixels: dict[str, Measured]
    memorized_network: Memorization
    memorized_pixels: Memorization
    usefulness: Usefulness | None
    count: int
    features: dict[str, str]

    @property
    def copies(self) -> bool:
        """Whether either test for copies raises the alarm."""
        return self.memorized_network.copies or self.memorized_pixels.copies

    def table(self) -> pd.DataFrame:
        """Return a row for each measure: ``generated``, ``floor`` (what real images give), ``better``.

        Text with 95 % intervals; the numbers are in the fields.
        """
        rows: dict[str, tuple[str, str, str]] = {}
        for space in ("network", "pixels"):
            for name, measured in getattr(self, space).items():
                label, better = _NAMES[name]
                rows[f"{label}, {space}"] = (_cell(*measured.generated), _cell(*measured.floor), better)
        for space in ("network", "pixels"):
            copied: Memorization = getattr(self, f"memorized_{space}")
            share = f"{percent(copied.share_close)} (p = {copied.p_close:.2g})"
            rows[f"close to a training image, {space}"] = (share, percent(copied.expected_close), "lower")
            rows[f"memorization z, {space}"] = (f"{copied.z:.1f}", "-2 to 2", "not below the floor")
        if (useful := self.usefulness) is not None:
            auc, real = useful.cell("auc"), useful.cell("auc_real")
            rows["AUC on real test images"] = (auc, real, "higher")
        return pd.DataFrame.from_dict(rows, orient="index", columns=["generated", "floor", "better"])


def judge(
    generated: ArrayLike,
    dataset: Dataset,
    labels: ArrayLike | None = None,
    seed: int = 0,
    *,
    features: image_features.Features | None = None,
    repeats: int = 50,
    **options: Any,
) -> Judgment:
    """Compare generated images with the real images that neither generator nor features have learnt from.

    Parameters
    ----------
    generated : array, shape (N, H, W, C) or (N, Z, Y, X, C), N >= 20
        In the units of the data set's images. Of more than 1,000, 1,000 are drawn for all but the training.
    dataset : Dataset
        The generator learnt from train. Validation and test together are the held-out images; each
        comparison takes as many of them as generated ones, at most half, so that the floor can be measured
        on the same count.
    labels : int array, shape (N,), or None
        Classes of the generated images, for `train_on_synthetic`; None leaves it out.
    seed : int
    features : Features or None
        From `network_features`; give it where several generators are compared, so that it is trained once
        and the same for all. None: trained here.
    repeats : int
        Draws of subsets for each measure.
    **options
        Of `medlab.training.fit`, for the trainings here.

    Returns
    -------
    judgment : Judgment

    Raises
    ------
    ValueError
        If images are fewer than 20 (held-out: 40) or unlike the real ones in shape, units or finiteness,
        or as `network_features` and `train_on_synthetic` say.

    Examples
    --------
    ``judge(images, medlab.data.load("breastmnist"), epochs=15).table()``
    """
    images = image_features.like_real("generated", generated, dataset.train.images)
    image_features.enough("generated", len(images), _FEWEST)
    held_out = np.concatenate([dataset.val.images, dataset.test.images])
    image_features.enough("val and test together", len(held_out), 2 * _FEWEST)
    checks.in_range("repeats", repeats, 1, whole=True)
    if labels is not None:
        checks.same_length(generated=images, labels=labels)
    rng = np.random.default_rng(checks.seed(seed))
    some = images[rng.permutation(len(images))[:_MOST]]
    held_out = held_out[rng.permutation(len(held_out))[: 2 * _MOST]]
    looks = {
        "network": features or image_features.network_features(dataset, seed=seed, **options),
        "pixels": image_features.pixel_features(dataset, seed=seed),
    }
    symmetry = Augmentation.for_dataset(dataset)
    same: dict[str, Any] = {"flips": symmetry.flips, "quarter_turns": symmetry.quarter_turns}
    results: dict[str, Any] = {}
    for space, look in looks.items():
        fake, real = look.of(some), look.of(held_out)
        results[space] = {
            name: at_equal_counts(fake, real, name, repeats=repeats, seed=seed) for name in MEASURES
        }
        results[f"memorized_{space}"] = memorization(
            some, dataset.train.images, held_out, features=look, **same
        )
    useful = None
    if labels is not None:
        useful = train_on_synthetic(images, labels, dataset, seed=seed, **options)
    described = {space: look.describe() for space, look in looks.items()}
    count = min(len(some), len(held_out) // 2)
    return Judgment(**results, usefulness=useful, count=count, features=described)


def _cell(value: float, low: float, high: float) -> str:
    return f"{value:.3g} ({low:.3g} to {high:.3g})" if low < high else f"{value:.3g}"
