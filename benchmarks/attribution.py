"""Integrated gradients, 50 steps, 16 images of 96 x 96 and of 28 x 28, the same weights: how long they take.

`attribute` on `screening_cnn` on TensorFlow, beside a `tf.function` with a gradient tape written by hand for
this one question, xplique (in a folder of its own, `build/xplique`, which pip fills), Keras on torch (through
`attribute`, and by Captum's own hand, which torch allows) and the same network written in plain torch. Each
waits in a process of its own for its turn; turns alternate, and the maps are held side by side. Last, what a
call costs whatever it computes: one image and two steps.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

STEPS, IMAGES, SIDES, ROUNDS = 50, 16, (96, 28), 9
KINDS = {
    "TensorFlow, attribute": "tensorflow",
    "TensorFlow, tape by hand": "tensorflow",
    "TensorFlow, xplique": "tensorflow",
    "Keras on torch, attribute": "torch",
    "Keras on torch, Captum alone": "torch",
    "plain torch, Captum alone": "torch",
}
OURS, TAPE, XPLIQUE = list(KINDS)[:3]
TAPE_LIMIT = 1.15
FIXED_LIMIT_S = 0.1
XPLIQUE_FOLDER = Path(__file__).parent.parent / "build" / "xplique"
XPLIQUE_PACKAGES = (
    "xplique==2.0.2 deprecated einops tensorflow-probability tf-keras dm-tree decorator".split()
)


def images(side: int) -> np.ndarray:
    """Return the images, float32, shape (16, side, side, 1)."""
    return np.random.default_rng(0).normal(size=(IMAGES, side, side, 1)).astype(np.float32)


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


def tape(model: Any, x: np.ndarray, size: int) -> Callable[[], np.ndarray]:
    """Return integrated gradients as one writes them for this one question, `size` images at a time."""
    import keras
    import tensorflow as tf

    logits = keras.Model(model.input, model.get_layer("logit").output)
    nodes, weights = (numbers.astype(np.float32) for numbers in np.polynomial.legendre.leggauss(STEPS))
    steps, weights = (nodes + 1) / 2, weights / 2

    @tf.function
    def gradient(points: Any) -> Any:
        with tf.GradientTape() as recorder:
            recorder.watch(points)
            output = logits(points, training=False)
        return recorder.gradient(output, points)

    def run() -> np.ndarray:
        points = (steps[:, None, None, None, None] * x).reshape(-1, *x.shape[1:])
        parts = [gradient(points[start : start + size]).numpy() for start in range(0, len(points), size)]
        gradients = np.concatenate(parts).reshape(STEPS, *x.shape)
        return x * np.tensordot(weights, gradients, 1)

    return run


def way(kind: str, folder: Path, side: int) -> Callable[[], np.ndarray]:
    """Return the function that is timed; it gives the maps, channels last."""
    import keras

    model = keras.models.load_model(folder / "model.keras", compile=False)
    x = images(side)
    if kind == XPLIQUE:
        from xplique.attributions import IntegratedGradients

        logits = keras.Model(model.input, model.get_layer("logit").output)
        explainer = IntegratedGradients(
            logits,
            steps=STEPS,
            batch_size=None,
            baseline_value=0.0,
            operator=lambda network, image, target: network(image)[:, 0],
        )
        return lambda: np.asarray(explainer(x, np.ones((IMAGES, 1), np.float32))).reshape(x.shape)
    from medlab import evaluation

    if kind.endswith("attribute"):
        return lambda: evaluation.attribute("integrated_gradients", model, x, on="logit", steps=STEPS).map
    size = evaluation.attribute("integrated_gradients", model, x, on="logit", steps=STEPS).batch_size
    if kind == TAPE:
        return tape(model, x, size)
    import torch
    from captum.attr import IntegratedGradients as CaptumGradients

    if kind.startswith("Keras"):
        logits = keras.Model(model.input, model.get_layer("logit").output)
        forward, tensor = (lambda image: logits(image, training=False)[:, 0]), torch.tensor(x)
    else:
        forward, tensor = plain(model), torch.tensor(x).permute(0, 3, 1, 2).contiguous()
    method = CaptumGradients(forward)

    def run() -> np.ndarray:
        attributions = method.attribute(tensor, n_steps=STEPS, internal_batch_size=max(size, IMAGES)).detach()
        return (attributions if kind.startswith("Keras") else attributions.permute(0, 2, 3, 1)).numpy()

    return run


def fixed_cost(folder: Path, side: int) -> Callable[[], Any]:
    """Return a call of `attribute` that computes next to nothing."""
    import keras

    from medlab import evaluation

    model, x = keras.models.load_model(folder / "model.keras", compile=False), images(side)[:1]
    return lambda: evaluation.attribute("integrated_gradients", model, x, on="logit", steps=2)


def wait_for_turns(kind: str, folder: Path, side: int) -> None:
    """Run once for each line that comes in, and say how many seconds it took."""
    run = way(kind, folder, side)
    runs = {"maps": run, "fixed": fixed_cost(folder, side) if kind == OURS else run}
    np.save(folder / f"{list(KINDS).index(kind)}.npy", run())
    runs["fixed"]()
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        runs[line.strip()]()
        print(time.perf_counter() - started, flush=True)


def install_xplique() -> bool:
    """Return whether xplique stands in its own folder; ask pip for it where it does not."""
    if not XPLIQUE_FOLDER.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        if subprocess.run([*command, str(XPLIQUE_FOLDER), *XPLIQUE_PACKAGES], check=False).returncode:
            shutil.rmtree(XPLIQUE_FOLDER, ignore_errors=True)
            print("xplique is left out: pip could not install it (its message stands above).")
            return False
    return True


def start(kind: str, folder: Path, side: int) -> Any:
    """Return the process of a kind, which waits for its turns."""
    environment = {**os.environ, "KERAS_BACKEND": KINDS[kind], "TF_CPP_MIN_LOG_LEVEL": "3"}
    if kind == XPLIQUE:
        environment["PYTHONPATH"] = str(XPLIQUE_FOLDER)
    command = [sys.executable, __file__, "--kind", kind, "--folder", str(folder), "--side", str(side)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def turn(process: Any, what: str) -> float:
    """Return the seconds of one turn."""
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def compare(kinds: list[str], folder: Path, side: int) -> list[str]:
    """Let the kinds take turns at one size, print their seconds and ratios, and return what was missed."""
    from types import SimpleNamespace

    from medlab import models

    data = SimpleNamespace(
        image_shape=(side, side, 1), task="binary", class_names=("a", "b"), train=range(5000)
    )
    models.build("screening_cnn", data, seed=0).save(folder / "model.keras")
    processes = {kind: start(kind, folder, side) for kind in kinds}
    for process in processes.values():
        if process.stdout.readline().strip() != "ready":
            msg = "a process failed before its turn: its message stands above."
            raise RuntimeError(msg)
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind, process in processes.items():
            seconds[kind].append(turn(process, "maps"))
    fixed_s = statistics.median(turn(processes[OURS], "fixed") for _ in range(ROUNDS))
    for process in processes.values():
        process.communicate()
    print(f"\n{IMAGES} images of {side} x {side}, {STEPS} steps, median of {ROUNDS} turns (range)")
    print("in brackets: how many times as long attribute takes on TensorFlow; how far the maps are apart,")
    print("as a part of the largest number")
    maps = {kind: np.load(folder / f"{list(KINDS).index(kind)}.npy") for kind in kinds}
    medians = {kind: statistics.median(taken) for kind, taken in seconds.items()}
    for kind, taken in seconds.items():
        apart = np.abs(maps[kind] - maps[OURS]).max() / np.abs(maps[OURS]).max()
        print(
            f"{kind:30s} {medians[kind]:.3f} s ({min(taken):.3f} to {max(taken):.3f}) "
            f"[{medians[OURS] / medians[kind]:.2f} times; {apart:.0e}]"
        )
    missed = report("attribute on TensorFlow / tape by hand", medians[OURS] / medians[TAPE], TAPE_LIMIT)
    return missed + report("one image, two steps, in seconds", fixed_s, FIXED_LIMIT_S)


def report(what: str, reached: float, limit: float) -> list[str]:
    """Print a figure beside its limit; return it if it was missed."""
    print(f"{what}: {reached:.3f}, {'reached' if reached <= limit else 'MISSED'} (at most {limit})")
    return [] if reached <= limit else [what]


def main() -> int:
    """Compare all kinds at each size; return 1 if a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, choices=SIDES, help="compare at this size only")
    options = parser.parse_args()
    if options.kind:
        wait_for_turns(options.kind, options.folder, options.side)
        return 0
    kinds = [kind for kind in KINDS if kind != XPLIQUE or install_xplique()]
    missed = []
    for side in SIDES if options.side is None else (options.side,):
        with tempfile.TemporaryDirectory() as name:
            missed += compare(kinds, Path(name), side)
    return bool(missed)


if __name__ == "__main__":
    raise SystemExit(main())
