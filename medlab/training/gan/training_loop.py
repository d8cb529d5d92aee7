"""The loop of an adversarial training: budget, history, snapshots, checkpoint, callbacks, progress."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab import backend, checks
from medlab.text import counted
from medlab.training import background, random_states
from medlab.training.checkpoint import Checkpoint
from medlab.training.control import Control, Stopped
from medlab.training.gan import steps
from medlab.training.gan.image_batches import ImageBatches
from medlab.training.progress_lines import Console

if TYPE_CHECKING:
    from medlab.training.gan.adversary import Adversary

LINES = 12
CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class FitOptions:
    """The options of ``GAN.fit`` and ``Inpainter.fit``, described there."""

    steps: int | None = None
    minutes: float | None = None
    batch_size: int = 64
    seed: int = 0
    checkpoint: str | Path | None = None
    resume: bool = False
    snapshots: int | None = None
    snapshots_every: int | None = None
    record_every: int = 50
    progress: bool = True
    callbacks: Sequence[keras.callbacks.Callback] = ()
    control: Control | None = None

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            msg = "steps or minutes must be given, got neither. For a first look: minutes=2."
            raise ValueError(msg)
        for name, low in {"steps": 1, "minutes": 0, "snapshots_every": 1, "record_every": 1}.items():
            if (value := getattr(self, name)) is not None:
                checks.in_range(name, value, low, whole=name != "minutes")


@dataclass(frozen=True)
class GANRun:
    """A finished adversarial training.

    Attributes
    ----------
    history : pandas.DataFrame
        A row every ``record_every`` steps, each number the mean since the row before: ``step`` (the
        generator's, from 1), ``seconds`` (since the start), ``critic_loss``, ``generator_loss``,
        ``real_score`` and ``fake_score`` (the critic's, any number), ``penalty`` where there is one; for an
        inpainter also ``reconstruction``.
    snapshots : float32 array, shape (K, n, H, W, C) or (K, n, D)
        The same n noise vectors (or holes) after `snapshot_steps` steps.
    snapshot_steps : int array, shape (K,)
    steps : int
        Steps of the generator.
    train_seconds : float
        Wall time, compilation and snapshots included, over all parts of a resumed training.
    options : mapping
        Every option as it was used.
    seed : int
    backend : str
    """

    history: pd.DataFrame = field(repr=False)
    snapshots: NDArray[np.float32] = field(repr=False)
    snapshot_steps: NDArray[np.int64] = field(repr=False)
    steps: int
    train_seconds: float
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    backend: str = "tensorflow"


class Loop:
    """Runs the steps of a `GAN` or an `Inpainter`; see `GAN.fit` for the options.

    Parameters
    ----------
    adversary : GAN or Inpainter
    fit : FitOptions
    real : ImageBatches
    material : object
        What `Adversary.snapshot` takes.
    """

    def __init__(self, adversary: Adversary, fit: FitOptions, real: ImageBatches, material: Any) -> None:
        background.check_free()
        self.adversary, self.fit, self.real, self.material = adversary, fit, real, material
        self.control = fit.control or Control()
        self.callbacks = keras.callbacks.CallbackList([*fit.callbacks, self.control], model=adversary)
        self.step = 0
        self.rows: list[dict[str, Any]] = []
        self.snapshots: list[NDArray[np.float32]] = []
        self.snapshot_steps: list[int] = []
        self.seconds_before = 0.0
        self._pending: list[dict[str, Any]] = []
        self._shown = 0
        every = {"snapshots_every": fit.snapshots_every, "record_every": fit.record_every}
        self.options = {**adversary.options, "batch_size": real.batch_size, **every}
        self.checkpoint = None
        if fit.checkpoint is not None:
            for network in adversary.players.values():
                random = np.random.default_rng(0).random
                inputs = [random((4, *x.shape[1:]), np.float32) for x in network.inputs]
                random_states.check_known(network, inputs if len(inputs) > 1 else inputs[0])
            source = {"seed": real.seed, "data": real.fingerprint(), "backend": backend.name()}
            self.checkpoint = Checkpoint(fit.checkpoint, {**adversary.identity(), **self.options, **source})

    def run(self) -> GANRun:
        """Train, and say how it went."""
        adversary, fit, control = self.adversary, self.fit, self.control
        adversary.stop_training = False
        for number, network in enumerate(adversary.players.values()):
            random_states.begin(network, self.real.seed, number)
        if fit.resume:
            self._resume()
        control.history, control.batch = self, self.step
        control.epochs, control.batches = (1, fit.steps) if fit.steps else (0, 1)
        self._started = self._saved = time.perf_counter()
        bar_format = "{percentage:3.0f}%|{bar}| {postfix}"
        self._console = Console(fit.progress, total=1.0, bar_format=bar_format)
        self.callbacks.on_train_begin()
        while not (adversary.stop_training or self._done() >= 1):
            self._take_step()
        if self.step:
            self._save()
        if control.stopping and self._done() < 1:
            self._console.close()
            msg = f"stopped after {counted(self.step, 'step')}."
            raise Stopped(msg)
        rows = [*self.rows, *([self._row()] if self._pending else [])]
        if self.step and (not self.snapshot_steps or self.snapshot_steps[-1] != self.step):
            # After the save: a training that goes on from here has no snapshot between two.
            self._snap()
        self.callbacks.on_train_end()
        self._console.close()
        return GANRun(
            history=pd.DataFrame(rows),
            snapshots=np.array(self.snapshots, np.float32),
            snapshot_steps=np.array(self.snapshot_steps, np.int64),
            steps=self.step,
            train_seconds=self._seconds(),
            options={**self.options, "steps": fit.steps, "minutes": fit.minutes},
            seed=self.real.seed,
            backend=backend.name(),
        )

    def _take_step(self) -> None:
        self.adversary.slow_down(self._done())
        self._pending.append(self.adversary.step(*self.adversary.batches(self.real, self.step)))
        self.step += 1
        self.callbacks.on_train_batch_end(self.step)
        if self.step % self.fit.record_every == 0:
            self._record()
        if self.fit.snapshots_every and self.step % self.fit.snapshots_every == 0:
            self._snap()
        if time.perf_counter() - self._saved > CHECKPOINT_SECONDS:
            self._save()

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self._started - self.control.seconds_waited

    def _done(self) -> float:
        """Part of the budget that is used up."""
        fit = self.fit
        by_steps = self.step / fit.steps if fit.steps else 0.0
        by_time = self._seconds() / max(60 * fit.minutes, 1e-9) if fit.minutes is not None else 0.0
        return max(by_steps, by_time)

    def _row(self) -> dict[str, Any]:
        numbers = steps.to_numpy(self._pending)
        for name, values in numbers.items():
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                number = self.step - len(values) + int(bad[0]) + 1
                remedy = "Lower rates, or use a critic with normalization='spectral'."
                msg = f"{name} must stay finite, got {values[bad[0]]} at step {number}. {remedy}"
                raise FloatingPointError(msg)
        means = {name: float(values.mean()) for name, values in numbers.items()}
        return {"step": self.step, "seconds": round(self._seconds(), 3), **means}

    def _record(self) -> None:
        row = self._row()
        self._pending = []
        self.rows.append(row)
        self.callbacks.on_epoch_end(len(self.rows) - 1, row)
        losses = {k: f"{v:.3f}" for k, v in row.items() if k.endswith("loss") or k == "reconstruction"}
        if (bar := self._console.bar) is not None:
            bar.set_postfix({"step": row["step"], **losses})
            bar.update(min(1.0, self._done()) - bar.n)
        elif int(self._done() * LINES) > self._shown:
            self._shown = int(self._done() * LINES)
            text = "  ".join(f"{name} {loss}" for name, loss in losses.items())
            self._console.say(f"step {row['step']:6d}  {text}  {row['seconds']:.0f} s")

    def _snap(self) -> None:
        self.snapshots.append(self.adversary.snapshot(self.material))
        self.snapshot_steps.append(self.step)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        # Refuses numbers that are not finite before they replace a good state.
        if self._pending:
            self._row()
        pending = {f"pending {k}": [v] for k, v in steps.to_numpy(self._pending).items()}
        facts: dict[str, Any] = {"step": self.step, "rows": self.rows, "snapshot_steps": self.snapshot_steps}
        facts |= {"updates": self.adversary.updates, "seconds": self._seconds()}
        draws = random_states.kept(self.adversary.generator)
        state = {**self.adversary.state(), "draws": draws, "snapshots": list(self.snapshots)}
        self.checkpoint.save({**state, **pending}, facts)
        self._saved = time.perf_counter()

    def _resume(self) -> None:
        stored = self.checkpoint.load() if self.checkpoint else None
        if stored is None:
            return
        arrays, facts = stored
        self.adversary.restore(arrays)
        random_states.restore(self.adversary.generator, arrays.get("draws", []))
        self.adversary.updates = facts["updates"]
        self.step, self.rows = facts["step"], facts["rows"]
        self.snapshot_steps = facts["snapshot_steps"]
        self.snapshots = list(arrays.get("snapshots", []))
        self.seconds_before = facts["seconds"]
        pending = {k.removeprefix("pending "): v[0] for k, v in arrays.items() if k.startswith("pending ")}
        count = len(next(iter(pending.values()))) if pending else 0
        self._pending = [{name: values[i] for name, values in pending.items()} for i in range(count)]
