"""The exercises of 08_explain."""

from __future__ import annotations

import numpy as np

from medlab.exercises import exercise

rng = np.random.default_rng(0)
_WEIGHTS, _X = rng.normal(size=(2, 3, 4))


def contributions(weights: np.ndarray, x: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Return weight times way from the baseline."""
    return np.asarray(weights) * (np.asarray(x) - np.asarray(baseline))


exercise(
    "contributions",
    solution=contributions,
    # Baselines of zero, of a constant and of another image; weights and ways of both signs.
    cases=[
        (
            np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]),
            np.array([[3.0, 5.0, 0.0], [4.0, -1.0, 1.0]]),
            np.array([[1.0, 5.0, 2.0], [1.0, 1.0, 1.0]]),
        ),
        (_WEIGHTS, _X, np.zeros((3, 4))),
        (_WEIGHTS, _X, rng.normal(size=(3, 4))),
    ],
    mistakes=[
        (
            lambda weights, x, baseline: weights * x,
            "Right for a baseline of 0. What counts is how far x is from the baseline.",
        ),
        (
            lambda weights, x, baseline: (weights * (x - baseline)).sum(),
            "That is the whole difference; return the part of each number.",
        ),
        (
            lambda weights, x, baseline: weights * (baseline - x),
            "The sign: from the baseline to x, not back.",
        ),
    ],
    hints=(
        "A pixel that equals its baseline contributes nothing. What counts is how far it lies from the "
        "baseline, and in which direction.",
        "Go from the baseline to x, keep the sign, and let every weight multiply its own part of the way. "
        "Nothing is added up here: there are as many contributions as pixels.",
    ),
    right="They add up to f(x) - f(baseline), whatever the bias: the map is complete.",
)


def completeness_error(parts: np.ndarray, output: float, output_of_baseline: float) -> float:
    """Return the sum of the parts minus the difference of the outputs."""
    return float(np.sum(parts) - (output - output_of_baseline))


exercise(
    "completeness_error",
    solution=completeness_error,
    # An exact map, maps that are too large and too small; sums, changes and outputs of both signs.
    cases=[
        (np.array([[1.0, 2.0], [0.5, -0.5]]), 5.0, 2.0),
        (np.array([[1.0, 2.0], [0.5, 0.5]]), 5.0, 2.0),
        (np.array([[0.25, -1.0, 0.5]]), 2.0, -1.5),
        (np.array([[-1.5, 0.25], [-2.0, -0.75], [0.0, 0.5]]), -1.0, 0.75),
        (np.array([[-1.0], [0.5]]), -4.0, -1.5),
        (np.array([[2, -3, 4], [1, 0, -2]]), -1, 2),
        (rng.normal(size=(4, 5)), *rng.normal(size=2)),
    ],
    mistakes=[
        (
            lambda parts, output, nothing: float(abs(np.sum(parts) - (output - nothing))),
            "The size is right. Keep the sign: too large is positive.",
        ),
        (
            lambda parts, output, nothing: float((output - nothing) - np.sum(parts)),
            "The sign is turned: the sum minus what it should be.",
        ),
        (
            lambda parts, output, nothing: float(np.sum(parts) - output),
            "The map adds up to the difference from the baseline's output, not to the output.",
        ),
    ],
    hints=(
        "A complete map adds up to the change of the output on the way from the baseline to the image. By "
        "how much does this map miss it?",
        "Add up all numbers of the map as they are, with their signs, and take away the change of the "
        "output. Keep the sign of what remains: a map that is too large has a positive error.",
    ),
    right="It is 0 for an exact sum. It does not say that the map makes sense.",
)


def cam(maps: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return the maps weighted by the mean of their gradients, without what is negative."""
    weights = np.mean(gradients, axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=-1), 0)


exercise(
    "cam",
    solution=cam,
    # Layers whose height, width and channels all differ; sums below 1 and well above.
    cases=[
        (np.ones((2, 3, 2)), np.stack([np.full((2, 3), 0.5), np.full((2, 3), -0.25)], axis=-1)),
        (rng.normal(size=(4, 3, 5)), rng.normal(size=(4, 3, 5))),
        (rng.normal(size=(3, 3, 3)), rng.normal(size=(3, 3, 3))),
        (rng.normal(size=(2, 5, 1)), rng.normal(size=(2, 5, 1))),
        (np.arange(-6.0, 18.0).reshape(3, 4, 2), rng.normal(2, 1, size=(3, 4, 2))),
    ],
    mistakes=[
        (
            lambda maps, gradients: (maps * gradients.mean(axis=(0, 1))).sum(axis=-1),
            "Cut off what is negative: np.maximum(..., 0).",
        ),
        (
            lambda maps, gradients: np.maximum((maps * gradients).sum(axis=-1), 0),
            "Each channel has one weight: the mean of its gradients over all places.",
        ),
        (
            lambda maps, gradients: np.maximum(
                (maps * gradients.mean((1, 2), keepdims=True)).sum(axis=-1), 0
            ),
            "The channels come last: the places are the axes 0 and 1.",
        ),
    ],
    hints=(
        "Grad-CAM gives each channel one weight, the mean of its gradient over all places. Which axes are "
        "the places when the channels come last?",
        "With one weight for each channel, multiply the maps by the weights and add up over the channels. "
        "Only after that does everything negative become 0, for which NumPy has a maximum of two arguments.",
    ),
    right="A mean over the wrong axes would make a picture as well, and nobody would see that it is wrong.",
)


def mass_inside(parts: np.ndarray, mask: np.ndarray) -> float:
    """Return the part of the sizes that lies inside."""
    size = np.abs(parts)
    return float(size[mask].sum() / size.sum())


exercise(
    "mass_inside",
    solution=mass_inside,
    # Maps with both signs, large and small ones, and masks of several sizes, from one pixel to all.
    cases=[
        (np.array([[3.0, -1.0], [0.0, 0.0]]), np.array([[True, False], [False, False]])),
        (np.array([[0.125, -0.25, 0.0], [0.0, 0.0625, 0.0]]), np.array([[True, False, True], [False] * 3])),
        (rng.normal(size=(5, 4)), rng.random((5, 4)) < 0.3),
        (rng.normal(size=(4, 6)), np.ones((4, 6), bool)),
        (rng.normal(size=(3, 7)), rng.random((3, 7)) < 0.7),
        (-rng.random((6, 2)), np.arange(12).reshape(6, 2) == 5),
    ],
    mistakes=[
        (
            lambda parts, mask: float(parts[mask].sum() / parts.sum()),
            "What speaks against counts too: take the sizes, np.abs(parts), first.",
        ),
        (
            lambda parts, mask: float(np.abs(parts)[mask].mean() / np.abs(parts).mean()),
            "That is how many times the area's share it is. Divide sums, not means.",
        ),
        (lambda parts, mask: float(np.abs(parts)[mask].sum()), "Divide by the size of the whole map."),
    ],
    hints=(
        "Forget the signs first: what speaks against a nodule counts as much here as what speaks for it.",
        "You need two sums of sizes, one over the pixels inside the mask and one over the whole map. An "
        "array of True and False, put in square brackets, picks out the pixels inside.",
    ),
    right="Compare it with mask.mean(), the share of a map that knows nothing.",
)
