"""The panel's figures are those of the functions called directly; then choices, cancel, refusals."""

import json
import re
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from medlab import models, plots, text, training
from medlab.evaluation import attribute, evidence
from medlab.evaluation.attribution import network_of
from medlab.training import background
from medlab_widgets import ExplainPanel, MapView, map_evidence

SHAPE = (12, 10, 1)


def network(outputs=1, activation="sigmoid", convolved=True):
    keras.utils.set_random_seed(1)
    image = keras.Input(SHAPE)
    x = image
    if convolved:
        x = layers.Conv2D(4, 3, padding="same", activation="tanh", name="first")(image)
        x = layers.Conv2D(5, 3, strides=2, padding="same", activation="tanh", name="second")(x)
    return keras.Model(image, layers.Dense(outputs, activation=activation, name="end")(layers.Flatten()(x)))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def panel(images):
    names = ("benign", "malignant")
    return ExplainPanel(network(), images, labels=[0, 1, 1, 0], class_names=names, title="SIMULATED noise")


def same(known, model, x, method, target, **options):
    """Compare what the panel knows of a map with what the functions say."""
    direct = attribute(method, model, x, target, **options)
    np.testing.assert_allclose(known["map"].map, direct.map, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(known["deletion"].area, evidence.deletion(model, direct).area, rtol=1e-5)
    weights = evidence.randomized_weights(method, model, x, target=target, **options)
    np.testing.assert_allclose(
        known["weights"].table["correlation"], weights.table["correlation"], rtol=1e-3, atol=1e-3
    )
    return direct, weights


def test_the_first_choice_is_computed_at_once_where_nobody_can_press_a_button(panel, images):
    panel.choose(case=0, left="grad_cam", right="integrated_gradients", target="malignant", baseline="zeros")
    known, model = panel.result(), network()
    same(known["left"], model, images[:1], "grad_cam", 1)
    direct, weights = same(known["right"], model, images[:1], "integrated_gradients", 1)
    rows = dict(panel.views["right"].rows)
    assert rows["completeness error"].startswith(
        f"{direct.completeness_error[0]:.2g} of {direct.difference[0]:.3g}"
    )
    assert f"random pixels {evidence.deletion(model, direct).random_area.mean():.3g}" in rows["deletion"]
    verdict = "changes with" if weights.passes else "changes too little with the weights, a reason for doubt"
    assert rows["random weights"].startswith(verdict)
    assert dict(panel.views["left"].rows)["completeness error"] == "not promised by this method"
    probability = models.predict(model, np.asarray, images[:1])[0]
    expected = (
        f"case 0 of SIMULATED noise · label: benign · the network's output: malignant {probability:.3g}"
    )
    assert panel.said.value == text.escape(expected)


@pytest.mark.slow
def test_every_choice_reaches_the_functions(panel, images):
    choices = {"target": "benign", "layer": "first", "baseline": "blurred"}
    panel.choose(case=2, left="layer_integrated_gradients", right="occlusion", **choices)
    baseline = map_evidence.BASELINES["blurred"][0](images[2:3])
    assert np.abs(baseline).max() < np.abs(images[2]).max()
    known, model = panel.result(), network()
    same(known["left"], model, images[2:3], "layer_integrated_gradients", 0, layer="first", baseline=baseline)
    same(known["right"], model, images[2:3], "occlusion", 0, baseline=baseline)
    panel.choose(baseline="mean", layer=None)
    assert panel.result()["right"]["map"].baseline == pytest.approx(images[2].mean())
    assert panel.result()["left"]["map"].layer == "second"
    panel.choose(baseline="darkest", target=1)
    assert panel.result()["right"]["map"].baseline == images[2].min()
    assert panel.result()["right"]["map"].target.tolist() == [1]


def test_the_copied_code_gives_what_the_panel_shows(panel, images, capsys):
    panel.choose(case=1, left="saliency", right="integrated_gradients", target=1, baseline="blurred")
    variables = {"model": network(), "images": images, "np": np}
    exec(panel._code.text, variables)
    for side, known in panel.result().items():
        np.testing.assert_allclose(variables[side].map, known["map"].map, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(variables[f"{side}_deletion"].area, known["deletion"].area, rtol=1e-5)
        assert variables[f"{side}_weights"].passes == known["weights"].passes
    assert "saliency, 1 image" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_and_a_model_folder_normalize_and_know_their_classes(make_spots, tmp_path):
    dataset = make_spots()
    model = models.build("screening_cnn", dataset, width=4, seed=0)
    run = training.fit(model, dataset, epochs=1, progress=False)
    image = dataset.test.images[1]
    panel = ExplainPanel(run, image, methods=("saliency", "grad_cam"), variables=("run", "image"), on="logit")
    direct = attribute("saliency", model, run.normalize(image[np.newaxis]), 1, on="logit")
    np.testing.assert_allclose(panel.result()["left"]["map"].map, direct.map, rtol=1e-4, atol=1e-6)
    assert panel.controls["target"].options == ("dark", "spot")
    assert "x = run.normalize(image[None])" in panel.code()
    assert panel.views["left"].heading == "saliency, spot"
    folder = models.save(tmp_path / "model", model, dataset, run.normalization)
    _, normalize, names = network_of(folder)
    assert names == run.target_names == ("dark", "spot")
    np.testing.assert_allclose(normalize(image[np.newaxis]), run.normalize(image[np.newaxis]), rtol=1e-5)
    again = ExplainPanel(folder, image, methods=("saliency", "grad_cam"), on="logit")
    variables = {"images": image}
    exec(again.code(), variables)
    np.testing.assert_allclose(variables["left"].map, direct.map, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(again.views["left"].values, panel.views["left"].values, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_of_several_classes_the_predicted_one_and_of_a_number_none_is_explained(images):
    several = ExplainPanel(network(3, "softmax"), images, methods=("saliency", "saliency"))
    output = models.predict(network(3, "softmax"), np.asarray, images[:1])[0]
    assert several.result()["left"]["map"].target.tolist() == [output.argmax()]
    assert several.controls["target"].options == ("the predicted class", "class 0", "class 1", "class 2")
    assert f"class {output.argmax()} {output.max():.3g}" in several.said.value
    number = ExplainPanel(network(1, None), images, methods=("saliency", "saliency"))
    assert number.result()["left"]["map"].target is None
    assert number.controls["target"].layout.display == "none"


def test_colors_are_those_of_plots_and_the_scale_has_numbers(panel):
    panel.choose(case=0, left="grad_cam", right="integrated_gradients", target=1, baseline="zeros")
    one_sided, two_sided = panel.views.values()
    assert one_sided.ends[0][1] == "0"
    low, zero, high = two_sided.ends
    assert (low[0], zero, high[0]) == (0, (0.5, "0"), 1)
    assert float(low[1]) == -float(high[1])
    colors, top = plots.map_colors(two_sided.values)
    assert f"{top:.2g}" == high[1]
    shown = np.frombuffer(two_sided.colors, np.uint8).reshape(*SHAPE[:2], 4)
    np.testing.assert_array_equal(shown, np.round(255 * colors))


def test_a_method_that_refuses_says_why_and_the_old_map_goes(images):
    panel = ExplainPanel(network(convolved=False), images, methods=("saliency", "saliency"))
    panel.choose(left="grad_cam")
    assert panel.views["left"].colors == b""
    assert panel.views["left"].problem.startswith("the network must have a layer that gives a map")
    assert panel.views["left"].rows == []
    assert isinstance(panel.result()["left"]["map"], ValueError)
    assert panel.views["right"].colors
    assert panel.picture().to_png().startswith(b"\x89PNG")


class Own(keras.Model):
    """A network that Keras cannot make again: it does not say what it was made of."""

    def __init__(self, end):
        super().__init__()
        self.end = end

    def call(self, x):
        return self.end(keras.ops.reshape(x, (-1, 120)))


def test_a_network_that_cannot_be_copied_keeps_its_weights(images):
    own = Own(layers.Dense(1, activation="sigmoid"))
    own(images[:1])
    before = own.get_weights()
    own.input_shape = (None, *SHAPE)
    panel = ExplainPanel(own, images, methods=("saliency", "saliency"))
    assert "not measured: the network cannot be copied" in dict(panel.views["left"].rows)["random weights"]
    for old, new in zip(before, own.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_making_a_panel_leaves_the_network_and_the_notebooks_draws_alone(images):
    import random

    model = network()
    before, state = model.get_weights(), random.getstate()
    panel = ExplainPanel(model, images)
    assert random.getstate() == state
    assert panel._network is not model
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture
def watched(images, monkeypatch):
    """A panel in front of somebody whose maps wait until they are let go."""
    monkeypatch.setattr("medlab_widgets.explain_panel.has_front_end", lambda: True)
    let_go, measure = threading.Event(), map_evidence.measure

    def slow(*arguments, cancel, **options):
        while not (let_go.wait(0.01) or cancel.is_set()):
            pass
        return measure(*arguments, cancel=cancel, **options)

    monkeypatch.setattr(map_evidence, "measure", slow)
    panel = ExplainPanel(network(), images, methods=("saliency", "input_x_gradient"))
    yield panel, let_go
    let_go.set()
    panel.wait()


def test_cancel_and_compute_again(watched):
    panel, let_go = watched
    assert not panel.buttons["Cancel"].disabled
    panel.cancel().wait(10)
    assert panel.result() == {"left": {}, "right": {}}
    assert panel.views["left"].colors == b""
    assert panel.status.text == "not all is computed: press Compute to go on"
    let_go.set()
    panel.buttons["Compute"].click()
    panel.wait(60)
    assert set(panel.result()["right"]) == {"map", "deletion", "weights"}
    assert panel.status.text == "all is computed"
    assert panel.buttons["Cancel"].disabled
    assert panel.progress.value == panel.progress.max == 6


def test_the_newest_choice_is_the_one_that_is_computed(watched):
    panel, let_go = watched
    for case in (1, 2, 3):
        panel.controls["case"].value = case
    let_go.set()
    panel.wait(60)
    assert {asked.case for asked in panel._known} <= {0, 3}
    assert panel.result()["left"]["map"].x.tolist() == panel._images[3:].tolist()
    panel.choose(case=0).wait(60)
    told = panel.views["left"].colors
    panel.choose(case=3)
    assert panel.views["left"].colors not in (b"", told)  # at once: it is known already


def test_nothing_is_computed_beside_a_training(panel, images, monkeypatch):
    class Session:
        at_work, _thread = True, None

        def describe(self):
            return "training running"

    panel.choose(case=0, left="saliency", right="saliency")
    monkeypatch.setattr(background, "_active", Session())
    with pytest.raises(RuntimeError, match=r"another session is at work in this kernel \(training running\)"):
        panel.choose(case=3, left="smooth_grad")
    assert panel.views["left"].colors == b""
    with pytest.raises(RuntimeError, match="another session is at work"):
        ExplainPanel(network(), images)
    assert panel.choose(case=0, left="saliency").views["left"].colors  # what is known is shown


REFUSED = {
    "no network": (lambda x: ExplainPanel("nowhere", x), "nowhere has no model.json"),
    "another thing": (lambda x: ExplainPanel(3, x), "model must be a Keras network, a Run or the folder"),
    "channels first": (
        lambda x: ExplainPanel(network(), x.transpose(0, 3, 1, 2)),
        "channels, which come last",
    ),
    "two axes": (lambda x: ExplainPanel(network(), x[0, ..., 0]), r"got \(12, 10\)"),
    "none": (lambda x: ExplainPanel(network(), x[:0]), r"at least one image.*got \(0, 12, 10, 1\)"),
    "NaN": (lambda x: ExplainPanel(network(), np.full_like(x, np.nan)), "images must hold finite numbers"),
    "another size": (
        lambda x: ExplainPanel(network(), x[:, 1:]),
        r"shape \(N, 12, 10, 1\) for .* got \(1, 11",
    ),
    "gray values": (lambda x: ExplainPanel(network(), x.astype(int)), "must be normalized"),
    "labels": (lambda x: ExplainPanel(network(), x, labels=[0]), "labels must be 4 numbers from 0 to 1"),
    "a label of no class": (
        lambda x: ExplainPanel(network(), x, labels=[0, 1, 7, 0]),
        r"from 0 to 1, one for each image, got \[0, 1, 7, 0\]",
    ),
    "one-hot": (lambda x: ExplainPanel(network(), x, labels=np.eye(4)), "labels must be 4 numbers"),
    "names": (lambda x: ExplainPanel(network(), x, class_names="ab"), "class_names must be 2 different"),
    "a name twice": (
        lambda x: ExplainPanel(network(3, "softmax"), x, class_names=["a", "a", "b"]),
        "class_names must be 3 different names",
    ),
    "a name of the list": (
        lambda x: ExplainPanel(network(3, "softmax"), x, class_names=["the predicted class", "a", "b"]),
        "class_names must be 3 different names",
    ),
    "one method": (
        lambda x: ExplainPanel(network(), x, methods="saliency"),
        "methods must be the names of two",
    ),
    "no method": (
        lambda x: ExplainPanel(network(), x, methods=("salienc", "saliency")),
        "Did you mean 'saliency'",
    ),
    "a choice": (lambda x: ExplainPanel(network(), x, cases=1), "choice must be one of.*Did you mean 'case'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case, images):
    make, words = REFUSED[case]
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=words):
        make(images)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"case": 4}, "case must lie between 0 and 3"),
        ({"left": "deep_lift"}, "deep_lift is not offered"),
        ({"target": "malign"}, "target must be one of: benign, malignant.*Did you mean 'malignant'"),
        ({"target": 2}, "target must be one of: benign, malignant; got 2"),
        ({"layer": "frist"}, "Did you mean 'first'"),
        ({"baseline": "black"}, "baseline must be one of: zeros, mean, darkest, blurred"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(panel, choice, words):
    with pytest.raises(ValueError, match=words):
        panel.choose(**choice)


@pytest.mark.slow
def test_the_picture_is_small_also_of_large_noisy_images():
    noise = np.random.default_rng(0).normal(size=(1, 224, 200, 3)).astype(np.float32)
    image = keras.Input(noise.shape[1:])
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(1, activation="sigmoid")(pooled))
    panel = ExplainPanel(model, noise, methods=("saliency", "input_x_gradient"))
    assert len(panel.picture().to_png()) < 60_000


VECTORS = json.loads((Path(__file__).parents[1] / "js" / "map_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_vectors_that_the_page_is_held_to(vector):
    image, over = (np.reshape(vector[name], (-1, 4)).astype(float) for name in ("image", "map"))
    share = vector["opacity"] * over[:, 3:] / 255
    blended = image[:, :3] * (1 - share) + over[:, :3] * share
    np.testing.assert_allclose(np.reshape(vector["blended"], (-1, 4))[:, :3], blended, atol=0.5)


def test_python_and_the_page_call_the_measures_by_one_name(panel):
    panel.choose(case=0, left="saliency", right="saliency", target=1)
    named = [name for name, _ in panel.views["left"].rows]
    assert all(re.search(rf'^  "?{name}"?:$', str(MapView._esm), re.MULTILINE) for name in named)


def test_a_training_that_begins_makes_the_panel_step_aside(images, monkeypatch):
    panel = ExplainPanel(network(), images, left="occlusion")
    session = object()
    tick = map_evidence.measure

    def begin(*arguments, **options):
        monkeypatch.setattr(background, "active", lambda: session)
        return tick(*arguments, **options)

    monkeypatch.setattr(map_evidence, "measure", begin)
    monkeypatch.setattr(background, "check_free", lambda: None)
    panel.choose(case=2).wait()
    assert "map" not in panel.result()["right"], "nothing more was begun"
    assert panel.status.text.startswith("not all is computed: press Compute")


def test_a_map_without_anything_in_it_passes_no_test(images):
    blank = np.zeros((1, *SHAPE), np.float32)
    weights = evidence.randomized_weights("input_x_gradient", network(), blank, target=1)
    assert np.isnan(weights.table["correlation"]).all()
    assert not weights.passes
    panel = ExplainPanel(network(), blank, left="input_x_gradient", right="saliency")
    rows = dict(panel.views["left"].rows)
    assert rows["random weights"] == "not to be tested: the map is the same everywhere"
    assert "nan" not in rows["completeness error"]


def test_a_network_that_gives_no_numbers_shows_no_map(images):
    broken = network()
    broken.set_weights([np.full_like(weight, np.nan) for weight in broken.get_weights()])
    panel = ExplainPanel(broken, images, left="saliency")
    assert "must hold finite numbers" in panel.views["left"].problem
    assert panel.views["left"].values is None


def test_large_images_are_asked_about_few_at_a_time(images, monkeypatch):
    sizes = []
    monkeypatch.setattr(map_evidence, "attribute", lambda *_a, batch_size, **_o: sizes.append(batch_size))
    for side in (64, 256, 1024):
        asked = map_evidence.Asked("saliency", 0, None, None, "zeros")
        with pytest.raises(AttributeError):
            map_evidence.measure("map", None, asked, {}, np.zeros((1, side, side, 1)), "output")
    assert sizes == [64, 4, 1]
