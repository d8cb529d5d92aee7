"""Contours, readers' marks and boxes, all made by hand on a small oblique series."""

import nibabel
import numpy as np
import pydicom
import pytest

from medlab.data import volumes
from medlab.data.volumes import masks as volume_masks

SALT = "not a secret"


@pytest.fixture
def series(dicom, folder):
    dicom.write(folder)
    return volumes.read(folder, salt=SALT)


def square(z, y0, y1, x0, x1):
    """Corners of a square on a slice, in voxels."""
    return [(z, y0, x0), (z, y0, x1), (z, y1, x1), (z, y1, x0)]


@pytest.fixture
def rtstruct(tmp_path, series):
    """Write an RTSTRUCT; regions are (name, [(type, points in voxels)])."""

    def write(*regions, frame="1.2.3.4711.9", **elements):
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.RTStructureSetStorage
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4711.5"
        dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
        for number, (name, contours) in enumerate(regions, 1):
            roi, item = pydicom.Dataset(), pydicom.Dataset()
            roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
            item.ReferencedROINumber, item.ContourSequence = number, []
            for kind, points in contours:
                contour = pydicom.Dataset()
                contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
                contour.ContourData = [f"{x:.8f}" for x in series.to_world(points).ravel()]
                item.ContourSequence.append(contour)
            dataset.StructureSetROISequence.append(roi)
            dataset.ROIContourSequence.append(item)
        for name, value in elements.items():
            setattr(dataset, name, value)
        path = tmp_path / "Planted_RS.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


def closed(*squares):
    return [("CLOSED_PLANAR", points) for points in squares]


def test_a_contour_holds_the_voxels_whose_centers_it_encloses(rtstruct, series):
    # Rows 2 to 5 and columns 3 to 7 have their centers between the half lines.
    path = rtstruct(("GTV", closed(square(2, 1.5, 5.5, 2.5, 7.5))))
    mask = volumes.read_rtstruct(path, series, salt=SALT)["GTV"]
    expected = np.zeros(series.shape, dtype=bool)
    expected[2, 2:6, 3:8] = True
    np.testing.assert_array_equal(mask.array, expected)
    assert (mask.units, mask.notes, mask.spacing_mm) == ("mask", (), series.spacing_mm)


def test_a_contour_through_centers_takes_them_along(rtstruct, series):
    path = rtstruct(("GTV", closed(square(0, 2, 4, 3, 6))))
    assert volumes.read_rtstruct(path, series, salt=SALT)["GTV"].array.sum() == 3 * 4


def test_an_inner_contour_is_a_hole_and_an_island_in_it_is_not(rtstruct, series):
    path = rtstruct(
        (
            "ring",
            closed(
                square(3, 0.5, 6.5, 0.5, 7.5), square(3, 1.5, 5.5, 1.5, 6.5), square(3, 2.5, 3.5, 2.5, 3.5)
            ),
        )
    )
    mask = volumes.read_rtstruct(path, series, salt=SALT)["ring"].array[3]
    assert mask.sum() == 6 * 7 - 4 * 5 + 1
    assert (mask[1, 1], mask[2, 2], mask[3, 3], mask[4, 4]) == (True, False, True, False)


def test_a_contour_that_leaves_the_image_is_cut_at_its_border(rtstruct, series):
    path = rtstruct(("body", closed(square(1, -3.5, 1.5, 6.5, 20.5))))
    mask = volumes.read_rtstruct(path, series, salt=SALT)["body"].array
    assert mask.sum() == mask[1, :2, 7:].sum() == 2 * 2


def test_contours_of_rows_that_differ_from_columns_are_not_mirrored(rtstruct, series):
    path = rtstruct(("corner", closed([(4, -0.5, -0.5), (4, -0.5, 3.6), (4, 1.6, -0.5)])))
    rows = volumes.read_rtstruct(path, series, salt=SALT)["corner"].array[4]
    assert rows[:2].astype(int).tolist() == [[1, 1, 1, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0]]


