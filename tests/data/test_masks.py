"""Images with masks: padding and cropping back by hand, folders as they should be, refusals."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from medlab.data import Dataset, Split, as_segmentation, center_crop, load_masks, padded

NAMES = ("background", "lesion")


def write_nifti(path, array, spacing_mm=(3.0, 0.8, 0.7), shift_mm=0.0):
    """Write an array (z, y, x) as NIfTI stores it: x first."""
    affine = np.diag([*spacing_mm[::-1], 1.0])
    affine[0, 3] = shift_mm
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array.T), affine), path)


@pytest.fixture
def folder(tmp_path, rng):
    """Ten volumes of unequal size, the lesion a box."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for number in range(10):
        scan = rng.normal(100, 10, (7, 8 + number % 2, 9)).astype(np.float32)
        mask = np.zeros(scan.shape, np.uint8)
        mask[2:4, 3:6, 1:3] = 1
        write_nifti(tmp_path / "images" / f"scan_{number}.nii.gz", scan + 100 * mask)
        write_nifti(tmp_path / "masks" / f"scan_{number}.nii.gz", mask)
    return tmp_path


def test_a_folder_of_volumes_becomes_a_data_set_of_masks(folder):
    (folder / "images" / "notes.txt").write_text("-")
    dataset = load_masks(folder, NAMES, val_fraction=0.2, test_fraction=0.2)
    assert [len(split) for split in dataset.splits().values()] == [6, 2, 2]
    assert dataset.image_shape == (7, 9, 9, 1)
    assert dataset.train.images.dtype == np.uint8
    assert dataset.spacing_mm == pytest.approx((3.0, 0.8, 0.7))
    assert dataset.task == "segmentation"
    for split in dataset.splits().values():
        assert (split.labels.reshape(len(split), -1).sum(axis=1) == 2 * 3 * 2).all()
        assert (split.images[split.labels == 1].mean()) > 200
        assert {tuple(extent) for extent in split.attributes["extent"]} <= {(7, 8, 9), (7, 9, 9)}
    assert "5 of 10 images were padded to (7, 9, 9)." in dataset.notes
    assert "1 files without a known ending were passed over." in dataset.notes


def test_files_of_one_patient_stay_in_one_split(folder):
    names = [f"scan_{number}.nii.gz" for number in range(10)]
    rows = [f"{name},patient {number // 2}" for number, name in enumerate(names)]
    (folder / "groups.csv").write_text("\n".join(["file,group", *rows]))
    dataset = load_masks(folder, NAMES, group_rule="csv:groups.csv", val_fraction=0.2, test_fraction=0.2)
    patients = [set(split.patients) for split in dataset.splits().values()]
    assert [len(split) for split in dataset.splits().values()] == [6, 2, 2]
    assert [len(some) for some in patients] == [3, 1, 1]
    assert len(set.union(*patients)) == 5
    assert "by the groups of groups.csv (5 groups)" in " ".join(dataset.notes)
    assert "Patients are not known" not in " ".join(dataset.notes)


def test_where_file_numbers_make_too_few_blocks_images_stand_alone_unless_blocks_were_asked_for(folder):
    for number in range(10):
        for part in ("images", "masks"):
            # Numbers 0 to 8 and 900: blocks of 10 are two.
            new = f"{number if number < 9 else 900}.nii.gz"
            (folder / part / f"scan_{number}.nii.gz").rename(folder / part / new)
    notes = " ".join(load_masks(folder, NAMES).notes)
    assert "each image on its own: file numbers make too few blocks (10 groups)" in notes
    with pytest.raises(ValueError, match="at least 3 groups"):
        load_masks(folder, NAMES, group_rule="blocks:10")


def test_a_window_of_hounsfield_units_is_kept(folder):
    dataset = load_masks(folder, NAMES, window_hu=(100, 200))
    lesion = dataset.train.labels == 1
    assert dataset.train.images[lesion].mean() > 240  # 200 HU lies at the upper end
    assert dataset.window_hu == (100, 200)


def test_png_with_masks_of_0_and_255_are_read(tmp_path, rng):
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(6):
        gray = rng.integers(0, 200, (8, 9)).astype(np.uint8)
        Image.fromarray(gray).save(tmp_path / "images" / f"{number}.png")
        Image.fromarray(np.where(gray > 100, 255, 0).astype(np.uint8)).save(
            tmp_path / "labels" / f"{number}.png"
        )
    dataset = load_masks(tmp_path, NAMES, masks="labels")
    np.testing.assert_array_equal(dataset.train.labels, dataset.train.images[..., 0] > 100)
    assert dataset.spacing_mm is None


