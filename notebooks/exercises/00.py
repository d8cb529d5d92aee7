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


exercise(
    "steps_in_all",
    solution=120,  # 1000 // 64 = 15 whole batches in each of 8 epochs
    mistakes=[
        (128, "The last, smaller batch is left out here: 15 whole batches, not 16, are in each epoch."),
        (125, "A batch is left out for each epoch: round down before you count the epochs, not after."),
        (15, "This is one epoch. How many are there?"),
        (16, "This is one epoch, and its last, smaller batch is left out here."),
        (8000, "This is how often an image is shown; a step takes 64 images."),
    ],
    hints=(
        "How many whole batches of 64 can be made of 1000 images? What remains makes no step.",
        "1000 // 64 rounds down to the number of whole batches. Each of the 8 epochs has as many.",
    ),
    right="The optimizer changes the weights once per batch; the next cell asks it how often it did.",
)


exercise(
    "ill_among_called",
    solution=13 / 15,  # to the right of 0.55 stand 13 squares and 2 circles
    mistakes=[
        (13 / 20, "This is the sensitivity, a share of all who are ill. Divide by all who are called back."),
        (2 / 20, "This is the share of the healthy who are called back. Divide by all who are called back."),
        (2 / 15, "These are the healthy among those who are called back. The ill are asked for."),
        (13 / 40, "You divide by all patients. Divide by those who are called back."),
        (16 / 20, "This belongs to the threshold 0.45 of panel B. Move it to 0.55 and count again."),
        (10 / 11, "This belongs to the threshold 0.65 of panel A. Move it to 0.55 and count again."),
    ],
    rtol=0.01,
    hints=(
        "Imagine the dashed line at 0.55 and look only at what stands to the right of it: "
        "who are these people?",
        "Count the squares and the circles to the right of 0.55. The squares are ill; divide their number by "
        "that of all marks to the right.",
    ),
    right="13 of 15. Where the ill are as rare as in a screening, the same threshold gives a far smaller "
    "share.",
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


def right_answers(rates: dict[int, tuple[float, float]], ill_per_1000: int) -> dict[int, float]:
    """Return for each setting how many of 1,000 people are judged rightly."""
    return {
        wanted: ill_per_1000 * found + (1000 - ill_per_1000) * (1 - alarmed)
        for wanted, (found, alarmed) in rates.items()
    }


def most_found_is_most_right(rates: dict[int, tuple[float, float]]) -> bool:
    """Say whether the setting that finds most has most right answers, in both groups."""
    counts = [right_answers(rates, ill_per_1000) for ill_per_1000 in (350, 10)]
    return all(right[max(rates)] == max(right.values()) for right in counts)


# What the notebook measures: for each setting, by the percentage wanted on validation, the share of the ill
# who are found on test, and of the healthy who are called back.
exercise(
    "price_of_finding",
    solution="bd",
    statements={
        "a": most_found_is_most_right,
        "b": lambda rates: all(990 * alarmed > 9 * 10 * found for found, alarmed in rates.values()),
        "c": lambda rates: rates[max(rates)][1] <= 2 * rates[min(rates)][1],
        "d": lambda rates: max(right_answers(rates, 10).values()) < 990,
    },
    hints=(
        "Set ill_per_1000 to 350, then to 10, and read the four bars each time. Right answers are the ill "
        "who are found and the healthy who are left alone.",
        "Take one statement at a time. For those who are called back, compare the two kinds of people in "
        "them. And if nobody is called back, how many of 1000 answers are right where 10 are ill?",
    ),
    right="Accuracy rewards silence where the disease is rare, so a threshold is chosen by what each error "
    "costs.",
)
