"""Keras' backend: its name, its devices, and the seed of all generators.

Nothing here imports Keras before a function needs it. One backend per process: Keras reads
``KERAS_BACKEND`` once, when it is first imported.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from medlab import checks

BACKENDS = ("tensorflow", "torch", "jax")


def name() -> str:
    """Return the backend that Keras runs on, or will run on once it is imported.

    Returns
    -------
    backend : "tensorflow", "torch" or "jax"

    Notes
    -----
    The order is Keras' own: a loaded Keras, the variable ``KERAS_BACKEND``, ``~/.keras/keras.json``
    (or the folder ``KERAS_HOME``), then TensorFlow.
    """
    if "keras" in sys.modules:
        return str(sys.modules["keras"].config.backend())
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    settings = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        return str(json.loads(settings.read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError):
        return "tensorflow"


def choose(backend: str) -> None:
    """Make Keras run on `backend`; call it before anything imports Keras.

    Raises
    ------
    ValueError
        If there is no such backend.
    ModuleNotFoundError
        If it is not installed; the message has the line that installs it.
    RuntimeError
        If Keras already runs on another one.
    """
    checks.one_of("backend", backend, BACKENDS)
    if importlib.util.find_spec(backend) is None:
        raise ModuleNotFoundError(not_installed(backend))
    if "keras" in sys.modules and name() != backend:
        msg = (
            f"Keras already runs on {name()} in this process and cannot change to {backend}. "
            f"Restart the kernel, then choose {backend} before anything else."
        )
        raise RuntimeError(msg)
    os.environ["KERAS_BACKEND"] = backend


def load_keras() -> None:
    """Import Keras and its backend, and keep what TensorFlow logs as it starts out of the notebook.

    Some of its lines are written before it reads any setting, to the file descriptor and not to `sys.stderr`.
    Nothing is kept back where the variable ``TF_CPP_MIN_LOG_LEVEL`` asks for more than errors.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") != "3" or "keras" in sys.modules:
        importlib.import_module("keras")
        return
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        try:
            os.dup2(log.fileno(), 2)
            importlib.import_module("keras")
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def not_installed(backend: str) -> str:
    """Return the sentence that says so, with the line that installs it."""
    extra = "'.[jax]'" if backend == "jax" else backend
    return f"backend {backend!r} is not installed. Install it with: pip install -c constraints.txt {extra}"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, Keras and the backend in the current thread.

    Keras keeps its seed per thread, so a worker thread calls this again for itself.
    """
    import keras

    keras.utils.set_random_seed(int(seed))


_chosen_seed: int | None = None


def choose_seed(seed: int) -> None:
    """Seed everything now, and every training thread that begins later (see `medlab.training.TrainSession`).

    Raises
    ------
    ValueError
        If `seed` is no whole number from 0 to 2^32 - 1.
    """
    global _chosen_seed
    seed_everything(checks.seed(seed))
    _chosen_seed = int(seed)


def chosen_seed() -> int | None:
    """Return the seed of the last `choose_seed`; None before it."""
    return _chosen_seed


def gpus() -> list[str]:
    """Return the names of the GPUs that the backend can use; loads the backend."""
    running = name()
    if running == "tensorflow":
        import tensorflow as tf

        details = tf.config.experimental.get_device_details
        physical = tf.config.list_physical_devices("GPU")
        return [details(gpu).get("device_name", gpu.name) for gpu in physical]
    if running == "torch":
        import torch

        return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    jax = importlib.import_module("jax")
    return [device.device_kind for device in jax.devices() if device.platform == "gpu"]


def devices() -> list[str]:
    """Return what the backend computes on: the CPU, then every GPU; loads the backend."""
    return [f"CPU ({os.cpu_count()} cores)", *gpus()]


def use_gpu_memory_as_needed() -> None:
    """Let TensorFlow take GPU memory step by step rather than all at once; without a GPU, do nothing.

    torch already does so; JAX reads ``XLA_PYTHON_CLIENT_PREALLOCATE`` when it starts.
    """
    if name() == "jax":
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if name() == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            try:
                tf.config.experimental.set_memory_growth(gpu, True)
            except RuntimeError:
                # The GPU is already in use: its memory is what it is for this process.
                return


def memory_gb() -> dict[str, float]:
    """Return the memory in use, in GB of 10^9 bytes: of this process and, where there is one, of the GPU.

    Returns
    -------
    memory : dict
        ``process``; ``gpu`` and ``gpu_total`` of the first NVIDIA GPU as its driver counts them, whatever
        process uses it. Nothing but the driver is asked, so this is safe beside a training.
    """
    import psutil

    memory = {"process": psutil.Process().memory_info().rss / 1e9}
    handle = _first_gpu()
    if handle is not None:
        import pynvml

        on_gpu = pynvml.nvmlDeviceGetMemoryInfo(handle)
        memory |= {"gpu": on_gpu.used / 1e9, "gpu_total": on_gpu.total / 1e9}
    return memory


@functools.cache
def _first_gpu() -> Any:
    import pynvml

    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByIndex(0)
    except pynvml.NVMLError:
        return None


def versions() -> dict[str, str]:
    """Return the versions of what a result depends on: Python, medlab, NumPy, Keras and the backend."""
    packages = ("medlab", "numpy", "keras", name())
    return {"python": platform.python_version(), **{p: importlib.metadata.version(p) for p in packages}}
