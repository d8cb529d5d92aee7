"""Gray values with a meaning: CT windows, and what to do with images that have no fixed scale."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.text import packaged

LARGEST_SUV = 10.0
_REMEDY = "Leave it out (medlab.data.clean reports constant images)."


class Window(NamedTuple):
    """A band of CT numbers: the one shown as mid-gray, and how wide the band around it is."""

    center_hu: float
    width_hu: float


# What to do with the gray values of one kind of image before a network sees them: see `preprocess`.
PRESETS: dict[str, dict[str, Any]] = packaged("medlab.data", "presets.yaml")
WINDOWS = {
    name.removeprefix("ct "): Window(*facts["window_hu"])
    for name, facts in PRESETS.items()
    if "window_hu" in facts
}


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


def percentiles(image: ArrayLike) -> NDArray[np.float32]:
    """Map the band between two percentiles of an image's own gray values onto [0, 1], clipping the rest.

    They are the 0.5th and the 99.5th: a few bright pixels then no longer decide the contrast.

    Parameters
    ----------
    image : array, any shape, any unit
        One image or volume.

    Returns
    -------
    gray : float32 array, shape as `image`, unitless in [0, 1]

    Raises
    ------
    ValueError
        If both fall on one gray value.
    """
    values = checks.finite("image", image).astype(np.float64)
    low, high = np.percentile(values, [0.5, 99.5])
    if low == high:
        msg = f"99 % of the image must not have one gray value, got {low:g}. {_REMEDY}"
        raise ValueError(msg)
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


def z_score(image: ArrayLike) -> NDArray[np.float32]:
    """Subtract the mean of an image's foreground, where it is not 0, and divide by its standard deviation.

    Parameters
    ----------
    image : array, any shape, any unit
        One image or volume.

    Returns
    -------
    scores : float32 array, shape as `image`, in standard deviations of the foreground

    Raises
    ------
    ValueError
        If the foreground is constant, or there is none.
    """
    values = checks.finite("image", image).astype(np.float64)
    foreground = values[values != 0]
    if not foreground.size or foreground.min() == foreground.max():
        msg = f"the foreground, where the image is not 0, must not be constant. {_REMEDY}"
        raise ValueError(msg)
    return ((values - foreground.mean()) / foreground.std()).astype(np.float32)


def preprocess(image: ArrayLike, preset: str) -> NDArray[np.float32]:
    """Bring the gray values of one image or volume to the scale that suits its modality.

    Parameters
    ----------
    image : array, shape (..., H, W), in the units of the preset (`PRESETS`)
        HU for ``"ct ..."``, SUV for ``"pet suv"``, anything for the others.
    preset : str
        A key of `PRESETS`.

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
    if window_hu := PRESETS[preset].get("window_hu"):
        return window(image, *window_hu)
    if preset == "pet suv":
        return window(image, LARGEST_SUV / 2, LARGEST_SUV)
    if preset == "mr":
        return z_score(image)
    return percentiles(image)
