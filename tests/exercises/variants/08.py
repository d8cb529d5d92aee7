"""Answers to the exercises of 08_explain as learners write them, right and wrong."""

from __future__ import annotations

import math

import numpy as np


def contributions_in_a_loop(weights, x, baseline):
    result = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        result[place] = weights[place] * (x[place] - baseline[place])
    return result


def contributions_flat(weights, x, baseline):
    rows = zip(weights.ravel(), x.ravel(), baseline.ravel(), strict=True)
    return np.array([w * (a - b) for w, a, b in rows]).reshape(x.shape)


def contributions_in_place(weights, x, baseline):
    x -= baseline
    x *= weights
    return x


def contributions_one_by_one(weights, x, baseline):
    def output(image):
        return float((weights * image).sum())

    result = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        changed = baseline.copy()
        changed[place] = x[place]
        result[place] = output(changed) - output(baseline)
    return result


def error_in_loops(parts, output, output_of_baseline):
    total = 0.0
    for row in range(parts.shape[0]):
        for column in range(parts.shape[1]):
            total += parts[row, column]
    return total - (output - output_of_baseline)


def error_row_by_row(parts, output, output_of_baseline):
    total = 0
    for row in parts:
        for number in row:
            total = total + number
    return total - output + output_of_baseline


def error_in_place(parts, output, output_of_baseline):
    parts = parts.ravel()
    parts[0] -= output - output_of_baseline
    return np.sum(parts)


def cam_in_loops(maps, gradients):
    height, width, channels = maps.shape
    result = np.zeros((height, width))
    for k in range(channels):
        result += gradients[:, :, k].mean() * maps[:, :, k]
    return np.maximum(result, 0)


def cam_to_lists(maps, gradients):
    height, width, channels = maps.shape
    weights = [gradients[..., k].sum() / (height * width) for k in range(channels)]
    return [
        [max(0.0, sum(weights[k] * maps[i, j, k] for k in range(channels))) for j in range(width)]
        for i in range(height)
    ]


def cam_in_place(maps, gradients):
    result = maps @ gradients.reshape(-1, gradients.shape[-1]).mean(axis=0)
    result[result < 0] = 0
    return result


def cam_channels_first(maps, gradients):
    maps, gradients = np.moveaxis(maps, -1, 0), np.moveaxis(gradients, -1, 0)
    weights = gradients.mean(axis=(1, 2))
    return (weights[:, None, None] * maps).sum(axis=0).clip(min=0)


def weighted(maps, gradients):
    return (maps * gradients.mean(axis=(0, 1))).sum(axis=-1)


def scaled(cam):
    return cam / max(cam.max(), 1e-9)


def mass_in_loops(parts, mask):
    inside = total = 0.0
    for i in range(parts.shape[0]):
        for j in range(parts.shape[1]):
            total += abs(parts[i, j])
            if mask[i, j]:
                inside += abs(parts[i, j])
    return inside / total


def mass_in_place(parts, mask):
    parts[parts < 0] *= -1
    parts /= parts.sum()
    parts[~mask] = 0
    return parts.sum()


def mass_of_rows(parts, mask):
    sizes = [abs(number) for row in parts for number in row]
    inside = [bool(flag) for row in mask for flag in row]
    return sum(size for size, flag in zip(sizes, inside, strict=True) if flag) / sum(sizes)


