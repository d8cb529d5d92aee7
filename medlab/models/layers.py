"""Parts that the networks share."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


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
    """Return the input of a network: normalized images (H, W, C), volumes (Z, Y, X, C), sequences (T, F)."""
    return keras.Input(tuple(image_shape), name="image")


@keras.saving.register_keras_serializable("medlab")
class EachSlice(layers.TimeDistributed):
    """Send each slice of a volume, shape (N, Z, Y, X, C), through the same network: (N, Z, ...).

    Keras' own `TimeDistributed` goes through the slices in a loop: the network is unrolled Z times (seconds
    to compile), and a batch normalization inside would see one slice at a time and end with the averages of
    the last slices. Here all slices are one large batch.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return what the network says of every slice."""
        steps, *one = inputs.shape[1:]
        seen = self.layer(ops.reshape(inputs, (-1, *one)), training=training)
        return ops.reshape(seen, (-1, steps, *seen.shape[1:]))
