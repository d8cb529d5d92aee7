"""Functions compiled of a network, kept from one question to the next: weights may change in between.

A network's functions go with it, and all of them when anything but a weight's numbers changes: a layer that
was added, removed, exchanged or moved, an activation, a stride, any attribute of a layer. What no attribute
shows (a global variable that `call` reads, an array that is changed in place) is not seen, as in
`keras.Model.predict`.
"""

import contextlib
import functools
import types
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import keras
import numpy as np

from medlab import backend
from medlab.evaluation.attribution.network_layers import named_layers

# Each method, class form and layer is a function or two, on JAX for every power of two of images besides.
MOST = 32

Compiled = Callable[[Sequence[Any]], Any]


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
    for name, layer in [("", model), *named_layers(model)]:
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
