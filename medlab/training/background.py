"""A training in a thread of its own: what every session shares, and one training at a time in a kernel."""

from __future__ import annotations

import atexit
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import keras

from medlab import backend, checks
from medlab.training import checkpoint as checkpoints
from medlab.training.control import Control, Stopped

WORKING = ("running", "paused", "stopping")
# The last one: its state and its result stay reachable, whoever forgot its name.
_active: Background | None = None
_lock = threading.Lock()


class Background:
    """Starts, pauses, stops and resumes a training; a subclass says how far it has come.

    Parameters
    ----------
    train : callable
        Trains on `material` under a `Control` and returns the result; raises `Stopped` when stopped.
    material : tuple
    known : set of str
        Names of the options that `train` takes.
    checkpoint : path or None
    options : dict

    Attributes
    ----------
    state : str
        "idle", "running", "paused", "stopping", "stopped", "done" or "failed".
    folder : Path
        Where the checkpoint lies.
    callbacks : list of keras.callbacks.Callback
        Called after medlab's own. It may change until the thread begins: at the start and after a stop.
    error : BaseException or None
        What the training raised, if it failed.
    on_launch : callable or None
        Called with the session whenever its thread begins.
    """

    on_launch: Callable[[Background], Any] | None = None

    def __init__(
        self,
        train: Callable[..., Any],
        material: tuple[Any, ...],
        known: set[str],
        checkpoint: str | Path | None,
        options: dict[str, Any],
    ) -> None:
        # What stops, keeps and resumes is the session's own.
        known = known - {"checkpoint", "resume", "control"}
        for name in options:
            checks.one_of(f"option of {type(self).__name__}", name, known)
        self.folder = Path(checkpoint or tempfile.mkdtemp(prefix="medlab-training-"))
        self.callbacks = list(options.pop("callbacks", ()))
        self._train, self._material, self._options = train, material, options
        self._control = Control()
        self._thread: threading.Thread | None = None
        # Not Thread.join: an interrupt there makes Python 3.11 take a running thread for a finished one.
        self._at_rest = threading.Event()
        self._at_rest.set()
        self._state = "idle"
        self._result: Any = None
        self.error: BaseException | None = None
        self._seconds, self._since = 0.0, 0.0

    # --- what a subclass says

    def _position(self) -> dict[str, Any]:
        """Return where the training is: plain numbers."""
        raise NotImplementedError

    def _where(self, now: dict[str, Any]) -> str:
        """Say in words where the training is; empty before it has begun."""
        raise NotImplementedError

    # --- what is the same for all

    @property
    def state(self) -> str:
        """What the session is doing."""
        if self._state == "running" and self._control.waiting.is_set():
            return "paused"
        return self._state

    @property
    def at_work(self) -> bool:
        """Whether its thread trains, or waits in the middle of it."""
        return self._state in WORKING

    def snapshot(self) -> dict[str, Any]:
        """Return where the training is: plain numbers, to be shown.

        Returns
        -------
        snapshot : dict
            ``state``; then ``epoch`` (from 1) and ``epochs``, ``batch`` and ``batches`` of it, ``loss`` (mean
            of the epoch so far), ``best_epoch``, or, for a GAN, ``step`` done and ``steps`` (0 where only
            minutes are set); ``seconds`` at work and ``seconds_left`` by the pace so far, None while that
            is not known; ``rows``: the history as a list.
        """
        state = self.state
        left = self._seconds_left() if state == "running" else 0.0 if state == "done" else None
        counted = {"seconds": self.seconds, "seconds_left": left, "rows": self._control.rows}
        return {"state": state, **self._position(), **counted}

    def _seconds_left(self) -> float | None:
        return self._control.seconds_left()

    @property
    def seconds(self) -> float:
        """Wall time at work so far, pauses left out."""
        now = time.perf_counter() - self._since - self._control.seconds_waited if self.at_work else 0.0
        return self._seconds + now

    def start(self, *, resume: bool | None = None) -> Self:
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
            goes_on = self.state in (*WORKING, "stopped")
            remedy = "resume() goes on." if goes_on else "Make a new one."
            msg = f"a session can start once, this one is {self.state}. {remedy}"
            raise RuntimeError(msg)
        checkpoint = checkpoints.checkpoint_in(self.folder)
        if resume is None and checkpoint:
            ways = "start(resume=True) goes on from it, start(resume=False) begins anew and replaces it."
            msg = f"{checkpoint} lies in {self.folder}. {ways}"
            raise FileExistsError(msg)
        self._launch(resume=bool(resume))
        return self

    def pause(self) -> Self:
        """Wait after the batch at hand; a training that is over stays as it is."""
        if self._state == "running":
            self._control.pause()
        return self

    def resume(self) -> Self:
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

    def stop(self) -> Self:
        """End after the batch at hand and keep the state on disk; `resume` goes on from there."""
        with _lock:
            if self._state == "running":
                self._state = "stopping"
        self._control.stop()
        return self

    def wait(self, timeout_s: float | None = None) -> Self:
        """Wait until the session is done, stopped or failed, at most `timeout_s` seconds.

        Ctrl-C, and the notebook's interrupt, stop the training and then go through.

        Raises
        ------
        Exception
            What the training raised, if it failed.
        """
        try:
            self._at_rest.wait(timeout_s)
        except KeyboardInterrupt:
            self.stop()
            self._at_rest.wait()
            sys.stderr.write(f"{self.describe()}\n")
            raise
        if self.error is not None:
            raise self.error
        return self

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the session rests, at most `timeout_s` seconds; nothing is raised."""
        self._at_rest.wait(timeout_s)

    def result(self) -> Any:
        """Return the finished training.

        Raises
        ------
        RuntimeError
            If it is not finished.
        Exception
            What the training raised, if it failed.
        """
        if self.error is not None:
            raise self.error
        if self._result is None:
            msg = f"there is no result yet: {self.describe()}. wait() for it."
            raise RuntimeError(msg)
        return self._result

    def describe(self) -> str:
        """Say in a line what the session is doing and where its checkpoint lies."""
        now = self.snapshot()
        where = self._where(now)
        at = f", {where}" if where and now["state"] != "done" else ""
        checkpoint = checkpoints.checkpoint_in(self.folder)
        kept = f"; {checkpoint} lies in {self.folder}" if checkpoint else ""
        return f"training {now['state']}{at}{kept}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.describe()}>"

    def _launch(self, *, resume: bool) -> None:
        global _active
        with _lock:
            other = active()
            if other is not None and other is not self:
                raise RuntimeError(_busy(other))
            _active = self
            self._since = time.perf_counter()
            self._at_rest.clear()
            self._control, self._state, self.error = Control(), "running", None
        # Keras keeps these for each thread apart, and a new thread begins with the defaults (measured).
        policy, interactive = keras.config.dtype_policy(), keras.config.is_interactive_logging_enabled()
        self._thread = threading.Thread(
            target=self._work, args=(resume, policy, interactive), name="medlab-training", daemon=True
        )
        self._thread.start()
        if self.on_launch is not None:
            self.on_launch(self)

    def _work(self, resume: bool, policy: Any, interactive: bool) -> None:
        state = "failed"
        try:
            keras.config.set_dtype_policy(policy)
            if not interactive:
                keras.config.disable_interactive_logging()
            if (seed := backend.chosen_seed()) is not None:
                backend.seed_everything(seed)
            own = {"checkpoint": self.folder, "resume": resume, "control": self._control}
            self._result = self._train(*self._material, callbacks=self.callbacks, **own, **self._options)
            state = "done"
        except Stopped:
            state = "stopped"
        except BaseException as error:
            self.error = error
            sys.stderr.write("".join(traceback.format_exception_only(error)))
        finally:
            with _lock:  # not in the middle of somebody's stop or resume
                self._seconds, self._state = self.seconds, state
                self._at_rest.set()


def check_free() -> None:
    """Refuse to train beside a session that is at work in another thread of this kernel.

    Raises
    ------
    RuntimeError
        If there is one: both would share Keras' and the backend's own state, which ends in wrong numbers or
        in a crash.
    """
    session = active()
    if session is not None and session._thread is not threading.current_thread():
        raise RuntimeError(_busy(session))


def latest() -> Background | None:
    """Return the session that began last in this kernel, also one that nobody gave a name."""
    return _active


def active() -> Background | None:
    """Return the session that is at work in this kernel, if there is one."""
    session = latest()
    return session if session is not None and session.at_work else None


def _busy(session: Background) -> str:
    return (
        f"another session is at work in this kernel ({session.describe()}). Stop it, or wait for "
        "it: two at once would share Keras' state."
    )


def _stop_at_exit() -> None:
    """Stop what is at work when Python ends: a thread inside a backend would crash it."""
    session = active()
    if session is not None:
        session.stop()
        session.join(60)
        if session._thread is not None:
            session._thread.join(1)


atexit.register(_stop_at_exit)
