"""What is compiled of a network is kept, and is never that of another network, or of the same one before."""

import gc
import threading
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from medlab import backend
from medlab.evaluation import attribute
from medlab.evaluation.attribution import torch_bridge
from medlab.evaluation.attribution.explained_output import Inputs
from medlab.evaluation.attribution.queries import open_query

SHAPE = (12, 8, 1)


CALLS = []


class Counts(layers.Layer):
    """Hands on what comes in, and counts, outside of itself, how often Python ran it."""

    def call(self, image):
        CALLS.append(image.shape[0])
        return image


def network(counts=None, activation="tanh"):
    keras.utils.set_random_seed(0)
    image = keras.Input(SHAPE)
    x = counts(image) if counts else image
    x = layers.Conv2D(4, 3, padding="same", activation=activation, name="maps")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, layers.Dense(1, activation="sigmoid", name="end")(x))


def slope_by_hand(model, x, on="logit"):
    """The slope of the logit, or of the probability, by a tape of its own."""
    import tensorflow as tf

    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        probability = model(tensor, training=False)
        value = tf.math.log(probability / (1 - probability)) if on == "logit" else probability
    return tape.gradient(value, tensor).numpy()


def slope(model, x, on="logit"):
    return attribute("saliency", model, x, on=on, absolute=False).map


@pytest.fixture
def x(rng):
    return rng.normal(size=(3, *SHAPE)).astype(np.float32)


def test_a_second_question_of_the_same_kind_does_not_run_python_again(x):
    model = network(Counts())
    for method in ("saliency", "integrated_gradients", "grad_cam"):
        attribute(method, model, x, on="logit", **({"steps": 5} if method[0] == "i" else {}))
    CALLS.clear()
    attribute("integrated_gradients", model, x[:1], on="logit", steps=3, batch_size=2)
    attribute(
        "integrated_gradients", model, np.concatenate([x, x, x[:1]]), target=0, on="logit", batch_size=3
    )
    attribute("grad_cam", model, x, on="logit")
    assert CALLS == []
    attribute("saliency", model, x, on="output")
    assert CALLS


def exchange_weights(model):
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])


@pytest.mark.parametrize("on", ["logit", "output"])
def test_weights_that_changed_give_their_own_map(x, on):
    model = network()
    before = slope(model, x, on)
    np.testing.assert_allclose(before, slope_by_hand(model, x, on), atol=1e-6)
    exchange_weights(model)
    after = slope(model, x, on)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(after, slope_by_hand(model, x, on), atol=1e-6)


def test_a_layer_that_was_exchanged_or_changed_gives_its_own_map(x):
    model = network()
    before = slope(model, x)
    model.get_layer("maps").activation = keras.activations.relu
    np.testing.assert_allclose(slope(model, x), slope(network(activation="relu"), x), atol=1e-6)
    assert np.abs(slope(model, x) - before).max() > 1e-3
    model.get_layer("maps").activation = keras.activations.tanh
    np.testing.assert_allclose(slope(model, x), before, atol=1e-6)


def test_questions_are_told_apart(x):
    model = network()
    logit, output = slope(model, x, "logit"), slope(model, x, "output")
    np.testing.assert_allclose(output, slope_by_hand(model, x, "output"), atol=1e-6)
    np.testing.assert_allclose(logit, slope_by_hand(model, x, "logit"), atol=1e-5)
    assert np.abs(logit - output).max() > 1e-3


def test_functions_go_with_their_network_and_are_bounded(x):
    model = network()
    slope(model, x)
    kept = torch_bridge.kept_of(model)
    assert 1 <= len(kept) <= torch_bridge.MOST
    for number in range(2 * torch_bridge.MOST):
        kept.get(number, lambda: len)
    assert len(kept) == torch_bridge.MOST
    network_is_there = weakref.ref(model)
    del model, kept
    keras.backend.clear_session()
    gc.collect()
    assert network_is_there() is None


def linear(weights):
    image = keras.Input(np.shape(weights))
    end = layers.Dense(1, use_bias=False, name="end")
    model = keras.Model(image, end(layers.Flatten()(image)))
    end.set_weights([np.reshape(weights, (-1, 1))])
    return model


# --- kept


def test_a_question_of_the_same_kind_does_not_run_python_again(x):
    if backend.name() == "torch":
        pytest.skip("torch compiles nothing, so there is nothing to keep")
    model = network(Counts())
    for method, options in (("integrated_gradients", {"steps": 5}), ("grad_cam", {})):
        for images in (x, x[:1], x[:2]):  # JAX compiles for each power of two
            attribute(method, model, images, on="logit", batch_size=4, **options)
    CALLS.clear()
    # Other images, classes and numbers of steps; the last batch has one image, then two.
    attribute("integrated_gradients", model, 2 * x, target=[0, 1, 0], on="logit", steps=7, batch_size=4)
    attribute("integrated_gradients", model, x[:1], on="logit", steps=9, batch_size=4)
    attribute("grad_cam", model, -x, on="logit", batch_size=4)
    assert CALLS == []
    attribute("integrated_gradients", model, x, on="output", steps=4)
    assert CALLS


