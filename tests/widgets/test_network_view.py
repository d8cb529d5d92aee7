"""A network's layers: costs and maps by hand, graphs with branches, what follows a click, then refusals."""

import threading

import keras
import numpy as np
import pytest
from keras import layers

from medlab.models import cost
from medlab.training import background, fit
from medlab_widgets import ConvolutionExplorer, NetworkView

IMAGE = np.arange(30, dtype=np.float32).reshape(5, 6, 1)


@pytest.fixture(scope="module")
def network():
    """A convolution that adds three numbers of a row, and one that takes its negative, on 5 x 6 pixels."""
    inputs = keras.Input((5, 6, 1), name="image")
    sums = layers.Conv2D(2, (1, 3), use_bias=False, name="sums")
    network = keras.Model(inputs, layers.Dense(3, name="dense")(layers.Flatten(name="flat")(sums(inputs))))
    sums.set_weights([np.stack([np.ones((1, 3, 1)), -np.ones((1, 3, 1))], axis=-1)])
    return network


def test_layers_and_what_they_cost_by_hand(network):
    view = NetworkView(network)
    rows = [tuple(row.values()) for row in view.network["layers"]]
    assert rows == [
        ("image", "InputLayer", [5, 6, 1], 0, 0, []),
        ("sums", "Conv2D", [5, 4, 2], 6, 5 * 4 * 3 * 2, [0]),
        ("flat", "Flatten", [40], 0, 0, [1]),
        ("dense", "Dense", [3], 123, 120, [2]),
    ]
    assert vars(cost(network)) == {"weights": 129, "multiply_adds": 240}
    assert view.network["weights"] == 129
    assert repr(view) == f"<NetworkView: {network.name}, 4 layers; no image>"


def test_maps_by_hand_go_on_into_the_next_widget(network):
    view = NetworkView(network, IMAGE)
    maps = view.maps("sums")
    np.testing.assert_array_equal(maps[0, :, 0], [3, 6, 9, 12])  # 0 + 1 + 2, 1 + 2 + 3 and so on
    np.testing.assert_array_equal(maps[..., 1], -maps[..., 0])
    np.testing.assert_array_equal(view.maps("image"), IMAGE)
    np.testing.assert_array_equal(view.maps("flat"), maps.ravel())
    assert ConvolutionExplorer(maps).shape == [5, 4, 2]


def test_a_click_is_answered_with_gray_values_on_one_scale(network):
    view = NetworkView(network, IMAGE)
    view.wanted = {"layer": "sums", "page": 0, "asked": 7}  # as a page asks
    shown = view.shown
    assert (shown["asked"], shown["title"], shown["pages"]) == (7, "sums: maps 0 to 1 of 2", 1)
    gray = np.frombuffer(shown["pixels"], np.uint8).reshape(shown["shape"])
    assert gray.shape == (5, 9)  # two maps of 5 x 4, and a line between
    assert (gray[0, 0], gray[4, 3], gray[4, 8]) == (round(255 * (84 + 3) / 168), 255, 0)
    assert shown["span"] == [-84, 84]
    view.look("dense")
    assert view.shown["values"] == view.maps("dense").tolist()
    assert "pixels" not in view.shown


def test_many_maps_are_counted_and_come_a_page_at_a_time():
    network = keras.Sequential([keras.Input((5, 6, 1)), layers.Conv2D(20, 3, name="many")])
    view = NetworkView(network, IMAGE)
    assert view.shown["title"] == "many: maps 0 to 15 of 20"
    assert view.shown["shape"] == [15, 19]  # four rows of four maps of 3 x 4, with lines between
    view.look("many", page=1)
    assert view.shown["title"] == "many: maps 16 to 19 of 20"
    view.look("many", page=2)
    assert "page must lie between 0 and 1, got 2" in view.shown["problem"]
    view.look("nothing")
    assert "layer must be one of" in view.shown["problem"]
    assert "pixels" not in view.shown
    assert "must be one of" in repr(view)


def test_maps_are_of_the_weights_that_the_network_has_now(network):
    view = NetworkView(keras.models.clone_model(network), IMAGE)
    view._model.get_layer("sums").set_weights([np.zeros((1, 3, 1, 2))])
    view.look("sums")
    assert view.shown["span"] == [0, 0]


def test_branches_sums_and_layers_that_are_used_twice_are_drawn():
    inputs = keras.Input((6, 6, 2), name="image")
    twice = layers.Conv2D(2, 3, padding="same", name="twice")
    inner = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(2, 1), layers.ReLU()], name="inner")
    outputs = layers.Flatten(name="flat")(twice(twice(inputs)) + inner(inputs))
    view = NetworkView(keras.Model(inputs, outputs), np.ones((6, 6, 2)))
    rows = view.network["layers"]
    names = [row["name"] for row in rows]
    (added,) = (row for row in rows if row["kind"] == "Add")
    assert {names[parent] for parent in added["parents"]} == {"twice (2)", "inner"}
    assert {row["name"] for row in rows if row["parents"] == [0]} == {"twice", "inner"}
    assert all(parent < place for place, row in enumerate(rows) for parent in row["parents"])
    np.testing.assert_allclose(
        view.maps(added["name"]), view.maps("twice (2)") + view.maps("inner"), atol=1e-6
    )
    assert rows[names.index("inner")]["multiply_adds"] == 6 * 6 * 4


