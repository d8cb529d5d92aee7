"""Cleaning, normalization, balancing and batches."""

import numpy as np
import pytest

from medlab.data import Dataset, Split
from medlab.data.augmentation import Augmentation
from medlab.data.balancing import class_weights, oversample, sample_weights, undersample
from medlab.data.batches import Batches
from medlab.data.cleaning import clean, duplicates_across
from medlab.data.normalization import Normalization, normalize


def split(rng, labels, dtype=np.uint8):
    images = rng.integers(0, 256, (len(labels), 6, 5, 1)).astype(dtype)
    return Split(images, np.array(labels), np.array([f"p{i}" for i in range(len(labels))]))


@pytest.fixture
def dataset(rng):
    return Dataset(
        "tiny",
        split(rng, [0] * 9 + [1] * 3),
        split(rng, [0, 1, 0]),
        split(rng, [0, 1]),
        "binary",
        ("benign", "malignant"),
        positive_class=1,
    )


# --- clean


def test_clean_data_come_back_as_they_are(dataset):
    cleaned, report = clean(dataset, drop=True)
    assert cleaned is dataset
    assert report.empty


def test_constant_not_finite_and_duplicate_images_are_reported_and_dropped_when_asked(rng):
    train = split(rng, [0, 1, 0, 1, 0], np.float32)
    train.images[0] = 7
    train.images[1, 2, 2] = np.nan
    test = split(rng, [0, 1], np.float32)
    train.images[3] = test.images[1]
    dirty = Dataset("dirty", train, split(rng, [0, 1], np.float32), test, "binary", ("a", "b"), 1)
    same, report = clean(dirty)
    assert same is dirty
    rows = [tuple(row) for row in report.itertuples(index=False)]
    assert rows == [
        ("train", 0, "constant", ""),
        ("train", 1, "not finite", ""),
        ("train", 3, "duplicate", "test[1]"),
    ]
    cleaned, _ = clean(dirty, drop=True)
    assert len(cleaned.train) == 2
    assert cleaned.train.patients.tolist() == ["p2", "p4"]
    assert "3 images dropped" in cleaned.notes[-1]
    assert cleaned.fingerprint != dirty.fingerprint
    assert duplicates_across(train, test) == 1


def test_equal_images_with_other_labels_are_a_contradiction(rng):
    train = split(rng, [0, 1, 0, 1])
    train.images[1] = train.images[0]  # labels 1 and 0
    train.images[2] = train.images[0]  # labels 0 and 0
    torn = Dataset("torn", train, split(rng, [0, 1]), split(rng, [0, 1]), "binary", ("a", "b"), 1)
    cleaned, report = clean(torn, drop=True)
    assert [tuple(row) for row in report.itertuples(index=False)] == [
        ("train", 1, "contradiction", "train[0]"),
        ("train", 2, "duplicate", "train[0]"),
    ]
    assert "1 contradiction" in cleaned.notes[-1]
    assert "1 duplicate" in cleaned.notes[-1]


def test_several_findings_contradict_where_one_differs(rng):
    train = split(rng, [0, 1, 0])
    train.images[1] = train.images[2] = train.images[0]
    findings = Split(train.images, np.array([[0, 1], [0, 1], [1, 1]], np.uint8))
    others = [Split(split(rng, [0]).images, np.zeros((1, 2), np.uint8)) for _ in range(2)]
    _, report = clean(Dataset("several", findings, *others, "multilabel", ("a", "b")))
    assert report["problem"].tolist() == ["duplicate", "contradiction"]


def test_refuses_to_drop_a_whole_split(rng):
    flat = split(rng, [0, 1])
    flat.images[:] = 3
    dirty = Dataset("flat", split(rng, [0, 1]), flat, split(rng, [0, 1]), "binary", ("a", "b"), 1)
    with pytest.raises(ValueError, match=r"would leave val empty: all of its 2 images"):
        clean(dirty, drop=True)


# --- normalize


def test_normalization_by_hand():
    images = np.array([[[[0, 10]], [[4, 10]]], [[[0, 30]], [[4, 30]]]])  # two channels
    fitted = Normalization.fit(images)
    assert fitted == Normalization(mean=(2.0, 20.0), std=(2.0, 10.0))
    assert fitted.apply(images)[0, 0, 0].tolist() == [-1.0, -1.0]
    np.testing.assert_allclose(fitted.apply(images) * [2, 10] + [2, 20], images, atol=1e-6)


