import dataclasses
import hashlib

import numpy as np
import pytest

from medlab.data import load, registry
from medlab.data.dataset import SPLITS
from medlab.data.loading import read_npz

SIZES = {"train": 6, "val": 3, "test": 4}


def arrays(record) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = [28] * record.dimensions + ([3] if record.channels == 3 else [])
    columns = len(record.class_names) if record.task == "multilabel" else 1
    high = 2 if record.task == "multilabel" else len(record.class_names)
    result = {}
    for name, n in SIZES.items():
        result[f"{name}_images"] = rng.integers(0, 256, size=(n, *shape), dtype=np.uint8)
        result[f"{name}_labels"] = rng.integers(0, high, size=(n, columns), dtype=np.uint8)
    return result


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Register a set as a tiny file of its kind, which lies under the data root."""

    def make(name: str = "breastmnist", **changes):
        record = dataclasses.replace(registry.describe(name), split_sizes=SIZES)
        content = {**arrays(record), **changes}
        path = tmp_path / "medmnist" / f"{name}.npz"
        path.parent.mkdir()
        np.savez_compressed(path, **{key: value for key, value in content.items() if value is not None})
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        record = dataclasses.replace(record, files={28: {"url": "http://127.0.0.1:1", "md5": md5}})
        monkeypatch.setattr(registry, "_records", lambda: {name: record})
        monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
        return path, record, content

    return make


def test_a_gray_set_has_the_stored_images_labels_and_facts(tiny):
    _, record, content = tiny("breastmnist")
    dataset = load("breastmnist")
    for name, split in dataset.splits().items():
        np.testing.assert_array_equal(split.images[..., 0], content[f"{name}_images"])
        np.testing.assert_array_equal(split.labels, content[f"{name}_labels"][:, 0])
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.patients is None
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.positive_class == 0
    np.testing.assert_array_equal(dataset.targets(dataset.val), content["val_labels"][:, 0] == 0)
    for fact in ("task", "class_names", "license", "modality", "label_meaning", "flips", "published"):
        assert getattr(dataset, fact) == getattr(record, fact)


@pytest.mark.parametrize(("name", "by"), [("breastmnist", "image"), ("pneumoniamnist", "")])
def test_what_the_source_split_by_comes_with_the_set(tiny, name, by):
    tiny(name)
    dataset = load(name)
    assert dataset.split_by == by
    assert (f" by {by}; patients are not known" in dataset.notes[0]) == bool(by)


def test_a_color_set_keeps_its_channels(tiny):
    tiny("pathmnist")
    dataset = load("pathmnist", seed=3, size=28)
    assert dataset.image_shape == (28, 28, 3)
    assert dataset.task == "multiclass"
    assert dataset.positive_class is None


def test_a_volume_set_has_one_channel_and_a_spacing_where_it_is_published(tiny):
    tiny("nodulemnist3d")
    dataset = load("nodulemnist3d")
    assert dataset.image_shape == (28, 28, 28, 1)
    assert dataset.spacing_mm == (1.0, 1.0, 1.0)


def test_a_multi_label_set_has_a_column_for_each_finding(tiny):
    _, _, content = tiny("chestmnist")
    dataset = load("chestmnist")
    assert dataset.task == "multilabel"
    assert dataset.train.labels.shape == (6, 14)
    assert dataset.train.labels.dtype == np.uint8
    np.testing.assert_array_equal(dataset.test.labels, content["test_labels"])


def test_unknown_names_sizes_and_options_are_refused():
    with pytest.raises(ValueError, match=r"got 'pneumonia_mnist'\. Did you mean 'pneumoniamnist'"):
        load("pneumonia_mnist")
    with pytest.raises(ValueError, match=r"size of breastmnist must be one of: 28, 64, 128, 224; got 32"):
        load("breastmnist", size=32)
    with pytest.raises(ValueError, match=r"option of breastmnist must be one of: seed, size; got 'sede'"):
        load("breastmnist", sede=1)
    with pytest.raises(
        ValueError, match=r"option of simulated_nodules must .*'n_trian'\. Did you mean 'n_train'"
    ):
        load("simulated_nodules", n_trian=5)


def test_options_and_seed_reach_the_simulation():
    first, other = (load("simulated_nodules", seed=seed, n_train=9, n_val=7, n_test=8) for seed in (0, 1))
    assert [len(split) for split in first.splits().values()] == [9, 7, 8]
    assert first.simulated
    assert first.fingerprint != other.fingerprint


def refuse(tiny, match, name="breastmnist", **changes):
    path, record, _ = tiny(name, **changes)
    with pytest.raises(ValueError, match=match):
        read_npz(path, record, 28)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.999])
def test_a_truncated_file_is_told(tiny, keep):
    path, record, _ = tiny()
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with pytest.raises(ValueError, match=r"breastmnist\.npz must be a complete npz file.*fetch it again"):
        read_npz(path, record, 28)


def test_a_flipped_byte_is_told(tiny):
    path, record, _ = tiny()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must be a complete npz file"):
        read_npz(path, record, 28)


def test_a_single_array_is_no_data_set(tiny):
    path, record, _ = tiny()
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match="must be a complete npz file"):
        read_npz(path, record, 28)


def test_a_missing_split_is_told(tiny):
    refuse(
        tiny,
        r"must hold images and labels of train, val and test, got no val_images, test_labels",
        val_images=None,
        test_labels=None,
    )


def test_nan_is_told(tiny):
    images = np.zeros((3, 28, 28), dtype=np.float32)
    images[1, 2, 3] = np.nan
    refuse(tiny, r"npz, val must hold finite numbers, got 1 NaN .*index \(1, 2, 3\)", val_images=images)


@pytest.mark.parametrize(
    "images",
    [np.ones((5, 28, 28), np.uint8), np.ones((6, 28, 27), np.uint8), np.ones((6, 28, 28), np.int16)],
    ids=["count", "size", "type"],
)
def test_other_counts_sizes_and_types_than_registered_are_told(tiny, images):
    refuse(tiny, r"train must be \(6, 28, 28\) uint8 as registered, got \(", train_images=images)


def test_constant_images_are_told(tiny):
    images = np.full((4, 28, 28), 7, dtype=np.uint8)
    refuse(tiny, r"npz, test must not be constant, got 7 everywhere", test_images=images)


@pytest.mark.parametrize("labels", [np.zeros((6, 2), np.uint8), np.zeros((5, 1), int), np.zeros((6, 1))])
def test_labels_of_another_shape_or_type_are_told(tiny, labels):
    refuse(tiny, r"train must be \(6, 1\) whole numbers, got \(", train_labels=labels)


@pytest.mark.parametrize(("label", "said"), [(2, "got 0 to 2"), (-1, "got -1 to 0")])
def test_labels_out_of_range_are_told(tiny, label, said):
    labels = np.zeros((4, 1), dtype=np.int8)
    labels[2] = label
    refuse(tiny, rf"npz, test must lie in 0 to 1, {said}", test_labels=labels)


def test_findings_are_zeros_and_ones(tiny):
    labels = np.full((6, 14), 3, dtype=np.uint8)
    refuse(tiny, r"train must lie in 0 to 1, got 3 to 3", name="chestmnist", train_labels=labels)


@pytest.mark.parametrize(
    ("name", "positives"), [("pneumoniamnist", 390), ("breastmnist", 42), ("vesselmnist3d", 43)]
)
def test_real_sets_load_with_their_positives(real_data, name, positives):
    if not (real_data / "medmnist" / f"{name}.npz").is_file():
        pytest.skip(f"{real_data} holds no medmnist/{name}.npz")
    dataset = load(name)
    record = registry.describe(name)
    assert [len(dataset.splits()[split]) for split in SPLITS] == list(record.split_sizes.values())
    assert dataset.targets(dataset.test).sum() == positives
