import numpy as np
import pytest

from medlab.data import phantoms
from medlab.data.phantoms import crops, findings
from medlab.data.volumes import Volume
from medlab.evaluation import lesions

CT_MM = (1.5, 0.75, 0.75)
THICK_MM = (3.0, 0.8, 0.7)


def ellipsoid(radii_mm, spacing_mm=CT_MM, shift=(0.2, -0.3, 0.1), turn=0.0):
    """Return the voxels whose centers lie in an ellipsoid, turned in its plane, off the grid by `shift`."""
    sides = [int(2 * max(radii_mm) / step) + 9 + i for i, step in enumerate(spacing_mm)]
    axes = [
        (np.arange(n) - (n - 1) / 2 + off) * step
        for n, off, step in zip(sides, shift, spacing_mm, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    y, x = np.cos(turn) * y + np.sin(turn) * x, np.cos(turn) * x - np.sin(turn) * y
    square = sum((part / radius) ** 2 for part, radius in zip((z, y, x), radii_mm, strict=True))
    return Volume(square <= 1, spacing_mm)


def test_a_box_has_the_size_counted_by_hand():
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[2:4, 1:6, 2:8] = 1
    lesion = lesions.measure_lesion(Volume(mask, THICK_MM))
    assert lesion.volume_ml == pytest.approx(2 * 5 * 6 * 3.0 * 0.8 * 0.7 / 1000)
    # The diagonal of 4.0 x 4.2 mm, less what smoothing takes from its corners.
    assert 0.85 * np.hypot(4.0, 4.2) < lesion.long_axis_mm < np.hypot(4.0, 4.2)
    assert lesion.diameter_mm == (lesion.long_axis_mm + lesion.short_axis_mm) / 2
    assert not lesion.touches_border
    assert np.isnan(lesion.mean_hu)


def test_the_outline_of_one_voxel_has_the_diagonals_of_a_diamond():
    mask = np.zeros((3, 5, 6), bool)
    mask[1, 2, 3] = True
    lesion = lesions.measure_lesion(Volume(mask, THICK_MM))
    # Halfway to the neighbors: 0.8 mm high, 0.7 mm wide.
    assert (lesion.long_axis_mm, lesion.short_axis_mm) == pytest.approx((0.8, 0.7))
    assert np.isnan(lesion.sphericity)  # too few voxels to have a shape


@pytest.mark.parametrize("spacing_mm", [CT_MM, THICK_MM, (1.0, 0.6, 0.6)])
@pytest.mark.parametrize("radii_mm", [(4, 4, 4), (6, 6, 6), (5, 8, 10), (10, 10, 10), (6, 5, 7), (12, 6, 6)])
def test_ellipsoids_above_8_mm_have_their_volume_within_5_and_their_axes_within_3_percent(
    radii_mm, spacing_mm
):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(11):
        body = ellipsoid(radii_mm, spacing_mm, rng.uniform(-0.5, 0.5, 3), rng.uniform(0, np.pi))
        lesion = lesions.measure_lesion(body)
        found.append([lesion.volume_ml, lesion.diameter_mm, lesion.long_axis_mm, lesion.short_axis_mm])
    short_mm, long_mm = sorted(2 * np.array(radii_mm[1:]))
    truth = [4 / 3000 * np.pi * np.prod(radii_mm), (long_mm + short_mm) / 2, long_mm, short_mm]
    error = np.median(np.abs(found / np.array(truth) - 1), axis=0)
    assert error[0] < 0.05
    assert error[1] < 0.03
    assert np.all(error[2:] < 0.04)


@pytest.mark.slow
def test_simulated_nodules_above_8_mm_are_measured_as_they_were_drawn():
    n = 40
    nodules = phantoms.candidates(n, volumes=True, n_slices=24, seed=5, diameter_mm=(8.0, 20.0))
    (chunk,) = crops.draw_chunks(n, (5,), "nodule", diameter_mm=(8.0, 20.0))
    center = findings.in_slices(chunk.people, chunk.shapes, chunk.is_nodule, np.zeros(1))
    outline = findings._outlines(center)  # radius by angle
    angle = findings._ANGLES
    area_mm2 = (outline**2).sum(axis=1) * np.pi / len(angle)
    volume_ml = area_mm2 * 4 / 3 * center["half_height_mm"] / 1000
    points = outline[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    few = points[:, ::4]
    long_mm = np.linalg.norm(few[:, :, None] - few[:, None], axis=-1).max(axis=(1, 2))

    measured = [lesions.measure_lesion(Volume(mask, nodules.spacing_mm)) for mask in nodules.masks]
    volume_error = np.array([lesion.volume_ml for lesion in measured]) / volume_ml - 1
    long_error = np.array([lesion.long_axis_mm for lesion in measured]) / long_mm - 1
    mean_error = np.array([lesion.diameter_mm for lesion in measured]) / nodules.attributes["diameter_mm"] - 1
    assert np.median(np.abs(volume_error)) < 0.05
    assert np.median(np.abs(long_error)) < 0.03
    assert np.median(np.abs(mean_error)) < 0.03
    assert abs(np.median(volume_error)) < 0.02


def test_density_is_that_of_the_image_within_the_mask():
    mask = np.zeros((7, 8, 9), bool)
    mask[3, 2:4, 2:7] = True
    image = np.full(mask.shape, -850.0)
    image[mask] = np.arange(10) * 10
    image[0, 0, 0] = np.nan  # outside of the lesion, where nobody asks
    lesion = lesions.measure_lesion(Volume(mask, THICK_MM), Volume(image, THICK_MM, units="HU"))
    assert lesion.mean_hu == 45.0


def test_the_short_axis_is_the_longest_line_at_a_right_angle_to_the_long_one():
    # A parallelogram: wider between two parallel jaws than along any line across it.
    y, x = np.mgrid[:60, :120]
    plane = (np.abs(y - 30) < 10) & (np.abs(x - 60 - 1.5 * (y - 30)) < 25)
    lesion = lesions.measure_lesion(Volume(plane[np.newaxis], (1.0, 0.5, 0.5)))
    corners = 0.5 * np.array(
        [[9.5, 14.25 + 24.5], [9.5, 14.25 - 24.5], [-9.5, -14.25 - 24.5], [-9.5, -14.25 + 24.5]]
    )
    long_mm = np.linalg.norm(corners[0] - corners[2])
    along = (corners[0] - corners[2]) / long_mm
    jaws_mm = np.ptp(corners @ (-along[1], along[0]))
    assert lesion.long_axis_mm == pytest.approx(long_mm, rel=0.04)
    assert lesion.short_axis_mm < 0.85 * jaws_mm


def test_a_ball_is_round_and_what_is_long_or_flat_is_less_so():
    ball, egg, pancake = (
        lesions.measure_lesion(ellipsoid(radii, CT_MM)).sphericity
        for radii in [(8, 8, 8), (8, 8, 16), (4, 16, 16)]
    )
    assert 0.97 < ball <= 1
    # From the closed formulas of prolate and oblate ellipsoids, 2 pi a^2 (1 + c / (a e) asin e) and
    # 2 pi a^2 (1 + (1 - e^2) / e atanh e), beside a ball of radius 10.08 mm.
    assert egg == pytest.approx(0.929, abs=0.02)
    assert pancake == pytest.approx(0.700, abs=0.02)


def as_numbers(lesion):
    return np.hstack([np.ravel(value) for value in vars(lesion).values()])[:-1].astype(float)


BODY = ellipsoid((5, 4, 7), turn=0.5)


def test_neither_place_nor_mirroring_matters():
    expected = as_numbers(lesions.measure_lesion(BODY))
    moved = Volume(np.pad(BODY.array, [(1, 5), (3, 0), (0, 2)]), CT_MM)
    np.testing.assert_allclose(as_numbers(lesions.measure_lesion(moved)), expected, rtol=1e-9)
    mirrored = Volume(BODY.array[::-1, ::-1, ::-1], CT_MM)
    np.testing.assert_allclose(as_numbers(lesions.measure_lesion(mirrored)), expected, rtol=1e-3)


def test_twice_the_spacing_is_twice_the_length_and_eight_times_the_volume():
    one = lesions.measure_lesion(BODY)
    two = lesions.measure_lesion(Volume(BODY.array, tuple(2 * np.array(CT_MM))))
    factors = [8, 2, 2, 2, 1, 1]
    np.testing.assert_allclose(as_numbers(two), as_numbers(one) * factors, rtol=1e-5)


def test_the_axial_plane_is_the_patients_in_whatever_order_the_axes_are_stored():
    expected = lesions.measure_lesion(BODY)
    axial = np.eye(3)[:, ::-1]
    for axes in [(2, 0, 1), (1, 2, 0)]:
        spacing_mm = tuple(CT_MM[axis] for axis in axes)
        turned = Volume(BODY.array.transpose(axes), spacing_mm, direction=axial[:, axes])
        lesion = lesions.measure_lesion(turned)
        assert lesion.long_axis_mm == pytest.approx(expected.long_axis_mm)
        assert lesion.short_axis_mm == pytest.approx(expected.short_axis_mm)
        assert lesion.sphericity == pytest.approx(expected.sphericity, rel=1e-3)


def test_a_lesion_at_the_edge_of_the_volume_is_measured_and_told():
    part = Volume(BODY.array[:, :, BODY.shape[2] // 2 :], CT_MM)
    lesion = lesions.measure_lesion(part)
    assert lesion.touches_border
    assert lesion.volume_ml == pytest.approx(lesions.measure_lesion(BODY).volume_ml / 2, rel=0.1)


def test_the_largest_part_is_kept_and_the_rest_counted():
    mask = np.zeros((7, 8, 9), np.int16)
    mask[1:3, 1:3, 1:3] = mask[3, 3, 3] = mask[6, 7, 8] = 1  # the second touches the first at a corner
    kept = lesions.largest_component(Volume(mask, THICK_MM, notes=("Drawn by hand.",)))
    assert kept.array.sum() == 9
    assert kept.notes == ("Drawn by hand.", "The largest of 2 parts is kept: 9 of 10 voxels.")
    assert lesions.largest_component(kept).notes == kept.notes
    assert lesions.measure_lesion(kept).volume_ml == pytest.approx(9 * 3.0 * 0.8 * 0.7 / 1000)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((2, 3, 4)), "mask must hold a lesion, got none among 24 voxels"),
        (np.full((2, 3, 4), 2), "mask must hold 0 and 1 only, got 2. Choose one label"),
        (np.full((2, 3, 4), 0.5), "mask must hold 0 and 1 only, got 0.5"),
        (np.full((2, 3, 4), np.nan), "mask must hold finite numbers, got 24 NaN"),
        (np.arange(24).reshape(2, 3, 4) % 4 == 0, None),
        (np.arange(5).reshape(1, 1, 5) % 2 == 0, "mask must be one connected part, got 3"),
    ],
)
def test_refuses_what_is_no_lesion(mask, message):
    if message is None:
        assert lesions.measure_lesion(Volume(mask, THICK_MM)).volume_ml > 0
        return
    with pytest.raises(ValueError, match=message):
        lesions.measure_lesion(Volume(mask, THICK_MM))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            Volume(np.zeros((2, 3, 5)), THICK_MM, units="HU"),
            "and mask must lie on one grid, got shapes",
        ),
        (Volume(np.zeros((2, 3, 4)), CT_MM, units="HU"), "and mask must lie on one grid, got corners"),
        (Volume(np.zeros((2, 3, 4)), THICK_MM), "image must be in HU, got 'as stored'"),
        (Volume(np.full((2, 3, 4), np.nan), THICK_MM, units="HU"), "image within the mask must hold finite"),
    ],
)
def test_refuses_an_image_that_does_not_belong_to_the_mask(image, message):
    with pytest.raises(ValueError, match=message):
        lesions.measure_lesion(Volume(np.ones((2, 3, 4)), THICK_MM), image)


