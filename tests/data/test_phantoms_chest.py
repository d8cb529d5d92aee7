import hashlib
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from medlab.data.phantoms import (
    SITES,
    STRUCTURES,
    TISSUE_HU,
    Scanner,
    Thorax,
    anatomy,
    painting,
    section,
    thorax,
)

LABEL = {name: label for label, name in enumerate(STRUCTURES)}
NO_NODULES = {"center_mm": np.empty((0, 3)), "diameter_mm": np.empty(0), "nodule_type": np.empty(0, int)}
FINE = {"side": 512, "spacing_mm": 350 / 512, "slice_mm": 0.1}


def digest(scans: Thorax) -> str:
    columns = (scans.images_hu, scans.labels, scans.z_mm, *scans.nodules.values(), *scans.attributes.values())
    return hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in columns)).hexdigest()


def component(mask, x_mm, y_mm, spacing_mm):
    """The connected part of a mask that holds the point (x, y) from the middle of the image."""
    row, column = (round(at / spacing_mm + (len(mask) - 1) / 2) for at in (y_mm, x_mm))
    parts, _ = ndimage.label(mask)
    assert parts[row, column]
    return parts == parts[row, column]


@pytest.fixture
def plain_chest(monkeypatch):
    """A chest like the drawing: of its own size, fat and heart, but neither wobbled nor bent."""
    monkeypatch.setattr(anatomy, "_WOBBLE_MM", np.zeros(6))
    monkeypatch.setattr(anatomy, "_BEND", 0.0)
    return anatomy.draw_chests(1, np.random.default_rng(4))[0]


@pytest.fixture(scope="module")
def slices():
    return thorax(16, seed=1, noise=False, n_nodules=(1, 4))


@pytest.fixture(scope="module")
def two_levels():
    """Three hearts and three carinas without nodules or noise."""
    return thorax(6, z_mm=[-65, -65, -65, 0, 0, 0], seed=6, noise=False, n_nodules=(0, 0))


def test_slices_and_volumes_have_the_stated_shapes(slices):
    assert slices.images_hu.shape == (16, 256, 256, 1)
    assert slices.images_hu.dtype == np.int16
    assert slices.labels.shape == (16, 256, 256)
    assert slices.labels.dtype == np.uint8
    assert slices.spacing_mm == (350 / 256, 350 / 256)
    assert slices.z_mm.shape == (16,)
    assert len(slices.images_hu) == 16
    volumes = thorax(2, volumes=True, side=64, z_mm=[-70.0, -62.5, -55.0], noise=False)
    assert volumes.images_hu.shape == (2, 3, 64, 64, 1)
    assert volumes.labels.shape == (2, 3, 64, 64)
    assert volumes.spacing_mm == (7.5, 350 / 64, 350 / 64)
    assert volumes.z_mm.tolist() == [-70.0, -62.5, -55.0]
    assert thorax(1, volumes=True, side=64).images_hu.shape == (1, 30, 64, 64, 1)


def test_without_noise_a_slice_of_a_volume_is_the_slice_drawn_at_that_height():
    options = {"seed": 3, "side": 128, "noise": False, "n_nodules": (2, 2)}
    volume = thorax(2, volumes=True, z_mm=[-30.0, -20.0], **options)
    for k, z_mm in enumerate(volume.z_mm):
        alone = thorax(2, z_mm=float(z_mm), **options)
        np.testing.assert_array_equal(volume.images_hu[:, k], alone.images_hu)
        np.testing.assert_array_equal(volume.labels[:, k], alone.labels)


