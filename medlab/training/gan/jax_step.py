"""The step on JAX: a pure function of all variables, compiled; what layers assign comes back as a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import keras


def input_gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the gradient of a number with respect to `inputs`.

    The function must not assign variables: the values would leave the trace that made them.
    """
    return jax.grad(function)(inputs)


def _differentiate(
    objective: Any, trainable: list[Any], values: Any, others: list[Any], kept: Any, batch: Any
) -> Any:
    def loss_of(values: Any) -> Any:
        with keras.StatelessScope(
            [*zip(trainable, values, strict=True), *zip(others, kept, strict=True)]
        ) as scope:
            loss, facts = objective(batch, input_gradient)
        return loss, (facts, [scope.get_current_value(variable) for variable in others])

    return jax.grad(loss_of, has_aux=True)(values)


def gradients(objective: Any, trainable: list[Any], others: list[Any], batch: Any) -> Any:
    """See `medlab.training.gan.stepping.gradients`."""
    values, kept = [v.value for v in trainable], [v.value for v in others]

    @jax.jit
    def pure(values: Any, kept: Any, batch: Any) -> Any:
        return _differentiate(objective, trainable, values, others, kept, batch)

    found, (facts, _) = pure(values, kept, dict(batch))
    return facts, found


def compiled(objective: Any, trainable: list[Any], others: list[Any], optimizer: Any, finish: Any) -> Any:
    """See `medlab.training.gan.stepping.compiled`."""
    slots = optimizer.variables

    @jax.jit
    def pure(values: Any, kept: Any, slot_values: Any, batch: Any) -> Any:
        found, (facts, kept) = _differentiate(objective, trainable, values, others, kept, batch)
        values, slot_values = optimizer.stateless_apply(slot_values, found, values)
        if finish is not None:
            mapping = [*zip(trainable, values, strict=True), *zip(others, kept, strict=True)]
            with keras.StatelessScope(mapping) as scope:
                finish(batch)
            kept = [scope.get_current_value(variable) for variable in others]
        return facts, values, kept, slot_values

    def step(batch: Any) -> Any:
        facts, values, kept, slot_values = pure(
            [v.value for v in trainable], [v.value for v in others], [v.value for v in slots], dict(batch)
        )
        for variable, value in zip(
            [*trainable, *others, *slots], [*values, *kept, *slot_values], strict=True
        ):
            variable.assign(value)
        return facts

    return step
