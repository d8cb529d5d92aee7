"""What every test gets: its own HOME, no network but 127.0.0.1 (pyproject.toml), one backend, real data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment before anything imports Keras or matplotlib; subprocesses inherit it."""
    # Fonts take seconds to index, so matplotlib's folder is the test cache's, not a fresh one.
    os.environ["MPLCONFIGDIR"] = str(config.cache.mkdir("matplotlib"))
    os.environ["MPLBACKEND"] = "agg"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ.pop("MEDLAB_SCALE", None)
    if "MEDLAB_DATA" in os.environ:
        os.environ["MEDLAB_DATA"] = str(Path(os.environ["MEDLAB_DATA"]).absolute())


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the developer's home and Jupyter folders out of the tests, and the tests out of them."""
    home = tmp_path_factory.mktemp("home")
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(home)
    for variable in list(os.environ):
        if variable.startswith("XDG_"):
            del os.environ[variable]
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[variable] = str(home / variable.lower())
    return home


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real images that the environment names, or skip and say so."""
    if not os.environ.get("MEDLAB_DATA"):
        pytest.skip("MEDLAB_DATA is not set: no folder of real images to test on")
    folder = Path(os.environ["MEDLAB_DATA"])
    if not folder.is_dir():
        pytest.fail(f"MEDLAB_DATA names {folder}, which is not a folder")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """Return the generator of every random number in a test."""
    return np.random.default_rng(0)
