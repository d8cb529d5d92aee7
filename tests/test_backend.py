"""Choosing a backend, without and with Keras in the process."""

import importlib.util
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from medlab import backend


def test_the_variable_decides_before_keras_is_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert backend.name() == "jax"


def test_keras_own_settings_file_decides_without_the_variable(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert backend.name() == "tensorflow"
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    assert backend.name() == "torch"
    (tmp_path / "keras.json").write_text("{ damaged")
    assert backend.name() == "tensorflow"


def test_a_backend_is_chosen_while_keras_is_not_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    backend.choose("torch")
    assert backend.name() == "torch"


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match=r"backend must be one of: tensorflow, torch, jax; got 'pytorch'"):
        backend.choose("pytorch")


def test_a_backend_that_is_not_installed_is_refused_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError, match=r"'jax' is not installed\. .*pip install -c constraints.txt '.\[jax\]'"
    ):
        backend.choose("jax")


@pytest.mark.slow
def test_changing_the_backend_of_a_loaded_keras_is_refused():
    script = "import keras\nfrom medlab import backend\nbackend.choose('jax')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (
        "RuntimeError: Keras already runs on tensorflow in this process and cannot change to jax"
        in done.stderr
    )
    assert "Restart the kernel" in done.stderr


@pytest.mark.slow
def test_one_seed_reaches_python_numpy_and_keras():
    import keras

    def draw():
        backend.seed_everything(7)
        return random.random(), np.random.random(), float(keras.random.uniform((1,))[0])  # noqa: NPY002

    assert draw() == draw()


@pytest.mark.slow
def test_devices_begin_with_the_cpu():
    assert backend.devices()[0].startswith("CPU (")
    backend.use_gpu_memory_as_needed()


@pytest.mark.slow
@pytest.mark.parametrize(("level", "is_quiet"), [(None, True), ("0", False)])
def test_tensorflow_starts_and_compiles_again_without_a_red_line_unless_it_is_asked_for_them(level, is_quiet):
    script = """if True:
        from medlab import backend
        backend.load_keras()
        import keras, numpy as np
        for images in range(1, 8):  # TensorFlow complains of the fifth
            model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            model.predict(np.ones((images, 2)), verbose=0)
    """
    environment = {name: text for name, text in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"KERAS_BACKEND": "tensorflow"} | ({"TF_CPP_MIN_LOG_LEVEL": level} if level else {})
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stderr == "") is is_quiet, done.stderr
