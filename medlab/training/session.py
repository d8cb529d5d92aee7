"""`TrainSession`: the same `fit`, in a thread of its own, that can be paused, stopped and gone on with."""

from __future__ import annotations

import atexit
import inspect
import sys
import tempfile
import threading
import time
import traceback
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from medlab import checks
from medlab.training import checkpoint as checkpoints
from medlab.training.control import Control, Stopped
from medlab.training.fitting import fit
from medlab.training.run import Run
from medlab.training.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_WORKING = ("running", "paused", "stopping")
_active: weakref.ReferenceType[TrainSession] | None = None
_lock = threading.Lock()


class TrainSession:
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
        self, model: keras.Model, dataset: Any, *, checkpoint: str | Path | None = None, **options: Any
    ) -> None:
        # What stops, keeps and resumes is the session's own.
        known = {*Settings.__dataclass_fields__, *inspect.signature(fit).parameters}
        known -= {"model", "dataset", "checkpoint", "resume", "control", "options"}
        for name in options:
            checks.one_of("option of TrainSession", name, known)
        self.model, self.dataset = model, dataset
        self.folder = Path(checkpoint or tempfile.mkdtemp(prefix="medlab-training-"))
        self._options = dict(options)
        self._control = Control()
        self._thread: threading.Thread | None = None
        self._state = "idle"
        self._run: Run | None = None
        self._error: BaseException | None = None
        self._seconds, self._since = 0.0, 0.0

    @property
    def state(self) -> str:
        """What the session is doing."""
        if self._state == "running" and self._control.waiting.is_set():
            return "paused"
        return self._state

    def start(self, *, resume: bool | None = None) -> TrainSession:
        """Begin to train, in the background.

        Parameters
        ----------
        resume : bool or None
            True: go on from the checkpoint in `folder`. False: begin anew; an old checkpoint there is
            replaced. None: begin anew, and refuse where a checkpoint would be lost.

        Raises
        ------
        RuntimeError
            If this session has begun already, or another one is at work in this kernel.
        FileExistsError
            If there is a checkpoint and `resume` does not say what to do with it.
        """
        if self._state != "idle":
            msg = (
                f"a session can start once, this one is {self.state}. resume() goes on; else make a new one."
            )
            raise RuntimeError(msg)
        there = checkpoints.found_in(self.folder)
        if resume is None and there:
            msg = (
                f"{there} lies in {self.folder}. start(resume=True) goes on from it, "
                "start(resume=False) begins anew and replaces it."
            )
            raise FileExistsError(msg)
        self._launch(resume=bool(resume))
        return self

    def pause(self) -> TrainSession:
        """Wait after the batch at hand; a training that is over stays as it is."""
        if self._state == "running":
            self._control.pause()
        return self

    def resume(self) -> TrainSession:
        """Go on: after a pause at once, after a stop from the checkpoint.

        Raises
        ------
        RuntimeError
            If there is nothing to go on with.
        """
        if self._state == "running":
            self._control.resume()
        elif self._state == "stopped":
            self._launch(resume=True)
        else:
            msg = f"only a paused or stopped session can go on, this one is {self.state}."
            raise RuntimeError(msg)
        return self

    def stop(self) -> TrainSession:
        """End after the batch at hand and keep the state on disk; `resume` goes on from there."""
        with _lock:
            if self._state == "running":
                self._state = "stopping"
        self._control.stop()
        return self

    def wait(self, timeout_s: float | None = None) -> TrainSession:
        """Wait until the session is done, stopped or failed, at most `timeout_s` seconds.

        Ctrl-C, and the notebook's interrupt, stop the training and then go through.

        Raises
        ------
        Exception
            What the training raised, if it failed.
        """
        thread = self._thread
        try:
            if thread is not None:
                thread.join(timeout_s)
        except KeyboardInterrupt:
            self.stop()
            if thread is not None:
                thread.join()
            sys.stderr.write(f"{self.describe()}\n")
            raise
        if self._error is not None:
            raise self._error
        return self

    def result(self) -> Run:
        """Return the finished training.

        Raises
        ------
        RuntimeError
            If it is not finished.
        Exception
            What the training raised, if it failed.
        """
        if self._error is not None:
            raise self._error
        if self._run is None:
            msg = f"there is no result yet: {self.describe()}. wait() for it."
            raise RuntimeError(msg)
        return self._run

    def snapshot(self) -> dict[str, Any]:
        """Return where the training is: plain numbers, to be shown.

        Returns
        -------
        snapshot : dict
            ``state``; ``epoch`` (from 1) and ``epochs``; ``batch`` and ``batches`` of it; ``loss`` (mean of
            the epoch so far); ``best_epoch``; ``seconds`` at work and ``seconds_left`` by the pace so far,
            None while it is not known; ``rows``: the history as a list.
        """
        control, state = self._control, self.state
        working = time.perf_counter() - self._since if state in _WORKING else 0.0
        return {
            "state": state,
            "epoch": min(control.epoch + 1, control.epochs),
            "epochs": control.epochs,
            "batch": control.batch,
            "batches": control.batches,
            "loss": control.loss,
            "best_epoch": control.monitor.best_epoch if control.monitor else 0,
            "seconds": self._seconds + working,
            "seconds_left": 0.0
            if state == "done"
            else control.seconds_left()
            if state == "running"
            else None,
            "rows": control.rows,
        }

    def history(self) -> pd.DataFrame:
        """Return the epochs so far, a row each, as `Run.history` has them."""
        import pandas as pd

        return pd.DataFrame(self._control.rows)

    def describe(self) -> str:
        """Say in a line what the session is doing and where its checkpoint lies."""
        now = self.snapshot()
        where = f"epoch {now['epoch']} of {now['epochs']}, batch {now['batch']} of {now['batches']}"
        at = f", {where}" if now["epochs"] and now["state"] != "done" else ""
        there = checkpoints.found_in(self.folder)
        kept = f"; {there} lies in {self.folder}" if there else ""
        return f"training {now['state']}{at}{kept}"

    def __repr__(self) -> str:
        return f"<TrainSession: {self.describe()}>"

    def _launch(self, *, resume: bool) -> None:
        global _active
        with _lock:
            other = _active() if _active is not None else None
            if other is not None and other is not self and other._state in _WORKING:
                msg = (
                    f"another session is at work in this kernel ({other.describe()}). Stop it, or wait for "
                    "it: two at once would share Keras' state."
                )
                raise RuntimeError(msg)
            _active = weakref.ref(self)
            self._control, self._state, self._error = Control(), "running", None
        self._since = time.perf_counter()
        # Keras keeps these for each thread apart, and a new thread begins with the defaults (measured).
        policy, talks = keras.config.dtype_policy(), keras.config.is_interactive_logging_enabled()
        self._thread = threading.Thread(
            target=self._work, args=(resume, policy, talks), name="medlab-training", daemon=True
        )
        self._thread.start()

    def _work(self, resume: bool, policy: Any, talks: bool) -> None:
        state = "failed"
        try:
            keras.config.set_dtype_policy(policy)
            (keras.config.enable_interactive_logging if talks else keras.config.disable_interactive_logging)()
            self._run = fit(
                self.model,
                self.dataset,
                checkpoint=self.folder,
                resume=resume,
                control=self._control,
                **self._options,
            )
            state = "done"
        except Stopped:
            state = "stopped"
        except BaseException as error:
            self._error = error
            sys.stderr.write("".join(traceback.format_exception_only(error)))
        finally:
            self._seconds += time.perf_counter() - self._since
            self._state = state


def _stop_at_exit() -> None:
    """Stop what is at work when Python ends: a thread inside a backend would crash it."""
    session = _active() if _active is not None else None
    if session is not None and session.state in _WORKING:
        session.stop()
        if session._thread is not None:
            session._thread.join(60)


atexit.register(_stop_at_exit)
