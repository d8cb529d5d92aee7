"""A network that must say what it sees before it says what that means: a concept bottleneck."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.models.cnn import screening_cnn


def concept_bottleneck(
    image_shape: tuple[int, ...],
    concepts: Mapping[str, str | int | tuple[float, float]],
    *,
    hidden: int = 0,
    width: int | None = None,
    dropout: float = 0.3,
) -> keras.Model:
    """Build a network whose risk is computed from the concepts that it names, and from no other feature.

    Parameters
    ----------
    image_shape : (H, W, C) or (Z, Y, X, C), sides of at least 16
    concepts : dict, name: kind
        "yes_no" is a probability; a whole number K is K kinds, one of which holds; (mean, SD) is a number
        with that mean and standard deviation in the training set, in its own unit, such as millimeters.
    hidden : int
        Units between the concepts and the risk; 0: the risk is a logistic regression on the concepts.
    width, dropout
        See `screening_cnn`, whose trunk sees the image.

    Returns
    -------
    model : keras.Model
        Outputs by name, shape (N, K) or (N, 1): every concept, in its unit or as a probability, and
        ``risk``. The layer ``risk`` is a network of its own, from all concepts side by side (numbers as
        multiples of their SD from the mean) to the risk.

    Raises
    ------
    ValueError
        If there is no concept, one is called risk, or a kind is none.

    Notes
    -----
    Source: Koh et al. 2020, arXiv 2007.04612. The risk does not reach back into the trunk: concepts learn
    from their own labels only (the paper's "sequential" bottleneck, in one training). That does not make
    them what they are called: a concept can still be read off a marker, and a probability can carry more
    than its name.
    """
    if not concepts or "risk" in concepts:
        msg = f"concepts must name at least one, and none 'risk', got {list(concepts)}."
        raise ValueError(msg)
    trunk = screening_cnn(image_shape, width=width, dropout=dropout)
    features = trunk.get_layer("dropout").output
    outputs, columns = {}, []
    for name, kind in concepts.items():
        if isinstance(kind, tuple):
            mean, sd = kind
            column = layers.Dense(1, name=f"{name}_standardized")(features)
            outputs[name] = layers.Rescaling(checks.in_range("SD", sd, 1e-12), mean, name=name)(column)
        elif kind == "yes_no":
            column = outputs[name] = layers.Dense(1, activation="sigmoid", name=name)(features)
        elif isinstance(kind, int | np.integer) and not isinstance(kind, bool) and kind > 1:
            column = outputs[name] = layers.Dense(int(kind), activation="softmax", name=name)(features)
        else:
            msg = (
                f"the kind of {name} must be 'yes_no', a whole number of kinds from 2 on, or (mean, SD), "
                f"got {kind!r}."
            )
            raise ValueError(msg)
        columns.append(column)
    joined = layers.Concatenate(name="concepts")(columns) if len(columns) > 1 else columns[0]
    named = keras.Input(joined.shape[1:], name="concepts")
    x = layers.Dense(hidden, activation="tanh", name="hidden")(named) if hidden else named
    x = layers.Dense(1, name="logit")(x)
    risk = keras.Model(named, layers.Activation("sigmoid", name="probability")(x), name="risk")
    outputs["risk"] = risk(HoldBack(name="held")(joined))
    return keras.Model(trunk.input, outputs, name="concept_bottleneck")


@keras.saving.register_keras_serializable("medlab")
class HoldBack(layers.Layer):
    """Give its input on and, in training, no gradient back."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the input, shape (N, K); at rest its gradient too, so that the risk can be explained."""
        return inputs if training is False else ops.stop_gradient(inputs)


def correct_concepts(
    model: keras.Model, images: ArrayLike, corrections: Mapping[str, ArrayLike], *, batch_size: int = 256
) -> dict[str, NDArray[np.float32]]:
    """Return what a bottleneck says when some of its concepts are set by hand.

    Parameters
    ----------
    model : keras.Model
        From `concept_bottleneck`.
    images : array, shape (N, ...), normalized
    corrections : dict, name: value
        For all images one value, or one for each: 0 or 1 for "yes_no", the number of the kind, a number in
        its own unit. Empty: as the network sees it.

    Returns
    -------
    outputs : dict
        As the network's, with the corrected concepts and the risk that follows from them.

    Raises
    ------
    ValueError
        If the network has no such concept, or a value cannot be one.
    """
    outputs = dict(model.predict(np.asarray(images), batch_size=batch_size, verbose=0))
    names = [name for name in outputs if name != "risk"]
    if len(names) > 1:
        # JAX sorts the names of a dict; the columns of the risk stay as they were built.
        columns = [id(column) for column in model.get_layer("concepts").input]
        names.sort(key=lambda name: columns.index(id(_column(model, name))))
    for name, value in corrections.items():
        checks.one_of("concept", name, names)
        is_number = isinstance(model.get_layer(name), layers.Rescaling)
        outputs[name] = _as_output(name, value, outputs[name], is_number)
    standardized = []
    for name in names:
        layer = model.get_layer(name)
        if isinstance(layer, layers.Rescaling):
            standardized.append((outputs[name] - np.float32(layer.offset)) / np.float32(layer.scale))
        else:
            standardized.append(outputs[name])
    joined = np.concatenate(standardized, axis=1).astype(np.float32)
    outputs["risk"] = model.get_layer("risk").predict(joined, batch_size=batch_size, verbose=0)
    return outputs


def _column(model: keras.Model, name: str) -> Any:
    """Return a concept's part of what the risk is computed from; a number's comes before its rescaling."""
    layer = model.get_layer(name)
    return layer.input if isinstance(layer, layers.Rescaling) else layer.output


def _as_output(name: str, value: ArrayLike, like: NDArray[Any], is_number: bool) -> NDArray[np.float32]:
    count, width = like.shape
    values = checks.finite(name, value)
    if values.shape not in ((), (count,), (count, 1)):
        msg = f"{name} must be one value, or one for each of {count} images, got shape {values.shape}."
        raise ValueError(msg)
    column = np.broadcast_to(values.reshape(-1), (count,))
    if is_number:
        return column[:, np.newaxis].astype(np.float32)
    top = max(width - 1, 1)
    if column.min() < 0 or column.max() > top or (width > 1 and (column % 1).any()):
        limits = f"a kind from 0 to {top}" if width > 1 else "a probability from 0 to 1"
        msg = f"{name} must be {limits}, got {column.min():g} to {column.max():g}."
        raise ValueError(msg)
    if width == 1:
        return column[:, np.newaxis].astype(np.float32)
    return np.eye(width, dtype=np.float32)[column.astype(int)]
