"""Whether a map depends on what the network has learned: it must change when the weights become random."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from medlab import checks
from medlab.evaluation.attribution import attribute
from medlab.evaluation.attribution.explained_output import Inputs
from medlab.evaluation.attribution.network_layers import named_layers

LIMIT = 0.5


@dataclass(frozen=True)
class Randomization:
    """How like the trained network's maps are to those of ever more random networks.

    Attributes
    ----------
    method : str
    table : pandas.DataFrame
        One row a stage, from the last layer that was made random down to the first: columns ``layer``,
        ``correlation`` (Spearman's, mean over the images) and ``correlation_of_sizes`` (of the maps without
        their signs).
    """

    method: str
    table: pd.DataFrame

    @property
    def passes(self) -> bool:
        """Whether the size of the correlation ends below 0.5, all weights being random.

        A map that only changes its sign is the same picture. One that is the same everywhere cannot pass:
        nothing is to be seen in it, and its correlation is NaN.
        """
        return bool(abs(self.table["correlation"].iloc[-1]) < LIMIT)

    def describe(self) -> str:
        """Say in a line how alike the maps are in the end."""
        last = self.table.iloc[-1]
        return (
            f"{self.method}: rank correlation with the maps of a random network {last['correlation']:.2f} "
            f"({'passes' if self.passes else 'FAILS'}: below {LIMIT} is asked); "
            f"of their sizes {last['correlation_of_sizes']:.2f}"
        )


def randomized_weights(
    method: str | Callable[[Any, Any], NDArray[Any]], model: Any, x: Any, *, seed: int = 0, **options: Any
) -> Randomization:
    """Make a network's layers random, one after the other from its output down, and compare the maps.

    Parameters
    ----------
    method : str, or function of (model, x) that returns maps of the shape of x
        A method of `attribute`, or your own.
    model : keras.Model
        Has its own weights again in the end, also after an error.
    x : array, shape (N, ...)
    seed : int
        Of the random weights.
    **options
        Of `attribute`. The class that is explained is held fixed.

    Returns
    -------
    randomization : Randomization

    Raises
    ------
    ValueError
        If the network has no weights, or there are several inputs.

    Notes
    -----
    Source: Adebayo et al. 2018, arXiv 1810.03292 (cascading randomization). A layer becomes random by putting
    its numbers into another order: their spread stays, so that signals neither vanish nor explode. What a
    map has from the image itself, such as its edges, stays too: that is why a convincing map proves
    nothing. Methods that multiply by the image keep the order of sizes longer than the signs.
    """
    seed = checks.seed(seed)
    inputs = Inputs(x)
    if not inputs.single:
        msg = f"randomized_weights needs x as one array, got a {type(x).__name__} of {len(inputs.arrays)}."
        raise ValueError(msg)
    layers = [(name, layer) for name, layer in named_layers(model) if _own_weights(layer)]
    if not layers:
        msg = f"the network must have weights that can become random, {model.name} has none."
        raise ValueError(msg)
    if callable(method):
        name, explain = method.__name__, method
    else:
        name = method
        first = attribute(method, model, x, seed=seed, **options)
        fixed = {**options, "target": first.target}

        def explain(model: Any, x: Any) -> NDArray[Any]:
            return attribute(method, model, x, seed=seed, **fixed).map

    rng, rows = np.random.default_rng(seed), []
    trained = np.asarray(explain(model, x))
    with contextlib.ExitStack() as stack:
        stack.callback(model.set_weights, model.get_weights())
        for layer_name, layer in reversed(layers):
            for weight in _own_weights(layer):
                numbers = keras.ops.convert_to_numpy(weight)
                weight.assign(rng.permutation(numbers.ravel()).reshape(numbers.shape))
            random = np.asarray(explain(model, x))
            sizes = _correlation(np.abs(trained), np.abs(random))
            rows.append((layer_name, _correlation(trained, random), sizes))
    table = pd.DataFrame(rows, columns=["layer", "correlation", "correlation_of_sizes"])
    return Randomization(name, table)


def _own_weights(layer: Any) -> list[Any]:
    """Return a layer's trainable weights, of a frozen one all; of an inner network none: its layers count."""
    return [] if getattr(layer, "layers", ()) else list(layer.trainable_weights or layer.weights)


def _correlation(maps: NDArray[Any], others: NDArray[Any]) -> float:
    """Return the mean over the images of the rank correlation of their maps.

    Beside a map that has become constant it is 0. A map that was constant before is left out; of no other
    there is none (NaN).
    """
    pairs = zip(maps.reshape(len(maps), -1), others.reshape(len(others), -1), strict=True)
    each = [
        stats.spearmanr(before, after).statistic if np.ptp(after) > 0 else 0.0
        for before, after in pairs
        if np.ptp(before) > 0
    ]
    return float(np.mean(each)) if each else float("nan")