def test_regions_are_chosen_by_name_or_number_and_namesakes_are_told_apart(rtstruct, series):
    path = rtstruct(
        ("GTV", closed(square(0, 0.5, 1.5, 0.5, 1.5))),
        ("lung", closed(square(1, 0.5, 2.5, 0.5, 2.5))),
        ("lung", closed(square(2, 0.5, 3.5, 0.5, 3.5))),
        ("isocenter", [("POINT", [(0, 1, 1)])]),
    )
    read = {k: int(v.array.sum()) for k, v in volumes.read_rtstruct(path, series, salt=SALT).items()}
    assert read == {"GTV": 1, "lung (2)": 4, "lung (3)": 9}
    assert list(volumes.read_rtstruct(path, series, [3, "GTV"], salt=SALT)) == ["lung (3)", "GTV"]


def test_open_contours_are_left_out_and_counted_and_so_are_gaps(rtstruct, series):
    contours = [*closed(square(1, 0.5, 2.5, 0.5, 2.5), square(4, 0.5, 2.5, 0.5, 2.5))]
    contours += [("OPEN_PLANAR", square(2, 0.5, 2.5, 0.5, 2.5)), ("CLOSED_PLANAR", [(2, 1, 1), (2, 3, 3)])]
    mask = volumes.read_rtstruct(rtstruct(("GTV", contours)), series, salt=SALT)["GTV"]
    assert mask.notes == (
        "2 of 4 contours left out: open, or of fewer than 3 points.",
        "2 slices between the first and the last contour have none.",
    )
    assert mask.array.sum() == 8


def test_refuses_contours_on_slices_that_are_not_there_and_counts_them(rtstruct, series):
    squares = [square(z, 0.5, 2.5, 0.5, 2.5) for z in (5, 6, 7, 8, 2.5)]
    path = rtstruct(("GTV", closed(*squares)))
    with pytest.raises(
        ValueError, match=r"contour of ROI 1 must lie on a slice of .* got 3 of 5 .*allow_miss"
    ):
        volumes.read_rtstruct(path, series, salt=SALT)
    mask = volumes.read_rtstruct(path, series, salt=SALT, allow_missing=True)["GTV"]
    assert mask.array.sum() == 8
    assert mask.notes == ("3 of 5 left out (contour of ROI 1): their slices are not there.",)
    path = rtstruct(("GTV", closed(*squares[2:])))
    with pytest.raises(ValueError, match=r"got 3 of 3 that do not\. It belongs to another series"):
        volumes.read_rtstruct(path, series, salt=SALT, allow_missing=True)


def test_refuses_contours_across_slices(rtstruct, series):
    path = rtstruct(("GTV", closed([(1, 1, 1), (1, 5, 1), (2, 5, 5)])))
    with pytest.raises(ValueError, match="must lie on a slice of the volume, got 1 of 1"):
        volumes.read_rtstruct(path, series, salt=SALT)


def test_refuses_a_region_of_open_contours_where_it_is_asked_for(rtstruct, series):
    path = rtstruct(("axis", [("OPEN_PLANAR", square(2, 0.5, 2.5, 0.5, 2.5))]))
    with pytest.raises(ValueError, match="ROI 1 must have a closed contour, got 1 open ones or points"):
        volumes.read_rtstruct(path, series, ["axis"], salt=SALT)
    with pytest.raises(ValueError, match="one region or more with closed contours, got none of 1"):
        volumes.read_rtstruct(path, series, salt=SALT)


def test_refuses_regions_that_are_not_there_without_repeating_names(rtstruct, series):
    path = rtstruct(("Planted", closed(square(2, 0.5, 2.5, 0.5, 2.5))))
    with pytest.raises(ValueError, match=r"file's 1 regions, got 2 that are none\. .* are 1;") as caught:
        volumes.read_rtstruct(path, series, ["GTV", 1, 7], salt=SALT)
    assert "Planted" not in str(caught.value)


