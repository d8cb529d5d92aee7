"""The exercises of 04_rnn."""

from __future__ import annotations

import math

import numpy as np

from medlab.exercises import exercise

rng = np.random.default_rng(8)


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
    # Sequences of several lengths, with weights of both signs.
    cases=[
        (np.array([1.0, -2.0, 0.5]), 0.7, 0.9, 0.1),
        (np.array([0.3]), 2.0, 5.0, -0.2),
        (np.array([1.0, 0.0, 0.0, 0.0]), 1.0, 0.5, 0.0),
        (np.array([0.5, -0.25]), 1.0, 1.5, 0.25),
        (rng.normal(size=7), -0.6, -0.8, 0.4),
    ],
    mistakes=[
        (_linear, "The bend is missing: np.tanh of the sum, at every step."),
        (
            lambda sequence, w, u, b: last_state(sequence, w, u, 0.0),
            "b is missing: it belongs into the sum, at every step.",
        ),
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
        "Keep one number, the state, which is 0 at the start. Each number of the sequence turns it into a "
        "new one, so a for loop over the sequence does the work.",
        "Inside the loop three parts are added up: the new number with its weight, the old state with its "
        "weight, and b. Bend their sum with np.tanh before it becomes the new state, and return the state "
        "after the loop.",
    ),
    right="One number carries something of every number before it, of the late ones most. A real network "
    "does the same with vectors and matrices.",
)


def attend(scores: np.ndarray, values: np.ndarray) -> float:
    """Return the mean of values, weighted by the softmax of scores."""
    shifted = np.exp(np.asarray(scores, float) - np.max(scores))
    return float(np.sum(shifted * values) / np.sum(shifted))


exercise(
    "attend",
    solution=attend,
    # Scores of both signs, equal ones, high ones, one far above the other, whole numbers, and a single step.
    cases=[
        (np.array([0.0, 1.0, 2.0]), np.array([3.0, -1.0, 0.5])),
        (np.array([0.0, 0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0, 6.0])),
        (np.array([5.0, -5.0]), np.array([10.0, 20.0])),
        (np.array([-3, -1, -2]), np.array([4, 0, -5])),
        (np.array([-0.7]), np.array([2.5])),
        (np.array([8.0, 5.5, 1.0]), np.array([1.0, 9.0, -700.0])),
        (rng.normal(size=6), rng.normal(size=6)),
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
        "Turn the scores into weights first. The exponential makes them all positive, and dividing by their "
        "sum makes them add up to 1.",
        "Once there is one weight for each step, multiply every value by its weight and add up the "
        "products. np.exp works on a whole array at once, and np.sum adds up what it returns.",
    ),
    right="Each point of score multiplies a step's weight, measured against the others', by e, about 2.7; "
    "only a lead of several points leaves the others nearly nothing.",
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
    # Strong and weak factors, hundreds of steps (no more: a recursion must end before Python stops it), and
    # some that meet the limit exactly, as numbers and as their logarithms.
    cases=[
        *((0.5, 0.1), (0.9, 0.1), (0.8, 1e-3), (0.99, 0.5), (0.3, 0.95), (0.97, 0.9), (0.99, 0.01)),
        (0.99, 1.5e-4),
        *((0.5, 0.25), (0.25, 0.0625), (0.5, 0.5), (0.7, 0.7), (0.5, 2**-10)),
    ],
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
        (
            lambda factor, limit: math.log(limit) / math.log(factor),
            "A number of steps is whole. Which whole number is the first that is large enough?",
        ),
    ],
    hints=(
        "Follow the gradient from step to step: it is 1 at the start, and each step makes it smaller. Count "
        "the steps until it has really fallen below the limit.",
        "A while loop can multiply and count for as long as the gradient is not yet below the limit. Think "
        "of a step that lands exactly on the limit: the gradient is not below it then, and one more step is "
        "needed.",
    ),
    right="A tenth less at each step looks harmless, and after 22 steps a tenth is left of the whole.",
)


def doubling_time_days(before_mm: float, after_mm: float, days: float) -> float:
    """Return in how many days the volume of a ball doubles, from its diameter at two times."""
    return days * math.log(2) / (3 * math.log(after_mm / before_mm))


exercise(
    "doubling_time_days",
    solution=doubling_time_days,
    # Nodules that grow, and two that shrink.
    cases=[
        *((8.0, 10.0, 100.0), (5.0, 10.0, 300.0), (6.0, 6.3, 90.0), (4, 13, 31)),
        *((10.0, 9.0, 120.0), (12.5, 5.5, 77.0)),
    ],
    mistakes=[
        (
            lambda before_mm, after_mm, days: days * math.log(2) / math.log(after_mm / before_mm),
            "This is the time in which the diameter doubles; the volume doubles three times as fast.",
        ),
        (
            lambda before_mm, after_mm, days: days * before_mm / (after_mm - before_mm),
            "This is for growth in a straight line; the volume is multiplied, so take logarithms.",
        ),
        (
            lambda before_mm, after_mm, days: abs(doubling_time_days(before_mm, after_mm, days)),
            "Right for nodules that grow. For one that has shrunk, keep the negative sign.",
        ),
    ],
    hints=(
        "Think in volumes. How many times as large has the volume become when the diameter has grown by "
        "this factor, and how many doublings is that?",
        "The number of doublings is the logarithm of the volume's growth to the base 2, and you get it by "
        "dividing two natural logarithms. Then share the days among these doublings.",
    ),
    right="A quarter more in diameter is nearly a doubling of the volume, and hard to see in a slice.",
)