def test_targets_fingerprint_and_repr_are_those_of_masks(rng):
    def split(count):
        images = rng.integers(0, 256, (count, 7, 8, 1)).astype(np.uint8)
        return Split(images, (images[..., 0] > 200).astype(np.uint8))

    dataset = Dataset("m", split(3), split(2), split(2), "segmentation", NAMES)
    targets = dataset.targets(dataset.val)
    assert targets is dataset.val.labels
    assert "segmentation" in repr(dataset)
    assert "0 background; 1 lesion" in repr(dataset)
    other = dataset.with_train(Split(dataset.train.images, np.zeros((3, 7, 8), np.uint8)))
    assert other.fingerprint != dataset.fingerprint
    cropped = center_crop(dataset, 4)
    np.testing.assert_array_equal(cropped.train.labels, dataset.train.labels[:, 1:5, 2:6])


def test_an_attribute_becomes_the_labels(rng):
    images = rng.integers(0, 256, (2, 7, 8, 1)).astype(np.uint8)
    split = Split(images, np.zeros(2, int), attributes={"mask": images[..., 0] > 100, "age": np.ones(2)})
    dataset = as_segmentation(Dataset("m", split, split, split, "binary", ("a", "b"), 1), NAMES)
    np.testing.assert_array_equal(dataset.train.labels, images[..., 0] > 100)
    assert list(dataset.train.attributes) == ["age"]
    assert dataset.positive_class is None
    with pytest.raises(ValueError, match=r"column must be one of: age; got 'mask'"):
        as_segmentation(dataset, NAMES)


# --- refusals


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((2, 7, 8), int), r"uint8 masks \(2, 7, 8\) in train.* got int64"),
        (np.zeros((2, 8, 7), np.uint8), r"got uint8 \(2, 8, 7\)"),
        (np.full((2, 7, 8), 2, np.uint8), r"of its 2 classes, got uint8 \(2, 7, 8\) up to 2"),
    ],
)
def test_labels_that_are_no_masks_are_refused(masks, message):
    split = Split(np.zeros((2, 7, 8, 1), np.uint8), masks)
    with pytest.raises(ValueError, match=message):
        Dataset("m", split, split, split, "segmentation", NAMES)


def test_a_shape_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match=r"must hold the largest image, \(2, 3\), got \(2, 2\)"):
        padded([np.zeros((2, 3))], [np.zeros((2, 3))], (2, 2))


def test_a_mask_on_another_grid_is_refused(folder):
    write_nifti(folder / "masks" / "scan_3.nii.gz", np.zeros((7, 9, 9), np.uint8), shift_mm=5)
    with pytest.raises(ValueError, match=r"scan_3.* must lie on one grid, got corners up to 5.0 mm apart"):
        load_masks(folder, NAMES)


def test_a_mask_of_another_size_is_refused(tmp_path):
    for name, side in (("images", 8), ("masks", 9)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((7, side), np.uint8)).save(tmp_path / name / "a.png")
    with pytest.raises(ValueError, match=r"the size of its image, got \(7, 9\) for \(7, 8\): a.png"):
        load_masks(tmp_path, NAMES)


def test_unknown_numbers_in_a_mask_are_refused(folder):
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[0, 0, :2] = 1, 3
    write_nifti(folder / "masks" / "scan_2.nii.gz", mask)
    with pytest.raises(ValueError, match=r"numbers 0 to 1 of background, lesion, got 3 in scan_2"):
        load_masks(folder, NAMES)


def test_an_image_without_a_mask_is_refused(folder):
    (folder / "masks" / "scan_4.nii.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"got 1 without a partner, the first 'scan_4'"):
        load_masks(folder, NAMES)


def test_a_missing_folder_and_an_empty_one_are_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the folders images and labels, got no labels"):
        load_masks(folder, NAMES, masks="labels")
    (folder / "a" / "images").mkdir(parents=True)
    (folder / "a" / "masks").mkdir()
    with pytest.raises(FileNotFoundError, match=r"the first 'any image'"):
        load_masks(folder / "a", NAMES)


def test_a_file_that_leads_out_of_the_folder_is_refused(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.nii.gz"
    write_nifti(elsewhere, np.ones((7, 8, 9), np.uint8))
    (folder / "images" / "scan_9.nii.gz").unlink()
    (folder / "images" / "scan_9.nii.gz").symlink_to(elsewhere)
    with pytest.raises(ValueError, match=r"must lie in the folder, got images/scan_9"):
        load_masks(folder, NAMES)


def test_two_files_of_one_name_are_refused(folder):
    write_nifti(folder / "images" / "scan_1.nii", np.ones((7, 8, 9), np.uint8))
    with pytest.raises(ValueError, match=r"two files named .scan_1. in images"):
        load_masks(folder, NAMES)