def test_the_body_has_the_area_of_its_curve(plain_chest):
    # at -40 mm the muscle keeps its size; radius = sum c_k cos(k angle), so area = pi (c_0^2 + sum c_k^2 / 2)
    muscle, fat = anatomy.OUTLINES["muscle"].copy(), plain_chest["fat_mm"] * anatomy.OUTLINES["fat"]
    body = muscle.copy()
    body[: len(fat)] += fat
    _, labels = section.draw(plain_chest, NO_NODULES, -40.0, **FINE)
    pixel_mm2 = FINE["spacing_mm"] ** 2
    scale = plain_chest["size"] ** 2
    for curve, outside in ((body, ["air"]), (muscle, ["air", "skin", "fat"])):
        by_hand = scale * np.pi * (curve[0] ** 2 + (curve[1:] ** 2).sum() / 2)
        inside = ~np.isin(labels, [LABEL[name] for name in outside])
        inside = ndimage.binary_fill_holes(inside)  # fat between muscles
        assert inside.sum() * pixel_mm2 == pytest.approx(by_hand, rel=0.003)
    skin_mm2 = (labels == LABEL["skin"]).sum() * pixel_mm2
    radius = np.sqrt((labels != LABEL["air"]).sum() * pixel_mm2 / np.pi)
    assert skin_mm2 == pytest.approx(2 * np.pi * radius * 2.0 * plain_chest["size"], rel=0.1)


@pytest.mark.parametrize(
    ("name", "x_mm", "y_mm", "by_hand_mm2"),
    [
        ("airway", 0.0, 8.5, np.pi * 8.5**2),  # trachea, radius 8.5
        ("esophagus", 4.0, 27.0, np.pi * 8.0 * 4.5),
        ("spinal canal", 0.0, 67.0, np.pi * 8.0**2),
        ("marrow", 0.0, 46.0, np.pi * 15.5 * 11.5),  # vertebra of 17 by 13 in a shell of 1.5
    ],
)
def test_what_runs_along_the_body_has_the_area_of_its_ellipse(plain_chest, name, x_mm, y_mm, by_hand_mm2):
    size = plain_chest["size"]
    _, labels = section.draw(plain_chest, NO_NODULES, 30.0 * size, **FINE)
    disc = component(labels == LABEL[name], x_mm * size, y_mm * size, FINE["spacing_mm"])
    assert disc.sum() * FINE["spacing_mm"] ** 2 == pytest.approx(by_hand_mm2 * size**2, rel=0.02)


def test_the_aorta_has_the_area_of_a_cone_cut_aslant(plain_chest):
    size = plain_chest["size"]
    _, labels = section.draw(plain_chest, NO_NODULES, -40.0 * size, **FINE)
    # from (28, 34, -25), radius 11.5, to (25, 34, -60), radius 11: at -40 three sevenths of the way
    share = 3 / 7
    x, y, radius = 28 - 3 * share, 34.0, 11.5 - 0.5 * share
    slant = np.sqrt(3**2 + 35**2) / 35
    disc = component(labels == LABEL["great vessel"], x * size, y * size, FINE["spacing_mm"])
    assert disc.sum() * FINE["spacing_mm"] ** 2 == pytest.approx(
        np.pi * radius**2 * slant * size**2, rel=0.02
    )


def test_the_heart_covers_the_union_of_its_ellipsoids(plain_chest):
    size, z = plain_chest["size"], -80.0
    grid = np.arange(-100, 100, 0.25)
    x, y = grid, grid[:, None]
    union = np.zeros((len(grid), len(grid)), bool)
    for center, half, turn in plain_chest["hearts"]:
        along = np.cos(turn) * (x - center[0]) + np.sin(turn) * (y - center[1])
        across = -np.sin(turn) * (x - center[0]) + np.cos(turn) * (y - center[1])
        union |= (along / half[0]) ** 2 + (across / half[1]) ** 2 + ((z - center[2]) / half[2]) ** 2 < 1
    _, labels = section.draw(plain_chest, NO_NODULES, z * size, **FINE)
    area_mm2 = (labels == LABEL["heart"]).sum() * FINE["spacing_mm"] ** 2
    assert area_mm2 == pytest.approx(union.sum() * 0.25**2 * size**2, rel=0.01)


