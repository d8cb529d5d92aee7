"""Integrated gradients, 50 steps, 16 images of 96 x 96, the same weights: how long the bridge takes.

Captum on `screening_cnn` on TensorFlow through the bridge, beside Keras on torch (through the bridge, and by
Captum's own hand, which torch allows), and beside the same network written in plain torch. Each waits in a
process of its own for its turn; turns alternate, and the maps are held side by side.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

STEPS, IMAGES, SIDE, ROUNDS = 50, 16, 96, 7
KINDS = {
    "tensorflow, bridge": "tensorflow",
    "Keras on torch, bridge": "torch",
    "Keras on torch, Captum alone": "torch",
    "plain torch, Captum alone": "torch",
}
LIMIT = 1.1


def images() -> np.ndarray:
    """Return the images, float32, shape (16, 96, 96, 1)."""
    return np.random.default_rng(0).normal(size=(IMAGES, SIDE, SIDE, 1)).astype(np.float32)


def plain(model: Any) -> Any:
    """Return the network in plain torch, with a Keras model's weights; channels first."""
    import torch
    from torch import nn

    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            blocks: list[Any] = []
            for layer in model.layers:
                kind, numbers = type(layer).__name__, [torch.tensor(w) for w in layer.get_weights()]
                if kind == "Conv2D":
                    inputs, outputs = numbers[0].shape[2:]
                    made = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False)
                    made.weight.data = numbers[0].permute(3, 2, 0, 1).contiguous()
                    blocks.append(made)
                elif kind == "BatchNormalization":
                    made = nn.BatchNorm2d(len(numbers[0]), eps=layer.epsilon)
                    made.weight.data, made.bias.data = numbers[0], numbers[1]
                    made.running_mean, made.running_var = numbers[2], numbers[3]
                    blocks.append(made)
                elif kind == "MaxPooling2D":
                    blocks.append(nn.MaxPool2d(2))
                elif kind == "ReLU":
                    blocks.append(nn.ReLU())
            self.trunk = nn.Sequential(*blocks)
            kernel, bias = map(torch.tensor, model.get_layer("logit").get_weights())
            self.logit = nn.Linear(*kernel.shape)
            self.logit.weight.data, self.logit.bias.data = kernel.T.contiguous(), bias

        def forward(self, image: Any) -> Any:
            maps = self.trunk(image)
            return self.logit(torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1))[:, 0]

    return Twin().eval()


def way(kind: str, folder: Path) -> Callable[[], np.ndarray]:
    """Return the function that is timed; it gives the maps, channels last."""
    import keras
    import torch
    from captum.attr import IntegratedGradients

    from medlab import evaluation

    model = keras.models.load_model(folder / "model.keras", compile=False)
    x = images()
    if kind.endswith("bridge"):
        return lambda: evaluation.attribute("integrated_gradients", model, x, on="logit", steps=STEPS).map
    size = evaluation.attribute("saliency", model, x[:1]).batch_size
    if kind.startswith("Keras"):
        logits = keras.Model(model.input, model.get_layer("logit").output)
        forward, tensor = (lambda image: logits(image, training=False)[:, 0]), torch.tensor(x)
    else:
        forward, tensor = plain(model), torch.tensor(x).permute(0, 3, 1, 2).contiguous()
    method = IntegratedGradients(forward)

    def run() -> np.ndarray:
        found = method.attribute(tensor, n_steps=STEPS, internal_batch_size=max(size, IMAGES)).detach()
        return (found if kind.startswith("Keras") else found.permute(0, 2, 3, 1)).numpy()

    return run


def wait_for_turns(kind: str, folder: Path) -> None:
    """Run once for each line that comes in, and say how long it took."""
    run = way(kind, folder)
    np.save(folder / f"{list(KINDS).index(kind)}.npy", run())
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        run()
        print(time.perf_counter() - started, flush=True)


def main() -> int:
    """Let the four take turns, and print their seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.kind:
        wait_for_turns(options.kind, options.folder)
        return 0
    from types import SimpleNamespace

    from medlab import models

    data = SimpleNamespace(
        image_shape=(SIDE, SIDE, 1), task="binary", class_names=("a", "b"), train=range(5000)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models.build("screening_cnn", data, seed=0).save(folder / "model.keras")
        waiting = {}
        for kind, backend in KINDS.items():
            command = [sys.executable, str(Path(__file__)), "--kind", kind, "--folder", name]
            waiting[kind] = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "KERAS_BACKEND": backend},
            )
        seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for process in waiting.values():
            if process.stdout.readline().strip() != "ready":
                msg = "a process failed before its turn: its message stands above."
                raise RuntimeError(msg)
        for _ in range(ROUNDS):
            for kind, process in waiting.items():
                process.stdin.write("go\n")
                process.stdin.flush()
                seconds[kind].append(float(process.stdout.readline()))
        for process in waiting.values():
            process.communicate()
        maps = [np.load(folder / f"{number}.npy") for number in range(len(KINDS))]
    ours = statistics.median(seconds["tensorflow, bridge"])
    for number, (kind, taken) in enumerate(seconds.items()):
        middle = statistics.median(taken)
        apart = np.abs(maps[number] - maps[0]).max() / np.abs(maps[0]).max()
        print(
            f"{kind:30s} {middle:.2f} s ({min(taken):.2f} to {max(taken):.2f}); tensorflow takes "
            f"{ours / middle:.2f} times that; maps differ by {apart:.0e} of the largest number"
        )
    slower = max(statistics.median(taken) for kind, taken in seconds.items() if kind.endswith("alone"))
    reached = ours <= LIMIT * slower
    verdict = "reached" if reached else "MISSED"
    print(f"tensorflow / the slower of Captum's own two: {ours / slower:.2f}, {verdict} (at most {LIMIT})")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
