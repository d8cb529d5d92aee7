"""Networks that read a sequence step by step: a signal's samples, a patient's visits, a volume's slices.

All of them keep the state after every step in the layer ``states`` (its first output), for drawing and for
pooling. Pooling "last" takes the state after the last step; "attention" takes a mean over all steps, whose
weights, shape (N, steps, 1) with sum 1, are the output of the layer ``attention``.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from medlab import checks
from medlab.models.layers import EachSlice, image_input, output

CELLS = ("simple_rnn", "lstm", "gru", "bidirectional_lstm")
POOLINGS = ("last", "attention")
_ATTENTION_UNITS = 16


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
    return _finish(sequence, features, task, outputs, dropout, "simple_rnn")


def lstm(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
    pooling: str = "last",
) -> keras.Model:
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
    sequence = image_input(image_shape)
    return _finish(sequence, _read(sequence, "lstm", width, pooling), task, outputs, dropout, "lstm")


def gru(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
    pooling: str = "last",
) -> keras.Model:
    """Build a gated recurrent unit: one gate mixes the old state with a candidate, three quarters of an LSTM.

    Parameters
    ----------
    image_shape, task, outputs, width, dropout, pooling
        See `lstm`.

    Notes
    -----
    Source: Cho et al. 2014, doi 10.3115/v1/D14-1179.
    """
    sequence = image_input(image_shape)
    return _finish(sequence, _read(sequence, "gru", width, pooling), task, outputs, dropout, "gru")


def bidirectional_lstm(
    image_shape: tuple[int, ...],
    task: str = "binary",
    outputs: int = 1,
    *,
    width: int = 32,
    dropout: float = 0.0,
    pooling: str = "last",
) -> keras.Model:
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
    sequence = image_input(image_shape)
    features = _read(sequence, "bidirectional_lstm", width, pooling)
    return _finish(sequence, features, task, outputs, dropout, "bidirectional_lstm")


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
        x = _blocks(image, width, layers.Conv1D, layers.MaxPooling1D)
    else:
        trunk = _slice_trunk(tuple(image_shape[1:]), width)
        x = EachSlice(trunk, name="slices")(image)
    features = _read(x, cell, 2 * width, pooling)
    return _finish(image, features, task, outputs, dropout, "cnn_lstm")


def _slice_trunk(slice_shape: tuple[int, ...], width: int) -> Any:
    one = keras.Input(slice_shape, name="slice")
    x = _blocks(one, width, layers.Conv2D, layers.MaxPooling2D)
    pooled = [
        layers.GlobalAveragePooling2D(name="average")(x),
        layers.GlobalMaxPooling2D(name="maximum")(x),
    ]
    return keras.Model(one, layers.Concatenate(name="slice_features")(pooled), name="trunk")


def _blocks(x: Any, width: int, convolution: Any, pooling: Any) -> Any:
    # As in `screening_cnn`: pooling first, momentum 0.9, no bias before the normalization.
    for number in range(1, 4):
        filters = width << (number - 1)
        x = convolution(filters, 3, padding="same", use_bias=False, name=f"convolution_{number}")(x)
        x = pooling(2, name=f"pooling_{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    return x


def _read(sequence: Any, cell: str, width: int, pooling: str, **options: Any) -> Any:
    """Read a sequence (N, T, F), keep all states, and pool them to (N, width)."""
    checks.one_of("pooling", pooling, POOLINGS)
    both = cell == "bidirectional_lstm"
    kind = {"simple_rnn": layers.SimpleRNN, "gru": layers.GRU}.get(cell, layers.LSTM)
    name = "one_way" if both else "states"
    layer = kind(width, return_sequences=True, return_state=True, name=name, **options)
    states, *last = (layers.Bidirectional(layer, name="states") if both else layer)(sequence)
    if pooling == "attention":
        return _attend(states)
    # An LSTM gives h and c, two directions one after the other; its output is h.
    if both:
        return layers.Concatenate(name="features")([last[0], last[2]])
    return layers.Identity(name="features")(last[0])


def _attend(states: Any) -> Any:
    """Return the mean of states (N, T, U) under weights that depend on each state: (N, U)."""
    hidden = layers.Dense(_ATTENTION_UNITS, activation="tanh", name="attention_hidden")(states)
    scores = layers.Dense(1, use_bias=False, name="attention_scores")(hidden)
    weights = layers.Softmax(axis=1, name="attention", dtype="float32")(scores)
    mean = layers.Dot(axes=1, name="attended")([weights, states])
    return layers.Flatten(name="features")(mean)


def _finish(image: Any, features: Any, task: str, outputs: int, dropout: float, name: str) -> Any:
    x = layers.Dropout(dropout, name="dropout")(features) if dropout else features
    return keras.Model(image, output(x, task, outputs), name=name)
