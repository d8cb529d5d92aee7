from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from medlab.data import read_images, read_one


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below" / ".hidden").mkdir(parents=True)
    gray = np.arange(30, dtype=np.uint8).reshape(6, 5) * 8
    Image.fromarray(gray).save(tmp_path / "b.png")
    Image.fromarray(gray.T).save(tmp_path / "below" / "a.png")
    Image.fromarray(gray).save(tmp_path / "below" / ".hidden" / "c.png")
    (tmp_path / "notes.txt").write_text("none")
    return tmp_path


def test_all_images_of_a_folder_in_the_shape_of_the_network(folder):
    names, images, notes = read_images(folder, (6, 5, 1))
    assert names == ["b.png", "below/a.png"]
    assert images.shape == (2, 6, 5, 1)
    assert np.array_equal(images[0, ..., 0], np.arange(30).reshape(6, 5) * 8)
    assert notes == ["1 of 2 images were resized to 6x5.", "1 files that are no images were passed over."]


def test_folders_that_are_links_are_counted(folder, tmp_path):
    (folder / "link").symlink_to(folder / "below")
    names, _, notes = read_images(folder, (6, 5, 1))
    assert names == ["b.png", "below/a.png"]
    assert notes[-1] == "1 folders that are links were not searched."


def test_one_file_and_color(folder):
    names, images, notes = read_images(folder / "b.png", (6, 5, 3))
    assert (names, images.shape, notes) == (["b.png"], (1, 6, 5, 3), [])


