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
    seen = _volume(volume)
    count = seen.shape[0]
    z = count // 2 if z is None else int(checks.in_range("z", z, -count, count - 1, whole=True)) % count
    if window is not None:
        checks.one_of("window", window, intensity.WINDOWS)
        if seen.units not in ("HU", "as stored"):
            msg = f"a window is of Hounsfield units, this volume is in {seen.units}. Leave window out."
            raise ValueError(msg)
    gray = _gray(seen, seen.array[z], window)
    words = f"slice {z} of {count}, {_unit(seen, window)}"
    spacing = seen.spacing_mm[1:] if isinstance(volume, Volume) else None
    return plots.planes([gray], [words], [spacing], alt=f"A {seen.modality} volume: {words}")


def planes_picture(volume: Volume) -> plots.Picture:
    """Draw the three planes through the middle of a volume, shape (Z, Y, X), each to scale.

    Rows and columns are as stored: in an axial series the first plane is axial, and the other two are shown
    with the last slice on top.
    """
    middle = [n // 2 for n in volume.shape]
    z_mm, y_mm, x_mm = volume.spacing_mm
    cuts = [
        (f"z = {middle[0]}", volume.array[middle[0]], (y_mm, x_mm)),
        (f"y = {middle[1]}", volume.array[::-1, middle[1]], (z_mm, x_mm)),
        (f"x = {middle[2]}", volume.array[::-1, :, middle[2]], (z_mm, y_mm)),
    ]
    images, spacings = [], []
    for _, cut, spacing in cuts:
        # Leave out rows and columns that could not be seen.
        rows, columns = (-(-n // LONGEST) for n in cut.shape)
        images.append(_gray(volume, cut[::rows, ::columns], None))
        spacings.append((spacing[0] * rows, spacing[1] * columns))
    titles = [title for title, _, _ in cuts]
    alt = f"Three planes through the middle of {volume!r}, {_unit(volume, None)}"
    return plots.planes(images, titles, spacings, alt=alt)


def _volume(volume: Any) -> Volume:
    if isinstance(volume, Volume):
        return volume
    try:
        return Volume(np.asarray(volume), (1.0, 1.0, 1.0))
    except ValueError as error:
        msg = f"a volume must be a Volume or numbers of shape (Z, Y, X), got {type(volume).__name__}: {error}"
        raise ValueError(msg) from error


def _window(volume: Volume, window: str | None) -> str | None:
    return "soft tissue" if window is None and volume.units == "HU" else window


def _unit(volume: Volume, window: str | None) -> str:
    chosen = _window(volume, window)
    return f"window {chosen}" if chosen else "gray between two percentiles"


def _gray(volume: Volume, image: NDArray[Any], window: str | None) -> NDArray[Any]:
    chosen = _window(volume, window)
    if chosen:
        return intensity.window(image, *intensity.WINDOWS[chosen])
    if image.min() == image.max():
        return np.full(image.shape, 0.5, np.float32)
    low, high = np.percentile(image, (0.5, 99.5))
    if low == high:
        low, high = image.min(), image.max()
    return np.clip((image - low) / (high - low), 0, 1).astype(np.float32)
