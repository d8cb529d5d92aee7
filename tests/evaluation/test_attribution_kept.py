"""What is compiled of a network is kept, and is never that of another network, or of the same one before."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from medlab.evaluation import attribute
from medlab.evaluation.attribution import keeping

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
    kept = keeping.kept_of(model)
    assert 1 <= len(kept) <= keeping.MOST
    for number in range(2 * keeping.MOST):
        kept.get(number, lambda: len)
    assert len(kept) == keeping.MOST
    network_is_there = weakref.ref(model)
    del model, kept
    keras.backend.clear_session()
    gc.collect()
    assert network_is_there() is None


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from test_attribution_kept import *
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
def test_weights_that_changed_give_their_own_map_on_other_backends_too(backend):
    script = SCRIPT.format(here=str(Path(__file__).parent))
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