def test_refusals(folder):
    with pytest.raises(
        ValueError, match=r"take images \(H, W, 1\) or \(H, W, 3\), this one takes \(5, 6, 5, 1\)"
    ):
        read_images(folder, (5, 6, 5, 1))
    with pytest.raises(FileNotFoundError, match=r"^nowhere must be an image or a folder of images"):
        read_images(folder / "nowhere", (6, 5, 1))
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty must hold images .* got none"):
        read_images(folder / "empty", (6, 5, 1))
    (folder / "z.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"z\.png must be a readable image"):
        read_images(folder, (6, 5, 1))


CT = {"spacing_mm": None, "window_hu": (-400.0, 1400.0), "modality": "CT (simulated)"}


def test_one_picture_says_that_its_pixels_have_no_known_size(folder):
    image = read_one(folder / "b.png", {"input_shape": [6, 5, 1]})
    assert (image.images.shape, image.spacing_mm) == ((1, 6, 5, 1), None)
    assert image.notes == ["A picture does not tell the size of its pixels in mm."]
    image = read_one(folder / "b.png", {"input_shape": [6, 5, 1], "window_hu": [-400.0, 1400.0]})
    assert image.notes[0].endswith("in mm, nor its window: it has to be that of the training images.")


def test_a_slice_of_a_series_comes_through_the_window_of_the_training_images(dicom, tmp_path):
    stored = np.full((7, 8, 9), -1100, np.int16)
    stored[2] = -400
    stored[2, 3, 4] = 300
    dicom.write(tmp_path / "series", stored)
    image = read_one(tmp_path / "series", {**CT, "input_shape": [8, 9, 1]}, slice_index=2)
    assert image.images.shape == (1, 8, 9, 1)
    assert image.images[0, 0, 0, 0] == pytest.approx(127.5, abs=0.5)  # the window's center
    assert image.images[0, 3, 4, 0] == 255
    assert image.spacing_mm == pytest.approx((0.8, 0.7))


def test_a_volume_is_resized_to_the_network_and_its_spacing_with_it(dicom, tmp_path):
    dicom.write(tmp_path / "series")
    facts = {**CT, "input_shape": [7, 4, 9, 1], "spacing_mm": [3.0, 1.6, 0.7]}
    image = read_one(tmp_path / "series", facts)
    assert image.images.shape == (1, 7, 4, 9, 1)
    assert image.spacing_mm == pytest.approx((3.0, 1.6, 0.7))
    assert "resized from (7, 8, 9) to (7, 4, 9)" in image.notes[-1]


def test_numbers_without_a_unit_are_spread_over_the_gray_values_and_the_page_says_so(dicom, tmp_path):
    dicom.write(tmp_path / "series", Modality="MR")
    image = read_one(tmp_path / "series", {"input_shape": [7, 8, 9, 1], "modality": "unknown"})
    assert (image.images.min(), image.images.max()) == (0, 255)
    assert "(99 % of the pixels) became gray values 0 to 255" in image.notes[-1]


def test_an_x_ray_whose_low_numbers_are_bright_is_inverted_and_hounsfield_units_are_not(dicom, tmp_path):
    stored = np.arange(7 * 8 * 9, dtype=np.int16).reshape(7, 8, 9)
    facts = {"input_shape": [7, 8, 9, 1], "modality": "unknown"}
    images = {}
    for kind in ("MONOCHROME1", "MONOCHROME2"):
        dicom.write(tmp_path / kind, stored, Modality="MR", PhotometricInterpretation=kind)
        images[kind] = read_one(tmp_path / kind, facts)
    assert np.allclose(images["MONOCHROME1"].images, 255 - images["MONOCHROME2"].images)
    assert "It was inverted" in images["MONOCHROME1"].notes[-1]
    dicom.write(tmp_path / "ct", np.full((7, 8, 9), 300, np.int16), PhotometricInterpretation="MONOCHROME1")
    assert (read_one(tmp_path / "ct", {**CT, "input_shape": [7, 8, 9, 1]}).images == 255).all()


@pytest.mark.parametrize(
    ("shape", "facts", "number", "message"),
    [
        ([8, 9, 1], {}, None, r"single images: give slice_index, 0 to 6, to choose a slice"),
        ([8, 9, 1], {}, 7, r"slice_index must lie between 0 and 6, got 7"),
        ([7, 8, 9, 1], {}, 2, r"takes whole volumes \(7, 8, 9\), got one slice"),
        ([8, 9, 3], {}, 2, r"must take gray images or volumes to read DICOM"),
        ([20, 2], {}, 2, r"must take gray images or volumes to read DICOM"),
        ([8, 9, 1], {"modality": "histology (H&E)"}, 2, r"modality, histology \(H&E\), got CT"),
        ([8, 9, 1], {"modality": "chest X-ray, frontal"}, 2, r"modality, chest X-ray, frontal, got CT"),
        ([8, 9, 1], {"spacing_mm": [5, 5]}, 2, r"must show about 40 x 45 mm.* got 6 x 6 mm"),
    ],
)
def test_an_image_of_another_shape_modality_or_size_is_refused(
    dicom, tmp_path, shape, facts, number, message
):
    dicom.write(tmp_path / "series")
    with pytest.raises((ValueError, TypeError), match=message):
        read_one(tmp_path / "series", {**CT, **facts, "input_shape": shape}, number)


def test_what_is_no_image_is_refused(folder, tmp_path):
    facts = {**CT, "input_shape": [6, 5, 1]}
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match=r"must be a folder with DICOM slices, got an empty one"):
        read_one(tmp_path / "nothing", facts)
    with pytest.raises(FileNotFoundError, match=r"path must be a folder or file that exists"):
        read_one(tmp_path / "nowhere", facts)
    with pytest.raises(ValueError, match=r"slice_index is for volumes, got 3 for a picture"):
        read_one(folder / "b.png", facts, 3)
    Image.fromarray(np.full((6, 5), np.nan, np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(ValueError, match=r"must hold finite numbers, got NaN"):
        read_one(tmp_path / "nan.tif", facts)


def test_nifti_is_taken_for_ct_where_the_network_knows_a_window_and_nan_is_refused(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    affine = np.diag([0.7, 0.8, 3.0, 1.0])
    stored = np.full((9, 8, 7), -400, np.float32)
    nibabel.save(nibabel.Nifti1Image(stored, affine), tmp_path / "scan.nii.gz")
    image = read_one(tmp_path / "scan.nii.gz", {**CT, "input_shape": [7, 8, 9, 1]})
    assert np.allclose(image.images, 127.5, atol=0.5)
    assert "its numbers were taken for HU" in image.notes[0]
    stored[0, 0, 0] = np.nan
    nibabel.save(nibabel.Nifti1Image(stored, affine), tmp_path / "bad.nii")
    with pytest.raises(ValueError, match=r"Voxels of a NIfTI file must hold finite numbers, got 1 NaN"):
        read_one(tmp_path / "bad.nii", {**CT, "input_shape": [7, 8, 9, 1]})
