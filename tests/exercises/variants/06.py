"""Answers to the exercises of 06_lung_screening as learners write them, right and wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


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
    "six_nodules": {
        "right": {
            "letters": "cdf",
            "another order": "fcd",
            "with commas": "c, d, f",
            "capitals": "CDF",
            "a list": ["c", "d", "f"],
            "a set": {"c", "d", "f"},
        },
        "wrong": {
            "every one from 8 mm": "abcdf",
            "every smooth one": "cdef",
            "the spiculated": "ab",
            "the small one": "e",
            "one is missing": "cd",
            "all": "abcdef",
            "none": "",
            "a number": 3,
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
    "local_threshold": {
        "right": {
            "letters": "ad",
            "the other way round": "da",
            "with a comma": "a, d",
            "capitals": "A and D",
            "a list": ["a", "d"],
            "a set": {"a", "d"},
        },
        "wrong": {
            "a better order": "abd",
            "rather the old threshold": "acd",
            "the luck alone": "a",
            "the many alone": "d",
            "the order alone": "b",
            "all": "abcd",
            "none": "",
            "a number": 20,
        },
    },
}

# Seed 0 at lesson scale.
MEASURED = {
    "six_nodules": {"is_4a": {"a": False, "b": False, "c": True, "d": True, "e": False, "f": True}},
    "local_threshold": {
        "local_spread": {
            20: {"low": 0.672, "mean": 0.872, "high": 0.994, "auc": 0.783},
            50: {"low": 0.759, "mean": 0.889, "high": 0.977, "auc": 0.783},
            100: {"low": 0.780, "mean": 0.884, "high": 0.963, "auc": 0.783},
            200: {"low": 0.864, "mean": 0.898, "high": 0.933, "auc": 0.783},
            400: {"low": 0.878, "mean": 0.895, "high": 0.919, "auc": 0.783},
        },
        "kept": 0.722,
    },
}
# Other nodules; and a scanner that moves no output, of which many patients are asked.
CONTRARY = {
    "six_nodules": (
        {"is_4a": {"a": True, "b": False, "c": False, "d": True, "e": False, "f": True}},
        "adf",
    ),
    "local_threshold": (
        {
            "local_spread": {
                300: {"low": 0.865, "mean": 0.885, "high": 0.905, "auc": 0.82},
                400: {"low": 0.870, "mean": 0.890, "high": 0.910, "auc": 0.82},
            },
            "kept": 0.901,
        },
        "cd",
    ),
}
