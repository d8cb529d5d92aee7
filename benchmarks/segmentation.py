"""Segmentation and detection: the U-Net trained by `fit`, its Dice and what a detector finds.

Simulated nodules and lungs, simulated chests for detection, and, where the data root holds them, patches of
lung tumors, the hippocampus, and a CT series with boxes around a tumor. Every figure is printed with what it
should reach.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medlab import data, models, reports, training
from medlab.data import Dataset, Split, phantoms
from medlab.data.downloading import data_root
from medlab.data.volumes import Volume
from medlab.evaluation import segmentation

LUNG = [phantoms.STRUCTURES.index(name) for name in ("lung", "vessel", "nodule")]
LARGER = {"width": 16, "levels": 4, "dropout": 0.2}


def judged(
    name: str, row: pd.Series, reach: float, start: tuple[float, float], limit_min: float | None = None
) -> bool:
    """Print a mean with its interval and what it should reach; return whether it missed that."""
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    limit = f" (reach {60 * limit_min:.0f} s on two quiet cores)" if limit_min else ""
    verdict = "reached" if row["mean"] >= reach else "MISSED"
    print(
        f"{name}: {row['mean']:.3f} ({row['low']:.3f} to {row['high']:.3f}), reach {reach:g}: {verdict}; "
        f"{wall:.0f} s, {cpu:.0f} s of the processor{limit}",
        flush=True,
    )
    return bool(row["mean"] < reach)


def now() -> tuple[float, float]:
    """Return the time of the clock and that of the processor, s."""
    return time.perf_counter(), time.process_time()


def trained(dataset: Dataset, network: dict[str, Any] | None = None, **options: Any) -> Any:
    """Train a U-Net."""
    model = models.build("unet", dataset, **{"width": 8, **(network or {})})
    return training.fit(model, dataset, progress=False, **options)


def dice(run: Any, dataset: Dataset) -> pd.Series:
    """Return the mean Dice of the test cases, with several classes of their mean, and its interval."""
    means = reports.judge_masks(run, dataset).means
    rows = means[means["measure"] == "dice"]
    for row in rows[:-1].to_dict("records"):
        print(f"  {row['label']}: {row['mean']:.3f}, {row['cases']} cases")
    return rows.iloc[-1]


def nodules() -> bool:
    """Crops of simulated nodules."""
    start = now()
    crops = data.load("simulated_nodules", n_train=400, n_val=60, n_test=200)
    dataset = data.as_segmentation(crops, ("background", "nodule"))
    run = trained(dataset, epochs=12)
    return judged("simulated nodules, mean Dice of crops", dice(run, dataset), 0.85, start, 3)


def lungs() -> bool:
    """Slices of simulated chests."""
    start = now()

    def split(count: int, seed: int) -> Split:
        chests = phantoms.thorax(count, side=128, seed=seed)
        gray = data.intensity.window(chests.images_hu, *reports.WINDOW_HU)
        return Split(np.rint(255 * gray).astype(np.uint8), np.isin(chests.labels, LUNG).astype(np.uint8))

    splits = [split(count, seed) for seed, count in enumerate((96, 12, 40))]
    dataset = Dataset("simulated_lungs", *splits, "segmentation", ("background", "lung"), simulated=True)
    run = trained(dataset, epochs=20, batch_size=8)
    return judged("simulated lungs, mean Dice of slices", dice(run, dataset), 0.97, start, 3)


def lung_tumors() -> bool:
    """Patches of lung tumors: 13 patients, ten patches of each in a row. Whole patients are held out."""
    file = data_root() / "share_alike" / "lung_tumour_patches" / "val_patches.h5"
    if not file.is_file():
        print("lung tumor patches: not in the data root, left out")
        return False
    import h5py

    start = now()
    with h5py.File(file) as archive:
        images = np.rint(255 * np.moveaxis(archive["images"][:], 1, -1)).astype(np.uint8)
        masks = archive["labels"][:, 0].astype(np.uint8)
    patient, answers = np.arange(len(masks)) // 10, np.zeros_like(masks)
    facts: dict[str, Any] = {"spacing_mm": (2.0, 2.0), "rotation_deg": 180}
    facts["flips"] = ("left-right", "up-down")
    for fold in range(5):
        test = patient % 5 == fold
        others, told = np.unique(patient[~test]), []
        for turn in range(5):  # each of the other patients chooses the epoch of one network, and trains four
            val = np.isin(patient, others[turn::5])
            splits = [Split(images[part], masks[part]) for part in (~test & ~val, val, test)]
            dataset = Dataset("patches", *splits, "segmentation", ("background", "tumor"), **facts)
            run = trained(dataset, LARGER, epochs=70, batch_size=8, patience=70)
            told.append(run.predict(dataset.test.images))
        answers[test] = np.mean(told, axis=0).argmax(axis=-1)
    tumor = masks.any(axis=(1, 2))
    pair = [[Volume(mask[None], (1.0, 2.0, 2.0)) for mask in kind[tumor]] for kind in (masks, answers)]
    table = segmentation.segmentation_table(*pair)
    each = table.groupby(patient[tumor])["dice"].mean().round(2).tolist()
    print(f"  {tumor.sum()} patches with tumor, median {table['dice'].median():.3f}, by patient {each}")
    print(f"  marked, too: {answers[~tumor].any(axis=(1, 2)).sum()} of {(~tumor).sum()} without tumor")
    row = segmentation.summary(table, groups=patient[tumor]).set_index("measure").loc["dice"]
    return judged("lung tumor patches, mean Dice, 5 folds of patients", row, 0.60, start)


def hippocampus() -> bool:
    """MR volumes: 20 held out for test, of the other 100 ten choose the epoch."""
    folder = data_root() / "share_alike" / "hippocampus"
    if not folder.is_dir():
        print("hippocampus: not in the data root, left out")
        return False
    start = now()
    names = ("background", "anterior", "posterior")
    options: dict[str, Any] = {"val_fraction": 1 / 12, "test_fraction": 1 / 6, "group_rule": "none"}
    dataset = data.load_masks(folder, names, masks="labels", **options)  # a file a patient
    run = trained(dataset, {"patch": (32, 40, 32)}, epochs=30)
    return judged("hippocampus, mean Dice of anterior and posterior", dice(run, dataset), 0.87, start, 10)


def detection() -> bool:
    """Nodules in simulated chests, and the candidates in a real CT series with boxes around a tumor."""
    start = now()
    run, dataset = reports.train_detector()
    froc = reports.detector_froc(run, reports.simulated_chests(60, 2024, n_nodules=(0, 3)))
    print(f"  {froc.n_lesions} nodules of 6 mm and more in {froc.n_scans} scans")
    print(froc.sensitivity.round(3).to_string())
    row = froc.sensitivity.loc[1.0].rename({"sensitivity": "mean"})
    missed = judged("detection, sensitivity at 1 false positive a scan", row, 0.85, start)
    with tempfile.TemporaryDirectory() as folder:
        model = models.save(Path(folder, "model"), run.model, dataset, run.normalization)
        real_series(model, Path(folder, "report"))
    return missed


def real_series(model: Path, out: Path) -> None:
    """Search a real series with boxes around a tumor, and print how long the page took."""
    patient = data_root() / "ct_lung_dx"
    if not patient.is_dir():
        print("CT with boxes: not in the data root, left out")
        return
    start = now()
    given = {"model": model, "image": patient / "Lung_Dx-A0002", "contours": patient / "boxes"}
    values = {**{name: str(path) for name, path in given.items()}, "allow_missing": True}
    result = reports.run_report(reports.resolve("detection"), given={"benchmark": values}, out=out)
    print("\n".join(result.metrics["summary"]))
    boxes = pd.DataFrame(result.metrics["marked"])
    print(boxes[["finding", "slice", "candidate", "score", "distance_mm", "within"]].round(2).to_string())
    print(f"  candidates to page: {time.perf_counter() - start[0]:.0f} s (reach 60 s on two quiet cores)")


PARTS = {part.__name__: part for part in (nodules, lungs, lung_tumors, hippocampus, detection)}


def main() -> int:
    """Measure all parts, or those named; return 1 if one missed what it should reach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or PARTS
    return int(any([PARTS[part]() for part in chosen]))


if __name__ == "__main__":
    raise SystemExit(main())
