"""The exercises of 01_math."""

from __future__ import annotations

from typing import Any

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(5)

_CASES = ((0, 0), (0, 1), (1, 0), (1, 1))


def check_perceptron_and_not(answer: Any) -> str | None:
    """Judge what the perceptron decides, not its numbers: many are right."""
    w1, w2, bias = comparison.as_array(answer, (3,), "The perceptron [w1, w2, b]").astype(float)
    for x1, x2 in _CASES:
        score = w1 * x1 + w2 * x2 + bias
        if abs(score) < 1e-7 * (abs(w1 * x1) + abs(w2 * x2) + abs(bias)):  # 0.8 - 0.7 - 0.1 is 8e-17
            score = 0.0
        wanted = int(x1 == 1 and x2 == 0)
        if int(score > 0) != wanted:
            total = comparison.describe(score)
            return (
                f"For ({x1}, {x2}) yours adds up to {total} and answers {int(score > 0)}; it should answer "
                f"{wanted}. The answer is 1 only above 0."
            )
    return None


exercise(
    "perceptron_and_not",
    solution=[1.0, -1.0, -0.5],
    check=check_perceptron_and_not,
    hints=(
        "Which of the two findings speaks for the answer 1, and which against it? That is the "
        "sign of its weight.",
        "The weight of the nodule is positive, that of calcium negative. The bias is at most 0, since "
        "nothing at all is answered with 0, and smaller in size than the nodule's weight, since a nodule "
        "alone ends up above 0. Calcium must outweigh the two others, so that all three together are not "
        "above 0.",
    ),
    right="One straight line separates (1, 0) from the other three.",
)


def mean_cross_entropy(truth: np.ndarray, p: np.ndarray) -> float:
    """Return the mean cross-entropy of truth (N,), 0 or 1, and probabilities p (N,)."""
    return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))


exercise(
    "mean_cross_entropy",
    solution=mean_cross_entropy,
    # A few patients, more of one class than of the other, and a single one.
    cases=[
        (np.array([1, 0]), np.array([0.8, 0.5])),
        *((rng.integers(0, 2, size=n).astype(float), rng.uniform(0.05, 0.95, size=n)) for n in (2, 5, 9)),
        (np.array([0, 1, 0, 0]), np.array([0.002, 0.97, 0.4, 0.998])),
        (np.array([0.0]), np.array([0.3])),
    ],
    mistakes=[
        (lambda truth, p: -mean_cross_entropy(truth, p), "The sign: a loss is not negative."),
        (
            lambda truth, p: len(p) * mean_cross_entropy(truth, p),
            "That is the sum; you need the mean.",
        ),
        (
            lambda truth, p: -np.mean(truth * np.log(p)),
            "The healthy count too: where the truth is 0, it is the logarithm of 1 - p.",
        ),
        (lambda truth, p: np.mean((p - truth) ** 2), "That is the mean squared error."),
        (
            lambda truth, p: mean_cross_entropy(truth, p) / np.log(2),
            "That is the logarithm to the base 2; np.log is the natural one.",
        ),
    ],
    hints=(
        "Each patient counts with the logarithm of the probability that was given to the truth: "
        "p for the ill, 1 - p for the healthy.",
        "truth * np.log(p) is 0 wherever the truth is 0; the healthy need a term of their own, "
        "with 1 - truth and 1 - p. Do not forget the minus sign; np.mean divides by the number "
        "of patients.",
    ),
    right="0.693 = log 2 is what the answer 0.5 for everybody gets; a loss above it is worse than that.",
)