def test_no_more_functions_are_kept_than_said_and_the_longest_unused_goes_first():
    kept = torch_bridge.Kept()
    for question in range(torch_bridge.MOST):
        kept.get(question, lambda question=question: question)
    assert kept.get(0, lambda: "compiled again") == 0
    kept.get("one more", lambda: "new")
    assert len(kept) == torch_bridge.MOST
    assert kept.get(0, lambda: "compiled again") == 0
    assert kept.get(1, lambda: "compiled again") == "compiled again"


def test_what_could_not_be_compiled_is_tried_again():
    kept = torch_bridge.Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("question", lambda: 1 / 0)
    assert kept.get("question", lambda: 7) == 7


# --- never stale


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_a_changed_weight_gives_its_own_map(method, rng):
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    first, second = rng.normal(size=(2, 3, 4)).astype(np.float32)
    model = linear(first)
    for weights in (first, second, first):
        model.get_layer("end").set_weights([weights.reshape(-1, 1)])
        expected = np.broadcast_to(np.abs(weights), x.shape) if method == "saliency" else weights * x
        np.testing.assert_allclose(attribute(method, model, x).map, expected, rtol=1e-4, atol=1e-5)


def test_a_layer_whose_weights_changed_gives_its_own_map(x):
    model = network()
    before = attribute("grad_cam", model, x, layer="maps", on="logit", relu=False)
    kernel, bias = model.get_layer("end").get_weights()
    model.get_layer("end").set_weights([-2 * kernel, bias])
    after = attribute("grad_cam", model, x, layer="maps", on="logit", relu=False)
    np.testing.assert_allclose(after.map, -2 * before.map, rtol=1e-4, atol=1e-7)


class Ordered(keras.Model):
    """Two convolutions in an order that may be changed, and a switch."""

    def __init__(self):
        super().__init__()
        self.one = layers.Conv2D(2, 3, padding="same", activation="tanh", name="one")
        self.two = layers.Conv2D(2, 3, padding="same", activation="tanh", name="two")
        self.end = layers.Dense(1, activation="sigmoid", name="end")
        self.twice = False
        self.settings = {"scale": 1.0}

    def call(self, image, training=False):
        x = keras.ops.mean(self.two(keras.ops.repeat(self.one(image)[..., :1], 2, -1)), axis=(1, 2))
        return self.end(x * (2 if self.twice else 1) * self.settings["scale"])


def swap(model):
    model.one, model.two = model.two, model.one


def ordered():
    keras.utils.set_random_seed(3)
    model = Ordered()
    model(np.zeros((1, *SHAPE[:2], 2), np.float32))
    return model


