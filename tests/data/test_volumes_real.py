"""Real DICOM and NIfTI: what SimpleITK reads is what medlab reads."""

from dataclasses import replace

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


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_contours_of_ct_and_pet_enclose_one_tumor(real_data):
    folder = real_data / "pet_ct_mr/dicom_STS_001"
    ct, pet = (volumes.read(folder / kind / "image") for kind in ("CT", "PET"))
    (on_ct,) = volumes.read_rtstruct(folder / "CT/mask/RS.dcm", ct).values()
    (on_pet,) = volumes.read_rtstruct(folder / "PET/mask/RS.dcm", pet).values()
    assert on_ct.notes == on_pet.notes == ()
    volumes_ml = [mask.array.sum() * np.prod(mask.spacing_mm) / 1000 for mask in (on_ct, on_pet)]
    np.testing.assert_allclose(volumes_ml, [365.3, 366.1], atol=0.1)
    moved = volumes.resample(on_pet, like=ct, interpolation="nearest")
    assert dice(moved.array, on_ct.array) > 0.94
    # As many voxels as plastimatch 1.9.4 finds; all of them were the same.
    assert (on_ct.array.sum(), on_pet.array.sum()) == (117_145, 5_095)
    # The contours of PET, drawn on the grid of the CT, are the same tumor but for the voxels of its edge.
    (redrawn,) = volumes.read_rtstruct(folder / "PET/mask/RS.dcm", ct).values()
    assert dice(redrawn.array, on_ct.array) > 0.99


def test_pet_in_suv_follows_from_its_activity(real_data):
    """The file is in SUV: from the activity that it must have had, `suv` returns it."""
    volume = volumes.read(real_data / "pet_ct_mr/dicom_STS_001/PET/image")
    stored = volumes.suv(volume)
    np.testing.assert_array_equal(stored.array, volume.array)
    dose_bq, weight_g = 3.88777472e8, 71_000
    activity = replace(volume, array=volume.array * np.float32(dose_bq / weight_g), units="Bq/ml")
    np.testing.assert_allclose(volumes.suv(activity).array, stored.array, rtol=1e-6)


# What pylidc 0.2.3 gives for these scans: voxels of the readers' `boolean_mask()`, and of `consensus` at 0.5.
@pytest.mark.parametrize(
    ("case", "left_out", "readers", "consensus", "malignancy"),
    [
        ("LIDC-IDRI-0001/69.xml", "22 of 54", [5905, 4613, 4955, 5498], 5428, (5, 5, 5, 4)),
        ("LIDC-IDRI-0003/72.xml", "74 of 114", [2821, 2513, 3111, 5834], 3241, (5, 5, 3, 4)),
    ],
)
def test_readers_of_lidc_outline_what_pylidc_says(real_data, case, left_out, readers, consensus, malignancy):
    path = real_data / "ct_lidc" / case
    ct = volumes.read(path.parent)
    with pytest.raises(ValueError, match=f"got {left_out} that do not"):
        volumes.read_lidc(path, ct)
    reading = volumes.read_lidc(path, ct, allow_missing=True)
    (nodule,) = reading.nodules
    assert [len(voxels) for voxels in nodule.voxels] == readers
    assert (reading.labels.array > 0).sum() == consensus
    assert (nodule.readers, nodule.malignancy) == ((0, 1, 2, 3), malignancy)
    # A solid nodule in lung of about -850 HU: masks that were shifted or mirrored would hold lung.
    assert np.median(ct.array[reading.labels.array > 0]) > -200


def test_boxes_belong_to_slices_of_one_of_two_series(real_data):
    ct = volumes.read(real_data / "ct_lung_dx/Lung_Dx-A0002")
    boxes, notes = volumes.read_boxes(real_data / "ct_lung_dx/boxes", ct, allow_missing=True)
    assert notes == ("8 of 18 left out (box): their slices are not there.",)
    assert len(boxes) == len({box.z for box in boxes}) == 10
    assert {box.name for box in boxes} == {"A"}
    assert np.ptp([box.z for box in boxes]) == 9  # one tumor, on slices that follow each other


def test_a_real_tumor_goes_through_a_dicom_segmentation(real_data, tmp_path):
    folder = real_data / "pet_ct_mr/dicom_STS_001/CT"
    ct = volumes.read(folder / "image")
    masks = volumes.read_rtstruct(folder / "mask/RS.dcm", ct)
    path = volumes.write_seg(masks, ct, tmp_path / "seg.dcm", kinds="tumor")
    (again,) = volumes.read_seg(path, ct).values()
    np.testing.assert_array_equal(again.array, masks["GTV_Mass_CT"].array)
