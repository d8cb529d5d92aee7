"""The exercises of 05_gan."""

from __future__ import annotations

import numpy as np

from medlab.exercises import exercise

rng = np.random.default_rng(0)


def clouds_found(points: np.ndarray, centers: np.ndarray, radius: float) -> int:
    """Return how many centers have a point within the radius."""
    distance = np.linalg.norm(points[:, None] - centers, axis=2)
    return int((distance.min(axis=0) <= radius).sum())


corners = np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 0.0]])
exercise(
    "clouds_found",
    solution=clouds_found,
    # Points far from all centers, several points at one center, and a point on the rim.
    cases=[
        (np.array([[0.1, 0.0], [0.0, 3.8], [0.0, -0.2]]), corners, 0.5),
        (np.array([[9.0, 9.0]]), corners, 0.5),
        (np.array([[0.5, 0.0], [4.0, 0.0]]), corners, 0.5),
        (rng.normal(0, 2, (60, 2)), rng.normal(0, 2, (9, 2)), 0.4),
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
            lambda points, centers, radius: len(centers),
            "These are all centers: count only those with a point near them.",
        ),
    ],
    hints=(
        "Go through the centers with a for loop. np.linalg.norm(points - center, axis=1) is the "
        "distance of every point to it; count the center if the smallest of them is at most "
        "radius.",
    ),
    right="A generator is only as good as the kinds it makes: look for what is missing.",
)


def walk(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
    """Return equally spaced vectors from one to the other, both included, shape (count, D)."""
    return np.linspace(np.asarray(start, float), np.asarray(end, float), count)


exercise(
    "walk",
    solution=walk,
    # Ways of several lengths, in two and in three dimensions.
    cases=[
        (np.array([0.0, 1.0]), np.array([4.0, -1.0]), 5),
        (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 9.0]), 2),
        (np.array([-1.5, 0.0, 2.0]), np.array([2.0, 2.0, 2.0]), 4),
    ],
    mistakes=[
        (
            lambda start, end, count: np.linspace(start, end, count, endpoint=False),
            "The last vector should be end itself.",
        ),
        (lambda start, end, count: walk(end, start, count), "You walk from end to start."),
        (
            lambda start, end, count: walk(start, end, count).T,
            "One vector a row: the shape is (count, D), yours is turned.",
        ),
    ],
    hints=(
        "The vector at a part t of the way is (1 - t) * start + t * end. To do it for all t at "
        "once, give t a second axis: np.linspace(0, 1, count)[:, np.newaxis].",
    ),
    right="Each vector on the way becomes an image; a generator that has only copied would jump.",
)


def paste(image: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return the image with its hole filled."""
    return np.where(hole, filled, image)


exercise(
    "paste",
    solution=paste,
    # Holes of several shapes.
    cases=[
        (rng.normal(size=(3, 5)), rng.normal(size=(3, 5)), rng.random((3, 5)) < 0.4),
        (np.zeros((2, 3)), np.ones((2, 3)), np.array([[True, False, False], [False, True, True]])),
    ],
    mistakes=[
        (
            lambda image, filled, hole: paste(filled, image, hole),
            "The other way round: filled where hole is True, image elsewhere.",
        ),
        (
            lambda image, filled, hole: image + hole * filled,
            "You add what is filled to what lies in the hole; it should replace it.",
        ),
        (lambda image, filled, hole: filled, "This changes pixels outside the hole, too."),
    ],
    hints=("np.where(hole, a, b) takes a where hole is True and b elsewhere.",),
    right="Nothing that was measured is changed. Mark what was filled wherever the image is shown.",
)


def best_sensitivity(lesions: int, erased: int) -> float:
    """Return the share of lesions that can still be seen."""
    return (lesions - erased) / lesions


exercise(
    "best_sensitivity",
    solution=best_sensitivity,
    # Nothing, something and everything erased.
    cases=[(40, 10), (100, 0), (7, 7), (300, 123)],
    mistakes=[
        (lambda lesions, erased: erased / lesions, "This is the share that is lost; what share is left?"),
        (lambda lesions, erased: lesions - erased, "A share: divide by the number of lesions."),
    ],
    hints=("Sensitivity is the share of the lesions that are found. What was erased nobody can find.",),
    right="No reader and no network behind the repair can bring back what it has erased.",
)
