import numpy as np
import pytest

from medlab.data import Dataset, Split, center_crop


def dataset_of(images):
    mask = np.zeros(images.shape[:3], dtype=bool)
    split = Split(images, np.array([0, 1]), attributes={"mask": mask, "diameter_mm": np.array([6.0, 9.0])})
    return Dataset("made up", split, split, split, "binary", ("no", "yes"), positive_class=1)


def test_the_middle_stays():
    images = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8, 1)
    whole = dataset_of(images)
    cropped = center_crop(whole, 2)
    # rows 2 and 3 of 6, columns 3 and 4 of 8
    assert cropped.train.images[0, ..., 0].tolist() == [[19, 20], [27, 28]]
    assert cropped.image_shape == (2, 2, 1)
    assert list(cropped.test.attributes) == ["diameter_mm"]
    assert cropped.fingerprint != whole.fingerprint
    assert whole.image_shape == (6, 8, 1)


def test_every_slice_of_a_volume_is_cut():
    images = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5, 1)
    split = Split(images, np.array([0, 1]))
    cropped = center_crop(Dataset("v", split, split, split, "binary", ("no", "yes"), positive_class=1), 3)
    np.testing.assert_array_equal(cropped.val.images, images[:, :, 0:3, 1:4])


def test_refuses_more_than_there_is():
    with pytest.raises(ValueError, match="side must lie between 1 and 6, got 7"):
        center_crop(dataset_of(np.zeros((2, 6, 8, 1), dtype=np.uint8)), 7)
