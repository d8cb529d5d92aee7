import hashlib
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage, stats

from medlab.data.phantoms import SITES, Candidates, Scanner, candidates
from medlab.data.phantoms.crops import CHUNK, draw_chunks
from medlab.data.phantoms.findings import draw_findings, in_slices
from medlab.data.phantoms.streams import stacked

QUIET = Scanner(dose=100.0)


def digest(crops: Candidates) -> str:
    columns = (crops.images_hu, crops.masks, crops.malignant, *crops.attributes.values())
    return hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in columns)).hexdigest()


@pytest.fixture(scope="module")
def nodules():
    return candidates(400, seed=1)


@pytest.fixture(scope="module")
def volumes():
    return {kind: candidates(12, kind=kind, volumes=True, seed=3) for kind in ("nodule", "vessel")}


def test_slices_and_volumes_have_the_stated_shapes(nodules, volumes):
    assert nodules.images_hu.shape == (400, 64, 64, 1)
    assert nodules.images_hu.dtype == np.int16
    assert nodules.masks.shape == (400, 64, 64)
    assert nodules.spacing_mm == (0.75, 0.75)
    assert volumes["nodule"].images_hu.shape == (12, 24, 64, 64, 1)
    assert volumes["nodule"].masks.shape == (12, 24, 64, 64)
    assert volumes["nodule"].spacing_mm == (1.5, 0.75, 0.75)
    assert candidates(1, volumes=True, n_slices=31).images_hu.shape == (1, 31, 64, 64, 1)
    assert len(nodules.images_hu) == 400


