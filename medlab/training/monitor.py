"""What happens between the epochs: validation, the best weights, early stopping, checkpoint, log."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from medlab import metrics
from medlab.data.batches import Batches
from medlab.data.dataset import Dataset
from medlab.data.normalization import Normalization
from medlab.models import predict
from medlab.text import duration
from medlab.training import drawing
from medlab.training.checkpoint import Checkpoint, beside
from medlab.training.control import Control

if TYPE_CHECKING:
    import pandas as pd

Weights = list[NDArray[Any]]
LINES = 10
# A training of many epochs on few images has a small val, whose AUC jumps: the highest of 70 such numbers is
# luck. Averaged over a fourteenth of the epochs (5 of 70; 1, so nothing, below 21) it chooses better:
# fourfold cross-validation on BreastMNIST's train and val, 2 seeds, AUC .892 instead of .887, accuracy .867
# instead of .861.
SMOOTHED_PART = 14


class Monitor(keras.callbacks.Callback):
    """Validates after each epoch with the averaged weights and keeps the best ones.

    The network trains on with its own weights: the average is put in for validation only.
    """

    def __init__(
        self,
        dataset: Dataset,
        normalization: Normalization,
        batches: Batches,
        *,
        epochs: int,
        patience: int,
        averaging: bool,
        seed: int,
        stop_at: float | None = None,
        checkpoint: Checkpoint | None = None,
        control: Control | None = None,
        log_path: Path | None = None,
        progress: bool = True,
    ) -> None:
        super().__init__()
        self.dataset = dataset
        self.normalization = normalization
        self.batches = batches
        self.epochs = epochs
        self.patience = patience
        self.averaging = averaging
        self.seed = seed
        self.stop_at = stop_at
        self.checkpoint = checkpoint
        self.control = control
        self.log_path = log_path
        self.progress = progress
        self.measure = "val_mse" if dataset.task == "regression" else "val_auc"
        self.rows: list[dict[str, Any]] = []
        self.best_epoch = 0
        self.best_weights: Weights = []
        self.own_weights: Weights = []
        self.interrupted = False
        self.seconds_before = 0.0
        self._half: dict[str, Weights] | None = None
        self._targets = dataset.targets(dataset.val)
        try:
            self._score(np.linspace(0, 1, len(self._targets)) if self._targets.ndim == 1 else self._targets)
        except ValueError as error:
            # Now rather than after an epoch.
            msg = f"val cannot be used to choose the best epoch: {error}"
            raise ValueError(msg) from error
        self._bar: Any = None
        self._batches_begun = 0
        self._paced: tuple[float, float] | None = None  # when, and at which epoch, the pace is measured from

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
        self.rows = facts["rows"]
        self.best_epoch = facts["best_epoch"]
        self.seconds_before = facts["seconds"]
        if self.is_over():
            return self.epochs, 0
        if facts.get("batch"):
            self._half = {name: arrays.get(name, []) for name in ("metrics", "draws")}
        return len(self.rows), facts.get("batch", 0)

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock, say what is planned and, in a terminal, start the bar."""
        self._train_started = time.perf_counter()
        if self.progress and not self._batches_begun:
            before = f", {len(self.rows)} of them done before" if self.rows else ""
            self._say(f"{self.epochs} epochs of {len(self.batches)} batches{before}")
        if self.progress and sys.stdout.isatty():
            self._bar = tqdm(total=self.epochs, initial=len(self.rows), unit="epoch", file=sys.stdout)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Make batches and dropout those of this epoch (from 0), whatever ran before."""
        self._epoch_started = time.perf_counter()
        self.batches.epoch = epoch
        self.interrupted = False
        drawing.begin(self.model, self.seed, epoch)
        if self._half is not None:
            # The second half of an epoch: its mean loss goes on where it was.
            for variable, value in zip(self.model.metrics_variables, self._half["metrics"], strict=True):
                variable.assign(value)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Let dropout go on where it was, too: on torch, making batches draws from its generator first."""
        self._batches_begun += 1
        if self._batches_begun == 2:  # the first one compiles, and its time says nothing of the others
            self._paced = (time.perf_counter(), len(self.rows) + batch / len(self.batches))
        if self._half is not None:
            drawing.restore(self.model, self._half["draws"])
            self._half = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Validate, keep the best weights, write checkpoint and log, stop when nothing gets better."""
        if self.control and self.control.stopping and self.control.batch < len(self.batches):
            self.interrupted = True
            self._keep_half(self.control.batch)
            return
        loss = float((logs or {})["loss"])
        if not np.isfinite(loss):
            msg = f"the loss of epoch {epoch + 1} is {loss}. Lower learning_rate, or look for odd images."
            raise FloatingPointError(msg)
        # The JAX trainer ties the optimizer's state back before this call; the others never untie it.
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        own = self.own_weights = _copies(self.model)
        if self.averaging:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            # On JAX weights and averages now share their memory, which a prediction gives away: part them.
            self.model.set_weights(_copies(self.model))
        probabilities = predict(self.model, self.normalization.apply, self.dataset.val.images)
        score = self._score(probabilities)
        row = {
            "epoch": epoch + 1,
            "loss": loss,
            "val_loss": self._loss(probabilities),
            self.measure: score,
            **self._found(probabilities),
            "learning_rate": rate,
            "seconds": round(time.perf_counter() - self._epoch_started, 3),
        }
        self.rows.append(row)
        if not self.best_epoch or self._standing(epoch + 1) < self._standing(self.best_epoch):
            self.best_epoch = epoch + 1
            self.best_weights = _copies(self.model)
        self.model.set_weights(own)
        self._record(row, own)
        if self.is_over():
            self.model.stop_training = True

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()

    def finish(self, model: keras.Model) -> pd.DataFrame:
        """Give the model its best weights and return the history, a row an epoch."""
        import pandas as pd

        self.close()
        model.set_weights(self.best_weights)
        return pd.DataFrame(self.rows)

    def _score(self, probabilities: NDArray[Any]) -> float:
        if self.dataset.task == "regression":
            return metrics.mse(self._targets, probabilities)
        if self.dataset.task == "multilabel":
            return metrics.auc_multilabel(self._targets, probabilities)
        if self.dataset.task == "multiclass":
            classes = len(self.dataset.class_names)
            if probabilities.ndim == 1:
                probabilities = np.full((len(probabilities), classes), 1 / classes)
            return metrics.auc_multiclass(self._targets, probabilities)
        return metrics.auc(self._targets, probabilities)

    def _found(self, probabilities: NDArray[Any]) -> dict[str, float]:
        """Return what a learner watches beside the measure: which part of the positive images is found."""
        if self.dataset.task != "binary":
            return {}
        return {"val_sensitivity": metrics.sensitivity(self._targets, probabilities)}

    def _loss(self, probabilities: NDArray[Any]) -> float:
        if self.dataset.task == "regression":
            return metrics.mse(self._targets, probabilities)
        inside = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
        if self.dataset.task == "multiclass":
            return float(-np.log(inside[np.arange(len(inside)), self._targets]).mean())
        return float(-np.where(self._targets == 1, np.log(inside), np.log(1 - inside)).mean())

    def _standing(self, epoch: int) -> tuple[float, float]:
        """Return what is lowest for the epoch (from 1) to keep: measure, then loss, over the last few epochs.

        The loss decides between equal measures, which a small val makes common.
        """
        sign = 1 if self.measure == "val_mse" else -1
        window = self.rows[max(0, epoch - max(1, round(self.epochs / SMOOTHED_PART))) : epoch]
        means = [float(np.mean([row[name] for row in window])) for name in (self.measure, "val_loss")]
        return sign * means[0], means[1]

    def is_over(self) -> bool:
        """Whether the last epoch was the last: by number, by patience, or because `stop_at` was reached."""
        if self.interrupted or not self.rows:
            return False
        last = self.rows[-1]
        sign = 1 if self.measure == "val_mse" else -1
        reached = self.stop_at is not None and sign * last[self.measure] <= sign * self.stop_at
        return reached or last["epoch"] >= self.epochs or last["epoch"] - self.best_epoch >= self.patience

    def _state(self, own: Weights) -> dict[str, Weights]:
        optimizer = _numbers(self.model.optimizer.variables)
        return {"weights": own, "optimizer": optimizer, "best": self.best_weights}

    def _facts(self, batch: int = 0) -> dict[str, Any]:
        waited = self.control.seconds_waited if self.control else 0.0
        seconds = self.seconds_before + time.perf_counter() - self._train_started - waited
        return {"rows": self.rows, "best_epoch": self.best_epoch, "seconds": seconds, "batch": batch}

    def _keep_half(self, batch: int) -> None:
        """Write the state in the middle of an epoch, after so many of its batches."""
        if self.checkpoint:
            state = self._state(_copies(self.model))
            half = {"metrics": _numbers(self.model.metrics_variables), "draws": drawing.kept(self.model)}
            self.checkpoint.save({**state, **half}, self._facts(batch))

    def _record(self, row: dict[str, Any], own: Weights) -> None:
        if self.checkpoint:
            self.checkpoint.save(self._state(own), self._facts())
        if self.log_path:
            # Whole each time: after a kill and a resume every epoch stands in it once.
            lines = [json.dumps(row) + "\n" for row in self.rows]
            with beside("log", self.log_path) as partial:
                partial.write_text("".join(lines), encoding="utf-8")
        every = -(-self.epochs // LINES)
        if self._bar is not None:
            self._bar.set_postfix({"loss": f"{row['loss']:.3f}", self.measure: f"{row[self.measure]:.3f}"})
            self._bar.update()
        elif self.progress and (row["epoch"] in (1, *range(0, self.epochs, every)) or self.is_over()):
            measures = f"loss {row['loss']:.4f}  {self.measure} {row[self.measure]:.4f}"
            self._say(f"epoch {row['epoch']:3d} of {self.epochs}  {measures}  {self._left()}")

    def _left(self) -> str:
        """Say how long the training may go on at its pace so far; it may end earlier, but not later."""
        if self.is_over():
            return f"done in {duration(self._facts()['seconds'])}"
        if self._paced is None:
            return ""
        pace = (time.perf_counter() - self._paced[0]) / (len(self.rows) - self._paced[1])
        return f"about {duration(pace * (self.epochs - len(self.rows)))} left"

    def _say(self, line: str) -> None:
        sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()


def _numbers(variables: list[Any]) -> Weights:
    return [np.array(keras.ops.convert_to_numpy(variable), copy=True) for variable in variables]


def _copies(model: keras.Model) -> Weights:
    # get_weights may return views of the backend's own memory.
    return [np.array(weight, copy=True) for weight in model.get_weights()]
