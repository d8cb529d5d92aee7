"""Figures of images: grids of samples, attributions and outlines over them, planes of a volume."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.plots import canvas

_BARS_MM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
# Told apart with any color vision; each grows out of the image's gray as its share grows.
FOR, AGAINST, _NOTHING = "#FF7F0E", "#6A3D9A", "#808080"
_BAR_IN = 1.1
_OUTLINES = (("solid orange", canvas.ORANGE, "-"), ("dashed blue", canvas.SKY, "--"))
_MAPS_ACROSS = 3  # more of them side by side are too small to see single pixels
# One pixel in two hundred may saturate: a single bright one would leave the rest invisible.
_SATURATED = 0.995


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
    pictures = _as_pictures(images)
    n = len(pictures)
    depth = np.shape(images)[1] if np.ndim(images) == 5 else 0
    part = f"slice {depth // 2 + 1} of {depth} of each volume" if depth else ""
    texts = {name: list(given) for name, given in (("titles", titles), ("marks", marks)) if given is not None}
    checks.same_length(images=pictures, **texts)
    across = int(min(checks.in_range("columns", columns, 1, whole=True), n))
    tile_in = min(canvas.WIDTH_IN / across, 2.2)
    above, lines = _wrapped(titles or [""] * n, tile_in)
    tall = _height_in(tile_in, pictures, spacing_mm) + 0.17 * (lines + (marks is not None)) + 0.08
    down = -(-n // across)
    named = f": {'; '.join(map(str, titles))}" if titles else ""
    picture, axes = canvas.panels(
        down,
        across,
        width_in=tile_in * across,
        height_in=down * tall + 0.25 * ((spacing_mm is not None) + bool(part)),
        alt=alt or f"{n} images{part and ', '}{part}{named}",
    )
    limits = _gray_limits(pictures)
    colors = {mark: canvas.COLORS[i % 7] for i, mark in enumerate(dict.fromkeys(marks or ()))}
    for i, axis in enumerate(axes):
        if i >= n:
            axis.set_visible(False)
            continue
        shown = pictures[i] if pictures.ndim == 3 else _to_unit(pictures[i], limits)
        _show(axis, shown, limits, spacing_mm, above[i])
        if marks is not None:
            axis.set_xlabel(marks[i], fontsize=canvas.SMALL, color=colors[marks[i]], labelpad=2)
            axis.spines[:].set(visible=True, color=colors[marks[i]], linewidth=2.5)
    if part:
        picture.suptitle(part, fontsize=canvas.SMALL)
    _add_scale(picture, axes[:n], spacing_mm)
    return picture


def overlay(
    images: ArrayLike,
    maps: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    name: str = "attribution",
    ends: tuple[str, str] | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> canvas.Picture:
    """Draw images, and below each the same image with its map over it; at most three side by side.

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, Z, Y, X, C), C 1 or 3
        Of a volume the slice is shown, and named in its title, in which its map is strongest.
    maps : array, shape (N, H, W, K) or (N, Z, Y, X, K)
        Of contributions, what speaks for the answer is positive; of gradients, where brighter would raise it.
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
    """
    summed = checks.finite("maps", maps).sum(axis=-1)
    shown = np.asarray(images)
    above = [str(title) for title in titles or [""] * len(summed)]
    checks.same_length(images=shown, maps=summed, **({} if titles is None else {"titles": list(titles)}))
    if shown.ndim == 5:
        strongest = np.abs(summed).sum(axis=(2, 3)).argmax(axis=1)
        slices = [f"slice {z + 1} of {shown.shape[1]}" for z in strongest]
        above = [f"{title}; {z}" if title else z for title, z in zip(above, slices, strict=True)]
        each = np.arange(len(strongest))
        shown, summed = shown[each, strongest], summed[each, strongest]
    pictures = _as_pictures(shown)
    if pictures.shape[1:3] != summed.shape[1:]:
        msg = f"maps must have the size of the images, {pictures.shape[1:3]}, got {summed.shape[1:]}."
        raise ValueError(msg)
    n = len(pictures)
    down = -(-n // _MAPS_ACROSS)
    across = -(-n // down)
    tile_in = (canvas.WIDTH_IN - _BAR_IN) / max(across, _MAPS_ACROSS)
    above, lines = _wrapped(above, tile_in)
    picture, panels = canvas.panels(
        2 * down,
        across,
        width_in=across * tile_in + _BAR_IN,
        height_in=down * (2 * _height_in(tile_in, pictures, spacing_mm) + 0.17 * lines + 0.2)
        + 0.25 * (spacing_mm is not None),
        alt=f"{n} images, and over each its map by {name}",
    )
    rows = np.asarray(panels).reshape(down, 2, across).swapaxes(0, 1).reshape(2, -1)
    limits = _gray_limits(pictures)
    for i, (plain, covered) in enumerate(rows.T):
        plain.set_visible(i < n)
        covered.set_visible(i < n)
        if i < n:
            gray = _to_unit(pictures[i], limits)
            _show(plain, gray, (0, 1), spacing_mm, above[i])
            _show(covered, gray, (0, 1), spacing_mm)
            covered.imshow(map_colors(summed[i])[0], aspect=_aspect(spacing_mm), interpolation="nearest")
    signed = bool((summed < 0).any())
    words = (ends or ("against", "for")) if signed else ("", "largest")
    _color_bar(picture, list(panels), signed, name, words)
    _add_scale(picture, list(rows[0, :n]), spacing_mm)
    return picture


def maps_beside(
    image: ArrayLike, maps: Sequence[Any], titles: Sequence[str], words: Sequence[str], *, alt: str = ""
) -> canvas.Picture:
    """Draw an image, and beside it maps over it, each with its own scale in numbers.

    Parameters
    ----------
    image : array, shape (H, W, C), C 1 or 3
    maps : sequence of arrays, each of shape (H, W), or None
        Drawn as `overlay` draws them; for None the image stays alone.
    titles, words : sequences of 1 + len(maps) texts
        What stands above and below the image and the maps.
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    shown = _as_pictures(np.asarray(image)[np.newaxis])
    gray = _to_unit(shown[0], _gray_limits(shown))
    picture, axes = canvas.panels(1, 1 + len(maps), height_in=3.6, alt=alt)
    picture.few_colors = True
    picture.set_layout_engine("compressed")  # as the images keep their shape, whatever room there is
    for axis, values, title, text in zip(axes, [None, *maps], titles, words, strict=True):
        _show(axis, gray, (0, 1), None, title)
        axis.set_xlabel(text, fontsize=canvas.SMALL - 1, loc="left")
        if values is not None:
            colors, top = map_colors(values)
            axis.imshow(colors, interpolation="nearest")
            _color_bar(picture, [axis], bool((values < 0).any()), "", (f"{-top:.2g}", f"{top:.2g}"))
    return picture


