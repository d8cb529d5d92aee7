"""Answers to the exercises of 08_explain as learners write them, right and wrong."""

from __future__ import annotations

import numpy as np


def mean_contributions_in_loops(weights, x, baselines):
    result = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        for baseline in baselines:
            result[place] += weights[place] * (x[place] - baseline[place]) / len(baselines)
    return result


def mean_contributions_to_lists(weights, x, baselines):
    height, width = x.shape
    return [
        [
            weights[i, j] * (x[i, j] - sum(baseline[i, j] for baseline in baselines) / len(baselines))
            for j in range(width)
        ]
        for i in range(height)
    ]


def mean_contributions_in_place(weights, x, baselines):
    x -= baselines.mean(axis=0)
    x *= weights
    return x


def mean_contributions_one_by_one(weights, x, baselines):
    result = np.zeros(x.shape)
    for baseline in baselines:
        for place in np.ndindex(*x.shape):
            changed = baseline.copy()
            changed[place] = x[place]
            result[place] += ((weights * changed).sum() - (weights * baseline).sum()) / len(baselines)
    return result


def complete_in_loops(parts, output, output_of_baseline):
    total = 0.0
    for row in parts:
        for number in row:
            total += number
    result = np.zeros(parts.shape)
    for place in np.ndindex(*parts.shape):
        result[place] = parts[place] * (output - output_of_baseline) / total
    return result


def complete_in_place(parts, output, output_of_baseline):
    parts /= parts.sum()
    parts *= output - output_of_baseline
    return parts


def complete_to_lists(parts, output, output_of_baseline):
    factor = (output - output_of_baseline) / sum(sum(row) for row in parts)
    return [[number * factor for number in row] for row in parts]


def cam_of_each(maps, gradients):
    return np.stack(
        [
            np.maximum((one * slopes.mean(axis=(0, 1))).sum(axis=-1), 0)
            for one, slopes in zip(maps, gradients, strict=True)
        ]
    )


def cam_in_loops(maps, gradients):
    images, height, width, channels = maps.shape
    result = np.zeros((images, height, width))
    for n in range(images):
        for k in range(channels):
            result[n] += gradients[n, :, :, k].mean() * maps[n, :, :, k]
    return np.maximum(result, 0)


def cam_to_lists(maps, gradients):
    return cam_in_loops(maps, gradients).tolist()


def cam_in_place(maps, gradients):
    maps *= gradients.mean(axis=1, keepdims=True).mean(axis=2, keepdims=True)
    result = maps.sum(axis=-1)
    result[result < 0] = 0
    return result


def weighted(maps, gradients):
    return (maps * gradients.mean(axis=(1, 2), keepdims=True)).sum(axis=-1)


# Mean change of the logit for each tag, about as the chapter measures it.
EFFECTS = {
    "as in training": 4.7,
    "lower right": 4.1,
    "middle gray": 1.05,
    "black ground only": 0.1,
    "letter only": 2.84,
    "yours": 3.0,
}
# A network that has learned the place and the ground, whatever is written on it.
GROUND = {
    "as in training": 4.0,
    "lower right": 0.3,
    "middle gray": 3.9,
    "black ground only": 3.8,
    "letter only": 0.2,
    "yours": 0.0,
}
END = 0.65
MEASURED = {
    "logit_of_nothing": {"end_of_deletion": END},
    "what_the_tag_is": {"tag_effects": EFFECTS},
}
CONTRARY = {
    "logit_of_nothing": ({"end_of_deletion": -1.5}, -1.4),
    "what_the_tag_is": ({"tag_effects": GROUND}, "b"),
}

