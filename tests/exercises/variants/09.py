"""Answers to the exercises of 09_trust as learners write them, right and wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def ece_in_a_loop(images, probability, share):
    total = 0.0
    for n, told, true in zip(images, probability, share, strict=True):
        total += n * abs(true - told)
    return total / sum(images)


def ece_by_patients(images, probability, share):
    return np.mean(np.repeat(np.abs(share - probability), images))


def ece_in_place(images, probability, share):
    share -= probability
    share[share < 0] *= -1
    return (images / images.sum() * share).sum()


def prior_in_steps(probability, old, new):
    odds = probability / (1 - probability)
    odds /= old / (1 - old)
    odds *= new / (1 - new)
    return odds / (1 + odds)


def prior_by_bayes(probability, old, new):
    ill = probability / old * new
    healthy = (1 - probability) / (1 - old) * (1 - new)
    return ill / (ill + healthy)


def prior_in_a_loop(probability, old, new):
    result = []
    for p in probability:
        factor = new * (1 - old) / (old * (1 - new))
        result.append(p * factor / (p * factor + 1 - p))
    return result


def prior_by_logits(probability, old, new):
    def logit(p):
        return np.log(p / (1 - p))

    return 1 / (1 + np.exp(-(logit(probability) - logit(old) + logit(new))))


def place(scores, coverage):
    return math.ceil((len(scores) + 1) * coverage)


def limit_in_place(scores, coverage):
    scores.sort()
    k = place(scores, coverage)
    if k > len(scores):
        return 1
    return scores[k - 1]


def limit_with_a_one(scores, coverage):
    ordered = sorted([*scores, 1.0])
    return ordered[min(place(scores, coverage), len(ordered)) - 1]


def limit_by_counting(scores, coverage):
    k = place(scores, coverage)
    enough = [s for s in scores if sum(other <= s for other in scores) >= k]
    return min(enough, default=1.0)


def limit_by_partition(scores, coverage):
    k = place(scores, coverage)
    return np.partition(scores, k - 1)[k - 1] if k <= scores.size else 1.0


def limit_by_quantile(scores, coverage):
    k = place(scores, coverage)
    # half a step lower, so that rounding k / n up does not lead on to the next score
    return np.quantile(scores, (k - 0.5) / len(scores), method="inverted_cdf") if k <= len(scores) else 1.0


def nearest_rank(scores, k):
    """Return the k-th smallest, or 1 where there is none."""
    return np.sort(scores)[k - 1] if k <= len(scores) else 1.0


def table(probability, share):
    return {"images": np.full(len(probability), 400), "probability": probability, "share": share}


def expit(logit):
    return 1 / (1 + np.exp(-logit))


LOGIT = np.linspace(-3.2, 2.2, 10)  # of the true risk, about as the bins of the chapter lie
TABLES = {
    "first network": table(expit(2 * LOGIT), expit(LOGIT)),
    "second network": table(expit(LOGIT + 1.2), expit(LOGIT)),
}
# The first network tells the truth, and the second is underconfident, which a temperature mends.
OTHER_TABLES = {
    "first network": table(expit(LOGIT), expit(LOGIT)),
    "second network": table(expit(LOGIT / 2), expit(LOGIT)),
}
BY_SIZE = {
    50: {"mean": 0.901, "low": 0.825, "high": 0.960, "floor": 0.234},
    200: {"mean": 0.902, "low": 0.867, "high": 0.935, "floor": 0.119},
    800: {"mean": 0.900, "low": 0.879, "high": 0.919, "floor": 0.061},
}
# Sizes from which on a small ECE says something, and no draw is far off.
LARGE = {
    1000: {"mean": 0.900, "low": 0.885, "high": 0.915, "floor": 0.055},
    10000: {"mean": 0.900, "low": 0.895, "high": 0.905, "floor": 0.017},
}
MEASURED = {
    "what_the_diagram_says": {"two_tables": TABLES},
    "what_more_images_buy": {"by_size": BY_SIZE},
}
CONTRARY = {
    "what_the_diagram_says": ({"two_tables": OTHER_TABLES}, "ac"),
    "what_more_images_buy": ({"by_size": LARGE}, "ab"),
}

VARIANTS = {
    "ece_by_hand": {
        "right": {
            "average with weights": lambda n, p, s: np.average(np.abs(s - p), weights=n),
            "the other way around": lambda n, p, s: (n * np.abs(p - s)).sum() / n.sum(),
            "a dot product": lambda n, p, s: n @ np.abs(s - p) / n.sum(),
            "shares of the images": lambda n, p, s: np.sum(n / np.sum(n) * abs(p - s)),
            "counts": lambda n, p, s: np.abs(n * s - n * p).sum() / n.sum(),
            "a loop": ece_in_a_loop,
            "image by image": ece_by_patients,
            "in place": ece_in_place,
            "NumPy": lambda n, p, s: np.array([np.average(np.abs(s - p), weights=n)]),
        },
        "wrong": {
            "over bins": lambda n, p, s: np.abs(s - p).mean(),
            "with signs": lambda n, p, s: np.average(s - p, weights=n),
            "the size at last": lambda n, p, s: abs(np.average(s - p, weights=n)),
            "squares": lambda n, p, s: np.average((s - p) ** 2, weights=n),
            "the root of squares": lambda n, p, s: np.sqrt(np.average((s - p) ** 2, weights=n)),
            "not divided": lambda n, p, s: (n * np.abs(s - p)).sum(),
            "divided by bins": lambda n, p, s: (n * np.abs(s - p)).mean(),
            "the largest": lambda n, p, s: np.abs(s - p).max(),
            "each bin": lambda n, p, s: np.abs(s - p),
            "relative": lambda n, p, s: np.average(np.abs(s - p) / p, weights=n),
            "in percent": lambda n, p, s: 100 * np.average(np.abs(s - p), weights=n),
            "the median": lambda n, p, s: np.median(np.abs(s - p)) + 0.001,
            "a number": 0.1,
        },
    },
    "corrected_prior": {
        "right": {
            "in steps": prior_in_steps,
            "Bayes": prior_by_bayes,
            "a loop and a list": prior_in_a_loop,
            "logits": prior_by_logits,
            "one line": lambda p, a, b: 1 / (1 + (1 - p) / p * (a / (1 - a)) * ((1 - b) / b)),
            "float32": lambda p, a, b: prior_by_bayes(p, a, b).astype("float32"),
            "by the healthy": lambda p, a, b: 1 - prior_by_bayes(1 - p, 1 - a, 1 - b),
        },
        "wrong": {
            "as it is": lambda p, a, b: p,
            "scaled": lambda p, a, b: p * b / a,
            "scaled and cut off": lambda p, a, b: np.minimum(1, p * b / a),
            "backward": lambda p, a, b: prior_by_bayes(p, b, a),
            "prevalences for odds": lambda p, a, b: expit(np.log(p / (1 - p)) + np.log(b / a)),
            "the old one left in": lambda p, a, b: p * b / (p * b + (1 - p) * (1 - b)),
            "the new one left out": lambda p, a, b: prior_by_bayes(p, a, 0.5),
            "shifted": lambda p, a, b: p + b - a,
            "odds": lambda p, a, b: p / (1 - p) * b / (1 - b) * (1 - a) / a,
            "only the ill": lambda p, a, b: p / a * b / (p / a * b + 1 - p),
            "the first": lambda p, a, b: prior_by_bayes(p, a, b)[0],
            "the other class": lambda p, a, b: 1 - prior_by_bayes(p, a, b),
        },
    },
    "conformal_threshold": {
        "right": {
            "sorted": lambda s, c: nearest_rank(s, place(s, c)),
            "in place": limit_in_place,
            "with a 1 at the end": limit_with_a_one,
            "by counting": limit_by_counting,
            "partition": limit_by_partition,
            "a quantile": limit_by_quantile,
            "negative places": lambda s, c: (
                sorted(s)[place(s, c) - 1 - len(s)] if place(s, c) <= len(s) else 1
            ),
            "floor of the rest": lambda s, c: nearest_rank(
                s, len(s) + 1 - int((len(s) + 1) * (1 - c) + 1e-9)
            ),
        },
        "wrong": {
            "the largest for 1": lambda s, c: np.sort(s)[min(place(s, c), len(s)) - 1],
            "a plain quantile": lambda s, c: np.quantile(s, c),
            "n for n + 1": lambda s, c: nearest_rank(s, math.ceil(len(s) * c)),
            "one too far": lambda s, c: nearest_rank(s, place(s, c) + 1),
            "one too early": lambda s, c: nearest_rank(s, place(s, c) - 1),
            "rounded down": lambda s, c: nearest_rank(s, int((len(s) + 1) * c)),
            "rounded": lambda s, c: nearest_rank(s, round((len(s) + 1) * c)),
            "not sorted": lambda s, c: s[place(s, c) - 1] if place(s, c) <= len(s) else 1.0,
            "from above": lambda s, c: nearest_rank(-np.sort(-s) * -1, place(s, c)),
            "the missed share": lambda s, c: nearest_rank(s, place(s, 1 - c)),
            "the tutorials' quantile": lambda s, c: (
                np.quantile(s, place(s, c) / len(s), method="higher") if place(s, c) <= len(s) else 1.0
            ),
            "a probability": lambda s, c: 1 - nearest_rank(s, place(s, c)),
            "stops": lambda s, c: np.sort(s)[place(s, c) - 1],
        },
    },
    "cost_threshold": {
        "right": {
            "a number": 0.1,
            "computed": 1 / (1 + 9),
            "a fraction": Fraction(1, 10),
            "an array": np.array(0.1),
            "a list": [0.1],
            "float32": np.float32(0.1),
        },
        "wrong": {
            "the other side": 0.9,
            "odds": 1 / 9,
            "the ratio": 9,
            "percent": 10,
            "equal costs": 0.5,
            "a difference": 1 / 8,
            "rounded odds": 0.11,
            "negative": -0.1,
            "words": "10 %",
        },
    },
    "what_the_diagram_says": {
        "right": {
            "both": "bd",
            "the other way": "db",
            "capitals": "BD",
            "a list": ["b", "d"],
            "a set": {"b", "d"},
            "in words": "b and d",
        },
        "wrong": {
            "only the first": "b",
            "only the second": "d",
            "taken at its word": "abd",
            "a temperature for both": "bcd",
            "the wrong ones": "ac",
            "all": "abcd",
            "none": "",
            "no such letter": "be",
        },
    },
    "what_more_images_buy": {
        "right": {
            "both": "ac",
            "the other way": "ca",
            "capitals": "AC",
            "a tuple": ("a", "c"),
            "commas": "a, c",
            "in words": "a and c",
        },
        "wrong": {
            "only the mean": "a",
            "only the spread": "c",
            "no floor": "abc",
            "in proportion": "acd",
            "the floor alone": "bd",
            "all": "abcd",
            "none": "",
            "a number": 2,
        },
    },
}
