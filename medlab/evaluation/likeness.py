"""Whether an image is like those that a network learned from: a warning, never a proof.

Two looks are taken: at simple facts of the gray values (levels, edges, what is bright where), which tell
another kind of image, and at the network's own features, where it has a layer of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from medlab.metrics import UndefinedError
from medlab.models import predict

FEWEST = 20  # images from which one can say what is usual
MOST = 2000  # training images that are looked at
QUANTILE = 0.99  # of validation: one in a hundred is flagged although nothing is wrong


def fit(model: Any, normalize: Any, train_images: NDArray[Any], val_images: NDArray[Any]) -> dict[str, Any]:
    """Learn what images usually look like, as plain numbers.

    Parameters
    ----------
    model : keras.Model
    normalize : callable
        Brings raw images to the network's input.
    train_images, val_images : arrays, shape (N, ..., C), raw
        From the first it is learned what is usual, from the second how far the usual ones lie.

    Returns
    -------
    usual : dict of plain types
        ``looks`` (for each look mean and precision, and the 99th percentile of validation) and ``limit``.

    Raises
    ------
    UndefinedError
        If there are fewer than 20 images of either kind.
    """
    if min(len(train_images), len(val_images)) < FEWEST:
        counts = f"{len(train_images)} and {len(val_images)}"
        msg = f"what is usual needs at least {FEWEST} training and validation images, got {counts}."
        raise UndefinedError(msg)
    rows = np.linspace(0, len(train_images) - 1, min(MOST, len(train_images))).astype(int)
    looks = {}
    train, val = (_looks(model, normalize, images) for images in (train_images[rows], val_images))
    for name, values in train.items():
        if name == "features":  # by hundreds: how they vary together would fill the model folder
            precision = 1 / (values.var(axis=0) + 1e-6)
        else:
            precision = LedoitWolf().fit(values).precision_
        look = {"mean": values.mean(axis=0).tolist(), "precision": precision.tolist()}
        look["reach"] = float(np.quantile(_distance(val[name], look), QUANTILE))
        looks[name] = look
    distances = np.max([_distance(val[name], look) / look["reach"] for name, look in looks.items()], axis=0)
    return {"looks": looks, "limit": float(np.quantile(distances, QUANTILE))}


def distance(model: Any, normalize: Any, usual: dict[str, Any], images: NDArray[Any]) -> NDArray[np.float64]:
    """Return how far each image lies from the usual, shape (N,): 1 is the limit.

    Parameters
    ----------
    model, normalize
        As for `fit`.
    usual : mapping
        What `fit` returned.
    images : array, shape (N, ..., C), raw
    """
    here = _looks(model, normalize, images)
    parts = [_distance(here[name], look) / look["reach"] for name, look in usual["looks"].items()]
    return np.max(parts, axis=0) / usual["limit"]


def features(model: Any, normalize: Any, images: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return what the layer "features" of a network computes, shape (N, F); None where it has none."""
    import keras

    if "features" not in {layer.name for layer in model.layers}:
        return None
    network = keras.Model(model.input, model.get_layer("features").output)
    return np.asarray(predict(network, normalize, images), np.float64).reshape(len(images), -1)


def _looks(model: Any, normalize: Any, images: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    looks = {"gray values": _facts(np.asarray(images, np.float64))}
    values = features(model, normalize, images)
    return looks if values is None else {**looks, "features": values}


def _facts(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return facts of the gray values, shape (N, F): levels, spread, center against all, edges by axis."""
    axes = tuple(range(1, images.ndim))
    levels = np.quantile(images, [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99], axis=axes).T
    spread = np.log(images.std(axis=axes) + 1e-6)
    center = images[(slice(None), *(slice(side // 4, side - side // 4) for side in images.shape[1:-1]))]
    columns = [spread, center.mean(axis=axes) - images.mean(axis=axes)]
    for axis in range(1, images.ndim - 1):
        for order in range(1, min(3, images.shape[axis])):  # edges, and grain
            change = np.abs(np.diff(images, n=order, axis=axis)).mean(axis=axes)
            columns.append(np.log(change + 1e-6) - spread)
    return np.column_stack([levels, *columns])


def _distance(values: NDArray[np.float64], look: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return Mahalanobis' distance; of a precision that is one number a column, too."""
    away, precision = values - np.asarray(look["mean"]), np.asarray(look["precision"])
    weighted = away @ precision if precision.ndim == 2 else away * precision
    return np.sqrt((weighted * away).sum(axis=1))
