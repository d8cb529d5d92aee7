"""The state of a training on disk: one file, replaced whole, so that a kill leaves the last good one."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
        self.identity = json.loads(json.dumps(dict(identity)))
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def save(self, arrays: Mapping[str, list[NDArray[Any]]], facts: Mapping[str, Any]) -> None:
        """Write lists of arrays and JSON-able facts; the old file stays until the new one is whole."""
        told = np.array(json.dumps({"identity": self.identity, **facts}))
        partial = self.path.with_suffix(".partial.npz")
        np.savez(partial, facts=told, **flat(arrays))
        partial.replace(self.path)

    def load(self) -> tuple[dict[str, list[NDArray[Any]]], dict[str, Any]] | None:
        """Return what `save` wrote, or None where nothing was saved yet.

        Raises
        ------
        ValueError
            If the file is damaged, or was written by a training with other options.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path) as stored:
                facts = json.loads(str(stored["facts"]))
                arrays = grouped(stored)
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            msg = f"the checkpoint {self.path.name} is damaged ({error}). Delete it, or train without resume."
            raise ValueError(msg) from error
        then, now = facts.pop("identity"), self.identity
        differing = sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
        if differing:
            changes = ", ".join(f"{key}: {then.get(key)!r} then, {now.get(key)!r} now" for key in differing)
            msg = (
                f"the checkpoint {self.path.name} belongs to another training ({changes}). "
                "Use the same options, another checkpoint folder, or resume=False."
            )
            raise ValueError(msg)
        return arrays, facts


def facts_in(folder: str | Path) -> dict[str, Any] | None:
    """Return what a checkpoint says of itself: rows, best_epoch, seconds, batch, identity; None without one.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = Path(folder) / "state.npz"
    try:
        with np.load(path) as stored:
            return dict(json.loads(str(stored["facts"])))
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        msg = f"the checkpoint {path.name} is damaged ({error}). Delete it, or train anew."
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
        return f"a checkpoint of {facts['step']} steps"
    done = [f"{len(facts['rows'])} epochs", f"{facts['batch']} batches" if facts.get("batch") else ""]
    return f"a checkpoint of {' and '.join(part for part in done if part)}"
