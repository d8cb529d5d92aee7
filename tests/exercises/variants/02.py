"""Answers to the exercises of 02_data, right and plausibly wrong."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np


def hu_by_items(stored, slope, intercept):
    hu = np.empty(stored.shape)
    for place in np.ndindex(stored.shape):
        hu[place] = float(stored[place]) * slope + intercept
    return hu


def hu_in_place(stored, slope, intercept):
    hu = stored.astype(float)
    hu *= slope
    hu += intercept
    return hu


def hu_as_lists(stored, slope, intercept):
    if isinstance(stored, np.ndarray):
        stored = stored.tolist()
    if isinstance(stored, list):
        return [hu_as_lists(part, slope, intercept) for part in stored]
    return stored * slope + intercept


def hu_of_rows(stored, slope, intercept):
    return [[float(number) * slope + intercept for number in row] for row in stored]


def hu_printed(stored, slope, intercept):
    print(stored.astype(float) * slope + intercept)


def scaled_in_place(train, other):
    other -= train.mean()
    other /= train.std()
    return other


def scaled_by_loop(train, other):
    mean, spread = train.mean(), train.std()
    return [(image - mean) / spread for image in other]


def scaled_per_pixel(train, other):
    return (other - train.mean(axis=0)) / train.std(axis=0)


def scaled_by_hand(train, other):
    mean = train.sum() / train.size
    return (other - mean) / math.sqrt(((train - mean) ** 2).sum() / train.size)


def scaled_per_image(train, other):
    axes = tuple(range(1, other.ndim))
    return (other - other.mean(axes, keepdims=True)) / other.std(axes, keepdims=True)


def scaled_on_all(train, other):
    everything = np.concatenate([train, other])
    return (other - everything.mean()) / everything.std()


def scaled_twice(train, other):
    train -= train.mean()
    return (other - train.mean()) / train.std()


def seen_by_loop(train, test):
    count = 0
    for patient in test:
        if patient in train:
            count += 1
    return count


def seen_by_recursion(train, test):
    return 0 if not test else int(test[0] in train) + seen_by_recursion(train, test[1:])


def seen_by_counting(train, test):
    of_test = Counter(test)
    return sum(of_test[patient] for patient in set(train))


def seen_in_place(train, test):
    for patient in list(test):
        if patient not in train:
            test.remove(patient)
    return len(test)


def seen_each_once(train, test):
    left = list(train)
    count = 0
    for patient in test:
        if patient in left:
            left.remove(patient)
            count += 1
    return count


def seen_stops_at_the_first_new(train, test):
    count = 0
    for patient in test:
        if patient not in train:
            break
        count += 1
    return count


def seen_with_an_early_return(train, test):
    count = 0
    for patient in test:
        if patient in train:
            count += 1
            return count
    return count


def seen_printed(train, test):
    print(seen_by_loop(train, test))


# As the chapter measures them, seed 0.
SHARES = {
    "white noise": {1: 1.0, 2: 0.5, 3: 0.333, 4: 0.25, 6: 0.166, 8: 0.125, 12: 0.083, 16: 0.062},
    "soft kernel": {1: 1.0, 2: 0.779, 3: 0.575, 4: 0.433, 6: 0.274, 8: 0.194, 12: 0.116, 16: 0.08},
    "sharp kernel": {1: 1.0, 2: 0.534, 3: 0.328, 4: 0.232, 6: 0.137, 8: 0.095, 12: 0.055, 16: 0.037},
}
MEASURED = {"averaging": {"shares": SHARES, "kernels_per_mm": (0.3, 0.6)}}
# A ramp that no kernel cuts off, with which even small squares lose more than white noise does.
RAMP = {1: 1.0, 2: 0.4, 3: 0.22, 4: 0.15, 6: 0.09, 8: 0.06, 12: 0.04, 16: 0.025}
CONTRARY = {"averaging": ({"shares": SHARES | {"soft kernel": RAMP}, "kernels_per_mm": (0.3, 0.6)}, "bd")}

VARIANTS = {
    "grain_mm": {
        "right": {
            "as computed": 1 / 0.36,
            "rounded": 2.8,
            "one digit": 3,
            "read at 0.35": 1 / 0.35,
            "read at 0.4": 2.5,
            "in a list": [2.8],
            "an array": np.array(2.9),
        },
        "wrong": {
            "the frequency": 0.36,
            "the soft kernel": 1 / 0.18,
            "the soft kernel's frequency": 0.18,
            "half a wave": 1.4,
            "the finest grain": 1.5,
            "a pixel": 0.75,
            "its power": 0.6,
            "a text": "2.8 mm",
        },
    },
    "averaging": {
        "right": {
            "letters": "ad",
            "another order": "da",
            "capitals": "AD",
            "with a comma": "a, d",
            "a list": ["a", "d"],
        },
        "wrong": {
            "one of two": "a",
            "the other": "d",
            "less noise, smaller share": "bd",
            "a third, always": "c",
            "small squares only": "ac",
            "all": "abcd",
            "none of them": "",
            "an unknown letter": "ae",
        },
    },
    "window_edges": {
        "right": {
            "a tuple": lambda c, w: (c - w / 2, c + w / 2),
            "a list": lambda c, w: [c - 0.5 * w, c + 0.5 * w],
            "an array": lambda c, w: c + np.array([-0.5, 0.5]) * w,
            "float32": lambda c, w: np.array([c - w / 2, c + w / 2], "float32"),
            "scalars of NumPy": lambda c, w: (np.float64(c) - w / 2, np.float32(c + w / 2)),
            "0-d arrays": lambda c, w: (np.array(c - w / 2), np.array(c + w / 2)),
            "the upper from the lower": lambda c, w: (c - w / 2, c - w / 2 + w),
            "sorted": lambda c, w: sorted([c + w / 2, c - w / 2]),
            "linspace": lambda c, w: np.linspace(c - w / 2, c + w / 2, 2),
            "twice the center": lambda c, w: ((2 * c - w) / 2, (2 * c + w) / 2),
        },
        "wrong": {
            "the whole width": lambda c, w: (c - w, c + w),
            "highest first": lambda c, w: (c + w / 2, c - w / 2),
            "whole halves": lambda c, w: (c - w // 2, c + w // 2),
            "rounded": lambda c, w: (round(c - w / 2), round(c + w / 2)),
            "the lowest alone": lambda c, w: c - w / 2,
            "from the center on": lambda c, w: (c, c + w),
            "arguments swapped": lambda c, w: (w - c / 2, w + c / 2),
            "center added twice": lambda c, w: (c - w / 2, c + c + w / 2),
            "one less": lambda c, w: (c - w / 2, c + w / 2 - 1),
            "not below -1000": lambda c, w: (max(c - w / 2, -1000), c + w / 2),
            "without signs": lambda c, w: (abs(c - w / 2), abs(c + w / 2)),
            "half the center": lambda c, w: ((c - w) / 2, (c + w) / 2),
            "a quarter": lambda c, w: (c - w / 4, c + w / 4),
            "the article's window": lambda c, w: (-150, 250),
            "with the center": lambda c, w: (c - w / 2, c, c + w / 2),
            "a text": lambda c, w: f"{c - w / 2} to {c + w / 2}",
            "texts": lambda c, w: (str(c - w / 2), str(c + w / 2)),
            "a set": lambda c, w: {c - w / 2, c + w / 2},
            "a dict": lambda c, w: {"lowest": c - w / 2, "highest": c + w / 2},
            "a range": lambda c, w: range(int(c - w / 2), int(c + w / 2)),
            "not above 0": lambda c, w: (min(c - w / 2, 0), c + w / 2),
            "not below 0": lambda c, w: (c - w / 2, max(c + w / 2, 0)),
            "a negative lower end": lambda c, w: (-abs(c - w / 2), c + w / 2),
            "not above 3071": lambda c, w: (c - w / 2, min(c + w / 2, 3071)),
        },
    },
    "stored_to_hu": {
        "right": {
            "floats first": lambda s, a, b: a * s.astype(float) + b,
            "float32": lambda s, a, b: s.astype("float32") * a + b,
            "np.float64": lambda s, a, b: np.float64(s) * a + b,
            "wide integers": lambda s, a, b: s.astype(np.int64) * a + b,
            "np.asarray": lambda s, a, b: np.asarray(s, dtype=float) * float(a) + float(b),
            "1.0 times": lambda s, a, b: 1.0 * s * a + b,
            "float factors": lambda s, a, b: s * float(a) + float(b),
            "item by item": hu_by_items,
            "in place, on a copy": hu_in_place,
            "nested lists": hu_as_lists,
            "np.vectorize": lambda s, a, b: np.vectorize(lambda x: float(x) * a + b)(s),
            "np.polyval": lambda s, a, b: np.polyval([a, b], s.astype(float)),
            "np.add and np.multiply": lambda s, a, b: np.add(np.multiply(s, a, dtype=float), b),
            "einsum": lambda s, a, b: np.einsum(",...->...", float(a), s.astype(float)) + b,
            "32-bit integers": lambda s, a, b: s.astype(np.int32) * a + b,
        },
        "wrong": {
            "integers as they are": lambda s, a, b: s * a + b,
            "slope first, as they are": lambda s, a, b: a * s + b,
            "floats after the product": lambda s, a, b: (a * s).astype(float) + b,
            "floats at the end": lambda s, a, b: np.array(s * int(a) + np.int64(b), dtype=float),
            "int16 first": lambda s, a, b: s.astype(np.int16).astype(float) * a + b,
            "a product of 16 bits": lambda s, a, b: (s * a).astype(s.dtype).astype(float) + b,
            "16-bit floats": lambda s, a, b: s.astype(np.float16) * np.float16(a) + np.float16(b),
            "intercept first": lambda s, a, b: (s.astype(float) + b) * a,
            "swapped": lambda s, a, b: b * s.astype(float) + a,
            "intercept subtracted": lambda s, a, b: a * s.astype(float) - b,
            "no slope": lambda s, a, b: s.astype(float) + b,
            "no intercept": lambda s, a, b: a * s.astype(float),
            "always -1024": lambda s, a, b: a * s.astype(float) - 1024,
            "divided by the slope": lambda s, a, b: s.astype(float) / a + b,
            "whole HU": lambda s, a, b: (a * s.astype(float) + b).astype(int),
            "rounded": lambda s, a, b: np.round(a * s.astype(float) + b),
            "clipped below": lambda s, a, b: np.maximum(a * s.astype(float) + b, -1024),
            "clipped at -1000": lambda s, a, b: np.maximum(a * s.astype(float) + b, -1000),
            "clipped above": lambda s, a, b: np.minimum(a * s.astype(float) + b, 3071),
            "clipped on both sides": lambda s, a, b: np.clip(a * s.astype(float) + b, -1024, 3071),
            "negative ones to 0": lambda s, a, b: a * np.maximum(s, 0).astype(float) + b,
            "without signs": lambda s, a, b: a * np.abs(s.astype(float)) + b,
            "for rows and columns only": hu_of_rows,
            "flat": lambda s, a, b: (a * s.astype(float) + b).ravel(),
            "the mean": lambda s, a, b: (a * s.astype(float) + b).mean(),
            "air 0": lambda s, a, b: a * s.astype(float) + b + 1000,
            "as they are stored": lambda s, a, b: s,
            "printed": hu_printed,
            "a negative intercept": lambda s, a, b: a * s.astype(float) - abs(b),
            "no positive intercept": lambda s, a, b: a * s.astype(float) + min(b, 0),
        },
    },
    "noise_factor": {
        "right": {
            "a root": 10**0.5,
            "math.sqrt": math.sqrt(10),
            "np.sqrt": np.sqrt(10),
            "of a tenth": 1 / math.sqrt(0.1),
            "halved and halved": math.sqrt(2) ** math.log2(10),
            "three digits": 3.16,
            "four digits": 3.162,
            "float32": np.float32(3.1622776),
            "0-d array": np.array(10**0.5),
            "an array of one": np.array([10**0.5]),
            "a list of one": [3.162],
            "a comma behind it": (3.162,),
        },
        "wrong": {
            "as the dose": 10,
            "the other way": 0.1**0.5,
            "less": 1 / 10,
            "the square": 100,
            "five times the half": 5 * math.sqrt(2),
            "the root to the tenth": math.sqrt(2) ** 10,
            "for half the dose": math.sqrt(2),
            "for a quarter": 2,
            "too few digits": 3.2,
            "one digit": 3,
            "the cube root": 10 ** (1 / 3),
            "in percent": 316.2,
            "negative": -(10**0.5),
            "a logarithm": math.log(10),
            "a text": "3.162",
            "the function": math.sqrt,
            "a truth value": True,
        },
    },
    "scale_like_training": {
        "right": {
            "one mean, one spread": lambda train, other: (other - train.mean()) / train.std(),
            "ddof=1": lambda train, other: (other - train.mean()) / train.std(ddof=1),
            "per pixel": scaled_per_pixel,
            "per pixel, ddof=1": lambda train, other: (
                (other - train.mean(axis=0)) / np.std(train, axis=0, ddof=1)
            ),
            "kept axes": lambda train, other: (other - train.mean(keepdims=True)) / train.std(keepdims=True),
            "in place": scaled_in_place,
            "image by image": scaled_by_loop,
            "by hand": scaled_by_hand,
            "float32": lambda train, other: (
                (other.astype("float32") - train.astype("float32").mean()) / train.astype("float32").std()
            ),
            "with a little epsilon": lambda train, other: (other - train.mean()) / (train.std() + 1e-7),
            "the root of the variance": lambda train, other: (
                (other - np.mean(train)) / np.sqrt(np.var(train))
            ),
            "two quotients": lambda train, other: other / train.std() - train.mean() / train.std(),
            "mean per pixel, one spread": lambda train, other: (other - train.mean(axis=0)) / train.std(),
            "one mean, spread per pixel": lambda train, other: (other - train.mean()) / train.std(axis=0),
            "mean per pixel, one spread, ddof=1": lambda train, other: (
                (other - train.mean(0)) / train.std(ddof=1)
            ),
            "one mean, spread per pixel, ddof=1": lambda train, other: (
                (other - train.mean()) / train.std(0, ddof=1)
            ),
        },
        "wrong": {
            "of the images themselves": lambda train, other: (other - other.mean()) / other.std(),
            "their own per pixel": lambda train, other: (other - other.mean(axis=0)) / other.std(axis=0),
            "each image by itself": scaled_per_image,
            "on all images": scaled_on_all,
            "the training images": lambda train, other: (train - train.mean()) / train.std(),
            "variance": lambda train, other: (other - train.mean()) / train.var(),
            "only the mean": lambda train, other: other - train.mean(),
            "only the spread": lambda train, other: other / train.std(),
            "mean of the one, spread of the other": lambda train, other: (other - train.mean()) / other.std(),
            "spread of the one, mean of the other": lambda train, other: (other - other.mean()) / train.std(),
            "both subtracted": lambda train, other: other - train.mean() - train.std(),
            "brackets missing": lambda train, other: other - train.mean() / train.std(),
            "mean added": lambda train, other: (other + train.mean()) / train.std(),
            "smallest and largest": lambda train, other: (other - train.min()) / (train.max() - train.min()),
            "median": lambda train, other: (other - np.median(train)) / train.std(),
            "clipped": lambda train, other: np.clip((other - train.mean()) / train.std(), -1, 1),
            "clipped at 3": lambda train, other: np.clip((other - train.mean()) / train.std(), -3, 3),
            "without signs": lambda train, other: np.abs(other - train.mean()) / train.std(),
            "the mean taken out in place": scaled_twice,
            "swapped": lambda train, other: (train - other.mean()) / other.std(),
            "both arrays": lambda train, other: (
                (train - train.mean()) / train.std(),
                (other - train.mean()) / train.std(),
            ),
            "two figures": lambda train, other: (train.mean(), train.std()),
            "mean per pixel, spread of the other": lambda train, other: (
                (other - train.mean(axis=0)) / other.std(axis=0)
            ),
            "variance per pixel": lambda train, other: (other - train.mean(axis=0)) / train.var(axis=0),
        },
    },
    "seen_before": {
        "right": {
            "a sum": lambda train, test: sum(patient in train for patient in test),
            "a set": lambda train, test: len([1 for patient in test if patient in set(train)]),
            "np.isin, an int of NumPy": lambda train, test: np.isin(test, train).sum(),
            "a float": lambda train, test: float(np.isin(test, train).sum()),
            "0-d array": lambda train, test: np.array(np.isin(test, train).sum()),
            "a loop": seen_by_loop,
            "recursion": seen_by_recursion,
            "counted": seen_by_counting,
            "in place": seen_in_place,
            "filter": lambda train, test: len(list(filter(set(train).__contains__, test))),
            "a table": lambda train, test: (np.array(test)[:, None] == np.array(train)).any(axis=1).sum(),
            "all but the new ones": lambda train, test: (
                len(test) - sum(patient not in train for patient in test)
            ),
        },
        "wrong": {
            "patients": lambda train, test: len(set(train) & set(test)),
            "training images": lambda train, test: sum(patient in test for patient in train),
            "pairs": lambda train, test: sum(a == b for a in train for b in test),
            "new ones": lambda train, test: sum(patient not in train for patient in test),
            "numbers below the last": lambda train, test: sum(patient <= max(train) for patient in test),
            "the same place": lambda train, test: sum(a == b for a, b in zip(train, test, strict=False)),
            "each training image once": seen_each_once,
            "until the first new one": seen_stops_at_the_first_new,
            "an early return": seen_with_an_early_return,
            "a share": lambda train, test: np.mean(np.isin(test, train)),
            "whether there is one": lambda train, test: any(patient in train for patient in test),
            "all test images": lambda train, test: len(test),
            "the images": lambda train, test: [patient for patient in test if patient in train],
            "the patients": lambda train, test: set(train) & set(test),
            "truth values": lambda train, test: np.isin(test, train),
            "both": lambda train, test: (
                sum(patient in train for patient in test) + sum(patient in test for patient in train)
            ),
            "the first case's number": lambda train, test: 4,
            "none": lambda train, test: 0,
            "printed": seen_printed,
            "as texts": lambda train, test: sum(str(patient) in str(train) for patient in test),
            "searched as if in order": lambda train, test: sum(
                train[min(np.searchsorted(train, p), len(train) - 1)] == p for p in test
            ),
            "between the smallest and the largest": lambda train, test: sum(
                min(train) <= patient <= max(train) for patient in test
            ),
            "as many as there are in training": lambda train, test: sum(
                patient in train[: len(test)] for patient in test[: len(train)]
            ),
        },
    },
}
