"""The same adversarial step on TensorFlow, PyTorch and JAX: one process each, results held side by side."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BACKENDS = ("tensorflow", "torch", "jax")

# Weights are drawn in NumPy, so that every backend starts from the same numbers.
SCRIPT = """
import json, sys
from pathlib import Path
import keras
import numpy as np
from medlab import backend, models
from medlab.training.gan import GAN, Inpainter, load
from medlab.training.gan.image_batches import ImageBatches

m, shape = models.gan, (16, 16, 1)
rng = np.random.default_rng(0)
images, labels = rng.uniform(-1, 1, (24, *shape)), np.arange(24) % 2

def fill(model):
    numbers = np.random.default_rng(1)
    for v in model.weights:
        if "kernel" in v.path or "singular" in v.path:
            v.assign(numbers.normal(0, 0.2, v.shape).astype("float32"))
        elif "variance" not in v.path:
            # Offsets too: an exact zero would leave activations on the corner of a ReLU.
            v.assign(numbers.normal(0.3, 0.1, v.shape).astype("float32"))
    return model

def sgd(adversary):
    adversary.optimizers = [keras.optimizers.SGD(0.01) for _ in adversary.players]
    for optimizer, network in zip(adversary.optimizers, adversary.players.values()):
        optimizer.build(network.trainable_variables)
    return adversary

usual = {"rates": (0.01, 0.01), "averaging": 0.9}
critic, tiny = m.critic, {"width": 4}
CASES = {
    "default": GAN(fill(m.generator(shape, 8, 2, **tiny)), fill(critic(shape, 2, **tiny)), **usual),
    "spectral": GAN(
        fill(m.generator(shape, 8, 2, **tiny)),
        fill(critic(shape, 2, normalization="spectral", **tiny)), "hinge",
        augment=("flip", "color", "translation", "cutout"), **usual,
    ),
    "minimax": GAN(fill(m.generator(shape, 8, **tiny)), fill(critic(shape, **tiny)), "minimax", **usual),
    "wasserstein": GAN(
        fill(m.generator(shape, 8, **tiny)), fill(critic(shape, normalization="none", **tiny)),
        "wasserstein", critic_steps=2, augment=("flip",), **usual,
    ),
    "repair": Inpainter(
        fill(m.inpainter(shape, **tiny)), fill(critic((16, 16, 2), **tiny)), adversarial=0.1, **usual
    ),
}
results = {"backend": backend.name()}
for name, gan in CASES.items():
    sgd(gan)
    real = ImageBatches(
        images, labels if gan.classes else None, classes=gan.classes, shape=shape, batch_size=8, seed=5
    )
    critics, batch = gan.batches(real, 0)
    facts, gradients = {}, {}
    both = {"generator": {**batch, "momentum": np.float32(0.5)}, "critic": critics[0]}
    for number, (player, its) in enumerate(both.items()):
        # A step of plain SGD at rate 10 moves the weights by 10 gradients.
        before = gan.state()
        trainable = [v.trainable for v in getattr(gan, player).variables]
        gan.optimizers[number].learning_rate = 10.0
        facts |= {name: float(value) for name, value in gan._step(player)(its).items()}
        moved = [(old - new) / 10 for old, new in zip(before[player], gan.state()[player])]
        gradients[player] = [array.ravel().tolist() for array, learns in zip(moved, trainable) if learns]
        gan.restore(before)
    stepped = {k: float(v) for k, v in gan.step(critics, batch).items()}
    weights = {k: [w.ravel().tolist() for w in v] for k, v in gan.state().items() if not k.endswith("slots")}
    results[name] = {"facts": facts, "gradients": gradients, "stepped": stepped, "weights": weights}

folder = Path(sys.argv[1])
if backend.name() == "tensorflow":
    Inpainter(gan.generator, gan.critic, adversarial=0.1, **usual).save(folder)
mask = np.zeros((16, 16)); mask[4:9, 4:9] = 1
results["repaired"] = load(folder).repair(images[:2], mask).ravel().tolist()

def adam():
    return GAN(m.point_generator(width=32, seed=1), m.point_critic(width=32, seed=2), "nonsaturating",
               rates=(2e-3, 2e-3), averaging=0.9, decay=0)
points = np.random.default_rng(3).normal(2, 0.5, (64, 2))
gan = adam()
gan.fit(points, steps=400, progress=False)
results["mean"] = gan.sample(500).mean(axis=0).tolist()

from keras.callbacks import Callback
class Stop(Callback):
    def on_train_batch_end(self, step, logs=None):
        self.model.stop_training = step == 3
whole, cut, rest = adam(), adam(), adam()
whole.fit(points, steps=6, progress=False)
cut.fit(points, steps=6, progress=False, checkpoint=sys.argv[2], callbacks=[Stop()])
rest.fit(points, steps=6, progress=False, checkpoint=sys.argv[2], resume=True)
results["apart"] = float(np.abs(whole.sample(50) - rest.sample(50)).max())
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    by_backend = {}
    saved = tmp_path_factory.mktemp("saved")
    for backend in BACKENDS:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(saved), str(tmp_path_factory.mktemp(backend))],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"adversarial training on {backend} failed:\n{done.stderr[-3000:]}")
        by_backend[backend] = json.loads(done.stdout.splitlines()[-1])
    return by_backend


def apart(arrays, expected):
    """Largest difference relative to the largest number of each array, over all arrays."""
    worst = 0.0
    for a, b in zip(arrays, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        worst = max(worst, np.abs(a - b).max() / max(np.abs(b).max(), 1e-3))
    return worst


CASES = ("default", "spectral", "minimax", "wasserstein", "repair")


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_agree(results, backend, case):
    result, expected = results[backend][case], results["tensorflow"][case]
    for key in ("facts", "stepped"):
        assert result[key] == pytest.approx(expected[key], rel=1e-4, abs=1e-5)
    for player in ("critic", "generator"):
        assert apart(result["gradients"][player], expected["gradients"][player]) < 1e-4


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("case", CASES)
def test_weights_after_a_step_agree(results, backend, case):
    weights, expected = results[backend][case]["weights"], results["tensorflow"][case]["weights"]
    assert set(weights) == {"generator", "critic", "average"}
    for name in weights:
        assert apart(weights[name], expected[name]) < 1e-4


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_learns_and_resumes(results, backend):
    assert results[backend]["backend"] == backend
    assert np.abs(np.array(results[backend]["mean"]) - 2).max() < 0.5
    assert results[backend]["apart"] < 1e-5


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_what_one_backend_saved_another_uses(results, backend):
    np.testing.assert_allclose(results[backend]["repaired"], results["tensorflow"]["repaired"], atol=1e-4)
