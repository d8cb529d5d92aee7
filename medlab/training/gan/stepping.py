"""One training step, written once for what is minimized and once a backend for how.

An objective is a function of a batch, a mapping of tensors, and of the backend's ``input_gradient``; it
calls the networks and returns the loss and a mapping of numbers to report. Each backend's module has
``gradients`` and ``compiled``, which do the same there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import backend

Batch = Mapping[str, Any]
Objective = Callable[[Batch, Callable[[Callable[[Any], Any], Any], Any]], tuple[Any, dict[str, Any]]]


def compiled(
    objective: Objective,
    trainable: list[Any],
    others: list[Any],
    optimizer: Any,
    finish: Callable[[Batch], None] | None = None,
) -> Callable[[Batch], dict[str, Any]]:
    """Return a function that takes one step on a batch, compiled where the backend can.

    Parameters
    ----------
    objective : callable
    trainable : list of keras.Variable
        What the step changes.
    others : list of keras.Variable
        Everything else that the objective or `finish` reads or assigns.
    optimizer : keras.optimizers.Optimizer
        Built for `trainable`.
    finish : callable or None
        Runs after the step, to assign some of `others`.

    Returns
    -------
    step : callable
        From a batch of NumPy arrays to numbers, as tensors without axes.
    """
    return _module().compiled(objective, trainable, others, optimizer, finish)


def gradients(
    objective: Objective, trainable: list[Any], others: list[Any], batch: Batch
) -> tuple[dict[str, float], list[NDArray[np.float32]]]:
    """Return the numbers of an objective and its gradients; no weight is changed."""
    facts, found = _module().gradients(objective, trainable, others, batch)
    return (
        {name: float(_numpy(value)) for name, value in facts.items()},
        [_numpy(gradient) for gradient in found],
    )


def to_numpy(facts: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of several steps, a row a step, as arrays."""
    return {
        name: np.array([float(_numpy(fact[name])) for fact in facts]) for name in (facts[0] if facts else ())
    }


def _numpy(value: Any) -> Any:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value))


def _module() -> Any:
    return importlib.import_module(f"medlab.training.gan.{backend.name()}_step")
