"""The exercises of 03_cnn."""

from __future__ import annotations

from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(4)


def kernel_weights(side: int, channels: int, kernels: int) -> int:
    """Return the number of weights of a convolution, biases included."""
    return (side * side * channels + 1) * kernels


exercise(
    "kernel_weights",
    solution=kernel_weights,
    # Both convolutions of the notebook, and a 5 × 5 one.
    cases=[(3, 1, 32), (3, 32, 64), (5, 3, 7)],
    mistakes=[
        (lambda side, channels, kernels: side * side * channels * kernels, "Each kernel has a bias too."),
        (
            lambda side, channels, kernels: side * side * channels * kernels + 1,
            "There is one bias for each kernel, not one for all.",
        ),
        (
            lambda side, channels, kernels: (side * side + 1) * kernels,
            "A kernel looks at every channel of its input, with weights of its own for each.",
        ),
    ],
    hints=(
        "One kernel has a weight for each place of its window and each channel of its input, and "
        "one bias. How many kernels are there?",
    ),
    right="The size of the image plays no part: that is what sharing weights means.",
)


def side_after(side: int, kernel: int, pool: int) -> int:
    """Return the side of a map after a valid convolution and a pooling."""
    return (side - kernel + 1) // pool


exercise(
    "side_after",
    solution=side_after,
    # Even and odd sides, other kernels and poolings.
    cases=[(28, 3, 2), (13, 3, 2), (64, 5, 2), (40, 4, 3)],
    mistakes=[
        (
            lambda side, kernel, pool: (side - kernel + 1) / pool,
            "Half a row does not exist: pooling drops the last odd one. Use // in place of /.",
        ),
        (lambda side, kernel, pool: side // pool, "That is a convolution with padding; here is none."),
        (
            lambda side, kernel, pool: (side - kernel) // pool,
            "A window of 3 fits 26 times into 28, not 25 times: count its first place too.",
        ),
        (lambda side, kernel, pool: side - kernel + 1, "That is the convolution; pooling is missing."),
    ],
    hints=(
        "A valid window of 3 fits 26 times into 28. Pooling by 2 keeps one of two rows, and a "
        "last odd row falls away: // divides and rounds down.",
    ),
    right="Twice applied to 28 it gives 13 and 5: here is the 5 of 64 × 5 × 5.",
)


_EDGE = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])


def check_edge_kernel(answer: Any) -> str | None:
    """Judge how the kernel responds, not its numbers: many are right."""
    kernel = comparison.as_array(answer, (3, 3), "The kernel").astype(float)
    size = np.abs(kernel).max()
    if size == 0:
        return "A kernel of zeros sees nothing."
    downwards = float(kernel[2].sum())  # the window's last row is on the bright side of the step
    if abs(kernel.sum()) > 1e-6 * size:
        return "On a flat image your kernel should answer 0: its nine weights must add up to 0."
    if np.abs(kernel.sum(axis=0)).max() > 1e-6 * size:
        return "It also answers to upright edges: each of its three columns must add up to 0."
    # One row bright, then two: an edge is seen in both places where the window straddles it.
    if downwards <= 0 or float(kernel[1:].sum()) <= 0:
        return "From dark above to bright below it should answer with a positive number in every place."
    return None


exercise(
    "edge_kernel",
    solution=_EDGE,
    check=check_edge_kernel,
    hints=(
        "Turn the notebook's kernel by a quarter: what is above counts negative, what is below positive.",
    ),
    right="It answers 0 on flat tissue and on upright edges, and a positive number at its own edge.",
)


def mean_pool(image: np.ndarray) -> np.ndarray:
    """Return the mean of each 2 x 2 block of an image (H, W); a last odd row or column falls away."""
    return _blocks(image).mean(axis=(1, 3))


def _blocks(image: np.ndarray) -> np.ndarray:
    """Cut an image into blocks of 2 x 2 pixels, shape (H // 2, 2, W // 2, 2)."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)


exercise(
    "mean_pool",
    solution=mean_pool,
    # Unequal sides, even and odd.
    cases=[(rng.normal(size=shape),) for shape in ((4, 6), (5, 8), (8, 5), (7, 9))],
    mistakes=[
        (
            lambda image: _blocks(image).max(axis=(1, 3)),
            "That is the largest of each block; you need the mean.",
        )
    ],
    hints=(
        "The notebook's `pool` cuts blocks and takes their largest number. Here there is no axis "
        "of maps, and it is the mean that is asked for. image[0::2, 0::2] is the upper left "
        "pixel of every block.",
    ),
    right="Maximum pooling asks whether something is there, mean pooling how much of it.",
)


exercise(
    "padded_weights",
    solution=(64 * 7 * 7 + 1) * 64,
    mistakes=[
        (64 * 7 * 7, "So many numbers go in. How many weights lead from them to 64 units?"),
        (64 * 7 * 7 * 64, "Nearly: each of the 64 units has a bias too."),
        ((64 * 5 * 5 + 1) * 64, "That is the layer without padding; with padding the maps are 7 × 7."),
    ],
    rtol=1e-9,
    hints=(
        "With padding the last maps are 64 × 7 × 7. Each of the 64 units of the dense layer sees "
        "all of these numbers, and has a bias.",
    ),
    right="Nearly twice the 102,464 of the article's layer, for a border of zeros.",
)