def test_only_training_images_decide_the_normalization(dataset):
    before = normalize(dataset)
    dataset.test.images[:] = 255
    assert normalize(dataset) == before


def test_refuses_flat_and_not_finite_images():
    with pytest.raises(ValueError, match=r"must vary in every channel"):
        Normalization.fit(np.ones((2, 3, 4, 1)))
    with pytest.raises(
        ValueError, match=r"images must hold finite numbers, got 1 NaN .*index \(0, 1, 0, 0\)"
    ):
        Normalization.fit([[[[0.0]], [[np.nan]]]])


# --- balance


def test_class_weights_by_hand():
    assert class_weights([0, 0, 0, 1]).tolist() == pytest.approx([4 / 6, 2.0])


def test_sample_weights_average_to_one_and_balance_the_classes(dataset):
    weights = sample_weights(dataset)
    labels = dataset.train.labels
    assert weights.mean() == pytest.approx(1)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())


def test_oversampling_keeps_every_image_and_evens_the_classes(dataset):
    larger = oversample(dataset, seed=1)
    assert np.bincount(larger.train.labels).tolist() == [9, 9]
    assert set(larger.train.patients) == set(dataset.train.patients)
    assert len(larger.test) == len(dataset.test)
    assert "oversampled to 9" in larger.notes[-1]


def test_undersampling_draws_each_image_at_most_once(dataset):
    smaller = undersample(dataset, seed=1)
    assert np.bincount(smaller.train.labels).tolist() == [3, 3]
    assert len(set(smaller.train.patients)) == 6


def test_refuses_one_class_only_and_class_names():
    with pytest.raises(ValueError, match=r"at least two, got counts \[3\]"):
        class_weights([0, 0, 0])
    with pytest.raises(ValueError, match=r"whole class numbers of shape \(N,\)"):
        class_weights(["a", "b"])


# --- batches


def test_an_epoch_shows_each_image_at_most_once_and_in_a_new_order(dataset):
    plain = Normalization((0.0,), (1.0,))
    batches = Batches(dataset.train.images, np.arange(12.0), plain, batch_size=5)
    assert len(batches) == 2
    first = np.concatenate([batches.batch(i, epoch=0)[1] for i in range(2)])
    second = np.concatenate([batches.batch(i, epoch=1)[1] for i in range(2)])
    assert len(set(first)) == 10
    assert first.tolist() != second.tolist()
    images, targets, weights = batches.batch(1, epoch=0)
    np.testing.assert_array_equal(images, dataset.train.images[targets.astype(int)])
    assert weights.tolist() == [1.0] * 5


def test_a_batch_depends_on_seed_epoch_and_number_alone(dataset):
    def make(seed):
        return Batches(
            dataset.train.images,
            np.zeros(12),
            normalize(dataset),
            batch_size=4,
            augmentation=Augmentation(rotation_deg=90, noise=0.1),
            seed=seed,
        )

    late = make(3)
    for number in range(3):
        late.batch(number, epoch=0)
    np.testing.assert_array_equal(late.batch(1, epoch=5)[0], make(3).batch(1, epoch=5)[0])
    assert not np.array_equal(make(3).batch(1, epoch=5)[0], make(4).batch(1, epoch=5)[0])


def test_an_epoch_can_be_cut_short(dataset):
    assert len(Batches(dataset.train.images, np.zeros(12), normalize(dataset), batch_size=2, most=4)) == 4
    assert len(Batches(dataset.train.images, np.zeros(12), normalize(dataset), batch_size=6, most=4)) == 2


def test_fewer_images_than_a_batch_make_one_batch(dataset):
    batches = Batches(dataset.train.images, np.zeros(12), normalize(dataset), batch_size=64)
    assert len(batches) == 1
    assert len(batches.batch(0)[0]) == 12


def test_images_stay_uint8_until_their_batch(dataset):
    batches = Batches(dataset.train.images, np.zeros(12), normalize(dataset), batch_size=4)
    assert batches.images.dtype == np.uint8
    assert batches.batch(0)[0].dtype == np.float32


