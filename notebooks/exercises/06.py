"""The exercises of 06_lung_screening."""

from __future__ import annotations

from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(6)


def _is_4a(answer: object, is_4a: dict[str, bool]) -> str | None:
    """Return what is wrong with the letters of the nodules."""
    try:
        comparison.compare_choice(answer, is_4a)
    except comparison.Hint as hint:
        # Its words are for statements, which hold or do not.
        words = str(hint).replace("statements that you chose hold", "nodules that you chose are 4A")
        return words.replace("all that do", "all that are").replace("statements", "nodules")
    return None


exercise(
    "six_nodules",
    solution="cdf",
    check=_is_4a,
    hints=(
        "Two things decide for a solid nodule: whether it measures 8 mm or more, and whether it has another "
        "sign of cancer. Compare each with the bar of 5 mm.",
        "Fine lines that leave the edge of a nodule are spicules, and they lift it above 4A. Of the others, "
        "one is clearly smaller: measure it along and across, and take the mean of both.",
    ),
    right="Smooth and 8 mm or more is a 4A; spicules make a 4X of it, and below 8 mm it is a 3.",
)


def rates(truth: np.ndarray, called: np.ndarray) -> tuple[float, float]:
    """Return the sensitivity and the specificity of decisions (1: a positive answer)."""
    truth, called = np.asarray(truth), np.asarray(called)
    return float(called[truth == 1].mean()), float(1 - called[truth == 0].mean())


exercise(
    "rates",
    solution=rates,
    # Groups of unequal size, some of one patient.
    cases=[
        (np.array([1, 1, 1, 1, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0])),
        (np.array([0, 1, 0, 0, 0, 1]), np.array([0, 0, 1, 0, 0, 1])),
        (np.array([0, 0, 0, 0, 1, 0, 0, 0]), np.array([0, 0, 0, 0, 1, 1, 1, 1])),
        (np.array([1, 0]), np.array([1, 0])),
        (np.array([0, 1, 1]), np.array([1, 1, 0])),
        (np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 0]), np.array([0, 1, 0, 0, 0, 1, 1, 0, 0, 0])),
    ],
    mistakes=[
        (
            lambda truth, called: (truth[called == 1].mean(), 1 - truth[called == 0].mean()),
            "These are predictive values: you divided by the positive answers, not by the ill.",
        ),
        (lambda truth, called: rates(truth, called)[::-1], "Both are right, but sensitivity comes first."),
        (
            lambda truth, called: (rates(truth, called)[0], 1 - rates(truth, called)[1]),
            "The second is the share of the others with a positive answer; you need the share without one.",
        ),
    ],
    hints=(
        "Look at the ill and at the others separately. Among the ill you want those with a positive answer, "
        "and among the others those without one.",
        "A comparison with `truth` picks the decisions on one of the groups out of `called`. The mean of "
        "zeros and ones is the share of the ones; what does it tell you about the ill, and what about the "
        "others?",
    ),
    right="Each rate looks at the ill or at the others alone, so it does not depend on how many there are, "
    "as long as the mix of patients in each group stays the same.",
)


def choose_threshold(truth: np.ndarray, prob: np.ndarray, least: float) -> float:
    """Return the highest of `prob` that, as a threshold, finds at least a share `least` of the ill."""
    truth, prob = np.asarray(truth), np.asarray(prob)
    good = [cut for cut in prob if np.mean(prob[truth == 1] >= cut) >= least]
    return float(max(good))


exercise(
    "choose_threshold",
    solution=choose_threshold,
    # Demands that are met exactly (as 1 - least is, too) and with room to spare; high outputs of
    # others; equal outputs of the ill and of both groups; one ill patient; more digits than rounding leaves.
    cases=[
        (
            np.array([1, 0, 1, 0, 1, 0, 1, 0]),
            np.array([0.9137, 0.8512, 0.6174, 0.5563, 0.4238, 0.3071, 0.0816, 0.2049]),
            0.75,
        ),
        (
            np.array([0, 1, 0, 1, 0, 0, 1, 0, 0]),
            np.array([0.1, 0.35, 0.7, 0.6, 0.2, 0.4, 0.95, 0.05, 0.5]),
            0.9,
        ),
        (np.array([1, 0, 1, 0, 0, 1, 1]), np.array([0.3, 0.2, 0.8, 0.6, 0.1, 0.9, 0.5]), 0.5),
        (
            np.array([1, 1, 0, 1, 0, 1, 0, 1]),
            np.array([0.8419, 0.2207, 0.7255, 0.8419, 0.8419, 0.6031, 0.6031, 0.8419]),
            0.6,
        ),
        (np.array([1, 0, 1, 0, 1]), np.array([0.4444, 0.0321, 0.1729, 0.1729, 0.8808]), 1.0),
        (np.array([0, 1, 0, 0]), np.array([0.6683, 0.3359, 0.9022, 0.1207]), 0.3),
        (rng.permutation(np.arange(41) % 3 == 0).astype(int), rng.random(41), 0.7),
        (rng.permutation(np.arange(23) % 4 == 0).astype(int), rng.random(23), 0.85),
        (rng.permutation(np.arange(30) % 2 == 0).astype(int), rng.random(30), 0.97),
    ],
    mistakes=[
        (
            lambda truth, prob, least: prob.min(),
            "That finds all of the ill, but everybody has a positive answer: find the highest that will do.",
        ),
        (
            lambda truth, prob, least: max(
                [cut for cut in prob if np.mean(prob[truth == 1] >= cut) > least], default=0.0
            ),
            "At least the share includes the share itself: where it is met exactly, that is enough.",
        ),
        (
            lambda truth, prob, least: max(
                [cut for cut in prob if np.mean(prob[truth == 1] > cut) >= least], default=0.0
            ),
            "An output of exactly the threshold is a positive answer as well: prob >= threshold.",
        ),
    ],
    hints=(
        "Only the ill decide on the sensitivity: for any threshold, ask which share of them has an output "
        "at least as high. The lower the threshold, the more of them it finds.",
        "Go through the numbers of prob from the highest down and compute the sensitivity for each. The "
        "first one that meets the demand, exactly or with room to spare, is the one you want.",
    ),
    right="Chosen like this on validation images; on the test images it is only applied.",
)


