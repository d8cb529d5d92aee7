"""How well holes in images were filled, and whether a lesion was erased or invented on the way.

A repair that looks right may still be wrong where it matters: a network that has seen few lesions fills a
hole with healthy tissue. So the picture's measures (PSNR, SSIM) stand beside a count of lesions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage import metrics as _skimage

from medlab import checks

_WINDOW = 7
_TOUCHING = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class LesionRule:
    """What counts as a finding inside a hole: a connected bright spot that is large enough.

    Attributes
    ----------
    threshold : float, in the units of the images
        Pixels above it are bright. The default, -650 HU, lies above 99 % of the simulated lung between the
        vessels and shows nearly every simulated nodule, 94 of 100 non-solid ones.
    diameter_mm : float, mm, > 0
        Least diameter of a disk of the spot's area inside the hole.
    spacing_mm : (row, column), mm, > 0
    """

    threshold: float = -650.0
    diameter_mm: float = 4.0
    spacing_mm: tuple[float, float] = (0.75, 0.75)

    def __post_init__(self) -> None:
        checks.in_range("threshold", self.threshold)
        for name, value in (("diameter_mm", self.diameter_mm), ("spacing_mm", min(self.spacing_mm))):
            checks.in_range(name, value, 1e-6)

    def findings(self, image: ArrayLike, hole: ArrayLike) -> NDArray[np.int64]:
        """Return the findings of one image, numbered.

        Parameters
        ----------
        image : array, shape (H, W)
        hole : bool array, shape (H, W)
            Only what lies inside it is looked at.

        Returns
        -------
        findings : int array, shape (H, W)
            0 outside of all, then 1, 2, ...; pixels touch at corners, too.
        """
        spots, count = ndimage.label((np.asarray(image) > self.threshold) & np.asarray(hole), _TOUCHING)
        area_mm2 = np.bincount(spots.ravel(), minlength=count + 1) * np.prod(self.spacing_mm)
        # A hair of slack: a disk of exactly the least diameter counts.
        kept = 2 * np.sqrt(area_mm2 / np.pi) >= self.diameter_mm * (1 - 1e-9)
        kept[0] = False
        return np.where(kept, np.cumsum(kept), 0)[spots]


@dataclass(frozen=True)
class RepairQuality:
    """Measures of repaired images, one value an image.

    Attributes
    ----------
    psnr : float array, shape (N,), dB
        Peak signal-to-noise ratio of the pixels in the hole; infinite where nothing differs.
    ssim : float array, shape (N,), <= 1
        Mean structural similarity over the pixels in the hole.
    lesion : bool array, shape (N,)
        Whether a lesion of the truth can be found in the hole by the rule.
    erased : bool array, shape (N,)
        Whether such a lesion is missing from the repair.
    invented : bool array, shape (N,)
        Whether the repair has a finding where the truth has none. A hole may lose its lesion and gain
        another finding.
    """

    psnr: NDArray[np.float64]
    ssim: NDArray[np.float64]
    lesion: NDArray[np.bool_]
    erased: NDArray[np.bool_]
    invented: NDArray[np.bool_]


def repair_quality(
    repaired: ArrayLike,
    truth: ArrayLike,
    holes: ArrayLike,
    lesions: ArrayLike,
    *,
    value_range: tuple[float, float],
    rule: LesionRule | None = None,
) -> RepairQuality:
    """Measure repaired images inside their holes.

    Parameters
    ----------
    repaired, truth : arrays, shape (N, H, W, 1), H and W >= 7
        In the same units; lesions need HU, or a `rule` for other units.
    holes : bool array, shape (N, H, W)
        True where pixels were missing.
    lesions : bool array, shape (N, H, W)
        Where the true lesions are, such as `Candidates.masks`; False everywhere in an image without one.
    value_range : (lowest, highest), in the units of the images
        Both are clipped to it for PSNR and SSIM, and its width is PSNR's peak: (0, 255) for uint8,
        (-1100, 300) for the lung window of the simulated nodules.
    rule : LesionRule or None
        None: the default rule, ``LesionRule()``.

    Returns
    -------
    quality : RepairQuality
        By the rule, the same for truth and repair: a finding of the truth that touches a true lesion is one
        that can be found; it is erased if no finding of the repair touches it. A finding of the repair
        that touches neither a finding of the truth nor a true lesion is invented.

    Raises
    ------
    ValueError
        If shapes differ or have several channels, a side is below 7 pixels, an image has no hole, holes or
        lesions are no masks, a value is NaN, or the range is empty.

    Notes
    -----
    PSNR and SSIM are scikit-image's; SSIM (Wang et al. 2004, doi 10.1109/TIP.2003.819861) with a 7 x 7
    window, which at the hole's rim sees kept pixels, too.
    """
    true = checks.finite("truth", truth)
    repair = checks.finite("repaired", repaired)
    if true.ndim != 4 or true.shape[-1] != 1 or min(true.shape[1:3]) < _WINDOW or not len(true):
        msg = f"truth must have shape (N, H, W, 1) and sides of at least {_WINDOW} pixels, got {true.shape}."
        raise ValueError(msg)
    if repair.shape != true.shape:
        msg = f"repaired must have the shape of truth, {true.shape}, got {repair.shape}."
        raise ValueError(msg)
    low, high = (float(checks.in_range("value_range", value)) for value in value_range)
    if low >= high:
        msg = f"value_range must be (lowest, highest), got {value_range}. uint8 images have (0, 255)."
        raise ValueError(msg)
    hole = _mask("holes", holes, true.shape[:3])
    empty = np.flatnonzero(~hole.any(axis=(1, 2)))
    if len(empty):
        msg = f"holes must have a missing pixel in every image, got none in image {empty[0]}. Leave it out."
        raise ValueError(msg)
    lesion = _mask("lesions", lesions, true.shape[:3])
    rule = rule or LesionRule()
    psnr, ssim = np.empty(len(true)), np.empty(len(true))
    changes = np.zeros((len(true), 3), dtype=bool)
    for i, (old, new, where) in enumerate(zip(true[..., 0], repair[..., 0], hole, strict=True)):
        pair = [np.clip(image.astype(np.float64), low, high) for image in (old, new)]
        with np.errstate(divide="ignore"):  # infinite where nothing differs
            psnr[i] = _skimage.peak_signal_noise_ratio(pair[0][where], pair[1][where], data_range=high - low)
        options = {"data_range": high - low, "win_size": _WINDOW, "full": True}
        _, similarity = _skimage.structural_similarity(*pair, **options)
        ssim[i] = similarity[where].mean()
        changes[i] = _changes(rule.findings(old, where), rule.findings(new, where), lesion[i])
    return RepairQuality(psnr, ssim, *changes.T)


def _changes(
    before: NDArray[np.int64], after: NDArray[np.int64], lesion: NDArray[np.bool_]
) -> tuple[bool, bool, bool]:
    """Return whether there was a lesion, whether one is gone, and whether a finding is new."""
    lesions = np.setdiff1d(before[lesion], 0)
    gone = any(not after[before == number].any() for number in lesions)
    new = np.setdiff1d(after, np.append(after[(before > 0) | lesion], 0))
    return bool(lesions.size), gone, bool(new.size)


def _mask(what: str, mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    array = np.asarray(mask)
    if array.shape != shape or not np.isin(array, (0, 1)).all():
        got = f"{array.dtype} of shape {array.shape}"
        msg = f"{what} must be masks of 0 and 1, shape {shape}, got {got}. Take one channel: mask[..., 0]."
        raise ValueError(msg)
    return array.astype(bool)
