"""Answers to the exercises of 06_lung_screening as learners write them, right and wrong."""

from __future__ import annotations

import bisect
import math
from fractions import Fraction

import numpy as np


def category_upwards(diameter_mm):
    if diameter_mm < 6:
        return "2"
    elif diameter_mm < 8:
        return "3"
    elif diameter_mm < 15:
        return "4A"
    else:
        return "4B"


def category_downwards(diameter_mm):
    if diameter_mm >= 15:
        return "4B"
    if diameter_mm >= 8:
        return "4A"
    if diameter_mm >= 6:
        return "3"
    return "2"


def category_in_bands(diameter_mm):
    category = "2"
    if 6 <= diameter_mm < 8:
        category = "3"
    if 8 <= diameter_mm < 15:
        category = "4A"
    if 15 <= diameter_mm:
        category = "4B"
    return category


def category_of_the_last(diameter_mm):
    result = "2"
    for start, category in {6: "3", 8: "4A", 15: "4B"}.items():
        if diameter_mm >= start:
            result = category
    return result


def category_of_the_smallest_first(diameter_mm):
    if diameter_mm >= 6:
        return "3"
    if diameter_mm >= 8:
        return "4A"
    if diameter_mm >= 15:
        return "4B"
    return "2"


def categories(starts, names, side="right"):
    """Return a rule with these thresholds."""
    return lambda diameter_mm: names[int(np.searchsorted(starts, diameter_mm, side))]


NAMES = ["2", "3", "4A", "4B"]


def category_rounded(digits):
    return lambda diameter_mm: category_downwards(round(float(diameter_mm), digits))


def rates_in_a_loop(truth, called):
    tp = tn = ill = others = 0
    for is_ill, is_positive in zip(truth, called, strict=True):
        if is_ill == 1:
            ill += 1
            tp += is_positive == 1
        else:
            others += 1
            tn += is_positive == 0
    return tp / ill, tn / others


def counts(truth, called):
    tp, fn = np.sum((truth == 1) & (called == 1)), np.sum((truth == 1) & (called == 0))
    fp, tn = np.sum((truth == 0) & (called == 1)), np.sum((truth == 0) & (called == 0))
    return tp, fn, fp, tn


def rates_from_counts(truth, called):
    tp, fn, fp, tn = counts(truth, called)
    return [tp / (tp + fn), tn / (tn + fp)]


def of_counts(formula):
    """Return a function of the four counts."""

    def rates(truth, called):
        return formula(*map(float, counts(truth, called)))

    return rates


def threshold_in_a_loop(truth, prob, least):
    best = -1.0
    for cut in prob:
        found = 0
        for is_ill, output in zip(truth, prob, strict=True):
            if is_ill == 1 and output >= cut:
                found += 1
        if found / truth.sum() >= least and cut > best:
            best = cut
    return best


def threshold_from_the_top(truth, prob, least):
    for threshold in sorted(prob, reverse=True):
        if np.mean(prob[truth == 1] >= threshold) >= least:
            return threshold
    return None


def threshold_from_below(truth, prob, least):
    best = prob.min()
    for threshold in np.sort(prob):
        if np.mean(prob[truth == 1] >= threshold) >= least:
            best = threshold
        else:
            break
    return best


def threshold_by_counting(truth, prob, least):
    ill = np.sort(prob[truth == 1])[::-1]
    needed = math.ceil(least * len(ill))
    return ill[needed - 1]


def threshold_with_a_table(truth, prob, least):
    sensitivity = (prob[truth == 1][:, None] >= prob).mean(axis=0)
    return prob[sensitivity >= least].max()


def threshold_with_cumsum(truth, prob, least):
    order = np.argsort(-prob, kind="stable")
    found = np.cumsum(truth[order]) / truth.sum()
    return prob[order][np.argmax(found >= least)]


def threshold_of_the_unique(truth, prob, least):
    good = [cut for cut in np.unique(prob) if np.mean(prob[truth == 1] >= cut) >= least]
    return np.array(good[-1])


def threshold_of(candidates, good=lambda truth, prob, least, cut: np.mean(prob[truth == 1] >= cut) >= least):
    """Return the highest of some candidates that is good in some way, else 0."""

    def choose_threshold(truth, prob, least):
        kept = [cut for cut in candidates(truth, prob) if good(truth, prob, least, cut)]
        return max(kept, default=0.0)

    return choose_threshold


