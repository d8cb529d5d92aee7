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


def starts(image, side):
    return range(0, image.shape[0], side), range(0, image.shape[1], side)


def pool_in_loops(image, side):
    rows, columns = starts(image, side)
    result = np.zeros((len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            result[i, j] = np.mean(image[row : row + side, column : column + side])
    return result


def pool_to_lists(image, side):
    image = image.tolist()
    pooled = []
    for first in range(0, len(image), side):
        rows = image[first : first + side]
        blocks = [[row[c : c + side] for row in rows] for c in range(0, len(image[0]), side)]
        pooled.append([sum(map(sum, block)) / sum(map(len, block)) for block in blocks])
    return pooled


def pool_with_reduceat(image, side):
    rows, columns = starts(image, side)
    sums = np.add.reduceat(np.add.reduceat(image.astype(float), rows, axis=0), columns, axis=1)
    counts = np.add.reduceat(np.add.reduceat(np.ones(image.shape), rows, axis=0), columns, axis=1)
    return sums / counts


def pool_with_nan(image, side):
    padded = np.pad(
        image.astype(float), [(0, -length % side) for length in image.shape], constant_values=np.nan
    )
    return np.nanmean(whole(padded, side), axis=(1, 3))


def pool_with_split(image, side):
    rows, columns = starts(image, side)
    return [
        [block.mean() for block in np.split(band, list(columns)[1:], axis=1)]
        for band in np.split(image, list(rows)[1:], axis=0)
    ]


def pool_in_float32(image, side):
    return np.float32(pool_in_loops(image.astype("float32"), side))


def whole(image, side):
    height, width = image.shape[0] // side, image.shape[1] // side
    return image[: height * side, : width * side].reshape(height, side, width, side)


def each(image, side, measure):
    rows, columns = starts(image, side)
    return np.array([[measure(image[r : r + side, c : c + side]) for c in columns] for r in rows])


def pool_filled_up(image, side, **options):
    return whole(np.pad(image, [(0, -length % side) for length in image.shape], **options), side).mean((1, 3))


def pool_sliding(image, side):
    return np.lib.stride_tricks.sliding_window_view(image, (side, side)).mean(axis=(2, 3))


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
            "in loops": pool_in_loops,
            "lists": pool_to_lists,
            "reduceat": pool_with_reduceat,
            "NaN for what is not there": pool_with_nan,
            "split": pool_with_split,
            "float32": pool_in_float32,
            "a comprehension": lambda image, side: each(image, side, np.mean),
            "a sum over the size": lambda image, side: each(image, side, lambda b: b.sum() / b.size),
        },
        "wrong": {
            "largest": lambda image, side: each(image, side, np.max),
            "sum": lambda image, side: each(image, side, np.sum),
            "median": lambda image, side: each(image, side, np.median),
            "upper left pixel": lambda image, side: image[::side, ::side],
            "the rest falls away": lambda image, side: whole(image, side).mean(axis=(1, 3)),
            "zeros count": lambda image, side: each(image, side, lambda b: b.sum() / side**2),
            "filled up with zeros": pool_filled_up,
            "filled up with the edge": lambda image, side: pool_filled_up(image, side, mode="edge"),
            "every place": pool_sliding,
            "always blocks of 2": lambda image, side: each(image, 2, np.mean),
            "turned": lambda image, side: each(image, side, np.mean).T,
            "the mean of all": lambda image, side: image.mean(),
            "half": lambda image, side: each(image, side, np.mean) / 2,
            "rounded": lambda image, side: each(image, side, np.mean).round(2),
            "without signs": lambda image, side: np.abs(each(image, side, np.mean)),
            "a sum in 8 bits": lambda image, side: each(
                image, side, lambda b: b.sum(dtype=image.dtype) / b.size
            ),
            "the type of the image": lambda image, side: each(image, side, np.mean).astype(image.dtype),
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
    "which_kernel": {
        "right": {
            "letters": "bc",
            "the other way round": "cb",
            "with a comma": "b, c",
            "capitals": "BC",
            "a list": ["b", "c"],
            "a set": {"b", "c"},
        },
        "wrong": {
            "one is missing": "b",
            "the other is missing": "c",
            "the edge is taken for an upright one": "abc",
            "all": "abcd",
            "none": "",
            "every direction for one": "bcd",
            "a number": 23,
            "another letter": "bcx",
        },
    },
    "moved_nodules": {
        "right": {
            "letters": "ac",
            "the other way round": "ca",
            "with a comma": "a, c",
            "capitals": "A and C",
            "a tuple": ("a", "c"),
            "a set": {"a", "c"},
        },
        "wrong": {
            "the same at every place": "ab",
            "one pixel alone": "a",
            "the loss alone": "c",
            "more careful far away": "acd",
            "all": "abcd",
            "none": "",
            "yes": True,
            "a sentence": "the first and the third",
        },
    },
}

# Seed 0 at lesson scale, moved to the right by 0, 1, 2, 4, 6 and 8 pixels.
MEASURED = {
    "moved_nodules": {
        "by_shift": {
            0: {"auc": 0.837, "mean output": 0.431},
            1: {"auc": 0.836, "mean output": 0.426},
            2: {"auc": 0.835, "mean output": 0.412},
            4: {"auc": 0.808, "mean output": 0.347},
            6: {"auc": 0.753, "mean output": 0.236},
            8: {"auc": 0.701, "mean output": 0.135},
        }
    }
}
# A network that does not mind where a nodule lies.
CONTRARY = {
    "moved_nodules": (
        {"by_shift": {shift: {"auc": 0.83, "mean output": 0.43} for shift in (0, 1, 2, 4, 6, 8)}},
        "ab",
    )
}
