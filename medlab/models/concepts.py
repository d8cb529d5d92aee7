"""A network that must say what it sees before it says what that means: a concept bottleneck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.models.screening import screening_cnn


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
    outputs, sides = {}, []
    for name, kind in concepts.items():
        if _kind(kind) not in ("yes_no", "kinds", "number") or kind in ("kinds", "number"):
            msg = (
                f"the kind of {name} must be 'yes_no', a whole number of kinds from 2 on, or (mean, SD), "
                f"got {kind!r}."
            )
            raise ValueError(msg)
        if isinstance(kind, tuple):
            mean, sd = kind
            side = layers.Dense(1, name=f"{name}_standardized")(features)
            outputs[name] = layers.Rescaling(checks.in_range("SD", sd, 1e-12), mean, name=name)(side)
        elif kind == "yes_no":
            side = outputs[name] = layers.Dense(1, activation="sigmoid", name=name)(features)
        else:
            side = outputs[name] = layers.Dense(int(kind), activation="softmax", name=name)(features)
        sides.append(side)
    joined = layers.Concatenate(name="concepts")(sides) if len(sides) > 1 else sides[0]
    seen = keras.Input(joined.shape[1:], name="concepts")
    x = layers.Dense(hidden, activation="tanh", name="hidden")(seen) if hidden else seen
    x = layers.Dense(1, name="logit")(x)
    risk = keras.Model(seen, layers.Activation("sigmoid", name="probability")(x), name="risk")
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
    found = dict(model.predict(np.asarray(images), batch_size=batch_size, verbose=0))
    names = [name for name in found if name != "risk"]
    if len(names) > 1:
        # JAX sorts the names of a dict; the columns of the risk stay as they were built.
        columns = [id(side) for side in model.get_layer("concepts").input]
        names.sort(key=lambda name: columns.index(id(_side(model, name).output)))
    for name, value in corrections.items():
        checks.one_of("concept", name, names)
        found[name] = _as_output(
            name, value, found[name], isinstance(model.get_layer(name), layers.Rescaling)
        )
    sides = []
    for name in names:
        layer = model.get_layer(name)
        if isinstance(layer, layers.Rescaling):
            sides.append((found[name] - np.float32(layer.offset)) / np.float32(layer.scale))
        else:
            sides.append(found[name])
    joined = np.concatenate(sides, axis=1).astype(np.float32)
    found["risk"] = model.get_layer("risk").predict(joined, batch_size=batch_size, verbose=0)
    return found


def _as_output(name: str, value: ArrayLike, like: NDArray[Any], number: bool) -> NDArray[np.float32]:
    count, width = like.shape
    values = checks.finite(name, value)
    if values.shape not in ((), (count,), (count, 1)):
        msg = f"{name} must be one value, or one for each of {count} images, got shape {values.shape}."
        raise ValueError(msg)
    column = np.broadcast_to(values.reshape(-1), (count,))
    if number:
        return column[:, np.newaxis].astype(np.float32)
    top = max(width - 1, 1)
    if column.min() < 0 or column.max() > top or (width > 1 and (column % 1).any()):
        kind = f"a kind from 0 to {top}" if width > 1 else "a probability from 0 to 1"
        msg = f"{name} must be {kind}, got {column.min():g} to {column.max():g}."
        raise ValueError(msg)
    if width == 1:
        return column[:, np.newaxis].astype(np.float32)
    return np.eye(width, dtype=np.float32)[column.astype(int)]


def _side(model: keras.Model, name: str) -> Any:
    """Return the layer whose output is a concept's columns."""
    number = isinstance(model.get_layer(name), layers.Rescaling)
    return model.get_layer(f"{name}_standardized" if number else name)


def _kind(kind: Any) -> str:
    if isinstance(kind, tuple):
        return "number"
    return (
        "kinds"
        if isinstance(kind, int | np.integer) and not isinstance(kind, bool) and kind > 1
        else str(kind)
    )
