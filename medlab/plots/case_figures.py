"""Figures of masks: outlines over images, and measures of the same cases side by side."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from medlab.plots import canvas

_OUTLINES = (("solid orange", canvas.ORANGE, "-"), ("dashed blue", canvas.SKY, "--"))


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


def dots(
    x: Mapping[str, ArrayLike], panels: Mapping[str, Mapping[str, ArrayLike]], x_label: str, diagonal: str
) -> canvas.Picture:
    """Draw measures of the same cases against one quantity, a panel for each measure.

    Parameters
    ----------
    x : dict of arrays, shape (N,)
        The quantity, for each group of cases.
    panels : dict of dict of arrays, shape (N,)
        Label of a vertical axis, with its unit, to values of the groups; what is not finite is not drawn.
    x_label : str
    diagonal : str
        The panel that gets the line where both are equal, and the legend.
    """
    alt = f"{', '.join(panels)} against {x_label}: {', '.join(x)}."
    picture, axes = canvas.panels(1, len(panels), height_in=3.2, alt=alt)
    for axis, (y_label, groups) in zip(axes, panels.items(), strict=True):
        for i, (name, values) in enumerate(groups.items()):
            style = {**canvas.dot_style(i), "markersize": 4, "alpha": 0.6, "label": canvas.in_legend(name)}
            axis.plot(np.asarray(x[name]), np.asarray(values), **style)
        axis.set(xlabel=x_label, ylabel=y_label)
        if y_label == diagonal:
            axis.axline((0, 0), slope=1, color=canvas.GRAY, linestyle="--", linewidth=1.2, label="equal")
            axis.legend(fontsize=canvas.SMALL, framealpha=0.85)
    return picture
