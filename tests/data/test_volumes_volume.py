import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from medlab.data.volumes import Volume, check_same_grid, resample


@pytest.fixture
def volume(dicom):
    return Volume(dicom.array, dicom.spacing, dicom.origin, dicom.direction, "CT", "HU")


def ramp(volume, gradient=(2.0, -3.0, 5.0), offset=7.0):
    """Return the same grid with values that are linear in the patient's coordinates."""
    points = volume.to_world(np.moveaxis(np.indices(volume.shape), 0, -1))
    values = (points @ gradient + offset).astype(np.float32)
    return Volume(values, volume.spacing_mm, volume.origin_mm, volume.direction, "MR")


def test_voxel_1_2_3_lies_where_three_steps_by_hand_lead(volume):
    # (10, 20, 30) + 3 (-1, -2, 2)/3 + 1.6 (-2, 2, 1)/3 + 2.1 (2, 1, 2)/3
    expected = [10 - 1 - 3.2 / 3 + 1.4, 20 - 2 + 3.2 / 3 + 0.7, 30 + 2 + 1.6 / 3 + 1.4]
    np.testing.assert_allclose(volume.to_world((1, 2, 3)), expected)
    np.testing.assert_allclose(volume.to_index(expected), [1, 2, 3])


def test_without_a_direction_x_is_left_y_back_and_z_head():
    volume = Volume(np.zeros((7, 8, 9)), (3.0, 0.8, 0.7))
    np.testing.assert_allclose(
        volume.to_world([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), np.diag([0.7, 0.8, 3])[::-1]
    )


def test_size_is_shape_times_spacing(volume):
    assert volume.shape == (7, 8, 9)
    assert volume.size_mm == pytest.approx((21.0, 6.4, 6.3))


def test_indices_come_back_from_the_world(volume, rng):
    index = rng.uniform(-5, 15, (4, 6, 3))
    np.testing.assert_allclose(volume.to_index(volume.to_world(index)), index, atol=1e-12)


def test_simpleitk_agrees_on_every_voxel_and_place(volume, rng):
    image = volume.to_sitk()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.array)
    for index in rng.integers(0, 7, (5, 3)).tolist():
        expected = image.TransformIndexToPhysicalPoint(index[::-1])
        np.testing.assert_allclose(volume.to_world(index), expected, atol=1e-9)


def test_repr_is_one_line_of_technical_facts(volume):
    assert repr(volume) == "Volume(CT, 7 x 8 x 9 int16 in HU, spacing 3 x 0.8 x 0.7 mm)"


def test_resampling_by_hand_averages_neighbors_between_them():
    line = Volume(np.arange(8, dtype=np.int16).reshape(1, 1, 8), (5.0, 1.0, 1.0))
    half = resample(line, (5.0, 1.0, 2.0))
    assert half.array.tolist() == [[[0.5, 2.5, 4.5, 6.5]]]
    assert half.origin_mm == (0.5, 0, 0)
    assert half.size_mm == line.size_mm
    assert half.notes == ("Resampled from 5 x 1 x 1 mm to 5 x 1 x 2 mm (linear).",)


@pytest.mark.parametrize("interpolation", ["linear", "nearest", "bspline"])
def test_resampling_to_the_same_grid_is_the_identity(volume, interpolation):
    for same in (
        resample(volume, volume.spacing_mm, interpolation=interpolation),
        resample(volume, like=volume, interpolation=interpolation),
    ):
        np.testing.assert_allclose(same.array, volume.array, atol=0.01)
        np.testing.assert_allclose(same.origin_mm, volume.origin_mm)
        assert same.array.dtype == (np.int16 if interpolation == "nearest" else np.float32)


@pytest.mark.parametrize("spacing_mm", [1.0, (2.0, 1.1, 0.5), (6.0, 0.4, 1.4)])
def test_what_is_linear_in_the_world_stays_so_on_any_grid(volume, spacing_mm):
    before = ramp(volume)
    after = resample(before, spacing_mm)
    np.testing.assert_allclose(after.spacing_mm, np.broadcast_to(spacing_mm, 3))
    inside = before.to_index(after.to_world(np.moveaxis(np.indices(after.shape), 0, -1)))
    inside = np.all((inside >= 0) & (inside <= np.array(before.shape) - 1), axis=-1)
    assert inside.sum() > 20
    np.testing.assert_allclose(after.array[inside], ramp(after).array[inside], atol=1e-3)


@pytest.mark.parametrize("spacing_mm", [0.9, 1.0, 2.5, 100.0])
def test_a_new_spacing_keeps_the_center_and_adds_no_background(volume, spacing_mm):
    ones = Volume(np.ones((7, 8, 9), np.float32), volume.spacing_mm, volume.origin_mm, volume.direction)
    after = resample(ones, spacing_mm)
    centers = [v.to_world((np.array(v.shape) - 1) / 2) for v in (ones, after)]
    np.testing.assert_allclose(*centers)
    assert np.all(after.array == 1)
    assert np.all(np.abs(np.subtract(after.size_mm, ones.size_mm)) <= np.maximum(spacing_mm, 1e-9))


