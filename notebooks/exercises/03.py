"""The exercises of 03_cnn."""

from __future__ import annotations

from itertools import product
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
    # Both convolutions of the notebook, and others, some of one place, one channel or one kernel.
    cases=[(3, 1, 32), (3, 32, 64), *product((1, 2, 5), (1, 3), (1, 4))],
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
        "Think of a single kernel first. It has a weight for every place of its window in every channel of "
        "the input, and one number besides that does not depend on the input.",
        "Count the places of the window, give each of them a weight for every input channel, and do not "
        "forget the single bias. All of that exists once for each kernel.",
    ),
    right="The size of the image plays no part: that is what sharing weights means.",
)


def side_after(side: int, kernel: int, pool: int) -> int:
    """Return the side of a map after a valid convolution and a pooling."""
    return (side - kernel + 1) // pool


exercise(
    "side_after",
    solution=side_after,
    # Both of the notebook, and sides, kernels and poolings of which each meets every rest.
    cases=[(28, 3, 2), (13, 3, 2), (64, 5, 2), *product(range(6, 14), (1, 2, 3, 4), (1, 2, 3))],
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
        (
            lambda side, kernel, pool: (side - 2 * (kernel // 2)) // pool,
            "Right for windows of an odd side; an even one is not lost in equal parts on both sides.",
        ),
    ],
    hints=(
        "Slide a window of 3 along a row of 28 pixels and count the places where it fits: there are 26. "
        "What does the pooling make of them, and of a last odd one?",
        "Without padding a map loses one row less than the kernel is wide. The pooling keeps whole blocks "
        "only, so divide what is left and round down.",
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
    if abs(kernel.sum()) > 1e-6 * size:
        return "On a flat image your kernel should answer 0: its nine weights must add up to 0."
    if np.abs(kernel.sum(axis=0)).max() > 1e-6 * size:
        return "It also answers to upright edges: each of its three columns must add up to 0."
    # The window straddles the edge in two places, with its last row on the bright side and with its last
    # two. A kernel of two rows sees the edge in one of them.
    at_edge = (float(kernel[2].sum()), float(kernel[1:].sum()))
    if min(at_edge) < -1e-6 * size or max(at_edge) <= 1e-6 * size:
        return (
            "From dark above to bright below it should answer with a positive number, and nowhere at such an "
            "edge with a negative one."
        )
    return None


exercise(
    "edge_kernel",
    solution=_EDGE,
    check=check_edge_kernel,
    hints=(
        "The notebook's kernel compares left with right. Yours should compare above with below, so try "
        "turning that kernel clockwise by a quarter.",
        "Let what is above count negative and what is below positive. Then add up each column: if all three "
        "sums are 0, neither flat images nor upright edges make the kernel answer.",
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
    # Unequal sides, even and odd, and a single block; last integers of 8 bits, which overflow when added.
    cases=[
        (np.array([[4.0, 1.0, -2.0, 3.5, 9.0], [2.0, -3.0, 6.0, 0.5, 7.0]]),),
        *((rng.normal(size=shape),) for shape in ((4, 6), (5, 8), (8, 5), (7, 9), (2, 3))),
        (np.array([[250, 255, 10, 20], [240, 251, 31, 0]], np.uint8),),
    ],
    mistakes=[
        (
            lambda image: _blocks(image).sum(axis=(1, 3), dtype=image.dtype) / 4,
            "Right, except for integers of 8 bits: their sum overflows. Turn the image into floats first.",
        ),
        (
            lambda image: _blocks(image).max(axis=(1, 3)),
            "That is the largest of each block; you need the mean.",
        ),
    ],
    hints=(
        "The notebook's `pool` is a good place to start: it cuts the maps into blocks and takes the largest "
        "number of each. Your image has no axis of maps, and you want the mean.",
        "Cut off a last odd row or column first. Then give every block two axes of its own by reshaping the "
        "image and take the mean over both, or add up the four pixels of each block with slices of step 2, "
        "as floats.",
    ),
    right="Maximum pooling asks whether something is there, mean pooling how much of it.",
)


exercise(
    "padded_weights",
    solution=(64 * 7 * 7 + 1) * 64,
    mistakes=[
        (64 * 7 * 7, "That many numbers go in. How many weights lead from them to 64 units?"),
        (64 * 7 * 7 * 64, "Nearly: each of the 64 units has a bias too."),
        ((64 * 5 * 5 + 1) * 64, "That is the layer without padding; with padding the maps are 7 × 7."),
    ],
    rtol=1e-9,
    hints=(
        "With padding the maps keep more of their places, so more numbers arrive at the dense layer. Every "
        "one of its units looks at all of them.",
        "Work out how many places the 64 maps have together: that many weights belong to one unit. Then add "
        "what each unit has besides its weights, and count all 64 units.",
    ),
    right="Nearly twice the 102,464 of the article's layer, for a border of zeros.",
)
