"""Planes by hand, what the page gets, the numbers that the page is held to, then refusals."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import traitlets

from medlab.data import intensity, volumes
from medlab_widgets import SliceViewer

VECTORS = Path(__file__).parents[1] / "js" / "slice_vectors.json"
ARRAY = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
TURNED = [[0.0, 0.6, 0.8], [0.0, 0.8, -0.6], [1.0, 0.0, 0.0]]
VOLUME = volumes.Volume(ARRAY, (3.0, 0.8, 0.7), (10, -20, 30), TURNED, "CT", "HU")
MASK, MAP = (ARRAY % 7 > 2).astype(np.uint8) + (ARRAY > 40), np.sin(ARRAY.astype(float))


def asked(viewer, case, axis, index):
    """Return the buffers that answer a page's question."""
    sent = []
    viewer.send = lambda content, buffers: sent.extend(buffers)
    viewer._handle_custom_msg({"slice": [case, axis, index]}, [])
    return sent


def stored(viewer, axis):
    kinds = ["u1" if layer["is_mask"] else "<i2" for layer in viewer.info["layers"]]
    buffers = asked(viewer, viewer.case, axis, viewer.position[axis])
    return [
        np.frombuffer(buffer, kind).tolist() for buffer, kind in zip(buffers, ["<i2", *kinds], strict=True)
    ]


def vectors():
    """What the page must compute, too; `json.dump(vectors(), VECTORS.open("w"))` writes it anew."""
    values = [-1350, -600.5, -599.25, 0, 150, 3071, 49.9999]
    made = {"gray": [], "array": ARRAY.ravel().tolist(), "position": [1, 2, 3], "planes": []}
    for center, width in ([-600, 1500], [50, 400], [40, 80], [0.1, 0.3]):
        gray = intensity.window(values, center, width).astype(float).tolist()
        made["gray"].append({"center": center, "width": width, "values": values, "gray": gray})
    viewer = SliceViewer(VOLUME, masks={"mask": MASK, "map": MAP}, window=(30, 70), position=[1, 2, 3])
    for axis in range(3):
        plane = {"axis": axis, "stored": stored(viewer, axis)}
        for viewer.outline, name in ((False, "filled"), (True, "outlined")):
            plane[name] = (255 * viewer.plane(axis)).round().astype(int).tolist()
        made["planes"].append(plane)
    corners = [[0, 0, 0], [2, 3, 4], [1, 0, 4]]
    made["world"] = [{"voxel": voxel, "mm": VOLUME.to_world(voxel).tolist()} for voxel in corners]
    return json.loads(json.dumps(made | {"info": viewer.info}))


def test_the_vectors_that_the_page_is_held_to():
    kept, made = json.loads(VECTORS.read_text()), vectors()
    assert kept.keys() == made.keys()
    for name in ("gray", "world"):
        for old, new in zip(kept[name], made[name], strict=True):
            assert {key: pytest.approx(value, abs=1e-6) for key, value in new.items()} == old
    assert [kept[name] for name in ("array", "position", "planes")] == [
        made[name] for name in ("array", "position", "planes")
    ]


def test_planes_lie_as_in_the_picture_of_a_volume():
    viewer = SliceViewer(VOLUME, window=(30, 70))
    assert viewer.position == [1, 2, 2]
    z, y, x = (viewer.plane(axis)[..., 0] for axis in range(3))
    assert z[0, 0] == pytest.approx((20 - 30) / 70 + 0.5)  # voxel (1, 0, 0) is 20
    assert y[0, 0] == pytest.approx((50 - 30) / 70 + 0.5)  # (2, 2, 0), the last slice on top, is 50
    assert x[-1, 1] == pytest.approx((7 - 30) / 70 + 0.5)  # (0, 1, 2) is 7
    shown = [axes.images[0].get_array() for axes in volumes.planes_picture(VOLUME).axes]
    viewer.center, viewer.width = intensity.WINDOWS["soft tissue"]
    for axis, picture in enumerate(shown):
        np.testing.assert_array_equal(viewer.plane(axis)[..., 0], picture)