def test_refuses_another_frame_of_reference_or_salt(rtstruct, series, dicom, folder):
    path = rtstruct(("GTV", closed(square(2, 0.5, 2.5, 0.5, 2.5))), frame="1.2.3.4711.10")
    with pytest.raises(ValueError, match="must lie in the volume's frame of reference, got another"):
        volumes.read_rtstruct(path, series, salt=SALT)
    path = rtstruct(("GTV", closed(square(2, 0.5, 2.5, 0.5, 2.5))))
    with pytest.raises(ValueError, match="give the salt that it was read with"):
        volumes.read_rtstruct(path, series, salt="another secret")
    original = volumes.read(folder, deidentify=False)
    assert volumes.read_rtstruct(path, original)["GTV"].array.sum() == 4


def test_refuses_what_is_no_rtstruct(dicom, folder, series, tmp_path, rtstruct):
    with pytest.raises(ValueError, match="must be an RTSTRUCT file with regions, got none"):
        volumes.read_rtstruct(next(folder.iterdir()), series)
    with pytest.raises(FileNotFoundError, match="path must be a folder or file that exists"):
        volumes.read_rtstruct(tmp_path / "none.dcm", series)
    path = rtstruct(("GTV", closed(square(2, 0.5, 2.5, 0.5, 2.5))))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="must be a DICOM file that can be read"):
        volumes.read_rtstruct(path, series)


# What LIDC's readers mark: (x, y) in pixels; an outline is the first pixels outside.
def outline(y0, y1, x0, x1):
    ring = [(y0, x) for x in range(x0, x1)] + [(y, x1) for y in range(y0, y1)]
    ring += [(y1, x) for x in range(x1, x0, -1)] + [(y, x0) for y in range(y1, y0, -1)]
    return ring


def roi(z, points, inclusion="TRUE"):
    edges = "".join(f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for y, x in points)
    uid = f"1.2.3.4711.1.{z + 1}"
    return f"<roi><imageSOP_UID>{uid}</imageSOP_UID><inclusion>{inclusion}</inclusion>{edges}</roi>"


def nodule(*regions, malignancy=None):
    rating = f"<characteristics><malignancy>{malignancy}</malignancy></characteristics>" if malignancy else ""
    return f"<unblindedReadNodule>{rating}{''.join(regions)}</unblindedReadNodule>"


@pytest.fixture
def lidc(tmp_path):
    def write(*sessions, root="LidcReadMessage"):
        path = tmp_path / "Planted.xml"
        body = "".join(f"<readingSession>{session}</readingSession>" for session in sessions)
        path.write_text(f'<?xml version="1.0"?><{root} xmlns="http://www.nih.gov">{body}</{root}>')
        return path

    return write


def test_a_readers_outline_lies_outside_of_the_nodule(lidc, series):
    reading = volumes.read_lidc(lidc(nodule(roi(2, outline(1, 5, 2, 7)), malignancy=4)), series, salt=SALT)
    expected = np.zeros(series.shape, dtype=np.uint8)
    expected[2, 2:5, 3:7] = 1
    np.testing.assert_array_equal(reading.labels.array, expected)
    assert (reading.n_readers, reading.nodules[0].malignancy) == (1, (4,))


@pytest.mark.parametrize("first", [True, False])
def test_an_outline_that_excludes_is_taken_out_wherever_it_stands(lidc, series, first):
    regions = [roi(2, outline(2, 4, 3, 5), "FALSE"), roi(2, outline(0, 6, 1, 7))]
    reading = volumes.read_lidc(lidc(nodule(*regions[:: 1 if first else -1])), series, salt=SALT)
    assert reading.labels.array.sum() == 5 * 5 - 1
    assert reading.labels.array[2, 3, 4] == 0
    assert np.isnan(reading.nodules[0].median_malignancy)


