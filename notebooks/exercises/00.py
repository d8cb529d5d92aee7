"""The exercises of 00_start."""

from __future__ import annotations

import numpy as np

from medlab.exercises import exercise


def gray_of(hu: float, low_hu: float, high_hu: float) -> float:
    """Return the gray, 0 to 1, of a CT number in a window given by its ends."""
    return min(max((hu - low_hu) / (high_hu - low_hu), 0.0), 1.0)


exercise(
    "gray_of",
    solution=gray_of,
    # Numbers inside a window, on its ends and outside.
    cases=[
        (-600.0, -1200.0, 0.0),
        (40.0, -160.0, 240.0),
        (-1200.0, -1350.0, 150.0),
        (3000.0, -160.0, 240.0),
        (250.0, -160.0, 240.0),
        (-1000.0, -160.0, 240.0),
        (-160.0, -160.0, 240.0),
        (-700.0, -1350.0, 150.0),  # 0.4333: tells rounding
        (-500.0, -1001.0, -100.0),  # its center is no whole number
        (550.0, 300.0, 1300.0),  # both ends above 0
    ],
    mistakes=[
        (
            lambda hu, low_hu, high_hu: (hu - low_hu) / (high_hu - low_hu),
            "Inside the window all is right; below it the gray must stay 0, above it 1.",
        ),
        (
            lambda hu, low_hu, high_hu: 1 - gray_of(hu, low_hu, high_hu),
            "Black and white are swapped: high numbers are bright.",
        ),
        (lambda hu, low_hu, high_hu: 255 * gray_of(hu, low_hu, high_hu), "White is 1 here, not 255."),
    ],
    hints=(
        "How far is hu above low_hu, as a part of the whole band high_hu - low_hu?",
        "At low_hu this part is 0, at high_hu it is 1, and halfway between it is a half. Outside the "
        "window it would fall below 0 or rise above 1: which two functions, or which comparisons, keep it "
        "from that?",
    ),
    right="That is all a window is: a straight line with its two ends cut off.",
)


def batches_per_epoch(count: int, size: int) -> int:
    """Return the number of batches that hold `count` images, at most `size` in each."""
    return -(-count // size)


exercise(
    "batches_per_epoch",
    solution=batches_per_epoch,
    # Counts that divide evenly and counts that do not, by much and by very little.
    cases=[(100, 32), (64, 32), (96, 32), (1, 64), (1000, 64), (65, 64), (32, 32), (10_001, 5_000)],
    mistakes=[
        (
            lambda count, size: count // size,
            "You leave the last images out when they do not fill a batch: round up.",
        ),
        (
            lambda count, size: count // size + 1,
            "Right, except where the batches come out even: 64 images in batches of 32 are exactly 2.",
        ),
        (lambda count, size: count / size, "There is no part of a batch: round up to a whole number."),
    ],
    hints=(
        "How many images are left over once all full batches are taken? They need a batch too.",
        "100 // 32 is 3 and leaves 4 images over, 96 // 32 is 3 too and leaves none. // always rounds down; "
        "you want to round up wherever something is left over, and only there.",
    ),
    right="A training that uses every batch, as Keras' own fit does, takes that many steps in an epoch.",
)


def four_outcomes(truth: np.ndarray, called: np.ndarray) -> tuple[int, int, int, int]:
    """Return the true positives, false negatives, false positives and true negatives."""
    ill, positive = np.asarray(truth) == 1, np.asarray(called) == 1
    tp, fn = np.count_nonzero(ill & positive), np.count_nonzero(ill & ~positive)
    fp, tn = np.count_nonzero(~ill & positive), np.count_nonzero(~ill & ~positive)
    return int(tp), int(fn), int(fp), int(tn)


exercise(
    "four_outcomes",
    solution=four_outcomes,
    # Groups in which the four counts all differ, and some without ill or without healthy patients.
    cases=[
        (np.array([1, 1, 0, 1, 0, 1, 0]), np.array([1, 0, 1, 1, 0, 1, 1])),
        (np.array([1] * 7 + [0] * 8), np.array([1] * 4 + [0] * 3 + [1] * 2 + [0] * 6)),
        (np.array([0, 0, 1, 0, 0, 0]), np.array([0, 1, 1, 0, 1, 0])),
        (np.array([0, 0, 0]), np.array([0, 1, 0])),
        (np.array([1, 1]), np.array([1, 1])),
        (np.array([0, 0]), np.array([0, 0])),
    ],
    mistakes=[
        (
            lambda truth, called: tuple(np.array(four_outcomes(truth, called))[[0, 2, 1, 3]]),
            "All four are right, but the second is the ill who were missed and the third the healthy "
            "who were called back.",
        ),
        (
            lambda truth, called: four_outcomes(truth, called)[::-1],
            "All four are right, in scikit-learn's order. Here the ill who were called back come first.",
        ),
        (
            lambda truth, called: tuple(np.array(four_outcomes(truth, called)) / len(truth)),
            "These are shares of all patients; you need the counts.",
        ),
    ],
    hints=(
        "Look at the ill and at the healthy apart: how many of each were called back, and how many were not?",
        "called[truth == 1] are the decisions on the ill. How many of them are 1, and how many "
        "0? Then the same with truth == 0. np.sum(array == 1) counts.",
    ),
    right="True positives, false negatives, false positives, true negatives: every rate is made of these.",
)


def decide(output: float, threshold: float) -> str:
    """Return the proposal, "call back" or "no call-back"."""
    return "call back" if output >= threshold else "no call-back"


exercise(
    "decide",
    solution=decide,
    # Outputs on both sides of a threshold, on it and just below.
    cases=[(0.3, 0.2), (0.1, 0.2), (0.2, 0.2), (0.9, 0.95), (0.16, 0.2), (0.1999, 0.2), (0.19999, 0.2)],
    mistakes=[
        (
            lambda output, threshold: "call back" if output > threshold else "no call-back",
            "On both sides all is right; the threshold itself is called back too: >=.",
        ),
        (
            lambda output, threshold: decide(output, 0.5),
            "You compare with 0.5, but the threshold is given.",
        ),
    ],
    hints=(
        "One comparison decides. Which of the two texts belongs to the threshold itself?",
        "An if with >= is true on the threshold itself too. Return one text where it is true and "
        "the other where it is not, spelled as in the task.",
    ),
    right="One comparison, and all the work was in choosing the threshold.",
)
