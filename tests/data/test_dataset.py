"""The shape in which images come to a network."""

import numpy as np
import pytest

from medlab.data import Dataset, Split, center_crop
from medlab.data.dataset import fingerprint


def split(labels, **columns):
    labels = np.array(labels)
    images = np.arange(len(labels) * 20, dtype=np.uint8).reshape(len(labels), 4, 5, 1)
    return Split(images, labels, **columns)


def dataset(task="binary", positive_class=1, labels=(0, 1, 1), **facts):
    parts = [split(labels) for _ in range(3)]
    return Dataset("tiny", *parts, task, ("a", "b", "c"), positive_class, **facts)


def test_targets_are_one_where_the_label_is_the_positive_class():
    assert dataset().targets(split([0, 1, 1])).tolist() == [0.0, 1.0, 1.0]
    assert dataset(positive_class=0).targets(split([0, 1, 1])).tolist() == [1.0, 0.0, 0.0]


def test_targets_of_other_tasks_keep_their_labels():
    several = dataset("multiclass", None, (2, 0, 1))
    assert several.targets(several.train).tolist() == [2, 0, 1]
    assert several.targets(several.train).dtype == np.int64
    amount = dataset("regression", None, (0.5, 1.5, 2.0))
    assert amount.targets(amount.train).dtype == np.float32


def test_a_subset_keeps_all_columns_together():
    whole = split(
        [0, 1, 0], patients=np.array(["p0", "p1", "p2"]), attributes={"diameter_mm": np.array([4, 5, 6])}
    )
    part = whole.subset([2, 0])
    assert part.labels.tolist() == [0, 0]
    assert part.patients.tolist() == ["p2", "p0"]
    assert part.attributes["diameter_mm"].tolist() == [6, 4]
    np.testing.assert_array_equal(part.images[0], whole.images[2])
    assert len(whole.subset(np.array([True, False, True]))) == 2


def test_the_fingerprint_follows_every_byte():
    first, second = dataset(), dataset()
    assert first.fingerprint == second.fingerprint == fingerprint(first.splits())
    changed = dataset(labels=(0, 1, 0))
    assert changed.fingerprint != first.fingerprint
    larger = first.with_train(split([0, 1, 0, 1]), "two more")
    assert larger.fingerprint != first.fingerprint
    assert larger.notes == ("two more",)


def test_images_without_a_channel_axis_are_refused():
    with pytest.raises(
        ValueError, match=r"shape \(N, H, W, C\).*got \(2, 4, 5\).*images\[\.\.\., np\.newaxis\]"
    ):
        Split(np.zeros((2, 4, 5)), np.zeros(2))
    with pytest.raises(ValueError, match=r"got \(2, 4, 5\).*Sequences \(N, T, F\) must be float32"):
        Split(np.zeros((2, 4, 5), np.uint8), np.zeros(2))


def test_sequences_are_float32_with_three_axes():
    sequences = Split(np.zeros((2, 4, 5), np.float32), np.array([0, 1]))
    assert Dataset("s", sequences, sequences, sequences, "binary", ("a", "b"), 1).image_shape == (4, 5)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"images 2, labels 2, size 3"):
        split([0, 1], attributes={"size": np.zeros(3)})


def test_a_binary_set_without_a_positive_class_is_refused():
    with pytest.raises(ValueError, match=r"positive_class of a binary data set must be 0 or 1, got None"):
        dataset(positive_class=None)


def test_a_data_set_prints_as_a_page_without_pixels_or_patients():
    part = Split(
        np.full((3, 4, 5, 1), 222, np.uint8),
        np.array([0, 1, 1]),
        np.array(["MILLER", "MILLER", "SMITH"]),
        {"diameter_mm": np.array([4.25, 5.25, 6.25])},
    )
    facts = {
        "spacing_mm": (0.8, 0.7),
        "notes": ("a", "b"),
        "modality": "CT",
        "license": "CC0",
        "source": "here",
    }
    whole = Dataset("tiny", part, part, part, "binary", ("benign", "malignant"), 1, **facts)
    assert repr(whole).splitlines() == [
        "Dataset tiny: binary, CT",
        "  shape       images 4 x 5 x 1 uint8",
        "  splits      train 3, val 3, test 3",
        "  classes     0 benign; 1 malignant (positive)",
        "  spacing     0.8 x 0.7 mm",
        "  source      here",
        "  license     CC0",
        "  notes       2 (see .notes)",
        f"  fingerprint {whole.fingerprint}",
    ]
    assert repr(part) == (
        "Split(3 images 4 x 5 x 1 uint8; labels int64; patients: 2; attributes: diameter_mm)"
    )


def test_many_classes_and_attributes_do_not_fill_the_screen():
    names = tuple(f"a class with a long name, number {number}" for number in range(100))
    columns = {f"column_{number}": np.zeros(3) for number in range(100)}
    part = Split(np.zeros((3, 4, 5), np.float32), np.array([0, 1, 2]), attributes=columns)
    page = repr(Dataset("tiny", part, part, part, "multiclass", names))
    assert "sequences 4 x 5 float32" in page
    assert len(page.splitlines()) <= 12
    assert max(map(len, page.splitlines())) <= 200
    assert len(repr(part)) <= 300
    assert "patients: unknown" in repr(part)


def with_masks(images):
    mask = np.zeros(images.shape[:3], dtype=bool)
    part = Split(images, np.array([0, 1]), attributes={"mask": mask, "diameter_mm": np.array([6.0, 9.0])})
    return Dataset("made up", part, part, part, "binary", ("no", "yes"), positive_class=1)


def test_a_center_crop_keeps_the_middle():
    images = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8, 1)
    whole = with_masks(images)
    cropped = center_crop(whole, 2)
    # rows 2 and 3 of 6, columns 3 and 4 of 8
    assert cropped.train.images[0, ..., 0].tolist() == [[19, 20], [27, 28]]
    assert cropped.image_shape == (2, 2, 1)
    assert list(cropped.test.attributes) == ["diameter_mm"]
    assert cropped.fingerprint != whole.fingerprint
    assert whole.image_shape == (6, 8, 1)


def test_a_center_crop_cuts_every_slice_of_a_volume():
    images = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5, 1)
    part = Split(images, np.array([0, 1]))
    cropped = center_crop(Dataset("v", part, part, part, "binary", ("no", "yes"), positive_class=1), 3)
    np.testing.assert_array_equal(cropped.val.images, images[:, :, 0:3, 1:4])


def test_a_center_crop_of_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match="side must lie between 1 and 6, got 7"):
        center_crop(with_masks(np.zeros((2, 6, 8, 1), dtype=np.uint8)), 7)
