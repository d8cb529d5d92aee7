"""`TrainSession`: the same `fit`, in a thread of its own, that can be paused, stopped and gone on with."""

import inspect
from pathlib import Path
from typing import Any

import keras

from medlab.data.dataset import Dataset
from medlab.training.background import Background
from medlab.training.fitting import fit
from medlab.training.settings import Settings


class TrainSession(Background):
    """A training that goes on while the notebook answers.

    Parameters
    ----------
    model : keras.Model
    dataset : Dataset
    checkpoint : path or None
        Folder that keeps the state after each epoch, and at a stop. None: a new one under the system's folder
        for temporary files; `folder` says which.
    **options
        Of `medlab.training.fit`: seed, log_path, progress, augmentation, callbacks, and the fields of
        `Settings`.

    Attributes
    ----------
    state : str
        "idle", "running", "paused", "stopping", "stopped", "done" or "failed".
    folder : Path
        Where the checkpoint lies.
    callbacks : list of keras.callbacks.Callback
        May change until `start` or `resume`, such as by a callback that stops the session.

    Raises
    ------
    ValueError
        If an option does not exist.

    Notes
    -----
    A stopped session goes on as if it had never stopped: weights, optimizer, schedule, dropout and the order
    of the images are those that would have come. One session at a time: Keras' and the backend's
    own state is one for the whole kernel. When Python ends, the session is stopped first.

    Examples
    --------
    ``session = TrainSession(model, dataset, epochs=20, seed=0).start()``, then ``session.stop()``,
    ``session.resume()`` and ``run = session.wait().result()``
    """

    def __init__(
        self, model: keras.Model, dataset: Dataset, *, checkpoint: str | Path | None = None, **options: Any
    ) -> None:
        known = {*Settings.__dataclass_fields__, *inspect.signature(fit).parameters}
        super().__init__(fit, (model, dataset), known - {"model", "dataset", "options"}, checkpoint, options)
        self.model, self.dataset = model, dataset

    def _position(self) -> dict[str, Any]:
        control = self._control
        return {
            "epoch": min(control.epoch + 1, control.epochs),
            "epochs": control.epochs,
            "batch": control.batch,
            "batches": control.batches,
            "loss": control.loss,
            "best_epoch": control.history.best_epoch if control.history else 0,
        }

    def _where(self, now: dict[str, Any]) -> str:
        if not now["epochs"]:
            return ""
        return f"epoch {now['epoch']} of {now['epochs']}, batch {now['batch']} of {now['batches']}"
