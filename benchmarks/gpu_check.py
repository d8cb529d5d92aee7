"""Every installed backend on a GPU: an epoch of the study, mixed precision, memory, speed beside torch.

Says "no GPU" where there is none. Each backend runs in a process of its own.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
import time

import numpy as np

BATCH, SIDE, STEPS = 128, 224, 30


def report(backend_name: str) -> None:
    """Train an epoch of the default study and time ResNet-18 at 224 x 224, on the backend of this process."""
    from medlab import backend

    backend.use_gpu_memory_as_needed()
    gpus = backend.gpus()
    if not gpus:
        print(f"{backend_name}: no GPU")
        return
    from medlab import data, models, training

    dataset = data.load("simulated_nodules", n_train=2000, n_val=500, n_test=500)
    for mixed in (False, True):
        model = models.build("screening_cnn", dataset, mixed_precision=mixed)
        run = training.fit(model, dataset, epochs=2, progress=False)
        row = run.history.iloc[-1]
        print(
            f"{backend_name} on {gpus[0]}: {'mixed precision' if mixed else 'float32'}, "
            f"epoch 2 {row['seconds']:.2f} s, loss {row['loss']:.4f}, val AUC {row['val_auc']:.3f}"
        )
    print(f"{backend_name}: resnet18_28 at {SIDE} x {SIDE}, mixed: {keras_speed():.0f} images/s")


def keras_speed() -> float:
    """Return images per second of a training step of ResNet-18 in Keras."""
    import keras

    from medlab import models
    from medlab.data import Dataset, Split

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH, SIDE, SIDE, 1)).astype(np.uint8)
    split = Split(images, np.arange(BATCH) % 2)
    model = models.build(
        "resnet18_28", Dataset("noise", split, split, split, "binary", ("a", "b"), 1), mixed_precision=True
    )
    # torch's compiler is not asked for: the plain torch network beside it runs without it too.
    jit = keras.backend.backend() != "torch"
    model.compile("sgd", "binary_crossentropy", jit_compile=jit)
    inputs, targets = images.astype("float32") / 255, (np.arange(BATCH) % 2).astype("float32")
    for _ in range(3):
        model.train_on_batch(inputs, targets)
    started = time.perf_counter()
    for _ in range(STEPS):
        model.train_on_batch(inputs, targets)
    return BATCH * STEPS / (time.perf_counter() - started)


def torch_speed() -> float:
    """Return images per second of the same network and step in plain torch, with autocast."""
    import torch
    from torch import nn

    def block(inputs: int, outputs: int, stride: int) -> nn.Module:
        class Residual(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                    nn.BatchNorm2d(outputs),
                    nn.ReLU(),
                    nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
                    nn.BatchNorm2d(outputs),
                )
                changes = stride > 1 or inputs != outputs
                self.shortcut = (
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else nn.Identity()
                )

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return torch.relu(self.body(x) + self.shortcut(x))

        return Residual()

    layers: list[nn.Module] = [nn.Conv2d(1, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    widths = [64, 64, 64, 128, 128, 256, 256, 512, 512]
    for before, after in itertools.pairwise(widths):
        layers.append(block(before, after, 2 if after > before else 1))
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1)).cuda()
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cuda")
    images, targets = torch.rand(BATCH, 1, SIDE, SIDE), torch.rand(BATCH, 1).round()

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            logits = network(images.cuda())
            loss = nn.functional.binary_cross_entropy_with_logits(logits, targets.cuda())
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        loss.item()

    for _ in range(3):
        step()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    return BATCH * STEPS / (time.perf_counter() - started)


def main() -> int:
    """Check each installed backend in a process of its own; return 1 if one of them fails."""
    failed = False
    for name in ("tensorflow", "torch", "jax"):
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        environment = {**os.environ, "KERAS_BACKEND": name}
        failed |= (
            subprocess.run([sys.executable, __file__, name], env=environment, check=False).returncode != 0
        )
    if importlib.util.find_spec("torch"):
        import torch

        if torch.cuda.is_available():
            print(f"plain torch: ResNet-18 at {SIDE} x {SIDE}, autocast: {torch_speed():.0f} images/s")
        else:
            print("no GPU")
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        report(sys.argv[1])
    else:
        sys.exit(main())
