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


def cross_entropy_of_logits(truth: np.ndarray, logits: np.ndarray) -> float:
    """Return the mean cross-entropy of truth (N,), 0 or 1, and logits (N,), also where these are large."""
    return float(np.mean(np.logaddexp(0, np.where(truth == 1, -logits, logits))))


exercise(
    "cross_entropy_of_logits",
    solution=cross_entropy_of_logits,
    # A few patients, more of one class than of the other, a single one, and logits that no exponential bears.
    cases=[
        (np.array([1, 0]), np.array([0.0, 1000.0])),
        *((rng.integers(0, 2, size=n).astype(float), rng.normal(0, 3, size=n)) for n in (2, 5, 9)),
        (np.array([0, 1, 0, 0]), np.array([-6.0, 3.5, -0.4, 6.0])),
        (np.array([0.0]), np.array([40.0])),
        (np.array([1, 1, 0]), np.array([-1000.0, 1000.0, -1000.0])),
    ],
    mistakes=[
        (
            lambda truth, logits: -cross_entropy_of_logits(truth, logits),
            "The sign: a loss is not negative.",
        ),
        (
            lambda truth, logits: len(logits) * cross_entropy_of_logits(truth, logits),
            "That is the sum; you need the mean.",
        ),
        (
            lambda truth, logits: cross_entropy_of_logits(1 - truth, logits),
            "The two formulas are swapped: a large logit is right for the truth 1.",
        ),
        (
            lambda truth, logits: np.mean(truth * np.logaddexp(0, -logits)),
            "The healthy count too: where the truth is 0, it is the other formula.",
        ),
    ],
    hints=(
        "Each patient counts with one of the two formulas. Which one, if the truth is 1? And by which sign "
        "of the logit do they differ?",
        "np.logaddexp(0, z) is the loss of a healthy patient with the logit z. For the ill the logit changes "
        "its sign first. np.where chooses between two arrays, number by number; at the end take the mean.",
    ),
    right="No probability was computed, and so none could be rounded to 0 or 1.",
)


exercise(
    "graph_gradient",
    solution=36.0,
    mistakes=[
        (-36.0, "Look at the signs: two negative numbers meet on the way back."),
        (12.0, "That is what arrives behind the product. One step is missing: what does w₁ meet there?"),
        (24.0, "That is multiplied by w₁ itself; in the product x · w₁ the partner of w₁ is x."),
        (18.0, "The square has a derivative of its own: twice what stands in the bracket."),
        (-24.0, "And the step through h · w₂?"),
        (27.0, "The square is of a − 1, not of a: the bracket is −3 − 1."),
        (-144.0, "The bias is added; it multiplies nothing."),
    ],
    hints=(
        "Start at the square: what is its derivative if the bracket is −3 − 1? Multiply what comes back, box "
        "by box.",
        "The product with w₂ hands on w₂ times what came back, the ReLU is on, and adding a bias changes "
        "nothing. In the first product w₁ is multiplied by x.",
    ),
    right="If w₁ grows by 0.01, the loss grows by about 0.36: w₁ should become smaller.",
)


def leaky_relu_back(upstream: np.ndarray, z: np.ndarray, leak: float) -> np.ndarray:
    """Return the gradient along z of a loss whose gradient along max(leak * z, z) is upstream; any shape."""
    return upstream * np.where(z > 0, 1, leak)


exercise(
    "leaky_relu_back",
    solution=leaky_relu_back,
    # A list of numbers and a table, with negative gradients; z on the bend, just above it and far above.
    cases=[
        (np.array([1.5, -2.0, 3.5, -0.5]), np.array([0.0, 0.0, 2.0, -1.0]), 0.1),
        (rng.normal(size=7), rng.normal(size=7), 0.3),
        (rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), 0.01),
        (np.array([5.0, -9.0, 8.0, 0.004]), np.array([0.001, 8.0, -0.001, 2.5]), 0.2),
        (rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), 0.0),
        (rng.normal(size=4), rng.normal(size=4), 1.0),
    ],
    mistakes=[
        (
            lambda upstream, z, leak: upstream * np.where(z >= 0, 1, leak),
            "Right, but for z = 0: there the task takes the leak as the derivative.",
        ),
        (
            lambda upstream, z, leak: upstream * (z > 0),
            "That is the ReLU without a leak: below 0 a part of the gradient passes.",
        ),
        (
            lambda upstream, z, leak: upstream * np.maximum(leak * z, z),
            "That multiplies by the value of the leaky ReLU; the chain rule wants its derivative.",
        ),
        (
            lambda upstream, z, leak: np.where(upstream > 0, upstream, leak * upstream),
            "Whether the gradient passes whole depends on z, not on the gradient itself.",
        ),
        (
            lambda upstream, z, leak: np.where(z > 0, 1, leak),
            "That is the derivative alone; multiply it by upstream.",
        ),
        (
            lambda upstream, z, leak: np.where(z > 0, upstream, leak * z),
            "Below 0, too, it is the gradient that passes, in part.",
        ),
        (
            lambda upstream, z, leak: np.where(z > 0, upstream, leak),
            "Below 0 the leak multiplies what comes back.",
        ),
    ],
    hints=(
        "Chain rule: the gradient that comes back times the derivative of the leaky ReLU. What is the latter "
        "where z is positive, and what elsewhere?",
        "The derivative is 1 where z passes unchanged, and the leak elsewhere. np.where(condition, this, "
        "that) chooses between two values, place by place.",
    ),
    right="Also a unit whose z is negative for every image gets a gradient now, and can recover.",
)


