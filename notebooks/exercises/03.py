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


def mean_pool(image: np.ndarray, side: int) -> np.ndarray:
    """Return the mean of each block of an image (H, W); the last blocks may be narrower or lower."""
    rows, columns = (range(0, length, side) for length in image.shape)
    return np.array([[image[r : r + side, c : c + side].mean() for c in columns] for r in rows])


def _whole_blocks(image: np.ndarray, side: int) -> np.ndarray:
    """Cut an image into whole blocks, shape (rows, side, columns, side), and leave out the rest."""
    height, width = image.shape[0] // side, image.shape[1] // side
    return image[: height * side, : width * side].reshape(height, side, width, side)


def _padded(image: np.ndarray, side: int) -> np.ndarray:
    """Add zeros at the right and below until whole blocks fit."""
    return np.pad(image, [(0, -length % side) for length in image.shape])


exercise(
    "mean_pool",
    solution=mean_pool,
    # Unequal sides that fit and that do not, a block larger than the image, and integers of 8 bits, which
    # overflow when added.
    cases=[
        (np.array([[4.0, 1.0, -2.0, 3.5, 9.0], [2.0, -3.0, 6.0, 0.5, 7.0]]), 2),
        *(
            (rng.normal(size=shape), side)
            for shape, side in (((4, 6), 2), ((5, 8), 3), ((8, 5), 4), ((2, 3), 4))
        ),
        (rng.normal(size=(7, 9)), 3),
        (np.array([[250, 255, 10, 20], [240, 251, 31, 0]], np.uint8), 2),
    ],
    mistakes=[
        (
            lambda image, side: _whole_blocks(image, side).mean(axis=(1, 3)),
            "You leave out the pixels at the right and below that fill no whole block. Here they form "
            "smaller blocks of their own.",
        ),
        (
            lambda image, side: _whole_blocks(_padded(image, side), side).mean(axis=(1, 3)),
            "You fill the last blocks up with zeros, which count in the mean. Divide by the pixels that are "
            "really there.",
        ),
        (
            lambda image, side: np.array(
                [
                    [image[r : r + side, c : c + side].max() for c in range(0, image.shape[1], side)]
                    for r in range(0, image.shape[0], side)
                ]
            ),
            "That is the largest of each block; you need the mean.",
        ),
        (
            lambda image, side: np.array(
                [
                    [
                        image[r : r + side, c : c + side].sum(dtype=image.dtype)
                        / image[r : r + side, c : c + side].size
                        for c in range(0, image.shape[1], side)
                    ]
                    for r in range(0, image.shape[0], side)
                ]
            ),
            "Right, except for integers of 8 bits: their sum overflows. Turn the image into floats first.",
        ),
    ],
    hints=(
        "Reshaping, as `pool` does it, needs blocks of one size, and yours may be smaller at the right and "
        "below. Which rows and which columns does the block cover that begins at row r and column c?",
        "Go through the first rows of the blocks, and in each of them through the first columns. A slice "
        "that reaches beyond the edge of an array ends at the edge, so it holds only pixels that are there.",
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


exercise(
    "which_kernel",
    solution="bc",
    # The kernels of the figure do not change; nothing is measured.
    statements={"a": lambda: False, "b": lambda: True, "c": lambda: True, "d": lambda: False},
    hints=(
        "Look first at the plain ground, far from the nodule. A kernel whose weights add up to 0 answers "
        "gray there. Then go around the rim of the nodule: where is the map white, where is it black?",
        "White is a sum above 0. Think of the window on the left rim, on the right, on the upper and on the "
        "lower one, and ask of each map at which of them it is white and at which it is gray.",
    ),
    right="A kernel can be recognized by what it answers on flat ground and at the four sides of a rim.",
)


def _lost(by_shift: Any) -> float:
    """Return the AUC that is lost at the largest shift."""
    return float(by_shift[0]["auc"] - by_shift[8]["auc"])


exercise(
    "moved_nodules",
    solution="ac",
    statements={
        "a": lambda by_shift: abs(by_shift[0]["auc"] - by_shift[1]["auc"]) < 0.02,
        "b": lambda by_shift: _lost(by_shift) < 0.02,
        "c": lambda by_shift: _lost(by_shift) > 0.05,
        "d": lambda by_shift: by_shift[8]["mean output"] > by_shift[0]["mean output"] + 0.05,
    },
    hints=(
        "Compare the left end of each curve with its right end. Which statements speak of one pixel, and "
        "which of eight?",
        "The convolutions move their maps along with the nodule, but the dense layer has its own weight for "
        "every place. Read off the two curves what that costs, and whether the outputs rise or fall.",
    ),
    right="One pixel hardly matters, but the dense layer has learned where a nodule has to be.",
)
