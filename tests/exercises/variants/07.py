"""Answers to the exercises of 07_segmentation as learners write them, right and wrong."""

from __future__ import annotations

import math

import numpy as np

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def dice_in_loops(truth, predicted):
    both = total = 0
    for place in np.ndindex(*truth.shape):
        both += truth[place] == 1 and predicted[place] == 1
        total += truth[place] + predicted[place]
    if total == 0:
        return float("nan")
    return 2 * both / total


def dice_from_iou(truth, predicted):
    union = np.logical_or(truth, predicted).sum()
    if union == 0:
        return np.nan
    iou = np.logical_and(truth, predicted).sum() / union
    return 2 * iou / (1 + iou)


def dice_of_counts(truth, predicted):
    hits = ((truth == 1) & (predicted == 1)).sum()
    missed = ((truth == 1) & (predicted == 0)).sum()
    false = ((truth == 0) & (predicted == 1)).sum()
    return 2 * hits / (2 * hits + missed + false)


def dice_of_sets(truth, predicted):
    a, b = (set(np.flatnonzero(mask).tolist()) for mask in (truth, predicted))
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else math.nan


def dice_as_zero(truth, predicted):
    total = truth.sum() + predicted.sum()
    return 2 * (truth * predicted).sum() / total if total else 0.0


def dice_that_stops(truth, predicted):
    return 2 * int((truth * predicted).sum()) / int(truth.sum() + predicted.sum())


def dice_smoothed(truth, predicted):
    return (2 * (truth * predicted).sum() + 1) / (truth.sum() + predicted.sum() + 1)


def dice_or_nothing(truth, predicted):
    if truth.sum() + predicted.sum():
        return dice_of_counts(truth, predicted)


def steps(scores, hits):
    """What each threshold costs and finds, the highest first."""
    for threshold in sorted(set(scores.tolist()), reverse=True):
        kept = hits[scores >= threshold].tolist()
        yield kept.count(-1), {hit for hit in kept if hit >= 0}


def sensitivity_until_too_many(scores, hits, n_scans, n_lesions, rate):
    found = set()
    for alarms, lesions in steps(scores, hits):
        if alarms / n_scans > rate:
            break
        found = lesions
    return len(found) / n_lesions


def sensitivity_of_all_steps(scores, hits, n_scans, n_lesions, rate):
    allowed = [len(found) for alarms, found in steps(scores, hits) if alarms <= rate * n_scans]
    return max(allowed, default=0) / n_lesions


def sensitivity_sorted(scores, hits, n_scans, n_lesions, rate):
    order = np.argsort(-scores)
    scores, hits = scores[order], hits[order]
    alarms = np.cumsum(hits < 0)
    first = np.isin(np.arange(len(hits)), np.unique(hits, return_index=True)[1]) & (hits >= 0)
    found = np.cumsum(first)
    last = np.append(scores[1:] != scores[:-1], True)
    return np.append(0, found[last & (alarms <= rate * n_scans)]).max() / n_lesions


def sensitivity_by_false_scores(scores, hits, n_scans, n_lesions, rate):
    """Set the threshold by the false alarms: above the first score that would make them too many."""
    false = np.sort(scores[hits < 0])[::-1]
    allowed = int(rate * n_scans)
    kept = scores > false[allowed] if allowed < len(false) else np.ones(len(scores), bool)
    return len(set(hits[kept & (hits >= 0)].tolist())) / n_lesions


def sensitivity_by_lesion(scores, hits, n_scans, n_lesions, rate):
    best_of = {}
    for score, hit in zip(scores.tolist(), hits.tolist(), strict=True):
        best_of[hit] = max(score, best_of.get(hit, -np.inf))
    false = [score for score, hit in zip(scores, hits, strict=True) if hit < 0]
    thresholds = [t for t in scores if sum(score >= t for score in false) / n_scans <= rate]
    lowest = min(thresholds, default=np.inf)
    return sum(best >= lowest for hit, best in best_of.items() if hit >= 0) / n_lesions


def sensitivity_of_counts(scores, hits, n_scans, n_lesions, rate):
    found = 0
    for threshold in np.unique(scores):
        kept = hits[scores >= threshold]
        if (kept < 0).sum() <= rate * n_scans:
            found = max(found, (kept >= 0).sum())
    return found / n_lesions


