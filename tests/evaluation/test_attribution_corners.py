"""Corners in which an attribution was once wrong without a word: each by a network that is known by heart."""

import threading

import keras
import numpy as np
import pytest
from keras import layers

from medlab.evaluation import attribute, errors, evidence
from medlab.models import concept_bottleneck

SHAPE = (6, 5, 1)


@pytest.fixture
def x(rng):
    return rng.normal(size=(3, *SHAPE)).astype(np.float32)


def logit_of(probability):
    return np.log(probability / (1 - probability))


# --- the logit and the classes of one output of several


def output_of(model, name):
    return keras.Model(model.input, model.output[name])


def heads():
    keras.utils.set_random_seed(1)
    image = keras.Input(SHAPE)
    flat = layers.Flatten()(image)
    kind = layers.Dense(1, activation="sigmoid", name="kind")(flat)
    size = layers.Dense(1, name="size")(flat)
    return keras.Model(image, {"kind": kind, "size": size})


def test_the_logit_is_that_of_the_head_although_another_one_ran_last(x):
    model = heads()
    explained = attribute("saliency", output_of(model, "kind"), x, on="logit")
    probability = np.asarray(model(x)["kind"])[:, 0]
    np.testing.assert_allclose(explained.output, logit_of(probability), rtol=1e-4)


def test_a_concept_has_a_logit_although_its_probability_is_handed_on(rng):
    model = concept_bottleneck((16, 16, 1), {"spiculated": "yes_no"}, width=8)
    x = rng.normal(size=(2, 16, 16, 1)).astype(np.float32)
    explained = attribute("saliency", output_of(model, "spiculated"), x, on="logit")
    concept = np.asarray(model(x)["spiculated"])[:, 0]
    np.testing.assert_allclose(explained.output, logit_of(concept), rtol=1e-3, atol=1e-4)
    assert attribute("saliency", output_of(model, "spiculated"), x, 0).target.tolist() == [0, 0]


def test_the_risk_of_a_bottleneck_hangs_on_the_image_and_adds_up(rng):
    keras.utils.set_random_seed(2)
    model = concept_bottleneck((16, 16, 1), {"spiculated": "yes_no", "diameter_mm": (9.0, 2.0)}, width=8)
    x = rng.normal(size=(2, 16, 16, 1)).astype(np.float32)
    explained = attribute("integrated_gradients", output_of(model, "risk"), x, on="logit", steps=200)
    assert np.abs(explained.map).max() > 0
    assert np.abs(explained.completeness_error).max() < 0.05 * np.abs(explained.difference).max() + 1e-3


def test_a_head_without_a_sigmoid_has_neither_class_nor_logit(x):
    model = heads()
    explained = attribute("saliency", output_of(model, "size"), x)
    assert explained.target is None
    np.testing.assert_allclose(explained.output, np.asarray(model(x)["size"])[:, 0], rtol=1e-5)
    with pytest.raises(ValueError, match=r"on='logit' needs .* got size \(Dense\)"):
        attribute("saliency", output_of(model, "size"), x, on="logit")


def test_the_risk_of_a_bottleneck_has_a_logit(rng):
    model = concept_bottleneck((16, 16, 1), {"spiculated": "yes_no", "diameter_mm": (9.0, 2.0)}, width=8)
    x = rng.normal(size=(2, 16, 16, 1)).astype(np.float32)
    explained = attribute("saliency", output_of(model, "risk"), x, on="logit")
    risk = np.asarray(model(x)["risk"])[:, 0]
    np.testing.assert_allclose(explained.output, logit_of(risk), rtol=1e-3, atol=1e-4)


def test_what_is_counted_after_the_last_layer_has_no_logit(x):
    image = keras.Input(SHAPE)
    two = [layers.Dense(1, activation="sigmoid")(layers.Flatten()(image)) for _ in range(2)]
    model = keras.Model(image, (two[0] + two[1]) / 2)
    with pytest.raises(ValueError, match=r"on='logit' needs"):
        attribute("saliency", model, x, on="logit")


