"""Denoising and augmentation with five seeds: writes the tables that chapter 02 shows, `notebooks/results`.

What is trained comes from the cells of the notebook itself, so that what is measured is what is taught.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SEEDS = range(5)
CELLS = (
    *("cell-01", "cell-02", "cell-03", "setup"),
    *("denoise-filters", "two-questions", "small-network", "auc-gain", "low-dose", "augment-kinds"),
)


def chapter() -> dict[str, Any]:
    """Run the cells of the chapter that define its experiments; return their names."""
    cells = json.loads((NOTEBOOKS / "02_data.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = {cell["id"]: "".join(cell["source"]) for cell in cells}
    names: dict[str, Any] = {}
    for cell in CELLS:
        exec(sources[cell], names)
    return names


def denoising(names: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """Train on scans as they are, denoised, and made at site A; return each one's gain over the first."""
    asked, outputs_of = names["asked"], names["outputs_of"]
    scans, sharp = names["low_dose"](seed), names["low_dose"](seed, site="A")
    rows = []
    for question in names["ANSWERS"]:
        outputs = {
            name: outputs_of(asked(scans, question, name), seed, passes=8) for name in names["filters"]
        }
        outputs["site A's scan"] = outputs_of(asked(sharp, question), seed, passes=8)
        for name in list(outputs)[1:]:
            gain = names["gain"](scans.test, question, outputs[name], outputs["as scanned"], seed)
            rows.append(_row(seed, question, name, "as scanned", gain))
    return rows


def augmentation(names: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """Train with each random change; return its gain over turns and flips, and theirs over none."""
    scans = names["low_dose"](seed)
    few = scans.with_train(scans.train.subset(range(200)))
    rows = []
    for question in names["ANSWERS"]:
        dataset = names["asked"](few, question)
        outputs = {
            name: names["outputs_of"](dataset, seed, passes=30, augmentation=change)
            for name, change in names["changes"].items()
        }
        for name in list(outputs)[1:]:
            reference = "none" if name == "turns and flips" else "turns and flips"
            gain = names["gain"](scans.test, question, outputs[name], outputs[reference], seed)
            rows.append(_row(seed, question, name, reference, gain))
    return rows


def _row(
    seed: int, question: str, treatment: str, reference: str, gain: tuple[float, tuple[float, float]]
) -> dict[str, Any]:
    value, (low, high) = gain
    row = {"question": question, "treatment": treatment, "reference": reference, "seed": seed}
    row |= {"gain": round(value, 4), "low": round(low, 4), "high": round(high, 4)}
    print("  ".join(map(str, row.values())), flush=True)
    return row


def main() -> int:
    """Write both tables: a row per question, treatment and seed, with the interval over its patients."""
    os.environ.pop("MEDLAB_SCALE", None)  # it would overrule the parameter
    names = chapter()
    folder = NOTEBOOKS / "results"
    folder.mkdir(exist_ok=True)
    for experiment in (denoising, augmentation):
        rows: list[dict[str, Any]] = []
        for seed in SEEDS:
            rows += experiment(names, seed)
            # Anew after each seed: what was measured is not lost with what comes.
            pd.DataFrame(rows).to_csv(
                folder / f"02_{experiment.__name__}.csv", index=False, lineterminator="\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
