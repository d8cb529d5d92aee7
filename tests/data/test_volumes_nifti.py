import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from medlab.data import volumes


@pytest.fixture
def write(tmp_path, affine_ras):
    """Return a function that writes an array of shape (X, Y, Z) as NIfTI and returns its path."""

    def write_nifti(array, affine=affine_ras, *, name="Planted.nii.gz", codes=(1, 1), unit="mm", scale=None):
        image = nibabel.Nifti1Image(array, affine)
        image.header.set_xyzt_units(unit)
        if scale is not None:
            image.header.set_slope_inter(*scale)
        nibabel.save(image, tmp_path / name)
        if codes != (1, 1) or scale is not None:
            image = nibabel.load(tmp_path / name)
            data = np.asarray(image.dataobj.get_unscaled())
            header = image.header
            header["qform_code"], header["sform_code"] = codes
            written = nibabel.Nifti1Image(data, None, header)
            written.header.set_slope_inter(*(scale or (1, 0)))
            nibabel.save(written, tmp_path / name)
        return tmp_path / name

    return write_nifti


def assert_refuses(path, match):
    with pytest.raises(ValueError, match=f"(?s){match}") as caught:
        volumes.read(path)
    assert "Planted" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_axes_and_place_are_those_of_dicom(write, dicom, name):
    volume = volumes.read(write(dicom.array.T, name=name), modality="CT")
    np.testing.assert_array_equal(volume.array, dicom.array)
    np.testing.assert_allclose(volume.spacing_mm, dicom.spacing, rtol=1e-6)
    np.testing.assert_allclose(volume.origin_mm, dicom.origin, atol=1e-5)
    np.testing.assert_allclose(volume.direction, dicom.direction, atol=1e-6)
    assert repr(volume) == "Volume(CT, 7 x 8 x 9 int16 in HU, spacing 3 x 0.8 x 0.7 mm)"
    assert volume.header is None


def test_voxel_1_2_3_lies_in_the_same_place_as_nibabel_says(write, dicom, affine_ras):
    volume = volumes.read(write(dicom.array.T))
    right, front, up = (affine_ras @ [3, 2, 1, 1])[:3]
    np.testing.assert_allclose(volume.to_world((1, 2, 3)), [-right, -front, up], atol=1e-5)


def test_dicom_written_as_nifti_by_simpleitk_comes_back(dicom, folder, tmp_path):
    dicom.write(folder)
    first = volumes.read(folder)
    sitk.WriteImage(first.to_sitk(), tmp_path / "a.nii.gz")
    second = volumes.read(tmp_path / "a.nii.gz", modality="CT")
    assert repr(first) == repr(second)
    np.testing.assert_array_equal(first.array, second.array)
    for corner in ([0, 0, 0], [6, 7, 8]):
        np.testing.assert_allclose(first.to_world(corner), second.to_world(corner), atol=1e-4)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.uint8, np.int16),
        (np.int16, np.int16),
        (np.int32, np.int16),
        (">i2", np.int16),
        (np.float32, np.float32),
        (np.float64, np.float32),
    ],
)
def test_integers_that_fit_are_int16_and_all_else_float32(write, dicom, dtype, expected):
    stored = (dicom.array % 200).astype(dtype)
    volume = volumes.read(write(stored.T))
    assert volume.array.dtype == expected
    np.testing.assert_array_equal(volume.array, stored)


def test_scale_and_offset_are_honored(write, dicom):
    volume = volumes.read(write(np.full((9, 8, 7), 100, np.int16), scale=(2, -1024)))
    assert volume.array.dtype == np.int16
    assert np.all(volume.array == -824)
    volume = volumes.read(write(np.full((9, 8, 7), 100, np.int16), scale=(0.25, 0)))
    assert volume.array.dtype == np.float32
    assert np.all(volume.array == 25)


@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (1, 2)])
def test_one_affine_of_two_is_enough(write, dicom, codes):
    volume = volumes.read(write(dicom.array.T, codes=codes))
    np.testing.assert_allclose(volume.origin_mm, dicom.origin, atol=1e-5)


def test_lengths_in_meters_become_millimeters(write, dicom, affine_ras):
    volume = volumes.read(write(dicom.array.T, np.diag([1e-3, 1e-3, 1e-3, 1]) @ affine_ras, unit="meter"))
    np.testing.assert_allclose(volume.spacing_mm, dicom.spacing, rtol=1e-5)
    np.testing.assert_allclose(volume.origin_mm, dicom.origin, rtol=1e-5)


def test_a_fourth_axis_of_length_one_is_no_axis(write, dicom):
    assert volumes.read(write(dicom.array.T[..., np.newaxis])).shape == dicom.shape


