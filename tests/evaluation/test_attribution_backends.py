"""The same weights give the same maps on TensorFlow, PyTorch and JAX, in single and in double precision."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BACKENDS = ("tensorflow", "torch", "jax")
PRECISIONS = ("float32", "float64")

SCRIPT = """
import os, sys
import numpy as np
path, precision, saved = sys.argv[1:]
if precision == "float64":
    os.environ["JAX_ENABLE_X64"] = "1"
import keras
from keras import layers
from medlab import evaluation

keras.config.set_floatx(precision)

def network():
    # Smooth everywhere: a maximum or a ReLU has two right slopes where there is a tie.
    image, clinical = keras.Input((20, 16, 1), name="image"), keras.Input((3,), name="clinical")
    x = image
    for number in range(3):
        x = layers.Conv2D(4 << number, 3, padding="same", activation="silu", name=f"convolution_{number}")(x)
        if precision == "float32":
            x = layers.BatchNormalization(name=f"normalization_{number}")(x)
        if number < 2:
            x = layers.AveragePooling2D(2, name=f"pooling_{number}")(x)
    if precision == "float32":
        pooled = layers.GlobalAveragePooling2D(name="average")(x)
        logit = layers.Dense(1, name="logit")(layers.Concatenate(name="joined")([pooled, clinical]))
    else:
        # Normalization, means, matrix products and some activations count in single precision in Keras on
        # torch and JAX, whatever the policy says; convolutions and windows do not.
        pooled = layers.AveragePooling2D((5, 4), name="average")(x)
        joined = layers.Concatenate(name="joined")([pooled, layers.Reshape((1, 1, 3))(clinical)])
        logit = layers.Flatten(name="logit")(layers.Conv2D(1, 1, name="weights")(joined))
    return keras.Model([image, clinical], layers.Activation("sigmoid", name="probability")(logit))

model = network()
rng = np.random.default_rng(0)
for weight in model.weights:
    numbers = rng.normal(0, 0.5, weight.shape)
    weight.assign(np.abs(numbers) + 0.5 if "variance" in weight.name else numbers)
if os.path.exists(saved):
    other = keras.models.load_model(saved, compile=False)
    for mine, theirs in zip(model.weights, other.weights):
        assert np.allclose(mine, theirs, atol=1e-7), "the saved model has the same weights"
    model = other
elif precision == "float32":
    model.save(saved)

x = [rng.normal(size=(3, 20, 16, 1)).astype(precision), rng.normal(size=(3, 3)).astype(precision)]
results = {}
for method in evaluation.attribution.METHODS:
    # Few: each pass through the network is the same code.
    options = {"kernel_shap": {"samples": 30}, "feature_ablation": {"segments": 10}}.get(method, {})
    result = evaluation.attribute(method, model, x, on="logit", seed=1, **options)
    maps = result.map if isinstance(result.map, tuple) else (result.map,)
    for number, map_of_input in enumerate(maps):
        results[f"{method}/{number}"] = map_of_input
    results[f"{method}/output"] = result.output
    if result.completeness_error is not None:
        results[f"{method}/error"] = result.relative_error

class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.maps = layers.Conv2D(4, 3, padding="same", activation="silu", name="maps")
        self.inner = keras.Sequential([layers.AveragePooling2D((10, 8)), layers.Flatten()], name="inner")
        self.end = layers.Conv1D(2, 4, activation="sigmoid", name="end")

    def call(self, image, training=False):
        return self.end(self.inner(self.maps(image))[:, :, None])[:, 0]

# Other forms: a sequence, a volume slice by slice, a subclassed network, a segmentation.
forms = {}
if precision == "float32":
    from medlab import models
    forms["attended"] = (models.gru((7, 2), width=6, pooling="attention"), (7, 2), {"on": "logit"})
    forms["screening_cnn"] = (models.screening_cnn((32, 28, 1), width=8), (32, 28, 1), {"on": "logit"})
    forms["volume"] = (models.cnn_lstm((3, 16, 20, 1), width=4), (3, 16, 20, 1), {"on": "logit"})
forms["subclassed"] = (Subclassed(), (10, 8, 1), {"target": 1, "layer": "maps"})
image = keras.Input((10, 8, 1))
maps = layers.Conv2D(3, 3, padding="same", activation="softmax")(image)
forms["segmentation"] = (keras.Model(image, maps), (10, 8, 1), {"target": 2, "region": np.eye(10, 8) > 0})
for name, (model, shape, asked) in forms.items():
    image = rng.normal(size=(2, *shape)).astype(precision)
    model(image)
    for weight in model.weights:
        if "seed" not in weight.path:
            numbers = rng.normal(0, 0.3, weight.shape)
            weight.assign(np.abs(numbers) + 0.5 if "variance" in weight.path else numbers)
    layer = asked.pop("layer", None)
    # A method with gradients and one without; all others have seen the network above.
    for method in ("integrated_gradients", "occlusion"):
        # Large patches: occlusion is a small difference of large numbers, whose last digits are not alike.
        options = {"patch": 8} if (name, method) == ("volume", "occlusion") else {}
        results[f"{name} {method}"] = evaluation.attribute(method, model, image, **asked, **options).map
    if layer or name == "screening_cnn":
        results[f"{name} grad_cam"] = evaluation.attribute("grad_cam", model, image, layer=layer, **asked).map
np.savez(path, **results)
"""


@pytest.fixture(scope="module")
def maps_of(tmp_path_factory):
    """A function of precision and backend: each pair runs once, in the first test that asks for it."""
    folder = tmp_path_factory.mktemp("maps")

    @functools.cache
    def run(precision, backend):
        path = folder / f"{precision}_{backend}.npz"
        command = [sys.executable, "-c", SCRIPT, str(path), precision, str(folder / f"{precision}.keras")]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"attribution on {backend} failed:\n{done.stderr[-3000:]}")
        with np.load(path) as file:
            return dict(file)

    return run


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_integrated_gradients_add_up_on_every_backend(maps_of, precision, backend):
    results = maps_of(precision, backend)
    assert results["integrated_gradients/error"].max() <= 1e-2
    assert results["gradient_shap/error"].max() <= 1


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_maps_are_the_same_on_every_backend(maps_of, precision, backend):
    there, here = maps_of(precision, "tensorflow"), maps_of(precision, backend)
    assert here.keys() == there.keys()
    for name, map_there in there.items():
        if not name.endswith("/error"):
            difference = np.abs(here[name] - map_there).max() / np.abs(map_there).max()
            bound = {"float32": 2e-4 if "occlusion" in name else 1e-4, "float64": 1e-8}[precision]
            if name.startswith("screening_cnn"):
                # Where ReLU or a maximum has a kink, rounding decides which of two right gradients is taken:
                # at most 1.6e-3 with twelve seeds at this size, 3e-3 at 96 x 96.
                bound = 5e-3
            assert difference <= bound, f"{name}: {difference:.1e}"
