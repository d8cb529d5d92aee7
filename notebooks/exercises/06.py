"""The exercises of 06_lung_screening."""

from __future__ import annotations

import numpy as np

from medlab.exercises import exercise


def solid_category(diameter_mm: float) -> str:
    """Return the Lung-RADS category of a solid nodule by its size alone: "2", "3", "4A" or "4B"."""
    for category, from_mm in (("4B", 15), ("4A", 8), ("3", 6)):
        if diameter_mm >= from_mm:
            return category
    return "2"


exercise(
    "solid_category",
    solution=solid_category,
    # Sizes between the thresholds and on them.
    cases=[(7.0,), (4.5,), (11.9,), (30.0,), (6.0,), (8.0,), (15.0,), (5.9,), (7.9,), (14.9,)],
    mistakes=[
        (
            lambda diameter_mm: solid_category(diameter_mm - 1e-9),
            "Between the thresholds all is right; on them it is not: from 8 mm means >= 8.",
        )
    ],
    hints=('Ask for the largest size first: if diameter_mm >= 15, return "4B". Exactly 8 mm is already 4A.',),
    right="A rule of three thresholds: that is what a network has to beat.",
)


def rates(truth: np.ndarray, called: np.ndarray) -> tuple[float, float]:
    """Return the sensitivity and the specificity of decisions (1: called back)."""
    truth, called = np.asarray(truth), np.asarray(called)
    return float(called[truth == 1].mean()), float(1 - called[truth == 0].mean())


exercise(
    "rates",
    solution=rates,
    # Groups of unequal size.
    cases=[
        (np.array([1, 1, 1, 1, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0])),
        (np.array([0, 1, 0, 0, 0, 1]), np.array([0, 0, 1, 0, 0, 1])),
        (np.array([0, 0, 0, 0, 1, 0, 0, 0]), np.array([0, 0, 0, 0, 1, 1, 1, 1])),
    ],
    mistakes=[
        (
            lambda truth, called: (truth[called == 1].mean(), 1 - truth[called == 0].mean()),
            "These are predictive values: you divided by who was called, not by who is ill.",
        ),
        (lambda truth, called: rates(truth, called)[::-1], "Both are right, but sensitivity comes first."),
        (
            lambda truth, called: (rates(truth, called)[0], 1 - rates(truth, called)[1]),
            "The second is the share of the healthy who were called; you need the share who were not.",
        ),
    ],
    hints=(
        "called[truth == 1] are the decisions on the ill: what share of them is 1? And among the "
        "healthy, what share is 0?",
    ),
    right="Each rate looks at the ill or at the healthy alone, so it does not depend on how many there are.",
)


def choose_threshold(truth: np.ndarray, prob: np.ndarray, least: float) -> float:
    """Return the highest of `prob` that, as a threshold, finds at least a share `least` of the ill."""
    truth, prob = np.asarray(truth), np.asarray(prob)
    good = [cut for cut in prob if np.mean(prob[truth == 1] >= cut) >= least]
    return float(max(good))


exercise(
    "choose_threshold",
    solution=choose_threshold,
    # Healthy patients with high outputs, and demands that are met exactly and with room to spare.
    cases=[
        (
            np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
            np.array([0.91, 0.75, 0.62, 0.4, 0.08, 0.85, 0.55, 0.3, 0.2, 0.1]),
            0.8,
        ),
        (
            np.array([0, 1, 0, 1, 0, 0, 1, 0, 0]),
            np.array([0.1, 0.35, 0.7, 0.6, 0.2, 0.4, 0.95, 0.05, 0.5]),
            0.9,
        ),
        (np.array([1, 0, 1, 0, 0, 1, 1]), np.array([0.3, 0.2, 0.8, 0.6, 0.1, 0.9, 0.5]), 0.5),
    ],
    mistakes=[
        (
            lambda truth, prob, least: prob.min(),
            "That finds all of the ill and calls everybody back: find the highest that will do.",
        )
    ],
    hints=(
        "Try every number of prob as a threshold, from the highest down, and stop at the first "
        "at which np.mean(prob[truth == 1] >= threshold) is at least `least`.",
    ),
    right="Chosen like this on validation images; on the test images it is only applied.",
)


def positive_value(sensitivity: float, specificity: float, prevalence: float) -> float:
    """Return the share of ill people among those called back."""
    true_positives, false_positives = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
    return true_positives / (true_positives + false_positives)


exercise(
    "positive_value",
    solution=positive_value,
    # A rare and a common disease.
    cases=[(0.9, 0.5, 0.01), (0.9, 0.9, 0.01), (0.7, 0.8, 0.35)],
    mistakes=[
        (
            lambda sensitivity, specificity, prevalence: sensitivity,
            "That is the share of the ill who are called; you need the share of the called who are ill.",
        ),
        (
            lambda sensitivity, specificity, prevalence: sensitivity / (sensitivity + 1 - specificity),
            "So it would be if half of all people were ill: weigh both with the prevalence.",
        ),
        (
            lambda sensitivity, specificity, prevalence: (
                prevalence * sensitivity / (prevalence * sensitivity + (1 - prevalence) * specificity)
            ),
            "Among the healthy, the called ones are a share of 1 − specificity.",
        ),
    ],
    hints=(
        "Think of 1,000 people. How many are ill and called back? How many are healthy and "
        "called back? What share of all who are called back are the first?",
    ),
    right="The same test is worth little where the disease is rare: Bayes' rule.",
)


exercise(
    "called_back",
    solution=10 * 0.9 + 990 * 0.5,
    mistakes=[
        (9, "These are the ill who are found; healthy people are called back too."),
        (495, "These are the healthy; the ill who are found are called back too."),
        (505, "One of the ten is missed: the test finds 90 % of them."),
    ],
    rtol=1e-9,
    hints=(
        "Ten of the thousand are ill, and nine of these are found. How many of the other 990 are "
        "cleared, and how many are not?",
    ),
    right="504 people are frightened to find nine cancers: 0.5 is too low a specificity for screening.",
)
