"""How a training is paused and stopped from another thread: between two batches, its state on disk."""

import threading
import time
from typing import Any

import keras


class Stopped(RuntimeError):
    """A training was asked to stop and did so between two batches."""


class Control(keras.callbacks.Callback):
    """Lets another thread pause, resume and stop a training.

    Attributes
    ----------
    epoch, epochs : int
        Epochs that are done, and how many there are to be; 0 and 1 in an adversarial training, which has none
        (and 0, 0 where it ends by the clock).
    batch, batches : int
        Batches of this epoch that are done, and how many it has: the steps of an adversarial training.
    history : object or None
        Has `rows`, and `best_epoch` where there are epochs; set by what trains.
    waiting : threading.Event
        Set while the training waits.
    seconds_waited : float
        How long it has waited so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self._go = threading.Event()
        self._go.set()
        self._stop = threading.Event()
        self.waiting = threading.Event()
        self.epoch = self.epochs = self.batch = self.batches = 0
        self.first_batch = 0
        self._pauses: tuple[float, float | None] = (0.0, None)  # over, and since when the one at hand
        self.history: Any = None
        self._logs: Any = None
        self._first: tuple[float, float] | None = None

    @property
    def seconds_waited(self) -> float:
        """How long the training has waited so far, the pause at hand included."""
        over, since = self._pauses  # read once: the training may change it meanwhile
        return over + (0.0 if since is None else time.perf_counter() - since)

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The history so far, a row an epoch."""
        return [dict(row) for row in self.history.rows] if self.history else []

    @property
    def loss(self) -> float | None:
        """Mean loss of the epoch so far; None before its first batch."""
        logs = self._logs  # read once: the training may change it meanwhile
        return float(logs["loss"]) if logs and "loss" in logs else None

    @property
    def _done(self) -> float:
        return self.epoch + self.batch / max(1, self.batches)

    def seconds_left(self) -> float | None:
        """Return how long it would go on at the pace since its first batch, which compiles; None before."""
        if self._first is None or self._done <= self._first[0] or not self.epochs:
            return None
        pace = (self._clock() - self._first[1]) / (self._done - self._first[0])
        return pace * (self.epochs - self._done)

    def _clock(self) -> float:
        return time.perf_counter() - self.seconds_waited

    def pause(self) -> None:
        """Let the training wait after the batch that it is at."""
        self._go.clear()

    def resume(self) -> None:
        """Let a waiting training go on."""
        self._go.set()

    def stop(self) -> None:
        """Let the training end after the batch that it is at, also while it waits."""
        self._stop.set()
        self._go.set()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch, self.batch, self._logs = epoch, self.first_batch, None
        self.first_batch = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Wait while paused, and end the training when that was asked for."""
        self.batch += 1
        if self._first is None:
            self._first = (self._done, self._clock())
        self._logs = logs  # turned into a number when somebody asks: that may take time on a GPU
        if not self._go.is_set():
            self._pauses = (self._pauses[0], time.perf_counter())
            self.waiting.set()
            self._go.wait()
            self.waiting.clear()
            self._pauses = (self.seconds_waited, None)
        if self._stop.is_set():
            self.model.stop_training = True
