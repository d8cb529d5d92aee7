"""One training step, compiled where the backend can: written once for what is minimized, here for how.

An objective is a function of a batch, a mapping of tensors or of such mappings; it calls the networks and
returns the loss and a mapping of numbers to report.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from medlab import backend

Batch = Mapping[str, Any]
Objective = Callable[[Batch], tuple[Any, dict[str, Any]]]
Step = Callable[[Batch], dict[str, Any]]
Finish = Callable[[Batch], None]


def compiled(
    objective: Objective, trainable: list[Any], others: list[Any], optimizer: Any, finish: Finish
) -> Step:
    """Return a function that takes one step on a batch.

    Parameters
    ----------
    objective : callable
    trainable : list of keras.Variable
        What the step changes.
    others : list of keras.Variable
        Everything else that the objective or `finish` reads or assigns.
    optimizer : keras.optimizers.Optimizer
        Built for `trainable`.
    finish : callable
        Runs after the step, to assign some of `others`.

    Returns
    -------
    step : callable
        From a batch of NumPy arrays to numbers, as tensors without axes.
    """
    builders = {"tensorflow": _tensorflow_step, "torch": _torch_step, "jax": _jax_step}
    step = builders[backend.name()](objective, trainable, others, optimizer, finish)
    return lambda batch: step(keras.tree.map_structure(ops.convert_to_tensor, batch))


def _tensorflow_step(
    objective: Objective, trainable: list[Any], _others: list[Any], optimizer: Any, finish: Finish
) -> Step:
    import tensorflow as tf

    def step(batch: Batch) -> dict[str, Any]:
        values = [variable.value for variable in trainable]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, facts = objective(batch)
        optimizer.apply(tape.gradient(loss, values), trainable)
        finish(batch)
        return facts

    graph: Step = tf.function(step)
    return graph


def _torch_step(
    objective: Objective, trainable: list[Any], _others: list[Any], optimizer: Any, finish: Finish
) -> Step:
    # Eager: its compiler needs a C compiler and minutes.
    import torch

    def step(batch: Batch) -> dict[str, Any]:
        loss, facts = objective(batch)
        gradients = torch.autograd.grad(loss, [variable.value for variable in trainable])
        with torch.no_grad():
            optimizer.apply(list(gradients), trainable)
            finish(batch)
        return {name: value.detach() for name, value in facts.items()}

    return step


def _jax_step(
    objective: Objective, trainable: list[Any], others: list[Any], optimizer: Any, finish: Finish
) -> Step:
    # A pure function of all variables: what layers assign comes back as a result.
    import jax

    variables = [*trainable, *others, *optimizer.variables]

    def scope(values: Any, kept: Any) -> keras.StatelessScope:
        return keras.StatelessScope([*zip(trainable, values, strict=True), *zip(others, kept, strict=True)])

    @jax.jit
    def pure(values: Any, kept: Any, slots: Any, batch: Any) -> Any:
        def loss_of(values: Any) -> Any:
            with scope(values, kept) as assigned:
                loss, facts = objective(batch)
            return loss, (facts, [assigned.get_current_value(variable) for variable in others])

        gradients, (facts, after) = jax.grad(loss_of, has_aux=True)(values)
        values, slots = optimizer.stateless_apply(slots, gradients, values)
        with scope(values, after) as assigned:
            finish(batch)
        return facts, [*values, *(assigned.get_current_value(variable) for variable in others), *slots]

    def step(batch: Batch) -> dict[str, Any]:
        groups = [[v.value for v in group] for group in (trainable, others, optimizer.variables)]
        facts, after = pure(*groups, batch)
        for variable, value in zip(variables, after, strict=True):
            variable.assign(value)
        return facts

    return step


def to_numpy(facts: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of several steps, a row a step, as arrays."""
    names = facts[0] if facts else ()
    return {name: np.array([float(ops.convert_to_numpy(row[name])) for row in facts]) for name in names}
