"""The exercises of 08_explain."""

from __future__ import annotations

from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(0)
_WEIGHTS, _X = rng.normal(size=(2, 3, 4))


def mean_contributions(weights: np.ndarray, x: np.ndarray, baselines: np.ndarray) -> np.ndarray:
    """Return the mean over baselines of weight times way from the baseline."""
    return np.asarray(weights) * (np.asarray(x) - np.mean(baselines, axis=0))


exercise(
    "mean_contributions",
    solution=mean_contributions,
    # One baseline and several, constant and other images; weights and ways of both signs; never M = H or W.
    cases=[
        (
            np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]),
            np.array([[3.0, 5.0, 0.0], [4.0, -1.0, 1.0]]),
            np.array([[[1.0, 5.0, 2.0], [1.0, 1.0, 1.0]]]),
        ),
        (_WEIGHTS, _X, np.zeros((2, 3, 4))),
        (_WEIGHTS, _X, rng.normal(size=(5, 3, 4))),
        (-_WEIGHTS, _X, np.stack([np.full((3, 4), value) for value in (-2.0, 0.5)])),
    ],
    mistakes=[
        (
            lambda weights, x, baselines: weights * x,
            "Right for a baseline of 0. What counts is how far x is from the baseline.",
        ),
        (
            lambda weights, x, baselines: weights * (x - baselines),
            "These are the contributions beside each baseline. Their mean over the baselines is asked for.",
        ),
        (
            lambda weights, x, baselines: weights * (x - baselines[0]),
            "That is right beside the first baseline. There are more of them.",
        ),
        (
            lambda weights, x, baselines: (weights * (x - baselines)).sum(axis=0),
            "That adds up over the baselines, so that more of them make a larger map. Take the mean.",
        ),
        (
            lambda weights, x, baselines: weights * (x - baselines.mean()),
            "That takes one number for all pixels. Each pixel has its own mean over the baselines.",
        ),
        (
            lambda weights, x, baselines: weights * (baselines.mean(axis=0) - x),
            "The sign: from the baseline to x, not back.",
        ),
    ],
    hints=(
        "Write down the contribution of a pixel beside one baseline first. Which axis of the set counts the "
        "baselines?",
        "NumPy subtracts the whole set from the image at once, since it aligns axes "
        "from the right. What is left is a mean over the axis in front.",
    ),
    right="They add up to f(x) minus the mean of f over the baselines, whatever the bias is.",
)


def made_complete(parts: np.ndarray, output: float, output_of_baseline: float) -> np.ndarray:
    """Return the map times the factor after which it adds up to the difference of the outputs."""
    return np.asarray(parts) * ((output - output_of_baseline) / np.sum(parts))


exercise(
    "made_complete",
    solution=made_complete,
    # Maps that are too large, too small, complete, and of the wrong sign; outputs of both signs.
    cases=[
        (np.array([[1.0, 2.0], [0.5, -0.5]]), 5.0, 2.0),
        (np.array([[1.0, 2.0], [0.5, 0.5]]), 5.0, 2.0),
        (np.array([[0.25, -1.0, 0.5]]), 2.0, -1.5),
        (np.array([[-1.5, 0.25], [-2.0, -0.75], [0.0, 0.5]]), -1.0, 0.75),
        (np.array([[2.0, -3.0, 4.0], [1.0, 0.0, -2.0]]), -1.0, 2.0),
        (1 + rng.random(size=(4, 5)), 0.5, -1.25),
    ],
    mistakes=[
        (
            lambda parts, output, nothing: parts / np.sum(parts),
            "This map adds up to 1. It has to add up to the change of the output.",
        ),
        (
            lambda parts, output, nothing: parts * output / np.sum(parts),
            "This map adds up to the output. It has to add up to the change from the baseline's output.",
        ),
        (
            lambda parts, output, nothing: parts + (output - nothing - np.sum(parts)) / np.size(parts),
            "The sum is right. But the missing part was shared out evenly; multiply by one factor instead.",
        ),
        (
            lambda parts, output, nothing: parts * (nothing - output) / np.sum(parts),
            "The sign: the change goes from the baseline to the image.",
        ),
        (
            lambda parts, output, nothing: parts * np.sum(parts) / (output - nothing),
            "The factor is upside down: a map that is too large has to become smaller.",
        ),
    ],
    hints=(
        "What does the map add up to, and what should it? One factor leads from the one to the other.",
        "What the map should add up to is the change of the output from the baseline to the image. Divide it "
        "by what the map adds up to now, and let every number of the map be multiplied by the result.",
    ),
    right="Its completeness error is now 0, and it makes no more sense than before.",
)


