"""A query to a network, ready to be put again and again: which number of its output, of which inputs."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from medlab import backend, checks
from medlab.evaluation.attribution import network_layers
from medlab.evaluation.attribution.explained_output import Inputs, choose, only_output
from medlab.evaluation.attribution.torch_bridge import Bridge, Split, Watcher, kept_of
from medlab.models import Bundle, load
from medlab.training.run import Run

# Layers are changed while a query is open: two at once would put back each other's changes.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Query:
    """A network with the number that is explained.

    Attributes
    ----------
    model : keras.Model
    inputs : Inputs
    seen : list of Seen
        What each layer gave.
    classes : int array, shape (N,), or None
        Explained class; None where the output is one value.
    extras : tuple of tensors
        What the number needs for each image beside its inputs.
    forward : Bridge
        Takes tensors of torch: the inputs, then `extras`.
    options : dict
        Of every `Bridge` to this network.
    """

    model: Any
    inputs: Inputs
    seen: list[network_layers.Seen]
    classes: NDArray[np.int64] | None
    extras: tuple[torch.Tensor, ...]
    forward: Bridge
    options: dict[str, Any]

    def split(self, seen: network_layers.Seen) -> Split:
        """Return the network in two at a layer."""
        return Split(
            lambda tensors: self.model(self.inputs.build(tensors), training=False),
            self.forward.function,
            seen.layer,
            len(self.inputs.arrays),
            (*self.forward.question, seen.name),
            **self.options,
        )

    def values(self, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return the number for other inputs of the same images, shape (N,)."""
        with torch.no_grad():
            return self.forward(*map(torch.from_numpy, arrays), *self.extras).numpy()


@contextlib.contextmanager
def open_query(
    model: Any,
    inputs: Inputs,
    *,
    target: int | ArrayLike | None,
    on: str = "output",
    region: ArrayLike | None = None,
    batch_size: int | None = None,
    watcher: Watcher | None = None,
) -> Iterator[Query]:
    """Open a query to a network; on="logit" takes its last sigmoid or softmax off, for this thread only.

    See `medlab.evaluation.attribute` for the parameters and what is refused.
    """
    checks.one_of("on", on, ("output", "logit"))
    if not isinstance(model, keras.Model):
        msg = f"model must be a Keras network, got a {type(model).__name__}. Of a Run, give run.model."
        raise TypeError(msg)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ONE_AT_A_TIME)
        if backend.name() != "torch":
            # torch's threads, which wait by spinning, would take the cores from those that run the network.
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        if not model.built:
            _run(model, inputs)  # the first call builds the network, and may call its layers more than once
        kept = kept_of(model)
        sizes = tuple((array.shape[1:], array.dtype.str) for array in inputs.arrays)
        look = functools.partial(_look, model, inputs)
        seen, last, shape = kept.get(("look", inputs.form, sizes), look)
        bend = network_layers.bend_of(last)
        if on == "logit":
            stack.enter_context(network_layers.straight(last))
        if batch_size is None:
            batch_size = network_layers.fitting_batch(seen, inputs.arrays[0].itemsize)
        size = int(checks.in_range("batch_size", batch_size, 1, whole=True))
        value, extras, classes = choose(model, inputs, shape, bend, target, region, on, size)
        options: dict[str, Any] = {"batch_size": size, "watcher": watcher or Watcher(), "kept": kept}
        question = (inputs.form, on, bend)
        forward = Bridge(value, len(inputs.arrays), question=question, **options)
        yield Query(model, inputs, seen, classes, extras, forward, options)


def _look(
    model: Any, inputs: Inputs
) -> tuple[list[network_layers.Seen], network_layers.Seen | None, tuple[int, ...]]:
    """Return what each layer gives when two images go through, which gives the answer, and its shape."""
    answers: list[Any] = []
    seen = network_layers.watch(model, lambda: answers.append(_run(model, inputs)), 2)
    answer = only_output(answers[-1])
    last = network_layers.last(seen, answer)
    for layer in seen:
        layer.output = None  # two images' numbers of every layer would stay in memory
    return seen, last, tuple(answer.shape[1:])


def _run(model: Any, inputs: Inputs) -> Any:
    two = [np.resize(array[:2], (2, *array.shape[1:])) for array in inputs.arrays]
    try:
        return model(inputs.build([keras.ops.convert_to_tensor(array) for array in two]), training=False)
    except (ValueError, TypeError) as error:
        shapes = ", ".join(str(("N", *array.shape[1:])) for array in inputs.arrays)
        msg = f"the network {model.name} must take x, got {shapes}: {str(error).splitlines()[0]}"
        raise ValueError(msg) from error


def network_of(model: Any) -> tuple[keras.Model, Callable[[Any], Any], tuple[str, ...]]:
    """Return a network with what brings images to its input, and the names of its classes.

    Parameters
    ----------
    model : keras.Model, Run, Bundle, or path of a model folder
        A Keras network takes images that are normalized; the others take raw ones, and know their classes.

    Returns
    -------
    network : keras.Model
    normalize : callable
        Takes and returns images, shape (N, ..., C).
    target_names : tuple of str
        In the order of the targets; empty where nobody said.

    Raises
    ------
    TypeError
        If it is none of them.
    """
    if isinstance(model, str | Path):
        model = load(model)
    if isinstance(model, Run | Bundle):
        return model.model, model.normalize, model.target_names
    if not isinstance(model, keras.Model):
        msg = f"model must be a Keras network, a Run or the folder of a model, got a {type(model).__name__}."
        raise TypeError(msg)
    return model, np.asarray, ()