def threshold_of_different_ill(truth, prob, least):
    ill = np.unique(prob[truth == 1])[::-1]
    return ill[math.ceil(least * len(ill)) - 1]


def threshold_of_the_lowest_good(truth, prob, least):
    return min(cut for cut in prob if np.mean(prob[truth == 1] >= cut) >= least)


def threshold_nearest(truth, prob, least):
    return min(prob, key=lambda cut: abs(np.mean(prob[truth == 1] >= cut) - least))


def threshold_one_lower(truth, prob, least):
    below = [cut for cut in prob if cut < threshold_from_the_top(truth, prob, least)]
    return max(below, default=0.0)


def threshold_in_the_given_order(truth, prob, least):
    for cut in prob:
        if np.mean(prob[truth == 1] >= cut) >= least:
            return cut
    return 0.0


def value_of_people(sensitivity, specificity, prevalence):
    ill, others = 1000 * prevalence, 1000 * (1 - prevalence)
    hits = ill * sensitivity
    false_alarms = others - others * specificity
    return hits / (hits + false_alarms)


def value_of_a_table(sensitivity, specificity, prevalence):
    table = np.array([[sensitivity, 1 - sensitivity], [1 - specificity, specificity]])
    joint = table * np.array([[prevalence], [1 - prevalence]])
    return joint[0, 0] / joint[:, 0].sum()


def value_of_whole_people(sensitivity, specificity, prevalence):
    hits = round(1000 * prevalence * sensitivity)
    alarms = round(1000 * (1 - prevalence) * (1 - specificity))
    return hits / (hits + alarms)


def value(formula):
    """Return a wrong function of sensitivity, specificity and prevalence."""
    return lambda sensitivity, specificity, prevalence: formula(sensitivity, specificity, prevalence)


