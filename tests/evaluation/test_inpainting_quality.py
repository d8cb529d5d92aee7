from __future__ import annotations

import numpy as np
import pytest

from medlab.data import phantoms
from medlab.evaluation.generation import LesionRule, repair_quality

LUNG, TISSUE = -850.0, 40.0


def disk(row, column, radius=4, shape=(32, 24)):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


@pytest.fixture
def lungs():
    """Three images: a lesion in the hole, none, and a vessel through the hole's edge; HU."""
    truth = np.full((3, 32, 24, 1), LUNG)
    lesions, holes = np.zeros((3, 32, 24), bool), np.zeros((3, 32, 24), bool)
    holes[:, 6:26, 4:20] = True
    lesions[0] = disk(16, 12)
    truth[0, lesions[0]] = TISSUE
    truth[2, 14:19, :12] = TISSUE
    return truth, holes, lesions


def measure(repaired, lungs, **options):
    truth, holes, lesions = lungs
    return repair_quality(repaired, truth, holes, lesions, value_range=(-1100, 300), **options)


def test_psnr_by_hand_counts_the_hole_only(lungs):
    truth, holes, _ = lungs
    repaired = truth + np.where(holes, 140.0, 999.0)[..., np.newaxis]  # peak 1400: 20 log10(10)
    assert measure(repaired, lungs).psnr[1] == pytest.approx(20)


def test_a_perfect_repair_erases_and_invents_nothing(lungs):
    quality = measure(lungs[0], lungs)
    assert np.isinf(quality.psnr).all()
    assert quality.ssim == pytest.approx(np.ones(3))
    assert quality.lesion.tolist() == [True, False, False]
    assert not quality.erased.any()
    assert not quality.invented.any()


def test_an_empty_repair_erases_the_lesion_and_a_vessel_is_no_lesion(lungs):
    truth, holes, _ = lungs
    repaired = np.where(holes[..., np.newaxis], LUNG, truth)
    quality = measure(repaired, lungs)
    assert quality.lesion.tolist() == quality.erased.tolist() == [True, False, False]
    assert not quality.invented.any()


def test_a_new_spot_is_invented_unless_it_is_small_or_lies_on_what_was_there(lungs):
    truth, _, _ = lungs
    repaired = truth.copy()
    repaired[1, disk(16, 12)] = TISSUE
    repaired[2, disk(16, 9)] = TISSUE  # touches the vessel
    assert measure(repaired, lungs).invented.tolist() == [False, True, False]
    repaired[1] = LUNG
    repaired[1, 10:13, 10:13] = TISSUE  # 9 pixels of 0.5625 mm2: 2.5 mm
    assert not measure(repaired, lungs).invented.any()


def test_a_lesion_may_be_lost_and_another_gained(lungs):
    truth, _, _ = lungs
    repaired = np.full_like(truth, LUNG)
    repaired[0, disk(21, 16, 3)] = TISSUE
    truth[0] = LUNG
    truth[0, disk(10, 8, 3)] = TISSUE
    lungs[2][0] = disk(10, 8, 3)
    quality = measure(repaired, lungs)
    assert quality.erased[0]
    assert quality.invented[0]


def test_the_least_diameter_is_that_of_a_disk_of_the_same_area():
    image = np.zeros((9, 9))
    image[2:6, 3:5] = 1  # 8 pixels of 3 x 0.8 mm: 19.2 mm2, 4.944 mm
    hole = np.ones((9, 9), bool)
    assert LesionRule(0.5, 4.94, (3.0, 0.8)).findings(image, hole).max() == 1
    assert LesionRule(0.5, 4.95, (3.0, 0.8)).findings(image, hole).max() == 0
    assert (
        LesionRule(0.5, 4.94, (3.0, 0.8)).findings(image, hole & (image.cumsum() < 8).reshape(9, 9)).max()
        == 0
    )


def test_the_default_rule_sees_nearly_all_simulated_nodules():
    crops = phantoms.candidates(120, seed=1)
    holes = np.zeros(crops.masks.shape, bool)
    holes[:, 16:48, 16:48] = True
    lung = np.where(holes[..., np.newaxis], np.int16(LUNG), crops.images_hu)
    quality = repair_quality(lung, crops.images_hu, holes, crops.masks, value_range=(-1100, 300))
    assert quality.lesion.mean() > 0.95
    assert (quality.erased == quality.lesion).all()
    assert not quality.invented.any()


def test_refusals(lungs):
    truth, holes, lesions = lungs
    span = {"value_range": (-1100, 300)}
    with pytest.raises(ValueError, match=r"truth must have shape \(N, H, W, 1\) .* got \(3, 32, 24\)"):
        repair_quality(truth[..., 0], truth[..., 0], holes, lesions, **span)
    with pytest.raises(ValueError, match=r"repaired must have the shape of truth, .* got \(2, 32, 24, 1\)"):
        repair_quality(truth[:2], truth, holes, lesions, **span)
    with pytest.raises(ValueError, match="repaired must hold finite numbers"):
        repair_quality(np.full_like(truth, np.nan), truth, holes, lesions, **span)
    with pytest.raises(ValueError, match=r"value_range must be \(lowest, highest\), got \(300, -1100\)"):
        repair_quality(truth, truth, holes, lesions, value_range=(300, -1100))
    with pytest.raises(ValueError, match="a missing pixel in every image, got none in image 0"):
        repair_quality(truth, truth, np.zeros_like(holes), lesions, **span)
    with pytest.raises(ValueError, match=r"holes must be masks .* got bool of shape \(3, 32, 24, 1\)"):
        repair_quality(truth, truth, holes[..., np.newaxis], lesions, **span)
    with pytest.raises(ValueError, match=r"lesions must be masks .* got int64"):
        repair_quality(truth, truth, holes, 7 * lesions.astype(np.int64), **span)
    with pytest.raises(ValueError, match="diameter_mm must lie between 1e-06"):
        LesionRule(diameter_mm=0)
