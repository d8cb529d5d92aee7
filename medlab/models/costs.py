"""What a network costs: weights and arithmetic."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Size of a network.

    Attributes
    ----------
    weights : int
        All numbers in its layers, those that training does not change included.
    multiply_adds : int
        Multiplications with addition for one image, in convolutions, dense and recurrent layers; a "FLOP"
        count is twice this. Normalization, activation and pooling are left out: they are a few percent.
    """

    weights: int
    multiply_adds: int


def cost(model: Any) -> Cost:
    """Count the weights and the multiply-adds of a Keras network.

    Parameters
    ----------
    model : keras.Model
        Built. Convolutions, dense and recurrent layers are counted, in nested networks too.

    Returns
    -------
    cost : Cost
        A 3 x 3 convolution from C to F channels costs ``H * W * 9 * C * F`` on an (H, W) output; an LSTM
        from F numbers to a state of U costs ``T * 4 * U * (F + U)`` on T steps.

    Examples
    --------
    A dense layer from 10 to 2 has 22 weights and 20 multiply-adds.
    """
    return Cost(int(model.count_params()), _multiply_adds(model))


def _multiply_adds(layer: Any) -> int:
    parts = getattr(layer, "layers", None)
    if parts is not None:
        return sum(map(_multiply_adds, parts))
    ways = [getattr(layer, name) for name in ("forward_layer", "backward_layer") if hasattr(layer, name)]
    if ways or hasattr(layer, "cell"):
        return sum(_recurrent(direction.cell, layer.input.shape[1]) for direction in ways or [layer])
    if hasattr(layer, "layer"):
        # One network for every step of a sequence.
        return int(layer.input.shape[1]) * _multiply_adds(layer.layer)
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    # The kernel is applied once at every place of the output; its shape has the channels of both sides.
    places = math.prod(layer.output.shape[1:-1])
    return places * math.prod(kernel.shape)


def _recurrent(cell: Any, steps: int) -> int:
    return steps * (math.prod(cell.kernel.shape) + math.prod(cell.recurrent_kernel.shape))
