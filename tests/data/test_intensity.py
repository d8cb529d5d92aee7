import inspect

import numpy as np
import pytest

from medlab.data import intensity, phantoms


@pytest.fixture
def slice_hu(rng):
    return rng.uniform(-1024, 2000, (7, 9))


def test_a_window_maps_its_ends_to_black_and_white_and_its_center_to_mid_gray():
    gray = intensity.window([-150.0, 50.0, 250.0, -2000.0, 2000.0], center_hu=50, width_hu=400)
    assert gray.tolist() == [0.0, 0.5, 1.0, 0.0, 1.0]
    assert gray.dtype == np.float32


@pytest.mark.parametrize("width_hu", [1, 80, 400, 2000])
def test_order_of_tissues_survives_any_width(slice_hu, width_hu):
    gray = intensity.window(slice_hu, center_hu=0, width_hu=width_hu).ravel()
    assert np.all(np.diff(gray[np.argsort(slice_hu.ravel())]) >= 0)


def test_a_window_leaves_the_image_alone(slice_hu):
    before = slice_hu.copy()
    intensity.window(slice_hu, 0, 400)
    assert np.array_equal(before, slice_hu)


@pytest.mark.parametrize(
    ("name", "black_hu", "white_hu"),
    [
        ("lung", -1350, 150),
        ("soft tissue", -150, 250),
        ("mediastinum", -125, 225),
        ("bone", -500, 1300),
        ("brain", 0, 80),
        ("nodule", -1100, 300),
    ],
)
def test_each_ct_preset_is_its_window(name, black_hu, white_hu):
    ends = intensity.preprocess([black_hu, (black_hu + white_hu) / 2, white_hu], f"ct {name}")
    assert ends.tolist() == [0.0, 0.5, 1.0]


def test_the_default_study_is_seen_through_the_nodule_window():
    default = inspect.signature(phantoms.simulated_nodules).parameters["window_hu"].default
    assert default == intensity.WINDOWS["nodule"]


def test_pet_runs_from_0_to_10_suv():
    assert intensity.preprocess([0.0, 2.5, 10.0, 40.0], "pet suv").tolist() == [0.0, 0.25, 1.0, 1.0]


def test_mr_is_measured_where_there_is_signal():
    # Inside: 2 and 4, mean 3, standard deviation 1; the zeros around count for nothing.
    assert intensity.preprocess([0.0, 2.0, 4.0, 0.0], "mr").tolist() == [-3.0, -1.0, 1.0, -3.0]


@pytest.mark.parametrize("preset", ["x-ray", "ultrasound"])
def test_a_few_bright_pixels_do_not_decide_the_contrast(preset):
    image = np.arange(1000.0)
    image[-1] = 1e6
    gray = intensity.preprocess(image, preset)
    assert gray[-1] == 1.0
    assert gray[500] == pytest.approx(0.5, abs=0.01)


def test_scaling_the_whole_image_changes_nothing_where_there_is_no_fixed_scale(slice_hu):
    brighter = 3 * slice_hu + 7
    assert np.allclose(intensity.z_score(slice_hu), intensity.z_score(brighter), atol=1e-5)
    assert np.allclose(intensity.percentiles(slice_hu), intensity.percentiles(brighter), atol=1e-5)


def test_every_preset_says_units_reason_and_source():
    for preset in intensity.PRESETS.values():
        assert preset["units"]
        assert preset["why"]
        assert preset["source"]


def test_refuses_an_empty_window_and_says_how_to_fix_it(slice_hu):
    with pytest.raises(ValueError, match=r"got 0\..*width_hu=b-a"):
        intensity.window(slice_hu, center_hu=0, width_hu=0)


def test_refuses_nan_and_says_where():
    with pytest.raises(ValueError, match=r"image_hu must hold finite.*index \(1,\)"):
        intensity.window([0.0, np.nan], 0, 400)


def test_refuses_an_unknown_preset_and_names_the_nearest(slice_hu):
    with pytest.raises(ValueError, match="Did you mean 'ct lung'"):
        intensity.preprocess(slice_hu, "lung")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: intensity.z_score(np.ones((2, 3))), "must not be constant"),
        (lambda: intensity.z_score(np.zeros((2, 3))), "must not be constant"),
        (lambda: intensity.percentiles(np.ones((2, 3))), "must not have one gray value, got 1"),
    ],
)
def test_refuses_what_cannot_be_scaled(call, message):
    with pytest.raises(ValueError, match=message):
        call()
