"""The layers of a network: which there are, what they give, how to put something else in their place.

Networks are looked at while they run, so it does not matter how they were built: Functional, Sequential,
subclassed, one inside the other. Only public names of Keras are used.
"""

import contextlib
import importlib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import psutil

from medlab import backend, checks

# More at once is not faster on a CPU: its caches hold little.
MOST_ON_CPU, MOST_ON_GPU = 32, 256
# The outputs of all layers, kept for the way back, their gradients, and what convolutions need in between.
_COPIES = 4
_SHARE = 0.25


@dataclass(eq=False)
class Seen:
    """A layer, and what it gave when two images went through the network.

    Attributes
    ----------
    name : str
        Its name; of a layer inside another network ``outer/inner``.
    reference : weak reference to the layer
    shape : tuple of int or None
        Of its output, without the axis of the images; None if it has several outputs, if they are not one
        for each image, or if it was called more than once.
    numbers : int
        How many it gave for each image, over all calls.
    calls : int
    output : tensor or None
        What it gave last, if that is one tensor.
    """

    name: str
    reference: weakref.ref[Any]
    shape: tuple[int, ...] | None = None
    numbers: int = 0
    calls: int = 0
    output: Any = None

    @property
    def layer(self) -> Any:
        """The layer, as long as its network lives."""
        return self.reference()


