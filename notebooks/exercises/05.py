"""The exercises of 05_gan."""

from __future__ import annotations

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(0)


def clouds_found(points: np.ndarray, centers: np.ndarray, radius: float) -> int:
    """Return how many centers have a point within the radius."""
    distance = np.linalg.norm(points[:, None] - centers, axis=2)
    return int((distance.min(axis=0) <= radius).sum())


def _nearest_alone(points: np.ndarray, centers: np.ndarray, radius: float) -> int:
    """Count a point for the center that is nearest to it, and for no other."""
    distance = np.linalg.norm(points[:, None] - centers, axis=2)
    return len(set(distance.argmin(axis=1)[distance.min(axis=1) <= radius].tolist()))


corners = np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 0.0]])
exercise(
    "clouds_found",
    solution=clouds_found,
    # Points far from all centers, several at one, on the rim and just beyond it, and within reach of two.
    cases=[
        (np.array([[0.1, 0.0], [0.0, 3.8], [0.0, -0.2]]), corners, 0.5),
        (np.array([[9.0, 9.0]]), corners, 0.5),
        (np.array([[0.5, 0.0], [4.0, 0.0]]), corners, 0.5),
        (np.array([[2.0, 0.0], [9.0, -9.0]]), corners, 2.0),
        (np.array([[-1, 0], [-1, 0]]), np.array([[2, 4], [-7, 1], [-1, 5], [-1, -6]]), 5),
        (np.array([[1.5, -2.5]]), np.array([[1.0, -2.0]]), 0.75),
        (np.array([[0.501, 0.0], [4.0, -0.499]]), corners, 0.5),
        (rng.normal(0, 2, (60, 2)), rng.normal(0, 2, (9, 2)), 0.4),
        (rng.normal(0, 2, (11, 2)), rng.normal(0, 2, (30, 2)), 1.1),
    ],
    mistakes=[
        (
            lambda points, centers, radius: int(
                (np.linalg.norm(points[:, None] - centers, axis=2).min(axis=1) <= radius).sum()
            ),
            "You count the points that are near a center; count the centers that have a point.",
        ),
        (
            lambda points, centers, radius: int(
                (np.linalg.norm(points[:, None] - centers, axis=2).min(axis=0) < radius).sum()
            ),
            "A point exactly at the radius counts too: no farther away means <=.",
        ),
        (
            _nearest_alone,
            "A point that is near to two centers has found both, not only the nearest.",
        ),
        (
            lambda points, centers, radius: len(centers),
            "These are all centers: count only those with a point near them.",
        ),
    ],
    hints=(
        "Take one center at a time and ask whether any point lies near enough to it. It does not matter "
        "whether the same point is near to another center as well.",
        "For each center, compute its distance to every point and look at the smallest one. The center "
        "counts if this distance is not larger than the radius, and it counts once, however many points it "
        "has.",
    ),
    right="A generator is only as good as the kinds it makes: look for what is missing.",
)


def walk(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
    """Return equally spaced vectors from one to the other, both included, shape (count, D)."""
    return np.linspace(np.asarray(start, float), np.asarray(end, float), count)


exercise(
    "walk",
    solution=walk,
    # Ways of several lengths, in one dimension and in more.
    cases=[
        (np.array([0.0, 1.0]), np.array([4.0, -1.0]), 5),
        (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 9.0]), 2),
        (np.array([-1.5, 0.0, 2.0]), np.array([2.0, 2.0, 2.0]), 4),
        (np.array([7.0]), np.array([-2.0]), 3),
        (rng.normal(size=5), rng.normal(size=5), 8),
    ],
    mistakes=[
        (
            lambda start, end, count: np.linspace(start, end, count, endpoint=False),
            "The last vector should be end itself.",
        ),
        (lambda start, end, count: walk(end, start, count), "You walk from end to start."),
        (
            lambda start, end, count: walk(start, end, count).T,
            "One vector per row: the shape is (count, D), yours is turned.",
        ),
    ],
    hints=(
        "Halfway between two vectors lies their mean; after a quarter of the way, three parts of the first "
        "are mixed with one part of the second. What is the mixture at any part of the way?",
        "Every vector is a mixture of start and end whose two shares add up to 1, and the share of end "
        "grows evenly from 0 to 1. With a second axis for the shares, NumPy makes one row for each of them.",
    ),
    right="Each vector on the way becomes an image; sudden changes would be a reason to look for copies.",
)


def _weakest_and_strongest(hunt: dict[tuple[float, int], tuple[bool, float]]) -> tuple[float, float]:
    levels = [level for level, _ in hunt]
    return min(levels), max(levels)


exercise(
    "thief_hunt",
    solution="b",
    # What the notebook measured: (noise, copies among 200 images) -> (alarm, share that counts as close).
    statements={
        "a": lambda hunt: hunt[_weakest_and_strongest(hunt)[0], 2][0],
        "b": lambda hunt: hunt[_weakest_and_strongest(hunt)[0], 200][0],
        "c": lambda hunt: all(share >= copies / 200 for (_, copies), (_, share) in hunt.items()),
        "d": lambda hunt: all(alarm for alarm, _ in hunt.values()),
    },
    hints=(
        "Look at the empty markers first: in every set of the figure there are copies, and an empty marker "
        "says that the test was silent about them.",
        "For the share of copies compare the height of a marker with what it would be if exactly the copies "
        "counted as close: 1 % for 2 copies, 10 % for 20 and 100 % for 200.",
    ),
    right="A test of this kind can raise an alarm; its silence is worth what was planted and found.",
)


def _erased(answer: object, pair_erased: dict[str, bool]) -> None:
    comparison.compare_choice(answer, pair_erased)


exercise(
    "erased_pairs",
    solution="cef",
    check=_erased,
    hints=(
        "In each pair look at the frame on the left first, where the nodule is, and then at the same frame "
        "on the right. A pale shadow is no finding.",
        "Call a nodule kept only where the right frame still has a spot of about 4 mm, five or six pixels, "
        "that is clearly brighter than the lung around it.",
    ),
    right="With the truth beside it this is easy. In a clinic only the right half exists.",
)


def best_sensitivity(lesions: int, erased: int) -> float:
    """Return the share of lesions that can still be seen."""
    return (lesions - erased) / lesions


exercise(
    "best_sensitivity",
    solution=best_sensitivity,
    # Nothing, something and everything erased, and shares of more than three digits.
    cases=[(40, 10), (100, 0), (7, 7), (300, 123), (7, 2), (1, 0), (1, 1), (23, 16), (901, 400)],
    mistakes=[
        (lambda lesions, erased: erased / lesions, "This is the share that is lost; what share is left?"),
        (lambda lesions, erased: lesions - erased, "A share: divide by the number of lesions."),
        (
            lambda lesions, erased: 100 * best_sensitivity(lesions, erased),
            "A share lies between 0 and 1; that is in percent.",
        ),
    ],
    hints=(
        "Sensitivity is the share of the true lesions that are found, and who marks only what can be seen "
        "cannot find a lesion that was erased.",
        "Count the lesions that can still be seen in the repaired images, and ask what part of all true "
        "lesions they are.",
    ),
    right="Who looks only at what the repaired holes show cannot find more: mark what was filled.",
)
