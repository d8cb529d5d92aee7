"""The exercises of 09_trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from medlab.exercises import exercise

rng = np.random.default_rng(9)


def ece_by_hand(images: np.ndarray, probability: np.ndarray, share: np.ndarray) -> float:
    """Return the mean distance of share and probability over all images."""
    images = np.asarray(images)
    distance = np.abs(np.asarray(share) - np.asarray(probability))
    return float((images * distance).sum() / images.sum())


exercise(
    "ece_by_hand",
    solution=ece_by_hand,
    # Bins of equal and unequal counts; shares above and below, so that signed distances partly cancel.
    cases=[
        (np.array([30, 10]), np.array([0.2, 0.9]), np.array([0.3, 0.5])),
        (np.array([5, 5, 5]), np.array([0.1, 0.5, 0.8]), np.array([0.0, 0.6, 1.0])),
        (np.array([40]), np.array([0.35]), np.array([0.2])),
        (np.array([100, 50, 20, 4]), np.array([0.05, 0.3, 0.6, 0.95]), np.array([0.04, 0.44, 0.35, 0.75])),
        (np.array([7, 3, 11, 2, 9]), rng.random(5), rng.random(5)),
    ],
    mistakes=[
        (
            lambda images, probability, share: np.abs(share - probability).mean(),
            "That is the mean over the bins. A bin of 100 images should count more than a bin of 4.",
        ),
        (
            lambda images, probability, share: (images * (share - probability)).sum() / images.sum(),
            "Distances have no sign here: otherwise a bin that is too high makes up for one that is too low.",
        ),
        (
            lambda images, probability, share: abs((images * (share - probability)).sum()) / images.sum(),
            "The size is taken too late: bins that are too high and too low have cancelled by then.",
        ),
        (
            lambda images, probability, share: (images * (share - probability) ** 2).sum() / images.sum(),
            "These are squared distances, as in the reliability part of the Brier score.",
        ),
        (
            lambda images, probability, share: (images * np.abs(share - probability)).sum(),
            "That is a sum over the images. Divide it by how many there are in all bins.",
        ),
        (
            lambda images, probability, share: (images * np.abs(share - probability)).mean(),
            "You divided by the number of bins. The average is over images.",
        ),
        (
            lambda images, probability, share: np.abs(share - probability).max(),
            "That is the largest distance, the maximum calibration error. The average is asked for.",
        ),
    ],
    hints=(
        "How far off is each single bin, whatever the direction? And which bins should count more than "
        "others?",
        "Weight the distance of each bin by its number of images, add up, and divide by the number of "
        "images of all bins together. NumPy's mean has no weights, but one of its relatives has.",
    ),
    right="A bin with more images counts more. Even a perfectly calibrated network hardly ever has an "
    "ECE of 0: the shares of a finite number of images scatter.",
)


def corrected_prior(probability: np.ndarray, old: float, new: float) -> np.ndarray:
    """Return the probabilities after Bayes' rule has moved them to another prevalence."""
    odds = np.asarray(probability) / (1 - np.asarray(probability))
    odds = odds * new / (1 - new) * (1 - old) / old
    return odds / (1 + odds)