CHANGES = {
    "activation": lambda model: setattr(model.one, "activation", keras.activations.relu),
    "another function of the same name": lambda model: setattr(model.one, "activation", lambda x: 2 * x),
    "stride": lambda model: setattr(model.one, "strides", (2, 1)),
    "order": swap,
    "switch": lambda model: setattr(model, "twice", True),
    "setting": lambda model: model.settings.__setitem__("scale", 3.0),
    "call": lambda model: setattr(model.two, "call", lambda x: x**2),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_network_that_was_changed_is_compiled_anew(change, rng):
    x = rng.normal(size=(2, *SHAPE[:2], 2)).astype(np.float32)
    model, never_asked = ordered(), ordered()
    if change == "another function of the same name":
        model.one.activation = lambda x: x
    before = slope(model, x)
    CHANGES[change](model)
    CHANGES[change](never_asked)
    expected = slope(never_asked, x)
    assert np.abs(expected - before).max() > 1e-3 * np.abs(before).max()
    np.testing.assert_allclose(slope(model, x), expected, rtol=1e-4, atol=1e-7)


def test_a_layer_that_was_added_or_taken_off_counts(rng):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    x = rng.normal(size=(2, 5)).astype(np.float32)
    once = slope(model, x, "output")
    model.add(layers.Rescaling(3.0))
    np.testing.assert_allclose(slope(model, x, "output"), 3 * once, rtol=1e-5)
    model.pop()
    np.testing.assert_allclose(slope(model, x, "output"), once, rtol=1e-6)


def test_a_training_in_between_changes_the_map_as_a_new_network_with_its_weights_has_it(x):
    model, twin = network(), network()
    before = slope(model, x)
    model.compile("sgd", "binary_crossentropy")
    model.fit(x, np.ones((3, 1)), epochs=3, verbose=0)
    twin.set_weights(model.get_weights())
    after = slope(model, x)
    assert np.abs(after - before).max() > 0
    np.testing.assert_allclose(after, slope(twin, x), rtol=1e-5, atol=1e-8)


def test_a_network_is_collected_with_all_that_was_kept_of_it(x):
    model = network()
    attribute("integrated_gradients", model, x, on="logit", steps=2)
    attribute("grad_cam", model, x)
    gone = weakref.ref(model), weakref.ref(model.get_layer("maps"))
    del model
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


# --- beside a training


def test_while_a_logit_is_asked_about_others_see_the_whole_network(x):
    model = network()
    expected, seen = np.asarray(keras.ops.convert_to_numpy(model(x))), {}

    def elsewhere():
        seen["answer"] = keras.ops.convert_to_numpy(model(x))
        seen["activation"] = model.get_config()["layers"][-1]["config"]["activation"]

    with open_query(model, Inputs(x), target=1, on="logit") as query:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        logit = query.values([x])
    np.testing.assert_allclose(seen["answer"], expected, rtol=1e-6)
    assert seen["activation"] == "sigmoid"
    np.testing.assert_allclose(logit, np.log(expected / (1 - expected))[:, 0], rtol=1e-4, atol=1e-5)


# --- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": "blackk"}, "baseline must hold real numbers, got 'blackk'"),
        ({"baseline": None}, "baseline must hold real numbers, got None"),
        ({"baseline": np.full(SHAPE, 1j)}, r"baseline must hold real numbers, got complex128 of shape"),
        ({"baseline": np.nan}, "baseline must hold finite numbers"),
        ({"steps": None}, "steps must be a whole number, got None"),
        ({"seed": -1}, "seed must lie between 0 and"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"batch_size": 2.0}, "batch_size must be a whole number"),
    ],
)
def test_refuses_options_that_cannot_be_meant(options, message, x):
    with pytest.raises((ValueError, TypeError), match=message):
        attribute("integrated_gradients", network(), x, **options)


def test_refuses_what_is_no_network_no_image_and_no_switch(x):
    model = network()
    with pytest.raises(
        TypeError, match=r"model must be a Keras network, got a dict\. Of a Run, give run\.model"
    ):
        attribute("saliency", {}, x)
    with pytest.raises(ValueError, match="x must hold real numbers, got object of shape"):
        attribute("saliency", model, x.astype(object))
    with pytest.raises(ValueError, match="absolute must be one of: False, True; got 'no'"):
        attribute("saliency", model, x, absolute="no")
    with pytest.raises(ValueError, match=r"noise must lie between 0 and infinity, got -0\.1"):
        attribute("smooth_grad", model, x, noise=-0.1)
    with pytest.raises(ValueError, match=r"method must be one of.*got \['saliency'\]"):
        attribute(["saliency"], model, x)
    image = keras.Input((6, 5, 1))
    places = keras.Model(image, layers.Conv2D(2, 1)(image))
    for region in (np.full((6, 5), np.nan), np.full((6, 5), 0.5), np.full((6, 5), "lesion")):
        with pytest.raises(ValueError, match="region must mark places of the output by True"):
            attribute("saliency", places, np.ones((1, 6, 5, 1)), target=1, region=region)


@pytest.mark.parametrize("method", ["feature_ablation", "occlusion", "smooth_grad", "integrated_gradients"])
def test_numbers_of_numpy_are_taken_as_pythons(method, x):
    model = network()
    key = {"feature_ablation": "segments", "occlusion": "patch", "integrated_gradients": "steps"}.get(
        method, "samples"
    )
    plain = attribute(method, model, x, seed=3, batch_size=3, **{key: 4}).map
    numpys = attribute(method, model, x, seed=np.int64(3), batch_size=np.int64(3), **{key: np.int32(4)}).map
    np.testing.assert_array_equal(plain, numpys)


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from test_attribution_compiled_functions import *
x = np.random.default_rng(0).normal(size=(3, *SHAPE)).astype(np.float32)
model, other = network(), network()
before = slope(model, x)
exchange_weights(model)
exchange_weights(other)
assert np.abs(slope(model, x) - before).max() > 0.01
np.testing.assert_allclose(slope(model, x), slope(other, x), atol=1e-6)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_weights_that_changed_give_their_own_map_on_other_backends_too(backend, run_on):
    script = SCRIPT.format(here=str(Path(__file__).parent))
    run_on(backend, script)
