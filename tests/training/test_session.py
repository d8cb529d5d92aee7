"""A training in the background: paused, stopped, gone on with, failed, killed, and never two at once."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest

from medlab import models, training
from medlab.data import Dataset, Split
from medlab.training import background as sessions, checkpoint as checkpoints, random_states

pytestmark = pytest.mark.slow  # every test trains

OPTIONS = {"epochs": 3, "batch_size": 16, "averaging": 0.9, "seed": 3, "progress": False}


def spots(rng, count):
    images = rng.integers(0, 100, (count, 16, 18, 1)).astype(np.uint8)
    labels = np.arange(count) % 2
    images[labels == 1, 4:9, 5:10] += 60
    return Split(images, labels)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    return Dataset("spots", spots(rng, 128), spots(rng, 20), spots(rng, 20), "binary", ("dark", "spot"), 1)


def network(dataset):
    return models.build("screening_cnn", dataset, width=8, dropout=0.3, seed=0)


class At(keras.callbacks.Callback):
    """Does something after so many batches, in the thread that trains."""

    def __init__(self, batch, action):
        super().__init__()
        self.left, self.action = batch, action

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.action()


def session(dataset, folder, *callbacks, **options):
    return training.TrainSession(
        network(dataset), dataset, checkpoint=folder, callbacks=callbacks, **{**OPTIONS, **options}
    )


@pytest.fixture(scope="module")
def whole(dataset):
    return training.fit(network(dataset), dataset, **OPTIONS)


def same(run, whole):
    assert run.history["epoch"].tolist() == whole.history["epoch"].tolist()
    np.testing.assert_allclose(run.history["loss"], whole.history["loss"], rtol=1e-5)
    for weight, expected in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)


def test_a_session_does_what_fit_does(dataset, whole, tmp_path):
    background = session(dataset, tmp_path)
    assert background.state == "idle"
    assert background.start() is background
    assert background.wait().state == "done"
    same(background.result(), whole)
    now = background.snapshot()
    assert (now["epoch"], now["epochs"], now["batches"], now["seconds_left"]) == (3, 3, 8, 0.0)
    assert now["best_epoch"] == whole.best_epoch
    assert [row["loss"] for row in now["rows"]] == whole.history["loss"].tolist()
    assert "training done; a checkpoint of 3 epochs lies in" in repr(background)


@pytest.mark.parametrize("batch", [1, 5, 7, 11, 23])
def test_stopped_anywhere_and_resumed_it_ends_as_if_it_had_never_stopped(dataset, whole, tmp_path, batch):
    background = session(dataset, tmp_path)
    background.callbacks = [At(batch, background.stop)]
    background.start().wait()
    done = background.snapshot()
    # Within one batch of the one at which it was asked.
    assert 8 * (done["epoch"] - 1) + done["batch"] <= batch + 1
    if batch == 23:  # the one after it is the last of all
        assert background.state == "done"
    else:
        assert background.state == "stopped"
        with pytest.raises(
            RuntimeError, match=r"no result yet: training stopped, epoch \d of 3.*wait\(\) for it"
        ):
            background.result()
        background.callbacks = []
        background.resume().wait()
    same(background.result(), whole)


def test_a_new_session_goes_on_from_the_disk(dataset, whole, tmp_path):
    first = session(dataset, tmp_path)
    first.callbacks = [At(10, first.stop)]
    first.start().wait()
    assert checkpoints.checkpoint_in(tmp_path) == "a checkpoint of 1 epoch and 3 batches"
    second = session(dataset, tmp_path)
    with pytest.raises(
        FileExistsError, match=r"a checkpoint of 1 epoch and 3 batches lies in .*resume=True\) goes"
    ):
        second.start()
    assert second.start(resume=True).wait().state == "done"
    same(second.result(), whole)


def test_a_paused_session_stands_still_and_goes_on(dataset, whole, tmp_path):
    reached = threading.Event()
    background = session(dataset, tmp_path)

    def pause():
        background.pause()
        reached.set()

    background.callbacks = [At(4, pause)]
    background.start()
    assert reached.wait(60)
    assert background._control.waiting.wait(60)
    assert background.state == "paused"
    before = background.snapshot()
    assert background.wait(timeout_s=0.3).snapshot()["batch"] == before["batch"]
    assert before["seconds_left"] is None
    assert "training paused, epoch 1 of 3, batch 5 of 8" in background.describe()
    # A pause is no work, also while it lasts.
    assert background.snapshot()["seconds"] - before["seconds"] < 0.1
    assert background.resume().wait().state == "done"
    same(background.result(), whole)


def test_a_paused_session_can_be_stopped(dataset, tmp_path):
    background = session(dataset, tmp_path)
    background.callbacks = [At(2, background.pause)]
    background.start()
    assert background._control.waiting.wait(60)
    assert background.stop().wait().state == "stopped"


def test_two_sessions_at_once_are_refused(dataset, tmp_path):
    first, second = session(dataset, tmp_path / "a"), session(dataset, tmp_path / "b")
    first.callbacks = [At(2, first.pause)]
    first.start()
    assert first._control.waiting.wait(60)
    with pytest.raises(
        RuntimeError, match=r"another session is at work in this kernel \(training paused, epoch 1"
    ):
        second.start()
    assert second.state == "idle"
    first.stop().wait()
    assert second.start().wait().state == "done"


def test_what_goes_wrong_is_shown_and_raised_where_somebody_waits(dataset, tmp_path, capsys):
    def fail():
        msg = "no such nodule"
        raise LookupError(msg)

    background = session(dataset, tmp_path, At(3, fail)).start()
    with pytest.raises(LookupError, match="no such nodule"):
        background.wait()
    with pytest.raises(LookupError, match="no such nodule"):
        background.result()
    assert background.state == "failed"
    assert "LookupError: no such nodule" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="only a paused or stopped session can go on, this one is failed"):
        background.resume()
    with pytest.raises(RuntimeError, match="can start once, this one is failed"):
        background.start()


def test_an_interrupt_stops_cleanly_and_goes_through(dataset, tmp_path, monkeypatch, capsys):
    background = session(dataset, tmp_path)
    background.callbacks = [At(2, background.pause)]
    background.start()
    assert background._control.waiting.wait(60)
    wait, calls = background._at_rest.wait, []

    def interrupted(timeout=None):
        calls.append(timeout)
        if len(calls) == 1:
            raise KeyboardInterrupt
        wait(timeout)

    monkeypatch.setattr(background._at_rest, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        background.wait()
    assert background.state == "stopped"
    assert "a checkpoint of 0 epochs and 3 batches lies in" in capsys.readouterr().err


def test_unknown_options_are_refused_before_anything_starts(dataset):
    with pytest.raises(ValueError, match=r"option of TrainSession must be one of.*got 'epoch'.*'epochs'"):
        training.TrainSession(network(dataset), dataset, epoch=3)
    with pytest.raises(ValueError, match="option of TrainSession"):
        training.TrainSession(network(dataset), dataset, resume=True)


def test_a_damaged_checkpoint_is_told(tmp_path):
    assert checkpoints.checkpoint_in(tmp_path) == ""
    (tmp_path / "state.npz").write_bytes(b"not a checkpoint")
    assert checkpoints.checkpoint_in(tmp_path) == "a damaged checkpoint"


def test_a_worker_thread_has_the_callers_precision(dataset, tmp_path):
    seen = []
    background = session(dataset, tmp_path)
    background.callbacks = [At(1, lambda: seen.append(keras.config.dtype_policy().name))]
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        background.start().wait()
    finally:
        keras.config.set_dtype_policy(previous)
    assert seen == ["mixed_bfloat16"]


SCRIPT = """
import os, signal, sys
import numpy as np
sys.path.insert(0, {here!r})
from test_session import *
rng = np.random.default_rng(0)
data = Dataset("spots", spots(rng, 128), spots(rng, 20), spots(rng, 20), "binary", ("dark", "spot"), 1)
background = session(data, {folder!r}, epochs=200)
reached = threading.Event()
background.callbacks = [At(20, reached.set)]
background.start()
reached.wait(120)
{end}
print("the main thread ends")
"""


@pytest.mark.parametrize("end", ["leave", "kill"])
def test_python_ends_cleanly_and_a_kill_leaves_the_last_checkpoint(dataset, tmp_path, end):
    words = {"leave": "", "kill": "os.kill(os.getpid(), signal.SIGKILL)"}[end]
    script = SCRIPT.format(here=str(Path(__file__).parent), folder=str(tmp_path), end=words)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == (0 if end == "leave" else -signal.SIGKILL), done.stderr[-2000:]
    there = checkpoints.checkpoint_in(tmp_path)
    assert there.startswith("a checkpoint of 2 epochs")
    assert ("batches" in there) == (end == "leave")
    with pytest.raises(FileExistsError, match="a checkpoint of 2 epochs"):
        session(dataset, tmp_path, epochs=200).start()


class Holder(keras.layers.Layer):
    """Keeps random layers in a dict, and draws from a generator of another name."""

    def __init__(self):
        super().__init__()
        self.parts = {"inner": [keras.layers.Dropout(0.3), keras.layers.GaussianNoise(0.1)]}
        self.source_of_noise = keras.random.SeedGenerator(3)

    def call(self, x, training=False):
        for part in self.parts["inner"]:
            x = part(x, training=training)
        if not training:
            return x
        seed = self.source_of_noise
        if keras.config.backend() != "jax":  # there Keras refuses to draw without one
            x = x + keras.random.normal(keras.ops.shape(x), stddev=0.05)
        return x + keras.random.normal(keras.ops.shape(x), stddev=0.05, seed=seed)


def network_of_random_layers():
    """Has every kind of random layer: nested, wrapped, recurrent, in a dict, with a generator of its own."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 18, 1))
    x = layers.RandomFlip()(layers.Rescaling(0.01)(image))
    x = keras.Sequential([keras.Sequential([layers.SpatialDropout2D(0.2)]), layers.RandomContrast(0.2)])(x)
    x = layers.Reshape((16, 18))(Holder()(x))
    x = layers.MultiHeadAttention(2, 4, dropout=0.3)(x, x)
    x = layers.TimeDistributed(layers.Dropout(0.2))(x)
    x = layers.Bidirectional(layers.LSTM(5, dropout=0.2, recurrent_dropout=0.2))(x)
    return keras.Model(image, layers.Dense(1, activation="sigmoid")(x))