def test_half_of_the_readers_who_outlined_a_nodule_decide(lidc, series):
    # Three of four saw the first nodule; the fourth saw another, far off.
    path = lidc(
        nodule(roi(2, outline(0, 4, 0, 4)), malignancy=3),
        nodule(roi(2, outline(0, 4, 0, 5)), malignancy=5),
        nodule(roi(2, outline(0, 4, 1, 6)), roi(3, outline(0, 4, 1, 6)), malignancy=4),
        nodule(roi(5, outline(3, 7, 4, 8)), malignancy=1),
    )
    reading = volumes.read_lidc(path, series, salt=SALT)
    first, second = reading.nodules
    assert (first.readers, first.malignancy, first.median_malignancy) == ((0, 1, 2), (3, 5, 4), 4.0)
    assert (second.readers, second.median_malignancy) == ((3,), 1.0)
    # Columns 1, 2 and 3 have 2, 3 and 3 votes of three, column 4 has 2, and column 5 has 1.
    assert reading.labels.array[2, 1].tolist() == [0, 1, 1, 1, 1, 0, 0, 0, 0]
    assert not reading.labels.array[3].any()
    assert (reading.labels.array == 2).sum() == 3 * 3
    assert [len(voxels) for voxels in first.voxels] == [9, 12, 24]
    everybody = volumes.read_lidc(path, series, salt=SALT, consensus=1)
    assert everybody.labels.array[2, 1].tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_two_parts_of_one_reader_count_as_one_vote(lidc, series):
    whole, left, right = outline(0, 4, 0, 8), outline(0, 4, 0, 4), outline(0, 4, 4, 8)
    path = lidc(nodule(roi(2, whole)), nodule(roi(2, left)) + nodule(roi(2, right)))
    (merged,) = volumes.read_lidc(path, series, salt=SALT, consensus=1).nodules
    assert (merged.readers, [len(voxels) for voxels in merged.voxels]) == ((0, 1), [21, 18])


def test_small_nodules_and_others_are_points(lidc, series):
    other = (
        "<nonNodule><imageSOP_UID>1.2.3.4711.1.5</imageSOP_UID>"
        "<locus><xCoord>8</xCoord><yCoord>7</yCoord></locus></nonNodule>"
    )
    reading = volumes.read_lidc(lidc("", nodule(roi(3, [(6, 2)])) + other), series, salt=SALT)
    assert reading.small.tolist() == [[1, 3, 6, 2]]
    assert reading.non_nodules.tolist() == [[1, 4, 7, 8]]
    assert (reading.nodules, reading.n_readers) == ((), 2)


def test_refuses_marks_on_slices_that_are_not_there_and_counts_them(lidc, series):
    path = lidc(nodule(roi(6, outline(0, 4, 0, 4)), roi(7, outline(0, 4, 0, 4))))
    with pytest.raises(ValueError, match=r"mark of a reader must lie on a slice .* got 1 of 2 that do not"):
        volumes.read_lidc(path, series, salt=SALT)
    reading = volumes.read_lidc(path, series, salt=SALT, allow_missing=True)
    assert reading.labels.array.sum() == 9
    assert reading.labels.notes == ("1 of 2 left out (mark of a reader): their slices are not there.",)


def test_refuses_xml_that_is_none_of_lidc(lidc, series, tmp_path):
    with pytest.raises(ValueError, match="The file must be whole XML whose root is LidcReadMessage"):
        volumes.read_lidc(lidc("", root="IdriReadMessage"), series)
    path = tmp_path / "bomb.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><LidcReadMessage>&b;</LidcReadMessage>')
    with pytest.raises(ValueError, match="without entities; got another"):
        volumes.read_lidc(path, series)
    with pytest.raises(ValueError, match="points in whole pixels, got others"):
        volumes.read_lidc(lidc(nodule(roi(2, [("a", 1)] * 3))), series, salt=SALT)
    with pytest.raises(ValueError, match="points in whole pixels, got others"):
        volumes.read_lidc(lidc(nodule(roi(2, []))), series, salt=SALT)
    for rating in ("4.0", "high", "6"):
        rated = lidc(nodule(roi(2, outline(1, 5, 2, 7)), malignancy=rating))
        with pytest.raises(ValueError, match=f"malignancy of a nodule must be one of.* got '{rating}'"):
            volumes.read_lidc(rated, series, salt=SALT)
    unrated = volumes.read_lidc(lidc(nodule(roi(2, outline(1, 5, 2, 7)), malignancy=0)), series, salt=SALT)
    assert unrated.nodules[0].malignancy == ()
    with pytest.raises(ValueError, match="consensus must lie between"):
        volumes.read_lidc(path, series, consensus=0)


