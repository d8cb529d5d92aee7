"""The networks by name, with the image sizes each takes; nothing here loads Keras."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medlab import backend, checks

if TYPE_CHECKING:
    from medlab.data.dataset import Dataset


@dataclass(frozen=True)
class Entry:
    """What the catalog says of a network.

    Attributes
    ----------
    module : str
        Module of `medlab.models` that has the builder of the same name.
    smallest, largest : int or None
        Shortest image side that it takes, in pixels, and the longest; None where there is no limit. The
        number of slices is free where a network reads volumes slice by slice. For sequences: steps.
    kinds : tuple of "images", "volumes", "sequences"
        What it takes: flat images (H, W, C), volumes (Z, Y, X, C), sequences (T, F).
    about : str
        One line for lists.
    segments : bool
        Whether it gives a class for every pixel, and not an answer for the whole image.
    """

    module: str
    smallest: int
    largest: int | None
    kinds: tuple[str, ...]
    about: str
    segments: bool = False


FORMS = {
    "sequences": "sequences (T, F)",
    "images": "flat images (H, W, C)",
    "volumes": "volumes (Z, Y, X, C)",
}
_IMAGES, _SEQUENCES = ("images",), ("sequences",)

CATALOG = {
    "screening_cnn": Entry("cnn", 16, None, ("images", "volumes"), "the strong small network"),
    "article_cnn_28": Entry("cnn", 28, 28, _IMAGES, "two convolutions, as in the article"),
    "article_cnn": Entry("cnn", 64, None, _IMAGES, "three convolutions, as in the article"),
    "resnet18_28": Entry("cnn", 16, None, _IMAGES, "the yardstick of MedMNIST"),
    "cnn_lstm": Entry("rnn", 16, None, ("volumes", "sequences"), "a small network a slice, then an LSTM"),
    "unet": Entry("unets", 8, None, ("images", "volumes"), "a class for every pixel: segmentation", True),
    "simple_rnn": Entry("rnn", 1, None, _SEQUENCES, "a plain recurrent network"),
    "lstm": Entry("rnn", 1, None, _SEQUENCES, "a long short-term memory"),
    "gru": Entry("rnn", 1, None, _SEQUENCES, "a gated recurrent unit"),
    "bidirectional_lstm": Entry("rnn", 1, None, _SEQUENCES, "an LSTM each way"),
}
_BY_SLICE = ("cnn_lstm",)
# Fourfold cross-validation on BreastMNIST's train and val, 2 seeds: AUC .901 instead of .887 with 0.3,
# accuracy .878 instead of .861. On 10,000 simulated nodules 0.1 is no better: .946 instead of .947 of the
# ceiling's distance from chance.
FEW_IMAGES, DROPOUT_OF_FEW = 1000, 0.1


def names(*, segments: bool = False) -> list[str]:
    """Return the names of all networks that answer for a whole image, or for every pixel."""
    return [name for name, entry in CATALOG.items() if entry.segments == segments]


def describe(name: str) -> Entry:
    """Return what the catalog says of a network.

    Raises
    ------
    ValueError
        If there is no such network; the message names the nearest.
    """
    return CATALOG[checks.one_of("model", name, CATALOG)]


def check_shape(name: str, image_shape: Sequence[int]) -> None:
    """Refuse images that the named network cannot take.

    Parameters
    ----------
    name : str
    image_shape : (H, W, C), (Z, Y, X, C) or (T, F)

    Raises
    ------
    ValueError
        If they are too small, too large, or of a kind that it does not take.
    """
    entry = describe(name)
    kind, sides = _kind_and_sides(image_shape)
    size = " x ".join(map(str, sides)) + (" steps" if kind == "sequences" else "")
    if kind not in entry.kinds:
        usable = ", ".join(other for other in names() if kind in CATALOG[other].kinds)
        forms = " or ".join(form for taken, form in FORMS.items() if taken in entry.kinds)
        msg = f"{name} takes {forms}, got {kind} of {size}. For {kind} use: {usable}."
        raise ValueError(msg)
    others = fitting(image_shape, segments=entry.segments)
    if name not in others:
        limits = f"{'exactly' if entry.smallest == entry.largest else 'at least'} {entry.smallest}"
        if kind == "sequences":
            msg = f"{name} needs sequences of {limits} steps, got {size}. Use one of: {', '.join(others)}."
            raise ValueError(msg)
        instead = f"or use one that fits: {', '.join(others)}" if others else "no network takes so few pixels"
        msg = (
            f"{name} needs images of {limits} pixels a side, got {size}. Resize them (image_size); {instead}."
        )
        raise ValueError(msg)


def fitting(image_shape: Sequence[int], *, segments: bool = False) -> list[str]:
    """Return the names of the networks that take images, shape (H, W, C), (Z, Y, X, C) or (T, F)."""
    kind, sides = _kind_and_sides(image_shape)
    fitting_names = []
    for name in names(segments=segments):
        entry = CATALOG[name]
        counted = sides[1:] if kind == "volumes" and name in _BY_SLICE else sides
        within = min(counted) >= entry.smallest and (not entry.largest or max(counted) <= entry.largest)
        if kind in entry.kinds and within:
            fitting_names.append(name)
    return fitting_names


def _kind_and_sides(image_shape: Sequence[int]) -> tuple[str, list[int]]:
    sides = list(image_shape[:-1])
    return list(FORMS)[len(sides) - 1], sides


def build(
    name: str,
    dataset: Dataset,
    *,
    width: int | None = None,
    dropout: float | None = None,
    seed: int = 0,
    mixed_precision: bool | None = None,
    **further: Any,
) -> Any:
    """Build the named network for a data set: its image shape, its task, its number of classes.

    Parameters
    ----------
    name : str
        One of `names`, or "auto" for ``screening_cnn``, and for ``unet`` where the task is a segmentation.
    dataset : medlab.data.Dataset
    width : int or None
        Filters of the first convolution; later ones follow from it. None: the network's own.
    dropout : float in [0, 0.9] or None
        Part of the features dropped before the last layer. None: the network's own, but 0.1 for
        ``screening_cnn`` on fewer than 1,000 training images.
    seed : int
        Seed of the first weights.
    mixed_precision : bool or None
        Compute in float16 where that is safe; None: on a GPU only.
    **further
        The named network's own options, such as ``pooling`` of the recurrent ones.

    Returns
    -------
    model : keras.Model
        Takes normalized images, float32, shape (N, ...). Its last layer, ``probability``, gives (N, 1) for
        a binary task (probability of the positive class), (N, K) otherwise, of a segmentation for every
        pixel; ``value`` (N, 1) for a regression. The layer before it, ``logit``, is linear.

    Raises
    ------
    ValueError
        If there is no such network or option, or the images or the task do not fit it.

    Examples
    --------
    ``build("screening_cnn", medlab.data.load("breastmnist"), seed=1)``
    """
    segments = dataset.task == "segmentation"
    name = ("unet" if segments else "screening_cnn") if name == "auto" else name
    if describe(name).segments != segments:
        usable = ", ".join(names(segments=segments))
        msg = f"{name} takes no {dataset.task} data. Use one of: {usable}."
        raise ValueError(msg)
    check_shape(name, dataset.image_shape)
    options: dict[str, Any] = {}
    if width is not None:
        options["width"] = int(checks.in_range("width", width, 4, 512, whole=True))
    if dropout is None and name == "screening_cnn" and len(dataset.train) < FEW_IMAGES:
        dropout = DROPOUT_OF_FEW
    if dropout is not None:
        options["dropout"] = float(checks.in_range("dropout", dropout, 0, 0.9))
    import keras

    for option in further:
        checks.one_of(f"option of {name}", option, own_options(name))
    builder = _builder(name)
    backend.use_gpu_memory_as_needed()
    backend.seed_everything(seed)
    if mixed_precision is None:
        mixed_precision = bool(backend.gpus())
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16" if mixed_precision else "float32")
    try:
        return builder(dataset.image_shape, dataset.task, outputs(dataset), **options, **further)
    finally:
        keras.config.set_dtype_policy(previous)


def own_options(name: str) -> list[str]:
    """Return the names of a network's options, width and dropout among them; loads Keras."""
    return list(inspect.signature(_builder(name)).parameters)[3:]


def _builder(name: str) -> Callable[..., Any]:
    return getattr(importlib.import_module(f"medlab.models.{describe(name).module}"), name)


def outputs(dataset: Dataset) -> int:
    """Return how many numbers a network gives for one image (or pixel): 1, or the number of classes."""
    return 1 if dataset.task in ("binary", "regression") else len(dataset.class_names)
