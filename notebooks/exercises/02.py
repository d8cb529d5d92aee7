"""The exercises of 02_data."""

from __future__ import annotations

from itertools import product

import numpy as np

from medlab.exercises import comparison, exercise

rng = np.random.default_rng(2)


def window_edges(center_hu: float, width_hu: float) -> tuple[float, float]:
    """Return the lowest and the highest HU that a window still shows."""
    return center_hu - width_hu / 2, center_hu + width_hu / 2


exercise(
    "window_edges",
    solution=window_edges,
    # Windows of even and odd width, in floats and in integers, with 0 HU inside, above and below them.
    cases=[(50.0, 400.0), (-600.0, 1500.0), (10.0, 75.0), (40, 81), (-700.0, 600.0), (2000.0, 3000.0)],
    mistakes=[
        (
            lambda center_hu, width_hu: (center_hu - width_hu, center_hu + width_hu),
            "Your window is twice as wide as it should be: the width is the whole band, not half of it.",
        ),
        (
            lambda center_hu, width_hu: (center_hu + width_hu / 2, center_hu - width_hu / 2),
            "Both numbers are right, but the lowest comes first.",
        ),
    ],
    hints=(
        "The center is the middle of the band and the width is the whole band: how far is it "
        "from the middle to one end?",
        "Half of the width lies on either side of the center. Go down by that much for the first "
        "number and up for the second.",
    ),
    right="Below the first every HU is black, above the second every HU is white.",
)


