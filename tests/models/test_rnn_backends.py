"""Recurrent networks on TensorFlow, PyTorch and JAX: one process each, results held side by side."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BACKENDS = ("tensorflow", "torch", "jax")

SCRIPT = """
import json, sys
import keras, numpy as np
from medlab import backend, models, training
from medlab.data import Dataset, Split

def split(rng, count, *shape):
    images = rng.normal(size=(count, *shape)).astype("float32")
    labels = np.arange(count) % 2
    images[labels == 1, 0] += 1.0
    return Split(images, labels)

def data(*shape):
    rng = np.random.default_rng(0)
    return Dataset("steps", *(split(rng, n, *shape) for n in (48, 16, 16)), "binary", ("a", "b"), 1)

def numbers(model):
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if "kernel" in weight.name:
            weight.assign(rng.normal(0, 0.3, weight.shape).astype("float32"))
    return model

results = {"backend": backend.name()}
cases = {
    "simple_rnn": (data(6, 2), {}), "lstm": (data(6, 2), {"pooling": "attention"}), "gru": (data(6, 2), {}),
    "bidirectional_lstm": (data(6, 2), {}), "cnn_lstm": (data(5, 16, 16, 1), {"pooling": "attention"}),
}
for name, (dataset, options) in cases.items():
    model = numbers(models.build(name, dataset, width=4, **options))
    inputs = dataset.test.images
    before = models.predict(model, lambda x: x, inputs)
    gradients = models.input_gradients(model, inputs[:4])
    run = training.fit(model, dataset, epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.01,
                       progress=False, seed=3)
    folder = models.save(sys.argv[1] + "/" + name, run.model, dataset, run.normalization)
    again = models.load(folder).predict(inputs)
    results[name] = {"before": before.tolist(), "gradients": gradients.tolist(),
                   "loss": run.history["loss"].tolist(),
                   "after": run.predict(inputs).tolist(), "again": again.tolist()}
print(json.dumps(results))
"""

NAMES = ("simple_rnn", "lstm", "gru", "bidirectional_lstm", "cnn_lstm")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    by_backend = {}
    for backend in BACKENDS:
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path_factory.mktemp(backend))],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"recurrent networks on {backend} failed:\n{done.stderr[-3000:]}")
        by_backend[backend] = json.loads(done.stdout.splitlines()[-1])
        assert by_backend[backend]["backend"] == backend
    return by_backend


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_weights_give_the_same_answers_gradients_and_steps(results, backend, name):
    ours, theirs = results[backend][name], results["tensorflow"][name]
    np.testing.assert_allclose(ours["before"], theirs["before"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours["gradients"], theirs["gradients"], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-3)
    np.testing.assert_allclose(ours["after"], theirs["after"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_model_folder_gives_the_same_answers(results, backend, name):
    np.testing.assert_allclose(results[backend][name]["again"], results[backend][name]["after"], atol=1e-5)
