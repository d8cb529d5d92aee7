"""The exercises of 07_segmentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(7)


def sensitivity_at(scores: np.ndarray, hits: np.ndarray, n_scans: int, n_lesions: int, rate: float) -> float:
    """Return the share of lesions found by the lowest threshold that keeps to the rate of false alarms."""
    scores, hits = np.asarray(scores), np.asarray(hits)
    best = 0.0
    for threshold in np.unique(scores):
        kept = hits[scores >= threshold]
        if (kept < 0).sum() <= rate * n_scans:
            best = max(best, len(np.unique(kept[kept >= 0])) / n_lesions)
    return best


def _first_in(
    scores: np.ndarray,
    hits: np.ndarray,
    allowed: float,
    finds: Callable[[np.ndarray], float] = lambda kept: len(np.unique(kept[kept >= 0])),
    alarms: Callable[[np.ndarray], float] = lambda kept: (kept < 0).sum(),
) -> float:
    """Return what the lowest threshold finds whose alarms are at most as many as allowed."""
    kept = [hits[scores >= threshold] for threshold in np.unique(scores)]
    return max([finds(each) for each in kept if alarms(each) <= allowed], default=0.0)


def _one_by_one(scores: np.ndarray, hits: np.ndarray, allowed: float) -> int:
    """Return how many lesions are found if candidates of equal score enter one after the other."""
    ordered = hits[np.argsort(-scores, kind="stable")]
    kept = ordered[np.cumsum(ordered < 0) <= allowed]
    return len(np.unique(kept[kept >= 0]))


_TIED = (
    np.array([0.9, 0.7, 0.7, 0.4, 0.7, 0.2]),
    np.array([2, 0, -1, 1, -1, 3]),
)
_MANY = (np.round(rng.random(60), 3), rng.integers(-1, 12, 60) * (rng.random(60) < 0.5) - 1)

exercise(
    "sensitivity_at",
    solution=sensitivity_at,
    # Unsorted and tied; lesions hit twice and never; a rate met exactly, one never met, and one never left.
    cases=[
        (np.array([0.6, 0.9, 0.8, 0.3, 0.7]), np.array([1, 0, 0, 2, -1]), 4, 5, 0.25),
        (*_TIED, 2, 6, 0.5),
        (*_TIED, 2, 6, 1.0),
        (np.array([0.9, 0.5, 0.4]), np.array([-1, 0, 1]), 4, 3, 0.125),
        (np.array([0.2, 0.8, 0.5]), np.array([0, -1, 3]), 3, 4, 8.0),
        (*_MANY, 8, 14, 1.0),
        (*_MANY, 5, 13, 2.0),
    ],
    mistakes=[
        (
            lambda scores, hits, n_scans, n_lesions, rate: (
                _first_in(scores, hits, rate * n_scans, lambda kept: (kept >= 0).sum()) / n_lesions
            ),
            "You counted candidates. A lesion that two of them hit has been found once.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: (
                _first_in(scores, hits, rate * n_scans) / len(np.unique(hits[hits >= 0]))
            ),
            "You divided by the lesions that some candidate hits. Those that none hits are missed, too.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: _first_in(scores, hits, rate) / n_lesions,
            "That allows so many false alarms in all scans together. The rate is for each scan.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: (
                _first_in(scores, hits, np.nextafter(rate * n_scans, 0)) / n_lesions
            ),
            "A threshold that meets the rate exactly is allowed: at most, not less than.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: (
                _one_by_one(scores, hits, rate * n_scans) / n_lesions
            ),
            "No threshold tells candidates of equal score apart: they enter together.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: (
                _first_in(
                    scores,
                    hits,
                    rate * n_scans,
                    alarms=lambda kept: len(kept) - len(np.unique(kept[kept >= 0])),
                )
                / n_lesions
            ),
            "A second candidate in a lesion that has been found is no false alarm: it hits something.",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: len(np.unique(hits[hits >= 0])) / n_lesions,
            "That takes all candidates, whatever their score. How many false alarms would it cost?",
        ),
        (
            lambda scores, hits, n_scans, n_lesions, rate: _first_in(scores, hits, rate * n_scans),
            "That is a number of lesions. Sensitivity is their share of all lesions.",
        ),
    ],
    hints=(
        "Choose one threshold and look at the candidates that reach it: how many of them hit nothing, and "
        "how many different lesions do the others hit?",
        "Try each score that occurs as the threshold. Keep those thresholds that cost no more false alarms "
        "than the rate times the number of scans, and return the largest share of lesions among them; 0 "
        "where there is none.",
    ),
    right="Of an ROC curve the horizontal axis ends at 1. Here it has no end, for a detector can propose as "
    "many places as it likes.",
)


def _curve_at(curves: Mapping[str, Mapping[float, float]], name: str, rate: float) -> float:
    """Return the height of a curve at a number of false alarms a scan, on the line between two points."""
    return float(np.interp(rate, list(curves[name]), list(curves[name].values())))


exercise(
    "two_froc_curves",
    solution="ac",
    statements={
        "a": lambda curves: (
            _curve_at(curves, "first detector", 0.25) > _curve_at(curves, "second detector", 0.25)
        ),
        "b": lambda curves: max(curves["first detector"].values()) >= 0.9,
        "c": lambda curves: _curve_at(curves, "second detector", 4) > 0.9,
        "d": lambda curves: all(
            curves["second detector"][rate] >= curves["first detector"][rate]
            for rate in curves["first detector"]
        ),
    },
    hints=(
        "Go up from the number of false alarms that a statement speaks of until you meet a curve, and from "
        "there to the left. Where do the curves cross?",
        "Follow the first curve to the right: does it still rise after two false alarms a scan? A lesion "
        "that was never proposed cannot be found by any threshold. For the last statement one place is "
        "enough where the second curve lies lower.",
    ),
    right="Which detector is better depends on how many false alarms somebody will look at. And a curve "
    "that is flat has run out of candidates: only another detector finds the rest.",
)


def dice_by_hand(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return twice the overlap by the sum of both sizes; NaN where there is nothing to be compared."""
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    size = truth.sum() + predicted.sum()
    return float(2 * (truth * predicted).sum() / size) if size else float("nan")


