"""Evidence on maps and networks whose answer is known by hand; what must fail does fail."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from medlab.evaluation import attribute, evidence

SHAPE = (6, 5, 1)


def linear(weights):
    weights = np.asarray(weights, np.float32)
    image = keras.Input(weights.shape)
    dense = layers.Dense(1, name="dense")
    model = keras.Model(image, dense(layers.Flatten()(image)))
    dense.set_weights([weights.reshape(-1, 1), np.zeros(1, np.float32)])
    return model


def convolutional():
    """A network with texture in its weights; a bright spot in the image moves its output."""
    keras.utils.set_random_seed(1)
    image = keras.Input((16, 12, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="tanh", name="first")(image)
    x = layers.Conv2D(8, 3, padding="same", activation="tanh", name="second")(x)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(image, layers.Dense(1, activation="sigmoid", name="end")(x))


@pytest.fixture
def x(rng):
    return rng.uniform(0.2, 1, size=(3, *SHAPE)).astype(np.float32)


# --- inside the lesion


def test_mass_inside_and_pointing_by_hand():
    maps = np.zeros((2, 3, 4, 1))
    maps[0, 1, 1], maps[0, 0, 0] = -3, 1
    maps[1, 2, 3], maps[1, 0, 0] = 2, 1
    masks = np.zeros((2, 3, 4), bool)
    masks[:, 1:, 1:3] = True
    assert evidence.mass_inside(maps, masks).tolist() == [0.75, 0]
    # The largest number of the first is the 1 in the corner: -3 speaks against.
    assert evidence.pointing_game(maps, masks).tolist() == [False, False]
    assert evidence.pointing_game(-maps, masks).tolist() == [True, False]
    assert evidence.mass_inside(maps, masks[..., np.newaxis]).tolist() == [0.75, 0]


def test_a_map_that_knows_nothing_has_the_share_of_the_area(rng):
    masks = np.zeros((1, 40, 30), bool)
    masks[0, :10, :15] = True
    share = evidence.mass_inside(rng.random((1, 40, 30, 2)), masks)[0]
    assert share == pytest.approx(masks.mean(), abs=0.02)
    assert np.isnan(evidence.mass_inside(np.zeros((1, 40, 30, 1)), masks)[0])


def test_refuses_masks_that_do_not_fit():
    with pytest.raises(ValueError, match=r"shape \(1, 3, 4\), the places of the maps, got \(1, 4, 3\)"):
        evidence.mass_inside(np.zeros((1, 3, 4, 1)), np.ones((1, 4, 3)))
    with pytest.raises(ValueError, match="got none in image 1"):
        evidence.pointing_game(np.zeros((2, 3, 4, 1)), np.stack([np.ones((3, 4)), np.zeros((3, 4))]))
    with pytest.raises(ValueError, match="maps must hold finite numbers"):
        evidence.mass_inside(np.full((1, 3, 4, 1), np.nan), np.ones((1, 3, 4)))


# --- deletion and insertion


def test_deletion_by_hand():
    """Weights 1 to 4, image of ones: the output falls 10, 6, 3, 1, 0 when the heaviest goes first."""
    model = linear(np.array([[1.0, 2.0], [3.0, 4.0]])[..., np.newaxis])
    explained = attribute("integrated_gradients", model, np.ones((1, 2, 2, 1), np.float32))
    curves = evidence.deletion(model, explained, steps=4, orders=50)
    assert curves.fractions.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curves.values[0] == pytest.approx([10, 6, 3, 1, 0], abs=1e-4)
    assert curves.area == pytest.approx([(5 + 6 + 3 + 1 + 0) / 4], abs=1e-4)
    assert curves.random_area.mean() == pytest.approx(5, abs=0.4)  # a straight line on average
    assert curves.random.shape == (50, 1, 5)
    inserted = evidence.insertion(model, explained, steps=4)
    assert inserted.values[0] == pytest.approx([0, 4, 7, 9, 10], abs=1e-4)


def test_a_small_suspect_is_tried_on_its_own_area():
    """Two of ten places matter; the first fifth of the way shows all there is to see."""
    weights = np.zeros((2, 5, 1))
    weights[0, :2] = 3
    model = linear(weights)
    explained = attribute("integrated_gradients", model, np.ones((1, 2, 5, 1), np.float32))
    curves = evidence.deletion(model, explained, steps=2, until=0.2, orders=30)
    assert curves.fractions.tolist() == [0, 0.1, 0.2]
    assert curves.values[0] == pytest.approx([6, 3, 0], abs=1e-5)
    assert curves.area == pytest.approx([3], abs=1e-5)
    assert curves.random_area.mean() == pytest.approx(5.4, abs=0.4)
    with pytest.raises(ValueError, match="until must lie between"):
        evidence.deletion(model, explained, until=0)


def test_the_right_order_beats_random_ones_and_the_wrong_one_does_not(rng, x):
    model = linear(rng.normal(size=SHAPE))
    explained = attribute("integrated_gradients", model, x)
    for measure in (evidence.deletion, evidence.insertion):
        right = measure(model, explained, steps=10, orders=20)
        wrong = measure(model, replace(explained, map=-explained.map), steps=10, orders=20)
        assert right.better.all()
        assert not wrong.better.any()
        assert "better than all 20 random orders on 3 of 3 images" in right.describe()
        np.testing.assert_allclose(right.values[:, [0, -1]], wrong.values[:, [0, -1]], atol=1e-5)


def test_deletion_goes_to_the_baseline_of_the_map(rng, x):
    model = linear(rng.normal(size=SHAPE))
    explained = attribute("saliency", model, x, baseline=0.5)
    middle = evidence.deletion(model, explained).values[:, -1]
    black = evidence.deletion(model, replace(explained, baseline=0)).values[:, -1]
    np.testing.assert_array_equal(evidence.deletion(model, explained, baseline=0).values[:, -1], black)
    np.testing.assert_allclose(middle, model.predict_on_batch(np.full((1, *SHAPE), 0.5))[0, 0], rtol=1e-4)
    np.testing.assert_allclose(black, 0, atol=1e-6)


def test_a_map_of_a_layer_and_a_volume_can_be_tried(rng):
    model = convolutional()
    images = rng.normal(size=(2, 16, 12, 1)).astype(np.float32)
    explained = attribute("grad_cam", model, images, layer="second", on="logit")
    assert evidence.deletion(model, explained, steps=5).values.shape == (2, 6)
    volume = rng.normal(size=(2, 4, 5, 6, 1)).astype(np.float32)
    three = linear(rng.normal(size=(4, 5, 6, 1)))
    assert evidence.insertion(three, attribute("input_x_gradient", three, volume)).better.all()


def test_deletion_refuses_what_has_no_places(rng, x):
    model = linear(np.ones(SHAPE))
    explained = attribute("saliency", model, x)
    with pytest.raises(ValueError, match=r"places of the image, \(3, 6, 5\), got \(3, 5, 6\)"):
        evidence.deletion(model, replace(explained, map=np.zeros((3, 5, 6, 1))))
    with pytest.raises(ValueError, match="deletion needs an attribution of one input, got 2"):
        evidence.deletion(model, replace(explained, x=[x, x]))
    with pytest.raises(ValueError, match="steps must lie between 2"):
        evidence.deletion(model, explained, steps=1)
    with pytest.raises(ValueError, match="map must hold finite numbers"):
        evidence.deletion(model, replace(explained, map=np.full(x.shape, np.nan)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"orders": 0}, "orders must lie between 1"),
        ({"until": 1.1}, "until must lie between"),
        ({"until": float("nan")}, "until must"),
        ({"batch_size": 0}, "batch_size must lie between 1"),
        ({"seed": -1}, "seed must lie between 0"),
    ],
)
def test_deletion_and_insertion_refuse_wrong_options(x, options, words):
    model = linear(np.ones(SHAPE))
    saliency = attribute("saliency", model, x)
    for measure in (evidence.deletion, evidence.insertion):
        with pytest.raises((TypeError, ValueError), match=words):
            measure(model, saliency, **options)


# --- infidelity and sensitivity


def test_a_linear_network_is_foretold_exactly_and_its_map_stands_still(rng, x):
    weights = rng.normal(size=SHAPE)
    model = linear(weights)
    for method, options in (("integrated_gradients", {}), ("saliency", {"absolute": False})):
        explained = attribute(method, model, x, **options)
        assert evidence.infidelity(model, explained).max() < 1e-6
        wrong = replace(explained, map=np.roll(explained.map, 1, axis=1))
        assert evidence.infidelity(model, wrong).min() > 1e-4
    assert evidence.sensitivity(model, attribute("saliency", model, x)).max() < 1e-5
    # Weight times input moves with the input: by 2 % of the span, at most, of every number.
    moved = evidence.sensitivity(model, attribute("input_x_gradient", model, x), radius=0.02)
    assert (moved > 1e-3).all()
    assert (moved < 0.1).all()


def test_infidelity_and_sensitivity_follow_from_the_seed(rng):
    model = convolutional()
    images = rng.normal(size=(2, 16, 12, 1)).astype(np.float32)
    explained = attribute("integrated_gradients", model, images, on="logit")
    for measure in (evidence.infidelity, evidence.sensitivity):
        first, again, other = (measure(model, explained, samples=5, seed=seed) for seed in (1, 1, 2))
        assert first.shape == (2,)
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).max() > 0


def test_infidelity_refuses_a_map_of_a_layer(rng):
    model = convolutional()
    images = rng.normal(size=(2, 16, 12, 2)).astype(np.float32)[..., :1]
    explained = attribute("grad_cam", model, images)
    rgb = replace(explained, map=explained.map[:, :8])
    with pytest.raises(ValueError, match=r"the input's shape, \(2, 16, 12, 1\), got .*Use deletion"):
        evidence.infidelity(model, rgb)
    with pytest.raises(ValueError, match="sensitivity needs an attribution of one input, got 2"):
        evidence.sensitivity(model, replace(explained, x=[images, images]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samples": 0}, "samples must lie between 1"),
        ({"samples": 1.5}, "samples must be a whole number"),
        ({"seed": -1}, "seed must lie between 0"),
    ],
)
def test_infidelity_and_sensitivity_refuse_wrong_options(x, options, words):
    model = linear(np.ones(SHAPE))
    gradients = attribute("integrated_gradients", model, x)
    for measure in (evidence.infidelity, evidence.sensitivity):
        with pytest.raises((TypeError, ValueError), match=words):
            measure(model, gradients, **options)
    with pytest.raises(ValueError, match="noise must lie between 0"):
        evidence.infidelity(model, gradients, noise=-1)
    with pytest.raises(ValueError, match="radius must lie between 0"):
        evidence.sensitivity(model, gradients, radius=-1)
    with pytest.raises(ValueError, match="map must hold finite numbers"):
        evidence.infidelity(model, replace(gradients, map=np.full(x.shape, np.nan)))


# --- random weights


def edges(model, x):
    """A map that looks at the image only: it must fail."""
    return np.abs(np.gradient(np.asarray(x)[..., 0], axis=(1, 2))).sum(axis=0)[..., np.newaxis]


def test_a_map_that_ignores_the_weights_fails_and_gradients_pass(rng):
    model = convolutional()
    images = rng.normal(size=(4, 16, 12, 1)).astype(np.float32)
    before = [np.array(weight) for weight in model.weights]
    broken = evidence.randomized_weights(edges, model, images)
    assert not broken.passes
    assert broken.table["correlation"].tolist() == pytest.approx([1, 1, 1])
    assert "edges: rank correlation with the maps of a random network 1.00 (FAILS" in broken.describe()
    for method in ("saliency", "integrated_gradients", "smooth_grad"):
        randomized = evidence.randomized_weights(method, model, images, on="logit")
        assert randomized.passes, randomized.describe()
        assert randomized.table["layer"].tolist() == ["end", "second", "first"]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.weights, strict=True))


def test_weights_come_back_after_an_error(rng):
    model = convolutional()
    before, calls = model.predict_on_batch(np.ones((1, 16, 12, 1))), []

    def fails_later(model, x):
        calls.append(1)
        if len(calls) > 2:
            msg = "disk full"
            raise OSError(msg)
        return np.asarray(x)

    with pytest.raises(OSError, match="disk full"):
        evidence.randomized_weights(fails_later, model, rng.normal(size=(2, 16, 12, 1)))
    np.testing.assert_array_equal(model.predict_on_batch(np.ones((1, 16, 12, 1))), before)


def test_random_weights_keep_their_spread_and_need_weights(rng):
    spreads = []

    def spread(model, x):
        spreads.append([float(np.std(weight)) for weight in model.weights])
        return rng.normal(size=np.shape(x))

    images = rng.normal(size=(2, 16, 12, 1))
    evidence.randomized_weights(spread, convolutional(), images)
    np.testing.assert_allclose(spreads[0], spreads[-1], rtol=1e-5)
    image = keras.Input((16, 12, 1))
    empty = keras.Model(image, layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ValueError, match="must have weights that can become random"):
        evidence.randomized_weights(spread, empty, images)
    with pytest.raises(ValueError, match="needs x as one array, got a list of 2"):
        evidence.randomized_weights(spread, empty, [images, images])