def stored_to_hu(stored: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Return the HU of stored integers of any shape."""
    return np.asarray(stored, dtype=float) * slope + intercept


exercise(
    "stored_to_hu",
    solution=stored_to_hu,
    # Signed and unsigned integers, unequal axes, a slope other than 1; HU beyond the usual range, and a slope
    # and an intercept that are integers themselves, with which 16 bits are too few.
    cases=[
        (np.array([[-2000, 0, 24], [1024, 4095, 5001]], np.int16), 1.0, -1024.0),
        (rng.integers(0, 4096, (5, 4, 3)).astype(np.uint16), 1, -1024),
        (rng.integers(0, 65536, (4, 7)).astype(np.uint16), 0.5, -1000.0),
        (np.array([20_000, -20_000, 3], np.int16), 2, -1000),
        (np.array([[-300, 0], [7, 900]], np.int16), 1.0, 100.0),
    ],
    mistakes=[
        (
            lambda stored, slope, intercept: (stored.astype(float) + intercept) * slope,
            "The slope multiplies the stored number alone; the intercept is added afterwards.",
        ),
        (
            lambda stored, slope, intercept: np.maximum(stored.astype(float) * slope + intercept, -1024),
            "Nothing should be cut off: outside the circle of the scan, numbers below air are stored.",
        ),
        (
            lambda stored, slope, intercept: (stored * slope).astype(float) + float(intercept),
            "Integers of 16 bits cannot hold every product: turn the stored ones into floats before it.",
        ),
    ],
    hints=(
        "The slope stretches and the intercept shifts. What becomes of an integer without a sign "
        "that should fall below 0?",
        "The formula stands in the cell; what goes wrong is the type. 16 bits hold no more than 65,536 "
        "different integers, and without a sign none below 0. Which type has room for all results, and when "
        "do you have to change to it?",
    ),
    right="The same numbers from two scanners can mean different tissues: only slope and intercept tell.",
)


exercise(
    "noise_factor",
    solution=10**0.5,
    mistakes=[
        (10, "The noise grows more slowly than the dose falls: at half of it, it is not twice as large."),
        (0.1**0.5, "Less dose makes more noise, not less: turn your fraction upside down."),
    ],
    hints=(
        "A quarter of the dose is half of a half, so it makes the noise √2 · √2 = 2 times as large. How does "
        "this 2 come about from the 4 that the dose was divided by?",
        "The noise grows with the square root of what the dose is divided by. By what is it divided here?",
    ),
    right="A tenth of the dose costs a bit more than three times the noise.",
)


exercise(
    "grain_mm",
    solution=1 / 0.36,
    rtol=0.22,  # the maximum is a broad one
    mistakes=[
        (0.36, "That is the frequency, in 1/mm; the wavelength is how many mm one wave takes."),
        (1 / 0.18, "That is where the noise of the soft kernel is strongest; look at the sharp one's."),
        (0.18, "That is the frequency of the soft kernel; take the sharp one's, and its wavelength."),
        (0.5 / 0.36, "That is half of a wave, a bright grain without the dark one that follows."),
    ],
    hints=(
        "Find the highest point of the curve on the right and go down from it to the axis. What is a "
        "frequency in 1/mm, as a length?",
        "A wave that repeats every 4 mm has the frequency 1/4 per mm. Read the frequency below the highest "
        "point and go the way back.",
    ),
    right="The grain of the sharp kernel repeats every 3 mm or so, the soft one's only half as often.",
)


def larger(left: float, right: float) -> bool:
    """Whether the left share is the larger one, if the two can be told apart."""
    if 0.94 < left / right < 1.06:
        msg = (
            "With your kernels two of these shares are too close to be told apart by so little noise. Go "
            "back to 0.3 and 0.6 per mm, or further apart, and run the cells again."
        )
        raise comparison.Hint(msg)
    return left > right


Shares = dict[str, dict[int, float]]


def alike(shares: Shares, kernels_per_mm: tuple[float, float]) -> bool:
    """Whether 3 × 3 pixels keep the same share for white noise and both kernels."""
    left = [of_size[3] for of_size in shares.values()]
    return not larger(max(left), 1.08 * min(left))


exercise(
    "averaging",
    solution="ad",
    statements={
        "a": lambda shares, kernels_per_mm: larger(shares["soft kernel"][3], shares["white noise"][3]),
        "b": lambda shares, kernels_per_mm: (
            kernels_per_mm[0] < kernels_per_mm[1]
            and larger(shares["sharp kernel"][3], shares["soft kernel"][3])
        ),
        "c": alike,
        "d": lambda shares, kernels_per_mm: larger(shares["white noise"][16], shares["sharp kernel"][16]),
    },
    hints=(
        "The chart shows shares, and all curves begin at 1, however large the noise of a pixel is. Compare "
        "the curves at 3 pixels, and then at 16.",
        "Take one statement at a time. At 3 pixels, which curve is the highest, and do the others meet? "
        "At 16 pixels, which one is the lowest?",
    ),
    right="Small squares lie on one grain of coarse noise; much larger ones feel little of it.",
)


def scale_like_training(train: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return `other` scaled by the mean and the standard deviation of `train`."""
    return (other - train.mean()) / train.std()


exercise(
    "scale_like_training",
    solution=scale_like_training,
    # Pairs of image stacks with unequal axes.
    cases=[
        (np.array([[[-900.0, -650.0]], [[-800.0, -150.0]], [[-850.0, 50.0]]]), np.array([[[-700.0, 40.0]]])),
        (rng.normal(-600, 300, (7, 5, 4, 1)), rng.normal(-800, 100, (3, 5, 4, 1))),
        (rng.normal(40, 20, (4, 6, 3)), rng.normal(60, 100, (2, 6, 3))),
    ],
    # The task asks for no particular mean and spread: those of each pixel leak nothing either, also one of
    # them for each pixel and the other for all, and N - 1 will do for N.
    also=[
        lambda train, other, of_mean=of_mean, of_std=of_std, ddof=ddof: (
            (other - train.mean(axis=of_mean)) / train.std(axis=of_std, ddof=ddof)
        )
        for of_mean, of_std, ddof in product((None, 0), (None, 0), (0, 1))
    ],
    mistakes=[
        (
            lambda train, other: (other - other.mean()) / other.std(),
            "You fitted on the very images that are scaled: that is the leak. Use the training images.",
        ),
        (
            lambda train, other: (train - train.mean()) / train.std(),
            "Fitted on the right images, but it is `other` that should be scaled and returned.",
        ),
        (
            lambda train, other: (other - train.mean()) / train.var(),
            "You divided by the variance; the spread is its square root, the standard deviation.",
        ),
    ],
    hints=(
        "Subtract a mean and divide by a standard deviation. Of which images may they be?",
        "Nothing that is known of `other` may enter its scaling: both figures come from `train`, "
        "and `other` is what they are applied to.",
    ),
    right="Test images are scaled by what the training images said, so nothing leaks from them.",
)


def seen_before(train_patients: list[int], test_patients: list[int]) -> int:
    """Return how many test images belong to a patient who is also in training."""
    known = set(train_patients)
    return sum(patient in known for patient in test_patients)


exercise(
    "seen_before",
    solution=seen_before,
    # Lists of unequal length, not in order, in which patients come several times; 1 is not part of 12.
    cases=[
        ([9, 2, 12, 5, 30], [5, 1, 2, 30]),
        ([1, 1, 2, 3, 3], [3, 4, 4, 1, 1, 1, 5]),
        *(([10, 11], [12, 13, 13]), ([7, 7, 7, 9], [7, 8, 8, 10])),
    ],
    mistakes=[
        (
            lambda train, test: len(set(train) & set(test)),
            "You counted patients; the question is how many test images they have.",
        ),
        (
            lambda train, test: sum(patient in set(test) for patient in train),
            "You counted training images; the question is how many of the test images are affected.",
        ),
    ],
    hints=(
        "Go through the test images one by one: is the patient of this one known from training?",
        "Both lists hold one patient number per image. Go through the test images and count those "
        "whose patient number is somewhere among the training images' numbers.",
    ),
    right="After a split by patient this number is 0: check it before you believe a result.",
)