def _but_empty(value: float | None) -> Callable[[np.ndarray, np.ndarray], float | None]:
    """Return a function that is right but for two empty masks."""
    return lambda truth, predicted: dice_by_hand(truth, predicted) if (truth + predicted).any() else value


def _stops(truth: np.ndarray, predicted: np.ndarray) -> float:
    return 2 * int((truth * predicted).sum()) / int(truth.sum() + predicted.sum())


_AS_ONE = (
    "Two empty masks are no perfect overlap: there was nothing to overlap. Return NaN, so that the mean over "
    "patients can leave this case out and count it."
)
_AS_NUMBER = (
    "With two empty masks nothing was missed and nothing was found: any number would be wrong. Return NaN."
)
_AS_NONE = "With two empty masks your function returns None. Return NaN, with which NumPy can go on."
_STOPS = "With two empty masks your function stops at a division by 0. Return NaN there."
_MASKS = [
    (
        np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]),
        np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]),
    ),
    (np.array([[1, 1, 1, 1, 0]]), np.array([[0, 0, 0, 1, 0]])),
    (np.array([[1, 0, 0], [0, 1, 1]]), np.array([[1, 0, 0], [0, 1, 1]])),
    (np.array([[1, 1, 0], [0, 0, 0]]), np.array([[0, 0, 0], [0, 1, 0]])),
    (np.array([[0, 1, 1]]), np.zeros((1, 3), int)),
    ((rng.random((3, 4, 5)) < 0.4).astype(int), (rng.random((3, 4, 5)) < 0.7).astype(int)),
]
_DICE_MISTAKES: list[tuple[Callable[..., Any], str]] = [
    (_but_empty(1.0), _AS_ONE),
    (_but_empty(0.0), _AS_NUMBER),
    (_but_empty(None), _AS_NONE),
    (_stops, _STOPS),
    (
        lambda truth, predicted: (truth * predicted).sum() / ((truth + predicted) > 0).sum(),
        "That is the IoU, the overlap by the union. Dice divides twice the overlap by the sum of both sizes.",
    ),
    (
        lambda truth, predicted: (truth * predicted).sum() / (truth.sum() + predicted.sum()),
        "Two equal masks should get a 1. Which factor is missing?",
    ),
    (
        lambda truth, predicted: (truth * predicted).sum() / truth.sum(),
        "That is the share of the true mask that was found. Whoever marks everything gets a 1 for it.",
    ),
    (
        lambda truth, predicted: np.divide((truth * predicted).sum(), max(1, predicted.sum())),
        "That is the share of the predicted mask that is right. Whoever marks one safe voxel gets a 1 for "
        "it.",
    ),
    (
        lambda truth, predicted: (truth == predicted).mean(),
        "That is the accuracy. The background, which is most of a scan, should not count.",
    ),
    (
        lambda truth, predicted: 1 - dice_by_hand(truth, predicted),
        "That is the loss, 1 minus Dice. The coefficient itself is asked for.",
    ),
]


def check_dice_by_hand(answer: Any) -> str | None:
    """Return what is wrong: compared where Dice is a number, and asked for NaN where it is none."""
    comparison.compare_function(answer, dice_by_hand, _MASKS, _DICE_MISTAKES)
    try:
        with np.errstate(all="ignore"):
            value = answer(*np.zeros((2, 3, 4), int))
    except ZeroDivisionError:
        return _STOPS
    if value is None:
        return _AS_NONE
    if np.isnan(value).all():
        return None
    return _AS_ONE if np.all(value == 1) else _AS_NUMBER


exercise(
    "dice_by_hand",
    solution=dice_by_hand,
    check=check_dice_by_hand,
    mistakes=_DICE_MISTAKES,
    hints=(
        "Count three things: the voxels of either mask, and those that lie in both. What do you divide by "
        "what? And what if there is nothing to divide by?",
        "With zeros and ones, the product of both masks is 1 just where both are. Twice its sum is divided "
        "by the sum of both masks; where that is 0, the answer is float('nan').",
    ),
    right="The background counts nowhere. That is why Dice is used where accuracy would be near 1 for an "
    "empty mask.",
)


