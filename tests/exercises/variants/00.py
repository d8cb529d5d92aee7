"""Answers to the exercises of 00_start, right and plausibly wrong."""

from __future__ import annotations

import math
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


def batches_by_counting(count, size):
    batches = 0
    while count > 0:
        count -= size
        batches += 1
    return batches


def batches_by_recursion(count, size):
    return 0 if count <= 0 else 1 + batches_by_recursion(count - size, size)


def batches_with_rest(count, size):
    whole, rest = divmod(count, size)
    return whole + 1 if rest else whole


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


def decide_with_default(probability, threshold):
    answer = "no call-back"
    if not probability < threshold:
        answer = "call back"
    return answer


def decide_above(probability, threshold):
    if probability > threshold:
        return "call back"
    return "no call-back"


def decide_rounded(probability, threshold):
    return "call back" if round(probability, 1) >= threshold else "no call-back"


def decide_printed(probability, threshold):
    print("call back" if probability >= threshold else "no call-back")


def decide_half(probability, threshold):
    if probability >= threshold:
        return "call back"
    return None


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
    "batches_per_epoch": {
        "right": {
            "added before dividing": lambda count, size: (count + size - 1) // size,
            "minus twice": lambda count, size: -(-count // size),
            "math.ceil": lambda count, size: math.ceil(count / size),
            "np.ceil, a float": lambda count, size: np.ceil(count / size),
            "whole and rest": batches_with_rest,
            "counted": batches_by_counting,
            "recursion": batches_by_recursion,
            "length of a range": lambda count, size: len(range(0, count, size)),
            "split": lambda count, size: len(np.array_split(np.arange(count), range(size, count, size))),
            "truth added": lambda count, size: count // size + (count % size > 0),
            "0-d array": lambda count, size: np.array(math.ceil(count / size)),
        },
        "wrong": {
            "rounded down": lambda count, size: count // size,
            "always one more": lambda count, size: count // size + 1,
            "rounded to the nearest": lambda count, size: round(count / size),
            "half a batch added and rounded": lambda count, size: round(count / size + 0.5),
            "with a part of a batch": lambda count, size: count / size,
            "at least one": lambda count, size: max(1, count // size),
            "swapped": lambda count, size: -(-size // count),
            "one too many added": lambda count, size: (count + size) // size,
            "rest counted in images": lambda count, size: count // size + count % size,
            "the example's answer": lambda count, size: 4,
            "a text": lambda count, size: str(-(-count // size)),
            "a list": lambda count, size: [size] * (count // size),
            "nearly one added": lambda count, size: int(count / size + 0.99),
            "nearly half added": lambda count, size: round(count / size + 0.49),
            "rounded, then rounded up": lambda count, size: math.ceil(round(count / size, 2)),
            "one more for more than a batch": lambda count, size: count // size + (count > size),
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
    "decide": {
        "right": {
            "if": lambda p, cut: "call back" if p >= cut else "no call-back",
            "the other way round": lambda p, cut: "no call-back" if p < cut else "call back",
            "a default": decide_with_default,
            "np.where, a 0-d array": lambda p, cut: np.where(p >= cut, "call back", "no call-back"),
            "a text of NumPy": lambda p, cut: np.array(["no call-back", "call back"])[int(p >= cut)],
            "an array of one": lambda p, cut: np.array(["call back" if p >= cut else "no call-back"]),
            "in a list": lambda p, cut: ["call back"] if p >= cut else ["no call-back"],
            "a table": lambda p, cut: {True: "call back", False: "no call-back"}[p >= cut],
            "and, or": lambda p, cut: (p >= cut and "call back") or "no call-back",
            "the sign": lambda p, cut: ("no call-back", "call back")[p - cut >= 0],
            "a line break at the end": lambda p, cut: "call back\n" if p >= cut else "no call-back\n",
        },
        "wrong": {
            "above only": decide_above,
            "0.5": lambda p, cut: "call back" if p >= 0.5 else "no call-back",
            "turned over": lambda p, cut: "no call-back" if p >= cut else "call back",
            "swapped": lambda p, cut: "call back" if cut >= p else "no call-back",
            "always": lambda p, cut: "call back",
            "never": lambda p, cut: "no call-back",
            "a truth value": lambda p, cut: p >= cut,
            "0 or 1": lambda p, cut: int(p >= cut),
            "other words": lambda p, cut: "callback" if p >= cut else "no callback",
            "capitals": lambda p, cut: "CALL BACK" if p >= cut else "NO CALL-BACK",
            "rounded": decide_rounded,
            "close is enough": lambda p, cut: "call back" if p >= cut - 0.01 else "no call-back",
            "printed": decide_printed,
            "without the other answer": decide_half,
            "a ratio near 1": lambda p, cut: "call back" if p / cut >= 0.9999 else "no call-back",
            "rounded to four digits": lambda p, cut: "call back" if round(p, 4) >= cut else "no call-back",
        },
    },
}