exercise(
    "xor_choice",
    solution="ace",
    statements={
        "a": lambda learned: learned["ReLU"][2][1] < 50,
        "b": lambda learned: (
            learned["ReLU"][2][1] - learned["ReLU"][2][0] > (100 - learned["ReLU"][2][0]) / 2
        ),
        "c": lambda learned: learned["leaky ReLU"][2][1] - learned["ReLU"][2][1] >= 15,
        "d": lambda learned: learned["ReLU"][16][1] < learned["ReLU"][2][1],
        "e": lambda learned: min(learned[name][16][1] for name in ("ReLU", "leaky ReLU")) >= 90,
    },
    hints=(
        "Take one statement after the other, and look for its curve: which panel, how many units, and at "
        "the gray line or at the right end?",
        "Where a curve is flat from the gray line on, more passes change nothing. The ends of the curves for "
        "two units tell the panels apart, and those for sixteen tell whether width helps.",
    ),
    right="That weights exist does not mean that training finds them; width and a small leak help it.",
)


exercise(
    "convolution_number",
    solution=19.0,
    mistakes=[
        (-19.0, "The kernel is laid on as it stands: left minus right, without turning it."),
        (-8.0, "That is the window one step down and two to the right: the stride is larger than 1."),
        (10.0, "That window lies one step too far to the left: it must reach the ring of zeros."),
        (18.0, "That window lies one row too high."),
        (14.0, "Does the middle row of the kernel count twice, and does the window begin in the right row?"),
        (5.0, "That takes the kernel's rows for its columns: the kernel compares left with right."),
        (22.0, "The kernel's middle column is 0: what lies under it does not count."),
    ],
    rtol=1e-6,
    hints=(
        "The result is 3 wide and the ringed image 7: how far does the window jump? Check it with a number "
        "of the result that is there.",
        "The question mark stands in the second row and the third column of the result, so that the window "
        "has jumped once down and twice to the right. The kernel's middle column counts nothing.",
    ),
    right="It is large because the bright spot meets the ring of zeros: padding looks like an edge.",
)


def blocks_needed(pixels: int) -> int:
    """Return how many blocks (3 x 3 convolution, 2 x 2 pooling) let one number see `pixels` along a side."""
    reach, jump, blocks = 1, 1, 0
    while reach < pixels:
        reach, jump, blocks = reach + 3 * jump, 2 * jump, blocks + 1
    return blocks


def _one_more_at_the_edge(pixels: int) -> int:
    return blocks_needed(pixels + 1)


def _without_jump(pixels: int) -> int:
    return -(-(pixels - 1) // 3)


exercise(
    "blocks_needed",
    solution=blocks_needed,
    # One pixel, and on both sides of what one, two, three, four and six blocks see.
    cases=[(10,), (1,), (2,), (4,), (5,), (11,), (22,), (23,), (28,), (46,), (47,), (190,), (191,)],
    mistakes=[
        (
            _one_more_at_the_edge,
            "A field that is exactly as large as `pixels` is enough: at least, not more than.",
        ),
        (
            _without_jump,
            "After each pooling one step of the next window is twice as many pixels: use the jump.",
        ),
        (
            lambda pixels: 2 * blocks_needed(pixels),
            "Those are layers; a block has two of them.",
        ),
    ],
    hints=(
        "Begin with a single pixel, and add one block after the other until the field is large enough. How "
        "much does a block add?",
        "Keep reach and jump as above, and count. A block's convolution adds two jumps and its pooling one, "
        "and then the jump doubles. A `while` loop goes on as long as the field is too small.",
    ),
    right="The field about doubles with each block, so that a few are enough.",
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
    solution=0.1,
    mistakes=[
        (0.9, "That is the probability that it was generated; D says whether it is real."),
        (0.25, "That would be right if equally many of both were shown."),
        (0.2 / 1.8, "Those are the odds, real to generated. A probability compares the real ones with all."),
        (10, "A probability lies between 0 and 1."),
        (0.2 / (0.2 + 0.6 / 3), "The generated ones are three times as many, not a third."),
        (0.2, "That is p. How does it compare with all such images, real and generated?"),
    ],
    hints=(
        "Think of 100 real and 300 generated images. How many of them are of this kind, and how "
        "many of these are real?",
        "Put both groups together and keep the images of this kind only. The best D answers with the part of "
        "these that is real; the formula above holds for equally large groups, so count the images instead.",
    ),
    right="What is right for the judge depends on how many forgeries it is shown.",
)
