"""Functions of Keras tensors as functions of torch's: so Captum can differentiate a network of any backend.

Captum asks torch for gradients. A `Bridge` answers from the backend that runs the network: it computes the
values and, where torch will ask for them, their gradients too, in one compiled call, and hands both to
torch's autograd. Images do not mix in a network at rest, so the gradient of the sum of the values is every
image's own. For methods that look at a layer, a `Split` is two bridges that meet there.

What is compiled is kept from one question to the next: the numbers of weights may change in between. The
functions of a network go with it, or when anything else of it changes: a layer that was added, removed,
exchanged or moved, an activation, a stride, any attribute of a layer. What no attribute shows (a global
variable that `call` reads, an array that is changed in place) is not seen, as in `keras.Model.predict`.
"""

import contextlib
import functools
import importlib
import threading
import types
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import NDArray

from medlab import backend
from medlab.evaluation.attribution import network_layers

Function = Callable[..., Any]
Arrays = Sequence[NDArray[Any]]
Compiled = Callable[[Sequence[Any]], Any]

# Each method, class form and layer is a function or two, on JAX for every power of two of images besides.
MOST = 32


class Kept:
    """At most `MOST` functions of one network, by what they were compiled for; the longest unused goes first.

    Nothing that is kept may refer to the network: it would never be collected.
    """

    def __init__(self, form: Any = None, weights: Sequence[Any] = ()) -> None:
        self.form, self.weights = form, weights
        self._functions: OrderedDict[Hashable, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._functions)

    def get(self, question: Hashable, build: Callable[[], Any]) -> Any:
        """Return the function that answers `question`; `build` compiles it the first time."""
        if question not in self._functions:
            self._functions[question] = build()
            while len(self) > MOST:
                self._functions.popitem(last=False)
        self._functions.move_to_end(question)
        return self._functions[question]


_KEPT: weakref.WeakKeyDictionary[Any, Kept] = weakref.WeakKeyDictionary()


def kept_of(model: Any) -> Kept:
    """Return the functions of a built network as it is now; on torch, which compiles none, none."""
    form = _form(model)
    kept = _KEPT.get(model)
    if kept is None or kept.form != form:
        kept = Kept(form, model.weights)
        if backend.name() != "torch":
            _KEPT[model] = kept
    return kept


@functools.cache
def _of_every_network() -> frozenset[str]:
    """Return what Keras notes at every network and layer, such as the state of a training."""
    return frozenset(vars(keras.Model()))


def _form(model: Any) -> Any:
    """Return what is equal as long as nothing but the numbers of the weights has changed."""
    noted, layers = _of_every_network(), []
    for name, layer in [("", model), *network_layers.named_layers(model)]:
        own = {key: value for key, value in vars(layer).items() if key not in noted}
        layers.append((name, _marked(layer), layer.compute_dtype, _marked(own)))
    return _marked(model.weights), layers


def _marked(value: Any) -> Any:
    """Return what compares by value for plain values, and else by identity, without a strong reference."""
    if isinstance(value, dict):
        return [(key, _marked(item)) for key, item in value.items()]
    if isinstance(value, list | tuple | set):
        return [_marked(item) for item in value]
    if isinstance(value, types.NoneType | bool | int | float | str | bytes | np.generic):
        return value
    with contextlib.suppress(TypeError):
        # The address first: two tensors that are compared would be compared number by number.
        return id(value), weakref.ref(value)
    return id(value)


class Canceled(RuntimeError):
    """An attribution was told to stop before it was done."""


@dataclass
class Watcher:
    """Counts the images that went through a network; stops between two batches when told to.

    Attributes
    ----------
    cancel : threading.Event or None
        Set it, from another thread, to stop.
    advance : callable
        Told how many images went through, after each batch.
    images : int
    """

    cancel: threading.Event | None = None
    advance: Callable[[int], Any] = lambda count: None
    images: int = 0

    def batches(self, arrays: Arrays, size: int) -> Iterator[Arrays]:
        """Yield `size` images at a time; raise `Canceled` in between if that was asked for."""
        for start in range(0, len(arrays[0]), size):
            if self.cancel is not None and self.cancel.is_set():
                msg = f"the attribution was canceled after {self.images} images went through the network."
                raise Canceled(msg)
            batch = [array[start : start + size] for array in arrays]
            yield batch
            self.images += len(batch[0])
            self.advance(len(batch[0]))


