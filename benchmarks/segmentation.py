"""Segmentation and detection: the U-Net trained by `fit`, its Dice and what a detector finds.

Simulated nodules and lungs, simulated chests for detection, and, where the data root holds them, patches of
lung tumors and the hippocampus. Every figure is printed with what it should reach.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab import data, models, training
from medlab.data import Dataset, Split, phantoms
from medlab.data.downloading import data_root

LUNG = [phantoms.STRUCTURES.index(name) for name in ("lung", "vessel", "nodule")]
NODULE = phantoms.STRUCTURES.index("nodule")
WINDOW_HU = (-500.0, 1200.0)
LUNGS = (slice(None), slice(None), slice(64, 192), slice(32, 224))  # what is around them is left out
LARGER = {"width": 16, "levels": 4, "dropout": 0.2}
SMALLEST_MM, FALSE_POSITIVES = 6.0, 1.0


def dice(truth: NDArray[Any], answer: NDArray[Any]) -> float:
    """Return the Dice of two masks of one class."""
    return float(2 * (truth & answer).sum() / (truth.sum() + answer.sum()))


def judged(name: str, value: float, reach: float, since: float, limit_min: float | None = None) -> bool:
    """Print a figure with what it should reach; return whether it missed that. Seconds are not held to it."""
    seconds = time.perf_counter() - since
    limit = f" (reach {60 * limit_min:.0f} s on two quiet cores)" if limit_min else ""
    verdict = "reached" if value >= reach else "MISSED"
    print(f"{name}: {value:.3f}, reach {reach:g}: {verdict}; {seconds:.0f} s{limit}", flush=True)
    return value < reach


def trained(dataset: Dataset, network: dict[str, Any] | None = None, **options: Any) -> Any:
    """Train a U-Net."""
    model = models.build("unet", dataset, **{"width": 8, **(network or {})})
    return training.fit(model, dataset, progress=False, **options)


def nodules() -> bool:
    """Crops of simulated nodules."""
    start = time.perf_counter()
    crops = data.load("simulated_nodules", n_train=400, n_val=60, n_test=200)
    dataset = data.as_segmentation(crops, ("background", "nodule"))
    run = trained(dataset, epochs=12)
    answers = run.predict(dataset.test.images).argmax(axis=-1)
    each = [dice(mask == 1, answer == 1) for mask, answer in zip(dataset.test.labels, answers, strict=True)]
    return judged("simulated nodules, mean Dice of crops", float(np.mean(each)), 0.85, start, 3)


def lungs() -> bool:
    """Slices of simulated chests."""
    start = time.perf_counter()

    def split(count: int, seed: int) -> Split:
        chests = phantoms.thorax(count, side=128, seed=seed)
        gray = data.intensity.window(chests.images_hu, *WINDOW_HU)
        return Split(np.rint(255 * gray).astype(np.uint8), np.isin(chests.labels, LUNG).astype(np.uint8))

    splits = [split(count, seed) for seed, count in enumerate((96, 12, 40))]
    dataset = Dataset("simulated_lungs", *splits, "segmentation", ("background", "lung"), simulated=True)
    run = trained(dataset, epochs=20, batch_size=8)
    answers = run.predict(dataset.test.images).argmax(axis=-1)
    each = [dice(mask == 1, answer == 1) for mask, answer in zip(dataset.test.labels, answers, strict=True)]
    return judged("simulated lungs, mean Dice of slices", float(np.mean(each)), 0.97, start, 3)


def lung_tumors() -> bool:
    """Patches of lung tumors: blocks of indices are held out, for neighbors may be of one patient."""
    file = data_root() / "share_alike" / "lung_tumour_patches" / "val_patches.h5"
    if not file.is_file():
        print("lung tumor patches: not in the data root, left out")
        return False
    import h5py

    start = time.perf_counter()
    with h5py.File(file) as archive:
        images = np.rint(255 * np.moveaxis(archive["images"][:], 1, -1)).astype(np.uint8)
        masks = archive["labels"][:, 0].astype(np.uint8)
    reached = []
    blocks = np.arange(len(masks)) * 10 // len(masks)
    for first in range(0, 10, 2):
        test, val = np.isin(blocks, (first, first + 1)), blocks == (first + 2) % 10
        parts = [~test & ~val, val, test]
        splits = [Split(images[part], masks[part]) for part in parts]
        flips = {"flips": ("left-right", "up-down"), "rotation_deg": 180}
        dataset = Dataset(
            "patches", *splits, "segmentation", ("background", "tumor"), None, (2.0, 2.0), **flips
        )
        run = trained(dataset, LARGER, epochs=70, batch_size=8, patience=70)
        answers = run.predict(dataset.test.images).argmax(axis=-1)
        pairs = zip(dataset.test.labels, answers, strict=True)
        reached += [dice(mask == 1, answer == 1) for mask, answer in pairs if mask.any()]
    print(f"  {len(reached)} patches with tumor, median {np.median(reached):.3f}")
    return judged("lung tumor patches, mean Dice, 5 folds of blocks", float(np.mean(reached)), 0.60, start)


def hippocampus() -> bool:
    """MR volumes: 20 held out for test, of the other 100 ten choose the epoch."""
    folder = data_root() / "share_alike" / "hippocampus"
    if not folder.is_dir():
        print("hippocampus: not in the data root, left out")
        return False
    start = time.perf_counter()
    names = ("background", "anterior", "posterior")
    dataset = data.load_masks(folder, names, masks="labels", val_fraction=1 / 12, test_fraction=1 / 6)
    run = trained(dataset, {"patch": (32, 40, 32)}, epochs=30)
    answers, rows = run.predict(dataset.test.images).argmax(axis=-1), []
    for mask, answer, inside in zip(dataset.test.labels, answers, dataset.test.unpadded, strict=True):
        rows.append([dice(mask[inside] == k, answer[inside] == k) for k in (1, 2)])
    anterior, posterior = np.mean(rows, axis=0)
    print(f"  anterior {anterior:.3f}, posterior {posterior:.3f}, of {len(rows)} volumes")
    return judged("hippocampus, mean Dice", float(np.mean(rows)), 0.87, start, 10)


def chests(count: int, seed: int, **options: Any) -> tuple[Split, phantoms.Thorax]:
    """Draw simulated chest volumes with the masks of their nodules."""
    drawn = phantoms.thorax(count, volumes=True, seed=seed, **options)
    gray = np.rint(255 * data.intensity.window(drawn.images_hu[LUNGS], *WINDOW_HU)).astype(np.uint8)
    return Split(gray, (drawn.labels[LUNGS] == NODULE).astype(np.uint8)), drawn


def found(tables: list[pd.DataFrame], drawn: phantoms.Thorax) -> float:
    """Return the sensitivity for nodules from 6 mm on, where there is one false positive a scan."""
    true, table = drawn.nodules, pd.concat(tables, keys=range(len(tables)), names=["image"]).reset_index()
    height, width = drawn.images_hu.shape[2:4]
    middle = [0.0, (height - 1) / 2 - LUNGS[2].start, (width - 1) / 2 - LUNGS[3].start]
    places_mm = true["center_mm"] + np.array(middle) * drawn.spacing_mm - [drawn.z_mm[0], 0, 0]
    of_size = (true["diameter_mm"] >= SMALLEST_MM) & true["in_image"]
    hits, missed, false = set(), 0, 0
    for row in table.sort_values("score", ascending=False).itertuples():
        here = np.flatnonzero(true["image"] == row.image)
        away_mm = np.linalg.norm(places_mm[here] - [row.z_mm, row.y_mm, row.x_mm], axis=1)
        touched = here[away_mm <= np.maximum(true["diameter_mm"][here] / 2, drawn.spacing_mm[0])]
        hits |= set(touched.tolist())
        false += not len(touched)
        if false > FALSE_POSITIVES * len(tables):
            break
    missed = [true["diameter_mm"][k] for k in np.flatnonzero(of_size) if k not in hits]
    print(f"  {of_size.sum()} nodules of 6 mm and more, missed: {np.round(missed, 1).tolist()} mm")
    return float(1 - len(missed) / of_size.sum())


def detection() -> bool:
    """Nodules in simulated chests: the U-Net's probability of a nodule is the heat map."""
    start = time.perf_counter()
    # A patch centers on any pixel of a nodule: among large nodules alone, small ones would hardly be seen.
    small, _ = chests(16, 10, n_nodules=(8, 12), diameter_mm=(4, 16))
    any_size, _ = chests(16, 0, n_nodules=(6, 12))
    volumes = np.concatenate([small.images, any_size.images])
    train = Split(volumes, np.concatenate([small.labels, any_size.labels]))
    # Four patches of each volume an epoch.
    train = train.subset(np.tile(np.arange(len(train)), 4))
    val, _ = chests(3, 1, n_nodules=(1, 3))
    test, drawn = chests(30, 2, n_nodules=(0, 3))
    dataset = Dataset("chests", train, val, test, "segmentation", ("background", "nodule"), simulated=True)
    run = trained(dataset, {"patch": (8, 48, 48)}, epochs=30, batch_size=8)
    heat = (run.predict(test.images[k : k + 1])[0, ..., 1] for k in range(len(test)))
    tables = [models.candidates(one, drawn.spacing_mm) for one in heat]
    return judged("detection, sensitivity at 1 false positive a scan", found(tables, drawn), 0.85, start)


PARTS = {part.__name__: part for part in (nodules, lungs, lung_tumors, hippocampus, detection)}


def main() -> int:
    """Measure all parts, or those named; return 1 if one missed what it should reach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or PARTS
    return int(any([PARTS[part]() for part in chosen]))


if __name__ == "__main__":
    raise SystemExit(main())
