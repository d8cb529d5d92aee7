"""Calibration, conformal sets, another prevalence, and images of another kind: writes chapter 09's table.

Everything is fitted on validation and read off the test images once for each seed. The table, a row a data
set, seed, weighting and method, goes to `notebooks/results/09_trust.csv`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medlab import data, evaluation, models, training
from medlab.data.downloading import find
from medlab.evaluation import calibration, conformal, decision
from medlab.models import Bundle

TABLE = Path(__file__).parents[1] / "notebooks" / "results" / "09_trust.csv"
SEEDS = range(5)
SPLITS = 100
USUAL, RARE = 0.35, 0.02  # prevalence of the simulated cohort, and of screening
METHODS = ("as it is", *calibration.METHODS)


def trained(dataset: data.Dataset, seed: int, balance: str) -> training.Run:
    """Train the default network as a study does."""
    network = models.build("auto", dataset, seed=seed)
    return training.fit(network, dataset, seed=seed, balance=balance, progress=False)


def errors(dataset: data.Dataset, run: training.Run, balance: str, seed: int) -> list[dict[str, Any]]:
    """Return how far each method's probabilities are off on test, and by how much luck would be."""
    truth = {name: dataset.targets(split) for name, split in dataset.splits().items()}
    told = {name: run.predict(split.images) for name, split in dataset.splits().items() if name != "train"}
    rows = []
    for method in METHODS:
        mended = told["test"]
        if method in calibration.METHODS:
            mended = calibration.fit(method, truth["val"], told["val"]).apply(mended)
        row = {"dataset": dataset.name, "balance": balance, "seed": seed, "method": method}
        row["ece"] = calibration.ece(truth["test"], mended)
        row["bias"], row["floor"] = calibration.ece_of_calibrated(mended)
        risk = dataset.test.attributes.get("risk_image")
        row["against_risk"] = np.nan if risk is None else calibration.ece(risk, mended)
        rows.append(row)
        print("  ".join(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values()), flush=True)
    return rows


def coverage(dataset: data.Dataset, run: training.Run) -> bool:
    """Print the coverage of class-conditional sets, mean of many ways to part the held-out patients."""
    held_out = [dataset.val, dataset.test]
    truth = np.concatenate([dataset.targets(split) for split in held_out])
    told = np.concatenate([run.predict(split.images) for split in held_out])
    rng, shares = np.random.default_rng(0), []
    for _ in range(SPLITS):
        order = rng.permutation(len(truth))
        val, test = order[: len(dataset.val)], order[len(dataset.val) :]
        sets = conformal.fit(truth[val], told[val]).sets(told[test], 0.9)
        shares.append(conformal.coverage(truth[test], sets)["covered"])
    mean, spread = np.mean(shares, axis=0), np.std(shares, axis=0)
    told_mean = ", ".join(
        f"{name} {100 * m:.1f} % (single splits ± {100 * s:.1f})"
        for name, m, s in zip(("benign", "malignant", "all"), mean, spread, strict=True)
    )
    return reach(
        f"coverage at 90 %, mean of {SPLITS} re-splits: {told_mean}", np.abs(mean - 0.9).max() < 0.015
    )


def another_prevalence(run: training.Run, platt: calibration.Calibration) -> bool:
    """Print the calibration error at a prevalence of 2 %, before and after the correction."""
    held = []
    for name, options, right in (
        ("the ill left out at random", {}, True),
        ("the same, nodules of 10 to 20 mm", {"diameter_mm": (10.0, 20.0)}, False),
        ("the same, nodules of 4 to 8 mm", {"diameter_mm": (4.0, 8.0)}, False),
    ):
        there = data.load("simulated_nodules", n_train=1, n_val=1, n_test=20_000, **options).test
        ill, well = np.flatnonzero(there.labels == 1), np.flatnonzero(there.labels == 0)
        there = there.subset(np.concatenate([well, ill[: round(len(well) * RARE / (1 - RARE))]]))
        risk = platt.apply(run.predict(there.images))
        corrected = decision.prior_correction(risk, USUAL, RARE)
        floor = calibration.ece_of_calibrated(corrected)[1]
        before, after = (calibration.ece(there.labels, values) for values in (risk, corrected))
        words = f"prevalence {USUAL} to {RARE}, {name}: ECE {before:.4f}, corrected {after:.4f}, "
        words += f"floor {floor:.4f}; mean probability {corrected.mean():.4f}, {len(there)} patients"
        held.append(reach(words, (after <= floor) == right))
    return all(held)


