"""Figures of a volume: one slice, and the three planes through its middle, each to scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from medlab.plots import canvas
from medlab.plots.tiles import bare, scale_bars


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
    images : sequence of arrays, each of shape (H, W), in [0, 1]
    titles : sequence of str
    spacings_mm : sequence of (row, column), mm, or None
        Millimeters per pixel; without it there is no bar, and pixels are square.
    alt : str
        What is to be seen, for readers who cannot see it.
    """
    width_in = canvas.WIDTH_IN if len(images) > 1 else 4.5
    picture, axes = canvas.panels(1, len(images), width_in=width_in, height_in=3.6, alt=alt)
    bars = []
    for axis, image, title, spacing in zip(axes, images, titles, spacings_mm, strict=True):
        shown = np.asarray(image)
        bare(axis)
        aspect = spacing[0] / spacing[1] if spacing else 1.0
        axis.imshow(shown, cmap="gray", vmin=0, vmax=1, aspect=aspect, interpolation="nearest")
        axis.set_title(title, fontsize=canvas.SMALL)
        if spacing:
            length = scale_bars([axis], shown.shape[1], shown.shape[0], spacing[1])
            bars.append(f"{length:g}")
    if bars:
        same = len(set(bars)) == 1
        words = f"{bars[0]} mm" if same else f"{', '.join(bars)} mm, from the left"
        picture.supxlabel(f"white bar: {words}", fontsize=canvas.SMALL)
    return picture
