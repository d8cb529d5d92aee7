"""`Meter`: what a piece of work took: wall time, CPU time, memory."""

from __future__ import annotations

import threading
import time
from typing import Any, Self

from medlab import backend

EVERY_S = 0.02


class Meter:
    """Measure what happens inside a ``with``.

    Attributes
    ----------
    wall_s, cpu_s : float
        CPU time of all threads of this process.
    peak_gb : float
        Most memory that the process held meanwhile, GB of 10^9 bytes, looked at fifty times a second.
    grown_gb : float
        `peak_gb` less what it held at the start.
    gpu_peak_gb : float or None
        The same of the first NVIDIA GPU, whatever process uses it.

    Examples
    --------
    ``with Meter() as meter: work()``, then ``print(meter)``
    """

    wall_s = cpu_s = peak_gb = grown_gb = 0.0
    gpu_peak_gb: float | None = None

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._start_gb = 0.0
        self._look()
        self._start_gb = self.peak_gb
        self._watch = threading.Thread(target=self._work, name="medlab-meter", daemon=True)
        self._watch.start()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall_s = time.perf_counter() - self._wall
        self.cpu_s = time.process_time() - self._cpu
        self._over.set()
        self._watch.join()
        self._look()
        self.grown_gb = self.peak_gb - self._start_gb

    def _work(self) -> None:
        while not self._over.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        now = backend.memory_gb()
        self.peak_gb = max(self.peak_gb, now["process"])
        if "gpu" in now:
            self.gpu_peak_gb = max(self.gpu_peak_gb or 0.0, now["gpu"])

    def facts(self) -> dict[str, Any]:
        """Return the numbers by name."""
        found = {
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "peak_gb": self.peak_gb,
            "grown_gb": self.grown_gb,
        }
        if self.gpu_peak_gb is not None:
            found["gpu_peak_gb"] = self.gpu_peak_gb
        return {name: round(value, 3) for name, value in found.items()}

    def __repr__(self) -> str:
        gpu = f", GPU {self.gpu_peak_gb:.2f} GB" if self.gpu_peak_gb is not None else ""
        return (
            f"wall {self.wall_s:.2f} s, CPU {self.cpu_s:.2f} s, peak memory {self.peak_gb:.2f} GB "
            f"({self.grown_gb:+.2f} GB){gpu}"
        )
