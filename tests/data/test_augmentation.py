"""Augmentation: known maps by hand, then invariants, then refusals."""

import numpy as np
import pytest

from medlab.data import Dataset, Split
from medlab.data.augmentation import Augmentation, augment


def replayed(image, **changes):
    """Augment one image with drawn numbers that are all neutral but for `changes`."""
    neutral = {
        "quarters": 0,
        "angle_deg": 0.0,
        "scale": 1.0,
        "shift_x": 0.0,
        "shift_y": 0.0,
        "flip_x": 1,
        "flip_y": 1,
        "contrast": 1.0,
        "brightness": 0.0,
        "noise": 0.0,
        "noise_seed": 0,
    }
    parameters = {name: np.array([value]) for name, value in {**neutral, **changes}.items()}
    return augment(image[np.newaxis], Augmentation(), parameters=parameters)[0][0]


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (7, 9, 1)).astype(np.uint8)


def test_neutral_numbers_leave_the_image_as_it_is(image):
    np.testing.assert_array_equal(replayed(image), image)


def test_a_left_right_flip_mirrors_the_columns_only(image):
    np.testing.assert_allclose(replayed(image, flip_x=-1), image[:, ::-1])


def test_an_up_down_flip_mirrors_the_rows_only(image):
    np.testing.assert_allclose(replayed(image, flip_y=-1), image[::-1])


def test_a_positive_angle_turns_counterclockwise_as_seen(rng):
    square = rng.integers(0, 256, (7, 7, 1)).astype(np.uint8)
    np.testing.assert_allclose(replayed(square, angle_deg=90.0), np.rot90(square), atol=1)


def test_quarter_turns_are_exact_and_keep_the_shape(rng, image):
    square = rng.integers(0, 256, (7, 7, 1)).astype(np.uint8)
    np.testing.assert_array_equal(replayed(square, quarters=1), np.rot90(square))
    np.testing.assert_array_equal(replayed(image, quarters=3), image[::-1, ::-1])


def test_a_shift_moves_by_its_part_of_the_side(image):
    moved = replayed(image, shift_x=2 / 9)
    np.testing.assert_allclose(moved[:, 2:], image[:, :-2], atol=1)


def test_contrast_stretches_around_the_mean_and_brightness_shifts_by_deviations():
    image = np.array([[[10.0], [30.0]]], dtype=np.float32)  # mean 20, standard deviation 10
    assert replayed(image, contrast=2.0).ravel().tolist() == [0.0, 40.0]
    assert replayed(image, brightness=0.5).ravel().tolist() == [15.0, 35.0]


def test_noise_has_the_drawn_standard_deviation():
    image = np.tile(np.float32([[0.0], [2.0]]), (100, 51, 1))[:, :, :]  # standard deviation 1
    noise = replayed(image, noise=0.3) - image
    assert noise.std() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("shape", [(5, 12, 10, 1), (5, 12, 10, 3), (3, 4, 12, 10, 1)])
def test_drawn_numbers_replay_the_same_images(rng, shape):
    images = rng.integers(0, 256, shape).astype(np.uint8)
    settings = Augmentation(True, 40, 0.2, 0.1, 0.1, ("left-right", "up-down"), 0.2, 0.2, 0.1)
    first, drawn = augment(images, settings, np.random.default_rng(3))
    again, _ = augment(images, settings, parameters=drawn)
    assert first.shape == images.shape
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, images)


def test_all_slices_of_a_volume_move_alike(rng):
    volume = np.tile(rng.integers(0, 256, (1, 1, 12, 10, 1)).astype(np.uint8), (1, 4, 1, 1, 1))
    changed, _ = augment(volume, Augmentation(rotation_deg=30, zoom=0.2), np.random.default_rng(0))
    for number in range(1, 4):
        np.testing.assert_array_equal(changed[0, number], changed[0, 0])


def test_only_the_allowed_flips_are_drawn():
    drawn = Augmentation(flips=("up-down",)).draw(200, np.random.default_rng(0))
    assert set(drawn["flip_x"]) == {1}
    assert set(drawn["flip_y"]) == {-1, 1}


def test_a_crop_only_enlarges():
    drawn = Augmentation(crop=0.3).draw(200, np.random.default_rng(0))
    assert drawn["scale"].min() >= 1
    assert drawn["scale"].max() <= 1 / 0.7


def test_a_crop_reaches_the_corners_of_the_image():
    drawn = Augmentation(crop=0.5).draw(5000, np.random.default_rng(0))
    free = (drawn["scale"] - 1) / 2  # as a part of the side: the enlarged image's overhang
    for shift in (drawn["shift_x"], drawn["shift_y"]):
        assert (np.abs(shift) <= free + 1e-12).all()
        assert (np.abs(shift) / free).max() > 0.99