def test_refuses_marks_where_slices_have_no_uids(lidc, series):
    coarse = volumes.resample(series, (3.0, 0.8, 0.8))
    with pytest.raises(
        ValueError, match="must know the UIDs of its slices, got one from NIfTI, or resampled"
    ):
        volumes.read_lidc(lidc(""), coarse)


@pytest.fixture
def boxes(tmp_path):
    def write(z, corners=(1, 5, 2, 8), size=(8, 9), filename="Unknow", name="A"):
        y0, y1, x0, x1 = corners
        folder = tmp_path / "boxes"
        folder.mkdir(exist_ok=True)
        (folder / f"1.2.3.4711.1.{z + 1}.xml").write_text(
            f"<annotation><folder>x</folder><filename>{filename}</filename><size><width>{size[1]}</width>"
            f"<height>{size[0]}</height></size><object><name>{name}</name><bndbox><xmin>{x0}</xmin>"
            f"<ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object></annotation>"
        )
        return folder

    return write


def test_a_box_has_its_place_in_voxels_and_in_mm(boxes, series):
    boxes(4, (0, 8, 0, 9))
    (first, second), notes = volumes.read_boxes(boxes(2), series, salt=SALT)
    assert first[:6] == ("A", 2, 1, 5, 2, 8)
    assert second[1] == 4
    assert first.size_mm == pytest.approx((3.0, 4 * 0.8, 6 * 0.7))
    np.testing.assert_allclose(first.center_mm, series.to_world([2, 2.5, 4.5]))
    assert notes == ()


def test_refuses_boxes_of_other_slices_and_counts_them(boxes, series):
    boxes(2)
    folder = boxes(9)
    with pytest.raises(ValueError, match="Each box must lie on a slice of the volume, got 1 of 2"):
        volumes.read_boxes(folder, series, salt=SALT)
    read, notes = volumes.read_boxes(folder, series, salt=SALT, allow_missing=True)
    assert (len(read), notes) == (1, ("1 of 2 left out (box): their slices are not there.",))


@pytest.mark.parametrize("filename", ["../Planted.dcm", "..\\Planted.dcm", "/etc/Planted"])
def test_refuses_a_path_that_leaves_the_folder(boxes, series, filename):
    with pytest.raises(ValueError, match=r"file 1 of 1 .* must stay in its folder") as caught:
        volumes.read_boxes(boxes(2, filename=filename), series, salt=SALT)
    assert "Planted" not in str(caught.value)


def test_refuses_a_link_that_leaves_the_folder(boxes, series, tmp_path):
    folder = boxes(2)
    path = next(folder.iterdir())
    path.rename(tmp_path / "outside.xml")
    path.symlink_to(tmp_path / "outside.xml")
    with pytest.raises(ValueError, match="must stay in its folder, got a link or a filename that leaves it"):
        volumes.read_boxes(folder, series, salt=SALT)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"size": (9, 8)}, r"inside of an image of \(8, 9\), got rows 1 to 5 and columns 2 to 8 of \(9, 8\)"),
        ({"corners": (1, 9, 2, 8)}, "got rows 1 to 9"),
        ({"corners": (5, 5, 2, 8)}, "got rows 5 to 5"),
        ({"corners": ("a", 5, 2, 8)}, "size and bndbox in numbers, got others"),
    ],
)
def test_refuses_boxes_that_are_not_of_these_images(boxes, series, arguments, words):
    with pytest.raises(ValueError, match=f"file 1 of 1 .*{words}"):
        volumes.read_boxes(boxes(2, **arguments), series, salt=SALT)


def test_refuses_a_folder_without_boxes(series, tmp_path):
    with pytest.raises(ValueError, match="Pascal VOC files with boxes, got 0 XML files without any"):
        volumes.read_boxes(tmp_path, series)