def test_ribs_have_the_volume_of_an_ellipse_along_their_way():
    radius_mm, spacing_mm = 90.0, 0.8
    heights = np.arange(0, 24, 1.0)  # one rib and one gap
    off = np.abs(painting.depth(256, np.full(anatomy.N_ANGLES, radius_mm / spacing_mm)))
    covered = []
    for z in heights:
        half_mm = anatomy.bones(z, np.array([3.0, 9.0]))["rib"]
        covered.append(painting.band(off, painting.by_angle(256, half_mm / spacing_mm)).sum())
    # pi / 4 * 7.5 mm * 13 mm across, (2.55 - 0.40) * 90 mm a side, every 24 mm
    by_hand_mm2 = np.pi / 4 * 7.5 * 13.0 * 2 * 193.5 / 24
    assert np.mean(covered) * spacing_mm**2 == pytest.approx(by_hand_mm2, rel=0.01)


def test_the_shoulder_blades_have_the_area_of_their_arcs():
    radius_mm, spacing_mm = 90.0, 0.8
    off = np.abs(painting.depth(256, np.full(anatomy.N_ANGLES, radius_mm / spacing_mm)))
    half_mm = anatomy.bones(0.0, np.zeros(2))["scapula"]
    area_mm2 = painting.band(off, painting.by_angle(256, half_mm / spacing_mm)).sum() * spacing_mm**2
    # 4 mm thick from 0.72 to 1.50 rad; over the last 0.12 at either end it thins as a square root: two thirds
    by_hand_mm2 = 2 * 4.0 * (1.50 - 0.72 - 2 * 0.12 / 3) * radius_mm
    assert area_mm2 == pytest.approx(by_hand_mm2, rel=0.01)
    assert not anatomy.bones(-71.0, np.zeros(2))["scapula"].any()


