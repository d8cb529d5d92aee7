"""The step on PyTorch: eager, because its compiler needs a C compiler and minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import torch


def input_gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the gradient of a number with respect to `inputs`, with its own graph."""
    inputs = inputs.detach().requires_grad_(True)
    return torch.autograd.grad(function(inputs), inputs, create_graph=True)[0]


def _differentiate(objective: Any, trainable: list[Any], batch: Any) -> tuple[dict[str, Any], Any]:
    loss, facts = objective(batch, input_gradient)
    found = torch.autograd.grad(loss, [variable.value for variable in trainable])
    return {name: value.detach() for name, value in facts.items()}, found


def _tensors(batch: Any) -> dict[str, Any]:
    return {name: keras.ops.convert_to_tensor(array) for name, array in batch.items()}


def gradients(objective: Any, trainable: list[Any], others: list[Any], batch: Any) -> Any:
    """See `medlab.training.gan.stepping.gradients`."""
    return _differentiate(objective, trainable, _tensors(batch))


def compiled(objective: Any, trainable: list[Any], others: list[Any], optimizer: Any, finish: Any) -> Any:
    """See `medlab.training.gan.stepping.compiled`."""

    def step(batch: Any) -> Any:
        tensors = _tensors(batch)
        facts, found = _differentiate(objective, trainable, tensors)
        with torch.no_grad():
            optimizer.apply(list(found), trainable)
            if finish is not None:
                finish(tensors)
        return facts

    return step