@dataclass(eq=False)
class Bridge:
    """A function of Keras' tensors as one of torch's, for Captum: its values and their gradients.

    `medlab.evaluation.attribute` builds one for each question; build one yourself to call any method of
    Captum that needs no more than a function. It gives one number for each image, and the gradients with
    respect to the first tensors. Tensors are torch's, on the CPU; those of a network on a GPU go there a
    batch at a time.

    Attributes
    ----------
    function : callable
        Takes tensors of Keras' backend, first axis N, and returns one, shape (N,): such as
        ``lambda images: model(images, training=False)[:, 0]``. No image may depend on another.
    differentiable : int
        How many of its tensors, the first ones, torch may ask the gradient of. 0: `function` may return
        any shape (N, ...).
    batch_size : int
        Images that go through the network at once.
    watcher : Watcher
    kept : Kept
        Functions of the network that `function` runs, from earlier questions.
    question : tuple
        What `function` computes, as long as the network keeps its form: the same question, the same function.

    Examples
    --------
    Captum on a function of Keras: the parts of a sum of squares, beside an input of 0, are the squares.

    >>> from captum import attr
    >>> bridge = Bridge(lambda x: keras.ops.sum(x**2, axis=1))
    >>> x = torch.tensor([[1.0, -3.0]])
    >>> attr.IntegratedGradients(bridge).attribute(x, method="riemann_middle").round(decimals=4).tolist()
    [[1.0, 9.0]]
    """

    function: Function
    differentiable: int = 1
    batch_size: int = 64
    watcher: Watcher = field(default_factory=Watcher)
    kept: Kept = field(default_factory=Kept)
    question: tuple[Hashable, ...] = ()

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Return the values, shape (N,)."""
        first = tensors[: self.differentiable]
        wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in first)
        return _Values.apply(self, wanted, *tensors)

    def compute(self, arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Return the values and, when `wanted`, the gradients of all images, a batch at a time."""
        results = [self._run(batch, wanted) for batch in self.watcher.batches(arrays, self.batch_size)]
        values, gradients = zip(*results, strict=True)
        return np.concatenate(values), [np.concatenate(parts) for parts in zip(*gradients, strict=True)]

    def _run(self, arrays: Arrays, wanted: bool) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        count, running = len(arrays[0]), backend.name()
        on_jax = running == "jax"
        if on_jax and (missing := (1 << (count - 1).bit_length()) - count):
            # It compiles for every batch size: the next power of two keeps these few.
            arrays = [np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays]
        shapes = [(array.shape[not on_jax :], array.dtype.str) for array in arrays]
        differentiable = self.differentiable if wanted else 0
        compiler = _COMPILERS[running]
        build = functools.partial(compiler, self.function, differentiable, arrays, self.kept.weights)
        values, gradients = self.kept.get((*self.question, wanted, *shapes), build)(arrays)
        return np.asarray(values)[:count], [np.asarray(gradient)[:count] for gradient in gradients]


class _Values(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bridge: Bridge, wanted: bool, *tensors: torch.Tensor) -> torch.Tensor:
        arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
        values, gradients = bridge.compute(arrays, wanted)
        ctx.others = len(tensors) - len(gradients)
        ctx.save_for_backward(*map(torch.from_numpy, gradients))
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        chained = [outer[0].reshape(-1, *[1] * (own.ndim - 1)) * own for own in ctx.saved_tensors]
        return (None, None, *chained, *[None] * ctx.others)


class Split:
    """The explained output by way of a layer: the trunk gives the layer's map, the head what follows from it.

    Captum averages a layer's map over all axes from the third on. On a channels-last layer, as Keras has
    them, that would be the wrong ones, without a word; so the trunk's output is brought to channels first.
    What goes around the layer, as over a skip connection, the head computes from the inputs.

    Parameters
    ----------
    run : callable
        Runs the network on tensors of Keras' backend, one for each input.
    value : callable
        The explained output, from inputs and extras.
    layer : keras.Layer
        Gives one map an image, shape (N, ..., C).
    inputs : int
        How many tensors the network takes.
    question : tuple
        What is asked of which layer.
    **options
        Of `Bridge`.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Any]], Any],
        value: Function,
        layer: Any,
        inputs: int,
        question: tuple[Hashable, ...],
        **options: Any,
    ) -> None:
        self._inputs = inputs

        def map_of(*tensors: Any) -> Any:
            outputs: list[Any] = []

            def keep(output: Any) -> Any:
                outputs.append(output)
                return output

            with network_layers.replaced(layer, keep):
                run(tensors)
            # Of a network with mixed precision the map is float16: too coarse for sums.
            return keras.ops.moveaxis(keras.ops.cast(outputs[0], tensors[0].dtype), -1, 1)

        def value_of(replacement: Any, *tensors: Any) -> Any:
            def put(output: Any) -> Any:
                return keras.ops.cast(keras.ops.moveaxis(replacement, 1, -1), output.dtype)

            with network_layers.replaced(layer, put):
                return value(*tensors)

        self.trunk = _Trunk(Bridge(map_of, 0, question=(*question, "trunk"), **options))
        self.head = Bridge(value_of, 1, question=(*question, "head"), **options)

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Return the explained output, shape (N,), of inputs and extras."""
        return self.head(self.trunk(*tensors[: self._inputs]), *tensors)


class _Trunk(torch.nn.Module):
    """A layer's map, channels first: where back-propagation ends. A module, for Captum's hooks."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        layer_map = self._bridge(*(tensor.detach() for tensor in tensors))
        return layer_map.detach().requires_grad_(torch.is_grad_enabled())


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
    jax = importlib.import_module("jax")

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
    def run(arrays: Arrays) -> Any:
        tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
        first = [tensor.detach().requires_grad_() for tensor in tensors[:wanted]]
        with torch.set_grad_enabled(wanted > 0):
            values = function(*first, *tensors[wanted:])
            gradients: Sequence[Any] = ()
            if wanted:
                gradients = torch.autograd.grad(values.sum(), first, materialize_grads=True)
        return values.detach().cpu(), [gradient.cpu() for gradient in gradients]

    return run


_COMPILERS: dict[str, Callable[[Function, int, Arrays, Sequence[Any]], Compiled]] = {
    "tensorflow": _on_tensorflow,
    "jax": _on_jax,
    "torch": _on_torch,
}
