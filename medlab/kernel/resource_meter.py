"""`Meter`: what a piece of work took: wall time, CPU time, memory."""

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
        self._look()
        self._start_gb = self.peak_gb
        # No system call gives the peak of a stretch of time, only that of the process: so it is watched.
        self._thread = threading.Thread(target=self._watch, name="medlab-meter", daemon=True)
        self._thread.start()
        self._wall_start, self._cpu_start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall_s = time.perf_counter() - self._wall_start
        self.cpu_s = time.process_time() - self._cpu_start
        self._over.set()
        self._thread.join()
        self._look()
        self.grown_gb = self.peak_gb - self._start_gb

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        memory = backend.memory_gb()
        self.peak_gb = max(self.peak_gb, memory["process"])
        if "gpu" in memory:
            self.gpu_peak_gb = max(self.gpu_peak_gb or 0.0, memory["gpu"])

    def facts(self) -> dict[str, Any]:
        """Return the numbers by name."""
        names = ["wall_s", "cpu_s", "peak_gb", "grown_gb"]
        if self.gpu_peak_gb is not None:
            names.append("gpu_peak_gb")
        return {name: round(getattr(self, name), 3) for name in names}

    def __repr__(self) -> str:
        gpu = f", GPU {self.gpu_peak_gb:.2f} GB" if self.gpu_peak_gb is not None else ""
        return (
            f"wall {self.wall_s:.2f} s, CPU {self.cpu_s:.2f} s, peak memory {self.peak_gb:.2f} GB "
            f"({self.grown_gb:+.2f} GB){gpu}"
        )
