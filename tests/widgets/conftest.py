"""A small data set to train on, and a page on each ipykernel."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from medlab.data import Dataset

OLDER = ("7.3.0", "6.31.0")  # ipykernel handles a click in another way in each of the three


@pytest.fixture(scope="session")
def dataset(make_spots: Any) -> Dataset:
    return make_spots()


@pytest.fixture(scope="session")
def folder_of_ipykernel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what installs an ipykernel into a folder of its own, from pip's index."""

    @functools.cache
    def install(version: str) -> str:
        folder = tmp_path_factory.mktemp("ipykernel")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, f"ipykernel=={version}", "nest-asyncio==1.6.0"], check=True)
        return str(folder)

    return install


@pytest.fixture(params=["", *(pytest.param(version, marks=pytest.mark.soak) for version in OLDER)])
def page(request: pytest.FixtureRequest, open_page: Any, folder_of_ipykernel: Any) -> Any:
    """Return a page on a kernel of its own, once with each ipykernel."""
    opened = open_page("python3", folder_of_ipykernel(request.param) if request.param else "")
    version = opened.run("import ipykernel; print(ipykernel.__version__)")
    assert version.startswith(request.param or "7.")
    return opened
