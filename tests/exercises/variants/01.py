"""Answers to the exercises of 01_math, right and plausibly wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

# The sum for (1, 1) is exactly 0 in decimals, and 8e-17 in floats.
ON_THE_LINE = [0.8, -0.7, -0.1]


def entropy_by_loop(truth, logits):
    total = 0
    for y, z in zip(truth, logits, strict=True):
        total += np.logaddexp(0, -z) if y == 1 else np.logaddexp(0, z)
    return total / len(truth)


def entropy_in_place(truth, logits):
    logits[truth == 1] *= -1
    np.logaddexp(0, logits, out=logits)
    return logits.mean()


def entropy_by_hand(truth, logits):
    signed = np.where(truth == 1, -logits, logits)
    return np.mean(np.maximum(signed, 0) + np.log1p(np.exp(-np.abs(signed))))


def entropy_in_float32(truth, logits):
    truth, logits = truth.astype("float32"), logits.astype("float32")
    return np.mean(np.logaddexp(0, logits) - truth * logits)


def entropy_by_math(truth, logits):
    signed = [-z if y == 1 else z for y, z in zip(truth, logits, strict=True)]
    return [sum(z if z > 700 else math.log(1 + math.exp(z)) for z in signed) / len(signed)]


def entropy_by_groups(truth, logits):
    ill, healthy = logits[truth == 1], logits[truth == 0]
    return (np.logaddexp(0, -ill).sum() + np.logaddexp(0, healthy).sum()) / len(logits)


def entropy_mean_of_groups(truth, logits):
    ill, healthy = logits[truth == 1], logits[truth == 0]
    return (np.mean(np.logaddexp(0, -ill)) + np.mean(np.logaddexp(0, healthy))) / 2


def entropy_of_probabilities(truth, logits):
    p = 1 / (1 + np.exp(-logits))
    return -np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p))


def entropy_of_clipped(truth, logits):
    p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return -np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p))


def entropy_printed(truth, logits):
    print(np.mean(np.logaddexp(0, logits) - truth * logits))


def leaky_by_loop(upstream, z, leak):
    back = np.zeros(z.shape)
    for place, value in np.ndenumerate(z):
        back[place] = upstream[place] * (1 if value > 0 else leak)
    return back


def leaky_in_place(upstream, z, leak):
    upstream[z <= 0] *= leak
    return upstream


def leaky_by_recursion(upstream, z, leak):
    if np.ndim(z) == 0:
        return upstream if z > 0 else leak * upstream
    return [leaky_by_recursion(u, a, leak) for u, a in zip(upstream, z, strict=True)]


def leaky_by_rows(upstream, z, leak):
    return [u if a > 0 else leak * u for u, a in zip(upstream, z, strict=True)]


def blocks_by_recursion(pixels):
    # Counted back: before a block, half of the field beyond its windows is needed.
    return 0 if pixels <= 1 else 1 + blocks_by_recursion(math.ceil((pixels - 2) / 2))


def blocks_by_fields(pixels):
    fields = [1]
    while fields[-1] < pixels:
        fields.append(fields[-1] + 3 * 2 ** (len(fields) - 1))
    return len(fields) - 1


def blocks_by_layers(pixels):
    reach, jump, layers = 1, 1, 0
    while reach < pixels or layers % 2:
        window, stride = ((3, 1), (2, 2))[layers % 2]
        reach, jump, layers = reach + (window - 1) * jump, jump * stride, layers + 1
    return layers / 2


def blocks_by_for(pixels):
    reach = 1
    for blocks in range(100):
        if reach >= pixels:
            return blocks
        reach += 3 * 2**blocks
    return None


def blocks_with(reach, add, jump_by=2):
    """Return the loop with another beginning or another step."""

    def blocks(pixels):
        seen, jump, count = reach, 1, 0
        while seen < pixels:
            seen, jump, count = seen + add(jump), jump * jump_by, count + 1
        return count

    return blocks


def blocks_jump_first(pixels):
    reach, jump, blocks = 1, 1, 0
    while reach < pixels:
        jump *= 2
        reach, blocks = reach + 3 * jump, blocks + 1
    return blocks


def learned(leak, relu, leaky):
    """Return what the experiment measures: networks of 100 that learned, after 100 passes and at the end."""
    return {"leak": leak, "ReLU": dict(zip((2, 4, 8, 16), relu, strict=True))} | {
        "leaky ReLU": dict(zip((2, 4, 8, 16), leaky, strict=True))
    }


RELU = [(18, 20), (50, 54), (90, 91), (100, 100)]
MEASURED = {
    "xor_choice": {"networks_that_learned": learned(0.2, RELU, [(23, 60), (60, 99), (100, 100), (100, 100)])}
}
CONTRARY = {
    "xor_choice": ({"networks_that_learned": learned(1.0, RELU, [(0, 0), (0, 0), (0, 0), (0, 0)])}, "a")
}
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
    "cross_entropy_of_logits": {
        "right": {
            "np.where": lambda y, z: np.mean(np.logaddexp(0, np.where(y == 1, -z, z))),
            "both terms": lambda y, z: np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)),
            "the logit subtracted": lambda y, z: np.mean(np.logaddexp(0, z) - y * z),
            "the sign by arithmetic": lambda y, z: np.logaddexp(0, (1 - 2 * y) * z).mean(),
            "a loop": entropy_by_loop,
            "in place": entropy_in_place,
            "the larger one set apart": entropy_by_hand,
            "float32": entropy_in_float32,
            "math, a list of one": entropy_by_math,
            "by groups": entropy_by_groups,
            "a 0-d array": lambda y, z: np.asarray(entropy_by_loop(y, z)),
            "sum over length": lambda y, z: sum(np.logaddexp(0, z) - y * z) / y.size,
        },
        "wrong": {
            "by probabilities": entropy_of_probabilities,
            "by clipped probabilities": entropy_of_clipped,
            "by exponentials": lambda y, z: np.mean(np.log(1 + np.exp(np.where(y == 1, -z, z)))),
            "no minus": lambda y, z: -np.mean(np.logaddexp(0, z) - y * z),
            "the sum": lambda y, z: np.sum(np.logaddexp(0, z) - y * z),
            "swapped": lambda y, z: np.mean(np.logaddexp(0, np.where(y == 1, z, -z))),
            "the ill alone": lambda y, z: np.mean(y * np.logaddexp(0, -z)),
            "all as healthy": lambda y, z: np.mean(np.logaddexp(0, z)),
            "all as ill": lambda y, z: np.mean(np.logaddexp(0, -z)),
            "mean of the two groups' means": entropy_mean_of_groups,
            "no mean": lambda y, z: np.logaddexp(0, z) - y * z,
            "base 2": lambda y, z: np.mean(np.logaddexp2(0, z) - y * z),
            "the size of the logit": lambda y, z: np.mean(np.maximum(np.where(y == 1, -z, z), 0)),
            "squared error": lambda y, z: np.mean((y - z) ** 2),
            "logits as probabilities": lambda y, z: -np.mean(y * np.log(z) + (1 - y) * np.log(1 - z)),
            "the example's answer": lambda y, z: 500.347,
            "printed": entropy_printed,
        },
    },
    "graph_gradient": {
        "right": {
            "int": 36,
            "float": 36.0,
            "computed": 2 * (-3 - 1) * -1.5 * 1 * 3,
            "float32": np.float32(36),
            "0-d array": np.array(36),
            "a list of one": [36],
            "a fraction": Fraction(36),
            "by nudging": (((-1.5 * (3 * 2.001 - 4)) - 1) ** 2 - ((-1.5 * (3 * 1.999 - 4)) - 1) ** 2) / 0.002,
        },
        "wrong": {
            "the sign": -36,
            "before x": 12,
            "times w1": 24,
            "no 2 from the square": 18,
            "the square alone": -8,
            "without w2": -24,
            "the bracket without 1": 27,
            "the bias as a factor": -144,
            "the loss": 16,
            "with respect to w2": -16,
            "a text": "36",
            "a truth value": True,
        },
    },
    "leaky_relu_back": {
        "right": {
            "np.where as a factor": lambda up, z, leak: up * np.where(z > 0, 1, leak),
            "np.where of both": lambda up, z, leak: np.where(z > 0, up, leak * up),
            "two truths": lambda up, z, leak: up * (z > 0) + leak * up * (z <= 0),
            "the leak and the rest": lambda up, z, leak: up * (leak + (1 - leak) * (z > 0)),
            "in place": leaky_in_place,
            "a loop": leaky_by_loop,
            "nested lists": leaky_by_recursion,
            "float32": lambda up, z, leak: (up * np.where(z > 0, 1, leak)).astype("float32"),
            "heaviside": lambda up, z, leak: up * np.maximum(np.heaviside(z, 0), leak),
            "select": lambda up, z, leak: np.select([z > 0], [up], leak * up),
        },
        "wrong": {
            ">= 0": lambda up, z, leak: up * np.where(z >= 0, 1, leak),
            "no leak": lambda up, z, leak: up * (z > 0),
            "times the leaky ReLU": lambda up, z, leak: up * np.maximum(z, leak * z),
            "the leaky ReLU of upstream": lambda up, z, leak: np.maximum(up, leak * up),
            "by the sign of upstream": lambda up, z, leak: np.where(up > 0, up, leak * up),
            "the derivative alone": lambda up, z, leak: np.where(z > 0, 1, leak),
            "the leak alone below 0": lambda up, z, leak: np.where(z > 0, up, leak),
            "z below 0": lambda up, z, leak: np.where(z > 0, up, leak * z),
            "swapped": lambda up, z, leak: up * np.where(z > 0, leak, 1),
            "1 - leak": lambda up, z, leak: up * np.where(z > 0, 1, 1 - leak),
            "minus the leak": lambda up, z, leak: up * np.where(z > 0, 1, -leak),
            "a leak of its own": lambda up, z, leak: up * np.where(z > 0, 1, 0.1),
            "the leak everywhere": lambda up, z, leak: leak * up,
            "everything passes": lambda up, z, leak: up,
            "sizes": lambda up, z, leak: np.abs(up) * np.where(z > 0, 1, leak),
            "divided by the leak": lambda up, z, leak: np.where(z > 0, up, up / max(leak, 1e-9)),
            "for a row only": leaky_by_rows,
            "the sum": lambda up, z, leak: np.sum(up * np.where(z > 0, 1, leak)),
            "flat": lambda up, z, leak: (up * np.where(z > 0, 1, leak)).ravel(),
            "the example's answer": lambda up, z, leak: [0.5, 7],
            "above 1": lambda up, z, leak: up * np.where(z > 1, 1, leak),
        },
    },
    "xor_choice": {
        "right": {
            "one text": "ace",
            "another order": "eca",
            "capitals": "ACE",
            "with commas": "a, c, e",
            "a list": ["a", "c", "e"],
            "a set": {"a", "c", "e"},
            "a tuple of texts": ("a, c", "e"),
            "in words": "a, c and e",
        },
        "wrong": {
            "the first alone": "a",
            "one is missing": "ac",
            "another is missing": "ce",
            "patience helps": "abce",
            "width harms": "acde",
            "width and patience": "bd",
            "all": "abcde",
            "none": "",
            "a letter that is not there": "acf",
            "numbers": [1, 3, 5],
            "a truth value": True,
        },
    },
    "convolution_number": {
        "right": {
            "int": 19,
            "float": 19.0,
            "computed": 5 * 1 + 5 * 2 + 4 * 1,
            "float32": np.float32(19),
            "0-d array": np.array(19),
            "int8": np.int8(19),
            "a list of one": [19],
            "an array of one": np.array([[19]]),
        },
        "wrong": {
            "turned": -19,
            "the stride of 1": -8,
            "a step to the left": 10,
            "a row too high": 18,
            "a row too low": 14.0,
            "the kernel's transpose": 5,
            "the middle column counted": 22,
            "the sum of the window": 22,
            "the first row alone": 5,
            "a neighbor in the result": 11,
            "rounded": 20,
            "a text": "19",
            "the window": [[5, 3, 0], [5, 4, 0], [4, 1, 0]],
        },
    },
    "blocks_needed": {
        "right": {
            "a loop": blocks_with(1, lambda jump: 3 * jump),
            "recursion": blocks_by_recursion,
            "a list of fields": blocks_by_fields,
            "by layers, a float": blocks_by_layers,
            "for": blocks_by_for,
            "a logarithm, rounded up": lambda pixels: math.ceil(math.log2((pixels + 2) / 3)),
            "a logarithm, a float of NumPy": lambda pixels: np.ceil(np.log2((pixels + 2) / 3)),
            "np.searchsorted": lambda pixels: np.searchsorted(3 * 2 ** np.arange(12) - 2, pixels),
            "a list of one": lambda pixels: [blocks_by_fields(pixels)],
        },
        "wrong": {
            "more than pixels": lambda pixels: blocks_by_fields(pixels + 1),
            "from 0": blocks_with(0, lambda jump: 3 * jump),
            "no jump": blocks_with(1, lambda jump: 3, 1),
            "the convolution alone": blocks_with(1, lambda jump: 2 * jump),
            "the pooling alone": blocks_with(1, lambda jump: jump),
            "the whole windows": blocks_with(1, lambda jump: 5 * jump),
            "the jump times 4": blocks_with(1, lambda jump: 3 * jump, 4),
            "the pooling reaches twice as far": blocks_with(1, lambda jump: 4 * jump),
            "stride first": blocks_jump_first,
            "layers": lambda pixels: 2 * blocks_by_fields(pixels),
            "doubled from 1": lambda pixels: math.ceil(math.log2(pixels)),
            "rounded": lambda pixels: round(math.log2((pixels + 2) / 3)),
            "at least one": lambda pixels: max(1, blocks_by_fields(pixels)),
            "the field": lambda pixels: 3 * 2**pixels - 2,
            "the example's answer": lambda pixels: 2,
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
            "float": 0.1,
            "computed": 0.2 / (0.2 + 3 * 0.6),
            "a quotient of counts": 20 / 200,
            "float32": np.float32(0.1),
            "0-d array": np.array(0.1),
            "an array of one": np.array([0.1]),
            "a fraction": Fraction(1, 10),
            "a decimal": Decimal("0.1"),
            "a list of one": [0.1],
        },
        "wrong": {
            "the formula, for equally many": 0.25,
            "generated": 0.9,
            "generated, for equally many": 0.75,
            "odds": 20 / 180,
            "odds the other way": 9,
            "three times the real ones": 0.6 / (0.6 + 0.6),
            "a third of the generated ones": 0.2 / (0.2 + 0.2 / 3),
            "p": 0.2,
            "the share of real images": 1 / 4,
            "in percent": 10,
            "the product": 0.25 / 3,
            "rounded": 0.11,
            "a text": "0.1",
            "a text in percent": "10 %",
        },
    },
}
