"""A concept bottleneck: the risk follows from the concepts alone, and concepts can be set by hand."""

import keras
import numpy as np
import pytest

from medlab import models

CONCEPTS = {"diameter_mm": (8.0, 2.0), "nodule_type": 3, "spiculated": "yes_no"}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return models.concept_bottleneck((16, 20, 1), CONCEPTS, width=4)


@pytest.fixture
def images(rng):
    return rng.normal(size=(5, 16, 20, 1)).astype(np.float32)


def set_risk(model, weights, bias=0.0):
    column = np.array(weights, np.float32)[:, np.newaxis]
    model.get_layer("risk").get_layer("logit").set_weights([column, np.array([bias], np.float32)])


def test_the_risk_of_corrected_concepts_by_hand(model, images):
    # Columns: (diameter - 8) / 2, three kinds, spiculated.
    set_risk(model, [0.5, 0.0, 1.0, 2.0, 3.0], bias=-4.0)
    corrections = {"diameter_mm": 10.0, "nodule_type": 2, "spiculated": 1}
    outputs = models.correct_concepts(model, images, corrections)
    assert outputs["risk"][:, 0] == pytest.approx([1 / (1 + np.exp(-(0.5 + 2 + 3 - 4)))] * 5)
    each = models.correct_concepts(model, images, {**corrections, "spiculated": [0, 1, 0, 1, 0.5]})
    logits = np.log(each["risk"] / (1 - each["risk"]))[:, 0]
    assert logits == pytest.approx([-1.5, 1.5, -1.5, 1.5, 0], abs=1e-4)
    assert outputs["nodule_type"].tolist() == [[0, 0, 1]] * 5


def test_without_corrections_it_is_what_the_network_says(model, images):
    plain = model.predict_on_batch(images)
    outputs = models.correct_concepts(model, images, {}, batch_size=2)
    assert set(outputs) == {*CONCEPTS, "risk"}
    for name, values in outputs.items():
        np.testing.assert_allclose(values, plain[name], atol=1e-5)
    assert outputs["nodule_type"].sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)


@pytest.mark.slow
def test_concepts_learn_from_their_own_labels_only(model, images, rng):
    """With nothing but the risk in the loss, no weight of the trunk and no concept moves."""
    before = {name: np.asarray(value) for name, value in model.predict_on_batch(images).items()}
    model.compile("sgd", loss={"risk": "binary_crossentropy"})
    with pytest.warns(UserWarning, match="Gradients do not exist for variables .*spiculated/kernel"):
        model.fit(images, {"risk": np.array([0, 1, 0, 1, 1.0])}, epochs=3, verbose=0)
    after = models.correct_concepts(model, images, {})
    assert np.abs(after["risk"] - before["risk"]).max() > 1e-4
    kernel = np.asarray(model.get_layer("convolution_1").kernel)
    keras.utils.set_random_seed(0)
    fresh = models.concept_bottleneck((16, 20, 1), CONCEPTS, width=4)
    np.testing.assert_array_equal(kernel, np.asarray(fresh.get_layer("convolution_1").kernel))


@pytest.mark.slow
def test_one_training_teaches_concepts_and_risk(rng):
    images = rng.normal(0, 0.1, size=(64, 16, 16, 1)).astype(np.float32)
    bright = np.arange(64) % 2
    images[bright == 1, 4:12, 4:12] += 1
    model = models.concept_bottleneck(
        (16, 16, 1), {"bright": "yes_no", "level": (0.5, 0.5)}, width=4, dropout=0.0
    )
    losses = {"bright": "binary_crossentropy", "level": "mse", "risk": "binary_crossentropy"}
    model.compile(keras.optimizers.Adam(0.01), loss=losses)
    column = bright[:, np.newaxis].astype(np.float32)
    model.fit(images, {"bright": column, "level": column, "risk": 1 - column}, epochs=120, verbose=0)
    outputs = models.correct_concepts(model, images, {})
    assert ((outputs["bright"][:, 0] > 0.5) == bright).mean() > 0.9
    assert np.corrcoef(outputs["risk"][:, 0], 1 - bright)[0, 1] > 0.8
    flipped = models.correct_concepts(model, images, {"bright": 1 - bright, "level": 1.0 - bright})
    assert np.corrcoef(flipped["risk"][:, 0], bright)[0, 1] > 0.8


@pytest.mark.slow
def test_it_goes_through_a_file_and_a_layer_may_lie_between(images, tmp_path):
    model = models.concept_bottleneck((16, 20, 1), {"spiculated": "yes_no"}, hidden=3, width=4)
    model.save(tmp_path / "bottleneck.keras")
    again = keras.models.load_model(tmp_path / "bottleneck.keras", compile=False)
    first, second = (
        models.correct_concepts(network, images, {"spiculated": 1}) for network in (model, again)
    )
    np.testing.assert_allclose(first["risk"], second["risk"], atol=1e-6)


def test_refusals(model, images):
    with pytest.raises(ValueError, match="at least one, and none 'risk', got \\['risk'\\]"):
        models.concept_bottleneck((16, 20, 1), {"risk": "yes_no"})
    with pytest.raises(
        ValueError, match=r"the kind of spiculated must be 'yes_no', a whole number of kinds .* got 'yes'"
    ):
        models.concept_bottleneck((16, 20, 1), {"spiculated": "yes"})
    with pytest.raises(ValueError, match="SD must lie between"):
        models.concept_bottleneck((16, 20, 1), {"diameter_mm": (8.0, 0.0)})
    cases = [
        ({"spicules": 1}, "concept must be one of: diameter_mm, nodule_type, spiculated.*Did you mean"),
        ({"nodule_type": 3}, "nodule_type must be a kind from 0 to 2, got 3 to 3"),
        ({"nodule_type": 0.5}, "nodule_type must be a kind from 0 to 2"),
        ({"spiculated": 2}, "spiculated must be a probability from 0 to 1, got 2 to 2"),
        ({"diameter_mm": [1.0, 2.0]}, r"one for each of 5 images, got shape \(2,\)"),
        ({"diameter_mm": np.nan}, "diameter_mm must hold finite numbers"),
    ]
    for corrections, message in cases:
        with pytest.raises(ValueError, match=message):
            models.correct_concepts(model, images, corrections)


def test_concepts_named_in_any_order_keep_their_columns(images):
    keras.utils.set_random_seed(1)
    model = models.concept_bottleneck(
        (16, 20, 1), {"spiculated": "yes_no", "diameter_mm": (8.0, 2.0)}, width=4
    )
    set_risk(model, [3.0, 0.5], bias=-1.0)
    plain = model.predict(images, verbose=0)
    np.testing.assert_allclose(models.correct_concepts(model, images, {})["risk"], plain["risk"], atol=1e-5)
    outputs = models.correct_concepts(model, images, {"spiculated": 1, "diameter_mm": 10.0})
    assert outputs["risk"][:, 0] == pytest.approx([1 / (1 + np.exp(-(3 + 0.5 - 1)))] * 5)
