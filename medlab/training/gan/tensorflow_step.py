"""The step on TensorFlow: gradient tapes in one compiled graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def input_gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the gradient of a number with respect to `inputs`; the tape outside goes through it."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(inputs)
    return tape.gradient(value, inputs)


def _differentiate(objective: Any, trainable: list[Any], batch: Any) -> tuple[dict[str, Any], list[Any]]:
    values = [variable.value for variable in trainable]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        loss, facts = objective(batch, input_gradient)
    return facts, tape.gradient(loss, values)


def _tensors(batch: Any) -> dict[str, Any]:
    return {name: tf.convert_to_tensor(array) for name, array in batch.items()}


def gradients(objective: Any, trainable: list[Any], others: list[Any], batch: Any) -> Any:
    """See `medlab.training.gan.stepping.gradients`."""
    return _differentiate(objective, trainable, _tensors(batch))


def compiled(objective: Any, trainable: list[Any], others: list[Any], optimizer: Any, finish: Any) -> Any:
    """See `medlab.training.gan.stepping.compiled`."""

    @tf.function
    def graph(batch: Any) -> Any:
        facts, found = _differentiate(objective, trainable, batch)
        optimizer.apply(found, trainable)
        if finish is not None:
            finish(batch)
        return facts

    return lambda batch: graph(_tensors(batch))
