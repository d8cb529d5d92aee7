"""The gradient of an output with respect to the input, on whichever backend runs."""

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

    def total(x: Any) -> Any:
        return keras.ops.sum(keras.ops.cast(function(x), "float32"))

    gradient = differentiable_gradient(total, keras.ops.convert_to_tensor(np.asarray(images, np.float32)))
    if gradient is None:
        msg = "the output must depend on the input, got a constant. Pass the network itself, not its result."
        raise ValueError(msg)
    return np.asarray(keras.ops.convert_to_numpy(gradient), np.float32)


def differentiable_gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the gradient of a number with respect to a tensor, None (JAX: zeros) for a constant.

    It can be differentiated again. On JAX the function must not assign variables: the values would leave the
    trace that made them.
    """
    if backend.name() == "jax":
        import jax

        return jax.grad(function)(inputs)
    if backend.name() == "torch":
        import torch

        inputs = inputs.detach().requires_grad_(True)
        value = function(inputs)
        if not value.requires_grad:
            return None
        return torch.autograd.grad(value, inputs, create_graph=True, allow_unused=True)[0]
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(inputs)
    return tape.gradient(value, inputs)