def _in_order(off_by_one: Mapping[float, Mapping[str, float]], measure: str) -> np.ndarray:
    """Return a measure of all balls, from the smallest to the largest."""
    return np.array([off_by_one[diameter][measure] for diameter in sorted(off_by_one)])


exercise(
    "one_voxel_off",
    solution="ad",
    statements={
        "a": lambda off_by_one: (
            1 - _in_order(off_by_one, "dice")[0] > 3 * (1 - _in_order(off_by_one, "dice")[-1])
        ),
        "b": lambda off_by_one: (
            _in_order(off_by_one, "hd95_mm")[-1] > 1.5 * _in_order(off_by_one, "hd95_mm")[0]
        ),
        "c": lambda off_by_one: _in_order(off_by_one, "volume_error")[-1] < 0.1,
        "d": lambda off_by_one: (
            np.ptp(np.log(_in_order(off_by_one, "volume_error") * sorted(off_by_one))) < np.log(1.5)
        ),
    },
    hints=(
        "Take one column of the table after the other, and compare its first row with its last. Which "
        "column does not know how large the ball is?",
        "A Dice near 1 can hide a volume that is far off: read its own column. For the last statement, "
        "multiply each volume error by its diameter and see whether the products are about equal.",
    ),
    right="One voxel is one voxel in millimeters. As a share it weighs more, the more of the ball is edge: "
    "the edge grows with the square of the diameter, the volume with the cube.",
)

exercise(
    "volume_from_spacing",
    solution=0.588,
    mistakes=[
        (588.0, "In cubic millimeters that is right. A milliliter has a thousand of them."),
        (588000.0, "You multiplied by 1,000. A milliliter is larger than a cubic millimeter: divide."),
        (58.8, "A centimeter has 10 mm, but a cubic centimeter has 10 × 10 × 10 of their cubes."),
        (5.88, "That divides by 100, as for areas. A milliliter is a cube of 10 mm each way."),
        (0.35, "That would be right for voxels of 1 mm each way. These are larger."),
        (350.0, "That is the number of voxels. How large is one of them?"),
        (
            0.196,
            "That is an area times the number of voxels. A voxel also has a height: the distance of slices.",
        ),
        (1.575, "You added up the three spacings. The volume of a box is their product."),
    ],
    hints=(
        "Take the volume of one voxel first: it is a box whose three edges are the spacings.",
        "The product of the three spacings is the volume of one voxel in cubic millimeters. Multiply by how "
        "many there are, and remember that a milliliter is a cube with edges of 10 mm.",
    ),
    right="A ball of this volume has a diameter of about 10 mm. With a mistake of a single voxel all "
    "around, it would be another volume altogether.",
)


def doubling_time(first_ml: float, second_ml: float, days: float) -> float:
    """Return the days in which a volume doubles that grows as it did between two scans."""
    return float(days * np.log(2) / np.log(second_ml / first_ml))


exercise(
    "doubling_time",
    solution=doubling_time,
    # One doubling, two, less than one; volumes below and above 1 ml; never first = 1 / second.
    cases=[(0.5, 1.0, 90), (0.2, 0.8, 180), (0.3, 0.35, 365), (1.5, 4.1, 90), (0.064, 0.085, 101)],
    mistakes=[
        (
            lambda first, second, days: days * first / (second - first),
            "That lets the volume grow by the same amount each day. A tumor grows by the same factor.",
        ),
        (
            lambda first, second, days: days * 2 * first / second,
            "That is right only after exactly one doubling. Four times the volume are two doublings.",
        ),
        (
            lambda first, second, days: days * np.log(second / first) / np.log(2),
            "The factor is upside down: what has doubled twice in these days takes half of them for each.",
        ),
        (
            lambda first, second, days: days * np.log(2) / np.log(first / second),
            "The sign: a nodule that grows has a positive doubling time.",
        ),
        (
            lambda first, second, days: 3 * days * np.log(2) / np.log(second / first),
            "The factor of 3 belongs to diameters: volumes grow with their cube. You are given volumes.",
        ),
        (
            lambda first, second, days: days / np.log(second / first),
            "In that time it grows by a factor of e, about 2.7. Which logarithm counts doublings?",
        ),
        (
            lambda first, second, days: np.log2(second / first),
            "That is how many times it has doubled. How many days does one of these doublings take?",
        ),
        (
            lambda first, second, days: days * np.log(2) / np.log(second - first),
            "Growth is a factor here, the ratio of the volumes, not their difference.",
        ),
    ],
    hints=(
        "How many times has the volume doubled between the scans? It need not be a whole number. How long "
        "did each of these doublings take?",
        "The logarithm to the base 2 of the ratio of both volumes is the number of doublings. Share the "
        "days out among them.",
    ),
    right="In diameters one doubling is only a factor of 1.26, from 8 mm to about 10 mm: easily missed by "
    "eye.",
)
