"""Answers to the exercises of 04_rnn as learners write them, right and wrong."""

from __future__ import annotations

import functools
import math

import numpy as np


def state_with_numpy(sequence, w, u, b):
    state = 0.0
    for x in sequence:
        state = np.tanh(w * x + u * state + b)
    return state


def state_by_position(sequence, w, u, b):
    state = 0
    for position in range(len(sequence)):
        state = math.tanh(b + u * state + w * sequence[position])
    return state


def all_states(sequence, w, u, b):
    states = np.zeros(len(sequence) + 1)
    for step, x in enumerate(sequence, start=1):
        states[step] = np.tanh(w * x + u * states[step - 1] + b)
    return states[-1]


def state_by_recursion(sequence, w, u, b):
    if len(sequence) == 0:
        return 0.0
    return np.tanh(w * sequence[-1] + u * state_by_recursion(sequence[:-1], w, u, b) + b)


def state_with_exp(sequence, w, u, b):
    state = 0.0
    for x in sequence:
        grown = np.exp(2 * (w * x + u * state + b))
        state = (grown - 1) / (grown + 1)
    return state


def state_prepared(sequence, w, u, b):
    state = np.zeros(1)
    for term in w * sequence + b:
        state = np.tanh(term + u * state)
    return state


def state_from_the_first(sequence, w, u, b):
    state = np.tanh(w * sequence[0] + b)
    for x in sequence[1:]:
        state = np.tanh(w * x + u * state + b)
    return state


def state_wrong(step, start=0.0, finish=lambda state: state):
    """Return a function with another step."""

    def last_state(sequence, w, u, b):
        state = start
        for x in sequence:
            state = step(x, state, w, u, b)
        return finish(state)

    return last_state


def attend_in_a_loop(scores, values):
    total, weighted = 0.0, 0.0
    for score, value in zip(scores, values, strict=True):
        total += math.exp(score)
        weighted += math.exp(score) * value
    return weighted / total


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum()


def attend_to_pairs(scores, values):
    return np.array(
        [sum(1 / np.sum(np.exp(scores - score)) * value for score, value in zip(scores, values, strict=True))]
    )


def steps_in_a_loop(factor, limit):
    steps = 0
    gradient = 1
    while not gradient < limit:
        gradient *= factor
        steps += 1
    return steps


def steps_for_ever(factor, limit):
    gradient, steps = 1.0, 0
    while True:
        if gradient < limit:
            return steps
        gradient = gradient * factor
        steps = steps + 1


def steps_by_recursion(factor, limit, gradient=1.0):
    return 0 if gradient < limit else 1 + steps_by_recursion(factor, limit, gradient * factor)


def steps_with_next(factor, limit):
    return next(step for step in range(10_000) if factor**step < limit)


def steps_with_arrays(factor, limit):
    return np.argmax(factor ** np.arange(5000.0) < limit)


def steps_upwards(factor, limit):
    steps = 1
    while factor**steps >= limit:
        steps += 1
    return float(steps)


def steps_at_most(factor, limit):
    steps, gradient = 0, 1.0
    while gradient > limit:
        gradient *= factor
        steps += 1
    return steps


def steps_of_a_straight_line(factor, limit):
    steps, gradient = 0, 1.0
    while gradient >= limit:
        gradient -= 1 - factor
        steps += 1
    return steps


def steps_from_one(factor, limit):
    steps, gradient = 1, 1.0
    while gradient >= limit:
        gradient *= factor
        steps += 1
    return steps


def steps_from_factor(factor, limit):
    steps, gradient = 0, factor
    while gradient >= limit:
        gradient *= factor
        steps += 1
    return steps


def doublings_in_a_loop(before_mm, after_mm, days):
    growth = after_mm**3 / before_mm**3
    return days / np.log2(growth)


def volumes(before_mm, after_mm, days):
    before, after = (np.pi / 6 * np.array([before_mm, after_mm]) ** 3).tolist()
    return days * math.log(2) / math.log(after / before)