@pytest.mark.parametrize("kind", ["int16", "uint8", "uint16", "float32", "float64"])
def test_the_page_gets_values_right_to_a_part_in_65534_of_their_range(kind, rng):
    values = rng.uniform(0, 250, (3, 4, 5)) if kind == "uint8" else rng.uniform(-900, 64_000, (3, 4, 5))
    array = np.clip(values, 0 if kind[0] == "u" else -900, 32_000 if kind == "int16" else None).astype(kind)
    viewer = SliceViewer(array)
    image = np.frombuffer(asked(viewer, 0, 1, 2)[0], "<i2").reshape(3, 5)
    shown = image * viewer.info["slope"] + viewer.info["intercept"]
    exact = kind in ("int16", "uint8", "uint16")
    allowed = 0 if exact else np.ptp(array) / 65_534
    assert np.abs(shown - array[::-1, 2]).max() <= allowed


def test_masks_have_labels_and_attributions_a_sign():
    viewer = SliceViewer(VOLUME, masks={"two": MASK, "signed": MAP, "one-sided": np.abs(MAP)})
    mask, signed, one_sided = viewer.info["layers"]
    assert [mask["is_mask"], signed["signed"], one_sided["signed"]] == [True, True, False]
    _, labels, signed_plane, _ = stored(viewer, 0)
    assert labels == MASK[1].ravel().tolist()
    np.testing.assert_allclose(np.array(signed_plane) * signed["scale"], MAP[1].ravel(), atol=signed["scale"])
    viewer.overlays = [[False, 0.5]] * 3
    np.testing.assert_array_equal(viewer.plane(0), SliceViewer(VOLUME).plane(0))


def test_a_data_set_shows_its_training_images_case_by_case(make_spots):
    dataset = make_spots()
    viewer = SliceViewer(dataset, masks=dataset.train.images[..., 0] > 120)
    viewer.case = 5
    assert viewer.info["cases"] == len(dataset.train)
    image = np.frombuffer(asked(viewer, 5, 0, 0)[0], "<i2") + viewer.info["intercept"]
    np.testing.assert_array_equal(image, dataset.train.images[5].ravel())
    color = replace(dataset.train, images=np.repeat(dataset.train.images, 3, axis=-1))
    colored = SliceViewer(replace(dataset, train=color), case=5)
    np.testing.assert_array_equal(colored.plane(0), SliceViewer(dataset, case=5).plane(0))


def test_what_the_notebook_keeps_is_small_and_names_nobody(rng):
    noise = rng.integers(-1000, 1000, (40, 150, 160)).astype(np.int16)
    header = {"PatientName": "Doe^Jane"}
    scan = volumes.Volume(noise, (3.0, 0.8, 0.7), modality="simulated CT", units="HU", header=header)
    viewer = SliceViewer(scan, masks={"high": noise > 900})
    assert len(viewer.picture().to_png()) < 60_000
    state = json.dumps(viewer.get_state(), default=str)
    assert len(state) < 40_000  # most of it is the script
    assert "Doe" not in state + repr(viewer) + viewer.picture().alt
    assert repr(viewer).startswith("<SliceViewer: SIMULATED, 40 x 150 x 160 voxels, at 20 x 75 x 80")
    assert "z = 20" in viewer.picture().axes[0].get_title()
    viewer.position = [7, 1, 2]
    assert "SIMULATED, z = 7" in viewer.picture().axes[0].get_title()