@pytest.mark.parametrize("kind", ["nodule", "vessel", "both"])
def test_the_central_slice_of_a_volume_is_the_slice_drawn_alone(kind):
    alone = candidates(5, kind=kind, seed=3)
    for n_slices in (12, 24, 27):
        volume = candidates(5, kind=kind, seed=3, volumes=True, n_slices=n_slices)
        np.testing.assert_array_equal(volume.images_hu[:, n_slices // 2], alone.images_hu)
        np.testing.assert_array_equal(volume.masks[:, n_slices // 2], alone.masks)


def test_one_slice_cannot_tell_a_vessel_from_a_nodule(nodules):
    """The same seed gives the same bytes."""
    vessels = candidates(400, kind="vessel", seed=1)
    np.testing.assert_array_equal(vessels.images_hu, nodules.images_hu)
    np.testing.assert_array_equal(vessels.masks, nodules.masks)
    assert not vessels.is_nodule.any()
    assert not vessels.malignant.any()
    assert np.isnan(vessels.attributes["risk"]).all()


def test_central_slices_of_nodules_and_vessels_have_one_distribution(nodules):
    """A two-sample test on independent draws, feature by feature."""
    vessels = candidates(400, kind="vessel", seed=2)

    def features(crops):
        image = crops.images_hu[:, 16:48, 16:48, 0].astype(float)
        slope = np.hypot(*np.gradient(image, axis=(1, 2)))
        return {
            "diameter": crops.attributes["diameter_mm"],
            "area": crops.masks.sum(axis=(1, 2)),
            "mean": image.mean(axis=(1, 2)),
            "spread": image.std(axis=(1, 2)),
            "center": image[:, 14:18, 14:18].mean(axis=(1, 2)),
            "slope": slope.mean(axis=(1, 2)),
            "surroundings": crops.images_hu[..., 0].mean(axis=(1, 2)),
        }

    of_nodules, of_vessels = features(nodules), features(vessels)
    p_values = {name: stats.ks_2samp(of_nodules[name], of_vessels[name]).pvalue for name in of_nodules}
    assert min(p_values.values()) > 0.01 / len(p_values), p_values


def energy_test(first, second, permutations=400):
    """Permutation test of the energy distance (Székely and Rizzo): the p-value of one distribution."""
    both = np.concatenate([first, second]).reshape(len(first) + len(second), -1)
    both = (both - both.mean(axis=0)) / both.std(axis=0)
    squares = (both**2).sum(axis=1)
    away = np.sqrt(np.maximum(squares[:, None] + squares - 2 * both @ both.T, 0))
    signs = np.repeat([1.0 / len(first), -1.0 / len(second)], [len(first), len(second)])
    rng = np.random.default_rng(0)
    all_signs = np.stack([signs, *[rng.permutation(signs) for _ in range(permutations)]])
    energy = -((all_signs @ away) * all_signs).sum(axis=1)
    return (energy >= energy[0] - 1e-12).mean()


def blocks(crops):
    """The middle of each crop in 3 mm blocks, its bright and its dark parts apart."""
    image = crops.images_hu[:, 16:48, 16:48, 0].astype(float).reshape(-1, 8, 4, 8, 4)
    return np.concatenate([image.mean(axis=(2, 4)), image.max(axis=(2, 4))], axis=1)


@pytest.mark.slow
def test_the_pixels_of_nodules_and_vessels_have_one_distribution(nodules):
    """Independent draws again, all pixels of the middle at once; the same test finds 1 mm of diameter."""
    assert energy_test(blocks(nodules), blocks(candidates(400, kind="vessel", seed=2))) > 0.01
    larger = candidates(400, kind="vessel", seed=2, diameter_mm=(7.0, 13.0))
    assert energy_test(blocks(nodules), blocks(larger)) < 0.01


def test_along_z_a_nodule_closes_and_a_vessel_goes_on(volumes):
    radius = volumes["nodule"].attributes["diameter_mm"] / 2
    z_mm = 1.5 * np.abs(np.arange(24) - 12)
    area = volumes["nodule"].masks.sum(axis=(2, 3))
    assert not area[z_mm[None] > 1.1 * radius[:, None]].any()
    assert area[z_mm[None] < 0.7 * radius[:, None]].all()
    near = np.flatnonzero(z_mm <= 9)
    assert volumes["vessel"].masks.any(axis=(2, 3))[:, near].all()


def test_the_body_has_the_area_and_the_volume_of_its_diameter():
    crops = candidates(256, seed=5)
    area_mm2 = crops.masks.sum(axis=(1, 2)) * 0.75**2
    # lobes of relative size a add a^2 / 2 each to a circle's area: about half a percent
    assert np.median(area_mm2 / (np.pi / 4 * crops.attributes["diameter_mm"] ** 2)) == pytest.approx(
        1, abs=0.02
    )
    solids = candidates(24, seed=5, volumes=True, diameter_mm=(10.0, 20.0))
    volume_mm3 = solids.masks.sum(axis=(1, 2, 3)) * 0.75**2 * 1.5
    ball_mm3 = np.pi / 6 * solids.attributes["diameter_mm"] ** 3
    assert np.all(volume_mm3 > 0.75 * ball_mm3)  # flattened to .8 to 1.1 along z, and lobed
    assert np.all(volume_mm3 < 1.25 * ball_mm3)


@pytest.mark.slow
def test_each_type_of_nodule_has_its_ct_numbers():
    crops = candidates(400, seed=6, site=QUIET, diameter_mm=(9.0, 14.0))
    image, kind = crops.images_hu[..., 0].astype(float), crops.attributes["nodule_type"]
    inner = ndimage.binary_erosion(crops.masks, np.ones((1, 3, 3)))
    hu = np.array([np.median(image[i][inner[i]]) for i in range(len(crops.images_hu))])
    assert hu[kind == 0].mean() == pytest.approx(30, abs=8)
    assert hu[kind == 2].mean() == pytest.approx(-600, abs=15)
    center = np.array([np.percentile(image[i][inner[i]], 95) for i in range(len(crops.images_hu))])
    assert center[kind == 1].mean() == pytest.approx(30, abs=40)
    rim = crops.masks & ~ndimage.binary_erosion(crops.masks, np.ones((1, 3, 3)))
    rim_hu = np.array([np.median(image[i][rim[i]]) for i in range(len(crops.images_hu))])
    assert rim_hu[kind == 1].mean() < -500
    around = ~ndimage.binary_dilation(crops.masks, np.ones((1, 25, 25)))
    assert np.median(image[around]) == pytest.approx(-860, abs=15)


def test_the_solid_part_is_all_of_a_solid_nodule_some_of_a_part_solid_and_none_of_a_non_solid(nodules):
    known = nodules.attributes
    share = known["solid_mm"] / known["diameter_mm"]
    solid, part, ground_glass = (share[known["nodule_type"] == kind] for kind in range(3))
    assert (solid == 1).all()
    assert ((part >= 0.45) & (part <= 0.65)).all()
    assert (ground_glass == 0).all()


def test_spikes_show_outside_the_body(nodules):
    crops = candidates(400, seed=7, site=QUIET)
    ring = ndimage.binary_dilation(crops.masks, np.ones((1, 7, 7)))
    ring &= ~ndimage.binary_dilation(crops.masks, np.ones((1, 5, 5)))
    spread = np.array([crops.images_hu[i, ..., 0][ring[i]].std() for i in range(400)])
    spiky = crops.attributes["spiculated"] == 1
    assert np.median(spread[spiky]) > 2 * np.median(spread[~spiky])


def test_the_scanner_blurs_and_adds_noise_of_its_own_size():
    noisy, quiet = candidates(40, seed=8), candidates(40, seed=8, site=QUIET)
    difference = noisy.images_hu.astype(float) - quiet.images_hu
    # same anatomy, same noise at a tenth of its size
    assert difference.std() == pytest.approx(0.9 * SITES["A"].noise_hu, rel=0.03)
    assert candidates(40, seed=8, site="B").images_hu.std() != noisy.images_hu.std()


def test_a_thicker_slice_dims_the_rim_of_a_nodule():
    thin, thick = (
        candidates(60, seed=9, site=Scanner(dose=100, slice_mm=slice_mm), diameter_mm=(6, 8))
        for slice_mm in (1.0, 5.0)
    )
    solid = thin.masks & (thin.attributes["nodule_type"] == 0)[:, None, None]
    loss_hu = thin.images_hu[solid].mean() - thick.images_hu[solid].mean()
    assert 50 < loss_hu < 300
    air = ~ndimage.binary_dilation(thin.masks, np.ones((1, 25, 25)))
    assert thick.images_hu[air].mean() == pytest.approx(thin.images_hu[air].mean(), abs=1)


def test_a_vessel_stands_still_at_the_center():
    shapes = draw_findings(3, np.random.default_rng(0))
    people = {"diameter_mm": np.full(3, 8.0), "nodule_type": np.arange(3), "spiculated": np.ones(3)}
    columns = in_slices(people, shapes, np.zeros(3, bool), np.array([-0.01, 0.0, 0.01]))
    path = columns["center_mm"].reshape(3, 3, 2)
    speed = (path[:, 2] - path[:, 0]) / 0.02
    assert np.abs(speed).max() < 1e-3


def test_labels_follow_the_true_risk():
    crops = candidates(800, seed=10)
    risk = crops.attributes["risk"]
    expected, spread = risk.sum(), np.sqrt((risk * (1 - risk)).sum())
    assert abs(crops.malignant.sum() - expected) < 3 * spread
    high = risk > np.median(risk)
    assert crops.malignant[high].mean() > crops.malignant[~high].mean() + 0.3


def drawn_alone(seed, n_chunks):
    """Patients and labels of many chunks, without their images."""
    chunks = list(draw_chunks(n_chunks * CHUNK, (seed,), "nodule", 3.5, 0.35, (6.0, 12.0)))
    people = stacked(chunk.people for chunk in chunks)
    return people, np.concatenate([chunk.malignant for chunk in chunks])


def test_malignant_nodules_are_as_frequent_in_every_stratum_as_their_risk():
    people, malignant = drawn_alone(77, 60)
    risk = people["risk"]
    bins = {
        "risk": np.digitize(risk, np.quantile(risk, np.arange(0.1, 1, 0.1))),
        "diameter_mm": np.digitize(people["diameter_mm"], [7, 8, 9, 10, 11]),
        "age_years": people["age_years"] // 5,
        "image": 2 * people["nodule_type"] + people["spiculated"],
        "n_nodules": np.minimum(people["n_nodules"], 5),
        "person": people["female"] + 2 * people["family_history"] + 4 * people["emphysema"],
        "upper_lobe": people["upper_lobe"],
    }
    scores = []
    for stratum in bins.values():
        for value in np.unique(stratum):
            chosen = stratum == value
            p = risk[chosen]
            scores.append((malignant[chosen].sum() - p.sum()) / np.sqrt((p * (1 - p)).sum()))
    # two-sided, at the level of 1 % for all of the strata together
    limit = stats.norm.isf(0.005 / len(scores))
    assert len(scores) > 35
    assert np.abs(scores).max() < limit, scores


def test_what_the_image_tells_of_the_risk_is_the_frequency_among_those_who_look_alike():
    """Brute force for the ceiling: nothing but labels drawn, sorted by the image's own variables."""
    people, malignant = drawn_alone(78, 80)
    cell = np.digitize(people["diameter_mm"], np.linspace(6, 12, 13)[1:-1])
    cell = (cell * 3 + people["nodule_type"]) * 2 + people["spiculated"]
    size = np.bincount(cell)
    frequency, known = np.bincount(cell, malignant) / size, np.bincount(cell, people["risk_image"]) / size
    spread = np.sqrt(known * (1 - known) / size)
    assert np.abs((frequency - known) / spread).max() < stats.norm.isf(0.005 / len(size))

    def auc(score):
        ill, well = score[malignant], np.sort(score[~malignant])
        below = np.searchsorted(well, ill, "left") + np.searchsorted(well, ill, "right")
        return below.mean() / (2 * len(well))

    ceiling = auc(people["risk_image"])
    assert 0.80 < ceiling < 0.88
    assert auc(frequency[cell]) == pytest.approx(ceiling, abs=0.01)  # no finer than the cells
    assert auc(people["diameter_mm"]) < ceiling - 0.05


def test_both_kinds_come_half_and_half():
    crops = candidates(300, kind="both", seed=11)
    assert 0.4 < crops.is_nodule.mean() < 0.6
    np.testing.assert_array_equal(np.isnan(crops.attributes["risk"]), ~crops.is_nodule)
    assert not crops.malignant[~crops.is_nodule].any()


def test_a_larger_draw_begins_with_the_smaller_one():
    large, small = candidates(270, seed=4), candidates(7, seed=4)
    np.testing.assert_array_equal(large.images_hu[:7], small.images_hu)
    np.testing.assert_array_equal(large.attributes["risk"][:7], small.attributes["risk"])
    assert not np.array_equal(large.images_hu[256:263], small.images_hu)


@pytest.mark.slow
def test_another_process_makes_the_same_bytes(printed_elsewhere):
    code = (
        "from test_phantoms_crops import digest; from medlab.data.phantoms import candidates;"
        "print(digest(candidates(9, kind='both', volumes=True, seed=12)))"
    )
    printed = printed_elsewhere(code)
    assert printed == digest(candidates(9, kind="both", volumes=True, seed=12))
    assert printed != digest(candidates(9, kind="both", volumes=True, seed=13))


def test_memory_stays_near_the_size_of_the_result():
    candidates(1)  # tables made once
    tracemalloc.start()
    crops = candidates(20, volumes=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < crops.images_hu.nbytes + crops.masks.nbytes + 50e6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must lie between 1 and infinity, got 0"),
        (
            {"n": 3, "kind": "nodul"},
            r"kind must be one of: nodule, vessel, both; got 'nodul'\. Did you mean 'nodule'",
        ),
        ({"n": 3, "site": "C"}, "site must be one of: A, B"),
        ({"n": 3, "n_slices": 7}, "n_slices must lie between 8 and 32, got 7"),
        ({"n": 3, "seed": -1}, "seed must lie between 0 and infinity, got -1"),
        ({"n": 3, "prevalence": 1.0}, "prevalence must lie strictly between 0 and 1"),
        ({"n": 3, "diameter_mm": (2, 9)}, "diameter_mm must lie between 4 and 25, got 2"),
    ],
)
def test_refuses_bad_arguments_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        candidates(**options)


def test_refuses_a_count_that_is_not_whole():
    with pytest.raises(TypeError, match=r"n must be a whole number, got 2\.5"):
        candidates(2.5)
