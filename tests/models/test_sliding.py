"""Windows that slide over an image, and the largest parts of a mask: by hand, no network needed."""

import numpy as np
import pytest

from medlab.models import largest_component, slide


def twice(windows):
    return np.concatenate([windows, 2 * windows], axis=-1)


def test_an_answer_that_depends_on_the_pixel_alone_is_that_of_the_whole_image(rng):
    image = rng.random((7, 18, 9, 1)).astype(np.float32)
    np.testing.assert_allclose(slide(twice, image, (4, 8, 8)), twice(image), rtol=1e-5)


def test_where_the_image_fits_the_patch_there_is_one_window(rng):
    image = rng.random((7, 8, 1)).astype(np.float32)
    seen = []

    def predict(windows):
        seen.append(windows.shape)
        return windows**2

    np.testing.assert_allclose(slide(predict, image, (7, 8)), image**2, rtol=1e-5)
    assert seen == [(1, 7, 8, 1)]


def test_the_middle_of_a_window_counts_most():
    answers = iter([np.zeros((4, 1)), np.ones((4, 1))])
    both = slide(lambda _: np.stack([next(answers), next(answers)]), np.zeros((6, 1)), (4,))
    # Windows begin at 0 and 2. The Gaussian has standard deviation 0.5: weights exp(-4.5), exp(-0.5), twice.
    near, far = np.exp(-0.5), np.exp(-4.5)
    expected = [0, 0, far / (far + near), near / (far + near), 1, 1]
    np.testing.assert_allclose(both[:, 0], expected, rtol=1e-4)


def test_windows_cover_every_pixel_with_the_overlap_asked_for():
    image = np.zeros((23, 1))
    counted = []
    slide(lambda windows: counted.append(len(windows)) or windows, image, (8,), overlap=0.5)
    assert sum(counted) == 5  # 15 pixels further in steps of 4 at most


def test_an_overlap_of_one_is_refused():
    with pytest.raises(ValueError, match=r"overlap must lie between 0 and 0.9, got 1"):
        slide(twice, np.zeros((8, 8, 1)), (4, 4), overlap=1)


def test_the_largest_part_of_each_class_stays():
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[0:2, 0:2, 0:2] = 1  # 8 voxels
    mask[4:6, 4:6, 4:7] = 1  # 12 voxels
    mask[6, 7, 7:9] = 2
    kept = largest_component(mask)
    assert [(kept == number).sum() for number in (1, 2)] == [12, 2]


def test_corners_join_unless_only_faces_do():
    mask = np.eye(3, dtype=np.uint8)
    assert largest_component(mask).sum() == 3
    assert largest_component(mask, 1).sum() == 1


def test_an_empty_mask_stays_empty():
    assert not largest_component(np.zeros((7, 8), int)).any()
