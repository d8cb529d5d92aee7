"""A volume as a picture: one slice in a window, or three planes through the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks, plots
from medlab.data import intensity
from medlab.data.volumes.volume import Volume

LONGEST = 512  # pixels of a side that is drawn; more cannot be seen and makes notebooks heavy


def slice_picture(
    volume: Volume | ArrayLike, z: int | None = None, window: str | None = None
) -> plots.Picture:
    """Draw one slice of a volume.

    Parameters
    ----------
    volume : Volume, or array of shape (Z, Y, X)
        An array has no spacing, so its picture has no scale bar; its numbers are taken for HU when a window
        is named.
    z : int or None
        Number of the slice, from 0; negative from the end. None: the middle one.
    window : str or None
        One of `medlab.data.intensity.WINDOWS`, for numbers in HU. None: "soft tissue" for a volume in HU,
        else the band between two percentiles of the slice.

    Raises
    ------
    ValueError
        If the volume is none, there is no such slice or window, or numbers in another unit get a window.

    Examples
    --------
    ``slice_picture(volume, 12, "lung")``
    """
    shown = volume if isinstance(volume, Volume) else _without_spacing(volume)
    count = shown.shape[0]
    z = count // 2 if z is None else int(checks.in_range("z", z, -count, count - 1, whole=True)) % count
    if window is not None:
        checks.one_of("window", window, intensity.WINDOWS)
        if shown.units not in ("HU", "as stored"):
            msg = f"a window is of Hounsfield units, this volume is in {shown.units}. Leave window out."
            raise ValueError(msg)
    window = window or _window(shown)
    words = f"slice {z} of {count}, {_unit(window)}"
    spacing = shown.spacing_mm[1:] if shown is volume else None
    gray = _gray(shown.array[z], window)
    return plots.planes([gray], [words], [spacing], alt=f"Volume ({shown.modality}): {words}")


def planes_picture(volume: Volume) -> plots.Picture:
    """Draw the three planes through the middle of a volume, shape (Z, Y, X), each to scale.

    Rows and columns are as stored: in an axial series the first plane is axial, and the other two are shown
    with the last slice on top.
    """
    z, y, x = (n // 2 for n in volume.shape)
    z_mm, y_mm, x_mm = volume.spacing_mm
    cuts = {
        f"z = {z}": (volume.array[z], y_mm, x_mm),
        f"y = {y}": (volume.array[::-1, y], z_mm, x_mm),
        f"x = {x}": (volume.array[::-1, :, x], z_mm, y_mm),
    }
    window = _window(volume)
    images, spacings = [], []
    for plane, row_mm, column_mm in cuts.values():
        # Leave out rows and columns that could not be seen.
        rows, columns = (-(-n // LONGEST) for n in plane.shape)
        images.append(_gray(plane[::rows, ::columns], window))
        spacings.append((row_mm * rows, column_mm * columns))
    alt = f"Three planes through the middle of {volume!r}, {_unit(window)}"
    return plots.planes(images, list(cuts), spacings, alt=alt)


def _without_spacing(array: Any) -> Volume:
    try:
        return Volume(np.asarray(array), (1.0, 1.0, 1.0))
    except ValueError as error:
        msg = f"a volume must be a Volume or numbers of shape (Z, Y, X), got {type(array).__name__}: {error}"
        raise ValueError(msg) from error


def _window(volume: Volume) -> str | None:
    return "soft tissue" if volume.units == "HU" else None


def _unit(window: str | None) -> str:
    return f"window {window}" if window else "gray between two percentiles"


def _gray(image: NDArray[Any], window: str | None) -> NDArray[Any]:
    if window:
        return intensity.window(image, *intensity.WINDOWS[window])
    low, high = np.percentile(image, [0.5, 99.5])
    if low == high:
        low, high = image.min(), image.max()
    return np.interp(image, (low, high), (0, 1)) if low < high else np.full(image.shape, 0.5)