def planes(
    images: Sequence[ArrayLike],
    titles: Sequence[str],
    spacings_mm: Sequence[tuple[float, float] | None],
    *,
    alt: str = "",
) -> canvas.Picture:
    """Draw gray images of unlike sizes side by side, each with its own scale bar.

    Parameters
    ----------
    images : sequence of arrays, each of shape (H, W), or (H, W, 3) in color, in [0, 1]
    titles : sequence of str
    spacings_mm : sequence of (row, column), mm, or None
        Millimeters per pixel; without it there is no bar, and pixels are square.
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    width_in = canvas.WIDTH_IN if len(images) > 1 else 4.5
    picture, axes = canvas.panels(1, len(images), width_in=width_in, height_in=3.6, alt=alt)
    bars = []
    for axis, image, title, spacing_mm in zip(axes, images, titles, spacings_mm, strict=True):
        _show(axis, np.asarray(image), (0, 1), spacing_mm, title, pad=6)
        if spacing_mm:
            bars.append(f"{_scale_bars([axis], spacing_mm[1]):g}")
    if bars:
        same = len(set(bars)) == 1
        words = f"{bars[0]} mm" if same else f"{', '.join(bars)} mm, from the left"
        picture.supxlabel(f"white bar: {words}", fontsize=canvas.SMALL)
    return picture


def add_outlines(picture: canvas.Picture, masks: Mapping[str, ArrayLike]) -> canvas.Picture:
    """Draw the outlines of masks into the images of `image_grid`, and say above which is which.

    Parameters
    ----------
    picture : Picture
        Changed in place.
    masks : dict of arrays of class numbers, shape (N, H, W), by what they are
        One or two. Every class but 0 has its outline, along the edge of the image too: of the first array a
        solid orange line, of the second a dashed blue one.

    Returns
    -------
    picture : Picture
    """
    for stack, (_, color, dash) in zip(masks.values(), _OUTLINES, strict=False):
        for axis, mask in zip(picture.axes, np.asarray(stack), strict=False):
            framed = np.pad(mask.astype(float), 1)
            y, x = (np.arange(-1, side - 1) for side in framed.shape)
            axis.autoscale(enable=False)
            if framed.any():
                levels = np.unique(framed)[1:] - 0.5
                axis.contour(x, y, framed, levels, colors=color, linestyles=dash, linewidths=1.3)
    words = [f"{style[0]}: {name}" for name, style in zip(masks, _OUTLINES, strict=False)]
    picture.set_figheight(picture.get_figheight() + 0.3)  # the titles of the images stay below it
    picture.suptitle("; ".join(words), fontsize=canvas.SMALL)
    return picture


def _wrapped(titles: Sequence[str], width_in: float) -> tuple[list[str], int]:
    """Break titles into lines that fit above a tile; return them and the most lines of one."""
    wrapped = []
    for title in map(str, titles):
        letters = int(width_in * 72 / (0.62 * canvas.SMALL))
        wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in title)
        wrapped.append(textwrap.fill(title, letters // 2 if wide else letters, break_on_hyphens=False))
    return wrapped, max(text.count("\n") + bool(text) for text in wrapped)


def _as_pictures(images: ArrayLike) -> NDArray[Any]:
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


def _gray_limits(pictures: NDArray[Any]) -> tuple[float, float]:
    """Return what is black and what is white: 0 and 255 of integers, the lowest and highest of others."""
    return (0.0, 255.0) if pictures.dtype.kind in "ui" else (float(pictures.min()), float(pictures.max()))


def _to_unit(image: NDArray[Any], limits: tuple[float, float]) -> NDArray[Any]:
    """Bring an image from its limits to [0, 1], as imshow wants colors."""
    return (image.astype(np.float64) - limits[0]) / max(limits[1] - limits[0], 1e-12)


def _aspect(spacing_mm: Sequence[float] | None) -> float:
    return 1.0 if spacing_mm is None else spacing_mm[-2] / spacing_mm[-1]


def _height_in(tile_in: float, pictures: NDArray[Any], spacing_mm: Sequence[float] | None) -> float:
    return tile_in * _aspect(spacing_mm) * pictures.shape[1] / pictures.shape[2]


def _show(
    axis: Axes,
    image: NDArray[Any],
    limits: tuple[float, float],
    spacing_mm: Sequence[float] | None,
    title: str = "",
    pad: float = 3,
) -> None:
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    style: dict[str, Any] = {"cmap": "gray", "interpolation": "nearest"}
    axis.imshow(image, vmin=limits[0], vmax=limits[1], aspect=_aspect(spacing_mm), **style)
    axis.set_title(title, fontsize=canvas.SMALL, pad=pad)


def _add_scale(picture: canvas.Picture, axes: Sequence[Axes], spacing_mm: Sequence[float] | None) -> None:
    if spacing_mm is not None:
        length = _scale_bars(axes, spacing_mm[-1])
        picture.supxlabel(f"white bar: {length:g} mm", fontsize=canvas.SMALL)


def _scale_bars(axes: Sequence[Axes], mm: float) -> float:
    """Draw a bar into the lower left corner of each image of one size; return its length in mm."""
    height, width = axes[0].images[0].get_size()
    length = max((bar for bar in _BARS_MM if bar <= 0.4 * width * mm), default=_BARS_MM[0])
    for axis in axes:
        corner = (0.05 * width, 0.92 * height)
        bar = Rectangle(corner, length / mm, 0.025 * height, facecolor="white")
        bar.set_path_effects([effects.withStroke(linewidth=2, foreground="black")])
        axis.add_patch(bar)
    return length


def map_colors(values: NDArray[Any], top: float | None = None) -> tuple[NDArray[np.float64], float]:
    """Return a map's colors as `overlay` lays them over an image, and the end of its scale.

    Parameters
    ----------
    values : array, shape (H, W)
        Positive numbers are orange, negative ones purple.
    top : float or None
        The size that has the full color, and all above it. None: one number in 200 is above it.

    Returns
    -------
    colors : float array, shape (H, W, 4), RGBA in [0, 1]
        The larger a number, the less of the image shows through.
    top : float

    Examples
    --------
    >>> colors, top = map_colors(np.array([[0.0, -2.0]]), top=2.0)
    >>> colors[0, :, 3].tolist(), top
    ([0.0, 0.9], 2.0)
    """
    size = np.abs(values)
    # A map that is 0 nearly everywhere has its scale from its largest number.
    top = top or float(np.quantile(size, _SATURATED)) or float(size.max()) or 1.0
    colors = np.where(values[..., np.newaxis] < 0, to_rgba(AGAINST), to_rgba(FOR))
    colors[..., 3] = 0.9 * np.minimum(size / top, 1) ** 0.7
    return colors, top


def _color_bar(picture: canvas.Picture, axes: Any, signed: bool, name: str, ends: tuple[str, str]) -> None:
    colors = [AGAINST, _NOTHING, FOR] if signed else [_NOTHING, FOR]
    words = [ends[0], "0", ends[1]] if signed else ["0", ends[1]]
    colormap = LinearSegmentedColormap.from_list("attribution", colors)
    scale = ScalarMappable(Normalize(0, len(colors) - 1), colormap)
    # A bar beside more rows is longer and no wider.
    aspect = 25 * axes[0].get_subplotspec().get_gridspec().nrows / 2
    bar = picture.colorbar(scale, ax=axes, shrink=0.8, aspect=aspect, pad=0.02, ticks=range(len(colors)))
    bar.ax.set_yticklabels(words, fontsize=canvas.SMALL)
    bar.set_label(name, fontsize=canvas.SMALL)