RANDOM = {**OPTIONS, "epochs": 2, "batch_size": 32, "augment": False}


def resumes_with_random_layers(dataset, folder):
    """Stop in the middle of the first epoch and at its end; a new network of another name goes on."""
    whole = training.fit(network_of_random_layers(), dataset, **RANDOM)
    for batch in (1, 4):
        first = training.TrainSession(
            network_of_random_layers(), dataset, checkpoint=f"{folder}/{batch}", **RANDOM
        )
        first.callbacks = [At(batch, first.stop)]
        assert first.start().wait().state == "stopped"
        second = training.TrainSession(
            network_of_random_layers(), dataset, checkpoint=f"{folder}/{batch}", **RANDOM
        )
        assert second.start(resume=True).wait().state == "done"
        same(second.result(), whole)


def test_random_layers_of_every_kind_go_on_as_if_never_stopped(dataset, tmp_path):
    resumes_with_random_layers(dataset, tmp_path)


def test_two_random_layers_draw_for_themselves(dataset):
    image = keras.Input((16, 18, 1))
    model = keras.Model(image, keras.layers.Dropout(0.5)(keras.layers.Dropout(0.5)(image)))
    random_states.begin(model, 3, 0)
    first, second = (layer.seed_generator.state for layer in model.layers[1:])
    assert keras.ops.convert_to_numpy(first).tolist() == [3, 1]
    assert keras.ops.convert_to_numpy(second).tolist() != [3, 1]


