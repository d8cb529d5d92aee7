"""Parts that the networks share."""

from typing import Any

import keras
from keras import layers


def image_input(image_shape: tuple[int, ...]) -> Any:
    """Return the input of a network: normalized images (H, W, C), volumes (Z, Y, X, C), sequences (T, F)."""
    return keras.Input(tuple(image_shape), name="image")


def convolution_block(x: Any, number: int, filters: int, *, pooled: bool = True) -> Any:
    """Add a convolution, pooling, batch normalization and ReLU, along as many axes as `x` has."""
    rank = len(x.shape) - 2
    convolution, pooling = getattr(layers, f"Conv{rank}D"), getattr(layers, f"MaxPooling{rank}D")
    # The bias before a batch normalization would have no gradient.
    x = convolution(filters, 3, padding="same", use_bias=False, name=f"convolution_{number}")(x)
    if pooled:
        # Before the ReLU: the maximum commutes with it, and what follows works on fewer pixels.
        x = pooling(2, name=f"pooling_{number}")(x)
    # With Keras' default momentum of 0.99 the averages lag behind on the few hundred steps that small
    # medical sets allow.
    x = layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")(x)
    return layers.ReLU(name=f"relu_{number}")(x)


def pooled_features(x: Any, name: str) -> Any:
    """Return average and maximum over all pixels: how much of a pattern there is, and whether it is there."""
    rank = len(x.shape) - 2
    average = getattr(layers, f"GlobalAveragePooling{rank}D")(name="average")(x)
    maximum = getattr(layers, f"GlobalMaxPooling{rank}D")(name="maximum")(x)
    return layers.Concatenate(name=name)([average, maximum])


def classifier(image: Any, features: Any, task: str, outputs: int, dropout: float, name: str) -> keras.Model:
    """End a network: dropout, a linear layer ``logit``, then what the task needs.

    Parameters
    ----------
    image : Keras tensor
        The input, from `image_input`.
    features : Keras tensor, shape (N, F)
    task : "binary", "multiclass", "multilabel" or "regression"
    outputs : int
    dropout : float in [0, 1)
    name : str

    Returns
    -------
    model : keras.Model
        Its output, shape (N, outputs), float32, is a sigmoid, a softmax or, for a regression, the linear
        layer's own value.
    """
    x = layers.Dropout(dropout, name="dropout")(features) if dropout else features
    if task == "regression":
        return keras.Model(image, layers.Dense(outputs, name="value", dtype="float32")(x), name=name)
    logit = layers.Dense(outputs, name="logit", dtype="float32")(x)
    activation = "softmax" if task == "multiclass" else "sigmoid"
    probability = layers.Activation(activation, name="probability", dtype="float32")(logit)
    return keras.Model(image, probability, name=name)
