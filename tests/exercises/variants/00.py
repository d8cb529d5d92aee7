"""Answers to the exercises of 00_start, right and plausibly wrong."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from sklearn.metrics import confusion_matrix


def gray_by_cases(hu, low_hu, high_hu):
    if hu <= low_hu:
        return 0
    if hu >= high_hu:
        return 1
    return (hu - low_hu) / (high_hu - low_hu)


def gray_by_where(hu, low_hu, high_hu):
    inside = (hu - low_hu) / (high_hu - low_hu)
    return np.where(hu < low_hu, 0, np.where(hu > high_hu, 1, inside))


def gray_printed(hu, low_hu, high_hu):
    print(min(max((hu - low_hu) / (high_hu - low_hu), 0), 1))


def gray_without_return(hu, low_hu, high_hu):
    gray = (hu - low_hu) / (high_hu - low_hu)
    gray = min(max(gray, 0), 1)


def gray_lower_end_only(hu, low_hu, high_hu):
    return max((hu - low_hu) / (high_hu - low_hu), 0)


def gray_white_outside(hu, low_hu, high_hu):
    return (hu - low_hu) / (high_hu - low_hu) if low_hu <= hu <= high_hu else 1.0


def gray_black_outside(hu, low_hu, high_hu):
    return (hu - low_hu) / (high_hu - low_hu) if low_hu <= hu <= high_hu else 0.0


def outcomes_by_loop(truth, called):
    tp = fn = fp = tn = 0
    for ill, call in zip(truth, called, strict=True):
        if ill and call:
            tp += 1
        elif ill:
            fn += 1
        elif call:
            fp += 1
        else:
            tn += 1
    return [tp, fn, fp, tn]


def outcomes_in_place(truth, called):
    truth *= 2
    truth += called
    counts = np.bincount(truth, minlength=4)
    return counts[[3, 2, 1, 0]]


def outcomes_by_table(truth, called):
    table = np.zeros((2, 2), int)
    np.add.at(table, (1 - truth, 1 - called), 1)
    return table.ravel()


def outcomes_of_the_first_only(truth, called):
    return (int(truth[0] * called[0]), 3, 2, 6)


def outcomes_accuracy(truth, called):
    right = int(np.sum(truth == called))
    return right, len(truth) - right, 0, 0


# For each percentage wanted on validation: the shares, on test, of the ill found and the healthy called back.
MEASURED = {
    "price_of_finding": {
        "rates": {50: (0.507, 0.141), 70: (0.689, 0.243), 90: (0.938, 0.527), 95: (0.962, 0.645)}
    }
}
# A network that calls back nobody who is healthy.
CONTRARY = {
    "price_of_finding": ({"rates": {50: (0.5, 0.0), 70: (0.7, 0.0), 90: (0.9, 0.0), 95: (0.95, 0.0)}}, "ac")
}

VARIANTS = {
    "gray_of": {
        "right": {
            "min and max": lambda hu, low, high: min(max((hu - low) / (high - low), 0), 1),
            "clip": lambda hu, low, high: np.clip((hu - low) / (high - low), 0, 1),
            "clip first": lambda hu, low, high: (np.clip(hu, low, high) - low) / (high - low),
            "by cases, whole numbers at the ends": gray_by_cases,
            "np.where, a 0-d array": gray_by_where,
            "np.interp": lambda hu, low, high: np.interp(hu, [low, high], [0, 1]),
            "the middle of three": lambda hu, low, high: sorted([0, (hu - low) / (high - low), 1])[1],
            "float32": lambda hu, low, high: np.float32(min(max((hu - low) / (high - low), 0), 1)),
            "array of one": lambda hu, low, high: np.clip(np.array([(hu - low) / (high - low)]), 0, 1),
            "by center and width": lambda hu, low, high: min(
                max((hu - (low + high) / 2) / (high - low) + 0.5, 0), 1
            ),
            "a list of one": lambda hu, low, high: [min(max((hu - low) / (high - low), 0), 1)],
            "of a fraction": lambda hu, low, high: (
                Fraction(min(max(hu, low), high) - low) / Fraction(high - low)
            ),
        },
        "wrong": {
            "a center rounded down": lambda hu, low, high: min(
                max((hu - (low + high) // 2) / (high - low) + 0.5, 0), 1
            ),
            "not cut off": lambda hu, low, high: (hu - low) / (high - low),
            "cut off below only": gray_lower_end_only,
            "cut off above only": lambda hu, low, high: min((hu - low) / (high - low), 1),
            "white on both sides": gray_white_outside,
            "black on both sides": gray_black_outside,
            "turned over": lambda hu, low, high: 1 - min(max((hu - low) / (high - low), 0), 1),
            "255 gray levels": lambda hu, low, high: 255 * min(max((hu - low) / (high - low), 0), 1),
            "divided by the upper end": lambda hu, low, high: min(max((hu - low) / high, 0), 1),
            "the size of the distance": lambda hu, low, high: min(abs(hu - low) / (high - low), 1),
            "min and max swapped": lambda hu, low, high: max(min((hu - low) / (high - low), 0), 1),
            "rounded to two digits": lambda hu, low, high: round(
                min(max((hu - low) / (high - low), 0), 1), 2
            ),
            "whole division": lambda hu, low, high: min(max((hu - low) // (high - low), 0), 1),
            "black or white": lambda hu, low, high: float(hu >= (low + high) / 2),
            "white from 1000 on only": lambda hu, low, high: (
                1 if hu >= 1000 else max((hu - low) / (high - low), 0)
            ),
            "a truth value": lambda hu, low, high: hu > low,
            "the example's answer": lambda hu, low, high: 0.5,
            "printed": gray_printed,
            "without return": gray_without_return,
            "a text": lambda hu, low, high: str(min(max((hu - low) / (high - low), 0), 1)),
            "the lower end without its sign": lambda hu, low, high: min(
                max((hu + abs(low)) / (high - low), 0), 1
            ),
            "both ends without their signs": lambda hu, low, high: min(
                max((hu - low) / (abs(high) + abs(low)), 0), 1
            ),
        },
    },
    "steps_in_all": {
        "right": {
            "a number": 120,
            "a float": 120.0,
            "of NumPy": np.int64(120),
            "computed": 8 * (1000 // 64),
            "in a list": [120],
            "0-d array": np.array(120),
        },
        "wrong": {
            "rounded up": 128,
            "rounded after counting the epochs": 8 * 1000 // 64,
            "one epoch": 15,
            "one epoch, rounded up": 16,
            "images shown": 8000,
            "batches of 32": 8 * (1000 // 32),
            "a text": "120",
            "per epoch and in all": (15, 120),
        },
    },
    "ill_among_called": {
        "right": {
            "a quotient": 13 / 15,
            "two digits": 0.87,
            "three digits": 0.867,
            "a fraction": Fraction(13, 15),
            "in a list": [13 / 15],
            "of NumPy": np.float32(13 / 15),
        },
        "wrong": {
            "sensitivity": 13 / 20,
            "healthy called back": 2 / 20,
            "healthy among the called": 2 / 15,
            "of all patients": 13 / 40,
            "threshold of panel B": 16 / 20,
            "threshold of panel A": 10 / 11,
            "specificity": 18 / 20,
            "in percent": 86.7,
            "the count": 13,
            "a text": "13/15",
        },
    },
    "four_outcomes": {
        "right": {
            "products": lambda t, c: (
                np.sum(t * c),
                np.sum(t * (1 - c)),
                np.sum((1 - t) * c),
                np.sum((1 - t) * (1 - c)),
            ),
            "masks": lambda t, c: (
                np.sum((t == 1) & (c == 1)),
                np.sum((t == 1) & (c == 0)),
                np.sum((t == 0) & (c == 1)),
                np.sum((t == 0) & (c == 0)),
            ),
            "a loop, a list": outcomes_by_loop,
            "in place": outcomes_in_place,
            "a table": outcomes_by_table,
            "floats": lambda t, c: np.array(
                [
                    (t[c == 1] == 1).sum(),
                    (t[c == 0] == 1).sum(),
                    (t[c == 1] == 0).sum(),
                    (t[c == 0] == 0).sum(),
                ],
                "float32",
            ),
            "pairs counted": lambda t, c: tuple(
                list(zip(t.tolist(), c.tolist(), strict=True)).count(pair)
                for pair in ((1, 1), (1, 0), (0, 1), (0, 0))
            ),
            "dot products": lambda t, c: (t @ c, t @ (1 - c), (1 - t) @ c, (1 - t) @ (1 - c)),
            "by subtraction": lambda t, c: (
                (t & c).sum(),
                t.sum() - (t & c).sum(),
                c.sum() - (t & c).sum(),
                len(t) - (t | c).sum(),
            ),
            "scikit-learn": lambda t, c: confusion_matrix(t, c, labels=[1, 0]).ravel(),
            "counted": lambda t, c: np.bincount(2 * (1 - t) + (1 - c), minlength=4),
        },
        "wrong": {
            "pairs that occur": lambda t, c: np.unique(2 * t + c, return_counts=True)[1][::-1],
            "second and third swapped": lambda t, c: (
                np.sum(t * c),
                np.sum((1 - t) * c),
                np.sum(t * (1 - c)),
                np.sum((1 - t) * (1 - c)),
            ),
            "healthy first": lambda t, c: (
                np.sum((1 - t) * (1 - c)),
                np.sum((1 - t) * c),
                np.sum(t * (1 - c)),
                np.sum(t * c),
            ),
            "shares": lambda t, c: (
                np.mean(t * c),
                np.mean(t * (1 - c)),
                np.mean((1 - t) * c),
                np.mean((1 - t) * (1 - c)),
            ),
            "three of four": lambda t, c: (np.sum(t * c), np.sum(t * (1 - c)), np.sum((1 - t) * c)),
            "all called for the first": lambda t, c: (
                np.sum(c),
                np.sum(t * (1 - c)),
                np.sum((1 - t) * c),
                np.sum((1 - t) * (1 - c)),
            ),
            "right and wrong": outcomes_accuracy,
            "masks in place of counts": lambda t, c: (t & c, t & (1 - c), (1 - t) & c, (1 - t) & (1 - c)),
            "the first case's numbers": lambda t, c: (4, 3, 2, 6),
            "one number": lambda t, c: np.sum(t * c),
            "a 2 × 2 table": lambda t, c: np.array(outcomes_by_table(t, c)).reshape(2, 2),
            "arguments swapped": lambda t, c: outcomes_by_loop(c, t),
            "a set": lambda t, c: set(outcomes_by_loop(t, c)),
            "truth values": lambda t, c: tuple(count > 0 for count in outcomes_by_loop(t, c)),
            "counted up to the largest": lambda t, c: np.bincount(2 * t + c)[::-1],
            "scikit-learn's order": lambda t, c: confusion_matrix(t, c, labels=[0, 1]).ravel(),
            "scikit-learn, turned": lambda t, c: confusion_matrix(t, c).ravel()[::-1],
        },
    },
    "price_of_finding": {
        "right": {
            "letters": "bd",
            "the other way round": "db",
            "with a comma": "b, d",
            "a list": ["b", "d"],
            "a set": {"b", "d"},
            "capitals": "BD",
        },
        "wrong": {
            "one is missing": "b",
            "the other is missing": "d",
            "one too many": "bcd",
            "more found is more right": "ab",
            "all": "abcd",
            "none": "",
            "the wrong ones": "ac",
            "another letter": "be",
        },
    },
}
