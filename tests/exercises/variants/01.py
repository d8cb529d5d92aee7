"""Answers to the exercises of 01_math, right and plausibly wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

# The sum for (1, 1) is exactly 0 in decimals, and 8e-17 in floats.
ON_THE_LINE = [0.8, -0.7, -0.1]


def entropy_by_loop(truth, p):
    total = 0
    for y, q in zip(truth, p, strict=True):
        total -= math.log(q) if y == 1 else math.log(1 - q)
    return total / len(truth)


def entropy_of_the_given(truth, p):
    return -np.log(np.where(truth == 1, p, 1 - p)).mean()


def entropy_by_groups(truth, p):
    ill, healthy = p[truth == 1], p[truth == 0]
    return -(np.log(ill).sum() + np.log(1 - healthy).sum()) / len(p)


def entropy_mean_of_groups(truth, p):
    ill, healthy = p[truth == 1], p[truth == 0]
    return -(np.mean(np.log(ill)) + np.mean(np.log(1 - healthy))) / 2


def entropy_in_place(truth, p):
    p[truth == 0] = 1 - p[truth == 0]
    np.log(p, out=p)
    p *= -1
    return p.mean()


def entropy_in_float32(truth, p):
    truth, p = truth.astype("float32"), p.astype("float32")
    return -np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p))


def entropy_printed(truth, p):
    print(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))


def relu_back_by_loop(upstream, z):
    back = np.zeros(z.shape)
    for place, value in np.ndenumerate(z):
        if value > 0:
            back[place] = upstream[place]
    return back


def relu_back_in_place(upstream, z):
    upstream[z <= 0] = 0
    return upstream


def relu_back_by_recursion(upstream, z):
    if np.ndim(z) == 0:
        return upstream if z > 0 else 0.0
    return [relu_back_by_recursion(u, a) for u, a in zip(upstream, z, strict=True)]


def relu_back_by_rows(upstream, z):
    return [u if a > 0 else 0 for u, a in zip(upstream, z, strict=True)]


def side_counted(side, kernel, stride, padding):
    places = 0
    start = -padding
    while start + kernel <= side + padding:
        places, start = places + 1, start + stride
    return places


def side_by_sliding(side, kernel, stride, padding):
    line = np.pad(np.zeros(side), padding)
    return len(np.lib.stride_tricks.sliding_window_view(line, kernel)[::stride])


def field_backwards(layer_list):
    size = 1
    for window, stride in reversed(layer_list):
        size = (size - 1) * stride + window
    return size


def field_by_recursion(layer_list):
    if not layer_list:
        return 1
    window, stride = layer_list[0]
    return (field_by_recursion(layer_list[1:]) - 1) * stride + window


def field_by_cumprod(layer_list):
    windows, strides = np.array(layer_list).T
    jumps = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + np.sum((windows - 1) * jumps)


def field_in_place(layer_list):
    reach, jump = 1, 1
    while layer_list:
        window, stride = layer_list.pop(0)
        reach += (window - 1) * jump
        jump *= stride
    return reach


def field_as_float(layer_list):
    reach = 1.0
    for number, (window, _) in enumerate(layer_list):
        reach += (window - 1) * math.prod(stride for _, stride in layer_list[:number])
    return reach


def field_stride_first(layer_list):
    reach, jump = 1, 1
    for window, stride in layer_list:
        jump *= stride
        reach += (window - 1) * jump
    return reach


def field_from_zero(layer_list):
    reach, jump = 0, 1
    for window, stride in layer_list:
        reach, jump = reach + (window - 1) * jump, jump * stride
    return reach


def field_whole_window(layer_list):
    reach, jump = 1, 1
    for window, stride in layer_list:
        reach, jump = reach + window * jump, jump * stride
    return reach


def field_jump_added(layer_list):
    reach, jump = 1, 1
    for window, stride in layer_list:
        reach, jump = reach + (window - 1) * jump, jump + stride
    return reach


def field_jump_replaced(layer_list):
    reach, jump = 1, 1
    for window, stride in layer_list:
        reach, jump = reach + (window - 1) * jump, stride
    return reach


def field_backwards_forwards(layer_list):
    size = 1
    for window, stride in layer_list:
        size = (size - 1) * stride + window
    return size


def field_of_the_first(layer_list):
    reach, jump = 1, 1
    for window, stride in layer_list:
        reach, jump = reach + (window - 1) * jump, jump * stride
        return reach
    return reach


VARIANTS = {
    "perceptron_and_not": {
        "right": {
            "ints": [1, -1, 0],
            "floats": [1.0, -1.0, -0.5],
            "a tuple": (2, -3, -1),
            "an array": np.array([1, -1, -0.5]),
            "float32": np.array([0.3, -0.4, -0.2], "float32"),
            "int8": np.array([5, -5, -1], np.int8),
            "scalars of NumPy": [np.float32(1), np.int64(-2), np.float64(-0.5)],
            "0-d arrays": [np.array(1.0), np.array(-1.0), np.array(-0.5)],
            "weights of unequal size": [3, -2.5, -0.5],
            "exactly 0 on (1, 1), but for rounding": ON_THE_LINE,
            "calcium outweighs by far": [1, -1e9, -0.5],
            "large": [1e6, -1e6, -1],
            "small": [1e-7, -1e-7, -5e-8],
            "fractions": [Fraction(1, 2), Fraction(-1, 2), Fraction(-1, 4)],
            "decimals": [Decimal("1"), Decimal("-1.5"), Decimal("-0.1")],
        },
        "wrong": {
            "bias above 0": [1, -1, 0.5],
            "and": [1, 1, -1.5],
            "or": [1, 1, -0.5],
            "the other way round": [-1, 1, -0.5],
            "bias as large as the weight": [1, -1, -1],
            "calcium does not outweigh": [1, -0.4, -0.5],
            "zeros": [0, 0, 0],
            "not calcified alone": [0, -1, 0.5],
            "a nodule alone": [1, 0, -0.5],
            "without a bias": [1, -1],
            "bias first": [-0.5, 1, -1],
            "four numbers": [1, -1, -0.5, 0],
            "one number": 1,
            "texts": ["1", "-1", "-0.5"],
            "one text": "1, -1, -0.5",
            "a truth value": [True, -1, -0.5],
            "weights and bias apart": ([1, -1], -0.5),
            "a column": np.array([[1], [-1], [-0.5]]),
            "a function": lambda x1, x2: x1 > x2,
            "a dict": {"w1": 1, "w2": -1, "b": -0.5},
            "NaN": [1, float("nan"), -0.5],
            "calcium outweighs the nodule but for the bias": [1, -0.5, -0.2],
            "a truth value in an array": np.array([True, -1, -0.5], object),
        },
    },
    "mean_cross_entropy": {
        "right": {
            "the formula": lambda y, p: -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "a loop with math.log": entropy_by_loop,
            "np.where": entropy_of_the_given,
            "by groups": entropy_by_groups,
            "in place": entropy_in_place,
            "float32": entropy_in_float32,
            "sum over length": lambda y, p: np.sum(-y * np.log(p) - (1 - y) * np.log(1 - p)) / y.size,
            "dot products": lambda y, p: -(y @ np.log(p) + (1 - y) @ np.log(1 - p)) / len(y),
            "einsum, a 0-d array": lambda y, p: (
                np.asarray(-np.einsum("i,i->", y, np.log(p)) - np.einsum("i,i->", 1 - y, np.log(1 - p)))
                / len(y)
            ),
            "kept from 0 by a little": lambda y, p: (
                -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9))
            ),
            "logarithm of a product": lambda y, p: -math.log(np.prod(np.abs(1 - y - p))) / len(y),
            "by logits": lambda y, p: np.mean(
                np.log1p(np.exp(np.where(y == 1, -1, 1) * np.log(p / (1 - p))))
            ),
            "log1p": lambda y, p: -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)),
        },
        "wrong": {
            "no minus": lambda y, p: np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "abs of each sign lost": lambda y, p: -np.mean(y * np.log(p) - (1 - y) * np.log(1 - p)),
            "the sum": lambda y, p: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "the ill alone": lambda y, p: -np.mean(y * np.log(p)),
            "the mean over the ill": lambda y, p: -np.mean(np.log(p[y == 1])),
            "mean of the two groups' means": entropy_mean_of_groups,
            "base 2": lambda y, p: -np.mean(y * np.log2(p) + (1 - y) * np.log2(1 - p)),
            "base 10": lambda y, p: -np.mean(y * np.log10(p) + (1 - y) * np.log10(1 - p)),
            "squared error": lambda y, p: np.mean((y - p) ** 2),
            "swapped": lambda y, p: -np.mean(p * np.log(y + 1e-9) + (1 - p) * np.log(1 - y + 1e-9)),
            "no mean": lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "entropy of p": lambda y, p: -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p)),
            "clipped at 0.1 and 0.9": lambda y, p: entropy_of_the_given(y, np.clip(p, 0.1, 0.9)),
            "clipped at 0.01 and 0.99": lambda y, p: entropy_of_the_given(y, np.clip(p, 0.01, 0.99)),
            "kept from 0 by too much": lambda y, p: entropy_of_the_given(y, 0.98 * p + 0.01),
            "divided by one less": lambda y, p: entropy_of_the_given(y, p) * len(y) / max(len(y) - 1, 0.5),
            "logarithm of 1 - p missing": lambda y, p: -np.mean(y * np.log(p) + (1 - y) * (1 - p)),
            "divided by two": lambda y, p: entropy_of_the_given(y, p) / 2,
            "median": lambda y, p: -np.median(np.log(np.where(y == 1, p, 1 - p))),
            "logarithm of the mean": lambda y, p: -np.log(np.mean(np.where(y == 1, p, 1 - p))),
            "the example's answer": lambda y, p: 0.693,
            "rounded": lambda y, p: round(float(entropy_of_the_given(y, p)), 2),
            "printed": entropy_printed,
        },
    },
    "relu_back": {
        "right": {
            "a truth multiplied": lambda up, z: up * (z > 0),
            "np.where": lambda up, z: np.where(z > 0, up, 0),
            "heaviside": lambda up, z: up * np.heaviside(z, 0),
            "in place": relu_back_in_place,
            "a loop": relu_back_by_loop,
            "nested lists": relu_back_by_recursion,
            "float32": lambda up, z: (up * (z > 0)).astype("float32"),
            "the sign": lambda up, z: up * np.maximum(np.sign(z), 0),
            "einsum": lambda up, z: np.einsum("...,...->...", up, (z > 0).astype(float)),
            "the ReLU above 0": lambda up, z: up * (np.maximum(0, z) > 0),
            "minus the blocked": lambda up, z: up - up * (z <= 0),
            "select": lambda up, z: np.select([z > 0], [up], 0.0),
            "masked": lambda up, z: np.ma.masked_array(up, z <= 0).filled(0),
        },
        "wrong": {
            ">= 0": lambda up, z: up * (z >= 0),
            "half at 0": lambda up, z: up * np.heaviside(z, 0.5),
            "times the ReLU": lambda up, z: up * np.maximum(z, 0),
            "times z": lambda up, z: up * z,
            "the ReLU of upstream": lambda up, z: np.maximum(up, 0),
            "both above 0": lambda up, z: np.where((z > 0) & (up > 0), up, 0),
            "below 0": lambda up, z: up * (z < 0),
            "the gradient alone": lambda up, z: (z > 0) * 1.0,
            "truth values": lambda up, z: z > 0,
            "everything passes": lambda up, z: up,
            "swapped": lambda up, z: z * (up > 0),
            "the sign kept": lambda up, z: up * np.sign(z),
            "sizes": lambda up, z: np.abs(up) * (z > 0),
            "a leak": lambda up, z: np.where(z > 0, up, 0.01 * up),
            "divided by z": lambda up, z: up * np.maximum(z, 0) / z,
            "only what passes": lambda up, z: up[z > 0],
            "for a row only": relu_back_by_rows,
            "above 1": lambda up, z: up * (z > 1),
            "the sum": lambda up, z: np.sum(up * (z > 0)),
            "flat": lambda up, z: (up * (z > 0)).ravel(),
            "the example's answer": lambda up, z: [0, 7],
            "above a hundredth": lambda up, z: up * (z > 0.01),
            "z rounded": lambda up, z: up * (np.round(z) > 0),
            "z up to 3": lambda up, z: up * ((z > 0) & (z < 3)),
            "z up to 6": lambda up, z: up * ((z > 0) & (z < 6)),
            "gradients clipped": lambda up, z: np.clip(up, -5, 5) * (z > 0),
            "whole numbers where the first is blocked": lambda up, z: np.vectorize(
                lambda u, a: u if a > 0 else 0
            )(up, z),
        },
    },
    "adam_first_step": {
        "right": {
            "float": 1.99,
            "computed": 2.0 - 0.01,
            "in full": 2 - 0.01 * (0.1 * 0.003 / 0.1) / math.sqrt(0.001 * 0.003**2 / 0.001),
            "with epsilon": 2 - 0.01 * 0.003 / (0.003 + 1e-7),
            "float32": np.float32(1.99),
            "0-d array": np.array(1.99),
            "an array of one": np.array([1.99]),
            "a fraction": Fraction(199, 100),
            "a list of one": [1.99],
            "a little off": 1.9901,
        },
        "wrong": {
            "gradient descent": 2 - 0.01 * 0.003,
            "uphill": 2.01,
            "the step": 0.01,
            "the step, against the gradient": -0.01,
            "neither mean corrected": 2 - 0.01 * 0.1 / math.sqrt(0.001),
            "the first mean not corrected": 2 - 0.01 * 0.1,
            "the second mean not corrected": 2 - 0.01 / math.sqrt(0.001),
            "no root": 2 - 0.01 * 0.003 / 0.003**2,
            "the weight as it was": 2,
            "the gradient subtracted": 2 - 0.003,
            "rounded": 2.0,
            "two digits": 1.9,
            "0.1": 1.98,
            "the learning rate of the gradient": 2 - 0.003 / 0.01,
            "a text": "1.99",
            "a truth value": True,
        },
    },
    "output_side": {
        "right": {
            "the formula": lambda n, k, s, p: (n + 2 * p - k) // s + 1,
            "stride added first": lambda n, k, s, p: (n + 2 * p - k + s) // s,
            "math.floor": lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1,
            "int of the quotient": lambda n, k, s, p: int((n + 2 * p - k) / s + 1),
            "np.floor, a float": lambda n, k, s, p: np.floor((n + 2 * p - k) / s + 1),
            "counted": side_counted,
            "slid": side_by_sliding,
            "a range": lambda n, k, s, p: len(range(0, n + 2 * p - k + 1, s)),
            "divmod": lambda n, k, s, p: divmod(n + 2 * p - k, s)[0] + 1,
            "rounded up from the number of places": lambda n, k, s, p: math.ceil((n + 2 * p - k + 1) / s),
            "0-d array": lambda n, k, s, p: np.array((n + 2 * p - k) // s + 1),
        },
        "wrong": {
            "padding on one side": lambda n, k, s, p: (n + p - k) // s + 1,
            "no padding": lambda n, k, s, p: (n - k) // s + 1,
            "the first place missing": lambda n, k, s, p: (n + 2 * p - k) // s,
            "the first place twice": lambda n, k, s, p: (n + 2 * p - k) // s + 2,
            "a part of a place": lambda n, k, s, p: (n + 2 * p - k) / s + 1,
            "rounded": lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
            "rounded up": lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
            "one added too early": lambda n, k, s, p: (n + 2 * p - k + 1) // s,
            "no stride": lambda n, k, s, p: n + 2 * p - k + 1,
            "kernel and side swapped": lambda n, k, s, p: (k + 2 * p - n) // s + 1,
            "stride and padding swapped": lambda n, k, s, p: (n + 2 * s - k) // max(p, 1) + 1,
            "side by stride": lambda n, k, s, p: -(-n // s),
            "half the kernel": lambda n, k, s, p: (n + 2 * p - k // 2) // s + 1,
            "padding subtracted": lambda n, k, s, p: (n - 2 * p - k) // s + 1,
            "a pair": lambda n, k, s, p: ((n + 2 * p - k) // s + 1, (n + 2 * p - k) // s + 1),
            "the example's answer": lambda n, k, s, p: 3,
            "padding added to the places": lambda n, k, s, p: (n - k) // s + p + 1,
            "padding times the stride": lambda n, k, s, p: (n + s * p - k) // s + 1,
            "padding divided by itself": lambda n, k, s, p: (n - k) // s + 1 + 2 * p // s,
            "same padding in disguise": lambda n, k, s, p: -(-n // s) if p else (n - k) // s + 1,
            "both sides for strides only": lambda n, k, s, p: (n - k + (2 * p if s > 1 else p)) // s + 1,
        },
    },
    "receptive_field": {
        "right": {
            "from the last layer on": field_backwards,
            "recursion": field_by_recursion,
            "cumprod, an int of NumPy": field_by_cumprod,
            "in place": field_in_place,
            "products, a float": field_as_float,
            "0-d array": lambda layers: np.array(field_backwards(layers)),
            "comprehension": lambda layers: (
                1
                + sum(
                    (window - 1) * math.prod(stride for _, stride in layers[:i])
                    for i, (window, _) in enumerate(layers)
                )
            ),
        },
        "wrong": {
            "stride first": field_stride_first,
            "from 0": field_from_zero,
            "the whole window": field_whole_window,
            "strides added": field_jump_added,
            "the last stride only": field_jump_replaced,
            "from the first on": field_backwards_forwards,
            "the first layer only": field_of_the_first,
            "without strides": lambda layers: 1 + sum(window - 1 for window, _ in layers),
            "the jump": lambda layers: math.prod(stride for _, stride in layers),
            "the windows' product": lambda layers: math.prod(window for window, _ in layers),
            "window and stride swapped": lambda layers: field_backwards([pair[::-1] for pair in layers]),
            "one too many": lambda layers: field_backwards(layers) + 1,
            "the area": lambda layers: field_backwards(layers) ** 2,
            "the example's answer": lambda layers: 4,
        },
    },
    "half_life_gate": {
        "right": {
            "the root": 0.5 ** (1 / 50),
            "np.power": np.power(0.5, 0.02),
            "by logarithms": math.exp(-math.log(2) / 50),
            "a power of 2": 2**-0.02,
            "four digits": 0.9862,
            "five digits": 0.98623,
            "float32": np.float32(0.98623),
            "0-d array": np.array(0.98623),
            "an array of one": np.array([0.9862]),
            "a fraction": Fraction(9862, 10000),
            "a decimal": Decimal("0.98623"),
            "a comma behind it": (0.9862,),
        },
        "wrong": {
            "half": 0.5,
            "half to the 50th": 0.5**50,
            "no brackets around the exponent": 0.5**1 / 50,
            "a line": 1 - 0.5 / 50,
            "a line, with the logarithm": 1 - math.log(2) / 50,
            "the rate": math.log(2) / 50,
            "what 0.99 leaves": 0.99**50,
            "three digits": 0.986,
            "cut too low": 0.9861,
            "rounded up": 0.9863,
            "in percent": 98.62,
            "the steps of 0.99": math.log(0.5) / math.log(0.99),
            "49 steps": 0.5 ** (1 / 49),
            "51 steps": 0.5 ** (1 / 51),
            "the input of the sigmoid": 4.27,
            "a text": "0.9862",
            "two numbers": [0.9862, 0.9863],
            "a list in a list": [[0.9862]],
            "a truth value": True,
        },
    },
    "best_judge": {
        "right": {
            "float": 0.25,
            "computed": 0.2 / (0.2 + 0.6),
            "a quotient of counts": 20 / 80,
            "float32": np.float32(0.25),
            "0-d array": np.array(0.25),
            "an array of one": np.array([0.25]),
            "a fraction": Fraction(1, 4),
            "a decimal": Decimal("0.25"),
            "a list of one": [0.25],
        },
        "wrong": {
            "generated": 0.75,
            "odds": 0.2 / 0.6,
            "odds the other way": 0.6 / 0.2,
            "p": 0.2,
            "q": 0.6,
            "a coin": 0.5,
            "in percent": 25,
            "the product": 0.2 * 0.6,
            "the difference": 0.6 - 0.2,
            "1 - p": 0.8,
            "the mean": 0.4,
            "rounded": 0.3,
            "a text": "0.25",
            "a text in percent": "25 %",
        },
    },
}