def test_a_run_takes_a_raw_image_and_a_volume_shows_its_middle(dataset, make_spots):
    small = keras.Sequential([keras.Input(dataset.image_shape), layers.Flatten(), layers.Dense(1, "sigmoid")])
    run = fit(small, dataset, scale="smoke", epochs=1, progress=False)
    raw = dataset.test.images[0]
    view = NetworkView(run, raw, title="SIMULATED spot")
    np.testing.assert_allclose(
        view.maps(view.network["layers"][0]["name"]), run.normalize(raw[np.newaxis])[0]
    )
    assert view.image["title"] == "SIMULATED spot"
    volumes = keras.Sequential([keras.Input((4, 5, 6, 1)), layers.Conv3D(3, 1, use_bias=False, name="c")])
    view = NetworkView(volumes, np.stack([IMAGE * n for n in range(4)]))
    assert view.maps("c").shape == (4, 5, 6, 3)
    assert (view.image["shape"], view.shown["shape"]) == ([5, 6], [5, 20])


def test_of_a_sequence_its_steps_are_rows_and_its_features_columns():
    network = keras.Sequential([keras.Input((5, 3)), layers.LSTM(2, return_sequences=True, name="states")])
    view = NetworkView(network, np.arange(15).reshape(5, 3))
    assert view.shown["title"] == "states: features 0 to 1 of 2"
    assert (view.image["shape"], view.shown["shape"]) == ([5, 3], [5, 2])
    assert view.network["layers"][1]["multiply_adds"] == 5 * 4 * 2 * (3 + 2)


def test_a_layer_that_gives_no_numbers_is_said(network):
    view = NetworkView(keras.models.clone_model(network), IMAGE)
    view._model.get_layer("sums").set_weights([np.full((1, 3, 1, 2), np.nan)])
    view.look("sums")
    assert "the output of sums must hold finite numbers, got 40 NaN" in view.shown["problem"]


def test_nobody_looks_while_a_training_is_at_work(network, monkeypatch):
    view = NetworkView(network, IMAGE)

    def busy():
        msg = "another session is at work"
        raise RuntimeError(msg)

    monkeypatch.setattr(background, "check_free", busy)
    view.look("sums")
    assert view.shown["problem"] == "another session is at work"


def test_two_threads_look_at_once_and_each_is_answered(network):
    view = NetworkView(network, IMAGE)
    threads = [threading.Thread(target=view.look, args=(name,)) for name in ("sums", "dense", "flat") * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert view.shown["asked"] == view.wanted["asked"] == 16
    assert view.shown["layer"] == view.wanted["layer"]


def test_pictures_are_small(network):
    assert len(NetworkView(network).picture().to_png()) < 60_000
    assert len(NetworkView(network, IMAGE).picture().to_png()) < 60_000


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.dense = layers.Flatten(), layers.Dense(2, name="two")

    def call(self, x):
        return self.dense(self.flat(keras.ops.relu(x)))


def test_a_subclassed_network_is_refused_with_a_way_that_works():
    network = Subclassed()
    network(IMAGE[np.newaxis])
    with pytest.raises(ValueError, match=r"built of layers .* x = keras.Input\(shape\), keras.Model\(x"):
        NetworkView(network)
    x = keras.Input((5, 6, 1))
    view = NetworkView(keras.Model(x, network.call(x)), IMAGE)
    assert [row["kind"] for row in view.network["layers"]] == ["InputLayer", "Relu", "Flatten", "Dense"]
    np.testing.assert_allclose(view.maps("two"), network(IMAGE[np.newaxis])[0], rtol=1e-5)


@pytest.mark.parametrize("model", ["a network", None, keras.Sequential([layers.Dense(2)])])
def test_what_is_no_built_network_is_refused(model):
    with pytest.raises(ValueError, match="model must be a Run, or a Keras network that is built"):
        NetworkView(model)


def test_two_inputs_are_refused():
    inputs = [keras.Input((3,)), keras.Input((3,))]
    with pytest.raises(ValueError, match="got a Functional with 2 inputs"):
        NetworkView(keras.Model(inputs, layers.Add()(inputs)))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (IMAGE[np.newaxis], r"the network's shape \(5, 6, 1\), got \(1, 5, 6, 1\). Of a batch: images\[0\]"),
        (IMAGE[:4], r"shape \(5, 6, 1\), got \(4, 6, 1\)"),
        (IMAGE[:0], r"shape \(5, 6, 1\), got \(0, 6, 1\)"),
        (IMAGE[..., 0], r"shape \(5, 6, 1\), got \(5, 6\)"),
        (np.full((5, 6, 1), np.nan), "image must hold finite numbers"),
    ],
)
def test_an_image_that_does_not_fit_is_refused(network, image, words):
    with pytest.raises(ValueError, match=words):
        NetworkView(network, image)


def test_without_an_image_there_are_no_maps(network):
    with pytest.raises(ValueError, match="none was given"):
        NetworkView(network).maps("sums")
