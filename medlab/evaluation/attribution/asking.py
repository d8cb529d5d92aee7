"""One question to a network, ready to be put again and again: which number, of which inputs."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from medlab import backend, checks
from medlab.evaluation.attribution import layers, memory, targeting
from medlab.evaluation.attribution.bridging import Bridge, Watcher
from medlab.evaluation.attribution.keeping import kept_of

# Layers are changed while a question is open: two at once would put back each other's changes.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Asked:
    """A network with the number that is asked about.

    Attributes
    ----------
    seen : list of Seen
        What each layer gave.
    target : Target
    forward : Bridge
        Takes tensors of torch: the inputs, then `extras`.
    batch_size : int
    question : tuple
        What was asked, as long as the network keeps its form.
    options : dict
        Of every `Bridge` to this network.
    """

    seen: list[layers.Seen]
    target: targeting.Target
    forward: Bridge
    batch_size: int
    question: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def extras(self) -> tuple[torch.Tensor, ...]:
        """What the number needs for each image beside its inputs."""
        return tuple(self.target.extras)

    def values(self, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return the number for other inputs of the same images, shape (N,)."""
        with torch.no_grad():
            return self.forward(*(torch.from_numpy(array) for array in arrays), *self.extras).numpy()


@contextlib.contextmanager
def asking(
    model: Any,
    inputs: targeting.Inputs,
    *,
    target: int | ArrayLike | None,
    on: str = "output",
    region: ArrayLike | None = None,
    head: str | int | None = None,
    batch_size: int | None = None,
    watcher: Watcher | None = None,
) -> Iterator[Asked]:
    """Open a question to a network; on="logit" takes its last sigmoid or softmax off, for this thread only.

    See `medlab.evaluation.attribute` for the parameters and what is refused.
    """
    checks.one_of("on", on, targeting.ON)
    if not isinstance(model, keras.Model):
        msg = f"model must be a Keras network, got a {type(model).__name__}. Of a Run, give run.model."
        raise TypeError(msg)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ONE_AT_A_TIME)
        if backend.name() != "torch":
            # torch's threads, which wait by spinning, would take the cores from those that run the network.
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        _build(model, inputs)
        kept = kept_of(model)
        sizes = tuple((array.shape[1:], array.dtype.str) for array in inputs.arrays)
        look = functools.partial(_look, model, inputs, head)
        seen, last, shape = kept.get(("look", inputs.form, repr(head), sizes), look)
        bend = stack.enter_context(layers.straight(last)) if on == "logit" else layers.bend_of(last)
        size = memory.batch_size(seen, inputs.arrays[0].itemsize) if batch_size is None else batch_size
        size = int(checks.in_range("batch_size", size, 1, whole=True))
        asked = targeting.choose(model, inputs, shape, bend, target, region, head, on, size)
        question = (inputs.form, head, on, bend)
        options: dict[str, Any] = {"batch_size": size, "watcher": watcher, "kept": kept}
        forward = Bridge(asked.value, len(inputs.arrays), question=question, **options)
        yield Asked(seen, asked, forward, size, question, options)


def _build(model: Any, inputs: targeting.Inputs) -> None:
    if not model.built:
        _run(model, inputs)  # the first call builds the network, and may call its layers more than once


def _look(
    model: Any, inputs: targeting.Inputs, head: str | int | None
) -> tuple[list[layers.Seen], layers.Seen | None, tuple[int, ...]]:
    """Return what each layer gives when two images go through, which gives the answer, and its shape."""
    answers: list[Any] = []
    seen = layers.watch(model, lambda: answers.append(_run(model, inputs)), 2)
    answer = targeting.of_head(answers[-1], head)
    last = layers.last(seen, answer)
    for one in seen:
        one.output = None  # two images' numbers of every layer would stay in memory
    return seen, last, tuple(answer.shape[1:])


def _run(model: Any, inputs: targeting.Inputs) -> Any:
    two = [keras.ops.convert_to_tensor(np.resize(one[:2], (2, *one.shape[1:]))) for one in inputs.arrays]
    try:
        return model(inputs.build(two), training=False)
    except (ValueError, TypeError) as error:
        shapes = ", ".join(str(("N", *array.shape[1:])) for array in inputs.arrays)
        msg = f"the network {model.name} must take x, got {shapes}: {str(error).splitlines()[0]}"
        raise ValueError(msg) from error
