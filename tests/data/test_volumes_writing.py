"""What is written is read back equal: by medlab, by SimpleITK, by highdicom; dciodvfy finds no error."""

import dataclasses
import shutil
import subprocess

import highdicom as hd
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.sr.codedict import codes

from medlab.data import volumes

# What the general modules of DICOM ask of a source, and dciodvfy of its segmentation.
GENERAL = {
    "PatientBirthDate": "", "PatientSex": "F", "ReferringPhysicianName": "", "StudyID": "1",
    "StudyTime": "120000", "AccessionNumber": "", "PositionReferenceIndicator": "",
}  # fmt: skip


@pytest.fixture
def series(dicom, folder):
    dicom.write(folder, **GENERAL)
    return volumes.read(folder)


@pytest.fixture
def masks(series):
    """Two masks that overlap, on some of the slices."""
    nodule, lung = np.zeros(series.shape, bool), np.zeros(series.shape, bool)
    nodule[2:4, 1:3, 2:6] = True
    lung[1:6, 1:7, 1:5] = True
    return {
        "nodule 1": volumes.Volume(nodule, *_place(series)),
        "lung": volumes.Volume(lung, *_place(series)),
    }


def _place(volume):
    return volume.spacing_mm, volume.origin_mm, volume.direction


@pytest.fixture
def seg(masks, series, tmp_path):
    kinds = {"nodule 1": "nodule", "lung": "lung"}
    return volumes.write_seg(masks, series, tmp_path / "seg.dcm", kinds=kinds, algorithm="U-Net")


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint8, np.int64, np.float64])
def test_nifti_keeps_voxels_and_place(series, tmp_path, dtype, affine_ras):
    array = (series.array % 200).astype(dtype)
    path = volumes.write_nifti(volumes.Volume(array, *_place(series)), tmp_path / "volume.nii.gz")
    again = volumes.read(path)
    np.testing.assert_array_equal(again.array, array)
    np.testing.assert_allclose(
        again.to_world([[0, 0, 0], [6, 7, 8]]), series.to_world([[0, 0, 0], [6, 7, 8]]), atol=1e-4
    )
    image = nibabel.load(path)
    np.testing.assert_allclose(image.affine, affine_ras, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), affine_ras, atol=1e-5)
    assert image.header.get_xyzt_units()[0] == "mm"
    theirs, ours = sitk.ReadImage(str(path)), series.to_sitk()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(theirs), array)
    for get in (sitk.Image.GetSpacing, sitk.Image.GetOrigin, sitk.Image.GetDirection):
        np.testing.assert_allclose(get(theirs), get(ours), atol=1e-4)


def test_a_mask_becomes_zeros_and_ones(masks, tmp_path):
    path = volumes.write_nifti(masks["lung"], tmp_path / "mask.nii")
    assert nibabel.load(path).get_data_dtype() == np.uint8
    np.testing.assert_array_equal(volumes.read(path).array, masks["lung"].array)
    empty = volumes.Volume(np.zeros((7, 8, 9), bool), (3.0, 0.8, 0.7))
    assert nibabel.load(volumes.write_nifti(empty, tmp_path / "empty.nii")).get_data_dtype() == np.uint8


def test_nothing_is_overwritten_and_endings_are_held(masks, series, tmp_path):
    path = volumes.write_nifti(masks["lung"], tmp_path / "mask.nii")
    with pytest.raises(
        FileExistsError, match=r"new file and end with \.nii or \.nii\.gz, got one that exists"
    ):
        volumes.write_nifti(masks["lung"], path)
    with pytest.raises(ValueError, match=r"end with \.nii or \.nii\.gz, got one that ends with \.mha"):
        volumes.write_nifti(masks["lung"], tmp_path / "mask.mha")
    with pytest.raises(ValueError, match=r"end with \.dcm, got one that ends with nothing"):
        volumes.write_seg(masks, series, tmp_path / "seg", kinds="lung")


def test_a_segmentation_is_read_back_equal(seg, masks, series):
    again = volumes.read_seg(seg, series)
    assert list(again) == list(masks)
    for name, mask in masks.items():
        np.testing.assert_array_equal(again[name].array, mask.array)


