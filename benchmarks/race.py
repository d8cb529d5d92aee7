"""`screening_cnn` against `resnet18_28`: seconds until both read validation images equally well."""

from __future__ import annotations

import sys

from medlab import models, training
from medlab.data import load
from medlab.data.downloading import find

WANTED_AUC = 0.99
ASKED = 10


def main() -> int:
    """Train both on PneumoniaMNIST until the validation AUC is there; print times, weights, ms a step."""
    if not find("pneumoniamnist", 28):
        print("pneumoniamnist is not in the data root: left out (medlab data fetch pneumoniamnist)")
        return 0
    dataset = load("pneumoniamnist")
    seconds = {}
    for name in ("screening_cnn", "resnet18_28"):
        model = models.build(name, dataset, seed=0)
        run = training.fit(model, dataset, seed=0, epochs=20, stop_at=WANTED_AUC, patience=20, progress=False)
        steps = len(run.history) * (len(dataset.train) // run.options["batch_size"])
        reached = run.history["val_auc"].iloc[-1] >= WANTED_AUC
        seconds[name] = run.train_seconds if reached else float("inf")
        cost, best = models.cost(model), run.history["val_auc"].max()
        print(
            f"{name:14s} {cost.weights:>10,} weights  {cost.multiply_adds / 1e6:6.1f} M multiply-adds  "
            f"{1000 * run.history['seconds'].sum() / steps:7.1f} ms a step of 64  "
            f"{run.train_seconds:6.0f} s, {len(run.history)} epochs, validation AUC {best:.4f}",
            flush=True,
        )
    if float("inf") in seconds.values():
        print(f"a network did not reach a validation AUC of {WANTED_AUC}: no ratio, MISSED")
        return 1
    ratio = seconds["resnet18_28"] / seconds["screening_cnn"]
    print(f"screening_cnn is {ratio:.0f} times faster to a validation AUC of {WANTED_AUC}; asked {ASKED}")
    return ratio < ASKED


if __name__ == "__main__":
    sys.exit(main())
