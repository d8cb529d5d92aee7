"""The state of a training on disk: one file, replaced whole, so that a kill leaves the last good one."""

import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.text import counted


def copied(variables: Iterable[Any]) -> list[NDArray[Any]]:
    """Return the values of variables in arrays of their own, and not in the backend's memory."""
    import keras

    return [np.array(keras.ops.convert_to_numpy(variable), copy=True) for variable in variables]


def flat(arrays: Mapping[str, list[NDArray[Any]]]) -> dict[str, Any]:
    """Return lists of arrays under their names in a ``.npz`` file: ``NAME/0``, ``NAME/1``, ..."""
    return {f"{name}/{index}": array for name, group in arrays.items() for index, array in enumerate(group)}


def grouped(stored: Mapping[str, NDArray[Any]]) -> dict[str, list[NDArray[Any]]]:
    """Return the lists that `flat` took apart; what has no number in its name is left out."""
    arrays: dict[str, list[NDArray[Any]]] = {}
    for key in stored:
        name, numbered, _ = key.partition("/")
        if numbered:
            arrays.setdefault(name, []).append(stored[key])
    return arrays


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, which then replaces `path`: an older file stays until the new one is whole."""
    partial = path.with_name(f"partial.{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def beside(what: str, path: Path) -> Iterator[Path]:
    """Do what `replacing` does in a folder that is made when missing; say what could not be written where."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise _unwritable(path, what, error) from error


def _unwritable(path: Path, what: str, error: OSError) -> OSError:
    remedy = "Free space or name another folder; an older one stays as it was."
    reason = error.strerror or error
    return OSError(error.errno, f"the {what} could not be written to {path.parent.name} ({reason}). {remedy}")


def network_identity(model: Any) -> str:
    """Name a network by its layers' kinds and its weights' shapes: names that Keras gives count up."""
    kinds = [type(layer).__name__ for layer in model._flatten_layers()]
    shapes = [tuple(weight.shape) for weight in model.weights]
    digest = hashlib.blake2b(repr((kinds, shapes)).encode(), digest_size=4).hexdigest()
    return f"{len(kinds) - 1} layers with {model.count_params()} weights ({digest})"


class Checkpoint:
    """Keeps the state after an epoch in ``FOLDER/state.npz``.

    Parameters
    ----------
    folder : path
        Made when missing.
    identity : mapping
        Options, seed and data fingerprint: a state of another training is refused.
    """

    def __init__(self, folder: str | Path, identity: Mapping[str, Any]) -> None:
        self.path = Path(folder) / "state.npz"
        # Numbers of NumPy's become plain ones.
        self.identity = json.loads(json.dumps(dict(identity), default=lambda number: number.tolist()))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.path, "checkpoint", error) from error

    def save(self, arrays: Mapping[str, list[NDArray[Any]]], facts: Mapping[str, Any]) -> None:
        """Write lists of arrays and JSON-able facts; the old file stays until the new one is whole.

        Raises
        ------
        OSError
            If the disk is full, or the folder cannot be written to.
        """
        facts_array = np.array(json.dumps({"identity": self.identity, **facts}))
        with beside("checkpoint", self.path) as partial:
            np.savez(partial, facts=facts_array, **flat(arrays))

    def load(self) -> tuple[dict[str, list[NDArray[Any]]], dict[str, Any]] | None:
        """Return what `save` wrote, or None where nothing was saved yet.

        Raises
        ------
        ValueError
            If the file is damaged, or was written by a training with other options.
        """
        contents = _read(self.path)
        if contents is None:
            return None
        facts, arrays = contents
        then, now = facts.pop("identity"), self.identity
        differing = sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
        if differing:
            changes = ", ".join(f"{key}: {then.get(key)!r} then, {now.get(key)!r} now" for key in differing)
            remedy = "Use the same options, another checkpoint folder, or resume=False."
            msg = f"the checkpoint {self.path.name} belongs to another training ({changes}). {remedy}"
            raise ValueError(msg)
        return arrays, facts


def facts_in(folder: str | Path) -> dict[str, Any] | None:
    """Return what a checkpoint says of itself: rows, best_epoch, seconds, batch, identity; None without one.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    contents = _read(Path(folder) / "state.npz", arrays=False)
    return None if contents is None else contents[0]


def _read(path: Path, *, arrays: bool = True) -> tuple[dict[str, Any], dict[str, list[NDArray[Any]]]] | None:
    """Return the facts and the arrays of a checkpoint; None where there is none."""
    try:
        with np.load(path) as stored:
            facts = json.loads(str(stored["facts"]))
            is_ours = isinstance(facts, dict) and ("step" in facts or isinstance(facts.get("rows"), list))
            if not is_ours or not isinstance(facts.get("identity"), dict):
                msg = "it lacks what a training notes"
                raise ValueError(msg)
            return facts, grouped(stored) if arrays else {}
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RecursionError) as error:
        msg = f"the checkpoint {path.name} is damaged ({error}). Delete it, or train without resume."
        raise ValueError(msg) from error


def checkpoint_in(folder: str | Path) -> str:
    """Say in words what checkpoint lies in a folder; an empty text where there is none.

    Examples
    --------
    ``"a checkpoint of 3 epochs and 12 batches"``
    """
    try:
        facts = facts_in(folder)
    except ValueError:
        return "a damaged checkpoint"
    if facts is None:
        return ""
    if "step" in facts:
        return f"a checkpoint of {counted(facts['step'], 'step')}"
    epochs, batch = counted(len(facts["rows"]), "epoch"), facts.get("batch")
    return f"a checkpoint of {epochs}" + (f" and {counted(batch, 'batch', 'batches')}" if batch else "")