def relu_back(upstream: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the gradient along z of a loss whose gradient along max(0, z) is upstream; any shape."""
    return upstream * (z > 0)


exercise(
    "relu_back",
    solution=relu_back,
    # A list of numbers and a table, with negative gradients; z on the bend, just above it and far above.
    cases=[
        (np.array([1.5, -2.0, 3.5, -0.5]), np.array([0.0, 0.0, 2.0, -1.0])),
        *((rng.normal(size=shape), rng.normal(size=shape)) for shape in ((7,), (4, 5))),
        (np.array([5.0, -9.0, 8.0, 0.004]), np.array([0.001, 8.0, -0.001, 2.5])),
    ],
    mistakes=[
        (
            lambda upstream, z: upstream * (z >= 0),
            "Right, but for z = 0: there the task takes 0 as the gradient.",
        ),
        (
            lambda upstream, z: upstream * np.maximum(z, 0),
            "That multiplies by the ReLU's value; the chain rule wants its gradient, 1 or 0.",
        ),
        (
            lambda upstream, z: np.maximum(upstream, 0),
            "Whether the gradient passes depends on z, not on the gradient itself.",
        ),
        (
            lambda upstream, z: upstream * (upstream > 0),
            "Whether the gradient passes depends on z, not on the gradient itself.",
        ),
        (lambda upstream, z: (z > 0) * 1.0, "That is the ReLU's gradient alone; multiply it by upstream."),
    ],
    hints=(
        "Chain rule: the gradient that comes back times the gradient of the ReLU. What is the "
        "latter where z is positive, and what elsewhere?",
        "The ReLU's gradient is 1 where z passes unchanged, and 0 elsewhere. Comparing an array with a "
        "number gives True and False for each place, and in a product these count as 1 and 0.",
    ),
    right="A unit whose z is negative for every image gets no gradient, and may never recover: a dead ReLU.",
)


exercise(
    "adam_first_step",
    solution=1.99,
    mistakes=[
        (2.0 - 0.01 * 0.003, "That is plain gradient descent. Adam divides by the size of the gradient."),
        (2.01, "Downhill is against the gradient."),
        (0.01, "That is the length of the step. Where is the weight then?"),
        (2.0 - 0.001, "Without the correction m is 0.1 of the gradient; it is divided by 1 - 0.9."),
        (
            2.0 - 0.01 * 0.1 / np.sqrt(0.001),
            "Both means are too small at first: divide them by 1 - 0.9 and by 1 - 0.999.",
        ),
        (
            2.0 - 0.01 / np.sqrt(0.001),
            "Without the correction s is 0.001 of the squared gradient; it is divided by 1 - 0.999.",
        ),
    ],
    rtol=1e-4,
    hints=(
        "At the first step each mean has seen one gradient only. What are the two means once "
        "they are corrected?",
        "At the first step the corrected means are the gradient itself and its square. What is a "
        "positive gradient divided by the square root of its square? And downhill is against the "
        "gradient.",
    ),
    right="The step has the length of the learning rate, for a gradient of 0.003 as for one of 3; only "
    "far smaller ones shorten it.",
)


def output_side(side: int, kernel: int, stride: int, padding: int) -> int:
    """Return the side of a map after a convolution with stride and padding."""
    return (side + 2 * padding - kernel) // stride + 1


exercise(
    "output_side",
    solution=output_side,
    # Jumps that fit and jumps that do not; padding with strides of 1, 2 and 3.
    cases=[
        (5, 3, 2, 1),
        (28, 3, 1, 0),
        (28, 3, 2, 1),
        (64, 7, 2, 3),
        (10, 4, 3, 0),
        (8, 2, 2, 0),
        (5, 5, 3, 0),
        (9, 3, 3, 2),
        (5, 3, 3, 1),
        (8, 4, 2, 1),
        (6, 3, 1, 1),
    ],
    mistakes=[
        (
            lambda side, kernel, stride, padding: (side + padding - kernel) // stride + 1,
            "The padding is on both sides.",
        ),
        (
            lambda side, kernel, stride, padding: (side - kernel) // stride + 1,
            "The padding is missing: it makes the image wider on both sides.",
        ),
        (
            lambda side, kernel, stride, padding: (side + 2 * padding - kernel) // stride,
            "Count the window's first place too.",
        ),
        (
            lambda side, kernel, stride, padding: (side + 2 * padding - kernel) / stride + 1,
            "The last jump must fit whole: use // in place of /.",
        ),
        (
            lambda side, kernel, stride, padding: (side + 2 * padding - kernel + 1) // stride,
            "First count the jumps that fit into side + 2 · padding - kernel, then add the first place.",
        ),
        (lambda side, kernel, stride, padding: side + 2 * padding - kernel + 1, "And the stride?"),
    ],
    hints=(
        "How wide is the image with its padding? How often can the window jump before it reaches the end?",
        "Padding makes the image 2 · padding wider. The window's first place takes `kernel` "
        "pixels; how many jumps of `stride` fit into the rest? Count the first place too.",
    ),
    right="With stride 1 and padding (kernel - 1) / 2 the side stays as it is.",
)


def receptive_field(layer_list: list[tuple[int, int]]) -> int:
    """Return the side, in pixels, of what one number sees after layers of (window, stride)."""
    reach, jump = 1, 1
    for window, stride in layer_list:
        reach, jump = reach + (window - 1) * jump, jump * stride
    return reach


def _stride_first(layer_list: list[tuple[int, int]]) -> int:
    reach, jump = 1, 1
    for window, stride in layer_list:
        jump *= stride
        reach += (window - 1) * jump
    return reach


exercise(
    "receptive_field",
    solution=receptive_field,
    # The article's network, convolutions alone, and strides above 1 in the middle.
    cases=[
        ([(3, 1), (2, 2)],),
        ([(3, 1), (2, 2), (3, 1), (2, 2)],),
        ([(3, 1)] * 4,),
        ([(7, 2), (3, 2), (3, 1), (5, 3), (3, 1)],),
        ([(5, 3)],),
    ],
    mistakes=[
        (
            _stride_first,
            "A layer's own stride moves its outputs apart, not its inputs: change the jump last.",
        ),
        (
            lambda layer_list: 1 + sum(window - 1 for window, _ in layer_list),
            "After a stride of 2, one step of the next window is 2 pixels of the image: use the jump.",
        ),
        (
            lambda layer_list: int(np.prod([stride for _, stride in layer_list])),
            "That is the jump; you need the reach.",
        ),
    ],
    hints=(
        "Keep two numbers: how many pixels one output sees, and how many pixels two neighboring "
        "outputs lie apart.",
        "Both numbers are 1 for a pixel of the image. A window of 3 reaches two neighbors farther than a "
        "single place does, and these lie as far apart as the layers before have left them. A layer's own "
        "stride is felt only by the layers after it.",
    ),
    right="Each pooling doubles what every later layer adds.",
)


exercise(
    "half_life_gate",
    solution=0.5 ** (1 / 50),
    mistakes=[
        (0.5, "A gate of 0.5 leaves half after one step."),
        (0.5**50, "That is what a gate of 0.5 leaves after 50 steps; you need the root."),
        (
            1 - 0.5 / 50,
            "0.99 leaves 61 %, as said above: what is left is multiplied at each step, not diminished by the "
            "same amount.",
        ),
        (0.5**1 / 50, "That is 0.5 / 50: the power needs brackets around its exponent."),
        (100 * 0.5 ** (1 / 50), "A gate lies between 0 and 1; that is in percent."),
        (float(np.log(1 / 0.5 ** (1 / 50))), "That is a logarithm; you need the gate itself."),
    ],
    rtol=5e-5,
    hints=(
        "At each step what is left is multiplied by the gate. What has become of it after 50 steps?",
        "What is left after 50 steps is a power of the gate, and it should be one half. Which operation "
        "undoes a power?",
    ),
    right="A gate has to be very nearly open to remember: its input before the sigmoid is about 4.3.",
)


exercise(
    "best_judge",
    solution=0.25,
    mistakes=[
        (0.75, "That is the probability that it was generated; D says whether it is real."),
        (0.2 / 0.6, "Those are the odds, real to generated. A probability compares the real ones with all."),
        (25, "A probability lies between 0 and 1."),
        (0.2, "That is p. How does it compare with all such images, real and generated?"),
        (0.5, "That is its answer where both are equally frequent, and this kind is not."),
    ],
    hints=(
        "Think of 100 real and 100 generated images. How many of them are of this kind, and how "
        "many of these are real?",
        "Put both groups together and keep the images of this kind only. The best D answers with the part of "
        "these that is real; as equally many of both are shown, the two shares can be set side by side.",
    ),
    right="A quarter of such images are real, if as many real as generated ones are shown.",
)
