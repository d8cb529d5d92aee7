"""What a CT scanner does to an image: blur, slice thickness, and noise with CT's own spectrum."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data.phantoms.streams import FloatArray

REFERENCE_NOISE_HU = 25.0
REFERENCE_MTF50_PER_MM = 0.45
REFERENCE_SLICE_MM = 1.5


@dataclass(frozen=True)
class Scanner:
    """Dose, reconstruction kernel and slice thickness of one site.

    Attributes
    ----------
    dose : float, relative to the reference, > 0
        Twice the dose, noise smaller by the square root of 2.
    mtf50_per_mm : float, cycles/mm, > 0
        Frequency at which the kernel passes half the contrast: .3 is soft, .6 is sharp.
    slice_mm : float, mm, > 0
        Thickness over which a slice averages.

    Notes
    -----
    Kernel: MTF(f) = 2^-(f / f50)^2, radially symmetric. Noise power of filtered backprojection: the
    ramp times the kernel squared, NPS(f) ~ f MTF(f)^2 (Kijewski and Judy 1987,
    doi 10.1088/0031-9155/32/5/003). Its integral over the plane grows as f50^3 (Chesler, Riederer and
    Pelc 1977, doi 10.1097/00004728-197701000-00009), so that

    sigma = 25 HU * dose^(-1/2) * (f50 / 0.45)^(3/2) * (slice / 1.5 mm)^(-1/2).

    Noise of neighboring slices is independent.
    """

    dose: float = 1.0
    mtf50_per_mm: float = REFERENCE_MTF50_PER_MM
    slice_mm: float = REFERENCE_SLICE_MM

    def __post_init__(self) -> None:
        checks.in_range("dose", self.dose, 0.01, 100)
        checks.in_range("mtf50_per_mm", self.mtf50_per_mm, 0.05, 2)
        checks.in_range("slice_mm", self.slice_mm, 0.1, 10)

    @property
    def noise_hu(self) -> float:
        """Standard deviation of the noise in HU."""
        kernel = (self.mtf50_per_mm / REFERENCE_MTF50_PER_MM) ** 1.5
        return REFERENCE_NOISE_HU * kernel / np.sqrt(self.dose * self.slice_mm / REFERENCE_SLICE_MM)

    def mtf(self, frequency_per_mm: ArrayLike) -> FloatArray:
        """Return the share of contrast in [0, 1] that passes at a frequency in cycles/mm.

        Examples
        --------
        >>> Scanner(mtf50_per_mm=0.5).mtf([0, 0.5, 1.0]).tolist()
        [1.0, 0.5, 0.0625]
        """
        return 0.5 ** ((np.asarray(frequency_per_mm, float) / self.mtf50_per_mm) ** 2)

    def noise_power(self, side: int, spacing_mm: float) -> FloatArray:
        """Return the noise power spectrum on the frequencies of ``scipy.fft.rfft2``.

        Parameters
        ----------
        side : int
            Pixels along each axis of a square image.
        spacing_mm : float, mm
            Pixel size.

        Returns
        -------
        power : float64 array, shape (side, side // 2 + 1), HU^2 mm^2
            Scaled so that its integral over the whole frequency plane is ``noise_hu**2``.
        """
        full = frequencies(side, spacing_mm, half=False)
        half = frequencies(side, spacing_mm)
        cell = (side * spacing_mm) ** -2
        total = np.sum(full * self.mtf(full) ** 2) * cell
        return self.noise_hu**2 / total * half * self.mtf(half) ** 2

    def scan(
        self,
        slices_hu: NDArray[Any],
        white: NDArray[np.complex128],
        spacing_mm: float,
        texture_hu: NDArray[np.complex128] | float = 0.0,
    ) -> FloatArray:
        """Blur slices by the kernel and add noise.

        Parameters
        ----------
        slices_hu : float array, shape (M, side, side), HU
            Sharp slices, already averaged over the slice thickness. Edges wrap around.
        white : complex128 array, shape (M, side, side // 2 + 1)
            Spectrum of white noise, from `white_spectra`; zeros give a scan without noise.
        spacing_mm : float, mm
            Pixel size.
        texture_hu : complex128 array, shape (M, side, side // 2 + 1), HU, or 0
            Spectrum of a texture to add before the blur, which saves its Fourier transforms.

        Returns
        -------
        scanned : float64 array, shape (M, side, side), HU
        """
        side = slices_hu.shape[-1]
        blur, color = _gains(self, side, spacing_mm)
        spectrum = (scipy.fft.rfft2(slices_hu.astype(np.float64)) + texture_hu) * blur + white * color
        return scipy.fft.irfft2(spectrum, s=(side, side), overwrite_x=True)


def white_spectra(rng: np.random.Generator, count: int, side: int) -> NDArray[np.complex128]:
    """Return Fourier transforms of white noise fields of standard deviation 1, drawn as such.

    Returns
    -------
    spectra : complex128 array, shape (count, side, side // 2 + 1)
        As ``scipy.fft.rfft2`` of real white noise has them, once the inverse has taken the real part:
        in the first and the last column it keeps half of the power, hence the factor 2 there.
    """
    parts = rng.standard_normal((count, side, side // 2 + 1, 2)) * (side * np.sqrt(0.5))
    parts[:, :, [0, -1]] *= np.sqrt(2)
    return parts.view(np.complex128)[..., 0]


@lru_cache(maxsize=16)
def _gains(scan: Scanner, side: int, spacing_mm: float) -> tuple[FloatArray, FloatArray]:
    """Return the factors on the spectra of the image and of white noise."""
    color = np.sqrt(scan.noise_power(side, spacing_mm)) / spacing_mm
    return scan.mtf(frequencies(side, spacing_mm)), color


def frequencies(side: int, spacing_mm: float, *, half: bool = True) -> FloatArray:
    """Return the radial frequency in cycles/mm of each term of a discrete Fourier transform."""
    columns = (scipy.fft.rfftfreq if half else scipy.fft.fftfreq)(side, spacing_mm)
    return np.hypot(scipy.fft.fftfreq(side, spacing_mm)[:, None], columns)


# A: an ordinary low-dose scan. B: an ultra-low dose, a sharper kernel and thinner slices, as where small
# airways are read: five times the noise, of finer grain.
SITES = {"A": Scanner(), "B": Scanner(dose=0.12, mtf50_per_mm=0.6, slice_mm=1.0)}


def site_scanner(site: str | Scanner) -> Scanner:
    """Return a preset by its name, or the scanner itself."""
    return site if isinstance(site, Scanner) else SITES[checks.one_of("site", site, SITES)]
