"""`screening_cnn` against `resnet18_28`: seconds until both read validation images equally well."""

from __future__ import annotations

import sys

import keras
import numpy as np

from medlab import models, training
from medlab.data import load
from medlab.data.downloading import find

WANTED_AUC = 0.99
SEEDS = range(3)  # one seed more or less is an epoch more or less
ASKED = 10


class Enough(keras.callbacks.Callback):
    """Ends a training once the validation AUC is there."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Look at the epoch's row of the history."""
        if logs["val_auc"] >= WANTED_AUC:
            self.model.stop_training = True


def main() -> int:
    """Train both on PneumoniaMNIST until the validation AUC is there; print times, weights, ms a step."""
    if not find("pneumoniamnist", 28):
        print("pneumoniamnist is not in the data root: left out (medlab data fetch pneumoniamnist)")
        return 0
    dataset = load("pneumoniamnist")
    seconds = {}
    for name in ("screening_cnn", "resnet18_28"):
        runs = []
        for seed in SEEDS:
            model = models.build(name, dataset, seed=seed)
            runs.append(training.fit(model, dataset, seed=seed, callbacks=[Enough()], progress=False))
        reached = all(run.history["val_auc"].iloc[-1] >= WANTED_AUC for run in runs)
        seconds[name] = float(np.mean([run.train_seconds for run in runs])) if reached else float("inf")
        steps = sum(len(run.history) * (len(dataset.train) // run.options["batch_size"]) for run in runs)
        busy = sum(run.history["seconds"].sum() for run in runs)
        cost = models.cost(model)
        print(
            f"{name:14s} {cost.weights:>10,} weights  {cost.multiply_adds / 1e6:6.1f} M multiply-adds  "
            f"{1000 * busy / steps:7.1f} ms a step of 64  {seconds[name]:6.1f} s in the mean of seeds "
            f"{', '.join(f'{run.train_seconds:.1f}' for run in runs)}; epochs "
            f"{', '.join(str(len(run.history)) for run in runs)}",
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
