"""Random numbers by purpose: drawing more of one leaves the others alone."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
Streams = dict[str, np.random.Generator]


def entropy_of(seed: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return a checked seed as the numbers that a seed sequence takes."""
    entropy = seed if isinstance(seed, tuple) else (seed,)
    for number in entropy:
        checks.in_range("seed", number, 0, whole=True)
    return entropy


def streams(entropy: tuple[int, ...], chunk: int, names: Sequence[str]) -> Streams:
    """Return one generator for each name; the same names, in the same order, give the same numbers."""
    children = np.random.SeedSequence([*entropy, chunk]).spawn(len(names))
    return {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}


def stacked(tables: Iterable[dict[str, Any]], n: int | None = None) -> dict[str, NDArray[Any]]:
    """Return the columns of tables one below the other, the first `n` rows of them."""
    parts = list(tables)
    return {name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]}
