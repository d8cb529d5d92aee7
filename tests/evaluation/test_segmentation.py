import numpy as np
import pytest
import SimpleITK as sitk
import surface_distance
from scipy import ndimage, spatial

from medlab.data.volumes import Volume
from medlab.evaluation import segmentation

SPACING_MM = (3.0, 0.8, 0.7)
SHAPE = (7, 8, 9)


def box(z, y, x, shape=SHAPE, spacing_mm=SPACING_MM, dtype=bool):
    mask = np.zeros(shape, dtype)
    mask[slice(*z), slice(*y), slice(*x)] = 1
    return Volume(mask, spacing_mm)


def measures(truth, predicted):
    return segmentation.compare(truth, predicted).iloc[0][list(segmentation.MEASURES)].astype(float)


def blobs(seed, flat=False):
    """Return two overlapping random masks that are not empty, on a random grid."""
    rng = np.random.default_rng(seed)
    shape = (1, *rng.integers(4, 26, 2)) if flat else tuple(rng.integers(4, 20, 3))
    spacing_mm = [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7), tuple(rng.uniform(0.4, 4, 3))][seed % 3]
    fields = [ndimage.gaussian_filter(rng.normal(size=shape), rng.uniform(0, 2.5)) for _ in range(2)]
    fields[1] = fields[0] * rng.uniform(0, 2) + fields[1]
    share = rng.uniform(0.4, 0.95, 2)
    return [Volume(field > np.quantile(field, q), spacing_mm) for field, q in zip(fields, share, strict=True)]


def test_a_box_shifted_by_one_of_three_slices_has_the_overlap_counted_by_hand():
    # 3 slices of 12 voxels each; two slices are common to both.
    row = measures(box((1, 4), (2, 5), (2, 6)), box((2, 5), (2, 5), (2, 6)))
    assert row["dice"] == pytest.approx(2 * 24 / 72)
    assert row["iou"] == pytest.approx(24 / 48)
    assert row["hd95_mm"] == 3.0  # top and bottom, far more than 5 % of the surface, are a slice away
    assert row["volume_error_ml"] == row["relative_volume_error"] == 0


def test_surfaces_in_a_plane_have_the_distances_computed_by_hand():
    truth, predicted = np.zeros((2, 1, 1, 6), bool)
    truth[..., 1:3] = predicted[..., 1:5] = True
    row = measures(Volume(truth, (9.0, 1.0, 2.0)), Volume(predicted, (9.0, 1.0, 2.0)))
    # Corners of the predicted outline along x: an end of half a diagonal, three steps of 2 mm, another end.
    # The true outline ends after the third corner, so that the last two are 2 and 4 mm away.
    end = np.sqrt(1**2 + 2**2) / 2
    there = (2 * 2 + end * 4) / (3 * 2 + 2 * end)
    assert row["average_surface_mm"] == pytest.approx((0 + there) / 2)
    assert row["hd95_mm"] == 4.0
    assert row["volume_error_ml"] == pytest.approx(2 * 9.0 * 1.0 * 2.0 / 1000)
    assert row["relative_volume_error"] == 1.0


def test_a_missed_and_an_invented_mask_have_no_overlap_and_infinite_distances():
    full, empty = box((1, 4), (2, 5), (2, 6)), box((0, 0), (0, 0), (0, 0))
    missed, invented = measures(full, empty), measures(empty, full)
    for row in (missed, invented):
        assert row["dice"] == row["iou"] == 0
        assert row["hd95_mm"] == row["average_surface_mm"] == np.inf
    assert missed["relative_volume_error"] == -1
    assert invented["volume_error_ml"] == pytest.approx(36 * 3.0 * 0.8 * 0.7 / 1000)
    assert np.isnan(invented["relative_volume_error"])


def test_two_empty_masks_cannot_be_compared_but_in_volume():
    empty = box((0, 0), (0, 0), (0, 0))
    row = measures(empty, empty)
    assert row["volume_error_ml"] == 0
    assert row.drop("volume_error_ml").isna().all()


@pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning:surface_distance")
@pytest.mark.parametrize(
    ("first", "last"), [(0, 20), pytest.param(20, 620, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_distances_equal_those_of_surface_distance(first, last):
    for seed in range(first, last):
        flat = seed % 4 == 0
        truth, predicted = blobs(seed, flat)
        row = measures(truth, predicted)
        masks = [mask.array[0] if flat else mask.array for mask in (truth, predicted)]
        theirs = surface_distance.compute_surface_distances(*masks, truth.spacing_mm[flat:])
        assert row["hd95_mm"] == pytest.approx(
            surface_distance.compute_robust_hausdorff(theirs, 95), rel=0, abs=1e-9
        )
        average = np.mean(surface_distance.compute_average_surface_distance(theirs))
        assert row["average_surface_mm"] == pytest.approx(average, rel=0, abs=1e-9)


def test_overlap_equals_that_of_simpleitk():
    for seed in range(12):
        truth, predicted = blobs(seed)
        row = measures(truth, predicted)
        overlap = sitk.LabelOverlapMeasuresImageFilter()
        overlap.Execute(truth.to_sitk(), predicted.to_sitk())
        assert row["dice"] == pytest.approx(overlap.GetDiceCoefficient(), abs=1e-12)
        assert row["iou"] == pytest.approx(overlap.GetJaccardCoefficient(), abs=1e-12)


def test_simpleitk_measures_from_voxels_within_a_mask_and_not_from_its_surface():
    solid = box((1, 6), (1, 6), (1, 6), (7, 7, 7), (1.0, 1.0, 1.0))
    hollow = solid.array & ~box((2, 5), (2, 5), (2, 5), (7, 7, 7), (1.0, 1.0, 1.0)).array
    other = Volume(hollow, (1.0, 1.0, 1.0))
    voxels = sitk.HausdorffDistanceImageFilter()
    voxels.Execute(solid.to_sitk(), other.to_sitk())
    assert voxels.GetHausdorffDistance() == pytest.approx(2.0)  # from the center of the solid box
    assert measures(solid, other)["hd95_mm"] == 1.0  # from the inner surface, a voxel below the outer one


def test_distances_are_those_of_every_pair_of_corners():
    truth, predicted = blobs(5)
    corners = [
        np.argwhere(
            ndimage.uniform_filter(np.pad(mask.array, 1).astype(float), 2, mode="constant") % 1 > 1e-9
        )
        * truth.spacing_mm
        for mask in (truth, predicted)
    ]
    apart_mm = spatial.distance.cdist(*corners)
    furthest = max(apart_mm.min(axis=0).max(), apart_mm.min(axis=1).max())
    assert 0 < measures(truth, predicted)["hd95_mm"] <= furthest + 1e-9


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_nothing_depends_on_place_or_on_the_order_of_axes(seed):
    truth, predicted = blobs(seed)
    expected = measures(truth, predicted)
    for axes in [(2, 0, 1), (1, 0, 2)]:
        spacing_mm = tuple(truth.spacing_mm[axis] for axis in axes)
        turned = [Volume(mask.array.transpose(axes), spacing_mm) for mask in (truth, predicted)]
        np.testing.assert_allclose(measures(*turned), expected, atol=1e-9)
    moved = [
        Volume(np.pad(mask.array, [(3, 0), (0, 2), (1, 4)]), mask.spacing_mm) for mask in (truth, predicted)
    ]
    np.testing.assert_allclose(measures(*moved), expected, atol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_lengths_grow_with_the_spacing_and_volumes_with_its_cube(seed):
    truth, predicted = blobs(seed)
    larger = [Volume(mask.array, tuple(2 * np.array(mask.spacing_mm))) for mask in (truth, predicted)]
    factors = [1, 1, 2, 2, 8, 1]
    np.testing.assert_allclose(measures(*larger), measures(truth, predicted) * factors, atol=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_exchanging_both_masks_changes_the_sign_of_the_volume_error_only(seed):
    truth, predicted = blobs(seed)
    one, other = measures(truth, predicted), measures(predicted, truth)
    np.testing.assert_allclose(one[:5], other[:5] * [1, 1, 1, 1, -1], atol=1e-12)


def test_each_label_is_compared_by_itself_and_named():
    truth = box((0, 3), (0, 8), (0, 9), dtype=np.uint8)
    truth.array[4:6] = 2
    predicted = Volume(np.where(truth.array == 2, 0, truth.array), SPACING_MM)
    table = segmentation.compare(truth, predicted, {1: "anterior", 2: "posterior"})
    assert table[["label", "dice"]].to_numpy().tolist() == [["anterior", 1.0], ["posterior", 0.0]]
    assert segmentation.compare(truth, predicted)["label"].tolist() == ["1", "2"]
    assert segmentation.compare(truth, Volume(predicted.array.astype(float), SPACING_MM)).dice[0] == 1


def test_every_case_has_a_row_for_each_label_that_any_case_holds():
    one = box((0, 3), (0, 8), (0, 9), dtype=np.uint8)
    two = Volume(2 * one.array, SPACING_MM)
    table = segmentation.segmentation_table([one, two], [one, two])
    assert table["case"].tolist() == [0, 0, 1, 1]
    assert table["label"].tolist() == ["1", "2", "1", "2"]
    assert table["dice"].fillna(-1).tolist() == [1, -1, -1, 1]


def cases(n):
    """Return n pairs: true boxes of one size, predicted ones that lack up to three slices."""
    truths = [box((1, 6), (1, 6), (1, 6)) for _ in range(n)]
    return truths, [box((1, 6 - case % 4), (1, 6), (1, 6)) for case in range(n)]


def test_means_have_intervals_and_count_what_is_left_out():
    truths, predictions = cases(20)
    predictions[0] = box((0, 0), (0, 0), (0, 0))
    table = segmentation.segmentation_table(truths, predictions)
    rows = segmentation.summary(table).set_index("measure")
    assert rows.loc["dice", "mean"] == pytest.approx(table["dice"].mean())
    assert rows.loc["dice", "low"] < rows.loc["dice", "mean"] < rows.loc["dice", "high"]
    assert rows.loc["dice", ["cases", "left_out"]].tolist() == [20, 0]
    assert rows.loc["hd95_mm", ["cases", "left_out"]].tolist() == [19, 1]
    assert np.isfinite(rows.loc["hd95_mm", "mean"])
    assert (rows["reason"] == "").all()


def test_intervals_by_patient_are_wider_where_the_scans_of_a_patient_are_alike():
    truths, predictions = cases(4)
    table = segmentation.segmentation_table(5 * truths, [p for p in predictions for _ in range(5)])
    patients = np.repeat(np.arange(4), 5)
    spans = [segmentation.summary(table, groups).loc[0, ["low", "high"]] for groups in (None, patients)]
    assert np.ptp(spans[1]) > 1.5 * np.ptp(spans[0])


def test_a_mean_of_few_cases_or_of_equal_ones_says_why_it_has_no_interval():
    rows = segmentation.summary(segmentation.segmentation_table(*cases(3)))
    assert rows.loc[0, "reason"] == "it rests on 3 cases, fewer than 5"
    assert rows["low"].isna().all()
    same = [box((1, 6), (1, 6), (1, 6))] * 6
    assert (
        "the same in every resample"
        in segmentation.summary(segmentation.segmentation_table(same, same)).loc[0, "reason"]
    )


@pytest.mark.parametrize(
    ("predicted", "labels", "message"),
    [
        (Volume(np.ones((7, 8, 8)), SPACING_MM), None, r"one grid, got shapes \(7, 8, 9\) and \(7, 8, 8\)"),
        (
            Volume(np.ones(SHAPE), (3.0, 0.8, 0.8)),
            None,
            "truth and predicted must lie on one grid, got corners",
        ),
        (Volume(np.ones(SHAPE), SPACING_MM, (0, 0, 5.0)), None, "5.0 mm apart. Use resample"),
        (
            Volume(np.full(SHAPE, 0.5), SPACING_MM),
            None,
            "predicted must hold whole numbers as labels, got frac",
        ),
        (Volume(np.full(SHAPE, np.nan), SPACING_MM), None, "predicted must hold finite numbers"),
        (Volume(np.full(SHAPE, 3), SPACING_MM), {1: "a"}, r"labels \[1\] and 0 only, got \[3\]"),
    ],
)
def test_refuses_what_cannot_be_compared(predicted, labels, message):
    truth = box((1, 4), (2, 5), (2, 6))
    with pytest.raises(ValueError, match=message):
        segmentation.compare(truth, predicted, labels)
    with pytest.raises(ValueError, match=r"(?i)case 1"):
        segmentation.segmentation_table([truth, truth], [truth, predicted], labels)


def test_refuses_lists_of_unequal_length():
    with pytest.raises(ValueError, match="same length, got truths 2, predictions 1"):
        segmentation.segmentation_table([box((1, 4), (2, 5), (2, 6))] * 2, [box((1, 4), (2, 5), (2, 6))])
