"""A network in two at a layer, as Captum's layer methods take it: channels first, and with a hook to hold.

Captum averages a layer's map over all axes from the third on. On a channels-last layer, as Keras has them,
that would be the wrong ones, without a word; so the trunk's output is brought to channels first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import torch

from medlab.evaluation.attribution import layers
from medlab.evaluation.attribution.bridging import Bridge


class Split(torch.nn.Module):
    """The number asked about, by way of a layer: the trunk gives its map, the head what follows from it.

    Parameters
    ----------
    run : callable
        Runs the network on tensors of Keras' backend, one for each input.
    value : callable
        The number asked about, from inputs and extras.
    layer : keras.Layer
        Gives one map an image, shape (N, ..., C).
    inputs : int
        How many tensors the network takes.
    question : tuple
        What is asked of which layer.
    **options
        Of `Bridge`.

    Notes
    -----
    What goes around the layer, as over a skip connection, the head computes from the inputs.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Any]], Any],
        value: Callable[..., Any],
        layer: Any,
        inputs: int,
        question: tuple[Any, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__()
        self._inputs = inputs

        def map_of(*tensors: Any) -> Any:
            kept: list[Any] = []

            def keep(output: Any) -> Any:
                kept.append(output)
                return output

            with layers.replaced(layer, keep):
                run(tensors)
            # Of a network with mixed precision the map is float16: too coarse for sums.
            return keras.ops.moveaxis(keras.ops.cast(kept[0], tensors[0].dtype), -1, 1)

        def value_of(replacement: Any, *tensors: Any) -> Any:
            def put(output: Any) -> Any:
                return keras.ops.cast(keras.ops.moveaxis(replacement, 1, -1), output.dtype)

            with layers.replaced(layer, put):
                return value(*tensors)

        self.trunk = _Trunk(map_of, question=(*question, "trunk"), **options)
        self.head = Bridge(value_of, 1, question=(*question, "head"), **options)

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Return the number asked about, shape (N,), of inputs and extras."""
        return self.head(self.trunk(*tensors[: self._inputs]), *tensors)


class _Trunk(torch.nn.Module):
    """A layer's map, channels first: where the way back ends."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        super().__init__()
        self._bridge = Bridge(function, 0, **options)

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        found = self._bridge(*(tensor.detach() for tensor in tensors))
        return found.detach().requires_grad_(torch.is_grad_enabled())