def sensitivity_of_the_last(scores, hits, n_scans, n_lesions, rate):
    """One step too far: the threshold at which the rate is first exceeded."""
    for alarms, lesions in steps(scores, hits):
        if alarms / n_scans > rate:
            return len(lesions) / n_lesions
    return len(lesions) / n_lesions


# Sensitivity by false alarms a scan, about as the chapter measures it.
CURVES = {
    "first detector": dict(zip(RATES, (0.69, 0.735, 0.77, 0.8, 0.835, 0.835, 0.835), strict=True)),
    "second detector": dict(zip(RATES, (0.445, 0.59, 0.725, 0.795, 0.895, 0.965, 0.985), strict=True)),
}
# Two detectors whose curves never cross, and the better one ends high.
APART = {
    "first detector": dict(zip(RATES, (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95), strict=True)),
    "second detector": dict(zip(RATES, (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75), strict=True)),
}
OFF = {
    5: {"dice": 0.627, "hd95_mm": 1.5, "volume_error": 1.19},
    10: {"dice": 0.771, "hd95_mm": 1.5, "volume_error": 0.594},
    20: {"dice": 0.877, "hd95_mm": 1.5, "volume_error": 0.28},
    40: {"dice": 0.935, "hd95_mm": 1.5, "volume_error": 0.138},
}
# An outline that is off by a share of the diameter: Dice and volume stay, millimeters grow.
SCALED = {
    diameter: {"dice": 0.9, "hd95_mm": 0.1 * diameter, "volume_error": 0.21} for diameter in (5, 10, 20, 40)
}
MEASURED = {
    "two_froc_curves": {"froc_curves": CURVES},
    "one_voxel_off": {"off_by_one": OFF},
}
CONTRARY = {
    "two_froc_curves": ({"froc_curves": APART}, "ab"),
    "one_voxel_off": ({"off_by_one": SCALED}, "b"),
}

LETTERS_AD = {
    "both": "ad",
    "the other way": "da",
    "capitals": "AD",
    "a list": ["a", "d"],
    "a set": {"a", "d"},
    "a comma": "a, d",
}

