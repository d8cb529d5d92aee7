"""The networks by name, with the image sizes each takes; nothing here loads Keras."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medlab import backend, checks

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Entry:
    """What the catalog says of a network.

    Attributes
    ----------
    module : str
        Module of `medlab.models` that has the builder of the same name.
    smallest, largest : int or None
        Shortest image side that it takes, in pixels, and the longest; None where there is no limit.
    volumes : bool
        Whether it also takes volumes (Z, Y, X, C).
    about : str
        One line for lists.
    """

    module: str
    smallest: int
    largest: int | None
    volumes: bool
    about: str


CATALOG = {
    "screening_cnn": Entry("screening", 16, None, True, "the strong small network"),
    "article_cnn_28": Entry("article", 28, 28, False, "two convolutions, as in the article"),
    "article_cnn": Entry("article", 64, None, False, "three convolutions, as in the article"),
    "resnet18_28": Entry("resnet", 16, None, False, "the yardstick of MedMNIST"),
}


def names() -> list[str]:
    """Return the names of all networks."""
    return list(CATALOG)


def describe(name: str) -> Entry:
    """Return what the catalog says of a network.

    Raises
    ------
    ValueError
        If there is no such network; the message names the nearest.
    """
    return CATALOG[checks.one_of("model", name, CATALOG)]


def minimum_size(name: str) -> int:
    """Return the shortest image side in pixels that the named network takes."""
    return describe(name).smallest


def check_shape(name: str, image_shape: Sequence[int]) -> None:
    """Refuse images that the named network cannot take.

    Parameters
    ----------
    name : str
    image_shape : (H, W, C) or (Z, Y, X, C)

    Raises
    ------
    ValueError
        If they are too small, too large, or volumes where it takes flat images only.
    """
    entry = describe(name)
    sides = list(image_shape[:-1])
    size = " x ".join(map(str, sides))
    if len(sides) == 3 and not entry.volumes:
        usable = ", ".join(other for other, facts in CATALOG.items() if facts.volumes)
        msg = f"{name} takes flat images (H, W, C), got volumes of {size}. For volumes use: {usable}."
        raise ValueError(msg)
    if min(sides) < entry.smallest or (entry.largest and max(sides) > entry.largest):
        limits = f"{'exactly' if entry.smallest == entry.largest else 'at least'} {entry.smallest}"
        fitting = [
            other
            for other, facts in CATALOG.items()
            if facts.smallest <= min(sides) and (not facts.largest or max(sides) <= facts.largest)
        ]
        instead = (
            f"or use one that fits: {', '.join(fitting)}" if fitting else "no network takes so few pixels"
        )
        msg = (
            f"{name} needs images of {limits} pixels a side, got {size}. Resize them (image_size); {instead}."
        )
        raise ValueError(msg)


def build(
    name: str,
    dataset: Any,
    *,
    width: int | None = None,
    dropout: float | None = None,
    seed: int = 0,
    mixed_precision: bool | None = None,
) -> Any:
    """Build the named network for a data set: its image shape, its task, its number of classes.

    Parameters
    ----------
    name : str
        One of `names`, or "auto" for ``screening_cnn``.
    dataset : medlab.data.Dataset
    width : int or None
        Filters of the first convolution; later ones follow from it. None: the network's own.
    dropout : float in [0, 0.9] or None
        Part of the features dropped before the last layer. None: the network's own.
    seed : int
        Seed of the first weights.
    mixed_precision : bool or None
        Compute in float16 where that is safe; None: on a GPU only.

    Returns
    -------
    model : keras.Model
        Takes normalized images, float32, shape (N, ...). Its last layer, ``probability``, gives (N, 1) for
        a binary task (probability of the positive class), (N, K) otherwise; ``value`` (N, 1) for a
        regression. The layer before it, ``logit``, is linear.

    Raises
    ------
    ValueError
        If there is no such network, or the images do not fit it.

    Examples
    --------
    ``build("screening_cnn", medlab.data.load("breastmnist"), seed=1)``
    """
    name = "screening_cnn" if name == "auto" else name
    check_shape(name, dataset.image_shape)
    options: dict[str, Any] = {}
    if width is not None:
        options["width"] = int(checks.in_range("width", width, 4, 512, whole=True))
    if dropout is not None:
        options["dropout"] = float(checks.in_range("dropout", dropout, 0, 0.9))
    import keras

    backend.use_gpu_memory_as_needed()
    backend.seed_everything(seed)
    if mixed_precision is None:
        mixed_precision = bool(backend.gpus())
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16" if mixed_precision else "float32")
    try:
        builder: Callable[..., Any] = getattr(
            importlib.import_module(f"medlab.models.{describe(name).module}"), name
        )
        return builder(dataset.image_shape, dataset.task, outputs(dataset), **options)
    finally:
        keras.config.set_dtype_policy(previous)


def outputs(dataset: Any) -> int:
    """Return how many numbers a network gives for one image: 1, or the number of classes."""
    return len(dataset.class_names) if dataset.task in ("multiclass", "multilabel") else 1