VARIANTS = {
    "mean_contributions": {
        "right": {
            "the mean first": lambda w, x, b: w * (x - b.mean(axis=0)),
            "the mean last": lambda w, x, b: (w * (x - b)).mean(axis=0),
            "loops": mean_contributions_in_loops,
            "lists": mean_contributions_to_lists,
            "in place": mean_contributions_in_place,
            "one pixel at a time": mean_contributions_one_by_one,
            "two products": lambda w, x, b: w * x - w * b.mean(0),
            "sum over the number": lambda w, x, b: w * (x - b.sum(axis=0) / len(b)),
            "einsum": lambda w, x, b: np.einsum("ij,mij->ij", w, x - b) / b.shape[0],
            "float32": lambda w, x, b: (w * (x - b.mean(0))).astype("float32"),
            "the sign twice": lambda w, x, b: -w * (b.mean(axis=0) - x),
            "a list of means": lambda w, x, b: np.mean([w * (x - one) for one in b], axis=0),
        },
        "wrong": {
            "no baseline": lambda w, x, b: w * x,
            "beside each": lambda w, x, b: w * (x - b),
            "the first baseline": lambda w, x, b: w * (x - b[0]),
            "the last baseline": lambda w, x, b: w * (x - b[-1]),
            "added up": lambda w, x, b: (w * (x - b)).sum(axis=0),
            "one mean for all pixels": lambda w, x, b: w * (x - b.mean()),
            "the mean of rows": lambda w, x, b: w * (x - b.mean(axis=(0, 1))),
            "the other way": lambda w, x, b: w * (b.mean(axis=0) - x),
            "no weights": lambda w, x, b: x - b.mean(axis=0),
            "the whole": lambda w, x, b: (w * (x - b.mean(axis=0))).sum(),
            "sizes": lambda w, x, b: np.abs(w * (x - b.mean(axis=0))),
            "the median": lambda w, x, b: w * (x - np.median(b, axis=0) - 0.1),
        },
    },
    "made_complete": {
        "right": {
            "as in the text": lambda parts, f, f0: parts * (f - f0) / parts.sum(),
            "the factor first": lambda parts, f, f0: parts * ((f - f0) / np.sum(parts)),
            "loops": complete_in_loops,
            "in place": complete_in_place,
            "lists": complete_to_lists,
            "divided": lambda parts, f, f0: parts / (parts.sum() / (f - f0)),
            "np.multiply": lambda parts, f, f0: np.multiply(parts, (f - f0) / parts.sum()),
            "both signs turned": lambda parts, f, f0: parts * (f0 - f) / -parts.sum(),
            "what is missing, by share": lambda parts, f, f0: (
                parts + (f - f0 - parts.sum()) * parts / parts.sum()
            ),
            "float32": lambda parts, f, f0: (parts * (f - f0) / parts.sum()).astype("float32"),
        },
        "wrong": {
            "as it is": lambda parts, f, f0: parts,
            "to 1": lambda parts, f, f0: parts / parts.sum(),
            "to the output": lambda parts, f, f0: parts * f / parts.sum(),
            "shared out evenly": lambda parts, f, f0: parts + (f - f0 - parts.sum()) / parts.size,
            "the other way": lambda parts, f, f0: parts * (f0 - f) / parts.sum(),
            "upside down": lambda parts, f, f0: parts * parts.sum() / (f - f0),
            "by sizes": lambda parts, f, f0: parts * (f - f0) / np.abs(parts).sum(),
            "no division": lambda parts, f, f0: parts * (f - f0),
            "by the mean": lambda parts, f, f0: parts * (f - f0) / parts.mean(),
            "the factor": lambda parts, f, f0: (f - f0) / parts.sum(),
            "the error": lambda parts, f, f0: parts.sum() - (f - f0),
            "row by row": lambda parts, f, f0: parts * (f - f0) / parts.sum(axis=1, keepdims=True),
            "sizes": lambda parts, f, f0: np.abs(parts) * (f - f0) / np.abs(parts).sum(),
        },
    },
    "batch_cam": {
        "right": {
            "as in the text": lambda maps, gradients: np.maximum(weighted(maps, gradients), 0),
            "image by image": cam_of_each,
            "loops": cam_in_loops,
            "lists": cam_to_lists,
            "in place": cam_in_place,
            "einsum": lambda maps, gradients: np.maximum(
                np.einsum("nhwk,nk->nhw", maps, gradients.mean(axis=(1, 2))), 0
            ),
            "new axes": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(1, 2))[:, None, None, :]).sum(axis=-1), 0
            ),
            "clip": lambda maps, gradients: weighted(maps, gradients).clip(min=0),
            "where": lambda maps, gradients: np.where(
                weighted(maps, gradients) > 0, weighted(maps, gradients), 0
            ),
            "negative axes": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(-3, -2), keepdims=True)).sum(axis=-1), 0
            ),
        },
        "wrong": {
            "not cut off": weighted,
            "place by place": lambda maps, gradients: np.maximum((maps * gradients).sum(axis=-1), 0),
            "weights of the whole batch": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(0, 1, 2))).sum(axis=-1), 0
            ),
            "as if channels came second": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(2, 3), keepdims=True)).sum(axis=-1), 0
            ),
            "as if there were no batch": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(0, 1), keepdims=True)).sum(axis=-1), 0
            ),
            "the sum of the gradients": lambda maps, gradients: np.maximum(
                (maps * gradients.sum(axis=(1, 2), keepdims=True)).sum(axis=-1), 0
            ),
            "the mean over channels": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(1, 2), keepdims=True)).mean(axis=-1) / 2, 0
            ),
            "channels not added up": lambda maps, gradients: np.maximum(
                maps * gradients.mean(axis=(1, 2), keepdims=True), 0
            ),
            "cut off first": lambda maps, gradients: np.maximum(
                maps * gradients.mean(axis=(1, 2), keepdims=True), 0
            ).sum(axis=-1),
            "weights cut off": lambda maps, gradients: np.maximum(
                (maps * np.maximum(gradients.mean(axis=(1, 2), keepdims=True), 0)).sum(axis=-1), 0
            ),
            "what is positive cut off": lambda maps, gradients: np.minimum(weighted(maps, gradients), 0),
            "sizes": lambda maps, gradients: np.abs(weighted(maps, gradients)),
            "swapped": lambda maps, gradients: np.maximum(weighted(gradients, maps), 0),
            "the first image": lambda maps, gradients: np.maximum(weighted(maps, gradients), 0)[0],
        },
    },
    "logit_of_nothing": {
        "right": {
            "exact": END,
            "read a bit high": END + 0.3,
            "read a bit low": END - 0.3,
            "one digit": 0.6,
            "NumPy": np.float32(END),
            "an array": np.array(END),
        },
        "wrong": {
            "where the curves begin": END + 1.2,
            "zero": 0.0,
            "the sign": -END,
            "the lowest point": END - 2.9,
            "a percentage": 100,
            "a word": "low",
        },
    },
    "what_the_tag_is": {
        "right": {
            "both": "ac",
            "the other way": "ca",
            "capitals": "AC",
            "a list": ["a", "c"],
            "a set": {"a", "c"},
            "a comma": "a, c",
        },
        "wrong": {
            "the place counts": "c",
            "any gray will do": "a",
            "the ground": "b",
            "the ground is not needed": "acd",
            "all": "abcd",
            "the ground as well": "abc",
            "no such letter": "ae",
        },
    },
}