# --- what adds up


def test_what_goes_around_a_layer_does_not_count_as_an_error(rng):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 1))
    double = layers.Conv2D(1, 1, use_bias=False, name="double")(image)
    total = layers.GlobalAveragePooling2D()(layers.Add()([double, image]))
    model = keras.Model(image, layers.Dense(1, name="end")(total))
    x = rng.normal(size=(2, 8, 8, 1)).astype(np.float32)
    explained = attribute("layer_integrated_gradients", model, x, layer="double", baseline=0.3)
    assert np.abs(explained.relative_error).max() < 1e-4


def test_a_set_of_baselines_as_large_as_the_batch_is_still_a_set(rng, x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    baselines = rng.normal(size=x.shape).astype(np.float32)
    explained = attribute("gradient_shap", model, x, baseline=baselines)
    outputs = np.asarray(model(x))[:, 0]
    np.testing.assert_allclose(explained.difference, outputs - np.asarray(model(baselines)).mean(), rtol=1e-4)


# --- several at once, and the same network as before


def test_threads_that_ask_one_network_do_not_disturb_each_other(rng):
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 8, 1))
    maps = layers.Conv2D(4, 3, activation="relu", name="maps")(image)
    model = keras.Model(image, layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(maps)))
    x = rng.normal(size=(4, 12, 8, 1)).astype(np.float32)
    alone, before = attribute("grad_cam", model, x, on="logit").map, np.asarray(model(x))
    maps_seen, wrong = [], []

    def ask():
        try:
            maps_seen.extend(attribute("grad_cam", model, x, on="logit").map for _ in range(3))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for attribution_map in maps_seen:
        np.testing.assert_allclose(attribution_map, alone, rtol=1e-5, atol=1e-7)
    assert [layer.name for layer in model.layers if "call" in vars(layer)] == []
    np.testing.assert_array_equal(np.asarray(model(x)), before)


def test_no_more_images_at_once_than_were_allowed(rng):
    seen = []

    class Counts(layers.Layer):
        def call(self, inputs):
            seen.append(inputs.shape[0])
            return inputs

    image = keras.Input(SHAPE)
    end = layers.Dense(3, activation="softmax")(layers.Flatten()(Counts()(image)))
    model = keras.Model(image, end)
    x = rng.normal(size=(5, *SHAPE)).astype(np.float32)
    seen.clear()
    attribute("saliency", model, x, batch_size=1)
    # Two images look where the network's layers are.
    assert max(size for size in seen if size is not None) <= 2


# --- inputs


def with_numbers(order):
    keras.utils.set_random_seed(0)
    image, numbers = keras.Input((12, 8, 1), name="image"), keras.Input((2,), name="clinical")
    maps = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, activation="tanh", name="maps")(image))
    end = layers.Dense(1)(layers.Concatenate()([maps, numbers]))
    return keras.Model([{"image": image, "clinical": numbers}[name] for name in order], end)


@pytest.mark.parametrize("order", [("image", "clinical"), ("clinical", "image")])
def test_grad_cam_lies_over_the_image_wherever_it_stands_among_the_inputs(order, rng):
    given = {"image": rng.normal(size=(2, 12, 8, 1)), "clinical": rng.normal(size=(2, 2))}
    explained = attribute("grad_cam", with_numbers(order), [given[name].astype(np.float32) for name in order])
    assert explained.map.shape == (2, 12, 8, 1)
    data, _ = explained._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")


def test_baselines_are_taken_by_name(rng):
    keras.utils.set_random_seed(0)
    image, numbers = keras.Input((12, 8, 1), name="image"), keras.Input((2,), name="clinical")
    maps = layers.GlobalAveragePooling2D()(image)
    model = keras.Model(
        {"image": image, "clinical": numbers}, layers.Dense(1)(layers.Concatenate()([maps, numbers]))
    )
    x = {
        "image": rng.normal(size=(2, 12, 8, 1)).astype(np.float32),
        "clinical": rng.normal(size=(2, 2)).astype(np.float32),
    }
    ways = [{"image": 0.5, "clinical": 2.0}, {"clinical": 2.0, "image": 0.5}]
    one, other = (attribute("integrated_gradients", model, x, baseline=way).difference for way in ways)
    np.testing.assert_allclose(one, other)
    with pytest.raises(ValueError, match=r"input with a baseline must be one of.*'clinical'"):
        attribute("integrated_gradients", model, x, baseline={"image": 0.5, "clincal": 2.0})


