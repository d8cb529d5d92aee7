"""How much an output changes with each number of the input, from whichever backend runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import backend


def input_gradients(function: Callable[[Any], Any], images: ArrayLike) -> NDArray[np.float32]:
    """Return the gradient of the summed outputs with respect to every number of the input.

    Parameters
    ----------
    function : keras.Model, keras layer, or function of one tensor
        Called on normalized images; what it returns is summed up. Images do not mix in a network at rest,
        so each image gets the gradient of its own output.
    images : array, shape (N, ...)
        Normalized, as the network takes them.

    Returns
    -------
    gradients : float32 array, shape of `images`

    Raises
    ------
    ValueError
        If the output does not depend on the input.

    Examples
    --------
    >>> input_gradients(lambda x: x * x, [[1.0, -3.0]]).tolist()
    [[2.0, -6.0]]
    """
    import keras

    values = keras.ops.convert_to_tensor(np.asarray(images, np.float32))
    engine = importlib.import_module(backend.name())

    def total(x: Any) -> Any:
        return keras.ops.sum(keras.ops.cast(function(x), "float32"))

    if backend.name() == "jax":
        gradients = engine.grad(total)(values)
    elif backend.name() == "torch":
        values = values.detach().clone().requires_grad_()
        (gradients,) = engine.autograd.grad(_attached(total(values)), values, allow_unused=True)
    else:
        with engine.GradientTape() as tape:
            tape.watch(values)
            result = total(values)
        gradients = tape.gradient(result, values)
    if gradients is None:
        _refuse()
    return np.asarray(keras.ops.convert_to_numpy(gradients), np.float32)


def _attached(value: Any) -> Any:
    return value if value.requires_grad else _refuse()


def _refuse() -> None:
    msg = "the output must depend on the input, got a constant. Pass the network itself, not its result."
    raise ValueError(msg)