def rate(before_mm, after_mm, days):
    per_day = 3 * (np.log(after_mm) - np.log(before_mm)) / days
    return np.log(2) / per_day


VARIANTS = {
    "last_state": {
        "right": {
            "np.tanh": state_with_numpy,
            "math.tanh, by position": state_by_position,
            "all states": all_states,
            "recursion": state_by_recursion,
            "np.exp": state_with_exp,
            "an array of one": state_prepared,
            "the first step alone": state_from_the_first,
            "reduce": lambda sequence, w, u, b: functools.reduce(
                lambda state, x: np.tanh(w * x + u * state + b), sequence, 0.0
            ),
            "float32": lambda sequence, w, u, b: np.float32(state_with_numpy(sequence, w, u, b)),
            "np.dot": state_wrong(lambda x, state, w, u, b: np.tanh(np.dot([w, u, b], [x, state, 1]))),
            "a list of numbers": lambda sequence, w, u, b: state_with_numpy(sequence.tolist(), w, u, b),
        },
        "wrong": {
            "no bend": state_wrong(lambda x, state, w, u, b: w * x + u * state + b),
            "the bend at the end": state_wrong(
                lambda x, state, w, u, b: w * x + u * state + b, finish=np.tanh
            ),
            "the last number only": lambda sequence, w, u, b: np.tanh(w * sequence[-1] + b),
            "the first number only": lambda sequence, w, u, b: np.tanh(w * sequence[0] + b),
            "backwards": lambda sequence, w, u, b: state_with_numpy(sequence[::-1], w, u, b),
            "w and u swapped": lambda sequence, w, u, b: state_with_numpy(sequence, u, w, b),
            "b outside": state_wrong(lambda x, state, w, u, b: np.tanh(w * x + u * state) + b),
            "u outside": state_wrong(lambda x, state, w, u, b: np.tanh(w * x + b) + u * state),
            "no b": state_wrong(lambda x, state, w, u, b: np.tanh(w * x + u * state)),
            "no u": state_wrong(lambda x, state, w, u, b: np.tanh(w * x + state + b)),
            "from 1": state_wrong(lambda x, state, w, u, b: np.tanh(w * x + u * state + b), start=1.0),
            "all states": lambda sequence, w, u, b: [
                state_with_numpy(sequence[: stop + 1], w, u, b) for stop in range(len(sequence))
            ],
            "without the last": lambda sequence, w, u, b: state_with_numpy(sequence[:-1], w, u, b),
            "a sigmoid": state_wrong(lambda x, state, w, u, b: 1 / (1 + np.exp(-(w * x + u * state + b)))),
            "a ReLU": state_wrong(lambda x, state, w, u, b: max(0.0, w * x + u * state + b)),
            "added up": lambda sequence, w, u, b: np.tanh(w * sequence.sum() + b),
            "rounded": lambda sequence, w, u, b: round(float(state_with_numpy(sequence, w, u, b)), 2),
            "u at most 1": lambda sequence, w, u, b: state_with_numpy(sequence, w, min(u, 1), b),
        },
    },
    "attend": {
        "right": {
            "as in the text": lambda scores, values: np.sum(softmax(scores) * values),
            "shifted": lambda scores, values: (
                np.sum(np.exp(scores - scores.max()) * values) / np.sum(np.exp(scores - scores.max()))
            ),
            "a loop": attend_in_a_loop,
            "a product of vectors": lambda scores, values: softmax(scores) @ values,
            "np.average": lambda scores, values: np.average(values, weights=np.exp(scores)),
            "einsum": lambda scores, values: np.einsum("i,i->", softmax(scores), values),
            "float32": lambda scores, values: np.dot(
                softmax(scores.astype("float32")), values.astype("float32")
            ),
            "lists": lambda scores, values: (
                sum(math.exp(s) * v for s, v in zip(scores, values, strict=True))
                / sum(math.exp(s) for s in scores)
            ),
            "differences of scores": attend_to_pairs,
            "np.e": lambda scores, values: (np.e**scores / (np.e**scores).sum() * values).sum(),
            "the longest way": lambda scores, values: (
                float(np.inner(values, np.exp(scores))) / float(np.exp(scores).sum())
            ),
        },
        "wrong": {
            "the scores as weights": lambda scores, values: (
                np.sum(scores * values) / max(np.sum(scores), 1e-9)
            ),
            "not divided": lambda scores, values: np.sum(np.exp(scores) * values),
            "the plain mean": lambda scores, values: np.mean(values),
            "the highest score": lambda scores, values: values[np.argmax(scores)],
            "a mean of the products": lambda scores, values: np.mean(softmax(scores) * values),
            "the products": lambda scores, values: softmax(scores) * values,
            "the weights": lambda scores, values: softmax(scores),
            "swapped": lambda scores, values: np.sum(softmax(values) * scores),
            "to the base of 2": lambda scores, values: np.average(values, weights=2.0**scores),
            "turned": lambda scores, values: np.sum(softmax(-scores) * values),
            "divided by the largest": lambda scores, values: (
                np.sum(np.exp(scores) * values) / np.max(np.exp(scores))
            ),
            "divided by the number": lambda scores, values: np.sum(np.exp(scores) * values) / len(scores),
            "divided by the values": lambda scores, values: np.sum(np.exp(scores) * values) / np.sum(values),
            "softmax of the products": lambda scores, values: np.sum(softmax(scores * values) * values),
            "sigmoids": lambda scores, values: np.average(values, weights=1 / (1 + np.exp(-scores))),
            "sizes of the scores": lambda scores, values: np.sum(softmax(np.abs(scores)) * values),
            "rounded": lambda scores, values: np.round(np.sum(softmax(scores) * values), 2),
            "scores clipped at 5": lambda scores, values: np.sum(softmax(np.clip(scores, -5, 5)) * values),
            "negative scores to 0": lambda scores, values: np.sum(softmax(np.maximum(scores, 0)) * values),
            "the far ones left out": lambda scores, values: np.average(
                values, weights=np.exp(scores) * (scores > max(scores) - 5)
            ),
            "weights of three digits": lambda scores, values: np.sum(softmax(scores).round(3) * values),
        },
    },
    "steps_until": {
        "right": {
            "while": steps_in_a_loop,
            "while True": steps_for_ever,
            "recursion": steps_by_recursion,
            "next": steps_with_next,
            "np.argmax": steps_with_arrays,
            "powers, a float": steps_upwards,
            "logarithms": lambda factor, limit: math.floor(math.log(limit) / math.log(factor)) + 1,
            "np.log": lambda factor, limit: int(np.log(limit) / np.log(factor)) + 1,
            "np.log2": lambda factor, limit: np.floor(np.log2(limit) / np.log2(factor) + 1),
            "counted": lambda factor, limit: np.array(
                np.count_nonzero(np.cumprod(np.full(5000, factor)) >= limit) + 1
            ),
            "np.int64": lambda factor, limit: np.int64(steps_in_a_loop(factor, limit)),
        },
        "wrong": {
            "at most the limit": steps_at_most,
            "math.ceil": lambda factor, limit: math.ceil(math.log(limit) / math.log(factor)),
            "np.ceil": lambda factor, limit: np.ceil(np.log(limit) / np.log(factor)),
            "not rounded": lambda factor, limit: math.log(limit) / math.log(factor),
            "rounded": lambda factor, limit: round(math.log(limit) / math.log(factor)),
            "rounded down": lambda factor, limit: int(math.log(limit) / math.log(factor)),
            "rounded up and one more": lambda factor, limit: (
                math.ceil(math.log(limit) / math.log(factor)) + 1
            ),
            "rounded and one more": lambda factor, limit: round(math.log(limit) / math.log(factor)) + 1,
            "the step before": lambda factor, limit: steps_in_a_loop(factor, limit) - 1,
            "counted from one": steps_from_one,
            "from factor": steps_from_factor,
            "a straight line": steps_of_a_straight_line,
            "divided": lambda factor, limit: math.ceil(limit / factor),
            "swapped": lambda factor, limit: steps_in_a_loop(limit, factor),
            "always 4": lambda factor, limit: 4,
            "always 0.1": lambda factor, limit: steps_in_a_loop(factor, 0.1),
            "the gradient": lambda factor, limit: factor ** steps_in_a_loop(factor, limit),
            "more than a hundred are none": lambda factor, limit: min(steps_in_a_loop(factor, limit), 100),
            "more than five hundred are none": lambda factor, limit: next(
                (n for n in range(500) if factor**n < limit), 500
            ),
            "a limit a little lower": lambda factor, limit: steps_in_a_loop(factor, 0.999 * limit),
        },
    },
    "doubling_time_days": {
        "right": {
            "as in the text": lambda before_mm, after_mm, days: (
                days / (np.log((after_mm / before_mm) ** 3) / np.log(2))
            ),
            "math.log": lambda before_mm, after_mm, days: (
                days * math.log(2) / (3 * math.log(after_mm / before_mm))
            ),
            "np.log2": doublings_in_a_loop,
            "volumes": volumes,
            "a rate": rate,
            "the base of 10": lambda before_mm, after_mm, days: (
                days * math.log10(2) / math.log10((after_mm / before_mm) ** 3)
            ),
            "a third of the diameter's": lambda before_mm, after_mm, days: (
                days / math.log(after_mm / before_mm, 2) / 3
            ),
            "a 0-d array": lambda before_mm, after_mm, days: np.array(
                days * np.log(2) / (3 * np.log(after_mm / before_mm))
            ),
            "rounded to four digits": lambda before_mm, after_mm, days: round(
                float(days * np.log(2) / (3 * np.log(after_mm / before_mm))), 4
            ),
            "float32": lambda before_mm, after_mm, days: np.float32(
                days * np.log(2) / (3 * np.log(after_mm / before_mm))
            ),
            "0.6931": lambda before_mm, after_mm, days: days * 0.693147 / np.log(after_mm**3 / before_mm**3),
        },
        "wrong": {
            "the diameter's": lambda before_mm, after_mm, days: (
                days * np.log(2) / np.log(after_mm / before_mm)
            ),
            "times 3": lambda before_mm, after_mm, days: 3 * days * np.log(2) / np.log(after_mm / before_mm),
            "a straight line": lambda before_mm, after_mm, days: days * before_mm / (after_mm - before_mm),
            "a straight line of the volume": lambda before_mm, after_mm, days: (
                days * before_mm**3 / (after_mm**3 - before_mm**3)
            ),
            "an area": lambda before_mm, after_mm, days: (
                days * np.log(2) / (2 * np.log(after_mm / before_mm))
            ),
            "before over after": lambda before_mm, after_mm, days: (
                days * np.log(2) / (3 * np.log(before_mm / after_mm))
            ),
            "no log 2": lambda before_mm, after_mm, days: days / (3 * np.log(after_mm / before_mm)),
            "mixed bases": lambda before_mm, after_mm, days: (
                days * np.log10(2) / (3 * np.log(after_mm / before_mm))
            ),
            "upside down": lambda before_mm, after_mm, days: (
                3 * np.log(after_mm / before_mm) / (days * np.log(2))
            ),
            "doublings": lambda before_mm, after_mm, days: 3 * np.log2(after_mm / before_mm),
            "a power of the logarithm": lambda before_mm, after_mm, days: (
                days * np.log(2) / np.log(after_mm / before_mm) ** 3
            ),
            "half growth": lambda before_mm, after_mm, days: days * 2 / (after_mm / before_mm) ** 3,
            "whole days": lambda before_mm, after_mm, days: round(
                days * math.log(2) / (3 * math.log(after_mm / before_mm))
            ),
            "always 100": lambda before_mm, after_mm, days: 100.0,
            "never negative": lambda before_mm, after_mm, days: abs(
                days * np.log(2) / (3 * np.log(after_mm / before_mm))
            ),
            "the larger by the smaller": lambda before_mm, after_mm, days: volumes(
                *sorted((before_mm, after_mm)), days
            ),
        },
    },
}
