"""The maps of an attribution, and how they show themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import plots
from medlab.evaluation.attribution.methods import METHODS
from medlab.text import counted

SHOWN = 6


@dataclass(frozen=True)
class Attribution:
    """Which parts of each input a network's output depends on.

    Attributes
    ----------
    method : str
    map : array, shape and axes of the input; a tuple or dict of them where the network takes several
        In units of the output: for each number of the input its part of it or, where `METHODS` says
        ``patches``, the effect of the whole patch it lies in (not to be summed). Where it says ``gradient``,
        in units of the output for each unit of the input: where brighter would raise it. Methods that look at
        a layer give one channel, shape (N, ..., 1): the layer's map, brought to the image's size by linear
        interpolation.
    x : as given
        The inputs.
    output : array, shape (N,)
        The number that is explained.
    target : int array, shape (N,), or None
        The class that is explained; None where the output is one value.
    layer : str or None
        The layer that was looked at.
    baseline : as given
    difference : array, shape (N,), or None
        Output of the image minus that of the baseline (mean, of several). Only for methods whose map adds
        up to it; else None.
    completeness_error : array, shape (N,), or None
        Sum of the map minus `difference`: 0 if the method were exact.
    seconds : float
    images : int
        How many images went through the network.
    batch_size : int
        How many at once.
    on, region
        What was asked: see `medlab.evaluation.attribute`.
    class_names : sequence of str
        Of the targets, for the titles; empty where nobody said.
    """

    method: str
    map: Any
    x: Any
    output: NDArray[Any]
    target: NDArray[np.int64] | None
    layer: str | None
    baseline: Any
    difference: NDArray[Any] | None
    completeness_error: NDArray[Any] | None
    seconds: float
    images: int
    batch_size: int
    on: str = "output"
    region: Any = None
    class_names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.output)

    @property
    def relative_error(self) -> NDArray[Any] | None:
        """Size of the completeness error as a part of the difference, shape (N,); NaN where that is 0."""
        if self.completeness_error is None or self.difference is None:
            return None
        size = np.abs(self.difference)
        part = np.full(len(size), np.nan)
        return np.divide(np.abs(self.completeness_error), size, out=part, where=size > 0)

    def describe(self) -> str:
        """Say in a line what was asked and how well the map adds up."""
        words = [self.method, counted(len(self), "image")]
        if self.layer:
            words.append(f"layer {self.layer}")
        if (relative := self.relative_error) is not None and np.isfinite(relative).any():
            words.append(f"completeness error {np.nanmedian(relative):.1e} of the difference (median)")
        return f"{', '.join(words)}; {self.images} images through the network in {self.seconds:.1f} s"

    def overlay(
        self, images: Any = None, titles: Any = None, *, spacing_mm: Any = None, most: int = SHOWN
    ) -> plots.Picture:
        """Draw the first images, and their maps over them.

        Parameters
        ----------
        images : array, shape (N, ..., C), or None
            What to show below the maps, such as the gray values before normalization. None: the inputs.
        titles : N texts or None
        spacing_mm : sequence of float or None
            Millimeters per pixel, for a scale bar.
        most : int
            Images drawn.

        Raises
        ------
        ValueError
            If the input is not of images or volumes.
        """
        maps, inputs = self.map, self.x
        if isinstance(inputs, dict | list | tuple):
            arrays = _listed(inputs)
            place = max(range(len(arrays)), key=lambda i: np.ndim(arrays[i]))
            inputs = arrays[place]
            maps = maps if isinstance(maps, np.ndarray) else _listed(maps)[place]
        return plots.overlay(
            np.asarray(inputs if images is None else images)[:most],
            maps[:most],
            list(self._titles() if titles is None else titles)[:most],
            name=self.method.replace("_", " "),
            # A gradient says what a change would do, not what speaks for the answer as it is.
            ends=("darker raises it", "brighter raises it") if METHODS[self.method].gradient else None,
            spacing_mm=spacing_mm,
        )

    @property
    def question(self) -> dict[str, Any]:
        """What was asked of the network, apart from the inputs."""
        return {"target": self.target, "on": self.on, "region": self.region}

    def one_baseline(self) -> Any:
        """Return one baseline for each image: the mean, of a set of several."""
        several = METHODS[self.method].several_baselines and np.ndim(self.baseline) == np.ndim(self.x)
        return np.mean(self.baseline, axis=0) if several else self.baseline

    def _titles(self) -> list[str]:
        named = dict(enumerate(self.class_names))
        targets = [None] * len(self) if self.target is None else self.target
        classes = ["" if k is None else f"{named.get(k, f'class {k}')}: " for k in targets]
        return [f"{name}{value:.3g}" for name, value in zip(classes, self.output, strict=True)]

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        pictured = any(np.ndim(maps) > 3 for maps in _listed(self.map))
        return self.overlay()._repr_mimebundle_() if pictured else ({}, {})

    def __repr__(self) -> str:
        shapes = ", ".join(str(np.shape(maps)) for maps in _listed(self.map))
        span = f"{self.on}: {self.output.min():.3g} to {self.output.max():.3g}"
        return f"Attribution: {self.describe()}\n  map: shape {shapes}\n  {span}"


def _listed(arrays: Any) -> list[Any]:
    """Return what came as an array, a list, a tuple or a dict as a list."""
    if isinstance(arrays, dict):
        return list(arrays.values())
    return list(arrays) if isinstance(arrays, list | tuple) else [arrays]
