"""Parts that the networks share."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def output(features: Any, task: str, outputs: int) -> Any:
    """End a network: a linear layer ``logit``, then what the task needs.

    Parameters
    ----------
    features : Keras tensor, shape (N, F)
    task : "binary", "multiclass", "multilabel" or "regression"
    outputs : int

    Returns
    -------
    tensor : Keras tensor, shape (N, outputs), float32
        Sigmoid, softmax or, for a regression, the linear layer's own value.
    """
    if task == "regression":
        return layers.Dense(outputs, name="value", dtype="float32")(features)
    logit = layers.Dense(outputs, name="logit", dtype="float32")(features)
    activation = "softmax" if task == "multiclass" else "sigmoid"
    return layers.Activation(activation, name="probability", dtype="float32")(logit)


def image_input(image_shape: tuple[int, ...]) -> Any:
    """Return the input of a network for normalized images, shape (H, W, C) or (Z, Y, X, C) each."""
    return keras.Input(tuple(image_shape), name="image")
