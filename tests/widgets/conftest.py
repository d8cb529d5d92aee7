"""A small data set to train on, and a page on each ipykernel."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from medlab.data import Dataset

SEVEN, SIX = "ipykernel 7", "ipykernel 6"


@pytest.fixture(scope="session")
def dataset(make_spots: Any) -> Dataset:
    return make_spots()


@pytest.fixture(scope="session")
def ipykernel_6(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Install the older ipykernel into a folder of its own, from pip's index."""
    folder = tmp_path_factory.mktemp("ipykernel6")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, "ipykernel==6.31.0", "nest-asyncio==1.6.0"], check=True)
    return str(folder)


@pytest.fixture(params=[SEVEN, pytest.param(SIX, marks=pytest.mark.soak)])
def page(request: pytest.FixtureRequest, open_page: Any) -> Any:
    """Return a page on a kernel of its own, once with each ipykernel."""
    older = request.param == SIX
    opened = open_page("python3", request.getfixturevalue("ipykernel_6") if older else "")
    version = opened.run("import ipykernel; print(ipykernel.__version__)")
    assert version.startswith("6." if older else "7.")
    return opened
