import numpy as np
import pytest

from medlab.data.phantoms import Scanner, candidates, simulated_nodules
from medlab.data.phantoms.cohorts import to_gray


@pytest.fixture(scope="module")
def study():
    return simulated_nodules(31, 7, 13, seed=2)


def test_the_window_maps_its_center_to_gray_and_its_ends_to_black_and_white():
    hu = np.array([-1024, -1100 + 1024 - 1024, -400, -50, 300, 3071], np.int16)
    assert to_gray(hu, -400, 1400).tolist() == [14, 0, 128, 191, 255, 255]


def test_the_default_study_says_all_that_a_report_needs(study):
    assert study.name == "simulated_nodules"
    assert [len(split) for split in study.splits().values()] == [31, 7, 13]
    assert study.image_shape == (64, 64, 1)
    assert study.train.images.dtype == np.uint8
    assert study.class_names == ("benign", "malignant")
    assert study.positive_class == 1
    assert study.simulated
    assert study.spacing_mm == (0.75, 0.75)
    assert study.window_hu == (-400.0, 1400.0)
    assert study.flips == ("left-right", "up-down")
    assert study.rotation_deg == 180
    assert "10.1056/NEJMoa1214726" in study.citation
    assert "10.1007/s00330-019-06168-x" in study.citation
    assert "Simulated" in study.label_meaning
    assert "sharpened by risk_scale=3.5; prevalence 0.35; diameters 6 to 12 mm" in study.notes[0]


def test_every_image_comes_with_patient_risk_and_mask(study):
    for split in study.splits().values():
        attributes = split.attributes
        assert {"age_years", "diameter_mm", "nodule_type", "spiculated", "n_nodules"} <= set(attributes)
        assert attributes["mask"].shape == split.images.shape[:3]
        assert attributes["mask"].any(axis=(1, 2)).all()
        for name in ("risk", "risk_image", "risk_clinical"):
            assert np.all((attributes[name] > 0) & (attributes[name] < 1))


def test_no_patient_is_in_two_splits(study):
    patients = np.concatenate([split.patients for split in study.splits().values()])
    assert len(set(patients)) == 51
    assert patients[0] == "sim-000000"


def test_the_crops_are_those_of_candidates(study):
    crops = candidates(13, seed=(2, 2))
    np.testing.assert_array_equal(study.test.images, to_gray(crops.images_hu, -400, 1400))
    np.testing.assert_array_equal(study.test.labels, crops.malignant)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(study):
    assert simulated_nodules(31, 7, 13, seed=2).fingerprint == study.fingerprint
    assert simulated_nodules(31, 7, 13, seed=3).fingerprint != study.fingerprint


def test_more_training_images_leave_the_test_set_alone(study):
    larger = simulated_nodules(40, 7, 13, seed=2)
    np.testing.assert_array_equal(larger.test.images, study.test.images)
    np.testing.assert_array_equal(larger.train.images[:31], study.train.images)


def test_volumes_have_the_same_central_slices(study):
    volumes = simulated_nodules(3, 2, 2, seed=2, volumes=True)
    assert volumes.image_shape == (24, 64, 64, 1)
    assert volumes.spacing_mm == (1.5, 0.75, 0.75)
    np.testing.assert_array_equal(volumes.train.images[:, 12], study.train.images[:3])


def test_notes_tell_the_strength_and_the_scanner():
    published = simulated_nodules(2, 2, 2, risk_scale=1, site=Scanner(dose=0.5))
    assert "published strength" in published.notes[0]
    assert "dose=0.5" in published.notes[1]
    assert simulated_nodules(2, 2, 2, site="B").notes[1] == "Scanner: site B."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_val": 0}, "n_val must lie between 1 and infinity, got 0"),
        ({"seed": -3}, "seed must lie between 0 and infinity, got -3"),
        ({"window_hu": (-400, 0)}, "width of window_hu must lie between 1 and 8192, got 0"),
        ({"window_hu": (9000, 10)}, "center of window_hu must lie between -1024 and 3071, got 9000"),
        ({"site": "D"}, "site must be one of: A, B"),
    ],
)
def test_refuses_bad_arguments_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        simulated_nodules(**{"n_train": 2, "n_val": 2, "n_test": 2, **options})