def test_refuses_several_time_points_and_says_how_to_take_one(write, dicom):
    path = write(np.stack([dicom.array.T] * 2, axis=-1))
    assert_refuses(path, r"on 3 axes, got int16 in shape \(9, 8, 7, 2\).*slicer\[\.\.\., 0\]")


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (42, np.int16(-5), r"must be whole, got a OverflowError"),
        (42, np.int16(0), r"on 3 axes, got int16 in shape \(0, 8, 7\)\. Convert"),
        (108, np.float32(1e30), r"must be whole, got a OverflowError"),
    ],
    ids=["length of x below 0", "length of x 0", "voxels behind the end"],
)
def test_refuses_a_header_whose_numbers_cannot_be(write, dicom, place, value, words):
    path = write(dicom.array.T, name="Planted.nii")
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + value.tobytes() + whole[place + value.nbytes :])
    assert_refuses(path, words)


def test_refuses_nifti_without_affine_and_says_what_to_do(write, dicom):
    path = write(dicom.array.T, codes=(0, 0))
    assert_refuses(path, r"qform_code 0 and sform_code 0: it has no affine, .*set_sform\(affine, code=1\)")


def test_refuses_a_sheared_affine(write, dicom, affine_ras):
    sheared = affine_ras.copy()
    sheared[:3, 2] += 0.5 * affine_ras[:3, 0]
    assert_refuses(write(dicom.array.T, sheared, codes=(0, 1)), r"sheared by 6\.\d degrees.*Resample")


def test_refuses_an_affine_with_an_axis_of_no_length(write, dicom, affine_ras):
    path = write(dicom.array.T, name="Planted.nii", codes=(0, 1))
    flat = np.array(affine_ras[:3], np.float32)
    flat[:, 1] = 0
    # The rows of the sform begin at byte 280 of the header.
    whole = path.read_bytes()
    path.write_bytes(whole[:280] + flat.tobytes() + whole[328:])
    assert_refuses(path, r"give each axis a length, got \[\[-0\.4667, 0\.0, 1\.0, -10\.0\]")


def test_refuses_nan_and_says_where(write, dicom):
    array = dicom.array.astype(np.float32).T.copy()
    array[3, 2, 1] = np.nan
    assert_refuses(write(array), r"finite numbers, got 1 NaN or infinite of 504, .* \(1, 2, 3\)")


@pytest.mark.parametrize("name", ["Planted.nii", "Planted.nii.gz"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_refuses_a_file_that_is_cut(write, dicom, name, share):
    path = write(dicom.array.T, name=name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert_refuses(path, r"must be whole, got a \w+ on reading: it is cut, damaged or of another kind\. Copy")


def test_refuses_a_file_that_is_no_nifti(tmp_path):
    (tmp_path / "Planted.nii").write_text("no image " * 100)
    assert_refuses(tmp_path / "Planted.nii", r"must be whole, got a ImageFileError")


def test_refuses_numbers_that_float32_cannot_hold(write, dicom):
    assert_refuses(write(np.full((9, 8, 7), 1e300)), r"must fit float32, got larger ones")


def test_refuses_a_series_of_nifti(write, dicom):
    with pytest.raises(ValueError, match=r"series must be left out for NIfTI, which holds one image, got 2"):
        volumes.read(write(dicom.array.T), series=2)


def test_refuses_cifti_whose_numbers_lie_on_a_surface(tmp_path):
    axes = (
        nibabel.cifti2.ScalarAxis(["thickness"]),
        nibabel.cifti2.BrainModelAxis.from_surface(np.arange(4), 5, name="CortexLeft"),
    )
    nibabel.Cifti2Image(np.zeros((1, 4), np.float32), axes).to_filename(tmp_path / "a.dscalar.nii")
    with pytest.raises(ValueError, match=r"must hold voxels on a grid, got a Cifti2Image of nibabel"):
        volumes.read(tmp_path / "a.dscalar.nii")


def test_refuses_analyze_that_is_called_nifti(tmp_path):
    nibabel.Spm2AnalyzeImage(np.zeros((9, 8, 7), np.int16), np.eye(4)).to_filename(tmp_path / "a.img")
    (tmp_path / "a.hdr").rename(tmp_path / "a.nii")
    with pytest.raises(ValueError, match=r"must be whole, got a \w+ on reading: .* or of another kind"):
        volumes.read(tmp_path / "a.nii")


def test_nifti_2_is_read_like_nifti_1(tmp_path, affine_ras):
    array = np.arange(7 * 8 * 9, dtype=np.int16).reshape(9, 8, 7)
    nibabel.Nifti2Image(array, affine_ras).to_filename(tmp_path / "a.nii")
    np.testing.assert_array_equal(volumes.read(tmp_path / "a.nii").array, array.T)
