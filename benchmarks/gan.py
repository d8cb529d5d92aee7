"""The default GAN against a plain DCGAN on BreastMNIST: equal time, side by side, three seeds, and the floor.

Each trains in a process of its own on half of the processor's cores, both at once, so that a slow machine
is slow for both. Judged on validation and test images, which neither they nor the features have learnt from.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SEEDS = range(3)
MINUTES = 10.0
IMAGES = 1000  # of which as many as half of what is held out are drawn, again and again
NAMES = ("default", "DCGAN")
SPACES = ("network", "pixels")
# Radford et al. 2016: what goes with `dcgan`.
PLAIN = {"rates": (2e-4, 2e-4), "betas": (0.5, 0.999), "averaging": 0.0, "decay": 0.0}


def dcgan(image_shape: tuple[int, int, int], latent: int = 100, width: int = 64, seed: int = 0) -> tuple:
    """Build the pair of Radford et al. 2016, https://arxiv.org/abs/1511.06434, for images of 28 pixels.

    The critic's answer is the linear score before the paper's sigmoid. Batch normalization has momentum 0.9,
    because the averages of Keras' 0.99 lag behind on a few hundred steps.
    """
    import keras
    from keras import layers

    from medlab import backend

    backend.seed_everything(seed)
    height, across, channels = image_shape

    def start() -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(stddev=0.02)

    def normalized() -> keras.layers.Layer:
        return layers.BatchNormalization(momentum=0.9)

    smallest = (height // 4, across // 4, 2 * width)
    generator = keras.Sequential(
        [
            keras.Input((latent,)),
            layers.Dense(int(np.prod(smallest)), use_bias=False, kernel_initializer=start()),
            layers.Reshape(smallest),
            normalized(),
            layers.ReLU(),
            layers.Conv2DTranspose(width, 4, 2, "same", use_bias=False, kernel_initializer=start()),
            normalized(),
            layers.ReLU(),
            layers.Conv2DTranspose(channels, 4, 2, "same", activation="tanh", kernel_initializer=start()),
        ],
        name="dcgan_generator",
    )
    critic = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Conv2D(width, 4, 2, "same", kernel_initializer=start()),
            layers.LeakyReLU(0.2),
            layers.Conv2D(2 * width, 4, 2, "same", use_bias=False, kernel_initializer=start()),
            normalized(),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="dcgan_critic",
    )
    return generator, critic


def train(name: str, seed: int, minutes: float, cores: list[int], path: Path) -> None:
    """Train one of the two and write its images, uint8, shape (1000, 28, 28, 1), and its steps."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)  # before TensorFlow counts its threads
    from medlab import data, models
    from medlab.training.gan import GAN

    dataset = data.load("breastmnist")
    if name == "default":
        shape = dataset.image_shape
        gan = GAN(models.gan.generator(shape, seed=seed), models.gan.critic(shape, seed=seed))
    else:
        gan = GAN(*dcgan(dataset.image_shape, seed=seed), **PLAIN)
    run = gan.fit(dataset.train.images / 127.5 - 1, minutes=minutes, seed=seed, progress=False)
    images = np.clip(np.rint((gan.sample(IMAGES, seed=seed) + 1) * 127.5), 0, 255).astype(np.uint8)
    np.savez(path, images=images, steps=run.steps)


def side_by_side(seed: int, minutes: float, folder: Path) -> dict[str, Path]:
    """Train both at once; return where their images are."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 1]
    parts = [cores[::2], cores[1::2] or cores]
    paths = {name: folder / f"{name}-{seed}.npz" for name in NAMES}
    running = []
    for name, part in zip(NAMES, parts, strict=True):
        options = {"--train": [name], "--seed": [seed], "--minutes": [minutes], "--path": [paths[name]]}
        options["--cores"] = part
        words = [str(word) for option, values in options.items() for word in (option, *values)]
        running.append(subprocess.Popen([sys.executable, __file__, *words]))
    if any([process.wait() for process in running]):
        msg = "a training failed: its message stands above."
        raise RuntimeError(msg)
    return paths


def compare(minutes: float) -> bool:
    """Train, measure and print all seeds; return whether the default is nearer on either features."""
    from medlab import data
    from medlab.evaluation import generation

    dataset = data.load("breastmnist")
    features = generation.network_features(dataset, seed=0)
    distances: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            for name, path in side_by_side(seed, minutes, Path(folder)).items():
                with np.load(path) as kept:
                    images, steps = kept["images"], int(kept["steps"])
                judgment = generation.judge(images, dataset, seed=0, features=features)
                words = []
                for space in SPACES:
                    measured = getattr(judgment, space)
                    distances.setdefault((name, space), []).append(measured["frechet"].generated.value)
                    words.append(
                        f"{space}: Fréchet {measured['frechet'].generated.value:.1f} "
                        f"(floor {measured['frechet'].floor.value:.1f}), "
                        f"kernel {measured['kernel'].generated.value:.3f}, "
                        f"coverage {measured['coverage'].generated.value:.2f} "
                        f"(floor {measured['coverage'].floor.value:.2f})"
                    )
                copies = "copies of training images" if judgment.copies else "no sign of copies"
                print(f"{name:8s} seed {seed}  {steps} steps; {'; '.join(words)}; {copies}", flush=True)
    print(f"{judgment.count} images on each side; {'; '.join(judgment.features.values())}")
    held = []
    for space in SPACES:
        default, plain = (float(np.mean(distances[name, space])) for name in NAMES)
        held.append(default < plain)
        verdict = "reached" if held[-1] else "MISSED"
        print(
            f"{space}: mean Fréchet distance {default:.1f}, DCGAN {plain:.1f}, asked below DCGAN's: {verdict}"
        )
    return all(held)


def main() -> int:
    """Compare; return 1 if the default GAN is not nearer. With --train, the work of one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", choices=NAMES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--cores", type=int, nargs="*", default=[0])
    parser.add_argument("--path", type=Path)
    asked = parser.parse_args()
    if asked.train:
        train(asked.train, asked.seed, asked.minutes, asked.cores, asked.path)
        return 0
    from medlab.data.downloading import find

    if not find("breastmnist", 28):
        print("breastmnist is not in the data root: left out (medlab data fetch breastmnist)")
        return 0
    return not compare(asked.minutes)


if __name__ == "__main__":
    sys.exit(main())
