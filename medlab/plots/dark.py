"""Figures on JupyterLab's dark ground: grays and pale tints turned over, images and strong colors kept."""

import colorsys
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.artist import Artist
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

_COLORS = {
    Text: ("color",),
    Line2D: ("color", "markerfacecolor", "markeredgecolor"),
    Patch: ("facecolor", "edgecolor"),
    Collection: ("facecolor", "edgecolor"),
}
_GROUND, _INK = 0.067, 0.93  # JupyterLab's #111111, and what white and black become


def wanted() -> bool:
    """Say whether figures are read on a dark ground.

    MEDLAB_THEME says it ("dark", "light"); else JupyterLab's own setting, in a kernel that a person works
    with. Pages that are written by a report stay light.
    """
    from medlab.notebook import has_front_end

    if chosen := os.environ.get("MEDLAB_THEME"):
        return chosen == "dark"
    return has_front_end() and "dark" in _theme_of_lab().lower()


def _theme_of_lab() -> str:
    """Return the theme that JupyterLab was last told to show; nothing where it follows the system."""
    import json5
    from jupyter_core.paths import jupyter_config_dir

    settings = os.environ.get("JUPYTERLAB_SETTINGS_DIR") or Path(jupyter_config_dir(), "lab", "user-settings")
    file = Path(settings, "@jupyterlab", "apputils-extension", "themes.jupyterlab-settings")
    with contextlib.suppress(OSError, ValueError):
        facts = json5.loads(file.read_text(encoding="utf-8"))
        return "" if facts.get("adaptive-theme") else str(facts.get("theme", ""))
    return ""


@contextlib.contextmanager
def on_dark(figure: Figure) -> Iterator[None]:
    """Give a figure, as long as this lasts, colors for a dark ground."""
    with contextlib.ExitStack() as as_it_was:
        kept = set(_on_images(figure))
        for artist in figure.findobj():
            if artist in kept:
                continue
            _turn(artist, as_it_was)
            box = artist.get_bbox_patch() if isinstance(artist, Text) else None
            if box is not None:
                _turn(box, as_it_was)
        yield


def _on_images(figure: Figure) -> Iterator[Artist]:
    """Yield what is drawn over an image, or is one: its colors were chosen for that."""
    for axes in figure.axes:
        mapped = [drawn for drawn in axes.collections if drawn.get_array() is not None]
        yield from mapped
        if axes.images or any(isinstance(d, QuadMesh) or getattr(d, "filled", False) for d in mapped):
            for drawn in (*axes.lines, *axes.patches, *axes.texts, *axes.collections):
                yield from drawn.findobj()


def _turn(artist: Artist, as_it_was: contextlib.ExitStack) -> None:
    """Turn an artist's colors over, and note how to turn them back."""
    names = [name for kind, names in _COLORS.items() if isinstance(artist, kind) for name in names]
    # All are read before one is set: those of a line's markers follow its own.
    before = {name: getattr(artist, f"get_{name}")() for name in names}
    for name, color in before.items():
        colors = [_turned(*rgba) for rgba in to_rgba_array(color)]
        if colors:
            setter = getattr(artist, f"set_{name}")
            setter(colors if isinstance(artist, Collection) else colors[0])
            as_it_was.callback(setter, color)


def _turned(red: Any, green: Any, blue: Any, alpha: Any) -> tuple[float, float, float, float]:
    """Return a gray as light as it was dark, and a pale tint as a deep one; leave strong colors alone."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    gray = max(red, green, blue) - min(red, green, blue) < 0.05
    if gray or lightness > 0.75:
        lightness = _INK + (_GROUND - _INK) * lightness
        saturation = 0.0 if gray else min(saturation, 0.6)
    return (*colorsys.hls_to_rgb(hue, lightness, saturation), float(alpha))