@pytest.mark.parametrize("source", [np.random.default_rng(0), np.random, random.Random(0), random])
def test_a_layer_with_a_generator_that_nobody_can_keep_is_refused(dataset, tmp_path, source):
    class Strange(keras.layers.Layer):
        def call(self, x):
            return x + source.random()

    keras.utils.set_random_seed(0)
    image = keras.Input((16, 18, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.Sequential([Strange(name="strange")])(image))
    last = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones")
    model = keras.Model(image, last(x))
    with pytest.raises(
        ValueError, match=r"random layers must draw from a keras.random.SeedGenerator.*by one of strange\."
    ):
        training.fit(model, dataset, checkpoint=tmp_path, **OPTIONS)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_on_other_backends_too(tmp_path, backend, run_on):
    script = (
        SCRIPT.split("background =")[0]
        + """
whole = training.fit(network(data), data, **OPTIONS)
for batch in (3, 12):
    background = session(data, {folder!r} + str(batch))
    background.callbacks = [At(batch, background.stop)]
    assert background.start().wait().state == "stopped", background
    background.callbacks = []
    assert background.resume().wait().state == "done"
    same(background.result(), whole)
resumes_with_random_layers(data, {folder!r})
training.fit(network(data), data, **{{**OPTIONS, "epochs": 1, "seed": 2**32 - 1}})
"""
    )
    script = script.format(here=str(Path(__file__).parent), folder=str(tmp_path / "at"))
    run_on(backend, script)


def test_no_session_is_left_at_work():
    assert sessions.active() is None
