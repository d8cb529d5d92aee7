"""What happens between the epochs: validation with the averaged weights, the best ones, checkpoint, log."""

import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medlab.data.batches import Batches
from medlab.data.normalization import Normalization
from medlab.models import predict
from medlab.text import counted, duration
from medlab.training import random_states
from medlab.training.checkpoint import Checkpoint, beside, copied
from medlab.training.control import Control
from medlab.training.progress_lines import Console
from medlab.training.validation import Selection, Validation

Weights = list[NDArray[Any]]
LINES = 10


class Monitor(keras.callbacks.Callback):
    """Validates after each epoch with the averaged weights and keeps the best ones.

    The network trains on with its own weights: the average is put in for validation only.
    """

    def __init__(
        self,
        validation: Validation,
        selection: Selection,
        normalization: Normalization,
        batches: Batches,
        control: Control,
        *,
        averaging: bool,
        seed: int,
        checkpoint: Checkpoint | None,
        log_path: Path | None,
        progress: bool,
    ) -> None:
        super().__init__()
        self.validation, self.selection, self.control = validation, selection, control
        self.normalization, self.batches = normalization, batches
        self.averaging, self.seed = averaging, seed
        self.checkpoint, self.log_path, self.progress = checkpoint, log_path, progress
        self.best_weights: Weights = []
        self.own_weights: Weights = []
        self.interrupted = False
        self.seconds_before = 0.0
        # Where an epoch was interrupted: mean loss and random states, to go on from.
        self._half: dict[str, Weights] | None = None
        self._console = Console(False)
        self._started = time.perf_counter()

    def restore(self, model: keras.Model) -> tuple[int, int]:
        """Put a checkpoint's state into the model; return the epoch and the batch to go on with."""
        stored = self.checkpoint.load() if self.checkpoint else None
        if stored is None:
            return 0, 0
        arrays, facts = stored
        model.set_weights(arrays["weights"])
        for variable, value in zip(model.optimizer.variables, arrays["optimizer"], strict=True):
            variable.assign(value)
        self.best_weights = arrays.get("best", [])  # none yet within the first epoch
        self.selection.rows, self.selection.best_epoch = facts["rows"], facts["best_epoch"]
        self.seconds_before = facts["seconds"]
        if self.selection.is_over():
            return self.selection.epochs, 0
        if facts.get("batch"):
            self._half = {name: arrays.get(name, []) for name in ("metrics", "draws")}
        return len(facts["rows"]), facts.get("batch", 0)

    def on_train_begin(self, logs: Any = None) -> None:
        """Say what is planned."""
        if not self._console.shown:  # else the rest of an interrupted epoch went before
            epochs, done = self.selection.epochs, len(self.selection.rows)
            self._console = Console(self.progress, total=epochs, initial=done, unit="epoch")
            before = f", {done} of them done before" if done else ""
            batches = counted(len(self.batches), "batch", "batches")
            self._console.say(f"{counted(epochs, 'epoch')} of {batches}{before}")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Make batches and dropout those of this epoch (from 0), whatever ran before."""
        self._epoch_started = time.perf_counter()
        self.batches.epoch = epoch
        self.interrupted = False
        random_states.begin(self.model, self.seed, epoch)
        if self._half is not None:
            # The second half of an epoch: its mean loss goes on where it was.
            for variable, value in zip(self.model.metrics_variables, self._half["metrics"], strict=True):
                variable.assign(value)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Let dropout go on where it was, too: on torch, making batches draws from its generator first."""
        if self._half is not None:
            random_states.restore(self.model, self._half["draws"])
            self._half = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validate, keep the best weights, write checkpoint and log, stop when nothing gets better."""
        if self.control.stopping and self.control.batch < len(self.batches):
            self.interrupted = True
            metrics, draws = copied(self.model.metrics_variables), random_states.kept(self.model)
            self._keep(self.control.batch, metrics=metrics, draws=draws)
            return
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            msg = f"the loss of epoch {epoch + 1} is {loss}. Lower learning_rate, or look for odd images."
            raise FloatingPointError(msg)
        # The JAX trainer ties the optimizer's state back before this call; the others never untie it.
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.own_weights = copied(self.model.weights)
        if self.averaging:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            # On JAX weights and averages now share their memory, which a prediction gives away: part them.
            self.model.set_weights(copied(self.model.weights))
        # Windows side by side: the overlap that a finished network gets would take most of the epoch.
        predictions = predict(self.model, self.normalization.apply, self.validation.images, overlap=0)
        row = {"epoch": epoch + 1, "loss": loss, **self.validation.measures(predictions)}
        row |= {"learning_rate": rate, "seconds": round(time.perf_counter() - self._epoch_started, 3)}
        logs.update(row)  # for the callbacks after this one
        if self.selection.add(row):
            self.best_weights = copied(self.model.weights)
        self.model.set_weights(self.own_weights)
        self._record(row)
        if self.is_over():
            self.model.stop_training = True

    def is_over(self) -> bool:
        """Whether training is done, and not only interrupted."""
        return not self.interrupted and self.selection.is_over()

    def seconds(self) -> float:
        """Return the time at work so far, that before a resume included."""
        return self.seconds_before + time.perf_counter() - self._started - self.control.seconds_waited

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._console.close()

    def finish(self, model: keras.Model) -> pd.DataFrame:
        """Give the model its best weights and return the history, a row an epoch."""
        self.close()
        model.set_weights(self.best_weights)
        return pd.DataFrame(self.selection.rows)

    def _keep(self, batch: int = 0, **half: Weights) -> None:
        """Write the state after an epoch or, with more to go on from, after so many batches of one."""
        if self.checkpoint:
            own = self.own_weights if not half else copied(self.model.weights)
            optimizer = copied(self.model.optimizer.variables)
            state = {"weights": own, "optimizer": optimizer, "best": self.best_weights, **half}
            rows, best_epoch = self.selection.rows, self.selection.best_epoch
            facts = {"rows": rows, "best_epoch": best_epoch, "seconds": self.seconds(), "batch": batch}
            self.checkpoint.save(state, facts)

    def _record(self, row: dict[str, Any]) -> None:
        self._keep()
        if self.log_path:
            # Whole each time: after a kill and a resume every epoch stands in it once.
            lines = [json.dumps(row) + "\n" for row in self.selection.rows]
            with beside("log", self.log_path) as partial:
                partial.write_text("".join(lines), encoding="utf-8")
        console, measure, epochs = self._console, self.validation.measure, self.selection.epochs
        if console.bar is not None:
            console.bar.set_postfix({"loss": f"{row['loss']:.3f}", measure: f"{row[measure]:.3f}"})
            console.bar.update()
        elif row["epoch"] in (1, *range(0, epochs, -(-epochs // LINES))) or self.is_over():
            measures = f"loss {row['loss']:.4f}  {measure} {row[measure]:.4f}"
            console.say(f"epoch {row['epoch']:3d} of {epochs}  {measures}  {self._left()}")

    def _left(self) -> str:
        """Say how long the training may go on at its pace so far; it may end earlier, but not later."""
        if self.is_over():
            return f"done in {duration(self.seconds())}"
        left = self.control.seconds_left()
        return "" if left is None else f"about {duration(left)} left"