exercise(
    "corrected_prior",
    solution=corrected_prior,
    # Up, down, far, and not at all; never old = 1 - new, where a mistake could hide.
    cases=[
        (np.array([0.2, 0.5, 0.9]), 0.5, 0.1),
        (np.array([0.35, 0.7]), 0.35, 0.02),
        (np.array([0.01, 0.05, 0.2, 0.6]), 0.04, 0.3),
        (np.array([0.3]), 0.2, 0.2),
        (0.05 + 0.9 * rng.random(6), 0.625, 0.74),
    ],
    mistakes=[
        (
            lambda probability, old, new: probability * new / old,
            "That scales the probability itself, which can rise above 1. It is the odds that are scaled.",
        ),
        (
            lambda probability, old, new: np.minimum(1, probability * new / old),
            "A probability that has to be cut off at 1 was scaled where its odds should have been.",
        ),
        (
            lambda probability, old, new: corrected_prior(probability, new, old),
            "The other way around: you moved from the new prevalence to the old one.",
        ),
        (
            lambda probability, old, new: special.expit(special.logit(probability) + np.log(new / old)),
            "You multiplied the odds by the ratio of the prevalences. It takes the ratio of their odds.",
        ),
        (
            lambda probability, old, new: special.expit(special.logit(probability) + special.logit(new)),
            "The new prevalence is in, but the old one is still in as well: divide by its odds.",
        ),
        (
            lambda probability, old, new: probability + new - old,
            "That shifts the probability, and can leave 0 to 1. It is the log-odds that are shifted.",
        ),
        (
            lambda probability, old, new: (
                probability / (1 - probability) * (new / (1 - new)) / (old / (1 - old))
            ),
            "These are the new odds. Turn them back into a probability.",
        ),
    ],
    hints=(
        "Three steps: from the probability to its odds, from the old odds to the new ones, and back to a "
        "probability.",
        "The odds of each prevalence are the prevalence divided by what is missing to 1. Take out the old "
        "ones by a division and put in the new ones by a multiplication. Odds of 3 are a probability of 3 / "
        "4.",
    ),
    right="Where the old and the new prevalence are equal, nothing changes. It is only right while the ill "
    "look as they did, and the healthy, too.",
)


def conformal_threshold(scores: np.ndarray, coverage: float) -> float:
    """Return the k-th smallest score, k being the share of n + 1 rounded up; 1 where there is none."""
    ordered = sorted(np.asarray(scores).tolist())
    k = math.ceil((len(ordered) + 1) * coverage)
    return ordered[k - 1] if k <= len(ordered) else 1.0


exercise(
    "conformal_threshold",
    solution=conformal_threshold,
    # Unsorted; k in the middle, at n and beyond n. Only products that floats hold exactly are whole numbers.
    cases=[
        (np.array([0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8]), 0.6),
        (np.array([0.42, 0.08, 0.61, 0.33, 0.95, 0.27, 0.12, 0.74, 0.55]), 0.5),
        (np.array([0.42, 0.08, 0.61, 0.33, 0.9, 0.27, 0.12, 0.74, 0.55]), 0.85),
        (np.array([0.6, 0.2, 0.4]), 0.9),
        (rng.random(24), 0.9),
        (rng.random(50), 0.83),
    ],
    mistakes=[
        (
            lambda scores, coverage: (
                np.sort(scores)[math.ceil((len(scores) + 1) * coverage) - 1]
                if (len(scores) + 1) * coverage <= len(scores)
                else np.max(scores)
            ),
            "With too few images even the largest score is no limit that keeps the promise. Return 1 there.",
        ),
        (
            lambda scores, coverage: np.quantile(scores, coverage),
            "That is the quantile of the validation scores. The new image has to be counted as well: n + 1.",
        ),
        (
            lambda scores, coverage: np.sort(scores)[math.ceil(len(scores) * coverage) - 1],
            "Nearly: the new image has to be counted as well, n + 1 in place of n.",
        ),
        (
            lambda scores, coverage: (
                np.sort(scores)[math.ceil((len(scores) + 1) * coverage)]
                if math.ceil((len(scores) + 1) * coverage) < len(scores)
                else 1.0
            ),
            "One too far: Python counts from 0, so that the k-th smallest stands at place k - 1.",
        ),
        (
            lambda scores, coverage: (
                np.quantile(scores, math.ceil((len(scores) + 1) * coverage) / len(scores), method="higher")
                if math.ceil((len(scores) + 1) * coverage) <= len(scores)
                else 1.0
            ),
            "Many tutorials have it so, but this quantile is the score after the k-th smallest: it counts "
            "its places from 0 to n - 1.",
        ),
        (
            lambda scores, coverage: (
                np.asarray(scores)[math.ceil((len(scores) + 1) * coverage) - 1]
                if math.ceil((len(scores) + 1) * coverage) <= len(scores)
                else 1.0
            ),
            "The scores are not sorted yet.",
        ),
        (
            lambda scores, coverage: conformal_threshold(scores, 1 - coverage),
            "You admitted the share that may be missed. The limit has to lie above most scores.",
        ),
    ],
    hints=(
        "Put the scores in order first. Which of them is the limit, counted from the smallest? And what if "
        "there are not as many?",
        "Work out k before anything else, with one image more than there are, and round it up. Then look "
        "whether the list is long enough; remember that Python's first place has the number 0.",
    ),
    right="A new patient's true class is admitted with at least the promised probability, if he or she "
    "comes from where the validation patients came from.",
)

