"""Answers to the exercises of 05_gan as learners write them, right and wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np


def distances(points, centers):
    return np.sqrt(((points[:, None, :] - centers[None, :, :]) ** 2).sum(axis=-1))


def clouds_in_two_loops(points, centers, radius):
    count = 0
    for center in centers:
        for point in points:
            if math.dist(point, center) <= radius:
                count += 1
                break
    return count


def clouds_in_one_loop(points, centers, radius):
    count = 0
    for center in centers:
        if np.min(np.linalg.norm(points - center, axis=1)) <= radius:
            count += 1
    return count


def clouds_as_a_set(points, centers, radius):
    met = set()
    for x, y in points:
        for number, (center_x, center_y) in enumerate(centers):
            if math.hypot(x - center_x, y - center_y) <= radius:
                met.add(number)
    return len(met)


def clouds_with_indices(points, centers, radius):
    return len(np.unique(np.nonzero(distances(points, centers) <= radius)[1]))


def clouds_counted_twice(points, centers, radius):
    count = 0
    for center in centers:
        for point in points:
            if np.linalg.norm(point - center) <= radius:
                count += 1
    return count


def clouds_nearest_within(points, centers, radius):
    distance = distances(points, centers)
    nearest = distance.argmin(axis=1)
    return len(set(nearest[distance.min(axis=1) <= radius]))


def clouds_until_missed(points, centers, radius):
    count = 0
    for center in centers:
        if np.linalg.norm(points - center, axis=1).min() > radius:
            break
        count += 1
    return count


def walk_in_a_loop(start, end, count):
    return [start + (end - start) * step / (count - 1) for step in range(count)]


def walk_to_lists(start, end, count):
    return [
        [a + (b - a) * step / (count - 1) for a, b in zip(start, end, strict=True)] for step in range(count)
    ]


def walk_into_an_array(start, end, count):
    result = np.empty((count, len(start)))
    for row, part in enumerate(np.linspace(0, 1, count)):
        result[row] = (1 - part) * start + part * end
    return result


def walk_step_by_step(start, end, count):
    step = (end - start) / (count - 1)
    return start + np.arange(count).reshape(-1, 1) * step


def sensitivity_by_counting(lesions, erased):
    left = [lesion >= erased for lesion in range(lesions)]
    return np.mean(left)


# (noise, copies among 200 images) -> (alarm, share that counts as close)
HUNT = {
    (3, 2): (False, 0.05),
    (3, 20): (True, 0.13),
    (3, 200): (True, 1.0),
    (60, 2): (False, 0.04),
    (60, 20): (False, 0.04),
    (60, 200): (False, 0.03),
}
MEASURED = {
    "thief_hunt": {"hunt": HUNT},
    "erased_pairs": {"pair_erased": {letter: letter in "cef" for letter in "abcdef"}},
}
CONTRARY = {
    "thief_hunt": ({"hunt": {key: (True, 1.0) for key in HUNT}}, "abcd"),
    "erased_pairs": ({"pair_erased": {letter: letter in "af" for letter in "abcdef"}}, "fa"),
}
VARIANTS = {
    "clouds_found": {
        "right": {
            "two loops": clouds_in_two_loops,
            "one loop": clouds_in_one_loop,
            "a set": clouds_as_a_set,
            "np.unique": clouds_with_indices,
            "any": lambda points, centers, radius: (distances(points, centers) <= radius).any(axis=0).sum(),
            "smallest distance": lambda points, centers, radius: int(
                np.sum(np.linalg.norm(points[:, None] - centers, axis=2).min(axis=0) <= radius)
            ),
            "sum of any": lambda points, centers, radius: sum(
                any(np.linalg.norm(points - center, axis=1) <= radius) for center in centers
            ),
            "squares": lambda points, centers, radius: sum(
                ((points - center) ** 2).sum(axis=1).min() <= radius**2 for center in centers
            ),
            "not one farther": lambda points, centers, radius: (
                len(centers) - np.count_nonzero((distances(points, centers) > radius).all(axis=0))
            ),
            "turned": lambda points, centers, radius: np.count_nonzero(
                distances(centers, points).min(axis=1) <= radius
            ),
            "a float": lambda points, centers, radius: float(
                np.mean(distances(points, centers).min(axis=0) <= radius) * len(centers)
            ),
        },
        "wrong": {
            "points near a center": lambda points, centers, radius: (
                distances(points, centers).min(axis=1) <= radius
            ).sum(),
            "closer than": lambda points, centers, radius: (
                distances(points, centers).min(axis=0) < radius
            ).sum(),
            "all centers": lambda points, centers, radius: len(centers),
            "all points": lambda points, centers, radius: len(points),
            "pairs": clouds_counted_twice,
            "nearest, at any distance": lambda points, centers, radius: len(
                set(distances(points, centers).argmin(axis=1))
            ),
            "nearest, within the radius": clouds_nearest_within,
            "up to the first that is missed": clouds_until_missed,
            "along the axes": lambda points, centers, radius: sum(
                (np.abs(points - center).sum(axis=1) <= radius).any() for center in centers
            ),
            "the larger axis": lambda points, centers, radius: sum(
                (np.abs(points - center).max(axis=1) <= radius).any() for center in centers
            ),
            "not squared": lambda points, centers, radius: sum(
                (((points - center) ** 2).sum(axis=1) <= radius).any() for center in centers
            ),
            "farthest": lambda points, centers, radius: (
                distances(points, centers).max(axis=0) <= radius
            ).sum(),
            "missed": lambda points, centers, radius: (distances(points, centers).min(axis=0) > radius).sum(),
            "a share": lambda points, centers, radius: (
                distances(points, centers).min(axis=0) <= radius
            ).mean(),
            "whether any": lambda points, centers, radius: int((distances(points, centers) <= radius).any()),
            "the mean point": lambda points, centers, radius: (
                np.linalg.norm(points.mean(axis=0) - centers, axis=1) <= radius
            ).sum(),
            "twice the radius": lambda points, centers, radius: (
                distances(points, centers).min(axis=0) <= 2 * radius
            ).sum(),
            "distances of the norms": lambda points, centers, radius: sum(
                (np.abs(np.linalg.norm(points, axis=1) - np.linalg.norm(center)) <= radius).any()
                for center in centers
            ),
            "a hundredth farther": lambda points, centers, radius: (
                distances(points, centers).min(axis=0) <= radius + 0.01
            ).sum(),
            "a hundredth of the radius farther": lambda points, centers, radius: (
                distances(points, centers).min(axis=0) <= 1.01 * radius
            ).sum(),
            "distances rounded": lambda points, centers, radius: (
                distances(points, centers).min(axis=0).round(2) <= radius
            ).sum(),
        },
    },
    "walk": {
        "right": {
            "np.linspace": lambda start, end, count: np.linspace(start, end, count),
            "parts": lambda start, end, count: (
                (1 - np.linspace(0, 1, count)[:, None]) * start + np.linspace(0, 1, count)[:, None] * end
            ),
            "a list of vectors": walk_in_a_loop,
            "lists": walk_to_lists,
            "into an array": walk_into_an_array,
            "steps": walk_step_by_step,
            "np.outer": lambda start, end, count: start + np.outer(np.linspace(0, 1, count), end - start),
            "turned at the end": lambda start, end, count: (
                np.array([np.linspace(a, b, count) for a, b in zip(start, end, strict=True)]).T
            ),
            "np.stack": lambda start, end, count: np.stack(
                [start * (1 - part) + end * part for part in np.linspace(0, 1, count)]
            ),
            "backwards twice": lambda start, end, count: np.linspace(end, start, count)[::-1],
            "float32": lambda start, end, count: np.linspace(start, end, count, dtype="float32"),
            "einsum": lambda start, end, count: (
                start + np.einsum("n,d->nd", np.arange(count) / (count - 1), end - start)
            ),
            "matrices": lambda start, end, count: (
                np.stack([np.linspace(1, 0, count), np.linspace(0, 1, count)], axis=1)
                @ np.array([start, end])
            ),
        },
        "wrong": {
            "without the end": lambda start, end, count: np.linspace(start, end, count, endpoint=False),
            "without the start": lambda start, end, count: np.linspace(start, end, count + 1)[1:],
            "without both": lambda start, end, count: np.linspace(start, end, count + 2)[1:-1],
            "one too many": lambda start, end, count: np.linspace(start, end, count + 1),
            "from end to start": lambda start, end, count: np.linspace(end, start, count),
            "turned": lambda start, end, count: np.linspace(start, end, count).T,
            "divided by count": lambda start, end, count: [
                start + (end - start) * step / count for step in range(count)
            ],
            "both added up": lambda start, end, count: start + np.linspace(0, 1, count)[:, None] * end,
            "a shape only": lambda start, end, count: np.linspace(start, end, count).T.reshape(
                count, len(start)
            ),
            "whole numbers": lambda start, end, count: np.linspace(start, end, count).astype(int),
            "on a ball": lambda start, end, count: np.array(
                [
                    math.cos(part * math.pi / 2) * start + math.sin(part * math.pi / 2) * end
                    for part in np.linspace(0, 1, count)
                ]
            ),
            "the square of the way": lambda start, end, count: (
                start + np.linspace(0, 1, count)[:, None] ** 2 * (end - start)
            ),
            "the ends": lambda start, end, count: np.array([start, end]),
            "parts only": lambda start, end, count: np.linspace(0, 1, count),
            "the first number": lambda start, end, count: np.linspace(start[0], end[0], count),
            "by chance": lambda start, end, count: (
                start + np.sort(np.random.default_rng(0).random(count))[:, None] * (end - start)
            ),
            "rounded": lambda start, end, count: np.linspace(start, end, count).round(1),
        },
    },
    "thief_hunt": {
        "right": {
            "a letter": "b",
            "a capital": "B",
            "with spaces": " b ",
            "a list": ["b"],
            "a set": {"b"},
            "a tuple": ("b",),
            "twice": "b, b",
        },
        "wrong": {
            "two copies are enough": "ab",
            "only that two are enough": "a",
            "close as copied": "bc",
            "silence is proof": "bd",
            "only silence": "d",
            "all": "abcd",
            "none": "",
            "a number": 2,
            "another letter": "be",
        },
    },
    "erased_pairs": {
        "right": {
            "letters": "cef",
            "another order": "fec",
            "with commas": "c, e, f",
            "capitals": "CEF",
            "a list": ["c", "e", "f"],
            "a set": {"c", "e", "f"},
            "in words": "c, e and f",
        },
        "wrong": {
            "those that are kept": "abd",
            "one missing": "ce",
            "one too many": "acef",
            "all": "abcdef",
            "none": "",
            "the first three": "abc",
            "a count": 3,
            "another letter": "cefg",
        },
    },
    "best_sensitivity": {
        "right": {
            "as in the text": lambda lesions, erased: (lesions - erased) / lesions,
            "what is lost": lambda lesions, erased: 1 - erased / lesions,
            "counted": sensitivity_by_counting,
            "NumPy": lambda lesions, erased: np.divide(np.subtract(lesions, erased), lesions),
            "a 0-d array": lambda lesions, erased: np.array((lesions - erased) / lesions),
            "float32": lambda lesions, erased: np.float32(1) - np.float32(erased) / np.float32(lesions),
            "never below 0": lambda lesions, erased: max(0, lesions - erased) / lesions,
            "found and missed": lambda lesions, erased: (lesions - erased) / ((lesions - erased) + erased),
            "rounded to six digits": lambda lesions, erased: round((lesions - erased) / lesions, 6),
            "a fraction": lambda lesions, erased: Fraction(lesions - erased, lesions),
            "a decimal": lambda lesions, erased: Decimal(lesions - erased) / Decimal(lesions),
        },
        "wrong": {
            "the lost": lambda lesions, erased: erased / lesions,
            "a number": lambda lesions, erased: lesions - erased,
            "percent": lambda lesions, erased: 100 * (lesions - erased) / lesions,
            "rounded to two digits": lambda lesions, erased: round((lesions - erased) / lesions, 2),
            "rounded to three digits": lambda lesions, erased: round((lesions - erased) / lesions, 3),
            "whole numbers": lambda lesions, erased: (lesions - erased) // lesions,
            "beside the erased": lambda lesions, erased: lesions / (lesions + erased),
            "all": lambda lesions, erased: 1.0,
            "one more": lambda lesions, erased: (lesions - erased) / (lesions + 1),
            "the brackets missing": lambda lesions, erased: lesions - erased / lesions,
            "odds": lambda lesions, erased: (lesions - erased) / max(erased, 1),
            "swapped": lambda lesions, erased: (erased - lesions) / lesions,
            "one of them kept": lambda lesions, erased: (lesions - erased + 1) / lesions,
        },
    },
}
