"""Gray values with a meaning: CT windows, and what to do with images that have no fixed scale."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.text import packaged

LARGEST_SUV = 10.0


class Window(NamedTuple):
    """A band of CT numbers: the one shown as mid-gray, and how wide the band around it is."""

    center_hu: float
    width_hu: float


class Preset(NamedTuple):
    """What to do with the gray values of one kind of image before a network sees them.

    Attributes
    ----------
    name : str
    units : str
        What the gray values must be.
    why : str
    source : str
    window_hu : (center, width) or None
        For CT.
    """

    name: str
    units: str
    why: str
    source: str
    window_hu: tuple[float, float] | None = None


PRESETS = {name: Preset(name, **facts) for name, facts in packaged("medlab.data", "presets.yaml").items()}
WINDOWS = {key.removeprefix("ct "): Window(*row.window_hu) for key, row in PRESETS.items() if row.window_hu}


def window(image_hu: ArrayLike, center_hu: float, width_hu: float) -> NDArray[np.float32]:
    """Map a band of CT numbers linearly onto [0, 1] and clip the rest.

    Parameters
    ----------
    image_hu : array, shape (..., H, W), HU
        CT numbers, already rescaled from the stored integers.
    center_hu : float, HU
        CT number that becomes mid-gray (0.5).
    width_hu : float, HU, > 0
        Band that is shown; everything outside saturates.

    Returns
    -------
    gray : float32 array, shape (..., H, W), unitless in [0, 1]
        A new array; `image_hu` is left untouched.

    Raises
    ------
    ValueError
        If `width_hu` is not positive or a number is not finite.

    Notes
    -----
    Source: DICOM PS3.3, VOI LUT function ``LINEAR_EXACT``. The standard's default, ``LINEAR``, moves the
    center by 0.5 HU and uses ``width - 1``; not reproduced.

    Examples
    --------
    >>> window([[-100.0, 0.0, 700.0]], center_hu=50, width_hu=400).tolist()
    [[0.125, 0.375, 1.0]]
    """
    checks.in_range("center_hu", center_hu)
    if not checks.in_range("width_hu", width_hu) > 0:
        msg = (
            f"width_hu must be positive, got {width_hu}. "
            "A window from a to b HU has center_hu=(a+b)/2 and width_hu=b-a."
        )
        raise ValueError(msg)
    gray = checks.finite("image_hu", image_hu).astype(np.float32)
    gray -= np.float32(center_hu)
    gray /= np.float32(width_hu)
    gray += np.float32(0.5)
    return np.clip(gray, 0, 1, out=gray)


def percentiles(
    image: ArrayLike, low: float = 0.5, high: float = 99.5, *, foreground: ArrayLike | None = None
) -> NDArray[np.float32]:
    """Map the band between two percentiles of an image's own gray values onto [0, 1], clipping the rest.

    Parameters
    ----------
    image : array, any shape, any unit
        One image or volume.
    low, high : float, [0, 100]
        Percentiles that become 0 and 1. A few bright pixels then no longer decide the contrast.
    foreground : bool array, shape as `image`, or None
        Where the percentiles are taken; None: everywhere.

    Returns
    -------
    gray : float32 array, shape as `image`, unitless in [0, 1]

    Raises
    ------
    ValueError
        If the percentiles are out of order, nothing is foreground, or both fall on one gray value.
    """
    values, inside = _foreground(image, foreground)
    if not checks.in_range("low", low, 0, 100) < checks.in_range("high", high, 0, 100):
        msg = f"low must be below high, got {low} and {high}. Use such as 0.5 and 99.5."
        raise ValueError(msg)
    first, last = np.percentile(inside, [low, high])
    if first == last:
        msg = (
            f"the percentiles {low:g} and {high:g} must differ in gray value, got {first:g} for both. "
            "The image is (nearly) constant: give its foreground, or leave it out (medlab.data.clean)."
        )
        raise ValueError(msg)
    return np.clip((values - first) / (last - first), 0, 1).astype(np.float32)


def z_score(image: ArrayLike, *, foreground: ArrayLike | None = None) -> NDArray[np.float32]:
    """Subtract the mean of an image's own foreground and divide by its standard deviation.

    Parameters
    ----------
    image : array, any shape, any unit
        One image or volume.
    foreground : bool array, shape as `image`, or None
        Where mean and standard deviation are taken; None: everywhere.

    Returns
    -------
    scores : float32 array, shape as `image`, in standard deviations

    Raises
    ------
    ValueError
        If nothing is foreground or the foreground is constant.
    """
    values, inside = _foreground(image, foreground)
    spread = inside.std()
    if spread == 0:
        msg = (
            f"the foreground must not be constant, got {inside[0]:g} everywhere. "
            "Leave the image out (medlab.data.clean)."
        )
        raise ValueError(msg)
    return ((values - inside.mean()) / spread).astype(np.float32)


def preprocess(image: ArrayLike, preset: str, *, foreground: ArrayLike | None = None) -> NDArray[np.float32]:
    """Bring the gray values of one image or volume to the scale that suits its modality.

    Parameters
    ----------
    image : array, shape (..., H, W), in the units of the preset (`PRESETS`)
        HU for ``"ct ..."``, SUV for ``"pet suv"``, anything for the others.
    preset : str
        A key of `PRESETS`.
    foreground : bool array, shape as `image`, or None
        For presets that measure the image itself. For ``"mr"`` None means: where it is not 0.

    Returns
    -------
    scaled : float32 array, shape as `image`
        In [0, 1]; in standard deviations for ``"mr"``.

    Raises
    ------
    ValueError
        If there is no such preset, or the image cannot be scaled.

    Examples
    --------
    >>> preprocess([[-1350.0, -600.0, 150.0]], "ct lung").tolist()
    [[0.0, 0.5, 1.0]]
    """
    checks.one_of("preset", preset, PRESETS)
    if window_hu := PRESETS[preset].window_hu:
        return window(image, *window_hu)
    if preset == "pet suv":
        return window(image, LARGEST_SUV / 2, LARGEST_SUV)
    if preset == "mr":
        return z_score(image, foreground=np.asarray(image) != 0 if foreground is None else foreground)
    return percentiles(image, foreground=foreground)


def _foreground(image: ArrayLike, foreground: ArrayLike | None) -> tuple[NDArray, NDArray]:
    """Return the image as numbers, and those of them that are foreground."""
    values = checks.finite("image", image).astype(np.float64)
    if foreground is None:
        return values, values.ravel()
    chosen = np.asarray(foreground, dtype=bool)
    if chosen.shape != values.shape:
        msg = f"foreground must have the image's shape {values.shape}, got {chosen.shape}."
        raise ValueError(msg)
    if not chosen.any():
        msg = "foreground must hold at least one pixel, got none. Lower the threshold that made it."
        raise ValueError(msg)
    return values, values[chosen]
