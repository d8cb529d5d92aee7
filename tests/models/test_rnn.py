"""Recurrent networks: values by hand, what pooling weighs, what goes through a model folder."""

import keras
import numpy as np
import pytest
from keras import layers

from medlab import models, training
from medlab.data import Dataset, Split
from medlab.data.normalization import normalize
from medlab.models.rnn import CELLS, EachSlice


def first_step_counts(rng, count, steps=6):
    """Sequences whose first step alone says the class."""
    sequences = rng.normal(size=(count, steps, 2)).astype(np.float32)
    labels = np.arange(count) % 2
    sequences[:, 0, 0] = np.where(labels, 1.5, -1.5)
    return Split(sequences, labels)


@pytest.fixture
def dataset(rng):
    splits = (first_step_counts(rng, count) for count in (96, 24, 24))
    return Dataset("steps", *splits, "binary", ("low", "high"), 1)


def part(model, name, inputs):
    inner = keras.Model(model.input, model.get_layer(name).output)
    outputs = inner(inputs)
    return keras.ops.convert_to_numpy(outputs[0] if isinstance(outputs, list | tuple) else outputs)


def set_all(model, name, numbers):
    model.get_layer(name).set_weights([np.asarray(array, np.float32) for array in numbers])


# --- by hand


def test_a_plain_network_of_one_number_by_hand():
    model = models.simple_rnn((3, 1), width=1)
    set_all(model, "states", ([[1.0]], [[0.5]], [0.0]))
    states = part(model, "states", np.array([[[1.0], [0.0], [0.0]]], np.float32))[0, :, 0]
    first = np.tanh(1.0)
    second = np.tanh(0.5 * first)
    assert states == pytest.approx([first, second, np.tanh(0.5 * second)], abs=1e-6)
    assert part(model, "features", np.array([[[1.0], [0.0], [0.0]]], np.float32))[0, 0] == states[-1]


def test_relu_keeps_a_state_that_tanh_would_squeeze():
    model = models.simple_rnn((3, 1), width=1, activation="relu")
    set_all(model, "states", ([[1.0]], [[2.0]], [0.0]))
    states = part(model, "states", np.array([[[1.0], [0.0], [0.0]]], np.float32))
    assert states[0, :, 0].tolist() == [1, 2, 4]


def test_gradients_along_the_steps_by_hand():
    assert models.input_gradients(lambda x: x * x, [[1.0, -3.0]]).tolist() == [[2, -6]]
    model = models.simple_rnn((4, 1), "regression", width=1, activation="relu")
    set_all(model, "states", ([[3.0]], [[0.5]], [0.0]))
    set_all(model, "value", ([[1.0]], [0.0]))
    gradients = models.input_gradients(model, np.ones((2, 4, 1)))
    # value = 3 (x4 + x3/2 + x2/4 + x1/8), for each sequence its own
    np.testing.assert_allclose(gradients[..., 0], [[0.375, 0.75, 1.5, 3.0]] * 2, rtol=1e-6)


def test_costs_by_hand():
    cost = models.cost(models.lstm((5, 2), width=3))
    assert cost.weights == 4 * (2 * 3 + 3 * 3 + 3) + 4
    assert cost.multiply_adds == 5 * 4 * (2 * 3 + 3 * 3) + 3
    assert models.cost(models.bidirectional_lstm((5, 2), width=3)).multiply_adds == 2 * 300 + 6
    trunk = 16 * 16 * 9 * 4 + 8 * 8 * 9 * 4 * 8 + 4 * 4 * 9 * 8 * 16
    reader = 3 * (32 * 8 + 8 * 8)
    volume = models.cnn_lstm((7, 16, 16, 1), width=4, cell="gru")
    assert models.cost(volume).multiply_adds == 7 * (trunk + reader) + 8


# --- invariants


@pytest.mark.parametrize("name", CELLS)
def test_attention_is_a_mean_whose_weights_sum_to_one(rng, name):
    model = getattr(models, name)((6, 2), width=4, pooling="attention")
    inputs = rng.normal(size=(3, 6, 2)).astype(np.float32)
    weights, states = part(model, "attention", inputs), part(model, "states", inputs)
    assert weights.shape == (3, 6, 1)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(part(model, "features", inputs), (weights * states).sum(axis=1), atol=1e-6)