def positive_value(sensitivity: float, specificity: float, prevalence: float) -> float:
    """Return the share of ill people among those with a positive answer."""
    true_positives, false_positives = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
    return true_positives / (true_positives + false_positives)


exercise(
    "positive_value",
    solution=positive_value,
    # Rare and common diseases, tests that are better among the ill and among the others.
    cases=[
        *((0.9, 0.5, 0.01), (0.9, 0.9, 0.01), (0.7, 0.8, 0.35), (0.83, 0.94, 0.0043)),
        *((0.6, 0.99, 0.5), (1.0, 0.3, 0.72)),
    ],
    mistakes=[
        (
            lambda sensitivity, specificity, prevalence: sensitivity,
            "That is the share of positive answers among the ill; you need the share of the ill among the "
            "positive answers.",
        ),
        (
            lambda sensitivity, specificity, prevalence: sensitivity / (sensitivity + 1 - specificity),
            "That would be right if half of all people were ill: weigh both with the prevalence.",
        ),
        (
            lambda sensitivity, specificity, prevalence: (
                prevalence * sensitivity / (prevalence * sensitivity + (1 - prevalence) * specificity)
            ),
            "Among the others, the share of positive answers is 1 − specificity.",
        ),
        (
            lambda sensitivity, specificity, prevalence: positive_value(sensitivity, sensitivity, prevalence),
            "The sensitivity says nothing of the others: a share of 1 − specificity has a positive answer.",
        ),
        (
            lambda sensitivity, specificity, prevalence: (
                100 * positive_value(sensitivity, specificity, prevalence)
            ),
            "A share lies between 0 and 1; that is in percent.",
        ),
    ],
    hints=(
        "Imagine 1,000 people. How many of them are ill, how many of the ill have a positive answer, and how "
        "many of the others have one as well?",
        "The prevalence says how large the group of the ill is, and the sensitivity which part of it has a "
        "positive answer. Of the others, a share of 1 - specificity have one. Divide the ill with a positive "
        "answer by all who have one.",
    ),
    right="A positive answer is worth less where the disease is rarer: Bayes' rule.",
)


exercise(
    "called_back",
    solution=10 * 0.9 + 990 * 0.5,
    mistakes=[
        (9, "These are the ill who are found; people without cancer are called back too."),
        (495, "These are the people without cancer; the ill who are found are called back too."),
        (500, "That is half of all 1,000. Take half of the 990 others, and the ill who are found besides."),
        (0.504, "That is a share; how many of the 1,000 people are they?"),
        (505, "One of the ten is missed: the test finds 90 % of them."),
    ],
    rtol=1e-9,
    hints=(
        "Two groups of people are called back: the ill whom the test finds, and the others whom it does not "
        "clear. Count each group on its own.",
        "Ten people are ill, and the test misses one of them. The other 990 have no cancer, and the test "
        "clears only half of these. Add up those who are left in the two groups.",
    ),
    right="504 people are called back to find nine cancers: that is what a specificity of 0.5 costs where "
    "the disease is rare.",
)


def _ends(local_spread: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Return what the fewest and what the most patients gave."""
    return local_spread[min(local_spread)], local_spread[max(local_spread)]


exercise(
    "local_threshold",
    solution="ad",
    statements={
        "a": lambda local_spread, kept: _ends(local_spread)[0]["high"] - _ends(local_spread)[0]["low"] > 0.1,
        "b": lambda local_spread, kept: _ends(local_spread)[1]["auc"] > _ends(local_spread)[0]["auc"] + 1e-9,
        "c": lambda local_spread, kept: abs(_ends(local_spread)[0]["mean"] - 0.9) > abs(kept - 0.9),
        "d": lambda local_spread, kept: (
            0.8 < _ends(local_spread)[1]["low"] <= _ends(local_spread)[1]["high"] < 1
        ),
    },
    hints=(
        "Two statements speak of the length of a bar, one of its dot, and one of the other panel. What can "
        "a threshold change about the order of the patients?",
        "For the fewest patients compare the dot with both horizontal lines, and measure the bar on the "
        "axis. For the most, ask whether the bar leaves the band from 0.8 to 1.",
    ),
    right="A threshold needs enough ill patients of the place. The order, and so the AUC, it leaves alone.",
)