def test_highdicom_reads_the_same_masks_codes_and_sources(seg, masks, series):
    theirs = hd.seg.segread(seg)
    pixels = theirs.get_pixels_by_source_instance(
        list(series.instance_uids), ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    np.testing.assert_array_equal(pixels, np.stack([mask.array for mask in masks.values()], axis=-1))
    nodule, lung = theirs.SegmentSequence
    assert (nodule.segmented_property_type, lung.segmented_property_type) == (
        codes.SCT.Nodule,
        codes.SCT.Lung,
    )
    assert (nodule.segmented_property_category, lung.segmented_property_category) == (
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.AnatomicalStructure,
    )
    assert nodule.SegmentAlgorithmName == "U-Net"
    (source,) = theirs.ReferencedSeriesSequence
    assert source.SeriesInstanceUID == series.header.SeriesInstanceUID
    assert {item.ReferencedSOPInstanceUID for item in source.ReferencedInstanceSequence} <= {
        *series.instance_uids
    }


def test_simpleitk_reads_the_same_masks_in_the_same_place(seg, masks, series):
    theirs = sitk.ReadImage(str(seg))
    frames = sitk.GetArrayFromImage(theirs).astype(bool)
    dataset = pydicom.dcmread(seg)
    assert len(frames) == int(dataset.NumberOfFrames) == 2 + 5
    for frame, item in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        z = series.to_index(item.PlanePositionSequence[0].ImagePositionPatient)[0].round(6)
        number = item.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        np.testing.assert_array_equal(frame, list(masks.values())[number - 1].array[int(z)])


def test_one_segment_lies_in_simpleitk_where_it_was_written(masks, series, tmp_path):
    path = volumes.write_seg({"lung": masks["lung"]}, series, tmp_path / "lung.dcm", kinds="lung")
    theirs = sitk.Resample(
        sitk.ReadImage(str(path)), series.to_sitk(), sitk.Transform(), sitk.sitkNearestNeighbor
    )
    np.testing.assert_array_equal(sitk.GetArrayFromImage(theirs) > 0, masks["lung"].array)


def test_a_segmentation_names_the_patient_as_its_source_does(dicom, folder, masks, series, seg, tmp_path):
    text = seg.read_bytes()
    assert [word for word in dicom.planted if word.encode() in text] == []
    dataset = pydicom.dcmread(seg)
    for name in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert dataset[name].value == series.header[name].value
    original = volumes.read(folder, deidentify=False)
    named = volumes.write_seg(masks, original, tmp_path / "named.dcm", kinds="organ")
    assert pydicom.dcmread(named).PatientID == "SECRET4711"
    # Found from the de-identified series as well: its frame of reference is the stand-in of this one.
    assert volumes.read_seg(named, series)["lung"].array.sum() == masks["lung"].array.sum()


def test_people_draw_without_an_algorithm(masks, series, tmp_path):
    path = volumes.write_seg({"lung": masks["lung"]}, series, tmp_path / "drawn.dcm", kinds="lung")
    (segment,) = pydicom.dcmread(path).SegmentSequence
    assert segment.SegmentAlgorithmType == "MANUAL"


def test_namesakes_get_their_numbers(seg, series):
    dataset = pydicom.dcmread(seg)
    for segment in dataset.SegmentSequence:
        segment.SegmentLabel = "lesion"
    dataset.save_as(seg)
    assert list(volumes.read_seg(seg, series)) == ["lesion (1)", "lesion (2)"]


@pytest.mark.parametrize("kind", volumes.SEGMENT_KINDS)
def test_every_kind_is_written(masks, series, tmp_path, kind):
    path = volumes.write_seg({"x": masks["lung"]}, series, tmp_path / "seg.dcm", kinds=kind)
    (segment,) = hd.seg.segread(path).SegmentSequence
    assert segment.segmented_property_type == volumes.SEGMENT_KINDS[kind][1]


def test_refuses_masks_that_are_none_or_lie_elsewhere(masks, series, tmp_path):
    path = tmp_path / "seg.dcm"
    moved = volumes.Volume(masks["lung"].array, series.spacing_mm, (0.0, 0.0, 0.0), series.direction)
    empty = volumes.Volume(np.zeros(series.shape, bool), *_place(series))
    numbers = volumes.Volume(np.ones(series.shape), *_place(series))
    for mask, words in (
        (moved, "source and mask_2 must lie on one grid, got corners up to"),
        (empty, "mask 2 must hold booleans, not all False, got bool"),
        (numbers, "mask 2 must hold booleans, not all False, got float64"),
    ):
        with pytest.raises(ValueError, match=words):
            volumes.write_seg({**masks, "lung": mask}, series, path, kinds="lung")
    with pytest.raises(ValueError, match=r"kind of mask 1 must be one of: nodule, tumor, .* got 'nodul'"):
        volumes.write_seg(masks, series, path, kinds="nodul")
    with pytest.raises(ValueError, match=r"kind of mask 2 must be one of: .*; got None"):
        volumes.write_seg(masks, series, path, kinds={"nodule 1": "nodule"})
    with pytest.raises(
        ValueError, match=r"needs masks and a source as read from DICOM, got 2 masks and Volume"
    ):
        volumes.write_seg(masks, volumes.Volume(series.array, *_place(series)), path, kinds="lung")
    with pytest.raises(ValueError, match="got 0 masks"):
        volumes.write_seg({}, series, path, kinds="lung")
    assert not path.exists()


def test_a_source_without_what_may_be_empty_can_be_segmented(masks, series, tmp_path):
    for keyword in (*GENERAL, "SliceThickness", "StudyDate"):
        if keyword in series.header:
            delattr(series.header, keyword)
    path = volumes.write_seg(masks, series, tmp_path / "bare.dcm", kinds="lung")
    written = pydicom.dcmread(path)
    assert not written.PatientSex
    assert not written.StudyID
    again = volumes.read_seg(path, series)
    assert all(np.array_equal(again[name].array, mask.array) for name, mask in masks.items())


def test_refuses_a_segmentation_of_another_grid_and_counts_frames(seg, series, dicom, folder, tmp_path):
    part = volumes.Volume(
        series.array[:5], *_place(series), header=series.header, instance_uids=series.instance_uids[:5]
    )
    with pytest.raises(ValueError, match="on the grid of the volume, got 1 of 7 that do not"):
        volumes.read_seg(seg, part)
    with pytest.raises(ValueError, match="got 7 of 7 that do not"):
        volumes.read_seg(seg, volumes.resample(series, (3.0, 0.8, 0.8)))
    dicom.write(tmp_path / "other", FrameOfReferenceUID="1.2.3.4711.10")
    with pytest.raises(ValueError, match="must lie in the volume's frame of reference"):
        volumes.read_seg(seg, volumes.read(tmp_path / "other"))


def test_refuses_what_is_no_binary_segmentation(seg, series, folder):
    with pytest.raises(ValueError, match="type BINARY, got one of no segmentation"):
        volumes.read_seg(next(folder.iterdir()), series)
    dataset = pydicom.dcmread(seg)
    dataset.SegmentationType = "FRACTIONAL"
    dataset.save_as(seg)
    with pytest.raises(ValueError, match=r"type BINARY, got one FRACTIONAL\. highdicom"):
        volumes.read_seg(seg, series)
    seg.write_bytes(seg.read_bytes()[:700])
    with pytest.raises(ValueError, match=r"must be a DICOM file that can be read|of no segmentation"):
        volumes.read_seg(seg, series)


def in_place(path, series):
    """Return what SimpleITK makes of a segmentation, brought to the grid of the series."""
    theirs = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(
        sitk.Resample(theirs, series.to_sitk(), sitk.Transform(), sitk.sitkNearestNeighbor)
    )


def test_simpleitk_finds_a_mask_with_a_gap_in_its_place(series, tmp_path):
    """Slices 1 and 5 of 7: without the empty frames between, SimpleITK takes a step to be 12 mm."""
    gap = np.zeros(series.shape, bool)
    gap[1, 2:5, 3:8] = gap[5, 4:6, 1:4] = True
    path = volumes.write_seg(
        {"a": volumes.Volume(gap, *_place(series))}, series, tmp_path / "a.dcm", kinds="lesion"
    )
    np.testing.assert_array_equal(in_place(path, series) > 0, gap)
    np.testing.assert_array_equal(volumes.read_seg(path, series)["a"].array, gap)
    assert len(pydicom.dcmread(path).PerFrameFunctionalGroupsSequence) == 5


def test_values_that_older_systems_wrote_are_left_empty_and_names_may_be_of_any_language(
    dicom, tmp_path, masks
):
    dicom.write(tmp_path / "old", **{**GENERAL, "PatientSex": "m", "StudyTime": "10:11:12"})
    series = volumes.read(tmp_path / "old")
    mask = volumes.Volume(masks["lung"].array, *_place(series))
    path = volumes.write_seg({"结节": mask}, series, tmp_path / "seg.dcm", kinds="lung", algorithm="网络")
    header = pydicom.dcmread(path)
    assert (header.PatientSex or "", header.StudyTime or "") == ("", "")
    assert header.SegmentSequence[0].SegmentLabel == "结节"
    assert list(volumes.read_seg(path, series)) == ["结节"]


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\\b"])
def test_names_that_dicom_cannot_hold_are_refused(masks, series, tmp_path, name):
    mask = masks["lung"]
    with pytest.raises(ValueError, match="name of mask 1 must"):
        volumes.write_seg({name: mask}, series, tmp_path / "seg.dcm", kinds="lung")
    with pytest.raises(ValueError, match="algorithm must"):
        volumes.write_seg({"a": mask}, series, tmp_path / "seg.dcm", kinds="lung", algorithm=name)


def test_a_source_without_a_uid_or_a_folder_that_is_not_there_is_refused(masks, series, tmp_path):
    header = pydicom.Dataset(series.header)
    del header.FrameOfReferenceUID
    lacking = dataclasses.replace(series, header=header)
    with pytest.raises(
        ValueError, match="source of a SEG must have FrameOfReferenceUID, got a header without"
    ):
        volumes.write_seg(masks, lacking, tmp_path / "seg.dcm", kinds="lesion")
    with pytest.raises(FileNotFoundError, match="path must lie in a folder that exists, got 'nowhere'"):
        volumes.write_seg(masks, series, tmp_path / "nowhere" / "seg.dcm", kinds="lesion")


def test_a_segmentation_with_rows_and_columns_swapped_is_refused(series, tmp_path):
    """The first and the last pixel of a square image stay where they are."""
    square = volumes.Volume(series.array[:, :8, :8], (3.0, 0.8, 0.8), series.origin_mm, series.direction)
    header = pydicom.Dataset(series.header)
    header.Rows = header.Columns = 8
    square = dataclasses.replace(square, header=header, instance_uids=series.instance_uids)
    mask = np.zeros(square.shape, bool)
    mask[2, 1:3, 5] = True
    path = volumes.write_seg(
        {"a": dataclasses.replace(square, array=mask)}, square, tmp_path / "a.dcm", kinds="lesion"
    )
    dataset = pydicom.dcmread(path)
    orientation = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    orientation.ImageOrientationPatient = [
        *orientation.ImageOrientationPatient[3:],
        *orientation.ImageOrientationPatient[:3],
    ]
    dataset.save_as(path)
    with pytest.raises(ValueError, match="must lie on the grid of the volume, got 1 of 1"):
        volumes.read_seg(path, square)


@pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed"
)
@pytest.mark.parametrize("algorithm", ["U-Net", None])
def test_dciodvfy_finds_no_error(masks, series, tmp_path, algorithm):
    path = volumes.write_seg(masks, series, tmp_path / "seg.dcm", kinds="lesion", algorithm=algorithm)
    run = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    said = run.stderr.splitlines()
    assert "Segmentation" in said  # the kind of object that it checked
    assert [line for line in said if line.startswith("Error")] == []
