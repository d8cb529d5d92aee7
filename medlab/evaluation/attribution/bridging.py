"""A function of Keras tensors as a module of torch: what lets Captum differentiate a network of any backend.

Captum asks torch for gradients. A `Bridge` answers from the backend that runs the network: it computes the
values and, where torch will ask for them, their gradients too, in one compiled call, and hands both to
torch's autograd. Images do not mix in a network at rest, so the gradient of the sum of the values is every
image's own.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medlab import backend
from medlab.evaluation.attribution.keeping import Compiled, Kept

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
    kept : Kept or None
        Functions of the network that `function` runs, from earlier questions. None: none.
    question : tuple
        What `function` computes, as long as the network keeps its form: the same question, the same function.

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
        kept: Kept | None = None,
        question: tuple[Hashable, ...] = (),
    ) -> None:
        super().__init__()
        self.differentiable = differentiable
        self._function = function
        self._batch_size = batch_size
        self._watcher = watcher or Watcher()
        self._kept = Kept() if kept is None else kept
        self._question = question

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

    def _run(self, arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        count, running = len(arrays[0]), backend.name()
        on_jax = running == "jax"
        if on_jax and (missing := (1 << (count - 1).bit_length()) - count):
            # It compiles for every batch size: the next power of two keeps these few.
            arrays = [np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays]
        shapes = [(array.shape[not on_jax :], array.dtype.str) for array in arrays]
        build = functools.partial(
            _COMPILERS[running],
            self._function,
            self.differentiable if wanted else 0,
            arrays,
            self._kept.weights,
        )
        values, gradients = self._kept.get((*self._question, wanted, *shapes), build)(arrays)
        return np.asarray(values)[:count], [np.asarray(gradient)[:count] for gradient in gradients]


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


# Each compiles a function of tensors like `arrays`, with the gradients of the first `wanted` of them, as one
# of arrays. What it returns must not refer to the function: that one refers to the network, which keeps it.


def _on_tensorflow(function: Function, wanted: int, arrays: Arrays, _: Sequence[Any]) -> Compiled:
    tf = importlib.import_module("tensorflow")

    def both(*tensors: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors[:wanted])
            values = function(*tensors)
        zero = tf.UnconnectedGradients.ZERO
        return values, tape.gradient(values, tensors[:wanted], unconnected_gradients=zero) if wanted else ()

    # For any number of images.
    shapes = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays]
    traced = tf.function(both, autograph=False).get_concrete_function(*shapes)
    return lambda arrays: traced(*map(tf.convert_to_tensor, arrays))


def _on_jax(function: Function, wanted: int, arrays: Arrays, weights: Sequence[Any]) -> Compiled:
    jax, keras = importlib.import_module("jax"), importlib.import_module("keras")

    def summed(first: Any, rest: Any, numbers: Any) -> Any:
        # JAX would read the weights when it compiles, and never again.
        with keras.StatelessScope(state_mapping=list(zip(weights, numbers, strict=True))):
            values = function(*first, *rest)
        return values.sum() if wanted else 0.0, values

    def both(*given: Any) -> Any:
        gradients, values = jax.grad(summed, has_aux=True)(*given) if wanted else summed(*given)
        return values, gradients if wanted else ()

    def given(arrays: Arrays) -> tuple[Any, ...]:
        return tuple(arrays[:wanted]), tuple(arrays[wanted:]), [weight.value for weight in weights]

    compiled = jax.jit(both).lower(*given(arrays)).compile()
    return lambda arrays: compiled(*given(arrays))


def _on_torch(function: Function, wanted: int, _: Arrays, __: Sequence[Any]) -> Compiled:
    keras = importlib.import_module("keras")

    def run(arrays: Arrays) -> Any:
        tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
        first = [tensor.detach().requires_grad_() for tensor in tensors[:wanted]]
        with torch.set_grad_enabled(wanted > 0):
            values = function(*first, *tensors[wanted:])
            gradients: Sequence[Any] = ()
            if wanted:
                gradients = torch.autograd.grad(
                    values.sum(), first, allow_unused=True, materialize_grads=True
                )
        return values.detach().cpu(), [gradient.cpu() for gradient in gradients]

    return run


_COMPILERS: dict[str, Callable[[Function, int, Arrays, Sequence[Any]], Compiled]] = {
    "tensorflow": _on_tensorflow,
    "jax": _on_jax,
    "torch": _on_torch,
}