VARIANTS = {
    "sensitivity_at": {
        "right": {
            "until too many": sensitivity_until_too_many,
            "all steps": sensitivity_of_all_steps,
            "sorted": sensitivity_sorted,
            "by the false scores": sensitivity_by_false_scores,
            "lesion by lesion": sensitivity_by_lesion,
            "float32": lambda *given: np.float32(sensitivity_of_all_steps(*given)),
        },
        "wrong": {
            "candidates counted": sensitivity_of_counts,
            "one step too far": sensitivity_of_the_last,
            "all scans together": lambda s, h, n, m, rate: sensitivity_of_all_steps(s, h, 1, m, rate),
            "all candidates": lambda s, h, n, m, rate: len(set(h[h >= 0].tolist())) / m,
            "of those that are hit": lambda s, h, n, m, rate: sensitivity_of_all_steps(
                s, h, n, len(set(h[h >= 0].tolist())), rate
            ),
            "not met exactly": lambda s, h, n, m, rate: sensitivity_of_all_steps(s, h, n, m, rate * 0.999),
            "a number of lesions": lambda s, h, n, m, rate: sensitivity_of_all_steps(s, h, n, 1, rate),
            "a percentage": lambda *given: 100 * sensitivity_of_all_steps(*given),
            "the rate as a threshold": lambda s, h, n, m, rate: len(set(h[(s >= rate) & (h >= 0)])) / m,
            "lowest scores first": lambda s, h, n, m, rate: sensitivity_of_all_steps(-s, h, n, m, rate),
            "by lesions in place of scans": lambda s, h, n, m, rate: sensitivity_of_all_steps(
                s, h, m, m, rate
            ),
            "-1 is a lesion": lambda s, h, n, m, rate: (
                max([len(set(h[s >= t].tolist())) for t in s if (h[s >= t] < 0).sum() <= rate * n], default=0)
                / m
            ),
        },
    },
    "two_froc_curves": {
        "right": {
            "both": "ac",
            "the other way": "ca",
            "capitals": "AC",
            "a list": ["a", "c"],
            "a set": {"a", "c"},
            "a comma": "a, c",
        },
        "wrong": {
            "the first only": "a",
            "the second only": "c",
            "any threshold will do": "abc",
            "the second is better": "cd",
            "all": "abcd",
            "none": "",
            "no such letter": "ae",
        },
    },
    "dice_by_hand": {
        "right": {
            "loops": dice_in_loops,
            "from the IoU": dice_from_iou,
            "counts, NaN by NumPy": dice_of_counts,
            "sets": dice_of_sets,
            "as in the text": lambda a, b: 2 * (a * b).sum() / (a.sum() + b.sum()),
            "a mask by a mask": lambda a, b: 2 * b[a == 1].sum() / (a.sum() + b.sum()),
            "np.divide": lambda a, b: np.divide(2 * np.sum(a & b), np.sum(a) + np.sum(b)),
            "a product": lambda a, b: 2 * np.vdot(a, b) / (a + b).sum(),
            "harmonic mean": lambda a, b: (a * b).sum() / ((a.sum() + b.sum()) / 2),
            "float32": lambda a, b: np.float32(2 * (a * b).sum() / (a.sum() + b.sum())),
            "an array": lambda a, b: np.array([2 * (a * b).sum() / (a.sum() + b.sum())]),
        },
        "wrong": {
            "0 for nothing": dice_as_zero,
            "1 for nothing": lambda a, b: dice_of_counts(a, b) if a.any() or b.any() else 1,
            "stops for nothing": dice_that_stops,
            "None for nothing": dice_or_nothing,
            "smoothed": dice_smoothed,
            "a loss": lambda a, b: 1 - dice_of_counts(a, b),
            "IoU": lambda a, b: (a & b).sum() / (a | b).sum(),
            "no factor": lambda a, b: (a & b).sum() / (a.sum() + b.sum()),
            "accuracy": lambda a, b: (a == b).mean(),
            "recall": lambda a, b: (a & b).sum() / a.sum(),
            "precision": lambda a, b: (a & b).sum() / max(1, b.sum()),
            "the mean of masks": lambda a, b: 2 * (a & b).mean() / (a.sum() + b.sum()),
            "NaN always": lambda a, b: float("nan"),
        },
    },
    "one_voxel_off": {
        "right": LETTERS_AD,
        "wrong": {
            "Dice only": "a",
            "volume only": "d",
            "millimeters grow": "abd",
            "a high Dice is a right volume": "acd",
            "all": "abcd",
            "none": "",
            "no such letter": "ae",
        },
    },
    "volume_from_spacing": {
        "right": {
            "exact": 0.588,
            "computed": 350 * 3.0 * 0.8 * 0.7 / 1000,
            "NumPy": np.prod([3.0, 0.8, 0.7]) * 350 / 1000,
            "an array": np.array(0.588),
            "a list": [0.588],
            "float32": np.float32(0.588),
        },
        "wrong": {
            "cubic millimeters": 588,
            "liters": 0.000588,
            "a centimeter of 10": 58.8,
            "by 100": 5.88,
            "voxels": 350,
            "as if of 1 mm": 0.35,
            "an area": 0.196,
            "a sum": 1.575,
            "rounded": 0.6,
            "a text": "0.588 ml",
        },
    },
    "doubling_time": {
        "right": {
            "natural logarithm": lambda first, second, days: days * math.log(2) / math.log(second / first),
            "base 2": lambda first, second, days: days / np.log2(second / first),
            "base 10": lambda first, second, days: days * math.log10(2) / math.log10(second / first),
            "differences": lambda first, second, days: days * np.log(2) / (np.log(second) - np.log(first)),
            "another base": lambda first, second, days: days / math.log(second / first, 2),
            "a constant": lambda first, second, days: 0.693147 * days / np.log(second / first),
            "a rate": lambda first, second, days: np.log(2) / (np.log(second / first) / days),
            "an array": lambda first, second, days: np.array([days / np.log2(second / first)]),
        },
        "wrong": {
            "a straight line": lambda first, second, days: days * first / (second - first),
            "by proportion": lambda first, second, days: days * 2 * first / second,
            "upside down": lambda first, second, days: days * np.log2(second / first),
            "negative": lambda first, second, days: days / np.log2(first / second),
            "diameters": lambda first, second, days: 3 * days / np.log2(second / first),
            "a factor of e": lambda first, second, days: days / np.log(second / first),
            "doublings": lambda first, second, days: np.log2(second / first),
            "of a difference": lambda first, second, days: days * np.log(2) / np.log(second - first),
            "in years": lambda first, second, days: days / np.log2(second / first) / 365,
            "whole days": lambda first, second, days: round(days / np.log2(second / first)),
            "days": lambda first, second, days: days,
        },
    },
}
