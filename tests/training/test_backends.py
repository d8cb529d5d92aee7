"""The same training on TensorFlow, PyTorch and JAX: one process each, results held side by side."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BACKENDS = ("tensorflow", "torch", "jax")

# Makes the first weights in NumPy, so that every backend starts from the same numbers.
SCRIPT = """
import json, sys
import numpy as np
from medlab import models, training
from medlab.data import Dataset, Split

def spots(rng, count):
    images = rng.integers(0, 100, (count, 16, 18, 1)).astype(np.uint8)
    labels = np.arange(count) % 2
    images[labels == 1, 4:9, 5:10] += 60
    return Split(images, labels)

rng = np.random.default_rng(0)
dataset = Dataset("spots", spots(rng, 64), spots(rng, 20), spots(rng, 20), "binary", ("dark", "spot"), 1)

def start(dropout=0.0):
    model = models.build("screening_cnn", dataset, width=8, dropout=dropout)
    numbers = np.random.default_rng(1)
    kernels = [w for w in model.weights if "kernel" in w.name]
    for weight in kernels:
        weight.assign(numbers.normal(0, 0.15, weight.shape).astype("float32"))
    return model

options = dict(epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.01, progress=False, seed=3)
model = start()
before = models.predict(model, lambda x: x / 255, dataset.test.images)
run = training.fit(model, dataset, **options)
learned = training.fit(start(), dataset, **{**options, "epochs": 10, "learning_rate": 0.05})

class Stop(__import__("keras").callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt

try:
    training.fit(start(0.3), dataset, checkpoint=sys.argv[1], callbacks=[Stop()], **options)
except KeyboardInterrupt:
    pass
whole = training.fit(start(0.3), dataset, **options)
resumed = training.fit(start(0.3), dataset, checkpoint=sys.argv[1], resume=True, **options)
print(json.dumps({
    "backend": run.backend,
    "before": before.tolist(),
    "loss": run.history["loss"].tolist(),
    "val_loss": run.history["val_loss"].tolist(),
    "after": run.predict(dataset.test.images).tolist(),
    "whole": whole.predict(dataset.test.images).tolist(),
    "resumed": resumed.predict(dataset.test.images).tolist(),
    "val_auc": learned.history["val_auc"].max(),
}))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    by_backend = {}
    for backend in BACKENDS:
        folder = tmp_path_factory.mktemp(backend)
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"training on {backend} failed:\n{done.stderr[-3000:]}")
        by_backend[backend] = json.loads(done.stdout.splitlines()[-1])
    return by_backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_is_the_one_asked_for_and_learns(results, backend):
    assert results[backend]["backend"] == backend
    assert results[backend]["val_auc"] > 0.9


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_the_same_weights_give_the_same_probabilities(results, backend):
    np.testing.assert_allclose(
        results[backend]["before"], results["tensorflow"]["before"], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_the_same_batches_give_the_same_losses_and_the_same_network(results, backend):
    for key in ("loss", "val_loss", "after"):
        np.testing.assert_allclose(results[backend][key], results["tensorflow"][key], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(results, backend):
    np.testing.assert_allclose(results[backend]["resumed"], results[backend]["whole"], rtol=1e-4, atol=1e-5)
