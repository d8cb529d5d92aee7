"""Figures of attributions: an image, and above it what a network's answer depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.plots import canvas, tiles

# Told apart with any color vision; each grows out of the image's gray as its share grows.
_FOR, _AGAINST, _NOTHING = "#FF7F0E", "#6A3D9A", "#808080"
_BAR_IN = 1.1
# One pixel in two hundred may saturate: a single bright one would leave the rest invisible.
_SATURATED = 0.995


def overlay(
    images: ArrayLike,
    maps: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    name: str = "attribution",
    ends: tuple[str, str] | None = None,
    spacing_mm: Sequence[float] | None = None,
    alt: str = "",
) -> canvas.Picture:
    """Draw images, and below each the same image with its map over it.

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, Z, Y, X, C), C 1 or 3
        Of a volume the slice is shown, and named in its title, in which its map is strongest.
    maps : array, shape (N, H, W, K) or (N, Z, Y, X, K)
        Of contributions, what speaks for the answer is positive; of slopes, where brighter would raise it.
        Channels are added up. Each map has its own scale, from its largest size down to 0, so that maps of
        different methods can be told apart. Orange is positive, purple negative; what is near 0 lets the
        image through.
    titles : N texts or None
    name : str
        What the color bar calls a map.
    ends : (str, str) or None
        What purple and orange mean; None: against and for the answer.
    spacing_mm : sequence of float or None
        Millimeters per pixel in the order of the image axes, for a scale bar.
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    found = checks.finite("maps", maps).sum(axis=-1)
    shown = np.asarray(images)
    above = [str(title) for title in titles or [""] * len(found)]
    checks.same_length(images=shown, maps=found, **({} if titles is None else {"titles": list(titles)}))
    if shown.ndim == 5:
        strongest = np.abs(found).sum(axis=(2, 3)).argmax(axis=1)
        slices = [f"slice {z + 1} of {shown.shape[1]}" for z in strongest]
        above = [f"{title}; {z}" if title else z for title, z in zip(above, slices, strict=True)]
        shown = np.stack([volume[z] for volume, z in zip(shown, strongest, strict=True)])
        found = np.stack([volume[z] for volume, z in zip(found, strongest, strict=True)])
    pictures = tiles.as_pictures(shown)
    if pictures.shape[1:3] != found.shape[1:]:
        msg = f"maps must have the size of the images, {pictures.shape[1:3]}, got {found.shape[1:]}."
        raise ValueError(msg)
    n = len(pictures)
    aspect = spacing_mm[-2] / spacing_mm[-1] if spacing_mm is not None else 1.0
    tile_in = min((canvas.WIDTH_IN - _BAR_IN) / n, 1.9)
    above = [tiles.wrap(title, tile_in) for title in above]
    lines = max(text.count("\n") + 1 if text else 0 for text in above)
    tall = tile_in * aspect * pictures.shape[1] / pictures.shape[2]
    picture, axes = canvas.panels(
        2,
        n,
        width_in=n * tile_in + _BAR_IN,
        height_in=2 * tall + 0.17 * lines + (0.45 if spacing_mm is not None else 0.2),
        alt=alt or f"{n} images, and over each its map by {name}",
    )
    signed = bool((found < 0).any())
    limits = tiles.gray_limits(pictures)
    for i in range(n):
        gray = tiles.to_unit(pictures[i], limits)
        for axis in (axes[i], axes[n + i]):
            tiles.bare(axis)
            axis.imshow(gray, cmap="gray", vmin=0, vmax=1, aspect=aspect, interpolation="nearest")
        axes[i].set_title(above[i], fontsize=canvas.SMALL, pad=3)
        axes[n + i].imshow(_colored(found[i]), aspect=aspect, interpolation="nearest")
    _color_bar(picture, list(axes), signed, name, ends or ("against", "for"))
    if spacing_mm is not None:
        length = tiles.scale_bars(axes[:n], pictures.shape[2], pictures.shape[1], spacing_mm[-1])
        picture.supxlabel(f"white bar: {length:g} mm", fontsize=canvas.SMALL)
    return picture


def _colored(found: NDArray[Any]) -> NDArray[Any]:
    """Return a map as RGBA: the larger a number, the less of the image shows through."""
    size = np.abs(found)
    # A map that is 0 nearly everywhere has its scale from its largest number.
    top = float(np.quantile(size, _SATURATED)) or float(size.max()) or 1.0
    colors = np.where(found[..., np.newaxis] < 0, to_rgba(_AGAINST), to_rgba(_FOR))
    colors[..., 3] = 0.9 * np.minimum(size / top, 1) ** 0.7
    return colors


def _color_bar(
    picture: canvas.Picture, axes: list[Any], signed: bool, name: str, ends: tuple[str, str]
) -> None:
    colors = [_AGAINST, _NOTHING, _FOR] if signed else [_NOTHING, _FOR]
    words = [ends[0], "0", ends[1]] if signed else ["0", "largest"]
    scale = ScalarMappable(
        Normalize(0, len(colors) - 1), LinearSegmentedColormap.from_list("attribution", colors)
    )
    bar = picture.colorbar(scale, ax=axes, shrink=0.8, aspect=25, pad=0.02, ticks=range(len(colors)))
    bar.ax.set_yticklabels(words, fontsize=canvas.SMALL)
    bar.set_label(name, fontsize=canvas.SMALL)