VARIANTS = {
    "contributions": {
        "right": {
            "as in the text": lambda weights, x, baseline: weights * (x - baseline),
            "a loop": contributions_in_a_loop,
            "flat and back": contributions_flat,
            "in place": contributions_in_place,
            "one pixel at a time": contributions_one_by_one,
            "two products": lambda weights, x, baseline: weights * x - weights * baseline,
            "np.multiply": lambda weights, x, baseline: np.multiply(np.subtract(x, baseline), weights),
            "the sign twice": lambda weights, x, baseline: -weights * (baseline - x),
            "float32": lambda weights, x, baseline: (
                weights.astype("float32") * (x - baseline).astype("float32")
            ),
            "a list": lambda weights, x, baseline: (weights * (x - baseline)).tolist(),
            "einsum": lambda weights, x, baseline: np.einsum("...,...->...", weights, x - baseline),
            "where it differs": lambda weights, x, baseline: np.where(
                x == baseline, 0.0, weights * (x - baseline)
            ),
        },
        "wrong": {
            "no baseline": lambda weights, x, baseline: weights * x,
            "the sum": lambda weights, x, baseline: (weights * (x - baseline)).sum(),
            "the sign": lambda weights, x, baseline: weights * (baseline - x),
            "without signs": lambda weights, x, baseline: np.abs(weights * (x - baseline)),
            "the way without its sign": lambda weights, x, baseline: weights * np.abs(x - baseline),
            "the weight without its sign": lambda weights, x, baseline: np.abs(weights) * (x - baseline),
            "the way alone": lambda weights, x, baseline: x - baseline,
            "the weights": lambda weights, x, baseline: weights,
            "brackets": lambda weights, x, baseline: weights * x - baseline,
            "added": lambda weights, x, baseline: weights * (x + baseline),
            "the baseline's mean": lambda weights, x, baseline: weights * (x - baseline.mean()),
            "positive only": lambda weights, x, baseline: np.maximum(weights * (x - baseline), 0),
            "shares": lambda weights, x, baseline: (
                weights * (x - baseline) / max(np.abs(weights * (x - baseline)).sum(), 1e-9)
            ),
            "turned": lambda weights, x, baseline: (weights * (x - baseline)).T,
            "flat": lambda weights, x, baseline: (weights * (x - baseline)).ravel()[None],
            "squares": lambda weights, x, baseline: weights * (x - baseline) ** 2,
            "rounded": lambda weights, x, baseline: (weights * (x - baseline)).round(2),
            "whole numbers": lambda weights, x, baseline: (weights * (x - baseline)).astype(int),
        },
    },
    "completeness_error": {
        "right": {
            "as in the text": lambda parts, output, output_of_baseline: (
                parts.sum() - (output - output_of_baseline)
            ),
            "loops": error_in_loops,
            "row by row": error_row_by_row,
            "into one number": error_in_place,
            "np.sum": lambda parts, output, output_of_baseline: np.sum(parts) - output + output_of_baseline,
            "one axis after the other": lambda parts, output, output_of_baseline: (
                parts.sum(axis=0).sum() - (output - output_of_baseline)
            ),
            "both axes": lambda parts, output, output_of_baseline: (
                output_of_baseline - output + np.sum(parts, axis=(0, 1))
            ),
            "math.fsum": lambda parts, output, output_of_baseline: (
                math.fsum(parts.ravel()) - (output - output_of_baseline)
            ),
            "einsum": lambda parts, output, output_of_baseline: np.array(
                np.einsum("ij->", parts) - (output - output_of_baseline)
            ),
            "sum of sums": lambda parts, output, output_of_baseline: (
                sum(sum(parts)) - (output - output_of_baseline)
            ),
            "float32": lambda parts, output, output_of_baseline: np.float32(
                parts.astype("float32").sum() - (output - output_of_baseline)
            ),
            "mean times size": lambda parts, output, output_of_baseline: (
                parts.mean() * parts.size - (output - output_of_baseline)
            ),
        },
        "wrong": {
            "without its sign": lambda parts, output, output_of_baseline: abs(
                parts.sum() - (output - output_of_baseline)
            ),
            "sizes of the parts": lambda parts, output, output_of_baseline: (
                np.abs(parts).sum() - (output - output_of_baseline)
            ),
            "the size of the sum": lambda parts, output, output_of_baseline: (
                abs(parts.sum()) - (output - output_of_baseline)
            ),
            "the size of the change": lambda parts, output, output_of_baseline: (
                parts.sum() - abs(output - output_of_baseline)
            ),
            "sizes everywhere": lambda parts, output, output_of_baseline: (
                abs(parts.sum()) - abs(output - output_of_baseline)
            ),
            "the sign": lambda parts, output, output_of_baseline: (output - output_of_baseline) - parts.sum(),
            "no baseline": lambda parts, output, output_of_baseline: parts.sum() - output,
            "the baseline added": lambda parts, output, output_of_baseline: (
                parts.sum() - (output + output_of_baseline)
            ),
            "brackets": lambda parts, output, output_of_baseline: parts.sum() - output - output_of_baseline,
            "swapped": lambda parts, output, output_of_baseline: parts.sum() - (output_of_baseline - output),
            "the mean": lambda parts, output, output_of_baseline: (
                parts.mean() - (output - output_of_baseline)
            ),
            "one axis": lambda parts, output, output_of_baseline: (
                parts.sum(axis=0) - (output - output_of_baseline)
            ),
            "each number": lambda parts, output, output_of_baseline: parts - (output - output_of_baseline),
            "a share": lambda parts, output, output_of_baseline: (
                parts.sum() / (output - output_of_baseline) - 1
            ),
            "never negative": lambda parts, output, output_of_baseline: max(
                0.0, parts.sum() - (output - output_of_baseline)
            ),
            "a square": lambda parts, output, output_of_baseline: (
                (parts.sum() - (output - output_of_baseline)) ** 2
            ),
            "always 0": lambda parts, output, output_of_baseline: 0.0,
            "positive parts": lambda parts, output, output_of_baseline: (
                np.maximum(parts, 0).sum() - (output - output_of_baseline)
            ),
            "rounded": lambda parts, output, output_of_baseline: round(
                float(parts.sum() - (output - output_of_baseline)), 1
            ),
        },
    },
    "cam": {
        "right": {
            "as in the text": lambda maps, gradients: np.maximum(weighted(maps, gradients), 0),
            "loops": cam_in_loops,
            "lists": cam_to_lists,
            "in place": cam_in_place,
            "channels first": cam_channels_first,
            "a product of matrices": lambda maps, gradients: np.maximum(maps @ gradients.mean((0, 1)), 0),
            "einsum": lambda maps, gradients: np.maximum(
                np.einsum("hwk,k->hw", maps, gradients.mean(axis=0).mean(axis=0)), 0
            ),
            "np.where": lambda maps, gradients: np.where(
                weighted(maps, gradients) > 0, weighted(maps, gradients), 0
            ),
            "a product with truth": lambda maps, gradients: (
                weighted(maps, gradients) * (weighted(maps, gradients) > 0)
            ),
            "np.clip": lambda maps, gradients: np.clip(weighted(maps, gradients), 0, None),
            "half of both": lambda maps, gradients: (
                (weighted(maps, gradients) + np.abs(weighted(maps, gradients))) / 2
            ),
            "float32": lambda maps, gradients: np.maximum(
                weighted(maps.astype("float32"), gradients.astype("float32")), 0
            ),
            "np.tensordot": lambda maps, gradients: np.maximum(
                np.tensordot(maps, np.mean(gradients, axis=(0, 1)), axes=1), 0
            ),
            "np.average": lambda maps, gradients: np.maximum(
                maps.reshape(-1, maps.shape[-1]) @ np.mean(gradients, (0, 1)), 0
            ).reshape(maps.shape[:2]),
        },
        "wrong": {
            "negative kept": weighted,
            "without signs": lambda maps, gradients: np.abs(weighted(maps, gradients)),
            "a weight for each place": lambda maps, gradients: np.maximum((maps * gradients).sum(axis=-1), 0),
            "wrong axes": lambda maps, gradients: np.maximum(
                (maps * gradients.mean((1, 2), keepdims=True)).sum(axis=-1), 0
            ),
            "the mean of all gradients": lambda maps, gradients: np.maximum(
                (maps * gradients.mean()).sum(axis=-1), 0
            ),
            "one axis": lambda maps, gradients: np.maximum((maps * gradients.mean(axis=0)).sum(axis=-1), 0),
            "the sum of gradients": lambda maps, gradients: np.maximum(
                (maps * gradients.sum(axis=(0, 1))).sum(axis=-1), 0
            ),
            "the largest gradient": lambda maps, gradients: np.maximum(
                (maps * gradients.max(axis=(0, 1))).sum(axis=-1), 0
            ),
            "the mean over channels": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(0, 1))).mean(axis=-1), 0
            ),
            "the largest channel": lambda maps, gradients: np.maximum(
                (maps * gradients.mean(axis=(0, 1))).max(axis=-1), 0
            ),
            "cut off first": lambda maps, gradients: np.maximum(maps * gradients.mean(axis=(0, 1)), 0).sum(
                axis=-1
            ),
            "weights cut off": lambda maps, gradients: np.maximum(
                (maps * np.maximum(gradients.mean(axis=(0, 1)), 0)).sum(axis=-1), 0
            ),
            "gradients cut off": lambda maps, gradients: np.maximum(
                (maps * np.maximum(gradients, 0).mean(axis=(0, 1))).sum(axis=-1), 0
            ),
            "sizes of the gradients": lambda maps, gradients: np.maximum(
                (maps * np.abs(gradients).mean(axis=(0, 1))).sum(axis=-1), 0
            ),
            "maps cut off": lambda maps, gradients: np.maximum(
                (np.maximum(maps, 0) * gradients.mean(axis=(0, 1))).sum(axis=-1), 0
            ),
            "divided by the largest": lambda maps, gradients: scaled(
                np.maximum(weighted(maps, gradients), 0)
            ),
            "swapped": lambda maps, gradients: np.maximum(weighted(gradients, maps), 0),
            "smaller": lambda maps, gradients: np.minimum(weighted(maps, gradients), 0),
            "channels not added up": lambda maps, gradients: np.maximum(
                maps * gradients.mean(axis=(0, 1)), 0
            ),
            "turned": lambda maps, gradients: np.maximum(weighted(maps, gradients), 0).T,
            "between 0 and 1": lambda maps, gradients: np.clip(weighted(maps, gradients), 0, 1),
            "at most 1": lambda maps, gradients: (
                np.maximum(weighted(maps, gradients), 0) / max(1, weighted(maps, gradients).max())
            ),
            "signs of the gradients": lambda maps, gradients: np.maximum(
                weighted(maps, np.sign(gradients)), 0
            ),
        },
    },
    "mass_inside": {
        "right": {
            "as in the text": lambda parts, mask: np.abs(parts)[mask].sum() / np.abs(parts).sum(),
            "loops": mass_in_loops,
            "in place": mass_in_place,
            "rows": mass_of_rows,
            "products": lambda parts, mask: np.sum(np.abs(parts) * mask) / np.sum(np.abs(parts)),
            "np.where": lambda parts, mask: np.where(mask, abs(parts), 0).sum() / abs(parts).sum(),
            "one minus the outside": lambda parts, mask: 1 - np.abs(parts[~mask]).sum() / np.abs(parts).sum(),
            "inside and outside": lambda parts, mask: (
                np.abs(parts[mask]).sum() / (np.abs(parts[mask]).sum() + np.abs(parts[~mask]).sum())
            ),
            "np.average": lambda parts, mask: np.average(mask, weights=np.abs(parts)),
            "roots of squares": lambda parts, mask: np.sqrt(parts**2)[mask].sum() / np.sqrt(parts**2).sum(),
            "norms": lambda parts, mask: np.linalg.norm(parts[mask], 1) / np.linalg.norm(parts.ravel(), 1),
            "float32": lambda parts, mask: np.array(
                np.abs(parts.astype("float32"))[mask].sum() / np.abs(parts.astype("float32")).sum()
            ),
            "where=": lambda parts, mask: np.abs(parts).sum(where=mask) / np.abs(parts).sum(),
        },
        "wrong": {
            "with signs": lambda parts, mask: parts[mask].sum() / parts.sum(),
            "the size of the sums": lambda parts, mask: abs(parts[mask].sum()) / abs(parts.sum()),
            "the size of the sum inside": lambda parts, mask: abs(parts[mask].sum()) / np.abs(parts).sum(),
            "signs inside": lambda parts, mask: parts[mask].sum() / np.abs(parts).sum(),
            "signs below": lambda parts, mask: np.abs(parts[mask]).sum() / parts.sum(),
            "means": lambda parts, mask: np.abs(parts[mask]).mean() / np.abs(parts).mean(),
            "not divided": lambda parts, mask: np.abs(parts)[mask].sum(),
            "the area": lambda parts, mask: mask.mean(),
            "outside": lambda parts, mask: np.abs(parts)[~mask].sum() / np.abs(parts).sum(),
            "inside over outside": lambda parts, mask: (
                np.abs(parts)[mask].sum() / max(np.abs(parts)[~mask].sum(), 1e-9)
            ),
            "squares": lambda parts, mask: (parts**2)[mask].sum() / (parts**2).sum(),
            "positive only": lambda parts, mask: (
                np.maximum(parts, 0)[mask].sum() / max(np.maximum(parts, 0).sum(), 1e-9)
            ),
            "positive over all": lambda parts, mask: np.maximum(parts, 0)[mask].sum() / np.abs(parts).sum(),
            "the pointing game": lambda parts, mask: float(mask.ravel()[np.abs(parts).argmax()]),
            "the mean inside": lambda parts, mask: np.abs(parts)[mask].mean() / np.abs(parts).sum(),
            "the largest": lambda parts, mask: np.abs(parts)[mask].max(initial=0) / np.abs(parts).max(),
            "percent": lambda parts, mask: 100 * np.abs(parts)[mask].sum() / np.abs(parts).sum(),
            "the number of places": lambda parts, mask: np.abs(parts)[mask].sum() / parts.size,
            "the mask as places": lambda parts, mask: (
                np.abs(parts)[mask.astype(int)].sum() / np.abs(parts).sum()
            ),
            "where the map is not 0": lambda parts, mask: np.mean(mask[parts != 0]),
            "rounded": lambda parts, mask: round(float(np.abs(parts)[mask].sum() / np.abs(parts).sum()), 2),
            "divided by 1 at least": lambda parts, mask: (
                np.abs(parts)[mask].sum() / max(np.abs(parts).sum(), 1)
            ),
            "an epsilon that is too large": lambda parts, mask: (
                np.abs(parts)[mask].sum() / (np.abs(parts).sum() + 1e-3)
            ),
        },
    },
}
