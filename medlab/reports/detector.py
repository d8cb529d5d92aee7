"""A small detector of nodules, trained on simulated chests: for a search that is run as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from medlab import models, training
from medlab.data import intensity, phantoms
from medlab.data.dataset import Dataset, Split
from medlab.evaluation import detection
from medlab.reports.marked_series import WINDOW_HU

_NODULE = phantoms.STRUCTURES.index("nodule")
_FEW_LEVELS_MM = tuple(range(-60, -20, 5))  # eight slices, to choose the epoch by


class Chests(NamedTuple):
    """SIMULATED chest CT, the nodules in them (places in mm from the first voxel), and their spacing."""

    scans: Split
    nodules: pd.DataFrame
    spacing_mm: tuple[float, ...]


def simulated_chests(n: int, seed: int | tuple[int, ...], **options: Any) -> Chests:
    """Draw chest CT by `medlab.data.phantoms.thorax`, as gray values with the masks of their nodules."""
    drawn = phantoms.thorax(n, volumes=True, seed=seed, **options)
    gray = np.rint(255 * intensity.window(drawn.images_hu, *WINDOW_HU)).astype(np.uint8)
    middle = np.multiply(np.subtract(gray.shape[2:4], 1) / 2, drawn.spacing_mm[1:])
    places = drawn.nodules["center_mm"] - [drawn.z_mm[0], *-middle]
    nodules = pd.DataFrame(places, columns=detection.POINT).assign(
        scan=drawn.nodules["image"], diameter_mm=drawn.nodules["diameter_mm"]
    )
    masks = (drawn.labels == _NODULE).astype(np.uint8)
    return Chests(Split(gray, masks), nodules[drawn.nodules["in_image"]], drawn.spacing_mm)


def train_detector(seed: int = 0, *, n_chests: int = 60, **options: Any) -> tuple[training.Run, Dataset]:
    """Train a small 3-D U-Net to find nodules in simulated chests; options are those of `training.fit`.

    Three of five chests have small nodules only, for those are the ones that are missed.
    """
    n_small = 3 * n_chests // 5
    parts = [
        simulated_chests(n_small, (seed, 1), n_nodules=(8, 12), diameter_mm=(4, 16)).scans,
        simulated_chests(n_chests - n_small, (seed, 2), n_nodules=(6, 12)).scans,
    ]
    images, masks = (np.concatenate([getattr(p, name) for p in parts]) for name in ("images", "labels"))
    train = Split(images, masks)
    val, _, spacing_mm = simulated_chests(8, (seed, 3), n_nodules=(6, 12), z_mm=_FEW_LEVELS_MM)
    facts: dict[str, Any] = {"spacing_mm": spacing_mm, "window_hu": WINDOW_HU, "modality": "simulated CT"}
    names = ("background", "nodule")
    dataset = Dataset("simulated_chests", train, val, val, "segmentation", names, simulated=True, **facts)
    network = models.build("unet", dataset, width=8, patch=(8, 48, 48), seed=seed)
    options = {"epochs": 40, "patches": 8, "batch_size": 8, "progress": False, "seed": seed} | options
    return training.fit(network, dataset, patience=options["epochs"], **options), dataset


def detector_froc(
    run: training.Run, chests: Chests, *, smallest_mm: float = 6.0, n: int = 1000
) -> detection.Froc:
    """Return the FROC of a detector on simulated chests, for nodules from a diameter on.

    A candidate hits a nodule within its radius, or within one slice, whichever is more; one that hits a
    smaller nodule is neither right nor wrong.
    """
    numbers = range(len(chests.scans))
    heat = (run.predict(chests.scans.images[k : k + 1])[0, ..., 1] for k in numbers)
    tables = [models.candidates(probability, chests.spacing_mm) for probability in heat]
    proposed = pd.concat(tables, keys=numbers, names=["scan"]).reset_index()
    reach_mm = np.maximum(chests.nodules["diameter_mm"], 2 * chests.spacing_mm[0])
    large = (chests.nodules["diameter_mm"] >= smallest_mm).to_numpy()
    hits = detection.match(proposed, chests.nodules.assign(diameter_mm=reach_mm))
    kept = (hits < 0) | large[hits]
    row = np.where(hits < 0, -1, np.cumsum(large)[hits] - 1)
    return detection.froc(proposed[kept], chests.nodules[large], numbers, hits=row[kept], n=n)


def small_detector(folder: Path, scale: str = "lesson", seed: int = 0) -> Path:
    """Train a detector on simulated chests, judge it on eight others, and save it."""
    smoke = scale == "smoke"
    options: dict[str, Any] = {"n_chests": 5, "patches": 2} if smoke else {"n_chests": 24, "epochs": 14}
    run, dataset = train_detector(seed, scale=scale, **options)
    chests = simulated_chests(2 if smoke else 8, (seed, 4), n_nodules=(1, 3))
    froc = detector_froc(run, chests)
    at_one = froc.sensitivity.loc[1.0]
    metrics = {
        "sensitivity_at_1_false_positive": at_one["sensitivity"],
        "sensitivity_at_1_false_positive_ci": [at_one["low"], at_one["high"]] if not froc.reason else None,
        "n_scans": froc.n_scans,
        "n_nodules": froc.n_lesions,
        "smallest_mm": 6.0,
    }
    return models.save(folder, run.model, dataset, run.normalization, metrics=metrics, seed=seed)
