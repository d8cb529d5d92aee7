"""What happens to the output when the pixels that a map names are deleted, or inserted, first."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.evaluation.attribution import Attribution
from medlab.evaluation.attribution.explained_output import Inputs
from medlab.evaluation.attribution.queries import open_query
from medlab.evaluation.attribution.torch_bridge import Watcher


@dataclass(frozen=True)
class Curves:
    """The output along the way, for a map's order and for random ones.

    Attributes
    ----------
    kind : "deletion" or "insertion"
    fractions : array, shape (S + 1,)
        Part of the places that were changed, from 0 on.
    values : array, shape (N, S + 1)
        Output for each image.
    random : array, shape (R, N, S + 1)
        The same for R random orders.
    """

    kind: str
    fractions: NDArray[np.float64]
    values: NDArray[np.float64]
    random: NDArray[np.float64]

    @property
    def area(self) -> NDArray[np.float64]:
        """Mean height of each image's curve, shape (N,): small is good for deletion, large for insertion."""
        return np.asarray(np.trapezoid(self.values, self.fractions, axis=-1) / self.fractions[-1])

    @property
    def random_area(self) -> NDArray[np.float64]:
        """Mean height of each random order's curve, shape (R, N)."""
        return np.asarray(np.trapezoid(self.random, self.fractions, axis=-1) / self.fractions[-1])

    @property
    def better(self) -> NDArray[np.bool_]:
        """Whether each image's curve beats all random orders, shape (N,)."""
        if self.kind == "deletion":
            return self.area < self.random_area.min(axis=0)
        return self.area > self.random_area.max(axis=0)

    def describe(self) -> str:
        """Say in a line how often the map beat the random orders, and the mean areas."""
        beaten = f"better than all {len(self.random)} random orders on {int(self.better.sum())}"
        return (
            f"{self.kind}: area {self.area.mean():.3f}, random order {self.random_area.mean():.3f}; "
            f"{beaten} of {len(self.better)} images"
        )


def deletion(model: Any, attribution: Attribution, **options: Any) -> Curves:
    """Replace places by the attribution's baseline, the most important first, and watch the output.

    Parameters
    ----------
    model : keras.Model
    attribution : Attribution
        Of one input; its map says the order (the largest number first), its target, region and `on` what
        is watched. ``dataclasses.replace(attribution, map=...)`` tries another map.
    **options
        By name: `steps`, the number of equal parts into which the places are cut (default 20); `orders`, the
        random orders to compare with (default 3); `until`, the share of the places at which to stop
        (default 1; for a small suspect, a little more than its area); `baseline`, a number or array that the
        places become (default: the attribution's own); `seed`; `batch_size`; `cancel`, as of `attribute`.

    Returns
    -------
    curves : Curves

    Raises
    ------
    ValueError
        If the attribution is of several inputs, or the map does not have the image's places.

    Notes
    -----
    Source: Petsiuk et al. 2018, arXiv 1806.07421. Half-deleted images are unlike any the network has seen:
    compare with the random order, never with 0; a map of patches with patches in random order, for single
    pixels that lie scattered disturb a network more.
    """
    return _curves("deletion", model, attribution, **options)


def insertion(model: Any, attribution: Attribution, **options: Any) -> Curves:
    """Put places of the image into the baseline, the most important first; see `deletion`."""
    return _curves("insertion", model, attribution, **options)


def _curves(
    kind: str,
    model: Any,
    attribution: Attribution,
    *,
    steps: int = 20,
    orders: int = 3,
    until: float = 1.0,
    baseline: Any = None,
    seed: int = 0,
    batch_size: int | None = None,
    cancel: threading.Event | None = None,
) -> Curves:
    checks.in_range("steps", steps, 2, whole=True)
    checks.in_range("orders", orders, 1, whole=True)
    checks.in_range("until", until, 1e-6, 1)
    inputs = Inputs(attribution.x)
    images = inputs.only(kind)
    maps = checks.finite("map", attribution.map)
    if maps.shape[:-1] != images.shape[:-1]:
        msg = f"the map must have the places of the image, {images.shape[:-1]}, got {maps.shape[:-1]}."
        raise ValueError(msg)
    (nothing,) = inputs.baselines(attribution.one_baseline() if baseline is None else baseline)
    if images.ndim == 2:  # of a vector each number is a place
        images, maps, nothing = (array[..., np.newaxis] for array in (images, maps, nothing))
    places = int(np.prod(images.shape[1:-1]))
    rng = np.random.default_rng(checks.seed(seed))
    # Ties, such as the zeros of a map, fall in random order.
    shuffled = rng.random((orders + 1, len(images), places))
    ranked = np.lexsort((shuffled[0], -maps.sum(axis=-1).reshape(len(images), -1)), axis=-1)
    counts = np.round(np.linspace(0, until * places, steps + 1)).astype(int)
    watcher = Watcher(cancel)
    with open_query(model, inputs, **attribution.question, batch_size=batch_size, watcher=watcher) as query:

        def along(order: NDArray[Any]) -> NDArray[np.float64]:
            rank = np.argsort(order, axis=-1).reshape(*images.shape[:-1], 1)
            curve = []
            for count in counts:
                changed = np.where((rank < count) == (kind == "deletion"), nothing, images)
                curve.append(query.values([changed.astype(images.dtype).reshape(inputs.arrays[0].shape)]))
            return np.stack(curve, axis=-1).astype(np.float64)

        values = along(ranked)
        random = np.stack([along(np.argsort(numbers, axis=-1)) for numbers in shuffled[1:]])
    return Curves(kind, counts / places, values, random)
