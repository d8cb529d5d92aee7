"""Training through medlab's batches beside training on arrays in memory, turn by turn in one process."""

from __future__ import annotations

import sys
import time

import numpy as np

from medlab import backend, models
from medlab.data import Batches, Dataset, Split
from medlab.data.augmentation import Augmentation
from medlab.data.normalization import normalize

ROUNDS = 7
ASKED = 0.95


def sample(count: int = 2048, side: int = 28) -> Dataset:
    """Return a data set of noise: what is timed does not depend on what is learned."""
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (count, side, side, 1)).astype(np.uint8), np.arange(count) % 2)
    return Dataset("noise", split, split, split, "binary", ("a", "b"), 1, rotation_deg=10.0)


def main() -> int:
    """Print images per second of both ways and their ratio; return 1 if it misses what is asked."""
    dataset = sample()
    normalization = normalize(dataset)
    targets = dataset.targets(dataset.train)
    arrays = normalization.apply(dataset.train.images)
    model = models.build("screening_cnn", dataset)
    model.compile("adamw", "binary_crossentropy", jit_compile=backend.name() == "jax")

    def through_arrays() -> None:
        model.fit(arrays, targets, batch_size=64, epochs=1, verbose=0)

    def through_batches(augmentation: Augmentation | None) -> None:
        batches = Batches(dataset.train.images, targets, normalization, augmentation=augmentation)
        model.fit(batches.for_keras(), epochs=1, shuffle=False, verbose=0)

    ways = {
        "arrays in memory": through_arrays,
        "uint8 batches": lambda: through_batches(None),
        "uint8 batches, augmented": lambda: through_batches(Augmentation.for_dataset(dataset)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if round_number:  # the first compiles
                seconds[name].append(time.perf_counter() - started)
    base = np.array(seconds["arrays in memory"])
    ratios = {}
    for name, taken in seconds.items():
        ratios[name] = float(np.median(base / np.array(taken)))
        speed = len(dataset.train) / np.median(taken)
        print(f"{name:26s} {speed:7.0f} images/s   {ratios[name]:.2f} of arrays in memory")
    # Arrays in memory are not augmented, so the equal work is the batches without augmentation.
    reached = ratios["uint8 batches"] >= ASKED
    print(
        f"asked {ASKED}: {'reached' if reached else 'MISSED'} ({backend.name()}, median of {ROUNDS} rounds)"
    )
    return not reached


if __name__ == "__main__":
    sys.exit(main())