def test_the_sternum_has_the_area_of_its_ellipse_before_the_chest(plain_chest):
    size = plain_chest["size"]
    _, labels = section.draw(plain_chest, NO_NODULES, -40.0 * size, **FINE)
    # 16 by 5.5 mm half axes in a shell of 1.5, 2.5 mm before the cavity's front
    y_mm = -(plain_chest["outlines"]["cavity"][anatomy.N_ANGLES // 2] + 2.5 + 5.5)
    disc = component(labels == LABEL["marrow"], 0.0, y_mm * size, FINE["spacing_mm"])
    by_hand_mm2 = np.pi * 14.5 * 4.0 * size**2
    assert disc.sum() * FINE["spacing_mm"] ** 2 == pytest.approx(by_hand_mm2, rel=0.02)


def test_a_slice_cuts_several_ribs_on_each_side(slices):
    bone = np.isin(slices.labels, [LABEL["cortical bone"], LABEL["marrow"]])
    for side in (bone[:, :, :100], bone[:, :, -100:]):
        counts = [ndimage.label(mask)[1] for mask in side]
        assert 4 <= np.median(counts) <= 9


@pytest.mark.parametrize("diameter_mm", [4.0, 9.0, 30.0])
def test_a_nodule_has_the_volume_and_the_mass_of_a_ball(diameter_mm):
    nodules = {
        "center_mm": np.array([[1.3, 20.4, -31.7]]),
        "diameter_mm": np.array([diameter_mm]),
        "nodule_type": np.array([0]),
    }
    heights = np.arange(-16.0, 16.5, 0.5)
    grams = 0.0
    for z_mm in heights:
        canvas = painting.Canvas(256, labeled=False)
        section.draw_nodules(canvas, nodules, z_mm, 350 / 256)
        grams += ((canvas.hu.astype(float) + 1000) / 1000).sum() * (350 / 256) ** 2 * 0.5 / 1000
    # (30 + 1000) / 1000 g/ml in pi / 6 d^3
    assert grams == pytest.approx(1.03 * np.pi / 6 * diameter_mm**3 / 1000, rel=0.02)


def test_nodules_lie_where_their_table_says_and_have_its_size(slices):
    table = slices.nodules
    assert table["volume_mm3"] == pytest.approx(np.pi / 6 * table["diameter_mm"] ** 3)
    spacing_mm = slices.spacing_mm[0]
    seen = 0
    for k in np.flatnonzero(table["in_image"]):
        image, (z, y, x) = table["image"][k], table["center_mm"][k]
        rest = (table["diameter_mm"][k] / 2) ** 2 - (z - slices.z_mm[image]) ** 2
        if rest < 9:
            continue
        mask = slices.labels[image] == LABEL["nodule"]
        disc = component(mask, x, y, spacing_mm)
        row, column = ndimage.center_of_mass(disc)
        middle = (256 - 1) / 2
        assert (row - middle) * spacing_mm == pytest.approx(y, abs=0.5)
        assert (column - middle) * spacing_mm == pytest.approx(x, abs=0.5)
        assert disc.sum() * spacing_mm**2 == pytest.approx(np.pi * rest, abs=6 * np.sqrt(np.pi * rest) ** 0.5)
        seen += 1
    assert seen >= 15
    counts = np.bincount(table["image"], minlength=16)
    np.testing.assert_array_equal(counts, slices.attributes["n_nodules"])


def test_a_drawn_slice_goes_through_a_nodule_where_there_is_one(slices):
    cut = np.bincount(slices.nodules["image"], slices.nodules["in_image"], minlength=16) > 0
    np.testing.assert_array_equal(cut, slices.attributes["n_nodules"] > 0)


def test_nodules_take_the_place_of_lung_and_of_nothing_else(slices):
    without = thorax(16, seed=1, noise=False, z_mm=slices.z_mm, n_nodules=(0, 0))
    is_nodule = slices.labels == LABEL["nodule"]
    below = without.labels[is_nodule]
    assert set(np.unique(below).tolist()) <= {LABEL["lung"], LABEL["vessel"]}
    np.testing.assert_array_equal(without.labels[~is_nodule], slices.labels[~is_nodule])
    assert without.nodules["center_mm"].shape == (0, 3)


def test_nodules_keep_clear_of_each_other():
    table = thorax(8, seed=2, side=64, z_mm=0.0, n_nodules=(6, 6), noise=False).nodules
    for image in range(8):
        chosen = table["image"] == image
        center, radius = table["center_mm"][chosen], table["diameter_mm"][chosen] / 2
        away = np.sqrt(((center[:, None] - center) ** 2).sum(axis=2))
        np.fill_diagonal(away, np.inf)
        assert np.all(away > radius[:, None] + radius)


def test_the_lungs_lie_inside_the_body_and_on_both_sides(slices):
    for labels in slices.labels:
        outside, _ = ndimage.label(labels == LABEL["air"])
        assert outside.max() == 1  # no hole in the body
        lung = labels == LABEL["lung"]
        assert not (ndimage.binary_dilation(lung, iterations=8) & (labels == LABEL["air"])).any()
        right, left = (half.sum() * slices.spacing_mm[0] ** 2 for half in (lung[:, :128], lung[:, 128:]))
        assert min(left, right) > 5000  # mm^2


def test_left_is_where_the_heart_and_the_aorta_are(two_levels):
    labels = two_levels.labels[:3]
    for name in ("heart", "great vessel"):
        columns = np.nonzero(labels == LABEL[name])[2]
        assert columns.mean() > 128 + 5
    rows = {name: np.nonzero(labels == LABEL[name])[1].mean() for name in ("heart", "spinal canal")}
    assert rows["heart"] < 128 < rows["spinal canal"]
    lung = (labels == LABEL["lung"]).sum(axis=1)
    assert np.all(lung[:, 128:].sum(axis=1) < lung[:, :128].sum(axis=1))  # the heart takes its room


@pytest.mark.parametrize(
    ("name", "erosions"),
    [
        ("fat", 2), ("muscle", 3), ("heart", 3), ("great vessel", 3), ("airway", 3), ("marrow", 3),
        ("spinal canal", 3), ("lung", 3),
    ],
)  # fmt: skip
def test_each_tissue_has_its_ct_number(two_levels, name, erosions):
    scans = two_levels
    mask = ndimage.binary_erosion(scans.labels == LABEL[name], np.ones((1, 3, 3)), iterations=erosions)
    assert mask.sum() > 30
    expected = TISSUE_HU[name]
    hu = scans.images_hu[..., 0].astype(float)
    if name == "lung":  # each person's own, and 0.3 HU / mm toward the back
        image, row, _ = np.nonzero(mask)
        own = scans.attributes["lung_hu"][image] + 0.3 * (row - 127.5) * 350 / 256
        assert np.median(hu[mask] - own) == pytest.approx(0, abs=1)
        assert abs(scans.attributes["lung_hu"].mean() - expected) < 15
    else:
        assert np.median(hu[mask]) == pytest.approx(expected, abs=4)


def test_a_nodule_has_the_ct_number_of_its_type(slices):
    table, spacing_mm = slices.nodules, slices.spacing_mm[0]
    large = table["in_image"] & (table["diameter_mm"] > 12)
    off = np.abs(table["center_mm"][:, 0] - slices.z_mm[table["image"]])
    large &= off < 0.15 * table["diameter_mm"]
    expected = {0: 30, 1: 30, 2: -600}  # in the middle; a part-solid one has a solid core
    assert set(table["nodule_type"][large]) == {0, 1, 2}
    for k in np.flatnonzero(large):
        row, column = np.rint(table["center_mm"][k, 1:] / spacing_mm + 127.5).astype(int)
        middle = slices.images_hu[table["image"][k], row, column, 0]
        assert middle == pytest.approx(expected[table["nodule_type"][k]], abs=25)


def test_the_mass_of_a_slice_is_that_of_its_tissues(slices):
    # HU = 1000 (density / water - 1); the scanner's blur keeps the sum
    grams = ((slices.images_hu[..., 0].astype(float) + 1000) / 1000).sum(axis=(1, 2))
    hu = np.array(list(TISSUE_HU.values()))
    lung_hu = slices.attributes["lung_hu"]
    rows = (np.arange(256) - 127.5)[:, None] * slices.spacing_mm[0]
    for image, labels in enumerate(slices.labels):
        tissue = hu[labels]
        lung = labels == LABEL["lung"]
        tissue[lung] = np.broadcast_to(lung_hu[image] + 0.3 * rows, labels.shape)[lung]
        faint = slices.nodules["nodule_type"][slices.nodules["image"] == image] > 0
        if not faint.any():
            assert grams[image] == pytest.approx(((tissue + 1000) / 1000).sum(), rel=0.015)


def test_areas_do_not_depend_on_the_pixel():
    coarse, fine = (thorax(1, side=side, z_mm=-20.0, seed=7, noise=False) for side in (160, 320))
    for name in ("lung", "muscle", "fat", "mediastinum", "great vessel"):
        areas = [(s.labels == LABEL[name]).sum() * s.spacing_mm[0] ** 2 for s in (coarse, fine)]
        assert areas[0] == pytest.approx(areas[1], rel=0.05), name


@pytest.mark.parametrize(("tilt", "longer"), [(0.0, 1.0), (1.0, np.sqrt(2.0)), (np.sqrt(3.0), 2.0)])
def test_a_vessel_has_the_area_of_a_cylinder_cut_aslant(tilt, longer):
    # 6 pixels thick on either side of its axis, which runs `tilt` sideways for each pixel upward.
    path = [[-30 * tilt, 2.3, -30.0, 6.0], [30 * tilt, 2.3, 30.0, 6.0]]
    whole = (slice(0, 128), slice(0, 128))
    area = painting.tubes(128, anatomy.chains([path]), 0.0, whole)[0].sum()
    assert area == pytest.approx(np.pi * 6**2 * longer, rel=0.02)


def test_branches_grow_thinner_and_stay_joined():
    trees = anatomy.grow_vessels(1, np.random.default_rng(0))
    assert np.all(trees["taper"] < 0)
    tips = trees["radius"][0, -64:]
    assert tips.max() < trees["radius"][0, :48].min()
    ends = (trees["start"] + trees["step"])[0]
    hilum = trees["start"][0, :48]
    gaps = np.abs(trees["start"][0, 48::29, None] - ends).max(axis=2).min(axis=1)
    assert gaps.max() < 1e-9
    assert np.abs(hilum - [[50, 8, -24]]).max() > 50  # the right lung's, too


def test_the_scanner_adds_its_noise_and_blurs_as_it_does(slices):
    noisy = thorax(2, seed=1, n_nodules=(1, 4))
    soft = np.isin(slices.labels[:2], [LABEL["muscle"], LABEL["heart"], LABEL["fat"]])
    difference = (noisy.images_hu[..., 0].astype(float) - slices.images_hu[:2, ..., 0])[soft]
    assert difference.std() == pytest.approx(SITES["A"].noise_hu, rel=0.05)
    blurred = thorax(1, seed=1, n_nodules=(1, 4), noise=False, site=Scanner(mtf50_per_mm=0.15))
    steepest = [np.abs(np.diff(s.images_hu[0, ..., 0].astype(int))).max() for s in (slices, blurred)]
    assert steepest[1] < 0.8 * steepest[0]


def test_a_thick_slice_dims_a_small_nodule():
    thin, thick = (
        thorax(3, seed=8, n_nodules=(1, 1), diameter_mm=(4, 5), noise=False, site=Scanner(slice_mm=mm))
        for mm in (0.5, 8.0)
    )
    solid = thin.labels == LABEL["nodule"]
    assert thick.images_hu[solid].mean() < thin.images_hu[solid].mean() - 100


def test_a_larger_draw_begins_with_the_smaller_one():
    large, small = (thorax(n, side=64, seed=9) for n in (10, 3))
    np.testing.assert_array_equal(large.images_hu[:3], small.images_hu)
    np.testing.assert_array_equal(large.labels[:3], small.labels)
    first = large.nodules["image"] < 3
    np.testing.assert_array_equal(large.nodules["center_mm"][first], small.nodules["center_mm"])
    assert not np.array_equal(large.labels[8:10], large.labels[:2])


@pytest.mark.slow
def test_another_process_makes_the_same_bytes(printed_elsewhere):
    code = (
        "from test_phantoms_chest import digest; from medlab.data.phantoms import thorax;"
        "print(digest(thorax(3, seed=12)))"
    )
    printed = printed_elsewhere(code)
    assert printed == digest(thorax(3, seed=12))
    assert printed != digest(thorax(3, seed=13))


def test_memory_stays_near_the_size_of_the_result():
    thorax(1)  # tables made once
    tracemalloc.start()
    scans = thorax(1, volumes=True, z_mm=np.arange(0.0, 3.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < scans.images_hu.nbytes + scans.labels.nbytes + 60e6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must lie between 1 and infinity, got 0"),
        ({"side": 63}, "side must lie between 64 and 512, got 63"),
        ({"seed": -1}, "seed must lie between 0 and infinity, got -1"),
        ({"site": "C"}, "site must be one of: A, B; got 'C'"),
        ({"z_mm": 61}, "z_mm must lie between -85 and 60, got 61"),
        ({"z_mm": [0.0, 1.0]}, r"z_mm must be a number or have shape \(3,\).*got shape \(2,\)"),
        (
            {"z_mm": 0.0, "volumes": True},
            "at least two heights, evenly spaced and rising, got 0.0.*volumes=F",
        ),
        ({"z_mm": [0.0, 1.0, 3.0], "volumes": True}, "evenly spaced and rising, got"),
        ({"z_mm": [3.0, 1.0], "volumes": True}, "evenly spaced and rising, got"),
        ({"n_nodules": (0, 13)}, "n_nodules must lie between 0 and 12, got 13"),
        ({"n_nodules": (3, 1)}, r"n_nodules must be \(fewest, most\), got \(3, 1\)\. Swap"),
        ({"diameter_mm": (3, 9)}, "diameter_mm must lie between 4 and 30, got 3"),
        ({"diameter_mm": (9, 5)}, r"diameter_mm must be \(smallest, largest\) in mm, got \(9, 5\)"),
    ],
)
def test_refuses_bad_arguments_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        thorax(**{"n": 3, **options})


def test_refuses_a_number_of_nodules_that_is_not_whole():
    with pytest.raises(TypeError, match=r"n_nodules must be a whole number, got 1\.5"):
        thorax(3, n_nodules=(0, 1.5))