def named_layers(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield name and layer of all layers, those of inner networks too."""
    for layer in getattr(model, "layers", ()):
        yield prefix + layer.name, layer
        yield from named_layers(layer, f"{prefix}{layer.name}/")


def watch(model: Any, call: Callable[[], Any], images: int) -> list[Seen]:
    """Return the layers that were called while `images` images went through the network, in their order."""
    layers = {name: Seen(name, weakref.ref(layer)) for name, layer in named_layers(model)}
    ended: list[Seen] = []
    with contextlib.ExitStack() as stack:
        for seen in layers.values():
            stack.enter_context(replaced(seen.layer, _noting(seen, ended, images)))
        call()
    # One that was called more than once stands where its last call ended.
    in_order = list(dict.fromkeys(reversed(ended)))[::-1]
    for seen in in_order:
        if seen.calls > 1:
            seen.shape = None
    return in_order


def _noting(seen: Seen, ended: list[Seen], images: int) -> Callable[[Any], Any]:
    def note(output: Any) -> Any:
        ended.append(seen)
        seen.calls += 1
        outputs = output if isinstance(output, list | tuple) else [output]
        shapes = [tuple(tensor.shape) for tensor in outputs if hasattr(tensor, "shape")]
        seen.numbers += sum(int(np.prod(shape)) for shape in shapes) // images
        single = len(outputs) == len(shapes) == 1 and shapes[0][:1] == (images,)
        seen.shape = shapes[0][1:] if single else None
        seen.output = outputs[0] if single else None
        return output

    return note


@contextlib.contextmanager
def replaced(layer: Any, change: Callable[[Any], Any]) -> Iterator[None]:
    """Let `change` have the layer's output, and return what stands in its place, while this is open."""
    original = layer.call
    with _calling(layer, lambda *args, **options: change(original(*args, **options))):
        yield


@contextlib.contextmanager
def _calling(layer: Any, instead: Callable[..., Any]) -> Iterator[None]:
    """Let this thread call `instead` of the layer; a training or a saving in another one sees the layer."""
    original, before, asking = layer.call, vars(layer).get("call"), threading.get_ident()

    def call(*args: Any, **options: Any) -> Any:
        return (instead if threading.get_ident() == asking else original)(*args, **options)

    layer.call = call
    try:
        yield
    finally:
        if before is None:
            del layer.call  # the class's own is seen again
        else:
            layer.call = before


def find(layers: Sequence[Seen], name: str | None, axes: int) -> Seen:
    """Return the named layer, or the one that Grad-CAM looks at: the last of those with the fewest places.

    Raises
    ------
    ValueError
        If there is none, or the named one gives no maps; the message lists those that do.
    """
    places = with_maps(layers, axes)
    if not places:
        msg = "the network must have a layer that gives a map for each image. Use integrated_gradients."
        raise ValueError(msg)
    if name is None:
        return [seen for seen in places if places[seen] == min(places.values())][-1]
    matching = [seen for seen in places if seen.name == name or seen.name.endswith(f"/{name}")]
    if len(matching) != 1:
        checks.one_of("layer", name, [seen.name for seen in places])
        matching = [seen for seen in matching if seen.name == name]
    return matching[0]


def with_maps(layers: Sequence[Seen], axes: int) -> dict[Seen, int]:
    """Return the layers that give one map for each image, with as many axes as it, and their places (> 1)."""
    return {
        seen: int(np.prod(seen.shape[:-1]))
        for seen in layers
        if seen.shape is not None and len(seen.shape) == axes and np.prod(seen.shape[:-1]) > 1
    }


def last(layers: Sequence[Seen], answer: Any) -> Seen | None:
    """Return the layer that gave `answer`, if one alone did."""
    # An inner network ends after its own last layer: what it gave is what that layer gave.
    usable = [
        seen
        for seen in layers
        if seen.output is not None and seen.calls == 1 and not getattr(seen.layer, "layers", None)
    ]
    # The first that gave the very tensor: those after it only handed it on.
    for seen in usable:
        if seen.output is answer:
            return seen
    numbers = keras.ops.convert_to_numpy(answer).ravel()
    for seen in reversed(usable):
        if np.array_equal(keras.ops.convert_to_numpy(seen.output).ravel(), numbers):
            return seen
    return None


def bend_of(seen: Seen | None) -> str:
    """Return what bends a layer's output: "sigmoid", "softmax", or "" where nothing is known to."""
    layer = seen.layer if seen else None
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    return next((name for name in ("sigmoid", "softmax") if activation is keras.activations.get(name)), "")


@contextlib.contextmanager
def straight(last: Seen | None) -> Iterator[None]:
    """Take the sigmoid or softmax off a network's last layer while this is open.

    Raises
    ------
    ValueError
        If it does not end in a layer with either.
    """
    if last is None or not bend_of(last):
        got = f"{last.name} ({type(last.layer).__name__})" if last else "an output that no layer gave alone"
        msg = f"on='logit' needs a last layer with a sigmoid or a softmax, got {got}. Use on='output'."
        raise ValueError(msg)
    layer = last.layer
    if isinstance(layer, keras.layers.Softmax):
        instead = _unchanged
    else:
        # A twin with the same weights: the layer itself keeps its activation, as others may train or save it.
        twin = object.__new__(type(layer))
        vars(twin).update(vars(layer), activation=keras.activations.linear)
        instead = twin.call
    with _calling(layer, instead):
        yield


def _unchanged(inputs: Any, mask: Any = None) -> Any:
    return inputs


def free_bytes() -> int:
    """Return the memory that is free where the network computes: the GPU's, else the machine's."""
    if backend.gpus():
        if backend.name() == "torch":
            return int(importlib.import_module("torch").cuda.mem_get_info()[0])
        if backend.name() == "jax":
            stats = importlib.import_module("jax").devices()[0].memory_stats() or {}
            if "bytes_limit" in stats:
                return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
        if backend.name() == "tensorflow":
            # It says how much it has taken, not how much there is: torch asks the driver, where it can.
            experimental = importlib.import_module("tensorflow").config.experimental
            cuda = importlib.import_module("torch").cuda
            total = cuda.mem_get_info()[1] if cuda.is_available() else 4 << 30
            return int(max(total - experimental.get_memory_info("GPU:0")["current"], 1 << 28))
    return int(psutil.virtual_memory().available)


def fitting_batch(seen: Sequence[Seen], bytes_each: int = 4) -> int:
    """Return how many images to send through a network at once.

    Parameters
    ----------
    seen : sequence of Seen
        What each layer gave for an image.
    bytes_each : int
        Of one number: 4 for float32, 8 for float64.

    Returns
    -------
    images : int
        At least 1; so many that a quarter of the free memory is enough.
    """
    each = _COPIES * bytes_each * max(1, sum(layer.numbers for layer in seen))
    most = MOST_ON_GPU if backend.gpus() else MOST_ON_CPU
    return int(min(most, max(1, _SHARE * free_bytes() // each)))
