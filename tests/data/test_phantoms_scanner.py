import numpy as np
import pytest
import scipy.fft

from medlab.data.phantoms import SITES, Scanner
from medlab.data.phantoms.scanner import frequencies, site_scanner, white_spectra

SIDE, SPACING_MM = 48, 0.7


def noise_of(scanner, count=600):
    white = white_spectra(np.random.default_rng(3), count, SIDE)
    return scanner.scan(np.zeros((count, SIDE, SIDE)), white, SPACING_MM)


def test_white_spectra_are_those_of_white_noise():
    fields = scipy.fft.irfft2(white_spectra(np.random.default_rng(0), 4000, 6), s=(6, 6)).reshape(4000, 36)
    assert np.abs(np.cov(fields.T) - np.eye(36)).max() < 0.1


@pytest.mark.parametrize("scanner", [Scanner(), Scanner(dose=0.25, mtf50_per_mm=0.6, slice_mm=2.0)])
def test_noise_has_the_power_spectrum_of_its_formula(scanner):
    noise = noise_of(scanner)
    measured = (np.abs(scipy.fft.rfft2(noise)) ** 2).mean(axis=0) * SPACING_MM**2 / SIDE**2
    formula = scanner.noise_power(SIDE, SPACING_MM)
    strong = formula > 0.1 * formula.max()
    # 600 periodograms: one standard error is 4 % at each frequency
    assert measured[strong] == pytest.approx(formula[strong], rel=0.25)
    assert measured[strong].sum() == pytest.approx(formula[strong].sum(), rel=0.01)
    assert measured[0, 0] == pytest.approx(0, abs=1e-18)


def test_the_formula_has_the_size_of_its_integral():
    """Written out without the package: sigma^2 f 4^-(f / f50)^2, over its integral over the plane."""
    f50, side, spacing_mm = 0.45, 96, 0.3  # fine pixels: nearly all of the power lies below their limit
    decay = 2 * np.log(2) / f50**2
    integral = 2 * np.pi * np.sqrt(np.pi) / 4 * decay**-1.5  # of f exp(-decay f^2) times 2 pi f df
    fy, fx = np.fft.fftfreq(side, spacing_mm)[:, None], np.fft.rfftfreq(side, spacing_mm)
    f = np.sqrt(fy**2 + fx**2)
    by_hand = 25.0**2 * f * np.exp(-decay * f**2) / integral
    np.testing.assert_allclose(Scanner().noise_power(side, spacing_mm), by_hand, rtol=0.01)


def test_the_formula_is_a_ramp_times_the_kernel():
    scanner = Scanner(mtf50_per_mm=0.5)
    frequency = frequencies(SIDE, SPACING_MM)[3:, 5]
    power = scanner.noise_power(SIDE, SPACING_MM)[3:, 5]
    ramp = power / scanner.mtf(frequency) ** 2
    assert ramp / frequency == pytest.approx(ramp[0] / frequency[0])


def test_noise_has_the_stated_standard_deviation():
    for scanner in (*SITES.values(), Scanner(dose=4.0)):
        assert noise_of(scanner).std() == pytest.approx(scanner.noise_hu, rel=0.01)


def test_noise_follows_dose_kernel_and_thickness():
    reference = Scanner().noise_hu
    assert reference == 25
    assert Scanner(dose=0.25).noise_hu == pytest.approx(2 * reference)
    assert Scanner(slice_mm=6.0).noise_hu == pytest.approx(reference / 2)
    assert Scanner(mtf50_per_mm=4 * 0.45).noise_hu == pytest.approx(8 * reference)


def test_the_kernel_passes_half_of_a_wave_at_its_mtf50():
    cycles = 12
    wave = np.cos(2 * np.pi * cycles * np.arange(SIDE) / SIDE)
    scanner = Scanner(mtf50_per_mm=cycles / (SIDE * SPACING_MM))
    silent = np.zeros((1, SIDE, SIDE // 2 + 1), complex)
    scanned = scanner.scan(np.broadcast_to(wave, (1, SIDE, SIDE)), silent, SPACING_MM)
    np.testing.assert_allclose(scanned[0], 0.5 * np.broadcast_to(wave, (SIDE, SIDE)), atol=1e-12)


def test_the_kernel_keeps_mean_hu():
    image = np.random.default_rng(0).normal(-700, 200, (2, SIDE, SIDE))
    silent = np.zeros((2, SIDE, SIDE // 2 + 1), complex)
    scanned = Scanner().scan(image, silent, SPACING_MM)
    np.testing.assert_allclose(scanned.mean(axis=(1, 2)), image.mean(axis=(1, 2)))


def test_site_b_is_noisier_than_site_a():
    assert SITES["B"].noise_hu > 1.5 * SITES["A"].noise_hu


def test_refuses_an_unknown_site_and_lists_the_known():
    with pytest.raises(ValueError, match="site must be one of: A, B; got 'C'"):
        site_scanner("C")


@pytest.mark.parametrize("name", ["dose", "mtf50_per_mm", "slice_mm"])
def test_refuses_a_scanner_that_cannot_be(name):
    with pytest.raises(ValueError, match=f"{name} must lie between .*, got 0"):
        Scanner(**{name: 0})
