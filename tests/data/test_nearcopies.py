"""Near-copies between splits: the correlation, what is known and kept, and the registry's figures."""

import json
from dataclasses import replace

import numpy as np
import pytest

from medlab.data import (
    Dataset,
    Split,
    describe,
    duplicates_across,
    load,
    load_folder,
    near_copies,
    nearcopies,
)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch, tmp_path):
    """A data root of its own, and a process that has counted nothing yet."""
    monkeypatch.setattr(nearcopies, "_FOUND", {})
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("MEDLAB_DATA", str(root))
    return root


def split(images):
    return Split(np.asarray(images), np.zeros(len(images), np.int64))


def smooth(rng, n, shape=(9, 12, 1)):
    """Draw blurred noise, in which neighboring pixels are alike as in real images."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(rng.normal(0, 1, (n, *shape)), (0, *[1.5] * (len(shape) - 1), 0))
    return (100 + 40 * noise / noise.std()).clip(0, 255).astype(np.uint8)


def rows(pairs):
    return [tuple(row) for row in pairs[["first", "second", "mirrored"]].itertuples(index=False)]


# --- near_copies and duplicates_across


def test_the_correlation_of_three_pixels_by_hand():
    # Centered (-1, 0, 1) and (-4, -1, 5) / 3: 3 / (sqrt(2) sqrt(42 / 9)) = 0.98198.
    one, other = split(np.reshape([1.0, 2, 3], (1, 1, 3, 1))), split(np.reshape([[4.0, 2, 1]], (1, 1, 3, 1)))
    pairs = near_copies(one, other)
    assert list(pairs.columns) == ["first", "second", "correlation", "mirrored"]
    assert pairs["correlation"].tolist() == pytest.approx([0.98198], abs=1e-5)
    assert rows(pairs) == [(0, 0, True)]
    assert (duplicates_across(one, other), duplicates_across(one, other, threshold=0.99)) == (1, 0)
    assert rows(near_copies(other, other)) == [(0, 0, False)]


def test_planted_copies_are_what_brute_force_finds_over_all_blocks(rng, monkeypatch):
    images = smooth(rng, 40)
    train = smooth(rng, 50)
    train[3] = images[5][:, ::-1]  # mirrored
    train[11] = images[17] // 2 + 60  # brighter, and half the contrast
    train[12] = images[17][:, ::-1] // 2 + 20  # a second copy of the same image
    train[29] = (images[30] + rng.normal(0, 3, images[30].shape)).clip(0, 255)  # noise
    train[49] = images[39][
        :, [*range(1, 12), 11]
    ]  # moved by a pixel: too much where so few pixels vary so much
    expected = []
    for i, one in enumerate(images):
        for j, other in enumerate(train):
            direct, mirrored = (np.corrcoef(one.ravel(), o.ravel())[0, 1] for o in (other, other[:, ::-1]))
            if max(direct, mirrored) > 0.98:
                expected.append((i, j, mirrored > direct))
    for sizes in ((2048, 2**25, 2**24), (7, 2**25, 2**24), (2048, 500, 300)):
        for name, size in zip(("_ROWS", "_OUTER", "_INNER"), sizes, strict=True):
            monkeypatch.setattr(nearcopies, name, size)
        assert rows(near_copies(split(images), split(train))) == expected
        assert duplicates_across(split(images), split(train)) == 3
    assert expected == [(5, 3, True), (17, 11, False), (17, 12, True), (30, 29, False)]
    assert (39, 49, False) in rows(near_copies(split(images), split(train), threshold=0.8))


def test_what_all_images_of_a_kind_share_makes_no_copies(rng):
    bright = 1000 + rng.normal(0, 1, (20, 9, 12, 1)).astype(np.float32)
    assert duplicates_across(split(bright[:10]), split(bright[10:])) == 0
    pink = rng.integers(0, 8, (20, 9, 12, 3), dtype=np.uint8) + np.array([240, 150, 180], np.uint8)
    assert duplicates_across(split(pink[:10]), split(pink[10:])) == 0
    assert rows(near_copies(split(pink[:10]), split(pink[8:, :, ::-1]))) == [(8, 0, True), (9, 1, True)]


def test_images_without_contrast_are_copies_where_their_values_are_equal(rng):
    flat = np.zeros((4, 3, 5, 3), np.float32) + np.array([0.1, 0.2, 0.3], np.float32)
    flat[1] += 1
    train = np.concatenate([flat[:2] + 0, rng.random((2, 3, 5, 3), dtype=np.float32)])
    flat[3, 0, 0, 0] = 5
    assert rows(near_copies(split(flat), split(train))) == [(0, 0, False), (1, 1, False), (2, 0, False)]
    black = np.zeros((2, 3, 5, 1), np.uint8)
    assert duplicates_across(split(black), split(black.astype(np.float32))) == 2


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_an_image_with_lost_values_is_a_copy_of_none(rng, lost):
    images = rng.random((3, 4, 5, 1), dtype=np.float32)
    images[1, 2, 2] = lost
    assert rows(near_copies(split(images), split(images))) == [(0, 0, False), (2, 2, False)]


def test_volumes_are_mirrored_along_x_and_signals_are_not_played_backwards(rng):
    volumes = smooth(rng, 3, (5, 6, 7, 1))
    assert rows(near_copies(split(volumes[:1]), split(volumes[..., ::-1, :]))) == [(0, 0, True)]
    for other_axis in (1, 2):
        assert duplicates_across(split(volumes), split(np.flip(volumes, other_axis))) == 0
    signals = rng.random((3, 20, 2), dtype=np.float32)
    assert duplicates_across(split(signals), split(signals)) == 3
    assert duplicates_across(split(signals), split(signals[:, ::-1])) == 0


def test_an_empty_split_has_no_copies(rng):
    images = split(smooth(rng, 3))
    empty = images.subset([False] * 3)
    assert (duplicates_across(images, empty), duplicates_across(empty, images)) == (0, 0)
    assert near_copies(empty, images).empty


def test_refuses_images_of_two_shapes_and_a_threshold_out_of_range(rng):
    images = split(smooth(rng, 2))
    with pytest.raises(ValueError, match=r"images of one shape, got \(9, 12, 1\), \(8, 12, 1\)\. Resize one"):
        near_copies(images, split(images.images[:, 1:]))
    with pytest.raises(ValueError, match=r"threshold must lie between 0 and 0.9999, got 1.0"):
        duplicates_across(images, images, threshold=1.0)


# --- what is known of a data set


@pytest.fixture
def dataset(rng):
    """Of six test images, 1 has a copy in train and 4 one in val; val 2 has a mirrored one in train."""
    train, val, test = (smooth(rng, n) for n in (10, 5, 6))
    train[7], val[0], train[2] = test[1], test[4], val[2][:, ::-1]
    parts = [Split(images, np.arange(len(images)) % 2) for images in (train, val, test)]
    return Dataset("toy", *parts, "binary", ("a", "b"), 1)


def test_an_audit_counts_and_keeps_by_fingerprint_what_reports_need(dataset, nothing_known, monkeypatch):
    found = nearcopies.audit(dataset)
    assert found == {"test in train": 1, "test in val": 1, "val in train": 1, "test": [1, 4]}
    assert not list(nothing_known.iterdir())
    nearcopies.audit(dataset, keep=True)
    text = (nothing_known / "near_copies.json").read_text(encoding="utf-8")
    assert json.loads(text)["sets"][dataset.fingerprint] == found
    assert str(nothing_known) not in text
    monkeypatch.setattr(nearcopies, "_FOUND", {})
    monkeypatch.setattr(nearcopies, "_pairs", None)
    assert nearcopies.audit(dataset, keep=True) == found
    assert nearcopies.repeated_in_test(dataset).tolist() == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"sets": {}}', '{"threshold": 0.9, "sets": {"FINGERPRINT": 3}}']
)
def test_a_damaged_or_outdated_file_is_written_anew(dataset, nothing_known, text):
    path = nothing_known / "near_copies.json"
    path.write_text(text.replace("FINGERPRINT", dataset.fingerprint), encoding="utf-8")
    assert nearcopies.audit(dataset, keep=True)["test"] == [1, 4]
    assert list(json.loads(path.read_text(encoding="utf-8"))["sets"])[-1] == dataset.fingerprint


def test_nothing_is_computed_for_simulated_sets_nor_where_the_registry_knows_of_none(dataset, monkeypatch):
    monkeypatch.setattr(nearcopies, "_pairs", None)
    assert not nearcopies.repeated_in_test(replace(dataset, simulated=True)).any()
    facts = {"fingerprint": dataset.fingerprint, "test in train": 0, "test in val": 0, "val in train": 8}
    record = replace(describe("breastmnist"), near_copies={28: facts})
    monkeypatch.setattr(nearcopies.registry, "describe", lambda _name: record)
    assert not nearcopies.repeated_in_test(dataset).any()
    assert nearcopies.audit(dataset)["val in train"] == 8


def test_large_sets_are_not_looked_at_unasked(dataset, monkeypatch):
    monkeypatch.setattr(nearcopies, "_MANY", 21)
    assert nearcopies.repeated_in_test(dataset) is None
    assert nearcopies.repeated_in_test(replace(dataset, name="breastmnist")).sum() == 2
    assert nearcopies.repeated_in_test(dataset).sum() == 2  # known by now
    monkeypatch.setattr(nearcopies, "_FOUND", {})
    monkeypatch.setattr(nearcopies, "_MOST", 2 * 6 * 15 * 108 - 1)
    assert nearcopies.repeated_in_test(replace(dataset, name="breastmnist")) is None


def test_images_that_were_replaced_are_looked_at_again(dataset):
    assert nearcopies.repeated_in_test(dataset).sum() == 2
    shorter = replace(dataset, test=dataset.test.subset([0, 1, 2]))
    assert nearcopies.repeated_in_test(shorter).tolist() == [False, True, False]


def test_a_folder_says_how_many_test_images_come_again(tmp_path, rng):
    from PIL import Image

    images = smooth(rng, 12, (18, 24, 1))[..., 0]
    images[8] = images[0][:, ::-1]
    for number, image in enumerate(images):
        path = tmp_path / ("train", "val", "test")[number // 4] / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    assert load_folder(tmp_path).notes[-1] == "Test images with a near-copy in train or val: 1 of 4."


# --- real sets


def real(real_data, name, monkeypatch):
    if not (real_data / "medmnist" / f"{name}.npz").is_file():
        pytest.skip(f"{real_data} holds no medmnist/{name}.npz")
    monkeypatch.setenv("MEDLAB_DATA", str(real_data))
    return load(name)


@pytest.mark.parametrize(
    "name", ["breastmnist", "pneumoniamnist", pytest.param("vesselmnist3d", marks=pytest.mark.slow)]
)
def test_the_registry_has_the_figures_of_the_official_files(real_data, monkeypatch, name):
    dataset = real(real_data, name, monkeypatch)
    splits = dataset.splits()
    counts = {pair: duplicates_across(splits[a], splits[b]) for pair, (a, b) in nearcopies.PAIRS.items()}
    assert describe(name).near_copies[28] == {"fingerprint": dataset.fingerprint, **counts}


def test_of_the_copies_in_breastmnist_three_have_another_label(real_data, monkeypatch):
    dataset = real(real_data, "breastmnist", monkeypatch)
    pairs = near_copies(dataset.test, dataset.train)
    contradicts = dataset.test.labels[pairs["first"]] != dataset.train.labels[pairs["second"]]
    assert (pairs["first"].nunique(), pairs["first"][contradicts].nunique()) == (48, 3)
    assert [duplicates_across(dataset.test, dataset.train, threshold=t) for t in (0.99, 0.95)] == [39, 59]
    assert nearcopies.repeated_in_test(dataset).sum() == 52


def test_show_tells_of_near_copies():
    page = " ".join(repr(describe("breastmnist")).split())
    assert (
        "near-copies 28 pixels: 48 of 156 test in train, 7 of 156 test in val, 30 of 78 val in train." in page
    )
    assert "64 pixels: 0 of 382 test in train" in " ".join(repr(describe("vesselmnist3d")).split())
    assert "near-copies" not in repr(describe("octmnist"))