def another_kind(dataset: data.Dataset, run: training.Run) -> bool:
    """Print how many of 100 images of another kind are flagged, and how many test images."""
    measured = evaluation.evaluate(run.predict, dataset)
    learned = evaluation.learn(run, dataset, measured)
    facts = {"normalization": run.normalization.as_dict(), "class_names": dataset.class_names, **learned}
    bundle, shape = Bundle(run.model, facts), (100, *dataset.test.images.shape[1:])
    rng = np.random.default_rng(0)
    kinds = {
        "noise": rng.integers(0, 256, shape),
        "black": np.zeros(shape),
        "white": np.full(shape, 255),
        "inverted": 255 - dataset.test.images[:100].astype(float),
    }
    if find("pneumoniamnist", 28):
        x_rays = data.load("pneumoniamnist").test.images[:100]
        kinds["X-ray"] = x_rays.repeat(3, axis=1).repeat(3, axis=2)[:, 10:74, 10:74]
    held = []
    for name, images in kinds.items():
        flagged = int(evaluation.score(bundle, images).unlike.sum())
        held.append(reach(f"{name}: {flagged} of 100 flagged", flagged >= 95))
    share = float(evaluation.score(bundle, dataset.test.images).unlike.mean())
    return all(held) & reach(f"test images flagged: {100 * share:.1f} %", share <= 0.03)


def reach(words: str, held: bool) -> bool:
    """Print a figure and whether it is what is asked."""
    print(f"  {words}: {'reached' if held else 'MISSED'}", flush=True)
    return bool(held)


def main() -> int:
    """Measure all; return 1 if something is missed."""
    rows: list[dict[str, Any]] = []
    held = []
    for name in ("simulated_nodules", "pneumoniamnist"):
        if name == "pneumoniamnist" and not find(name, 28):
            print(f"{name}: not in the data root, left out (medlab data fetch {name})")
            continue
        for seed in SEEDS:
            dataset = data.load(name, seed=seed) if name == "simulated_nodules" else data.load(name)
            for balance in ("auto", "none"):
                run = trained(dataset, seed, balance)
                rows += errors(dataset, run, balance, seed)
                pd.DataFrame(rows).round(4).to_csv(TABLE, index=False, lineterminator="\n")
                if name == "simulated_nodules" and seed == 0 and balance == "auto":
                    held += [coverage(dataset, run), another_kind(dataset, run)]
                    truth = dataset.targets(dataset.val)
                    platt = calibration.fit("platt", truth, run.predict(dataset.val.images))
                    held.append(another_prevalence(run, platt))
    table = pd.DataFrame(rows)
    means = table.groupby(["dataset", "balance", "method"], sort=False)[
        ["ece", "floor", "against_risk"]
    ].mean()
    print(means.round(4).to_string())
    asked = {
        ("simulated_nodules", "auto", "platt"): ("against_risk", lambda row: row["floor"]),
        ("pneumoniamnist", "auto", "temperature"): ("ece", lambda _row: 0.06),
    }
    for key, (column, limit) in asked.items():
        if key in means.index:
            row = means.loc[key]
            words = f"{', '.join(key)}: {column} {row[column]:.4f}, at most {limit(row):.4f}"
            held.append(reach(words, row[column] <= limit(row)))
    return not all(held)


if __name__ == "__main__":
    sys.exit(main())
