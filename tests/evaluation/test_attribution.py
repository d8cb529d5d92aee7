"""Attribution on networks whose right maps are known by hand, on every form of network, and its refusals."""

import threading
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import torch
from captum import attr
from keras import layers

from medlab import evaluation
from medlab.evaluation import attribute, attribution
from medlab.evaluation.attribution import network_layers

METHODS = tuple(attribution.METHODS)
SHAPE = (6, 5, 1)


def linear(weights, bias=0.0, activation=None):
    """A network whose output is the sum of weights times input."""
    weights = np.asarray(weights, np.float32)
    image = keras.Input(weights.shape)
    dense = layers.Dense(1, activation=activation, name="dense")
    model = keras.Model(image, dense(layers.Flatten()(image)))
    dense.set_weights([weights.reshape(-1, 1), np.array([bias], np.float32)])
    return model


def convolutional(classes=3, seed=0, activation="softmax"):
    keras.utils.set_random_seed(seed)
    image = keras.Input((12, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh", name="first")(image)
    x = layers.AveragePooling2D(2, name="halved")(x)
    x = layers.Conv2D(6, 3, padding="same", activation="tanh", name="second")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(classes, activation=activation, name="end")(x))


@pytest.fixture
def weights(rng):
    return rng.normal(size=SHAPE)


@pytest.fixture
def x(rng):
    return rng.normal(size=(3, *SHAPE)).astype(np.float32)


# --- by hand: on a linear network every method has one right answer


def test_saliency_of_a_linear_network_is_the_size_of_its_weights(weights, x):
    explained = attribute("saliency", linear(weights), x)
    np.testing.assert_allclose(explained.map, np.broadcast_to(np.abs(weights), x.shape), rtol=1e-5)
    signed = attribute("saliency", linear(weights), x, absolute=False)
    np.testing.assert_allclose(signed.map[1], weights, rtol=1e-5)


@pytest.mark.parametrize("method", ["input_x_gradient", "integrated_gradients", "gradient_shap"])
def test_methods_with_the_input_give_weight_times_input(method, weights, x):
    explained = attribute(method, linear(weights, bias=2), x)
    np.testing.assert_allclose(explained.map, weights * x, rtol=1e-4, atol=1e-5)


def test_a_baseline_is_what_counts_as_nothing(weights, x):
    nothing = np.full(SHAPE, 0.5, np.float32)
    for baseline in (0.5, nothing, np.broadcast_to(nothing, x.shape)):
        explained = attribute("integrated_gradients", linear(weights), x, baseline=baseline)
        np.testing.assert_allclose(explained.map, weights * (x - 0.5), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(explained.difference, (weights * (x - 0.5)).sum(axis=(1, 2, 3)), rtol=1e-4)
        assert np.abs(explained.completeness_error).max() < 1e-5


def test_several_baselines_are_averaged(weights, x):
    baselines = np.stack([np.full(SHAPE, value, np.float32) for value in (0.0, 1.0)])
    explained = attribute("gradient_shap", linear(weights), x, baseline=baselines, samples=400)
    np.testing.assert_allclose(explained.difference, (weights * (x - 0.5)).sum(axis=(1, 2, 3)), rtol=1e-4)
    assert np.abs(explained.map - weights * (x - 0.5)).max() < 0.4


def test_switching_numbers_off_one_by_one_gives_weight_times_input(weights, x):
    hidden = attribute("occlusion", linear(weights, bias=1), x, patch=1, stride=1)
    np.testing.assert_allclose(hidden.map, weights * x, rtol=1e-3, atol=1e-5)
    # Of a vector each number is a feature.
    vectors = x.reshape(3, -1)
    ablated = attribute("feature_ablation", linear(weights.ravel(), bias=1), vectors)
    np.testing.assert_allclose(ablated.map, weights.ravel() * vectors, rtol=1e-3, atol=1e-5)


def test_kernel_shap_of_a_linear_network_is_the_sum_over_a_region_of_ones_own(weights, x):
    quarters = np.repeat([[0, 0, 1, 1, 1], [2, 2, 3, 3, 3]], 3, axis=0)
    explained = attribute("kernel_shap", linear(weights), x, features=quarters, samples=300)
    ablated = attribute("feature_ablation", linear(weights), x, features=quarters)
    for part in range(4):
        inside = quarters == part
        expected = (weights * x)[:, inside].sum(axis=(1, 2))
        np.testing.assert_allclose(explained.map[:, inside][:, 0, 0], expected, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(ablated.map[:, inside][:, 0, 0], expected, rtol=1e-3, atol=1e-3)


def test_kernel_shap_of_a_linear_network_is_the_sum_over_a_piece_of_a_sequence(rng):
    weights, sequences = rng.normal(size=(8, 3)), rng.normal(size=(2, 8, 3)).astype(np.float32)
    explained = attribute("kernel_shap", linear(weights), sequences, segments=4, samples=300)
    expected = (weights * sequences).reshape(2, 4, 6).sum(axis=2)
    np.testing.assert_allclose(explained.map[:, ::2, 0], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(explained.map[:, 1::2, 1:], explained.map[:, ::2, :2])


def test_grad_cam_by_hand():
    """Two channels of a 1 x 1 convolution, a weight for each after the average."""
    image = keras.Input((4, 2, 1))
    maps = layers.Conv2D(2, 1, use_bias=False, name="maps")
    end = layers.Dense(1, use_bias=False, name="end")
    model = keras.Model(image, end(layers.GlobalAveragePooling2D()(maps(image))))
    maps.set_weights([np.array([[[[1.0, 3.0]]]], np.float32)])
    end.set_weights([np.array([[2.0], [-0.5]], np.float32)])
    x = np.arange(8, dtype=np.float32).reshape(1, 4, 2, 1)
    # Slope of the output along one place of a channel: its weight / 8 places.
    expected = (2.0 * x - 0.5 * 3 * x) / 8
    explained = attribute("grad_cam", model, x, layer="maps")
    np.testing.assert_allclose(explained.map, expected, rtol=1e-5)
    assert explained.map.shape == (1, 4, 2, 1)
    end.set_weights([np.array([[-2.0], [0.5]], np.float32)])
    assert attribute("grad_cam", model, x).map.max() == 0
    against = attribute("grad_cam", model, x, relu=False)
    np.testing.assert_allclose(against.map, -expected, rtol=1e-5)


def test_layer_integrated_gradients_add_up_at_the_layer(rng):
    model = convolutional(classes=1, activation=None)
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    explained = attribute("layer_integrated_gradients", model, x, layer="first")
    assert explained.map.shape == (2, 12, 8, 1)
    np.testing.assert_allclose(explained.map.sum(axis=(1, 2, 3)), explained.difference, rtol=1e-3, atol=1e-6)


# --- what is asked


def test_one_sigmoid_stands_for_two_classes(weights, x):
    model = linear(weights, activation="sigmoid")
    positive = attribute("integrated_gradients", model, x)
    negative = attribute("integrated_gradients", model, x, target=0)
    assert positive.target.tolist() == [1, 1, 1]
    np.testing.assert_allclose(negative.output, 1 - positive.output, atol=1e-6)
    np.testing.assert_allclose(negative.map, -positive.map, atol=1e-6)
    each = attribute("integrated_gradients", model, x, target=[0, 1, 0])
    np.testing.assert_allclose(each.map[1], positive.map[1], atol=1e-6)


def test_the_logit_is_linear_where_the_probability_is_not(weights, x):
    model = linear(weights, bias=0.3, activation="sigmoid")
    logit = attribute("input_x_gradient", model, x, on="logit")
    np.testing.assert_allclose(logit.map, weights * x, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logit.output, (weights * x).sum(axis=(1, 2, 3)) + 0.3, rtol=1e-4)
    other = attribute("input_x_gradient", model, x, target=0, on="logit")
    np.testing.assert_allclose(other.map, -weights * x, rtol=1e-4, atol=1e-5)
    slope = logit.map / attribute("input_x_gradient", model, x).map
    p = 1 / (1 + np.exp(-logit.output))
    np.testing.assert_allclose(slope[:, 0, 0, 0], 1 / (p * (1 - p)), rtol=1e-3)


@pytest.mark.parametrize("end", ["softmax", "layer"])
def test_of_several_classes_the_predicted_one_is_explained(end, rng):
    model = convolutional(activation="softmax" if end == "softmax" else None)
    if end == "layer":
        model = keras.Sequential([model, layers.Softmax()])
    x = rng.normal(size=(5, 12, 8, 1)).astype(np.float32)
    probability = model.predict_on_batch(x)
    explained = attribute("saliency", model, x)
    assert explained.target.tolist() == probability.argmax(axis=1).tolist()
    np.testing.assert_allclose(explained.output, probability.max(axis=1), rtol=1e-5)
    logits = [attribute("saliency", model, x, target=k, on="logit").output for k in range(3)]
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(axis=0), probability.T, rtol=1e-4)


def test_a_regression_has_no_class(weights, x):
    explained = attribute("saliency", linear(weights), x)
    assert explained.target is None
    with pytest.raises(ValueError, match="target must lie between 0 and 0, got 1 to 1"):
        attribute("saliency", linear(weights), x, target=1)


def test_a_segmentation_is_explained_over_a_region(rng):
    image = keras.Input((6, 5, 1))
    model = keras.Model(image, layers.Conv2D(2, 1, use_bias=False, name="classes")(image))
    model.get_layer("classes").set_weights([np.array([[[[1.0, 3.0]]]], np.float32)])
    x = rng.normal(size=(2, 6, 5, 1)).astype(np.float32)
    region = np.zeros((6, 5), bool)
    region[2, 1:4] = True
    explained = attribute("input_x_gradient", model, x, target=1, region=region)
    np.testing.assert_allclose(explained.map[..., 0], 3 * x[..., 0] * region, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(explained.output, 3 * x[:, region].sum(axis=(1, 2)), rtol=1e-4)
    with pytest.raises(ValueError, match=r"a value at \(6, 5\) places: name a region"):
        attribute("saliency", model, x, target=1)
    with pytest.raises(ValueError, match="target must name the class whose region"):
        attribute("saliency", model, x, region=region)
    with pytest.raises(ValueError, match=r"region must mark places .* with 0 marked"):
        attribute("saliency", model, x, target=1, region=np.zeros((6, 5)))


# --- forms of input and of network


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(12, 8, 1), (8, 7, 6, 1), (9, 2)], ids=["image", "volume", "sequence"])
def test_every_method_gives_a_map_with_the_axes_of_the_input(method, shape, rng):
    keras.utils.set_random_seed(0)
    convolution = [layers.Conv1D, layers.Conv2D, layers.Conv3D][len(shape) - 2]
    pooling = [layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D]
    model = keras.Sequential([keras.Input(shape), convolution(3, 3, activation="relu", name="maps")])
    model.add(pooling[len(shape) - 2]())
    model.add(layers.Dense(1, activation="sigmoid"))
    x = rng.normal(size=(2, *shape)).astype(np.float32)
    explained = attribute(method, model, x)
    one_channel = attribution.METHODS[method].layer
    assert explained.map.shape == ((2, *shape[:-1], 1) if one_channel else x.shape)
    assert np.isfinite(explained.map).all()
    assert explained.layer == ("maps" if one_channel else None)


def with_clinical(rng):
    keras.utils.set_random_seed(0)
    image, clinical = keras.Input((12, 8, 1), name="image"), keras.Input((3,), name="clinical")
    x = layers.Conv2D(4, 3, activation="tanh", name="maps")(image)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), clinical])
    model = keras.Model([image, clinical], layers.Dense(1, activation="sigmoid")(joined))
    x = [rng.normal(size=(2, 12, 8, 1)), rng.normal(size=(2, 3))]
    return model, [array.astype(np.float32) for array in x]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_an_image_with_clinical_variables_has_a_map_of_each(method, rng):
    model, x = with_clinical(rng)
    explained = attribute(method, model, x, on="logit")
    if attribution.METHODS[method].layer:
        assert explained.map.shape == (2, 12, 8, 1)
    else:
        assert [part.shape for part in explained.map] == [(2, 12, 8, 1), (2, 3)]
        if method in ("integrated_gradients", "feature_ablation"):
            weight = model.layers[-1].get_weights()[0][-3:, 0]
            np.testing.assert_allclose(explained.map[1], weight * x[1], rtol=1e-2, atol=1e-5)
    named = attribute(method, model, dict(zip(("image", "clinical"), x, strict=True)), on="logit")
    np.testing.assert_allclose(named.output, explained.output, rtol=1e-5)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.maps = layers.Conv2D(4, 3, activation="tanh", name="maps")
        self.inner = keras.Sequential(
            [layers.GlobalAveragePooling2D(), layers.Dense(1, name="end")], name="inner"
        )

    def call(self, image, training=False):
        return keras.ops.sigmoid(self.inner(self.maps(image)))