VARIANTS = {
    "solid_category": {
        "right": {
            "upwards": category_upwards,
            "downwards": category_downwards,
            "in bands": category_in_bands,
            "the last that fits": category_of_the_last,
            "bisect": lambda diameter_mm: NAMES[bisect.bisect_right([6, 8, 15], diameter_mm)],
            "np.searchsorted, NumPy's text": lambda diameter_mm: np.array(NAMES)[
                np.searchsorted([6, 8, 15], diameter_mm, "right")
            ],
            "np.digitize": lambda diameter_mm: NAMES[np.digitize(diameter_mm, [6, 8, 15])],
            "np.where": lambda diameter_mm: str(
                np.where(
                    diameter_mm >= 15,
                    "4B",
                    np.where(diameter_mm >= 8, "4A", np.where(diameter_mm >= 6, "3", "2")),
                )
            ),
            "np.select, a 0-d array": lambda diameter_mm: np.select(
                [diameter_mm >= 15, diameter_mm >= 8, diameter_mm >= 6], ["4B", "4A", "3"], "2"
            ),
            "counted": lambda diameter_mm: NAMES[sum(diameter_mm >= start for start in (6, 8, 15))],
            "in one line": lambda diameter_mm: (
                "2" if diameter_mm < 6 else "3" if diameter_mm < 8 else "4A" if diameter_mm < 15 else "4B"
            ),
            "next": lambda diameter_mm: next(
                name for name, start in (("4B", 15), ("4A", 8), ("3", 6), ("2", -1)) if diameter_mm >= start
            ),
        },
        "wrong": {
            "above, not from": categories([6, 8, 15], NAMES, "left"),
            "above 15": lambda diameter_mm: "4A" if diameter_mm == 15 else category_downwards(diameter_mm),
            "above 8": lambda diameter_mm: "3" if diameter_mm == 8 else category_downwards(diameter_mm),
            "above 6": lambda diameter_mm: "2" if diameter_mm == 6 else category_downwards(diameter_mm),
            "rounded": category_rounded(0),
            "rounded to 0.1 mm, as Lung-RADS has it": category_rounded(1),
            "rounded up": lambda diameter_mm: category_downwards(math.ceil(diameter_mm)),
            "the smallest first": category_of_the_smallest_first,
            "numbers": lambda diameter_mm: {"2": 2, "3": 3, "4A": 4, "4B": 4}[
                category_downwards(diameter_mm)
            ],
            "small letters": lambda diameter_mm: category_downwards(diameter_mm).lower(),
            "category 1 below 4 mm": lambda diameter_mm: (
                "1" if diameter_mm < 4 else category_downwards(diameter_mm)
            ),
            "4B from 20 mm": categories([6, 8, 20], NAMES),
            "4X from 30 mm": lambda diameter_mm: (
                "4X" if diameter_mm >= 30 else category_downwards(diameter_mm)
            ),
            "the radius": lambda diameter_mm: category_downwards(diameter_mm / 2),
            "always 3": lambda diameter_mm: "3",
            "no 4A": categories([6, 15], ["2", "3", "4B"]),
            "4X from 50 mm": lambda diameter_mm: (
                "4X" if diameter_mm >= 50 else category_downwards(diameter_mm)
            ),
            "4X from 100 mm": lambda diameter_mm: (
                "4X" if diameter_mm >= 100 else category_downwards(diameter_mm)
            ),
            "rounded to three digits": category_rounded(3),
        },
    },
    "rates": {
        "right": {
            "a loop": rates_in_a_loop,
            "a list from four counts": rates_from_counts,
            "means": lambda truth, called: (
                np.mean(called[truth == 1] == 1),
                np.mean(called[truth == 0] == 0),
            ),
            "one minus": lambda truth, called: (called[truth == 1].mean(), 1 - called[truth == 0].mean()),
            "products": lambda truth, called: (
                np.sum(truth * called) / np.sum(truth),
                np.sum((1 - truth) * (1 - called)) / np.sum(1 - truth),
            ),
            "vectors": lambda truth, called: (
                truth @ called / truth.sum(),
                (1 - truth) @ (1 - called) / (len(truth) - truth.sum()),
            ),
            "an array": lambda truth, called: np.array(
                [(called[truth == group] == group).mean() for group in (1, 0)]
            ),
            "averages": lambda truth, called: (
                np.average(called, weights=truth),
                np.average(1 - called, weights=1 - truth),
            ),
            "float32": lambda truth, called: (
                called[truth == 1].mean(dtype="float32"),
                np.float32(1) - called[truth == 0].mean(dtype="float32"),
            ),
            "sums of bools": lambda truth, called: (
                sum((truth == 1) & (called == 1)) / sum(truth == 1),
                sum((truth == 0) & (called == 0)) / sum(truth == 0),
            ),
            "agreement": lambda truth, called: (
                (truth == called)[truth > 0].mean(),
                (truth == called)[truth < 1].mean(),
            ),
            "fractions": lambda truth, called: (
                Fraction(int(truth @ called), int(truth.sum())),
                Fraction(int((1 - truth) @ (1 - called)), int((1 - truth).sum())),
            ),
        },
        "wrong": {
            "predictive values": of_counts(
                lambda tp, fn, fp, tn: (tp / max(tp + fp, 1), tn / max(tn + fn, 1))
            ),
            "the other order": of_counts(lambda tp, fn, fp, tn: (tn / (tn + fp), tp / (tp + fn))),
            "the share of false alarms": of_counts(lambda tp, fn, fp, tn: (tp / (tp + fn), fp / (tn + fp))),
            "both missed": of_counts(lambda tp, fn, fp, tn: (fn / (tp + fn), fp / (tn + fp))),
            "shares of all": of_counts(
                lambda tp, fn, fp, tn: (tp / (tp + fn + fp + tn), tn / (tp + fn + fp + tn))
            ),
            "accuracy twice": of_counts(
                lambda tp, fn, fp, tn: ((tp + tn) / (tp + fn + fp + tn), (tp + tn) / (tp + fn + fp + tn))
            ),
            "sensitivity only": of_counts(lambda tp, fn, fp, tn: tp / (tp + fn)),
            "sensitivity twice": of_counts(lambda tp, fn, fp, tn: (tp / (tp + fn), tp / (tp + fn))),
            "counts": of_counts(lambda tp, fn, fp, tn: (tp, tn)),
            "missed in the wrong place": of_counts(lambda tp, fn, fp, tn: (tp / (tp + fp), tn / (tn + fp))),
            "the others missed": of_counts(lambda tp, fn, fp, tn: (tp / (tp + fn), tn / max(tn + fn, 1))),
            "percent": of_counts(lambda tp, fn, fp, tn: (100 * tp / (tp + fn), 100 * tn / (tn + fp))),
            "rounded": of_counts(lambda tp, fn, fp, tn: (round(tp / (tp + fn), 2), round(tn / (tn + fp), 2))),
            "numbers as places": lambda truth, called: (called[truth].mean(), 1 - called[1 - truth].mean()),
            "swapped arguments": lambda truth, called: (
                np.mean(truth[called == 1] == 1),
                np.mean(truth[called == 0] == 0),
            ),
            "their mean": of_counts(lambda tp, fn, fp, tn: (tp / (tp + fn) + tn / (tn + fp)) / 2),
            "one more": of_counts(
                lambda tp, fn, fp, tn: ((tp + 1) / (tp + fn + 2), (tn + 1) / (tn + fp + 2))
            ),
        },
    },
    "choose_threshold": {
        "right": {
            "loops": threshold_in_a_loop,
            "from the top": threshold_from_the_top,
            "from below": threshold_from_below,
            "counted": threshold_by_counting,
            "a table": threshold_with_a_table,
            "a cumulative sum": threshold_with_cumsum,
            "a 0-d array of the unique": threshold_of_the_unique,
            "a list": lambda truth, prob, least: max(
                [cut for cut in prob.tolist() if sum(prob[truth == 1] >= cut) / sum(truth) >= least]
            ),
            "a place among the ill": lambda truth, prob, least: np.sort(prob[truth == 1])[
                math.floor((1 - least) * truth.sum())
            ],
            "the ill as candidates": threshold_of(lambda truth, prob: prob[truth == 1]),
            "missed ones": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: (
                    np.sum((truth == 1) & (prob < cut)) <= (1 - least) * truth.sum()
                ),
            ),
            "float32": lambda truth, prob, least: np.float32(threshold_from_the_top(truth, prob, least)),
        },
        "wrong": {
            "the smallest": lambda truth, prob, least: prob.min(),
            "the largest": lambda truth, prob, least: prob.max(),
            "the demand": lambda truth, prob, least: least,
            "above, not from": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(prob[truth == 1] > cut) >= least,
            ),
            "more than the demand": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(prob[truth == 1] >= cut) > least,
            ),
            "above and more": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(prob[truth == 1] > cut) > least,
            ),
            "rounded to one digit": threshold_of(lambda truth, prob: np.round(prob, 1)),
            "rounded to two digits": threshold_of(lambda truth, prob: np.round(prob, 2)),
            "the answer rounded": lambda truth, prob, least: round(
                float(threshold_from_the_top(truth, prob, least)), 2
            ),
            "hundredths": threshold_of(lambda truth, prob: np.arange(0, 1.005, 0.01)),
            "thousandths": threshold_of(lambda truth, prob: np.linspace(0, 1, 1001)),
            "specificity": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(prob[truth == 0] < cut) >= least,
            ),
            "precision": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(truth[prob >= cut] == 1) >= least,
            ),
            "a share of all": threshold_of(
                lambda truth, prob: prob,
                lambda truth, prob, least, cut: np.mean(prob >= cut) >= least,
            ),
            "of the others": threshold_of(lambda truth, prob: prob[truth == 0]),
            "without repeated outputs": threshold_of_different_ill,
            "the lowest": threshold_of_the_lowest_good,
            "nearest to the demand": threshold_nearest,
            "one lower": threshold_one_lower,
            "the first in the given order": threshold_in_the_given_order,
            "a quantile in between": lambda truth, prob, least: np.quantile(prob[truth == 1], 1 - least),
            "a quantile, the lower number": lambda truth, prob, least: np.quantile(
                prob[truth == 1], 1 - least, method="lower"
            ),
            "a quantile, the nearest number": lambda truth, prob, least: np.quantile(
                prob[truth == 1], 1 - least, method="nearest"
            ),
            "a number rounded down": lambda truth, prob, least: np.sort(prob[truth == 1])[::-1][
                max(int(least * truth.sum()) - 1, 0)
            ],
            "one ill more than needed": lambda truth, prob, least: np.sort(prob[truth == 1])[
                max(len(prob[truth == 1]) - math.ceil(least * truth.sum()) - 1, 0)
            ],
            "a position": lambda truth, prob, least: int(
                np.flatnonzero(prob == threshold_from_the_top(truth, prob, least))[0]
            ),
            "always 0.5": lambda truth, prob, least: 0.5,
            "0.9 at most": lambda truth, prob, least: threshold_from_the_top(truth, prob, min(least, 0.9)),
        },
    },
    "positive_value": {
        "right": {
            "as in the text": lambda sensitivity, specificity, prevalence: (
                prevalence * sensitivity / (prevalence * sensitivity + (1 - prevalence) * (1 - specificity))
            ),
            "a thousand people": value_of_people,
            "a table": value_of_a_table,
            "odds": value(lambda se, sp, p: 1 / (1 + (1 - p) * (1 - sp) / (p * se))),
            "likelihood ratio": value(
                lambda se, sp, p: (p / (1 - p) * se / (1 - sp)) / (1 + p / (1 - p) * se / (1 - sp))
            ),
            "multiplied out": value(lambda se, sp, p: se * p / (se * p + 1 - sp - p + p * sp)),
            "float32": value(lambda se, sp, p: np.float32(p * se) / np.float32(p * se + (1 - p) * (1 - sp))),
            "a 0-d array": value(lambda se, sp, p: np.array(p * se / (p * se + (1 - p) * (1 - sp)))),
            "one minus the false": value(
                lambda se, sp, p: 1 - (1 - p) * (1 - sp) / (p * se + (1 - p) * (1 - sp))
            ),
            "rounded to six digits": value(
                lambda se, sp, p: round(p * se / (p * se + (1 - p) * (1 - sp)), 6)
            ),
            "vectors": value(lambda se, sp, p: p * se / np.dot([p, 1 - p], [se, 1 - sp])),
        },
        "wrong": {
            "sensitivity": value(lambda se, sp, p: se),
            "no prevalence": value(lambda se, sp, p: se / (se + 1 - sp)),
            "specificity for its rest": value(lambda se, sp, p: p * se / (p * se + (1 - p) * sp)),
            "the negative value": value(lambda se, sp, p: (1 - p) * sp / ((1 - p) * sp + p * (1 - se))),
            "the prevalence in its place": value(lambda se, sp, p: p * se / (p * se + p * (1 - sp))),
            "the hits alone": value(lambda se, sp, p: p * se),
            "all who are called": value(lambda se, sp, p: p * se + (1 - p) * (1 - sp)),
            "the rest": value(lambda se, sp, p: (1 - p) * (1 - sp) / (p * se + (1 - p) * (1 - sp))),
            "odds": value(lambda se, sp, p: p * se / ((1 - p) * (1 - sp))),
            "the ill weighed twice": value(lambda se, sp, p: p * se / (p + (1 - p) * (1 - sp))),
            "missed ones": value(lambda se, sp, p: p * se / (p * se + p * (1 - se))),
            "the prevalence swapped": value(lambda se, sp, p: (1 - p) * se / ((1 - p) * se + p * (1 - sp))),
            "sensitivity and specificity swapped": value(
                lambda se, sp, p: p * sp / (p * sp + (1 - p) * (1 - se))
            ),
            "percent": value(lambda se, sp, p: 100 * p * se / (p * se + (1 - p) * (1 - sp))),
            "rounded": value(lambda se, sp, p: round(p * se / (p * se + (1 - p) * (1 - sp)), 3)),
            "whole people of a thousand": value_of_whole_people,
            "always one in a hundred": value(lambda se, sp, p: 0.01 * se / (0.01 * se + 0.99 * (1 - sp))),
            "1 - sensitivity for the healthy": value(
                lambda se, sp, p: p * se / (p * se + (1 - p) * (1 - se))
            ),
            "the healthy not weighed": value(lambda se, sp, p: p * se / (p * se + 1 - sp)),
        },
    },
    "called_back": {
        "right": {
            "an integer": 504,
            "a float": 504.0,
            "computed": 10 * 0.9 + 990 * 0.5,
            "computed from shares": 1000 * (0.01 * 0.9 + 0.99 * (1 - 0.5)),
            "NumPy's": np.int64(504),
            "a 0-d array": np.array(504),
            "an array of one": np.array([504.0]),
            "float32": np.float32(504),
            "a fraction": Fraction(504),
            "the rest": 1000 - 1 - 495,
        },
        "wrong": {
            "the ill who are found": 9,
            "the others": 495,
            "all the ill": 505,
            "half": 500,
            "who are cleared": 496,
            "a share": 0.504,
            "percent": 50.4,
            "half of all and nine": 509,
            "one more": 505.0,
            "one less": 503,
            "nearly": 504.4,
            "90 % of all": 900,
            "a text": "504",
            "both numbers": [9, 495],
            "half a person": 504.5,
        },
    },
}
