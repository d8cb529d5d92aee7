"""A function of Keras tensors as a module of torch: what lets Captum differentiate a network of any backend.

Captum asks torch for gradients. A `Bridge` answers from the backend that runs the network: it computes the
values and, where torch will ask for them, their gradients too, in one compiled call, and hands both to
torch's autograd. Images do not mix in a network at rest, so the gradient of the sum of the values is every
image's own.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medlab import backend

Function = Callable[..., Any]
Arrays = Sequence[NDArray[Any]]


class Canceled(RuntimeError):
    """An attribution was told to stop before it was done."""


class Watcher:
    """Counts the images that went through a network; stops between two batches when told to.

    Parameters
    ----------
    cancel : threading.Event or None
        Set it, from another thread, to stop.
    advance : callable or None
        Told how many images went through, after each batch.
    """

    def __init__(
        self, cancel: threading.Event | None = None, advance: Callable[[int], Any] | None = None
    ) -> None:
        self._cancel = cancel
        self._advance = advance or (lambda count: None)
        self.images = 0

    def before(self) -> None:
        """Raise `Canceled` if that was asked for."""
        if self._cancel is not None and self._cancel.is_set():
            msg = f"the attribution was canceled after {self.images} images went through the network."
            raise Canceled(msg)

    def after(self, count: int) -> None:
        """Note that `count` images went through."""
        self.images += count
        self._advance(count)


class Bridge(torch.nn.Module):
    """One number for each image, with its slope along the first tensors.

    Parameters
    ----------
    function : callable
        Takes tensors of Keras' backend, first axis N, and returns one, shape (N,).
    differentiable : int
        How many of its tensors, the first ones, torch may ask the gradient of. 0: `function` may return
        any shape (N, ...).
    batch_size : int
        Images that go through the network at once.
    watcher : Watcher or None

    Notes
    -----
    Tensors are torch's, on the CPU; those of a network on a GPU go there a batch at a time.
    """

    def __init__(
        self,
        function: Function,
        differentiable: int = 1,
        *,
        batch_size: int = 64,
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__()
        self.differentiable = differentiable
        self._batch_size = batch_size
        self._watcher = watcher or Watcher()
        self._run = _RUNNERS[backend.name()](function, differentiable)

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Return the values, shape (N,)."""
        first = tensors[: self.differentiable]
        wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in first)
        return _Values.apply(self, wanted, *tensors)

    def compute(self, arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Return the values and, when `wanted`, the gradients of all images, a batch at a time."""
        values, gradients = [], []
        for start in range(0, len(arrays[0]), self._batch_size):
            self._watcher.before()
            part = [array[start : start + self._batch_size] for array in arrays]
            value, gradient = self._run(part, wanted)
            values.append(value)
            gradients.append(gradient)
            self._watcher.after(len(part[0]))
        return np.concatenate(values), [np.concatenate(one) for one in zip(*gradients, strict=True)]


class _Values(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bridge: Bridge, wanted: bool, *tensors: torch.Tensor) -> torch.Tensor:
        arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
        values, gradients = bridge.compute(arrays, wanted)
        ctx.others = len(tensors) - len(gradients)
        ctx.save_for_backward(*(torch.from_numpy(gradient) for gradient in gradients))
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        slopes = [
            outer[0].reshape(-1, *[1] * (gradient.ndim - 1)) * gradient for gradient in ctx.saved_tensors
        ]
        return (None, None, *slopes, *[None] * ctx.others)


def _on_tensorflow(function: Function, differentiable: int) -> Any:
    tf = importlib.import_module("tensorflow")

    def both(*tensors: Any) -> Any:
        first = tensors[:differentiable]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(first)
            values = function(*tensors)
        return values, tape.gradient(values, first, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    # Traced once, for any number of images.
    traced: dict[bool, Any] = {}

    def run(arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        tensors = [tf.convert_to_tensor(array) for array in arrays]
        if wanted not in traced:
            shapes = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in tensors]
            python = tf.function(both if wanted else function, autograph=False)
            traced[wanted] = python.get_concrete_function(*shapes)
        values, gradients = traced[wanted](*tensors) if wanted else (traced[wanted](*tensors), ())
        return np.array(values), [np.array(gradient) for gradient in gradients]

    return run


def _on_jax(function: Function, differentiable: int) -> Any:
    jax = importlib.import_module("jax")

    def summed(first: Any, rest: Any) -> Any:
        values = function(*first, *rest)
        return values.sum(), values

    # New functions each time: JAX reads the weights when it compiles, and they may change between bridges.
    compiled = jax.jit(lambda *tensors: function(*tensors))
    both = jax.jit(jax.grad(summed, has_aux=True))

    def run(arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        count = len(arrays[0])
        # It compiles for every batch size: the next power of two keeps these few.
        missing = (1 << (count - 1).bit_length()) - count
        if missing:
            arrays = [np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays]
        if wanted:
            gradients, values = both(tuple(arrays[:differentiable]), tuple(arrays[differentiable:]))
        else:
            gradients, values = (), compiled(*arrays)
        return np.array(values[:count]), [np.array(gradient[:count]) for gradient in gradients]

    return run


def _on_torch(function: Function, differentiable: int) -> Any:
    keras = importlib.import_module("keras")

    def run(arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
        first = [tensor.detach().requires_grad_(wanted) for tensor in tensors[:differentiable]]
        with torch.set_grad_enabled(wanted):
            values = function(*first, *tensors[differentiable:])
            gradients: Sequence[Any] = ()
            if wanted:
                gradients = torch.autograd.grad(
                    values.sum(), first, allow_unused=True, materialize_grads=True
                )
        return values.detach().cpu().numpy(), [gradient.cpu().numpy() for gradient in gradients]

    return run


_RUNNERS: dict[str, Callable[[Function, int], Any]] = {
    "tensorflow": _on_tensorflow,
    "jax": _on_jax,
    "torch": _on_torch,
}
