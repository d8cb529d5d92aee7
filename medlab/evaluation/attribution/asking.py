"""One question to a network, ready to be put again and again: which number, of which inputs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.evaluation.attribution import layers, memory, targeting
from medlab.evaluation.attribution.bridging import Bridge, Watcher

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
    """

    seen: list[layers.Seen]
    target: targeting.Target
    forward: Bridge
    batch_size: int

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
    """Open a question to a network; while it is open on="logit", its last sigmoid or softmax is off.

    See `medlab.evaluation.attribute` for the parameters and what is refused.
    """
    checks.one_of("on", on, targeting.ON)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ONE_AT_A_TIME)
        seen, answer = _look(model, inputs)
        answer = targeting.of_head(answer, head)
        bend = (
            stack.enter_context(layers.straight(seen, answer)) if on == "logit" else layers.bent(seen, answer)
        )
        size = memory.batch_size(seen, inputs.arrays[0].itemsize) if batch_size is None else batch_size
        checks.in_range("batch_size", size, 1, whole=True)
        for one in seen:
            one.output = None  # two images' numbers of every layer would stay in memory
        asked = targeting.choose(model, inputs, bend, target, region, head, on, size)
        forward = Bridge(asked.value, len(inputs.arrays), batch_size=size, watcher=watcher)
        yield Asked(seen, asked, forward, size)


def _look(model: Any, inputs: targeting.Inputs) -> tuple[list[layers.Seen], Any]:
    """Return what each layer gives when two images go through, and the network."""
    two = [np.resize(array[:2], (2, *array.shape[1:])) for array in inputs.arrays]
    tensors = [keras.ops.convert_to_tensor(array) for array in two]

    answers: list[Any] = []

    def call() -> None:
        answers.append(model(inputs.build(tensors), training=False))

    try:
        if not model.built:
            call()  # the first call builds the network, and may call its layers more than once
        return layers.watch(model, call, 2), answers[-1]
    except (ValueError, TypeError) as error:
        shapes = ", ".join(str(("N", *array.shape[1:])) for array in inputs.arrays)
        msg = f"the network {model.name} must take x, got {shapes}: {str(error).splitlines()[0]}"
        raise ValueError(msg) from error