def test_doubling_times_are_those_computed_by_hand():
    times = lesions.doubling_time_days([1.0, 1.0, 1.0, 1.0, 1.0], [2.0, 4.0, 1.0, 0.5, 2**0.25], 100)
    assert times.tolist() == pytest.approx([100, 50, np.inf, np.inf, 400])


@pytest.mark.slow
def test_simulated_nodules_have_the_doubling_time_that_they_were_drawn_with():
    visits = phantoms.visits(30, times_days=(0, 180), volumes=True, seed=2, diameter_mm=(8.0, 12.0))
    fast = visits.doubling_time_days < 400
    first, second = (
        [lesions.measure_lesion(Volume(mask, visits.spacing_mm)) for mask in visits.masks[fast, visit]]
        for visit in (0, 1)
    )
    changes = [lesions.growth(*pair, 180) for pair in zip(first, second, strict=True)]
    measured = np.array([change.doubling_time_days for change in changes])
    assert fast.sum() >= 6
    assert np.median(np.abs(measured / visits.doubling_time_days[fast] - 1)) < 0.1
    expected_mm = np.diff(visits.diameter_mm[fast], axis=1).ravel()
    assert np.median(np.abs([change.diameter_change_mm for change in changes] - expected_mm)) < 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0.0], 90), "second_ml must be positive, got 0. A lesion that is gone"),
        (([-1.0], [1.0], 90), "first_ml must be positive, got -1"),
        (([1.0], [1.0], 0), "days must be positive, got 0"),
        (([1.0], [np.nan], 90), "second_ml must hold finite"),
    ],
)
def test_refuses_a_doubling_time_without_volumes_or_time(arguments, message):
    with pytest.raises(ValueError, match=message):
        lesions.doubling_time_days(*arguments)
