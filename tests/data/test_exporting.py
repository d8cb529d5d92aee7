"""A data set becomes class folders of PNG files, and comes back as it was."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from medlab.data import Dataset, Split, load, load_folder, write_folder
from medlab.data.folder import survey_folder


def images(count, channels=1, first=0):
    return np.random.default_rng(first).integers(0, 256, (count, 9, 12, channels), dtype=np.uint8)


def tiny(names=("benign", "malignant"), channels=1, **facts):
    codes = len(names)
    labels = np.arange(4 * codes) % codes
    parts = [Split(images(4 * codes, channels, first), labels) for first in range(3)]
    binary = codes == 2
    return Dataset(
        "tiny", *parts, "binary" if binary else "multiclass", names, 1 if binary else None, **facts
    )


def by_class(split):
    order = np.argsort(split.labels, kind="stable")
    return split.images[order], split.labels[order]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_gives_back_every_pixel_and_label(tmp_path, channels):
    dataset = tiny(channels=channels)
    assert write_folder(dataset, tmp_path / "new" / "one") == {
        f"{split}/{name}": 4 for split in ("train", "val", "test") for name in ("benign", "malignant")
    }
    numbers = sorted(int(path.stem) for path in (tmp_path / "new" / "one").rglob("*.png"))
    assert numbers == list(range(1, 25))  # no number twice: it would look like one patient in two splits
    assert (tmp_path / "new" / "one" / "val" / "malignant" / "000010.png").is_file()
    again = load_folder(tmp_path / "new" / "one", color=channels == 3)
    assert again.class_names == dataset.class_names
    for name, split in dataset.splits().items():
        pixels, labels = by_class(split)
        np.testing.assert_array_equal(again.splits()[name].images, pixels)
        np.testing.assert_array_equal(again.splits()[name].labels, labels)


def test_simulated_images_keep_their_patients(tmp_path):
    dataset = load("simulated_nodules", n_train=12, n_val=12, n_test=12)
    write_folder(dataset, tmp_path)
    again = load_folder(tmp_path, group_rule="csv:groups.csv", positive_class="malignant")
    order = np.argsort(dataset.test.labels, kind="stable")
    np.testing.assert_array_equal(again.test.images, dataset.test.images[order])
    assert again.test.patients.tolist() == dataset.test.patients[order].tolist()


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (("a", "b/c: d."), ["a", "b_c_ d"]),
        (("normal", "hyperplasia"), ["000 normal", "001 hyperplasia"]),
        (("B", "a", "b"), ["000 B", "001 a", "002 b"]),
        (("..", "x"), ["000", "001 x"]),
        (("良性", "恶性"), ["000 良性", "001 恶性"]),
        (("aux", "CON"), ["000 aux", "001 CON"]),
        (("A" * 300, "nul."), ["000 " + "A" * 200, "001 nul"]),
        (("恶" * 99 + "a", "恶" * 99 + "b"), ["000 " + "恶" * 66, "001 " + "恶" * 66]),
    ],
)
def test_class_names_become_names_of_folders_in_the_order_of_the_classes(tmp_path, names, folders):
    """And come back as they were, also from the folder of a split."""
    dataset = tiny(names)
    write_folder(dataset, tmp_path)
    assert sorted(path.name for path in (tmp_path / "train").iterdir()) == folders
    again = load_folder(tmp_path)
    np.testing.assert_array_equal(again.train.images, by_class(dataset.train)[0])
    assert again.class_names == load_folder(tmp_path / "train").class_names == names
    if len(names) == 2:
        assert load_folder(tmp_path, positive_class=names[0]).positive_class == 0
        assert survey_folder(tmp_path, positive_class=names[0]).problems == []


def test_what_is_known_of_the_images_goes_with_them(tmp_path):
    dataset = replace(load("simulated_nodules", n_train=12, n_val=12, n_test=12), positive_class=0)
    write_folder(dataset, tmp_path / "mine")
    for again in (load_folder(tmp_path / "mine"), load_folder(tmp_path / "mine" / "train")):
        assert again.simulated
        for fact in ("license", "modality", "citation", "label_meaning", "flips", "rotation_deg"):
            assert getattr(again, fact) == getattr(dataset, fact) != ""
        assert again.source == f"exported from simulated_nodules: {dataset.source}"
        assert again.positive_name == "benign"
        assert any("told by medlab.json in the folder" in note for note in again.notes)
        assert not any("No positive class was named" in note for note in again.notes)
    assert load_folder(tmp_path / "mine", positive_class="malignant").positive_class == 1
    (tmp_path / "mine" / "medlab.json").unlink()
    again = load_folder(tmp_path / "mine")
    assert (again.simulated, again.license) == (False, "unknown: ask who gave you the images")


def test_folders_that_were_renamed_or_added_keep_their_own_names(tmp_path):
    write_folder(tiny(("良性", "恶性")), tmp_path)
    for split in ("train", "val", "test"):
        (tmp_path / split / "001 恶性").rename(tmp_path / split / "002 new")
    again = load_folder(tmp_path)
    assert again.class_names == ("良性", "002 new")
    assert again.positive_name == "002 new"
    for split in ("train", "val", "test"):
        shutil.copytree(tmp_path / split / "000 良性", tmp_path / split / "良性")
    assert load_folder(tmp_path).class_names == ("000 良性", "002 new", "良性")


@pytest.mark.parametrize("text", ["no JSON", "3", '{"classes": "train"}', '{"rotation_deg": "x"}', "\udcff"])
def test_a_card_that_cannot_be_read_is_refused(tmp_path, text):
    write_folder(tiny(), tmp_path)
    (tmp_path / "medlab.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"medlab\.json must hold what .* export writes, got: .*Mend"):
        load_folder(tmp_path)
    assert [parameter for parameter, _ in survey_folder(tmp_path).problems] == ["path"]


def test_a_folder_that_holds_something_stays_as_it_is(tmp_path):
    (tmp_path / "scan.png").touch()
    for path, state in ((tmp_path, "holds files"), (tmp_path / "scan.png", "is a file")):
        with pytest.raises(FileExistsError, match=rf"must be new or empty, but .* {state}\. Name another"):
            write_folder(tiny(), path)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.png"]


def test_images_without_a_class_or_of_another_kind_are_refused(tmp_path):
    parts = [Split(images(3), np.array([0.5, 1.5, 2.0])) for _ in range(3)]
    with pytest.raises(ValueError, match=r"one class per image, got a regression data set"):
        write_folder(Dataset("ages", *parts, "regression", ("age",)), tmp_path)
    volumes = [Split(np.zeros((4, 7, 9, 12, 1), np.uint8), np.array([0, 1, 0, 1])) for _ in range(3)]
    with pytest.raises(ValueError, match=r"got uint8 \(7, 9, 12, 1\).*slice"):
        write_folder(Dataset("scans", *volumes, "binary", ("a", "b"), 1), tmp_path)
    assert not list(tmp_path.iterdir())