def test_slices_keep_their_uids_in_the_order_of_the_volume(series, dicom, folder):
    assert series.instance_uids[0] == series.header.SOPInstanceUID
    assert volumes.read(folder, deidentify=False).instance_uids == tuple(
        f"1.2.3.4711.1.{z}" for z in range(1, 8)
    )
    with pytest.raises(ValueError, match="instance_uids must name each of 7 slices, got 1 UIDs"):
        volumes.Volume(series.array, series.spacing_mm, instance_uids=("1.2",))


def test_each_label_becomes_a_mask_of_its_name():
    labels = volumes.Volume(np.arange(3).repeat(4).reshape(1, 3, 4), (3.0, 0.8, 0.7))
    split = volumes.split_labels(labels, {1: "anterior", 2: "posterior", 3: "absent"})
    assert {name: int(mask.array.sum()) for name, mask in split.items()} == {
        "anterior": 4,
        "posterior": 4,
        "absent": 0,
    }
    assert split["posterior"].array[0, 2].all()


def test_refuses_unknown_labels_and_lists_them():
    labels = volumes.Volume(np.arange(12).reshape(1, 3, 4), (3.0, 0.8, 0.7))
    with pytest.raises(
        ValueError, match=r"0 \(background\) or one of \[1, 5\], got 2, 3, 4, 6, 7, 8, 9, 10 and 1 more"
    ):
        volumes.split_labels(labels, {1: "a", 5: "b"})
    with pytest.raises(ValueError, match=r"or one of \[\], got 0\. Name each label but 0"):
        volumes.split_labels(volumes.Volume(np.zeros((1, 3, 4)), (3.0, 0.8, 0.7)), {0: "background"})


def test_an_outline_on_centers_is_filled_with_or_without_its_edge():
    blank = np.zeros((6, 7), bool)
    ring = [(1, 1), (1, 5), (4, 5), (4, 1)]
    assert volume_masks.fill_outline(blank, ring, with_edge=False).sum() == 2 * 3
    assert volume_masks.fill_outline(blank, ring, with_edge=True).sum() == 4 * 5
    assert not volume_masks.fill_outline(blank, np.add(ring, 20), with_edge=True).any()


# --- any of these files


def marked(path, series, **options):
    findings, notes = volumes.read_contours(path, series, salt=SALT, **options)
    return {finding.name: finding for finding in findings}, notes


def test_what_readers_marked_is_read_from_any_kind_of_file_under_names_that_name_nobody(
    rtstruct, lidc, boxes, series, tmp_path
):
    """The same voxels each time: slice 2, rows 2 to 4, columns 3 to 6."""
    voxels = np.zeros(series.shape, bool)
    voxels[2, 2:5, 3:7] = True
    mask = volume_masks.mask_like(series, voxels)
    files = {
        "RTSTRUCT": rtstruct(("Doe^Jane", closed(square(2, 1.5, 4.5, 2.5, 6.5)))),
        "LIDC": lidc(nodule(roi(2, outline(1, 5, 2, 7)), malignancy=4)),
        "SEG": volumes.write_seg({"Doe^Jane": mask}, series, tmp_path / "seg.dcm", kinds="lesion"),
        "NIfTI": volumes.write_nifti(mask, tmp_path / "mask.nii.gz"),
    }
    for kind, path in files.items():
        found, _ = marked(path, series)
        assert list(found) == ["contour 1"], kind
        np.testing.assert_array_equal(found["contour 1"].mask.array, voxels, err_msg=kind)
        assert found["contour 1"].center == (2, 3, 4.5)
        assert found["contour 1"].holds((2, 4, 6))
        assert not found["contour 1"].holds((2, 5, 6))
    found, _ = marked(boxes(2), series)
    assert found["box 1"].mask is None
    assert found["box 1"].center == pytest.approx((2, 2.5, 4.5))
    assert [found["box 1"].holds(voxel) for voxel in ((2, 1, 2), (2, 4, 7), (2, 5, 7), (3, 1, 2))] == [
        True, True, False, False,
    ]  # fmt: skip