def test_a_flipped_image_can_be_asked_about(x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    flipped = attribute("saliency", model, x[:, ::-1])
    np.testing.assert_array_equal(flipped.x, x[:, ::-1])


def test_steadiness_of_maps_with_a_baseline_for_each_image(x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    explained = attribute("integrated_gradients", model, x, baseline=x * 0.5)
    assert evidence.sensitivity(model, explained, samples=2).shape == (3,)


# --- the tests of maps


def test_input_times_slope_is_foretold_exactly_whatever_its_baseline(x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    explained = attribute("input_x_gradient", model, x, baseline=0.5)
    assert evidence.infidelity(model, explained).max() < 1e-6


def test_infidelity_refuses_maps_that_foretell_no_step(x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    explained = attribute("occlusion", model, x, patch=1, stride=1)
    with pytest.raises(ValueError, match="method of infidelity must be one of: saliency"):
        evidence.infidelity(model, explained)


def test_each_number_of_a_vector_is_a_place(rng):
    numbers = keras.Input((4,))
    dense = layers.Dense(1, use_bias=False)
    model = keras.Model(numbers, dense(numbers))
    dense.set_weights([np.array([[8.0], [4.0], [2.0], [1.0]], np.float32)])
    x = np.ones((2, 4), np.float32)
    explained = attribute("input_x_gradient", model, x)
    curves = evidence.deletion(model, explained, steps=4, orders=5)
    np.testing.assert_allclose(curves.values[0], [15, 7, 3, 1, 0], atol=1e-5)
    assert curves.better.all()


def test_a_set_of_baselines_does_not_stop_the_tests_of_its_map(rng, x):
    image = keras.Input(SHAPE)
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    explained = attribute("gradient_shap", model, x, baseline=rng.normal(size=(7, *SHAPE)), samples=4)
    assert evidence.infidelity(model, explained, samples=4).shape == (3,)
    assert len(evidence.deletion(model, explained, steps=2, orders=1).values) == 3


def test_a_map_that_only_changes_its_sign_fails():
    import pandas as pd

    table = pd.DataFrame({"layer": ["end"], "correlation": [-0.98], "correlation_of_sizes": [1.0]})
    assert not evidence.Randomization("input_x_gradient", table).passes


def test_frozen_layers_become_random_too(rng):
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 8, 1))
    maps = layers.Conv2D(4, 3, activation="tanh", name="frozen")(image)
    model = keras.Model(image, layers.Dense(1, name="end")(layers.GlobalAveragePooling2D()(maps)))
    model.get_layer("frozen").trainable = False
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    randomized = evidence.randomized_weights("saliency", model, x)
    assert randomized.table.iloc[:, 0].tolist() == ["end", "frozen"]


def test_years_of_a_scan_keep_all_patients_apart():
    years = np.repeat(np.arange(2010, 2022), 5)
    truth = np.arange(60) % 2
    table = errors.by_attribute(truth, truth, years, "year")
    assert table["n"].sum() == 60
    assert len(set(table.index)) == 4
    assert table.index[0].startswith("2010 to 201")


def test_a_concept_of_no_kind_is_refused_in_words():
    for kind in (1, "number", "kinds", True):
        with pytest.raises(
            ValueError, match=r"the kind of c must be 'yes_no', a whole number of kinds from 2 on"
        ):
            concept_bottleneck((16, 16, 1), {"c": kind}, width=8)
    assert concept_bottleneck((16, 16, 1), {"c": np.int64(3)}, width=8).output["c"].shape == (None, 3)
