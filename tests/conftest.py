"""What every test gets: its own HOME, no network but 127.0.0.1 (pyproject.toml), one backend, real data."""

from __future__ import annotations

import inspect
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    os.environ["MEDLAB_LANGUAGE"] = "en"  # whatever the developer speaks
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
def two_classes() -> Callable[[Path], None]:
    """Return a function that fills a folder with four small images of each of benign and malignant."""

    def write(folder: Path) -> None:
        from PIL import Image

        for number in range(8):
            path = folder / ("benign", "malignant")[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((18, 24), 9 * number, np.uint8)).save(path)

    return write


def spots_dataset(train=64, val=20, test=20):
    """Make a small data set to train on: of the images of its second class, each has a bright spot."""
    # Its source is run in kernels, too, so that all it needs stands inside.
    import numpy as np

    from medlab.data import Dataset, Split

    rng = np.random.default_rng(0)

    def split(count):
        images = rng.integers(0, 100, (count, 16, 18, 1)).astype(np.uint8)
        labels = np.arange(count) % 2
        images[labels == 1, 4:9, 5:10] += 60
        return Split(images, labels)

    return Dataset("spots", split(train), split(val), split(test), "binary", ("dark", "spot"), 1)


@pytest.fixture(scope="session")
def make_spots() -> Callable[..., Any]:
    """Return `spots_dataset`."""
    return spots_dataset


@pytest.fixture(scope="session")
def spots_source() -> str:
    """Return the source of `spots_dataset`, for a cell of a kernel."""
    return inspect.getsource(spots_dataset)


@pytest.fixture
def run_on() -> Callable[[str, str], None]:
    """Return a function that runs a script on a backend, in a process of its own, and fails where it does."""

    def run(backend: str, script: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run


@pytest.fixture
def rng() -> np.random.Generator:
    """Return the generator of every random number in a test."""
    return np.random.default_rng(0)


class Page:
    """What a browser's page is to a kernel: it runs cells, presses buttons, and sees widgets change.

    Attributes
    ----------
    states : dict
        Of each widget by its id: the traits as the kernel last sent them.
    renewed : list of dict
        What took the place of something shown, by its kind: "image/png" and so on.
    """

    def __init__(self, kernel_name: str = "python3", extra_path: str = "") -> None:
        # Tests that need no kernel do not pay for its client.
        from jupyter_client.manager import KernelManager

        path = os.pathsep.join(part for part in (extra_path, os.environ.get("PYTHONPATH", "")) if part)
        self._manager = KernelManager(kernel_name=kernel_name)
        self._manager.start_kernel(env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg"})
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.states: dict[str, dict[str, Any]] = {}
        self.subshell: str | None = None
        self.renewed: list[dict[str, Any]] = []

    def open_subshell(self) -> None:
        """Ask for a subshell, as JupyterLab does, for all that is pressed and moved from now on."""
        request = self._client.session.msg("create_subshell_request")
        self._client.control_channel.send(request)
        reply = self._client.get_control_msg(timeout=10)
        self.subshell = reply["content"]["subshell_id"]

    def run(self, code: str, timeout_s: float = 60, *, front_end: bool = True) -> str:
        """Run a cell; return what it printed, errors included."""
        told: list[str] = []
        sent = self._client.execute(code, allow_stdin=front_end)
        self._listen(sent, told, timeout_s)
        return "".join(told)

    def begin(self, code: str) -> str:
        """Send a cell and do not wait for it; return its number."""
        return self._client.execute(code, allow_stdin=True)

    def finish(self, sent: str, timeout_s: float = 60) -> str:
        """Wait for a cell that was sent; return what it printed."""
        told: list[str] = []
        self._listen(sent, told, timeout_s)
        return "".join(told)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def press(self, model_id: str) -> None:
        """Press a button."""
        self._send(model_id, {"method": "custom", "content": {"event": "click"}})

    def put(self, model_id: str, **state: Any) -> None:
        """Move a control."""
        self._send(model_id, {"method": "update", "state": state, "buffer_paths": []})

    def wait_until(self, true: Callable[[], Any], what: str, seconds: float = 60) -> None:
        """Listen to the kernel until something is true of what it sent."""
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, f"no {what} within {seconds} s"
            self._hear(0.2)

    def complete(self, code: str) -> list[str]:
        """Press Tab at the end of a line."""
        reply = self._client.complete(code, reply=True, timeout=30)
        return list(reply["content"]["matches"])

    def kill(self) -> None:
        """Kill the kernel as a machine without memory would."""
        self._manager.signal_kernel(signal.SIGKILL)
        self._manager.provisioner.process.wait(10)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _send(self, model_id: str, data: dict[str, Any]) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self._client.shell_channel.send(message)

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        try:
            message = self._client.get_iopub_msg(timeout=seconds)
        except queue.Empty:
            return None
        content = message["content"]
        if message["msg_type"] in ("comm_open", "comm_msg"):
            data = content.get("data", {})
            self.states.setdefault(content["comm_id"], {}).update(data.get("state", {}))
        if message["msg_type"] == "update_display_data":
            self.renewed.append(content["data"])
        return message

    def _listen(self, sent: str, told: list[str], timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while True:
            assert time.monotonic() < until, f"the cell did not end within {timeout_s} s: {told}"
            message = self._hear(0.5)
            if message is None or message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                told.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                told.append(f"<{' '.join(sorted(content['data']))}>")
            elif kind == "error":
                told.append(f"{content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle":
                return


@pytest.fixture
def open_page(own_home: Path) -> Iterator[Callable[..., Page]]:
    """Return what opens a page on a kernel of its own: `open_page(kernel_name, extra_path)`."""
    pages: list[Page] = []

    def opened(kernel_name: str = "python3", extra_path: str = "") -> Page:
        pages.append(Page(kernel_name, extra_path))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
