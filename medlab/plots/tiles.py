"""Figures of images: grids of samples, of errors, of feature maps."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.plots import canvas

_BARS_MM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)


def image_grid(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    marks: Sequence[str] | None = None,
    spacing_mm: Sequence[float] | None = None,
    columns: int = 6,
    alt: str = "",
) -> canvas.Picture:
    """Draw images side by side, all on one gray scale.

    Parameters
    ----------
    images : array, shape (N, H, W), (N, H, W, C) or (N, Z, Y, X, C), C 1 or 3
        Integers span 0 to 255, other numbers from the lowest to the highest among them. Of a volume the
        central slice is shown, and the picture says which it is.
    titles : N texts or None
    marks : N texts or None
        What a frame around the image says, such as "false positive"; written below it too, so that
        color is not needed to read it.
    spacing_mm : sequence of float or None
        Millimeters per pixel in the order of the image axes. A scale bar is drawn only where it is known.
    columns : int
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    pictures = as_pictures(images)
    n = len(pictures)
    depth = np.shape(images)[1] if np.ndim(images) == 5 else 0
    part = f"slice {depth // 2 + 1} of {depth} of each volume" if depth else ""
    names = {name: list(given) for name, given in (("titles", titles), ("marks", marks)) if given is not None}
    checks.same_length(images=pictures, **names)
    across = int(min(checks.in_range("columns", columns, 1, whole=True), n))
    down = -(-n // across)
    aspect = spacing_mm[-2] / spacing_mm[-1] if spacing_mm is not None else 1.0
    tile_in = min(canvas.WIDTH_IN / across, 2.2)
    above = [wrap(str(text), tile_in) for text in titles or [""] * n]
    lines = max(text.count("\n") + 1 if text else 0 for text in above) + (marks is not None)
    tall = tile_in * aspect * pictures.shape[1] / pictures.shape[2] + 0.17 * lines + 0.08
    picture, axes = canvas.panels(
        down,
        across,
        width_in=tile_in * across,
        height_in=down * tall + 0.25 * ((spacing_mm is not None) + bool(part)),
        alt=alt
        or f"{n} images{part and ', '}{part}" + (f": {'; '.join(map(str, titles))}" if titles else ""),
    )
    limits = gray_limits(pictures)
    colors = {mark: canvas.COLORS[i % 7] for i, mark in enumerate(dict.fromkeys(marks or ()))}
    for i, axis in enumerate(axes):
        bare(axis)
        if i >= n:
            axis.set_visible(False)
            continue
        shown = pictures[i] if pictures.ndim == 3 else to_unit(pictures[i], limits)
        axis.imshow(
            shown, cmap="gray", vmin=limits[0], vmax=limits[1], aspect=aspect, interpolation="nearest"
        )
        axis.set_title(above[i], fontsize=canvas.SMALL, pad=3)
        if marks is not None:
            axis.set_xlabel(marks[i], fontsize=canvas.SMALL, color=colors[marks[i]], labelpad=2)
            axis.spines[:].set(visible=True, color=colors[marks[i]], linewidth=2.5)
    if part:
        picture.suptitle(part, fontsize=canvas.SMALL)
    if spacing_mm is not None:
        length = scale_bars(axes[:n], pictures.shape[2], pictures.shape[1], spacing_mm[-1])
        picture.supxlabel(f"white bar: {length:g} mm", fontsize=canvas.SMALL)
    return picture


def feature_maps(maps: ArrayLike, *, columns: int = 8, title: str = "") -> canvas.Picture:
    """Draw what each filter of a layer sees in one image, all on one scale.

    Parameters
    ----------
    maps : array, shape (H, W, K)
        Activations; a map that stays dark is a filter that this image leaves cold.
    columns : int
    title : str
    """
    values = checks.finite("maps", maps)
    if values.ndim != 3:
        msg = f"maps must have shape (H, W, K), got {values.shape}. Of a batch take one image: maps[0]."
        raise ValueError(msg)
    height, width, k = values.shape
    across = int(min(checks.in_range("columns", columns, 1, whole=True), k))
    down = -(-k // across)
    tile_in = min(0.88 * canvas.WIDTH_IN / across, 1.6)
    picture, axes = canvas.panels(
        down,
        across,
        width_in=tile_in * across + 0.12 * canvas.WIDTH_IN,
        # A flat map must leave room for the words beside the color bar.
        height_in=max(1.6, down * (tile_in * height / width + 0.2) + (0.35 if title else 0.05)),
        alt=f"{k} feature maps of {height} x {width}. {title}".strip(),
    )
    for i, axis in enumerate(axes):
        bare(axis)
        axis.set_visible(i < k)
        if i < k:
            drawn = axis.imshow(values[..., i], cmap="cividis", vmin=values.min(), vmax=values.max())
            axis.set_title(str(i), fontsize=canvas.SMALL, pad=2)
    bar = picture.colorbar(drawn, ax=list(axes), shrink=0.8, aspect=30, pad=0.01)
    bar.set_label("activation (no unit)", fontsize=canvas.SMALL)
    bar.ax.tick_params(labelsize=canvas.SMALL)
    if title:
        picture.suptitle(title, fontsize=canvas.SMALL + 1)
    return picture


def wrap(title: str, width_in: float) -> str:
    """Break a title into lines that fit above a tile."""
    letters = int(width_in * 72 / (0.62 * canvas.SMALL))
    wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in title)
    return textwrap.fill(title, letters // 2 if wide else letters, break_on_hyphens=False)


def as_pictures(images: ArrayLike) -> NDArray[Any]:
    """Return images as (N, H, W) or (N, H, W, 3)."""
    values = checks.finite("images", images)
    if values.ndim == 5:
        values = values[:, values.shape[1] // 2]
    if values.ndim not in (3, 4) or not len(values) or (values.ndim == 4 and values.shape[3] not in (1, 3)):
        msg = (
            "images must have shape (N, H, W), (N, H, W, C) or (N, Z, Y, X, C) with C 1 or 3 and at "
            f"least one image, got {np.shape(images)}. One image: image[np.newaxis]."
        )
        raise ValueError(msg)
    return values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values


def gray_limits(pictures: NDArray[Any]) -> tuple[float, float]:
    """Return what is black and what is white: 0 and 255 of integers, the lowest and highest of others."""
    return (0.0, 255.0) if pictures.dtype.kind in "ui" else (float(pictures.min()), float(pictures.max()))


def to_unit(image: NDArray[Any], limits: tuple[float, float]) -> NDArray[Any]:
    """Bring an image from its limits to [0, 1], as imshow wants colors."""
    return (image.astype(np.float64) - limits[0]) / max(limits[1] - limits[0], 1e-12)


def bare(axis: Axes) -> None:
    """Leave nothing of an axis but what is drawn into it."""
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def scale_bars(axes: Sequence[Axes], width: int, height: int, mm: float) -> float:
    """Draw a bar into the lower left corner of each image; return its length in mm."""
    length = max((bar for bar in _BARS_MM if bar <= 0.4 * width * mm), default=_BARS_MM[0])
    for axis in axes:
        corner = (0.05 * width, 0.92 * height)
        bar = Rectangle(corner, length / mm, 0.025 * height, facecolor="white")
        bar.set_path_effects([effects.withStroke(linewidth=2, foreground="black")])
        axis.add_patch(bar)
    return length
