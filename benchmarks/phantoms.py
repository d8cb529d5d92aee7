"""Print how fast crops and chests are simulated, and in how much memory: `python benchmarks/phantoms.py`.

Reach: 2,000 central slices in 20 s, 300 volumes in 60 s, bounded memory; 20 slices a second of chests of
256 x 256 pixels.
"""

from __future__ import annotations

import resource
import sys
import time

from medlab.data.phantoms import candidates, thorax


def peak_mib() -> float:
    """Return the most memory this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**10 if sys.platform == "linux" else 2**20)


def measure(n: int, reach_s: float, *, volumes: bool) -> bool:
    """Make n crops, print the time beside the reach, and return whether it was kept."""
    before = peak_mib()
    start = time.perf_counter()
    crops = candidates(n, kind="both", volumes=volumes)
    seconds = time.perf_counter() - start
    what = "volumes" if volumes else "central slices"
    result = (crops.images_hu.nbytes + crops.masks.nbytes) / 2**20
    sys.stdout.write(
        f"{n} {what}: {seconds:.1f} s (reach {reach_s:.0f} s), {n / seconds:.0f} a second, "
        f"peak memory grew by {peak_mib() - before:.0f} MiB for a result of {result:.0f} MiB\n"
    )
    return seconds < reach_s


def measure_chests(n: int, reach_per_s: float) -> bool:
    """Draw one slice each of n chests, print the rate beside the reach, and return whether it was kept."""
    start = time.perf_counter()
    thorax(n)
    rate = n / (time.perf_counter() - start)
    sys.stdout.write(f"{n} chest slices of 256 x 256: {rate:.0f} a second (reach {reach_per_s:.0f})\n")
    return rate >= reach_per_s


def main() -> int:
    """Measure all; return 1 if one missed its reach. Peak memory says something in a fresh process only."""
    kept = [measure(2000, 20, volumes=False), measure(300, 60, volumes=True), measure_chests(200, 20)]
    return not all(kept)


if __name__ == "__main__":
    sys.exit(main())
