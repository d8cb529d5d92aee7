"""A small data set to train on, and a real kernel that is spoken to as a page would."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jupyter_client.manager import KernelManager

from medlab.data import Dataset, Split

SEVEN, SIX = "ipykernel 7", "ipykernel 6"


def spots(rng: np.random.Generator, count: int) -> Split:
    images = rng.integers(0, 100, (count, 16, 18, 1)).astype(np.uint8)
    labels = np.arange(count) % 2
    images[labels == 1, 4:9, 5:10] += 60
    return Split(images, labels)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    parts = spots(rng, 64), spots(rng, 20), spots(rng, 20)
    return Dataset("spots", *parts, "binary", ("dark", "spot"), 1)


class Page:
    """What a browser's page is to a kernel: it runs cells, presses buttons, and sees widgets change.

    Attributes
    ----------
    states : dict
        Of each widget by its id: the traits as the kernel last sent them.
    """

    def __init__(self, extra_path: str = "") -> None:
        path = os.pathsep.join(part for part in (extra_path, os.environ.get("PYTHONPATH", "")) if part)
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg"})
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.states: dict[str, dict[str, Any]] = {}

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
            assert time.monotonic() < until, f"no {what} within {seconds} s: {self.states}"
            self._hear(0.2)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _send(self, model_id: str, data: dict[str, Any]) -> None:
        content = {"comm_id": model_id, "data": data}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        try:
            message = self._client.get_iopub_msg(timeout=seconds)
        except queue.Empty:
            return None
        content = message["content"]
        if message["msg_type"] in ("comm_open", "comm_msg"):
            data = content.get("data", {})
            self.states.setdefault(content["comm_id"], {}).update(data.get("state", {}))
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


@pytest.fixture(scope="session")
def ipykernel_6(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Install the older ipykernel into a folder of its own, from pip's index."""
    folder = tmp_path_factory.mktemp("ipykernel6")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, "ipykernel==6.31.0", "nest-asyncio==1.6.0"], check=True)
    return str(folder)


@pytest.fixture(params=[SEVEN, pytest.param(SIX, marks=pytest.mark.soak)])
def page(request: pytest.FixtureRequest, own_home: Path) -> Iterator[Page]:
    """Return a page on a kernel of its own, once with each ipykernel."""
    older = request.param == SIX
    opened = Page(request.getfixturevalue("ipykernel_6") if older else "")
    try:
        version = opened.run("import ipykernel; print(ipykernel.__version__)")
        assert version.startswith("6." if older else "7.")
        yield opened
    finally:
        opened.close()
