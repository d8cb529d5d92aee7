import hashlib

import numpy as np
import pytest
from scipy import ndimage, stats

from medlab.data.phantoms import SITES, Scanner, Visits, candidates, grown_diameter, visits
from medlab.data.phantoms.followup import draw_doubling_times

QUIET = Scanner(dose=100.0)


def digest(seen: Visits) -> str:
    columns = (seen.images_hu, seen.masks, seen.diameter_mm, seen.doubling_time_days, seen.malignant)
    return hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in columns)).hexdigest()


@pytest.fixture(scope="module")
def seen():
    return visits(60, seed=1)


def test_images_and_truth_have_the_stated_shapes(seen):
    assert seen.images_hu.shape == (60, 3, 64, 64, 1)
    assert seen.images_hu.dtype == np.int16
    assert seen.masks.shape == (60, 3, 64, 64)
    assert seen.times_days.shape == seen.diameter_mm.shape == (60, 3)
    assert seen.times_days[7].tolist() == [0, 90, 180]
    assert seen.doubling_time_days.shape == seen.malignant.shape == (60,)
    assert seen.spacing_mm == (0.75, 0.75)
    assert len(seen) == 60
    volumes = visits(2, times_days=[0, 30], volumes=True)
    assert volumes.images_hu.shape == (2, 2, 24, 64, 64, 1)
    assert volumes.masks.shape == (2, 2, 24, 64, 64)
    assert volumes.spacing_mm == (1.5, 0.75, 0.75)


def test_a_nodule_that_doubles_grows_with_the_cube_root():
    assert grown_diameter(6.0, 100.0, 100.0) == pytest.approx(7.559526, abs=1e-6)  # 6 * 2^(1/3)
    assert grown_diameter(6.0, 300.0, 100.0) == 12.0  # three doublings: eight times the volume
    assert grown_diameter([6.0, 8.0], 0.0, [50.0, 5000.0]).tolist() == [6.0, 8.0]
    assert grown_diameter(10.0, 365.0, 365.0 * 3 / 2) == pytest.approx(10 * 2 ** (2 / 9))


def test_the_volumes_double_in_the_doubling_time(seen):
    volume = seen.diameter_mm**3
    doublings = seen.times_days / seen.doubling_time_days[:, None]
    np.testing.assert_allclose(volume / volume[:, :1], 2**doublings, rtol=1e-12)
    np.testing.assert_array_equal(seen.diameter_mm[:, 0], seen.attributes["diameter_mm"])


@pytest.mark.parametrize("volumes", [False, True])
def test_the_first_visit_is_that_of_candidates(volumes):
    n = 2 if volumes else 40
    first, crops = visits(n, seed=(2, 1), volumes=volumes), candidates(n, seed=(2, 1), volumes=volumes)
    np.testing.assert_array_equal(first.images_hu[:, 0], crops.images_hu)
    np.testing.assert_array_equal(first.masks[:, 0], crops.masks)
    np.testing.assert_array_equal(first.malignant, crops.malignant)
    for name, column in crops.attributes.items():
        np.testing.assert_array_equal(first.attributes[name], column)


def test_the_mask_grows_by_the_factor_of_the_growth():
    grown = visits(60, seed=3, times_days=[0, 120], diameter_mm=(8.0, 14.0))
    area = grown.masks.sum(axis=(2, 3))
    factor = (grown.diameter_mm[:, 1] / grown.diameter_mm[:, 0]) ** 2
    # a few hundred pixels with a rim of about 40: a few percent each
    assert area[:, 1] / area[:, 0] == pytest.approx(factor, rel=0.12)
    assert np.mean(area[:, 1] / area[:, 0] / factor) == pytest.approx(1, abs=0.01)
    solid = visits(5, seed=4, times_days=[0, 120], volumes=True, diameter_mm=(9.0, 12.0))
    volume = solid.masks.sum(axis=(2, 3, 4))
    factor = 2 ** (120 / solid.doubling_time_days)
    assert volume[:, 1] / volume[:, 0] == pytest.approx(factor, rel=0.1)


def test_the_lung_around_stays_and_the_noise_is_new():
    quiet, noisy = (visits(16, seed=5, site=site) for site in (QUIET, "A"))
    still = ~ndimage.binary_dilation(quiet.masks.any(axis=1), np.ones((1, 25, 25)))  # spikes grow, too
    change = quiet.images_hu[:, 2, ..., 0].astype(float) - quiet.images_hu[:, 0, ..., 0]
    assert change[still].std() == pytest.approx(np.sqrt(2) * QUIET.noise_hu, rel=0.05)
    change = noisy.images_hu[:, 2, ..., 0].astype(float) - noisy.images_hu[:, 1, ..., 0]
    assert change[still].std() == pytest.approx(np.sqrt(2) * SITES["A"].noise_hu, rel=0.05)
    first, second, third = (
        noisy.images_hu[:, t, ..., 0][still] - quiet.images_hu[:, t, ..., 0][still] for t in range(3)
    )
    assert np.abs(np.corrcoef([first, second, third]) - np.eye(3)).max() < 0.03


