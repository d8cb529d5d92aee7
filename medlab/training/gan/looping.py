"""The loop of an adversarial training: budget, history, snapshots, checkpoint, callbacks, progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from medlab import backend, checks
from medlab.training import background, drawing
from medlab.training.checkpoint import Checkpoint
from medlab.training.control import Control, Stopped
from medlab.training.gan import stepping
from medlab.training.gan.result import GANRun
from medlab.training.gan.source import Source

if TYPE_CHECKING:
    from medlab.training.gan.adversary import Adversary

LINES = 12
CHECKPOINT_SECONDS = 30.0


class Loop:
    """Runs the steps of a `GAN` or an `Inpainter`; see `GAN.fit` for the options."""

    def __init__(
        self,
        adversary: Adversary,
        source: Source,
        material: Any,
        *,
        steps: int | None,
        minutes: float | None,
        checkpoint: str | Path | None,
        snapshots_every: int | None,
        record_every: int,
        progress: bool,
        callbacks: Sequence[keras.callbacks.Callback],
        control: Control | None = None,
        **identity: Any,
    ) -> None:
        background.check_free()
        if steps is None and minutes is None:
            msg = "steps or minutes must be given, got neither. For a first look: minutes=2."
            raise ValueError(msg)
        if steps is not None:
            checks.in_range("steps", steps, 1, whole=True)
        if minutes is not None:
            checks.in_range("minutes", minutes, 0)
        if snapshots_every is not None:
            checks.in_range("snapshots_every", snapshots_every, 1, whole=True)
        checks.in_range("record_every", record_every, 1, whole=True)
        self.adversary, self.source, self.material = adversary, source, material
        self.steps, self.minutes = steps, minutes
        self.snapshots_every, self.record_every = snapshots_every, record_every
        self.progress, self.control = progress, control
        self.callbacks = [*callbacks, *([control] if control else [])]
        self.step = 0
        self.rows: list[dict[str, Any]] = []
        self.snapshots: list[NDArray[np.float32]] = []
        self.snapshot_steps: list[int] = []
        self.seconds_before = 0.0
        self._pending: list[dict[str, Any]] = []
        self._shown = 0
        self.options = {
            **adversary.options,
            "batch_size": source.batch_size,
            "snapshots_every": snapshots_every,
            "record_every": record_every,
            **identity,
        }
        self.checkpoint = None
        if checkpoint is not None:
            for network in adversary.players():
                numbers = [
                    np.random.default_rng(0).random((4, *x.shape[1:]), np.float32) for x in network.inputs
                ]
                drawing.check_known(network, numbers if len(numbers) > 1 else numbers[0])
            known = {"seed": source.seed, "data": source.fingerprint(), "backend": backend.name()}
            self.checkpoint = Checkpoint(checkpoint, {**adversary.identity(), **self.options, **known})

    def run(self, *, resume: bool) -> GANRun:
        """Train, and say how it went."""
        import pandas as pd

        adversary = self.adversary
        adversary.stop_training = False
        for number, network in enumerate(adversary.players()):
            drawing.begin(network, self.source.seed, number)
        if resume:
            self._resume()
        if self.control:
            self.control.history, self.control.batch = self, self.step
            self.control.epochs, self.control.batches = (1, self.steps) if self.steps else (0, 1)
        self._started = self._saved = time.perf_counter()
        bar = self._bar()
        for callback in self.callbacks:
            callback.set_model(adversary)
            callback.on_train_begin()
        while not self._is_over():
            adversary.slow_down(self._done())
            self._pending.append(adversary.step(*adversary.batches(self.source, self.step)))
            self.step += 1
            for callback in self.callbacks:
                callback.on_train_batch_end(self.step)
            if self.step % self.record_every == 0:
                self._record(bar)
            if self.snapshots_every and self.step % self.snapshots_every == 0:
                self._snap()
            if self.checkpoint and time.perf_counter() - self._saved > CHECKPOINT_SECONDS:
                self._save()
        if self.checkpoint and self.step:
            self._save()
        if self.control and self.control.stopping and self._done() < 1:
            if bar is not None:
                bar.close()
            msg = f"stopped after {self.step} steps."
            raise Stopped(msg)
        rows = [*self.rows, *([self._row()] if self._pending else [])]
        if self.step and (not self.snapshot_steps or self.snapshot_steps[-1] != self.step):
            # After the save: a training that goes on from here has no snapshot between two.
            self._snap()
        for callback in self.callbacks:
            callback.on_train_end()
        if bar is not None:
            bar.close()
        return GANRun(
            history=pd.DataFrame(rows),
            snapshots=np.array(self.snapshots, np.float32),
            snapshot_steps=np.array(self.snapshot_steps, np.int64),
            steps=self.step,
            train_seconds=self._seconds(),
            options={**self.options, "steps": self.steps, "minutes": self.minutes},
            seed=self.source.seed,
            backend=backend.name(),
        )

    def _seconds(self) -> float:
        waited = self.control.seconds_waited if self.control else 0.0
        return self.seconds_before + time.perf_counter() - self._started - waited

    def _done(self) -> float:
        """Part of the budget that is used up."""
        by_steps = self.step / self.steps if self.steps else 0.0
        by_time = self._seconds() / max(60 * self.minutes, 1e-9) if self.minutes is not None else 0.0
        return max(by_steps, by_time)

    def _is_over(self) -> bool:
        return bool(self.adversary.stop_training) or self._done() >= 1

    def _row(self) -> dict[str, Any]:
        numbers = stepping.to_numpy(self._pending)
        for name, values in numbers.items():
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                number = self.step - len(values) + int(bad[0]) + 1
                msg = (
                    f"{name} must stay finite, got {values[bad[0]]} at step {number}. Lower rates, use "
                    "a critic with normalization='spectral'."
                )
                raise FloatingPointError(msg)
        means = {name: float(values.mean()) for name, values in numbers.items()}
        return {"step": self.step, "seconds": round(self._seconds(), 3), **means}

    def _record(self, bar: Any) -> None:
        row = self._row()
        self._pending = []
        self.rows.append(row)
        for callback in self.callbacks:
            callback.on_epoch_end(len(self.rows) - 1, row)
        if not self.progress:
            return
        numbers = {k: f"{v:.3f}" for k, v in row.items() if k.endswith("loss") or k == "reconstruction"}
        if bar is not None:
            bar.set_postfix({"step": row["step"], **numbers})
            bar.update(min(1.0, self._done()) - bar.n)
        elif int(self._done() * LINES) > self._shown:
            self._shown = int(self._done() * LINES)
            text = "  ".join(f"{k} {v}" for k, v in numbers.items())
            sys.stdout.write(f"step {row['step']:6d}  {text}  {row['seconds']:.0f} s\n")
            sys.stdout.flush()

    def _bar(self) -> Any:
        if not (self.progress and sys.stdout.isatty()):
            return None
        return tqdm(total=1.0, bar_format="{percentage:3.0f}%|{bar}| {postfix}", file=sys.stdout)

    def _snap(self) -> None:
        self.snapshots.append(self.adversary.snapshot(self.material))
        self.snapshot_steps.append(self.step)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        # Refuses numbers that are not finite before they replace a good state.
        if self._pending:
            self._row()
        pending = {f"pending {k}": [v] for k, v in stepping.to_numpy(self._pending).items()}
        facts = {
            "step": self.step,
            "updates": self.adversary.updates,
            "rows": self.rows,
            "snapshot_steps": self.snapshot_steps,
            "seconds": self._seconds(),
        }
        draws = drawing.kept(self.adversary.generator)
        state = {**self.adversary.state(), "draws": draws, "snapshots": list(self.snapshots)}
        self.checkpoint.save({**state, **pending}, facts)
        self._saved = time.perf_counter()

    def _resume(self) -> None:
        stored = self.checkpoint.load() if self.checkpoint else None
        if stored is None:
            return
        arrays, facts = stored
        self.adversary.restore(arrays)
        drawing.restore(self.adversary.generator, arrays.get("draws", []))
        self.adversary.updates = facts["updates"]
        self.step, self.rows = facts["step"], facts["rows"]
        self.snapshot_steps = facts["snapshot_steps"]
        self.snapshots = list(arrays.get("snapshots", []))
        self.seconds_before = facts["seconds"]
        pending = {k.removeprefix("pending "): v[0] for k, v in arrays.items() if k.startswith("pending ")}
        count = len(next(iter(pending.values()))) if pending else 0
        self._pending = [{name: values[i] for name, values in pending.items()} for i in range(count)]