@pytest.mark.parametrize(("units", "expected"), [("HU", -1000), ("as stored", 0)])
def test_outside_of_the_volume_lies_air_or_nothing(volume, units, expected):
    small = Volume(
        volume.array[2:4, 2:4, 2:4] * 0 + 40,
        volume.spacing_mm,
        volume.to_world((2, 2, 2)),
        volume.direction,
        "CT",
        units,
    )
    large = resample(small, like=volume)
    assert large.shape == volume.shape
    np.testing.assert_allclose(large.array[2:4, 2:4, 2:4], 40)
    assert large.array[0, 0, 0] == expected
    assert (large.array == expected).sum() == 7 * 8 * 9 - 8


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32, np.int64])
def test_nearest_keeps_labels_and_their_type(volume, dtype):
    labels = Volume((volume.array > 0).astype(dtype), volume.spacing_mm, volume.origin_mm, volume.direction)
    after = resample(labels, 0.5, interpolation="nearest")
    assert after.array.dtype == dtype
    assert set(np.unique(after.array)) == {0, 1}


def test_nothing_heavy_is_loaded_before_it_is_used():
    code = "import sys, medlab, medlab.data, medlab.data.volumes; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"SimpleITK", "pydicom", "nibabel"} & set(loaded.split()) == set()


@pytest.mark.parametrize("array", [np.zeros((8, 9)), np.zeros((0, 8, 9)), np.zeros((7, 8, 9), complex)])
def test_refuses_an_array_that_is_no_volume(array):
    with pytest.raises(
        ValueError, match=r"array must hold numbers in shape \(Z, Y, X\).*array\[np.newaxis\]"
    ):
        Volume(array, (1, 1, 1))


def test_refuses_a_spacing_that_cannot_be():
    with pytest.raises(ValueError, match=r"spacing_mm must lie between .*, got 0\.0"):
        Volume(np.zeros((7, 8, 9)), (3.0, 0.8, 0))
    with pytest.raises(ValueError, match=r"spacing_mm must be 3 finite numbers in mm, got \[3\.0, 0\.8\]"):
        Volume(np.zeros((7, 8, 9)), (3.0, 0.8))


def test_refuses_a_sheared_direction():
    with pytest.raises(
        ValueError, match=r"unit vectors at right angles.*got \[\[1\.0, 0\.1.*resampled first"
    ):
        Volume(np.zeros((7, 8, 9)), (1, 1, 1), direction=[[1, 0.1, 0], [0, 1, 0], [0, 0, 1]])


def test_refuses_points_that_are_none(volume):
    with pytest.raises(ValueError, match=r"index_zyx must have shape \(\.\.\., 3\), got \(2,\)"):
        volume.to_world((1, 2))


def test_refuses_to_guess_a_grid(volume):
    with pytest.raises(ValueError, match=r"Exactly one of spacing_mm and like must be given, got neither"):
        resample(volume)
    with pytest.raises(ValueError, match=r"Exactly one .* got both"):
        resample(volume, 1.0, like=volume)
    with pytest.raises(
        ValueError, match=r"interpolation must be one of: linear, nearest, bspline; got 'cubic'"
    ):
        resample(volume, 1.0, interpolation="cubic")
    with pytest.raises(ValueError, match=r"spacing_mm must lie between 0\.001 and 1000"):
        resample(volume, (1.0, 0.0, 1.0))


def test_refuses_volumes_that_lie_apart(volume):
    far = Volume(volume.array, volume.spacing_mm, (500.0, 0.0, 0.0), volume.direction)
    with pytest.raises(ValueError, match=r"volumes must overlap, got two that lie apart.*register"):
        resample(far, like=volume)


def test_refuses_to_interpolate_booleans(volume):
    mask = Volume(volume.array > 0, volume.spacing_mm)
    with pytest.raises(TypeError, match=r"interpolation of a mask must be 'nearest', got 'linear'"):
        resample(mask, 1.0)


def test_volumes_on_one_grid_pass_whatever_they_hold_and_however_headers_round(volume):
    origin = tuple(np.array(volume.origin_mm) + 1e-4)
    mask = Volume(volume.array > 0, volume.spacing_mm, origin, volume.direction)
    check_same_grid(image=volume, mask=mask, other=volume)


def test_refuses_a_mask_on_another_grid_until_it_is_resampled(volume):
    other = resample(Volume(np.ones((4, 5, 6)), (5.0, 1.2, 1.1), volume.origin_mm, volume.direction), 2.0)
    with pytest.raises(ValueError, match=r"image and mask must lie on one grid, got shapes .*resample\(mask"):
        check_same_grid(image=volume, mask=other)
    check_same_grid(image=volume, mask=resample(other, like=volume, interpolation="nearest"))
    moved = Volume(volume.array, volume.spacing_mm, tuple(np.add(volume.origin_mm, 0.4)), volume.direction)
    with pytest.raises(
        ValueError, match=r"one and two must lie on one grid, got corners up to 0\.7 mm apart"
    ):
        check_same_grid(one=volume, two=moved)
    turned = Volume(volume.array, volume.spacing_mm, volume.origin_mm, -volume.direction)
    with pytest.raises(ValueError, match="one and two must lie on one grid, got corners"):
        check_same_grid(one=volume, two=turned)
