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


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum()


def attend_in_a_loop(query, keys, values):
    weights = []
    for key in keys:
        score = sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(len(query))
        weights.append(math.exp(score))
    output = np.zeros(len(values[0]))
    for weight, value in zip(weights, values, strict=True):
        output += weight / sum(weights) * value
    return output


def attend_as_list(query, keys, values):
    weights = softmax(np.array([np.dot(query, key) for key in keys]) / len(query) ** 0.5).tolist()
    return [sum(w * v for w, v in zip(weights, column, strict=True)) for column in values.T.tolist()]


def attend_shifted(query, keys, values):
    scores = keys @ query / np.sqrt(query.size)
    weights = np.exp(scores - scores.max())
    return (weights / weights.sum()) @ values


def attend_wrong(scores=lambda query, keys: keys @ query / np.sqrt(len(query)), weights=softmax):
    """Return a function with other scores or weights."""
    return lambda query, keys, values: weights(scores(query, keys)) @ values


# Gradients from the first step to the last, about as the chapter measures them at seed 0 with TensorFlow.
BEFORE = {
    name: np.geomspace(first, last, 40)
    for name, (first, last) in {
        "RNN, tanh": (7.0e-4, 1.7),
        "RNN, ReLU": (3.4e-10, 1.7),
        "GRU": (8.5e-10, 0.67),
        "LSTM, open gate": (0.18, 0.2),
    }.items()
}
LSTM = """1.2e-5 1.5e-5 1.8e-5 2.1e-5 2.7e-5 3.5e-5 3.9e-5 4.9e-5 6.3e-5 7.3e-5 8.8e-5 9.3e-5 1.3e-4 1.6e-4
1.8e-4 2.2e-4 2.9e-4 3.2e-4 4.5e-4 5.7e-4 7.3e-4 0.0011 0.0013 0.0016 0.0023 0.0031 0.004 0.0056 0.0075 0.01
0.014 0.019 0.025 0.036 0.05 0.068 0.096 0.14 0.2 0.29"""
BEFORE["LSTM"] = np.array(LSTM.split(), float)
SLOWER = {**BEFORE, "LSTM": 0.29 * 0.85 ** np.arange(39.0, -1, -1)}
# Start, highest point and end of each run, at the rates of 0.1 and 0.001.
LOSSES = {0.01: [1.73, 1.73, 0.524], 1.0: [1.73, 28.0, 1.6e-6], 100.0: [1.73, 3.5e20, 0.693]}
SLOW_LOSSES = {0.01: [1.73, 1.73, 1.45], 1.0: [1.73, 1.73, 0.524], 100.0: [1.73, 28.0, 0.044]}
MEASURED = {
    "lost_hundredfold": {"before": BEFORE},
    "clip_limits": {"losses": LOSSES, "step_size": 0.1},
}
CONTRARY = {
    "lost_hundredfold": ({"before": SLOWER}, 29),
    "clip_limits": ({"losses": SLOW_LOSSES, "step_size": 0.001}, "bd"),
}


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
    "lost_hundredfold": {
        "right": {
            "as computed": 15,
            "a step early": 14,
            "a step late": 16,
            "a rough reading": 13.0,
            "between two steps": 14.5,
            "of NumPy": np.int64(15),
        },
        "wrong": {
            "the GRU": 7,
            "the RNN with ReLU": 9,
            "a tenth": 6,
            "a thousandth": 23,
            "the RNN with tanh": 21,
            "read as a straight axis": 20,
            "from the first step": 25,
            "all steps": 39,
            "the height": 0.003,
        },
    },
    "clip_limits": {
        "right": {
            "a text": "ad",
            "turned": "da",
            "with a comma": "a, d",
            "in capitals": "AD",
            "a list": ["a", "d"],
            "a set": {"a", "d"},
        },
        "wrong": {
            "one is missing": "a",
            "the other is missing": "d",
            "any limit tames": "abd",
            "the lower the better": "acd",
            "all": "abcd",
            "none": "",
            "of the other rate": "bd",
        },
    },
    "attend": {
        "right": {
            "in lines": attend_shifted,
            "a loop": attend_in_a_loop,
            "a list": attend_as_list,
            "one line": lambda query, keys, values: softmax(keys @ query / np.sqrt(len(query))) @ values,
            "query first": lambda query, keys, values: softmax(query @ keys.T / len(query) ** 0.5) @ values,
            "the query scaled": lambda query, keys, values: (
                softmax(keys @ (query / len(query) ** 0.5)) @ values
            ),
            "the root of the keys' width": lambda query, keys, values: (
                values.T @ softmax(np.dot(keys, query) / math.sqrt(keys.shape[1]))
            ),
            "einsum": lambda query, keys, values: np.einsum(
                "t,tv->v", softmax(np.einsum("d,td->t", query, keys) / np.sqrt(len(query))), values
            ),
            "np.average": lambda query, keys, values: np.average(
                values, axis=0, weights=np.exp(keys @ query / np.sqrt(len(query)))
            ),
            "sums": lambda query, keys, values: (
                softmax((keys * query).sum(axis=1) / np.sqrt(len(query)))[:, None] * values
            ).sum(axis=0),
            "float32": lambda query, keys, values: attend_shifted(
                query.astype("float32"), keys.astype("float32"), values.astype("float32")
            ),
        },
        "wrong": {
            "not scaled": attend_wrong(lambda query, keys: keys @ query),
            "divided by d": attend_wrong(lambda query, keys: keys @ query / len(query)),
            "the root of T": attend_wrong(lambda query, keys: keys @ query / np.sqrt(len(keys))),
            "multiplied by the root": attend_wrong(lambda query, keys: keys @ query * np.sqrt(len(query))),
            "not divided by the sum": attend_wrong(weights=np.exp),
            "the scores as weights": attend_wrong(weights=lambda scores: scores),
            "scores over their sum": attend_wrong(weights=lambda scores: scores / (scores.sum() + 1e-9)),
            "to the base of 2": attend_wrong(weights=lambda scores: 2**scores / (2**scores).sum()),
            "turned": attend_wrong(weights=lambda scores: softmax(-scores)),
            "sigmoids": attend_wrong(weights=lambda scores: 1 / (1 + np.exp(-scores))),
            "the best step alone": lambda query, keys, values: values[np.argmax(keys @ query)],
            "the plain mean": lambda query, keys, values: values.mean(axis=0),
            "the weights": lambda query, keys, values: softmax(keys @ query / np.sqrt(len(query))),
            "the products": lambda query, keys, values: (
                softmax(keys @ query / np.sqrt(len(query)))[:, None] * values
            ),
            "the mean of the products": lambda query, keys, values: np.mean(
                softmax(keys @ query / np.sqrt(len(query)))[:, None] * values, axis=0
            ),
            "distances": attend_wrong(lambda query, keys: -np.square(keys - query).sum(axis=1)),
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