def test_every_number_of_a_nifti_mask_is_a_finding_and_its_center_lies_where_it_is_largest(series, tmp_path):
    array = np.zeros(series.shape, np.uint8)
    array[1, 0, 0], array[2, 0:3, 0:5], array[5, 4:6, 2] = 3, 3, 7
    path = volumes.write_nifti(volume_masks.mask_like(series, array), tmp_path / "labels.nii.gz")
    found, _ = marked(path, series)
    assert {name: finding.center for name, finding in found.items()} == {
        "contour 1": (2, 1, 2), "contour 2": (5, 4.5, 2),
    }  # fmt: skip


def test_what_is_left_out_of_contours_is_counted(rtstruct, lidc, series):
    outside = rtstruct(("a", closed(square(2, 1.5, 4.5, 2.5, 6.5), square(9, 1.5, 4.5, 2.5, 6.5))))
    with pytest.raises(ValueError, match="must lie on a slice of the volume"):
        marked(outside, series)
    _, notes = marked(outside, series, allow_missing=True)
    assert "region 1: 1 of 2 left out" in notes[0]
    point = roi(3, [(4, 4)])
    _, notes = marked(lidc(nodule(roi(2, outline(1, 5, 2, 7))) + nodule(point)), series)
    assert "1 marks of LIDC's readers without an outline were left out." in notes


def test_a_nifti_mask_with_its_axes_turned_lies_on_the_same_voxels(series, tmp_path):
    voxels = np.zeros(series.shape, np.uint8)
    voxels[2, 2:5, 3:7] = 1
    path = volumes.write_nifti(volume_masks.mask_like(series, voxels), tmp_path / "mask.nii.gz")
    image = nibabel.load(path).as_reoriented([[2, 1], [0, -1], [1, 1]])
    assert image.shape == (8, 7, 9)
    nibabel.save(image, tmp_path / "turned.nii.gz")
    found, _ = marked(tmp_path / "turned.nii.gz", series)
    np.testing.assert_array_equal(found["contour 1"].mask.array, voxels > 0)


def test_an_image_is_no_mask(series, tmp_path):
    path = volumes.write_nifti(series, tmp_path / "ct.nii.gz")
    with pytest.raises(ValueError, match="contours in NIfTI must be whole numbers from 0 on, at most 256"):
        marked(path, series)


def test_a_region_outside_of_the_series_is_left_out_where_that_is_allowed(rtstruct, series):
    inside, outside = closed(square(2, 1.5, 4.5, 2.5, 6.5)), closed(square(20, 1.5, 4.5, 2.5, 6.5))
    path = rtstruct(("a", outside), ("b", inside))
    with pytest.raises(ValueError, match="got 1 of 1 that do not"):
        marked(path, series)
    found, notes = marked(path, series, allow_missing=True)
    assert found["contour 1"].mask.array.sum() == 12
    assert "region 1: 1 of 2 regions lie outside of the volume and were left out." in notes


def test_refuses_contours_of_nothing_of_another_grid_or_in_another_file(series, tmp_path, dicom):
    empty = volume_masks.mask_like(series, np.zeros(series.shape, np.uint8))
    with pytest.raises(
        ValueError, match="contours must mark at least one voxel of the series, got 0 regions"
    ):
        marked(volumes.write_nifti(empty, tmp_path / "empty.nii.gz"), series)
    other = volumes.resample(empty, (3.0, 0.8, 0.9), interpolation="nearest")
    with pytest.raises(ValueError, match="image and contours must lie on one grid"):
        marked(volumes.write_nifti(other, tmp_path / "other.nii.gz"), series)
    dicom.write(tmp_path / "again")
    with pytest.raises(ValueError, match=r"contours must be an RTSTRUCT, .*got a DICOM file of CT Image"):
        marked(next((tmp_path / "again").iterdir()), series)
    with pytest.raises(FileNotFoundError, match="that exists"):
        marked(tmp_path / "nothing.dcm", series)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match="must be a DICOM file that can be read"):
        marked(tmp_path / "notes.txt", series)
