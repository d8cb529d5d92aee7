"""Networks that read a sequence step by step: a signal's samples, a patient's visits, a volume's slices.

All of them keep the state after every step in the layer ``states`` (its first output), for drawing and for
pooling. Pooling "last" takes the state after the last step; "attention" takes a mean over all steps, whose
weights, shape (N, steps, 1) with sum 1, are the output of the layer ``attention``.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from medlab import checks
from medlab.models.blocks import classifier, convolution_block, image_input, pooled_features

CELLS = ("simple_rnn", "lstm", "gru", "bidirectional_lstm")


def simple_rnn(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
    pooling: str = "last",
    activation: str = "tanh",
) -> keras.Model:
    """Build a plain recurrent network: the new state is f(W x + U h + b), nothing guards the old one.

    Parameters
    ----------
    image_shape : (T, F)
        Steps of the sequence, numbers a step.
    task, outputs
        See `medlab.models.build`.
    width : int
        Numbers in the state.
    dropout : float in [0, 1)
    pooling : "last" or "attention"
    activation : "tanh" or "relu"
        What bends the state. The article's ReLU lets it grow without end (see notebook 04).

    Raises
    ------
    ValueError
        If pooling or activation is unknown.
    """
    checks.one_of("activation", activation, ("tanh", "relu"))
    sequence = image_input(image_shape)
    features = _read(sequence, "simple_rnn", width, pooling, activation=activation)
    return classifier(sequence, features, task, outputs, dropout, "simple_rnn")


def _builder(described: Callable[[], None]) -> Callable[..., keras.Model]:
    """Return the builder of a network with the kind of cell that a function bears the name of."""
    cell = described.__name__

    def build(
        image_shape: tuple[int, ...],
        task: str = "binary",
        outputs: int = 1,
        *,
        width: int = 32,
        dropout: float = 0.0,
        pooling: str = "last",
    ) -> keras.Model:
        sequence = image_input(image_shape)
        return classifier(sequence, _read(sequence, cell, width, pooling), task, outputs, dropout, cell)

    # Not functools.wraps, which would give the builder the other one's signature, too.
    build.__name__, build.__qualname__, build.__doc__ = cell, cell, described.__doc__
    return build


@_builder
def lstm() -> None:
    """Build a long short-term memory: gates write to, keep and read a cell that no activation squeezes.

    Parameters
    ----------
    image_shape : (T, F)
        Steps of the sequence, numbers a step.
    task, outputs
        See `medlab.models.build`.
    width : int
        Numbers in the state.
    dropout : float in [0, 1)
    pooling : "last" or "attention"

    Notes
    -----
    Source: Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735; forget gate: Gers et al. 2000,
    doi 10.1162/089976600300015015.
    """


@_builder
def gru() -> None:
    """Build a gated recurrent unit: one gate mixes the old state with a candidate, three quarters of an LSTM.

    Parameters
    ----------
    image_shape, task, outputs, width, dropout, pooling
        See `lstm`.

    Notes
    -----
    Source: Cho et al. 2014, doi 10.3115/v1/D14-1179.
    """


@_builder
def bidirectional_lstm() -> None:
    """Build two LSTMs, one that reads forward and one that reads backward, side by side.

    Parameters
    ----------
    image_shape, task, outputs, dropout, pooling
        See `lstm`. Pooling "last" takes each direction's own last state.
    width : int
        Numbers in the state of each direction.

    Notes
    -----
    Source: Schuster and Paliwal 1997, doi 10.1109/78.650093. It needs the whole sequence: it cannot watch a
    signal as it comes in.
    """


def cnn_lstm(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 16,
    dropout: float = 0.0,
    pooling: str = "last",
    cell: str = "lstm",
) -> keras.Model:
    """Build a convolutional trunk that sees each slice alone, and a recurrent network that reads the slices.

    Parameters
    ----------
    image_shape : (Z, Y, X, C), Y and X at least 16, or (T, F), T at least 16
        A volume is read slice by slice along Z, each slice through the same trunk. A signal goes through
        convolutions along time that halve it three times, then it is read.
    task, outputs
        See `medlab.models.build`.
    width : int
        Filters of the trunk's first convolution; the next have two and four times as many, the state twice.
    dropout : float in [0, 1)
    pooling : "last" or "attention"
    cell : "simple_rnn", "lstm", "gru" or "bidirectional_lstm"
        What reads the slices.

    Raises
    ------
    ValueError
        If pooling or cell is unknown.

    Notes
    -----
    Source: Donahue et al. 2015, doi 10.1109/CVPR.2015.7298878; attention: Bahdanau et al. 2015,
    arXiv 1409.0473.
    """
    checks.one_of("cell", cell, CELLS)
    image = image_input(image_shape)
    if len(image_shape) == 2:
        x = _three_blocks(image, width)
    else:
        slice_input = keras.Input(tuple(image_shape[1:]), name="slice")
        slice_features = pooled_features(_three_blocks(slice_input, width), "slice_features")
        x = EachSlice(keras.Model(slice_input, slice_features, name="trunk"), name="slices")(image)
    features = _read(x, cell, 2 * width, pooling)
    return classifier(image, features, task, outputs, dropout, "cnn_lstm")


@keras.saving.register_keras_serializable("medlab")
class EachSlice(layers.TimeDistributed):
    """Send each slice of a volume, shape (N, Z, Y, X, C), through the same network: (N, Z, ...).

    Keras' own `TimeDistributed` goes through the slices in a loop: the network is unrolled Z times (seconds
    to compile), and a batch normalization inside would see one slice at a time and end with the averages of
    the last slices. Here all slices are one large batch.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return what the network says of every slice."""
        steps, *slice_shape = inputs.shape[1:]
        outputs = self.layer(ops.reshape(inputs, (-1, *slice_shape)), training=training)
        return ops.reshape(outputs, (-1, steps, *outputs.shape[1:]))


def _three_blocks(x: Any, width: int) -> Any:
    for number in range(1, 4):
        x = convolution_block(x, number, width << (number - 1))
    return x


def _read(sequence: Any, cell: str, width: int, pooling: str, **options: Any) -> Any:
    """Read a sequence (N, T, F), keep all states, and pool them to (N, width)."""
    checks.one_of("pooling", pooling, ("last", "attention"))
    both = cell == "bidirectional_lstm"
    layer_class = {"simple_rnn": layers.SimpleRNN, "gru": layers.GRU}.get(cell, layers.LSTM)
    name = "one_way" if both else "states"
    layer = layer_class(width, return_sequences=True, return_state=True, name=name, **options)
    states, *last = (layers.Bidirectional(layer, name="states") if both else layer)(sequence)
    if pooling == "attention":
        return _attend(states)
    # An LSTM gives h and c, two directions one after the other; its output is h.
    if both:
        return layers.Concatenate(name="features")([last[0], last[2]])
    return layers.Identity(name="features")(last[0])


def _attend(states: Any) -> Any:
    """Return the mean of states (N, T, U) under weights that depend on each state: (N, U)."""
    hidden = layers.Dense(16, activation="tanh", name="attention_hidden")(states)
    scores = layers.Dense(1, use_bias=False, name="attention_scores")(hidden)
    weights = layers.Softmax(axis=1, name="attention", dtype="float32")(scores)
    mean = layers.Dot(axes=1, name="attended")([weights, states])
    return layers.Flatten(name="features")(mean)