def test_refuses_unequal_lengths_and_an_empty_batch(dataset):
    with pytest.raises(ValueError, match=r"images 12, targets 3"):
        Batches(dataset.train.images, np.zeros(3), normalize(dataset))
    with pytest.raises(ValueError, match=r"batch_size must lie between 1 and infinity, got 0"):
        Batches(dataset.train.images, np.zeros(12), normalize(dataset), batch_size=0)


# --- patches


def patches_of(images, masks, **options):
    plain = Normalization((0.0,), (1.0,))
    return Batches(images, masks, plain, patch=(3, 4, 5), **{"batch_size": 8, "seed": 3, **options})


@pytest.fixture
def volumes():
    """Eight volumes (7, 8, 9), each voxel its own number; one foreground voxel each, in a corner."""
    images = np.arange(8 * 7 * 8 * 9, dtype=np.float32).reshape(8, 7, 8, 9, 1)
    masks = np.zeros((8, 7, 8, 9), np.int64)
    masks[:, 6, 0, 8] = 1
    return images, masks


def test_half_of_the_patches_are_centered_on_the_foreground(volumes):
    seen = [
        masks.reshape(8, -1).any(axis=1) for masks in (patches_of(*volumes).batch(0, e)[1] for e in range(50))
    ]
    # By chance alone, a corner of 5 x 5 x 5 places has it in 1 of 125.
    assert 0.42 < np.mean(seen) < 0.6


def test_an_epoch_takes_as_many_patches_of_each_image_as_it_is_told(volumes):
    batches = patches_of(*volumes, batch_size=4, patches=3)
    assert len(batches) == 6
    seen = np.concatenate([batches.batch(n)[0][:, 0, 0, 0, 0] for n in range(6)]) // (7 * 8 * 9)
    assert sorted(seen.tolist()) == sorted([*range(8)] * 3)
    assert len(patches_of(*volumes, batch_size=40, patches=3).batch(0)[0]) == 24


def test_small_parts_and_rare_classes_are_seen_as_often_as_large_ones():
    """Class 1 has 300 pixels and, apart from them, one; class 2, which touches the large part, has two."""
    mask = np.zeros((1, 40, 30), np.uint8)
    mask[0, 5:20, 2:22], mask[0, 20, 4:6], mask[0, 35, 25] = 1, 2, 1
    batches = Batches(
        mask[..., None].astype(np.float32), mask, Normalization((0.0,), (1.0,)), patch=(1, 1), seed=3
    )
    drawn = [batches.batch(0, epoch)[1].item() for epoch in range(600)]
    assert np.mean(np.equal(drawn, 2)) == pytest.approx(0.5 / 3, abs=0.05)
    parts = [part.tolist() for part in batches._parts[0]]
    assert [len(part) for part in parts] == [300, 1, 2]
    assert parts[1:] == [[35 * 30 + 25], [20 * 30 + 4, 20 * 30 + 5]]


def test_a_patch_of_a_mask_lies_where_that_of_its_image_does(volumes):
    images, _ = volumes
    patch, mask, _ = patches_of(images, images[..., 0].astype(np.int64)).batch(0)
    assert patch.shape == (8, 3, 4, 5, 1)
    np.testing.assert_array_equal(patch[..., 0], mask)
    np.testing.assert_array_equal(np.diff(mask[0, :, 0, 0]), [72, 72])


def test_patches_follow_from_seed_epoch_and_number_only(volumes):
    first, again = (patches_of(*volumes, batch_size=2) for _ in range(2))
    first.batch(1, 0)
    np.testing.assert_array_equal(first.batch(2, 5)[0], again.batch(2, 5)[0])
    assert not np.array_equal(again.batch(2, 5)[0], again.batch(2, 6)[0])


def test_images_and_masks_are_changed_together(volumes):
    images, _ = volumes
    flips = Augmentation(flips=("left-right", "up-down"))
    patch, mask, _ = patches_of(images, images[..., 0].astype(np.int64), augmentation=flips).batch(0)
    np.testing.assert_array_equal(patch[..., 0], mask)
    assert mask.dtype == np.int64
    assert (np.diff(mask[:, 0, 0, :2])[:, 0] == -1).any()
