"""Answers to the exercises of 03_cnn as learners write them, right and wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np


def weights_in_a_loop(side, channels, kernels):
    total = 0
    for _ in range(kernels):
        total += 1
        for _ in range(channels):
            total += side**2
    return total


def side_by_counting(side, kernel, pool):
    places = len(range(0, side - kernel + 1))
    return len([first for first in range(0, places, pool) if first + pool <= places])


def side_by_removing(side, kernel, pool):
    convolved = side - (kernel - 1)
    return (convolved - convolved % pool) / pool


def pool_in_loops(image):
    height, width = image.shape[0] // 2, image.shape[1] // 2
    result = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            result[row, column] = np.mean(image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2])
    return result


def pool_to_lists(image):
    image = image.tolist()
    rows, columns = len(image), len(image[0])
    return [
        [
            (image[i][j] + image[i][j + 1] + image[i + 1][j] + image[i + 1][j + 1]) / 4
            for j in range(0, columns - 1, 2)
        ]
        for i in range(0, rows - 1, 2)
    ]


def even(image):
    return image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]


def quarters(image):
    image = even(image).astype(float)
    return image[::2, ::2], image[1::2, ::2], image[::2, 1::2], image[1::2, 1::2]


def pool_one_axis_after_the_other(image):
    image = even(image)
    rows = image[0::2] / 2 + image[1::2] / 2
    return (rows[:, 0::2] + rows[:, 1::2]) / 2


def pool_with_reduceat(image):
    image = even(image)
    rows = np.add.reduceat(image, np.arange(0, image.shape[0], 2), axis=0)
    return np.add.reduceat(rows, np.arange(0, image.shape[1], 2), axis=1) / 4


def pool_with_matrices(image):
    image = even(image)
    left = np.kron(np.eye(image.shape[0] // 2), [0.5, 0.5])
    right = np.kron(np.eye(image.shape[1] // 2), [0.5, 0.5])
    return left @ image @ right.T


def blocks(image):
    image = even(image)
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2)


def pool_with_padding(image):
    image = np.pad(image, [(0, side % 2) for side in image.shape], mode="edge")
    return blocks(image).mean(axis=(1, 3))


def pool_sliding(image):
    return (image[:-1, :-1] + image[1:, :-1] + image[:-1, 1:] + image[1:, 1:]) / 4


def pool_with_the_sides_swapped(image):
    image = even(image)
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return image.reshape(2, height, 2, width).mean(axis=(0, 2))


SOBEL = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]

VARIANTS = {
    "kernel_weights": {
        "right": {
            "as in the text": lambda side, channels, kernels: (side * side * channels + 1) * kernels,
            "with powers": lambda side, channels, kernels: side**2 * channels * kernels + kernels,
            "in loops": weights_in_a_loop,
            "as a float": lambda side, channels, kernels: float(kernels * (1 + channels * side**2)),
            "np.prod": lambda side, channels, kernels: np.prod([side, side, channels, kernels]) + kernels,
            "of arrays": lambda side, channels, kernels: (
                np.zeros((side, side, channels, kernels)).size + np.zeros(kernels).size
            ),
            "a sum": lambda side, channels, kernels: sum(side * side * channels + 1 for _ in range(kernels)),
            "a 0-d array": lambda side, channels, kernels: np.array((side * side * channels + 1) * kernels),
            "math.prod": lambda side, channels, kernels: math.prod((side, side, channels, kernels)) + kernels,
            "32-bit": lambda side, channels, kernels: np.int32((side * side * channels + 1) * kernels),
        },
        "wrong": {
            "no bias": lambda side, channels, kernels: side * side * channels * kernels,
            "one bias for all": lambda side, channels, kernels: side * side * channels * kernels + 1,
            "one channel": lambda side, channels, kernels: (side * side + 1) * kernels,
            "a bias for each channel": lambda side, channels, kernels: (side * side + 1) * channels * kernels,
            "a bias for each channel and none for a kernel": lambda side, channels, kernels: (
                side * side * channels * kernels + channels
            ),
            "a side not squared": lambda side, channels, kernels: (side * channels + 1) * kernels,
            "a side doubled": lambda side, channels, kernels: (2 * side * channels + 1) * kernels,
            "always a window of 3": lambda side, channels, kernels: (9 * channels + 1) * kernels,
            "a bias for each weight": lambda side, channels, kernels: 2 * side * side * channels * kernels,
            "the first row of the table": lambda side, channels, kernels: 320,
            "the table": lambda side, channels, kernels: 320 if channels == 1 else 18_496,
            "channels and kernels swapped": lambda side, channels, kernels: (
                (side * side * kernels + 1) * channels
            ),
        },
    },
    "side_after": {
        "right": {
            "as in the text": lambda side, kernel, pool: (side - kernel + 1) // pool,
            "int": lambda side, kernel, pool: int((side - kernel + 1) / pool),
            "math.floor": lambda side, kernel, pool: math.floor((side - (kernel - 1)) / pool),
            "np.floor, a float": lambda side, kernel, pool: np.floor((side - kernel + 1) / pool),
            "divmod": lambda side, kernel, pool: divmod(side - kernel + 1, pool)[0],
            "counted": side_by_counting,
            "the rest taken off": side_by_removing,
            "the first place last": lambda side, kernel, pool: (side - kernel + 1 - pool) // pool + 1,
            "a 0-d array": lambda side, kernel, pool: np.array(side - kernel + 1) // pool,
            "np.floor_divide": lambda side, kernel, pool: np.floor_divide(side + 1 - kernel, pool),
        },
        "wrong": {
            "not rounded": lambda side, kernel, pool: (side - kernel + 1) / pool,
            "rounded up": lambda side, kernel, pool: math.ceil((side - kernel + 1) / pool),
            "rounded": lambda side, kernel, pool: round((side - kernel + 1) / pool),
            "with padding": lambda side, kernel, pool: side // pool,
            "one place too few": lambda side, kernel, pool: (side - kernel) // pool,
            "a pixel off all around": lambda side, kernel, pool: (side - 2) // pool,
            "half the kernel twice": lambda side, kernel, pool: (side - 2 * (kernel // 2)) // pool,
            "no pooling": lambda side, kernel, pool: side - kernel + 1,
            "pooled by 2": lambda side, kernel, pool: (side - kernel + 1) // 2,
            "pooled first": lambda side, kernel, pool: side // pool - kernel + 1,
            "divided one by one": lambda side, kernel, pool: side // pool - kernel // pool,
            "1 added at the end": lambda side, kernel, pool: (side - kernel) // pool + 1,
            "always 13": lambda side, kernel, pool: 13,
        },
    },
    "edge_kernel": {
        "right": {
            "the notebook's, turned": np.array([[-1, 0, 1]] * 3).T,
            "a list": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
            "Sobel": SOBEL,
            "Sobel in small numbers": (np.array(SOBEL) / 8).astype("float32"),
            "the middle counts as dark": [[-1, -1, -1], [-1, -1, -1], [2, 2, 2]],
            "the middle counts as bright": [[-2.0, -2.0, -2.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]],
            "thirds in float32": np.float32([[-1, -1, -1], [1 / 3] * 3, [2 / 3] * 3]),
            "one column": [[0, -1, 0], [0, 0, 0], [0, 1, 0]],
            "one row and the next": [[0, 0, 0], [-1, -1, -1], [1, 1, 1]],
            "one row and the one before": [[-1, -1, -1], [1, 1, 1], [0, 0, 0]],
            "rows of tuples": ((-3, -10, -3), (0, 0, 0), (3, 10, 3)),
            "tiny": 1e-5 * np.array(SOBEL),
            "small integers": np.array(SOBEL, dtype="int8"),
            "fractions": [[Fraction(-1, 3)] * 3, [0] * 3, [Fraction(1, 3)] * 3],
            "decimals": [[Decimal("-0.1")] * 3, [Decimal(0)] * 3, [Decimal("0.1")] * 3],
        },
        "wrong": {
            "for upright edges": [[-1, 0, 1]] * 3,
            "from bright to dark": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
            "a mean": np.full((3, 3), 1 / 9),
            "zeros": np.zeros((3, 3)),
            "Laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
            "for slanted edges": [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]],
            "dark and bright, no sum of 0": [[-1, -1, -1], [0, 0, 0], [1, 2, 1]],
            "the bright rows alone": [[0, 0, 0], [0, 0, 0], [1, 1, 1]],
            "a line": [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]],
            "first positive, then negative": [[1, 1, 1], [-3, -3, -3], [2, 2, 2]],
            "columns that cancel": [[-1, 0, 1], [0, 0, 0], [1, 0, -1]],
            "one row": [-1, 0, 1],
            "5 x 5": np.array([[-2, -1, 0, 1, 2]] * 5).T,
            "flat": [-1, -1, -1, 0, 0, 0, 1, 1, 1],
            "turned the other way": np.rot90([[-1, 0, 1]] * 3),
        },
    },
    "mean_pool": {
        "right": {
            "as in the text": lambda image: blocks(image).mean(axis=(1, 3)),
            "in loops": pool_in_loops,
            "lists": pool_to_lists,
            "four quarters": lambda image: sum(quarters(image)) / 4,
            "stacked": lambda image: np.mean(np.stack(quarters(image)), axis=0),
            "one axis after the other": pool_one_axis_after_the_other,
            "reduceat": pool_with_reduceat,
            "matrices": pool_with_matrices,
            "einsum": lambda image: np.einsum("iajb->ij", blocks(image) / 4),
            "float32": lambda image: blocks(image).astype("float32").mean(axis=(1, 3)),
            "a sum over 4": lambda image: blocks(image).sum(axis=3).sum(axis=1) * 0.25,
            "swapped axes": lambda image: (
                blocks(image).swapaxes(1, 2).reshape(*blocks(image).shape[::2], 4).mean(-1)
            ),
            "windows": lambda image: np.lib.stride_tricks.sliding_window_view(image, (2, 2))[::2, ::2].mean(
                (2, 3)
            ),
            "quarters divided first": lambda image: sum(
                even(image)[i::2, j::2] / 4 for i in (0, 1) for j in (0, 1)
            ),
        },
        "wrong": {
            "largest": lambda image: blocks(image).max(axis=(1, 3)),
            "sum": lambda image: blocks(image).sum(axis=(1, 3)),
            "median": lambda image: np.median(blocks(image), axis=(1, 3)),
            "upper left pixel": lambda image: quarters(image)[0],
            "padded": pool_with_padding,
            "every place": pool_sliding,
            "other axes": lambda image: blocks(image).mean(axis=(0, 2)),
            "the sides swapped": pool_with_the_sides_swapped,
            "turned": lambda image: blocks(image).mean(axis=(1, 3)).T,
            "even images only": lambda image: image.reshape(
                image.shape[0] // 2, 2, image.shape[1] // 2, 2
            ).mean(axis=(1, 3)),
            "half": lambda image: blocks(image).mean(axis=(1, 3)) / 2,
            "largest of the means": lambda image: blocks(image).mean(axis=1).max(axis=2),
            "the mean of all": lambda image: image.mean(),
            "the last row, not the first, falls away": lambda image: blocks(
                image[image.shape[0] % 2 :, image.shape[1] % 2 :]
            ).mean(axis=(1, 3)),
            "rounded": lambda image: blocks(image).mean(axis=(1, 3)).round(2),
            "without signs": lambda image: np.abs(blocks(image)).mean(axis=(1, 3)),
            "a sum in 8 bits": lambda image: sum(even(image)[i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4,
            "a sum in 8 bits along an axis": lambda image: (
                (even(image)[::2] + even(image)[1::2])[:, ::2] / 4
                + (even(image)[::2] + even(image)[1::2])[:, 1::2] / 4
            ),
            "the type of the image": lambda image: blocks(image).mean(axis=(1, 3)).astype(image.dtype),
        },
    },
    "padded_weights": {
        "right": {
            "an integer": 200_768,
            "a float": 200_768.0,
            "computed": (64 * 7 * 7 + 1) * 64,
            "NumPy's": np.int64(200_768),
            "a 0-d array": np.array(200_768),
            "float32": np.float32(200_768),
            "an array of one": np.array([200_768]),
            "counted": sum(1 for _ in product(range(64), range(64 * 49))) + 64,
        },
        "wrong": {
            "the inputs": 64 * 7 * 7,
            "no bias": 64 * 7 * 7 * 64,
            "one bias": 64 * 7 * 7 * 64 + 1,
            "a bias for each input": 64 * (7 * 7 * 64 + 49),
            "without padding": 102_464,
            "rounded": 200_770,
            "in thousands": 200.768,
            "a text": "200768",
            "32 maps": (32 * 7 * 7 + 1) * 64,
            "one more": 200_769,
            "128 units": (64 * 7 * 7 + 1) * 128,
            "nearly": 200_768.4,
            "one digit": 200_000,
        },
    },
}
