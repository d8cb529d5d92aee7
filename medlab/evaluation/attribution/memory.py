"""How many images may go through a network at once."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import psutil

from medlab import backend
from medlab.evaluation.attribution.network_layers import Seen

# More at once is not faster on a CPU: its caches hold little.
MOST_ON_CPU, MOST_ON_GPU = 32, 256
# The outputs of all layers, kept for the way back, their gradients, and what convolutions need in between.
_COPIES = 4
_SHARE = 0.25


def free_bytes() -> int:
    """Return the memory that is free where the network computes: the GPU's, else the machine's."""
    if backend.gpus():
        if backend.name() == "torch":
            return int(importlib.import_module("torch").cuda.mem_get_info()[0])
        if backend.name() == "jax":
            stats = importlib.import_module("jax").devices()[0].memory_stats() or {}
            if "bytes_limit" in stats:
                return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
        if backend.name() == "tensorflow":
            # It says how much it has taken, not how much there is: torch asks the driver, where it can.
            experimental = importlib.import_module("tensorflow").config.experimental
            cuda = importlib.import_module("torch").cuda
            total = cuda.mem_get_info()[1] if cuda.is_available() else 4 << 30
            return int(max(total - experimental.get_memory_info("GPU:0")["current"], 1 << 28))
    return int(psutil.virtual_memory().available)


def batch_size(seen: Sequence[Seen], bytes_each: int = 4) -> int:
    """Return how many images to send through a network at once.

    Parameters
    ----------
    seen : sequence of Seen
        What each layer gave for an image.
    bytes_each : int
        Of one number: 4 for float32, 8 for float64.

    Returns
    -------
    images : int
        At least 1; so many that a quarter of the free memory is enough.
    """
    each = _COPIES * bytes_each * max(1, sum(layer.numbers for layer in seen))
    most = MOST_ON_GPU if backend.gpus() else MOST_ON_CPU
    return int(min(most, max(1, _SHARE * free_bytes() // each)))
