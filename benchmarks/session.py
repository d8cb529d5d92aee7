"""What pausing, stopping and watching cost: a bare `model.fit`, a session and a panel, in one kernel.

The three train the same network on the same batches for as many steps, and validate after each epoch; they
take turns in a real kernel whose widget messages somebody reads, as a page would. The bare one has none of
what `fit` adds: no averaged weights, no AUC, no choice of the best epoch, no checkpoint.
"""

from __future__ import annotations

import json
import queue
import statistics
import sys
from typing import Any

from jupyter_client.manager import KernelManager

ROUNDS = 5
ASKED = 1.03
KINDS = ("bare model.fit", "fit", "session", "panel")

SET_UP = """
import time
from dataclasses import replace
from medlab import data, models, training
from medlab.data.augmentation import Augmentation
from medlab.data.balancing import sample_weights
from medlab.data.batches import Batches
from medlab.data.normalization import normalize
from medlab.training.fitting import _loss, _optimizer
from medlab.training.settings import Settings
from medlab_widgets import TrainingPanel

dataset = data.load("simulated_nodules", n_train=4000, n_val=400, n_test=1, seed=0)
options = {"epochs": 3, "batch_size": 64, "seed": 0}

def network():
    return models.build("screening_cnn", dataset, seed=0)

def bare():
    model, chosen, norm = network(), Settings(epochs=3, batch_size=64).resolve(dataset), normalize(dataset)
    batches = Batches(dataset.train.images, dataset.targets(dataset.train), norm, batch_size=64,
                      augmentation=Augmentation.for_dataset(dataset), weights=sample_weights(dataset), seed=0)
    optimizer = _optimizer(replace(chosen, averaging=0), len(batches) * 3)
    model.compile(optimizer=optimizer, loss=_loss("binary", False), jit_compile=False)
    val = norm.apply(dataset.val.images), dataset.targets(dataset.val)
    return lambda: model.fit(batches.for_keras(0), epochs=3, shuffle=False, verbose=0, validation_data=val)

def fitted():
    model = network()
    return lambda: training.fit(model, dataset, progress=False, **options)

def session():
    made = training.TrainSession(network(), dataset, progress=False, **options)
    return lambda: made.start().wait().result()

def panel():
    made = TrainingPanel(dataset, model="screening_cnn", **options)
    display(made)
    return lambda: made.start().current.session.wait()

def timed(make):
    run = make()
    started = time.perf_counter()
    run()
    print("seconds", time.perf_counter() - started)
"""


class Kernel:
    """A kernel whose every message is read, as a page would."""

    def __init__(self) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel()
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.messages = 0
        self.bytes = 0

    def run(self, code: str) -> str:
        """Run a cell as a front end does; return what it printed."""
        printed = []
        sent = self._client.execute(code, allow_stdin=True)
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=300)
            except queue.Empty:
                raise TimeoutError(code) from None
            content: dict[str, Any] = message["content"]
            if message["msg_type"] == "comm_msg":
                self.messages += 1
                self.bytes += len(json.dumps(content, default=str))
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return "".join(printed)

    def close(self) -> None:
        """End it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def main() -> int:
    """Let the four take turns; print seconds and ratios; return 1 if watching costs too much."""
    kernel = Kernel()
    try:
        kernel.run(SET_UP)
        names = dict(zip(KINDS, ("bare", "fitted", "session", "panel"), strict=True))
        for name in names.values():
            kernel.run(f"timed({name})")  # what is slow the first time only
        seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
        kernel.messages = kernel.bytes = 0
        for number in range(ROUNDS):
            for kind in KINDS if number % 2 else reversed(KINDS):
                seconds[kind].append(float(kernel.run(f"timed({names[kind]})").split()[-1]))
    finally:
        kernel.close()
    bare = seconds[KINDS[0]]
    held = True
    for kind, taken in seconds.items():
        ratio = statistics.median(second / base for second, base in zip(taken, bare, strict=True))
        print(f"{kind:15s} median {statistics.median(taken):5.2f} s   {ratio:.3f} of the bare one")
        held = held and ratio <= ASKED
    print(f"{kernel.messages / ROUNDS:.0f} widget messages a training, {kernel.bytes / ROUNDS / 1000:.0f} kB")
    print(f"asked at most {ASKED}: {'reached' if held else 'MISSED'} (median ratio of {ROUNDS} rounds)")
    return not held


if __name__ == "__main__":
    sys.exit(main())
