"""The exercises of 04_rnn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

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
            "b is missing: it belongs in the sum, at every step.",
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
    right="One number carries something of every number before it. A real network does the same with vectors "
    "and matrices.",
)


def check_lost_hundredfold(answer: Any, before: Mapping[str, np.ndarray]) -> str | None:
    """Hold a reading to the curve: how many steps ago the LSTM's gradient is a hundredth of its last."""
    number = comparison.as_number(answer)

    def lost(name: str) -> int:
        backwards = np.asarray(before[name])[::-1]
        return int(np.argmax(backwards < backwards[0] / 100)) or len(backwards)

    if abs(number - lost("LSTM")) <= 3:
        return None
    if abs(number - lost("GRU")) <= 1:
        return "This looks like the curve of the GRU, which falls faster."
    return "At this place the curve of the LSTM is not at a hundredth of its start."


exercise(
    "lost_hundredfold",
    solution=15,
    check=check_lost_hundredfold,
    hints=(
        "Find the curve of the LSTM by its color and its dashes, and read its height at the left edge. From "
        "there you go down by a factor of a hundred.",
        "On a logarithmic axis equal factors are equal distances: a hundredth lies as far below the start of "
        "the curve as one line of the grid lies below the next. Where does the curve reach that height?",
    ),
    right="A factor of a hundred is gone in less than half of the forty steps, and each further step takes "
    "its share.",
)


exercise(
    "clip_limits",
    solution="ad",
    statements={
        "a": lambda losses, step_size: losses[1.0][-1] < 0.1,
        "b": lambda losses, step_size: bool(np.all(np.asarray(losses[100.0]) < 1000)),
        "c": lambda losses, step_size: losses[0.01][-1] < min(losses[1.0][-1], losses[100.0][-1]),
        "d": lambda losses, step_size: losses[0.01][-1] > 0.2,
    },
    hints=(
        "Look at each curve at two places: its highest point on the way, and its right end.",
        "At the end a loss near 0 is a task learned, and 0.69 is a guess. Then find the highest point of the "
        "run with the loosest limit, and compare the ends of the three runs.",
    ),
    right="No update is longer than the rate times the limit. If that is too long, one leap can ruin the "
    "network, and if it is too short, the network hardly moves.",
)


def attend(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the output of scaled dot-product attention for one query."""
    scores = np.asarray(keys, float) @ np.asarray(query, float) / math.sqrt(len(query))
    weights = np.exp(scores - np.max(scores))
    return weights @ np.asarray(values, float) / np.sum(weights)


def _unscaled(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    return attend(query * math.sqrt(len(query)), keys, values)


exercise(
    "attend",
    solution=attend,
    # Axes of unequal length, weights from even to nearly all on one step, and a single step.
    cases=[
        (np.array([1.0, -2.0]), np.array([[0.5, 0.0], [1.0, 1.0], [2.0, -1.0]]), np.eye(3)),
        (rng.normal(size=4), rng.normal(size=(5, 4)), rng.normal(size=(5, 3))),
        (np.zeros(3), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))),
        (np.array([3.0, 4.0, 0.0, 1.0]), rng.normal(size=(3, 4)), np.array([[1.0], [20.0], [-7.0]])),
        (np.array([0.5, 1.0, -1.0]), np.array([[2.0, 0.0, 1.0]]), np.array([[2.5, -1.0]])),
        (np.full(9, 2.0), rng.normal(size=(6, 9)), rng.normal(size=(6, 4))),
    ],
    mistakes=[
        (_unscaled, "The scores are not divided by the root of d, the length of the query."),
        (
            lambda query, keys, values: attend(query / math.sqrt(len(query)), keys, values),
            "The scores are divided by d: it should be its root.",
        ),
        (
            lambda query, keys, values: np.exp(keys @ query / math.sqrt(len(query))) @ values,
            "The weights must add up to 1: divide by the sum of the exponentials.",
        ),
        (
            lambda query, keys, values: np.mean(values, axis=0),
            "This is the plain mean: the query plays no role.",
        ),
    ],
    hints=(
        "There are three stages: a score for each row of keys, a weight for each score, and the mean of the "
        "rows of values with these weights.",
        "The operator @ multiplies a matrix by a list of numbers, and gives all T scores at once. After the "
        "exponentials and the division by their sum, @ makes the weighted mean of the rows, too.",
    ),
    right="The same three lines, for many queries at once, are the heart of every transformer.",
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
