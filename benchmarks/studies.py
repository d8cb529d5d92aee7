"""The study of `medlab report` at its defaults, five seeds a data set, each beside what it should reach.

Only dataset (or data_dir with image_size and positive_class) and seed are given, as a user would. Every
choice in the defaults was made on training and validation images; the test images are read once, here.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from medlab.data import data_root
from medlab.data.downloading import find
from medlab.reports import run_report
from medlab.text import estimate

SEEDS = range(5)


@dataclass(frozen=True)
class Reach:
    """What the mean over seeds should reach; None where nothing is asked."""

    auc: float | None = None
    accuracy: float | None = None
    fraction_of_ceiling: float | None = None
    train_seconds: float = 240
    total_seconds: float | None = None


@dataclass(frozen=True)
class Study:
    """One row of the table: a preset or template, its parameters, what it should reach."""

    name: str
    report: str
    reach: Reach
    parameters: dict[str, Any] = field(default_factory=dict)


def studies() -> list[Study]:
    """Return the studies whose images are here, the simulated one always."""
    present = []
    for name, reach in (
        ("pneumoniamnist", Reach(0.965, 0.89, None, 90)),
        ("breastmnist", Reach(0.91, 0.86, None, 60)),
    ):
        if find(name, 28):
            present.append(Study(name, "classification", reach, {"dataset": name}))
        else:
            print(f"{name}: not in the data root, left out (medlab data fetch {name})")
    folder = data_root() / "lung_nodules"
    if folder.is_dir():
        parameters = {"data_dir": str(folder), "image_size": 50, "positive_class": "nodule"}
        present.append(Study("lung_nodules", "classification", Reach(0.92, None, None, 360), parameters))
    else:
        print("lung_nodules: no such folder in the data root, left out")
    present.append(Study("simulated_nodules", "lung_screening", Reach(None, None, 0.95, 240, 240)))
    return present


def run(study: Study, seed: int, folder: Path) -> dict[str, Any]:
    """Run one report and return its metrics, with the wall time of the whole."""
    started = time.perf_counter()
    parameters = {**study.parameters, "seed": seed}
    result = run_report(study.report, parameters, out=folder / f"{study.name}-{seed}")
    return {**result.metrics, "wall_seconds": time.perf_counter() - started}


def summary(study: Study, results: list[dict[str, Any]]) -> bool:
    """Print a study's figures beside what they should reach; return whether they do."""
    reach = study.reach
    tests = [result["test"] for result in results]
    ceilings = [result["ceiling"] for result in results if result["ceiling"]]
    rows = [
        ("AUC", [test["auc"] for test in tests], reach.auc),
        ("ACC", [test["accuracy"] for test in tests], reach.accuracy),
        ("of the ceiling", [c["fraction_of_ceiling"] for c in ceilings], reach.fraction_of_ceiling),
    ]
    held = []
    for label, values, wanted in rows:
        if not values:
            continue
        mean = float(np.mean(values))
        asked = "" if wanted is None else f"  asked {wanted:.3f}: {'reached' if mean >= wanted else 'MISSED'}"
        listed = " ".join(f"{value:.3f}" for value in values)
        print(f"  {label:15s} mean {mean:.4f}  ({listed}){asked}")
        held.append(wanted is None or mean >= wanted)
    intervals = ", ".join(estimate(test["auc"], test["auc_ci"]) for test in tests)
    print(f"  95 % intervals of the AUC: {intervals}")
    for label, key, most in (
        ("training, s", "train_seconds", reach.train_seconds),
        ("whole report, s", "wall_seconds", reach.total_seconds),
    ):
        values = [result[key] for result in results]
        asked = (
            "" if most is None else f"  asked at most {most}: {'kept' if max(values) <= most else 'MISSED'}"
        )
        print(f"  {label:15s} median {np.median(values):.0f}, longest {max(values):.0f}{asked}", flush=True)
        held.append(most is None or max(values) <= most)
    return all(held)


def main() -> int:
    """Run every study with every seed, or the ones named; return 1 if a mean or a time misses."""
    held = True
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for study in studies():
            if wanted and study.name not in wanted:
                continue
            results = [run(study, seed, Path(folder)) for seed in SEEDS]
            print(f"{study.name}: {len(results)} seeds, backend {results[0]['backend']}")
            held = summary(study, results) and held
    return not held


if __name__ == "__main__":
    sys.exit(main())