def batch_cam(maps: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return the maps weighted by the mean of their gradients, without what is negative."""
    weights = np.mean(gradients, axis=(1, 2), keepdims=True)
    return np.maximum((maps * weights).sum(axis=-1), 0)


exercise(
    "batch_cam",
    solution=batch_cam,
    # Batches whose length, height, width and channels all differ; sums below 1 and well above.
    cases=[
        (
            np.ones((1, 2, 3, 2)),
            np.stack([np.full((1, 2, 3), 0.5), np.full((1, 2, 3), -0.25)], axis=-1),
        ),
        (rng.normal(size=(2, 4, 3, 5)), rng.normal(size=(2, 4, 3, 5))),
        (rng.normal(size=(3, 3, 3, 3)), rng.normal(size=(3, 3, 3, 3))),
        (rng.normal(size=(4, 2, 5, 1)), rng.normal(size=(4, 2, 5, 1))),
        (np.arange(-6.0, 42.0).reshape(2, 3, 4, 2), rng.normal(2, 1, size=(2, 3, 4, 2))),
    ],
    mistakes=[
        (
            lambda maps, gradients: (maps * gradients.mean(axis=(1, 2), keepdims=True)).sum(axis=-1),
            "Cut off what is negative: np.maximum(..., 0).",
        ),
        (
            lambda maps, gradients: np.maximum((maps * gradients).sum(axis=-1), 0),
            "Each channel of an image has one weight: the mean of its gradients over all places.",
        ),
        (
            lambda maps, gradients: np.maximum((maps * gradients.mean(axis=(0, 1, 2))).sum(axis=-1), 0),
            "That is a mean over the images of the batch as well. Each image has weights of its own.",
        ),
        (
            lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(2, 3), keepdims=True)).sum(axis=-1), 0
            ),
            "The channels come last, and the images first: the places are the axes 1 and 2.",
        ),
    ],
    hints=(
        "Grad-CAM gives each channel one weight, the mean of its gradient over all places. Which axes are "
        "the places when images come first and channels last?",
        "With one weight for each image and channel (keepdims keeps the axes), multiply the maps by "
        "the weights and add up over the channels. Only after that does everything negative become 0.",
    ),
    right="A mean over the wrong axes would make a picture as well, and nobody would see that it is wrong.",
)


def _near_the_end(answer: Any, end: float) -> str | None:
    """Return what is wrong with a reading of where the curves end."""
    off = comparison.as_number(answer) - end
    if abs(off) <= 0.35:
        return None
    return f"The curves end {'lower' if off > 0 else 'higher'} than that."


exercise(
    "logit_of_nothing",
    solution=0.65,
    check=_near_the_end,
    hints=(
        "Everything has been deleted where 100 % of the pixels are replaced. Look at the right edge.",
        "All four curves meet in one point at the right edge. Go from there straight to the left, to the "
        "numbers of the vertical axis.",
    ),
    right="This is the logit of no image at all. Contributions say what the image adds to it.",
)

exercise(
    "what_the_tag_is",
    solution="ac",
    statements={
        "a": lambda effects: effects["lower right"] > effects["as in training"] / 2,
        "b": lambda effects: effects["black ground only"] > effects["as in training"] / 2,
        "c": lambda effects: effects["middle gray"] < effects["as in training"] / 2,
        "d": lambda effects: effects["letter only"] >= 0.9 * effects["as in training"],
    },
    hints=(
        "Take the number above the first picture as the whole effect, and compare the others with it.",
        "For each statement one picture changes just the thing that it speaks of. Which share of the "
        "first number is left there?",
    ),
    right="It reacts to the bright letter, best on black, and not to its corner alone. Whether another "
    "bright shape would do was not tried.",
)
