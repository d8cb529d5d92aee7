"""The exercises of 04_rnn."""

from __future__ import annotations

import math

import numpy as np

from medlab.exercises import exercise


def last_state(sequence: np.ndarray, w: float, u: float, b: float) -> float:
    """Return the state of the plainest recurrent network after a sequence."""
    state = 0.0
    for x in sequence:
        state = math.tanh(w * float(x) + u * state + b)
    return state


def _linear(sequence: np.ndarray, w: float, u: float, b: float) -> float:
    state = 0.0
    for x in sequence:
        state = w * float(x) + u * state + b
    return state


exercise(
    "last_state",
    solution=last_state,
    # Sequences of several lengths, with and without feedback.
    cases=[
        (np.array([1.0, -2.0, 0.5]), 0.7, 0.9, 0.1),
        (np.array([0.3]), 2.0, 5.0, -0.2),
        (np.array([1.0, 0.0, 0.0, 0.0]), 1.0, 0.5, 0.0),
    ],
    mistakes=[
        (_linear, "The bend is missing: np.tanh of the sum, at every step."),
        (
            lambda sequence, w, u, b: math.tanh(w * float(sequence[-1]) + b),
            "You read the last number only: u * state carries what came before.",
        ),
        (
            lambda sequence, w, u, b: last_state(sequence[::-1], w, u, b),
            "You read the sequence from its end.",
        ),
    ],
    hints=(
        "Start with state = 0.0, go through the sequence with a for loop, and put a new number "
        "into state at each step: np.tanh(w * x + u * state + b).",
    ),
    right="One number remembers a whole sequence. A real network does the same with vectors and matrices.",
)


def attend(scores: np.ndarray, values: np.ndarray) -> float:
    """Return the mean of values, weighted by the softmax of scores."""
    shifted = np.exp(np.asarray(scores, float) - np.max(scores))
    return float(np.sum(shifted * values) / np.sum(shifted))


exercise(
    "attend",
    solution=attend,
    # Equal scores, one high score, and scores in the hundreds.
    cases=[
        (np.array([0.0, 1.0, 2.0]), np.array([3.0, -1.0, 0.5])),
        (np.array([0.0, 0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0, 6.0])),
        (np.array([5.0, -5.0]), np.array([10.0, 20.0])),
    ],
    mistakes=[
        (
            lambda scores, values: float(np.sum(scores * values) / max(np.sum(scores), 1e-9)),
            "You weigh by the scores themselves: take np.exp of them first.",
        ),
        (
            lambda scores, values: float(np.sum(np.exp(scores) * values)),
            "The weights must sum up to 1: divide by the sum of np.exp(scores).",
        ),
        (lambda scores, values: float(np.mean(values)), "This is the plain mean: the scores play no role."),
    ],
    hints=(
        "np.exp(scores) / np.sum(np.exp(scores)) are the weights; they sum up to 1. Multiply "
        "them with values and sum up.",
    ),
    right="A step with a high score counts for nearly all, one with a low score for nearly nothing.",
)


def steps_until(factor: float, limit: float) -> int:
    """Return after how many steps a gradient that shrinks by `factor` is below `limit`."""
    steps, gradient = 0, 1.0
    while gradient >= limit:
        steps, gradient = steps + 1, gradient * factor
    return steps


exercise(
    "steps_until",
    solution=steps_until,
    # Strong and weak factors, and one that meets the limit exactly.
    cases=[(0.5, 0.1), (0.9, 0.1), (0.8, 1e-3), (0.99, 0.5), (0.3, 0.95), (0.5, 0.25)],
    mistakes=[
        (
            lambda factor, limit: math.ceil(math.log(limit) / math.log(factor)),
            "Below the limit is less than it: where a step lands on it exactly, one more is needed.",
        ),
        (
            lambda factor, limit: steps_until(factor, limit) - 1,
            "One step too few: after these the gradient is not yet below limit.",
        ),
        (
            lambda factor, limit: steps_until(factor, limit) + 1,
            "One step too many: the gradient was below limit before the last of them.",
        ),
        (lambda factor, limit: math.log(limit) / math.log(factor), "A number of steps is whole: round up."),
    ],
    hints=(
        "Start with steps = 0 and gradient = 1.0. While the gradient is not yet below limit, "
        "multiply it by factor and count one step.",
    ),
    right="A tenth less at each step looks harmless, and after 22 steps a tenth is left of the whole.",
)


def doubling_time_days(before_mm: float, after_mm: float, days: float) -> float:
    """Return in how many days the volume of a ball doubles, from its diameter at two times."""
    return days * math.log(2) / (3 * math.log(after_mm / before_mm))


exercise(
    "doubling_time_days",
    solution=doubling_time_days,
    # Nodules that grow, and one that shrinks.
    cases=[(8.0, 10.0, 100.0), (5.0, 10.0, 300.0), (6.0, 6.3, 90.0), (10.0, 9.0, 120.0)],
    mistakes=[
        (
            lambda before_mm, after_mm, days: days * math.log(2) / math.log(after_mm / before_mm),
            "This is the time in which the diameter doubles; the volume doubles three times as fast.",
        ),
        (
            lambda before_mm, after_mm, days: days * before_mm / (after_mm - before_mm),
            "This is for growth in a straight line; the volume is multiplied, so take logarithms.",
        ),
    ],
    hints=(
        "The volume grows by (after_mm / before_mm) ** 3 in these days. How many doublings are "
        "that? np.log(growth) / np.log(2). Divide the days by it.",
    ),
    right="A quarter more in diameter is nearly a doubling of the volume, and hard to see in a slice.",
)