exercise(
    "cost_threshold",
    solution=0.1,
    mistakes=[
        (0.9, "That is the other side: with dear misses one calls early, at a low probability."),
        (1 / 9, "These are the odds, 1 to 9. Which probability has these odds?"),
        (9.0, "That is the ratio of the costs. Between which two mistakes is the choice at a probability p?"),
        (10.0, "In percent that would be right. Write it as a probability."),
        (0.5, "That would be right if both mistakes cost the same."),
        (
            1 / 8,
            "The costs of both mistakes are added up in the denominator, not subtracted.",
        ),
    ],
    hints=(
        "Take a patient with the probability p. What does calling cost on average, and what does not "
        "calling?",
        "A call is in vain with the probability 1 - p and costs 1 then; no call is a miss with the "
        "probability p and costs 9 times as much. At the threshold both are equal: solve for p.",
    ),
    right="At a probability of 1 in 10, nine needless calls stand against one cancer found.",
)


def _share_at(table: Mapping[str, Any], probability: float) -> float:
    """Return the share of positive images at a probability, read off the line between two bins."""
    return float(np.interp(probability, np.asarray(table["probability"]), np.asarray(table["share"])))


def _lower_share(table: Mapping[str, Any], low: float, high: float) -> float:
    """Return in which part of the bins with a probability from low to high the share is below it."""
    told, share = np.asarray(table["probability"]), np.asarray(table["share"])
    return float((share < told)[(told >= low) & (told <= high)].mean())


exercise(
    "what_the_diagram_says",
    solution="bd",
    statements={
        "a": lambda tables: abs(_share_at(tables["first network"], 0.9) - 0.9) < 0.05,
        "b": lambda tables: (
            _lower_share(tables["first network"], 0.6, 1) > 0.9
            and _lower_share(tables["first network"], 0, 0.3) < 0.1
        ),
        "c": lambda tables: abs(_share_at(tables["second network"], 0.5) - 0.5) < 0.1,
        "d": lambda tables: _lower_share(tables["second network"], 0, 1) > 0.85,
    },
    hints=(
        "A point below the dotted diagonal was given too high a probability, a point above it too low a one. "
        "On which side do the points of each network lie?",
        "For the statement about 0.9, go up from 0.9 on the horizontal axis to the curve and read off the "
        "share. For the one about a temperature, do the same at 0.5: only a curve that crosses the diagonal "
        "there can be mended so.",
    ),
    right="The first could be mended by a temperature; the second needs its logits shifted, as for another "
    "prevalence.",
)


def _smallest(by_size: dict[int, dict[str, float]]) -> dict[str, float]:
    """Return what was measured with the fewest validation images."""
    return by_size[min(by_size)]


def _largest(by_size: dict[int, dict[str, float]]) -> dict[str, float]:
    """Return what was measured with the most validation images."""
    return by_size[max(by_size)]


exercise(
    "what_more_images_buy",
    solution="ac",
    statements={
        "a": lambda by_size: abs(_smallest(by_size)["mean"] - 0.9) < 0.02,
        "b": lambda by_size: _largest(by_size)["floor"] < 0.03,
        "c": lambda by_size: _smallest(by_size)["high"] - _smallest(by_size)["low"] > 0.1,
        "d": lambda by_size: (
            _largest(by_size)["floor"] / _smallest(by_size)["floor"]
            < 2 * min(by_size) / max(by_size)  # 1 / n, with room for luck
        ),
    },
    hints=(
        "Keep apart what holds on average over all draws and what a single draw can be like: you will have "
        "a single validation set.",
        "Divide the floor of the smallest set by that of the largest. Is it the ratio of the sizes, or the "
        "root of it? And an ECE is a reason for doubt only above the floor.",
    ),
    right="The promise holds on average over validation sets, also small ones; how far your own set is off "
    "depends on its size. The floor of the ECE falls with the square root of the number of images.",
)
