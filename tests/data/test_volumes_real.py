"""Real DICOM and NIfTI: what SimpleITK reads is what medlab reads."""

import numpy as np
import pytest
import SimpleITK as sitk

from medlab.data import volumes


def assert_same(volume, image, tolerance=0.0):
    np.testing.assert_allclose(volume.array, sitk.GetArrayViewFromImage(image), rtol=tolerance)
    ours = volume.to_sitk()
    for get in (sitk.Image.GetSpacing, sitk.Image.GetOrigin, sitk.Image.GetDirection):
        np.testing.assert_allclose(get(ours), get(image), atol=1e-4)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("ct_lung_dx/Lung_Dx-A0002", "CT, 30 x 512 x 512 int16 in HU, spacing 8 x 0.6465 x 0.6465 mm"),
        ("ct_lidc/LIDC-IDRI-0001", "CT, 16 x 512 x 512 int16 in HU, spacing 2.5 x 0.7031 x 0.7031 mm"),
        ("ct_lidc/LIDC-IDRI-0003", "CT, 11 x 512 x 512 int16 in HU, spacing 2.5 x 0.8203 x 0.8203 mm"),
        (
            "pet_ct_mr/dicom_STS_001/CT/image",
            "CT, 59 x 202 x 198 int16 in HU, spacing 3.27 x 0.9766 x 0.9766 mm",
        ),
        (
            "pet_ct_mr/dicom_STS_001/PET/image",
            "PT, 59 x 43 x 41 float32 in g/ml, spacing 3.27 x 4.688 x 4.688 mm",
        ),
    ],
)
def test_a_dicom_series_is_read_as_simpleitk_reads_it(real_data, folder, expected):
    volume = volumes.read(real_data / folder)
    assert repr(volume) == f"Volume({expected})"
    assert [str(series)[3:] for series in volumes.list_series(real_data / folder)] == [
        f"{volume.modality}, {volume.shape[0]} slices of {volume.shape[1]} x {volume.shape[2]}, "
        f"spacing {expected.split('spacing ')[1]}"
    ]
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(real_data / folder)))
    assert_same(volume, reader.Execute(), 1e-6)
    assert volume.header.PatientIdentityRemoved == "YES"


def test_contours_alone_are_no_volume(real_data):
    with pytest.raises(ValueError, match=r"folder with DICOM slices, got 1 DICOM object without pixels"):
        volumes.read(real_data / "pet_ct_mr/dicom_STS_001/CT/mask")


@pytest.mark.parametrize("patient", ["STS_002", "STS_025"])
def test_grids_of_a_patient_differ_and_are_read_as_simpleitk_reads_them(real_data, patient):
    folder = real_data / "pet_ct_mr/nifti" / patient
    shapes = set()
    for path in sorted(folder.glob("*.nii.gz")):
        volume = volumes.read(path)
        assert_same(volume, sitk.ReadImage(str(path)))
        assert volume.array.dtype == (np.int16 if "mask" in path.name else np.float32)
        shapes.add(volume.shape)
    assert len(shapes) == 3


def test_pet_on_the_grid_of_ct_keeps_its_tumor_in_place(real_data):
    folder = real_data / "pet_ct_mr/nifti/STS_002"
    ct, ct_mask, pet_mask = (
        volumes.read(folder / f"{name}.nii.gz") for name in ("CT_image", "CT_mask", "PET_mask")
    )
    moved = volumes.resample(pet_mask, like=ct, interpolation="nearest").array > 0
    overlap = 2 * (moved & (ct_mask.array > 0)).sum() / (moved.sum() + (ct_mask.array > 0).sum())
    assert overlap > 0.8


def test_a_hippocampus_of_any_stored_type_is_read(real_data):
    paths = sorted((real_data / "share_alike/hippocampus").rglob("*.nii.gz"))[:10]
    for path in paths:
        assert_same(volumes.read(path), sitk.ReadImage(str(path)))