def test_a_nodule_keeps_its_place_and_its_shape():
    grown = visits(20, seed=6, site=QUIET, diameter_mm=(10.0, 12.0))
    before, after = grown.masks[:, 0], grown.masks[:, 2]
    assert (before & after).sum() > 0.995 * before.sum()
    middle = [np.array([ndimage.center_of_mass(mask) for mask in masks]) for masks in (before, after)]
    assert np.abs(middle[0] - middle[1]).max() < 0.75  # pixels


def test_labels_follow_the_true_risk_of_the_first_visit():
    known = visits(300, seed=7, times_days=[0.0])
    risk = known.attributes["risk"]
    assert abs(known.malignant.sum() - risk.sum()) < 3 * np.sqrt((risk * (1 - risk)).sum())


def test_cancers_double_within_months_and_most_benign_nodules_within_years():
    rng = np.random.default_rng(0)
    fast = draw_doubling_times(np.ones(20_000, bool), rng)
    slow = draw_doubling_times(np.zeros(20_000, bool), rng)
    assert (fast.min() >= 60, fast.max() <= 500) == (True, True)
    assert (slow.min() >= 300, slow.max() <= 20_000) == (True, True)
    assert np.median(fast) == pytest.approx(150, rel=0.03)
    assert np.median(slow) == pytest.approx(1500, rel=0.05)
    assert (slow > 500).mean() > 0.9
    assert 0.95 < (fast < 400).mean() < 1  # not all
    cut = stats.norm(np.log(150), 0.45)
    below, above = cut.cdf(np.log([60, 500]))
    p_value = stats.kstest(np.log(fast), lambda x: (cut.cdf(x) - below) / (above - below)).pvalue
    assert p_value > 0.01


def test_doubling_times_follow_the_label(seen):
    fast, slow = (seen.doubling_time_days[seen.malignant == label] for label in (1, 0))
    assert np.median(fast) < 250 < 800 < np.median(slow)


def test_a_larger_draw_begins_with_the_smaller_one():
    large, small = (visits(n, seed=8, times_days=[0]) for n in (258, 5))
    np.testing.assert_array_equal(large.images_hu[:5], small.images_hu)
    np.testing.assert_array_equal(large.doubling_time_days[:5], small.doubling_time_days)
    assert not np.array_equal(large.doubling_time_days[256:], large.doubling_time_days[:2])


def test_a_further_visit_leaves_the_earlier_ones():
    shorter, longer = (visits(6, seed=9, times_days=times) for times in ([0, 60], [0, 60, 150, 200]))
    np.testing.assert_array_equal(longer.images_hu[:, :2], shorter.images_hu)


def test_each_patient_may_come_at_times_of_their_own():
    times = np.array([[0.0, 30.0], [0.0, 100.0], [0.0, 170.5]])
    own, same = visits(3, seed=10, times_days=times), visits(3, seed=10, times_days=[0, 100])
    np.testing.assert_array_equal(own.times_days, times)
    np.testing.assert_array_equal(own.images_hu[1], same.images_hu[1])
    assert own.diameter_mm[0, 1] < same.diameter_mm[0, 1]


def test_the_central_slice_of_a_volume_is_the_slice_drawn_alone():
    alone, volume = (visits(3, seed=11, volumes=volumes) for volumes in (False, True))
    np.testing.assert_array_equal(volume.images_hu[:, :, 12], alone.images_hu)
    np.testing.assert_array_equal(volume.masks[:, :, 12], alone.masks)


@pytest.mark.slow
def test_another_process_makes_the_same_bytes(printed_elsewhere):
    code = (
        "from test_phantoms_followup import digest; from medlab.data.phantoms import visits;"
        "print(digest(visits(9, seed=12)))"
    )
    printed = printed_elsewhere(code)
    assert printed == digest(visits(9, seed=12))
    assert printed != digest(visits(9, seed=13))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must lie between 1 and infinity, got 0"),
        ({"n": 3, "seed": -1}, "seed must lie between 0 and infinity, got -1"),
        ({"n": 3, "site": "C"}, "site must be one of: A, B; got 'C'"),
        ({"n": 3, "diameter_mm": (6, 26)}, "diameter_mm must lie between 4 and 25, got 26"),
        ({"n": 3, "times_days": [30, 60]}, r"times_days must rise from 0.*got \[30, 60\]\. Count days"),
        ({"n": 3, "times_days": [0, 60, 60]}, "times_days must rise from 0"),
        ({"n": 3, "times_days": [0, np.nan]}, "times_days must hold finite numbers"),
        ({"n": 3, "times_days": []}, r"times_days must have shape \(T,\) or \(3, T\).*got \(0,\)"),
        ({"n": 3, "times_days": np.zeros((2, 1))}, r"shape \(T,\) or \(3, T\), one row.*got \(2, 1\)"),
        (
            # 12 mm doubling in 60 days: 12 * 2^(365 / 180) = 48.9; 180 log2(30 / 12) = 238
            {"n": 3, "times_days": [0, 365]},
            r"of 12 mm may grow to 48\.9 mm in 365 days, and at most 30 mm fits.*times_days up to 238",
        ),
    ],
)
def test_refuses_bad_arguments_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        visits(**options)


@pytest.mark.parametrize("days", [0.0, -100.0])
def test_refuses_a_doubling_time_that_is_none(days):
    with pytest.raises(ValueError, match=rf"doubling_time_days must be positive, got {days}.*20000 days"):
        grown_diameter(6.0, 10.0, days)