def test_equal_scores_give_the_plain_mean(rng):
    model = models.gru((6, 2), width=4, pooling="attention")
    set_all(model, "attention_scores", [np.zeros((16, 1))])
    inputs = rng.normal(size=(3, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(
        part(model, "features", inputs), part(model, "states", inputs).mean(axis=1), atol=1e-6
    )


def test_both_directions_swap_when_the_sequence_is_reversed_and_the_weights_are_swapped(rng):
    model = models.bidirectional_lstm((6, 2), width=4)
    weights = model.get_layer("states").get_weights()
    inputs = rng.normal(size=(3, 6, 2)).astype(np.float32)
    there = part(model, "features", inputs)
    set_all(model, "states", [*weights[3:], *weights[:3]])
    back = part(model, "features", inputs[:, ::-1])
    np.testing.assert_allclose(back, np.roll(there, 4, axis=1), atol=1e-6)


def test_last_pooling_takes_each_directions_own_last_state(rng):
    model = models.bidirectional_lstm((6, 2), width=4)
    inputs = rng.normal(size=(3, 6, 2)).astype(np.float32)
    states = part(model, "states", inputs)
    expected = np.concatenate([states[:, -1, :4], states[:, 0, 4:]], axis=1)
    np.testing.assert_allclose(part(model, "features", inputs), expected, atol=1e-6)


def test_each_slice_goes_alone_through_the_same_network_as_with_keras_own_layer(rng):
    inner = keras.Sequential([keras.Input((6, 7, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    volumes = rng.normal(size=(2, 3, 6, 7, 1)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(EachSlice(inner)(volumes))
    theirs = keras.ops.convert_to_numpy(layers.TimeDistributed(inner)(volumes))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_one_changed_slice_changes_the_features_of_that_slice_only(rng):
    model = models.cnn_lstm((5, 16, 18, 1), width=4)
    volume = rng.normal(size=(1, 5, 16, 18, 1)).astype(np.float32)
    other = volume.copy()
    other[:, 3] += 1
    changed = np.abs(part(model, "slices", volume) - part(model, "slices", other)).max(axis=(0, 2)) > 1e-5
    assert changed.tolist() == [False, False, False, True, False]
    state = np.abs(part(model, "states", volume) - part(model, "states", other)).max(axis=(0, 2)) > 1e-6
    assert state.tolist() == [False, False, False, True, True]


# --- training and the model folder


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_each_recurrent_network_learns_what_the_first_step_says(dataset, name, pooling):
    model = models.build(name, dataset, width=8, seed=0, pooling=pooling)
    run = training.fit(model, dataset, epochs=25, batch_size=16, learning_rate=0.01, progress=False)
    assert run.history["val_auc"].max() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_a_model_folder_keeps_a_network_of_slices(rng, tmp_path, cell):
    def split(count):
        images = rng.integers(0, 80, (count, 5, 16, 18, 1)).astype(np.uint8)
        labels = np.arange(count) % 2
        images[labels == 1, 1] += 100
        return Split(images, labels)

    data = Dataset("slabs", split(32), split(8), split(8), "binary", ("dark", "bright"), 1)
    model = models.build("cnn_lstm", data, width=4, cell=cell, pooling="attention", dropout=0.2, seed=0)
    run = training.fit(model, data, scale="smoke", progress=False)
    folder = models.save(tmp_path / "model", run.model, data, run.normalization)
    bundle = models.load(folder)
    np.testing.assert_allclose(bundle.predict(data.test.images), run.predict(data.test.images), atol=1e-6)


@pytest.mark.slow
def test_a_sequence_is_normalized_by_channel_and_trained_with_noise(dataset):
    from medlab.data import Augmentation

    run = training.fit(
        models.build("cnn_lstm", wide(dataset), width=4),
        wide(dataset),
        scale="smoke",
        augmentation=Augmentation(noise=0.1),
        progress=False,
    )
    assert len(normalize(dataset).mean) == 2
    assert np.isfinite(run.history["loss"]).all()


def wide(dataset):
    """The same sequences, four times as long: the convolutions halve them three times."""
    splits = [Split(np.tile(s.images, (1, 4, 1)), s.labels) for s in dataset.splits().values()]
    return Dataset("long", *splits, "binary", ("low", "high"), 1)


# --- refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: models.lstm((5, 2), pooling="mean"), "pooling must be one of: last, attention; got 'mean'"),
        (lambda: models.simple_rnn((5, 2), activation="rel"), r"activation must be one of: tanh, relu; got"),
        (
            lambda: models.cnn_lstm((5, 16, 16, 1), cell="lst"),
            r"cell must be one of: simple_rnn, lstm.*'lstm'",
        ),
        (
            lambda: models.input_gradients(lambda _: keras.ops.ones(3), [1.0]),
            "must depend on the input, got a c",
        ),
    ],
)
def test_what_is_unknown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