HOLES = np.where(ARRAY == 7, np.nan, ARRAY)
MOVED = replace(VOLUME, origin_mm=(0, 0, 0))


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        (np.zeros((2, 3, 4, 5)), {}, r"source must have shape \(Z, Y, X\) or .* got \(2, 3, 4, 5\)"),
        (np.zeros((0, 4, 5)), {}, r"source must have shape .* got \(0, 4, 5\)"),
        (HOLES, {}, "source must hold finite numbers, got 1 NaN or infinite of 60"),
        (np.full((4, 5), np.nan), {}, "got 20 NaN or infinite of 20"),
        ("a text", {}, "path must be a folder or file that exists"),
        (ARRAY, {"spacing_mm": (1, 2)}, "spacing_mm must be 3 finite numbers in mm"),
        (ARRAY, {"spacing_mm": (1, 2, -3)}, "spacing_mm must lie between"),
        (ARRAY, {"spacing_mm": 1}, "spacing_mm must be 3 finite numbers in mm"),
        (VOLUME, {"window": "lugn"}, "window must be one of: lung.*Did you mean 'lung'"),
        (ARRAY, {"window": "lugn"}, "window must be one of: lung.*Did you mean 'lung'"),
        (replace(VOLUME, units="g/ml"), {"window": "lung"}, "window must be one of: full range, middle 99 %"),
        (ARRAY, {"window": (50, 0)}, "width of the window must lie between 1e-30 and"),
        (ARRAY, {"masks": np.zeros((3, 4, 4))}, r"masks\['mask'\] must have the shape of the source"),
        (VOLUME, {"masks": {"tumor": MOVED}}, r"masks\['tumor'\] must .* lie in its place"),
        (ARRAY, {"masks": {"tumor": 100 * ARRAY}}, r"masks\['tumor'\] must hold labels from 0.* to 5900"),
        (ARRAY, {"masks": {"map": HOLES}}, r"masks\['map'\] must hold finite numbers, got 1 NaN"),
    ],
)  # fmt: skip
def test_refuses_what_cannot_be_shown(source, options, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        SliceViewer(source, **options)


def test_refuses_a_place_outside_of_the_volume_and_keeps_the_old_one():
    viewer = SliceViewer(VOLUME)
    for name, value, words in (
        ("position", [3, 0, 0], "position must lie between 0 and 2, got 3"),
        ("position", [0, -1, 0], "position must lie between 0 and 3, got -1"),
        ("position", [1, 1], r"position must be three numbers \(z, y, x\), got \[1, 1\]"),
        ("center", np.nan, "center must lie between"),
        ("overlays", [[True, 0.5]], "one pair for each of 0 masks"),
        ("case", 1, "case must lie between 0 and 0, got 1"),
    ):
        with pytest.raises(ValueError, match=words):
            setattr(viewer, name, value)
    assert viewer.position == [1, 2, 2]
    with pytest.raises(traitlets.TraitError, match="width"):
        viewer.width = 0


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("lung_nodules", "folder"),
        ("pet_ct_mr/dicom_STS_001", "series must be chosen|path must be"),
    ],
)
def test_a_folder_that_is_no_volume_is_refused(place, words, real_data):
    with pytest.raises(ValueError, match=words):
        SliceViewer(real_data / place)


def test_half_precision_and_truth_values_are_shown_as_they_are():
    halves = np.linspace(-1000, 3000, 60).reshape(3, 4, 5).astype(np.float16)
    viewer = SliceViewer(halves, masks={1: -halves}, position=[2, 1, 1])
    image, layer = stored(viewer, 0)
    got = np.array(image) * viewer.info["slope"] + viewer.info["intercept"]
    assert np.abs(got - halves[2].astype(float).ravel()).max() < 0.1
    facts = viewer.info["layers"][0]
    assert facts["name"] == "1"
    assert np.sign(layer).tolist() == np.sign(-halves[2].astype(float)).ravel().tolist()
    truth = ARRAY % 2 == 0
    viewer = SliceViewer(truth, position=[1, 0, 0])
    got = np.array(stored(viewer, 0)[0]) * viewer.info["slope"] + viewer.info["intercept"]
    assert got.tolist() == truth[1].astype(float).ravel().tolist()


def test_the_zoom_is_the_widgets_so_that_a_view_that_is_drawn_anew_has_it():
    viewer = SliceViewer(ARRAY)
    assert viewer.view == [1.0]
    viewer.view = [4.0, 1, 2, 2]
    assert viewer.view == [4.0, 1, 2, 2]