def sample(rng, **facts):
    split = Split(rng.integers(0, 256, (4, 12, 10, 1)).astype(np.uint8), np.array([0, 1, 0, 1]))
    return Dataset("tiny", split, split, split, "binary", ("a", "b"), 1, **facts)


def test_what_carries_meaning_is_left_alone(rng):
    photograph = Augmentation.for_dataset(sample(rng, rotation_deg=10.0))
    assert (photograph.quarter_turns, photograph.rotation_deg, photograph.flips) == (False, 10.0, ())
    assert photograph.zoom > 0
    assert photograph.contrast > 0
    ct = Augmentation.for_dataset(
        sample(rng, rotation_deg=180.0, spacing_mm=(0.7, 0.8), window_hu=(-400.0, 1400.0), flips=("up-down",))
    )
    assert (ct.quarter_turns, ct.rotation_deg, ct.flips) == (True, 0.0, ("up-down",))
    assert (ct.zoom, ct.contrast, ct.brightness) == (0.0, 0.0, 0.0)


def test_refuses_generator_and_parameters_together(image):
    with pytest.raises(ValueError, match=r"either rng .* or parameters"):
        augment(image[np.newaxis], Augmentation())


def test_refuses_an_unknown_flip_and_too_large_a_rotation():
    with pytest.raises(ValueError, match=r"flips must be one of: left-right, up-down; got 'left'"):
        Augmentation(flips=("left",))
    with pytest.raises(ValueError, match=r"rotation_deg must lie between 0 and 180, got 200"):
        Augmentation(rotation_deg=200)


def test_sequences_are_changed_in_value_and_never_turned(rng):
    sequences = rng.normal(size=(3, 7, 2)).astype(np.float32)
    same, _ = augment(sequences, Augmentation(), rng)
    np.testing.assert_array_equal(same, sequences)
    noisy, drawn = augment(sequences, Augmentation(noise=0.5, brightness=0.2), rng)
    assert noisy.shape == sequences.shape
    assert not np.allclose(noisy, sequences)
    again, _ = augment(sequences, Augmentation(), parameters=drawn)
    np.testing.assert_array_equal(again, noisy)
    with pytest.raises(ValueError, match=r"sequences \(N, T, F\) cannot be turned or moved.*angle_deg"):
        augment(sequences, Augmentation(rotation_deg=10), rng)


def test_what_suits_a_data_set_raises_no_concern_and_its_opposite_does(rng):
    facts = {
        "rotation_deg": 180.0,
        "spacing_mm": (0.7, 0.8),
        "window_hu": (-400.0, 1400.0),
        "flips": ("up-down",),
    }
    ct, photograph = sample(rng, **facts), sample(rng, rotation_deg=10.0)
    for dataset in (ct, photograph):
        assert Augmentation.for_dataset(dataset).concerns(dataset) == []
        assert Augmentation(noise=0.5).concerns(dataset) == []
    strong = Augmentation(True, 20, 0.1, 0.1, 0.1, ("up-down", "left-right"), 0.1, 0.1)
    named = [sentence.split(":")[0] for sentence in strong.concerns(ct)]
    assert named == ["Rotation", "Zoom", "Crop", "Translation", "Flips", "Contrast", "Brightness"]
    assert "Zoom: size in mm carries meaning here." in strong.concerns(ct)
    named = [sentence.split(":")[0] for sentence in strong.concerns(photograph)]
    assert named == ["Quarter turns", "Rotation", "Flips"]


def test_masks_move_like_their_images_and_keep_their_numbers(rng):
    masks = np.zeros((4, 5, 12, 14, 1), np.uint8)
    masks[:, 1:4, 3:8, 2:9] = 2
    masks[:, 2, 4:6, 4:7] = 1
    changes = Augmentation(rotation_deg=20, zoom=0.2, translation=0.1, flips=("left-right",), contrast=0.5)
    _, drawn = augment(masks * 100, changes, rng)
    moved, _ = augment(masks, changes, parameters=drawn, masks=True)
    assert set(np.unique(moved)) == {0, 1, 2}
    # Where a linear warp of one class stays whole, the nearest neighbor has it, too.
    whole, _ = augment(
        (masks == 2).astype(np.float32), Augmentation(), parameters={**drawn, "contrast": np.ones(4)}
    )
    assert (moved[whole > 0.99] == 2).all()
    assert (whole > 0.99).sum() > 100


def test_masks_of_calibrated_data_are_zoomed_although_its_size_is_known(rng):
    images = rng.integers(0, 256, (2, 8, 9, 1)).astype(np.uint8)
    split = Split(images, (images[..., 0] > 9).astype(np.uint8))
    dataset = Dataset("m", split, split, split, "segmentation", ("a", "b"), spacing_mm=(0.8, 0.7))
    assert Augmentation.for_dataset(dataset).zoom == 0.1