def test_a_subclassed_network_is_looked_into_like_any_other(rng):
    keras.utils.set_random_seed(0)
    model = Subclassed()
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    explained = attribute("grad_cam", model, x)
    assert explained.layer == "maps"
    assert explained.output == pytest.approx(np.asarray(model(x))[:, 0], abs=1e-6)
    # The network bends its output itself, where nobody can take it off.
    with pytest.raises(ValueError, match=r"on='logit' needs .* got an output that no layer gave alone"):
        attribute("grad_cam", model, x, on="logit")


def test_a_nested_network_has_layers_with_a_path(rng):
    inner = convolutional(classes=4, activation="tanh")
    image = keras.Input((12, 8, 1))
    model = keras.Model(image, layers.Dense(1, activation="sigmoid", name="end")(inner(image)))
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    by_path = attribute("grad_cam", model, x, layer=f"{inner.name}/second")
    by_name = attribute("grad_cam", model, x, layer="second")
    explained = attribute("grad_cam", model, x)
    assert explained.layer == by_path.layer == by_name.layer == f"{inner.name}/second"
    with pytest.raises(ValueError, match=rf"layer must be one of: {inner.name}/first, .*; got 'thrid'"):
        attribute("grad_cam", model, x, layer="thrid")


def test_what_goes_around_a_layer_is_kept(rng):
    """The output is the mean of 2 x + x: Grad-CAM of the doubled map sees 2 x, the output the whole."""
    image = keras.Input((4, 3, 1))
    double = layers.Conv2D(1, 1, use_bias=False, name="double")
    summed = layers.Add(name="both")([double(image), image])
    model = keras.Model(image, layers.GlobalAveragePooling2D(name="mean")(summed))
    double.set_weights([np.array([[[[2.0]]]], np.float32)])
    x = rng.uniform(0, 1, size=(2, 4, 3, 1)).astype(np.float32)
    explained = attribute("grad_cam", model, x, layer="double")
    np.testing.assert_allclose(explained.output, 3 * x.mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(explained.map, 2 * x / 12, rtol=1e-5)


def test_a_network_with_several_outputs_is_refused_and_one_of_them_explained(rng):
    image = keras.Input((5,))
    outputs = {"size": layers.Dense(1)(image), "kind": layers.Dense(3, activation="softmax")(image)}
    model = keras.Model(image, outputs)
    x = rng.normal(size=(4, 5)).astype(np.float32)
    size, kind = (keras.Model(image, outputs[name]) for name in ("size", "kind"))
    assert attribute("saliency", size, x).target is None
    assert attribute("saliency", kind, x).target.shape == (4,)
    with pytest.raises(ValueError, match=r"must have one output, got \['size', 'kind'\]\. Use keras\.Model"):
        attribute("saliency", model, x)


# --- nothing is left behind, and nothing depends on how it was cut into batches


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_network_is_as_it_was_also_after_an_error(method, rng):
    model = convolutional(classes=1, activation="sigmoid")
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    before = model.predict_on_batch(x)
    stop = threading.Event()
    stop.set()
    with pytest.raises(attribution.Canceled, match="canceled after 0 images"):
        attribute(method, model, x, on="logit", cancel=stop)
    attribute(method, model, x, on="logit")
    assert all("call" not in vars(layer) for layer in model.layers)
    assert model.layers[-1].activation is keras.activations.sigmoid
    np.testing.assert_array_equal(model.predict_on_batch(x), before)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_batch_size_changes_nothing_but_time(method, rng):
    model = convolutional()
    x = rng.normal(size=(3, 12, 8, 1)).astype(np.float32)
    whole, single = (attribute(method, model, x, batch_size=size, seed=5) for size in (64, 2))
    assert (whole.batch_size, single.batch_size) == (64, 2)
    drawn_apart = ("gradient_shap", "kernel_shap")  # in parts of one size, whatever the batch
    if attribution.METHODS[method].draws and method not in drawn_apart:
        assert np.corrcoef(whole.map.ravel(), single.map.ravel())[0, 1] > 0.8
    else:
        np.testing.assert_allclose(whole.map, single.map, atol=1e-5 * np.abs(whole.map).max())


@pytest.mark.parametrize("method", [name for name, row in attribution.METHODS.items() if row.draws])
def test_what_is_drawn_follows_from_the_seed_and_disturbs_nobody(method, rng):
    model = convolutional()
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    baseline = (
        rng.normal(size=(4, 12, 8, 1)).astype(np.float32)
        if attribution.METHODS[method].several_baselines
        else 0.0
    )
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    first = attribute(method, model, x, baseline=baseline, seed=3)
    assert np.random.random() == expected  # noqa: NPY002
    np.testing.assert_array_equal(attribute(method, model, x, baseline=baseline, seed=3).map, first.map)
    assert np.abs(attribute(method, model, x, baseline=baseline, seed=4).map - first.map).max() > 0


def test_captum_called_by_hand_through_the_public_bridge_gives_the_maps_of_attribute(weights, x):
    model = linear(weights, bias=0.5, activation="sigmoid")
    bridge = attribution.Bridge(lambda images: model(images, training=False)[:, 0])
    images = torch.tensor(x)
    parts = attr.IntegratedGradients(bridge).attribute(images, method="riemann_middle").detach().numpy()
    np.testing.assert_allclose(parts, attribute("integrated_gradients", model, x).map, atol=1e-6)
    change = (bridge(images) - bridge(torch.zeros_like(images))).numpy()
    np.testing.assert_allclose(parts.sum(axis=(1, 2, 3)), change, atol=1e-3)
    # A method that `attribute` does not offer: on a linear network, the Shapley value is weight times input.
    plain = linear(weights)
    shapley = attr.ShapleyValueSampling(attribution.Bridge(lambda images: plain(images)[:, 0]))
    shapley_values = shapley.attribute(images, n_samples=2).numpy()
    np.testing.assert_allclose(shapley_values, weights * x, rtol=1e-3, atol=1e-4)


def test_canceling_from_outside_stops_between_two_batches(rng):
    model, stop = convolutional(), threading.Event()
    x = rng.normal(size=(2, 12, 8, 1)).astype(np.float32)
    bars = []

    def advance(count):
        bars.append(count)
        if sum(bars) >= 20:
            stop.set()

    watcher = attribution.torch_bridge.Watcher(stop, advance)
    bridge = attribution.Bridge(
        lambda image: keras.ops.sum(model(image), axis=1), batch_size=8, watcher=watcher
    )
    with pytest.raises(attribution.Canceled, match="canceled after 24 images"):
        bridge.compute([np.repeat(x, 30, axis=0)], wanted=True)
    assert bars == [8, 8, 8]


def test_the_batch_follows_from_free_memory(monkeypatch, rng):
    model = convolutional()
    seen = network_layers.watch(model, lambda: model(rng.normal(size=(2, 12, 8, 1)).astype(np.float32)), 2)
    # 384 + 96 + 144 + 6 + 3 numbers an image, four copies of each, 4 bytes: 10,128 bytes; a quarter is used.
    for free, expected in ((1, 1), (4 * 10_128 * 5, 5), (1 << 40, network_layers.MOST_ON_CPU)):
        monkeypatch.setattr(network_layers, "free_bytes", lambda free=free: free)
        monkeypatch.setattr(network_layers.backend, "gpus", list)
        assert network_layers.fitting_batch(seen) == expected
    monkeypatch.setattr(network_layers, "free_bytes", lambda: 4 * 10_128 * 5)
    assert network_layers.fitting_batch(seen, 8) == 2


# --- what it says and shows


def test_an_attribution_describes_and_shows_itself(rng, weights, x):
    explained = attribute("integrated_gradients", linear(weights, activation="sigmoid"), x, on="logit")
    assert explained.describe().startswith("integrated_gradients, 3 images, completeness error ")
    assert (len(explained), explained.images) == (3, 3 * 50 + 6)
    assert explained.relative_error.shape == (3,)
    shown, facts = explained._repr_mimebundle_()
    assert shown["image/png"].startswith(b"\x89PNG")
    assert "integrated gradients" in facts["image/png"]["alt"]
    picture = explained.overlay(titles=["a", "b", "c"], spacing_mm=(0.7, 0.7), most=2)
    assert [axis.get_title() for axis in picture.axes[:2]] == ["a", "b"]
    volume = rng.normal(size=(2, 5, 6, 4, 1)).astype(np.float32)
    assert attribute("saliency", linear(rng.normal(size=(5, 6, 4, 1))), volume)._repr_mimebundle_()[0]
    vectors = attribute("saliency", linear(np.ones(5)), rng.normal(size=(2, 5)))
    assert vectors._repr_mimebundle_() == ({}, {})
    assert "completeness" not in vectors.describe()


def test_an_attribution_prints_as_a_few_facts_without_a_pixel(rng, weights, x):
    x[0, 0, 0, 0] = 123.456
    lines = repr(attribute("integrated_gradients", linear(weights, activation="sigmoid"), x)).splitlines()
    assert lines[0].startswith("Attribution: integrated_gradients, 3 images, completeness error ")
    assert lines[1].strip() == "map: shape (3, 6, 5, 1)"
    assert [line.split(":")[0].strip() for line in lines[2:]] == ["output"]
    assert not any("123.4" in line for line in lines)
    model, several = with_clinical(rng)
    given = repr(attribute("saliency", model, several, baseline=[0.0, several[1][0]]))
    assert "shape (2, 12, 8, 1), (2, 3)" in given
    assert len(given.splitlines()) == 3


def test_help_lists_every_method_with_its_options():
    text = " ".join(attribute.__doc__.split())
    assert "{" not in text
    for name, row in attribution.METHODS.items():
        assert f"- {name}({', '.join(f'{option}=' for option in list(row.options)[:1])}" in text
    assert "For grad_cam and layer_integrated_gradients: a layer" in text
    assert "For the methods that draw: smooth_grad, gradient_shap, kernel_shap" in text.replace(" and", ",")


def test_a_bar_is_shown_when_asked(capsys, weights, x):
    attribute("saliency", linear(weights), x)
    assert capsys.readouterr().err == ""
    attribute("saliency", linear(weights), x, progress=True)
    assert "saliency" in capsys.readouterr().err


# --- refusals


@pytest.mark.parametrize(
    ("method", "why"),
    [
        (
            "guided_backprop",
            "plain gradient, and warn that it has set its hooks.*Use saliency or smooth_grad",
        ),
        ("deep_lift", "modules of torch that it knows by their type.*Use integrated_gradients"),
        ("guided_grad_cam", "Use grad_cam"),
        ("intergrated_gradients", "method must be one of.*Did you mean 'integrated_gradients'"),
    ],
)
def test_refuses_methods_that_cannot_be_right(method, why, weights, x):
    with pytest.raises(ValueError, match=why):
        attribute(method, linear(weights), x)


def test_refuses_bad_input_and_says_what_to_do(weights, x):
    model = linear(weights, activation="sigmoid")
    bad = x.copy()
    bad[1, 2, 3, 0] = np.nan
    cases = [
        (lambda: attribute("saliency", model, bad), r"x must hold finite numbers, got 1 NaN.*\(1, 2, 3, 0\)"),
        (
            lambda: attribute("saliency", model, x[0, 0, 0]),
            r"at least one image, shape \(N, \.\.\.\), got \(1,\)",
        ),
        (lambda: attribute("saliency", model, x[:0]), r"at least one image.*\(0, 6, 5, 1\)"),
        (
            lambda: attribute("saliency", model, np.full(x.shape, 9, np.uint8)),
            r"x must be normalized.* gray values of uint8\. Give run\.normalize\(images\)",
        ),
        (lambda: attribute("saliency", model, x[:, :4]), r"must take x, got \('N', 4, 5, 1\)"),
        (
            lambda: attribute("feature_ablation", model, x, features=np.zeros((3, 3))),
            r"features must number the parts .*\(6, 5\), got float64 of shape \(3, 3\)",
        ),
        (lambda: attribute("saliency", model, x, steps=3), "option of saliency must be one of: absolute"),
        (lambda: attribute("integrated_gradients", model, x, steps=0), "steps must lie between 1"),
        (lambda: attribute("saliency", model, x, layer="dense"), "layer must be None.*grad_cam"),
        (lambda: attribute("grad_cam", model, x), "must have a layer that gives a map for each image"),
        (lambda: attribute("saliency", model, x, on="logits"), "on must be one of: output, logit"),
        (lambda: attribute("saliency", model, x, target=2), "target must lie between 0 and 1, got 2 to 2"),
        (lambda: attribute("saliency", model, x, target=[0, 1]), "or one for each of 3 images"),
        (lambda: attribute("saliency", model, x, target=0.5), "as integers; got 0.5"),
        (lambda: attribute("saliency", model, x, batch_size=0), "batch_size must lie between 1"),
        (
            lambda: attribute("occlusion", model, x, baseline=np.zeros((4, 4))),
            r"baseline must be a number or have shape \(6, 5, 1\) or \(3, 6, 5, 1\), got \(4, 4\)",
        ),
        (lambda: attribute("occlusion", model, x, baseline=[0, 0]), "one for each of 1 inputs, got 2"),
        (
            lambda: attribute("saliency", linear(weights), x, on="logit"),
            r"got dense \(Dense\). Use on='output'",
        ),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_the_layer_that_bends_can_be_the_one_that_is_looked_at(rng):
    image = keras.Input((6, 5, 1))
    model = keras.Model(image, layers.Softmax(name="end")(layers.Conv2D(3, 1, name="maps")(image)))
    x, region = rng.normal(size=(2, 6, 5, 1)).astype(np.float32), np.ones((6, 5))
    before = model.predict_on_batch(x)
    by_end, by_maps = (
        attribute("grad_cam", model, x, target=1, layer=name, on="logit", region=region)
        for name in ("end", "maps")
    )
    np.testing.assert_allclose(by_end.map, by_maps.map, rtol=1e-5)
    np.testing.assert_array_equal(model.predict_on_batch(x), before)


def test_a_layer_that_is_called_twice_is_not_offered(rng):
    image = keras.Input((6, 5, 1))
    twice = layers.Conv2D(1, 3, padding="same", name="twice")
    model = keras.Model(image, layers.GlobalAveragePooling2D()(twice(twice(image))))
    x = rng.normal(size=(1, 6, 5, 1)).astype(np.float32)
    with pytest.raises(ValueError, match="must have a layer that gives a map"):
        attribute("grad_cam", model, x, layer="twice")


def test_superpixels_cover_an_image_without_gaps(rng):
    image = np.zeros((20, 16, 1), np.float32)
    image[5:12, 4:10] = 1
    for example in (image, rng.normal(size=(20, 16, 3)), rng.normal(size=(6, 9, 8, 1))):
        parts = attribution.superpixels(example, 12)
        assert parts.shape == example.shape
        assert sorted(np.unique(parts)) == list(range(parts.max() + 1))
        assert 6 <= parts.max() + 1 <= 24
    assert attribution.superpixels(np.zeros((7, 2)), 3)[:, 0].tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert attribution.superpixels(np.zeros(4), 50).tolist() == [0, 1, 2, 3]


def test_networks_of_the_catalog_end_in_a_logit_and_have_a_layer(rng):
    from medlab import models

    data = SimpleNamespace(image_shape=(16, 20, 1), task="binary", class_names=("a", "b"), train=range(5000))
    model = models.build("screening_cnn", data, width=4)
    x = rng.normal(size=(2, 16, 20, 1)).astype(np.float32)
    explained = evaluation.attribute("grad_cam", model, x, on="logit")
    assert explained.layer == "relu_2"
