"""Figures of a classifier: curves over all thresholds, decisions, scores."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sklearn.metrics as _sklearn
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from medlab import checks
from medlab.plots import canvas
from medlab.text import percent

Columns = Mapping[str, ArrayLike]
_MANY = 8
_CHANCE: dict[str, Any] = {"color": canvas.GRAY, "linewidth": 1, "linestyle": (0, (1, 3))}


def roc(targets: Columns, scores: Columns, threshold: float | None = None) -> canvas.Picture:
    """Draw ROC curves with their AUC, the chance line and the point where the threshold puts each.

    Parameters
    ----------
    targets, scores : dict of arrays, shape (N,)
        Truth (0 or 1) and probability by the curve's name: ``evaluation.targets`` and
        ``evaluation.predictions``, or what ``evaluation.one_vs_rest()`` returns.
    threshold : float or None
        Above or at it an image is called positive.
    """
    pairs = _pairs(targets, scores)
    areas = {name: float(_sklearn.roc_auc_score(*pair)) for name, pair in pairs.items()}
    picture, axis = _square(areas, "ROC curves", "AUC ")
    axis.plot([0, 1], [0, 1], **_CHANCE, label="chance, AUC 0.5")
    for i, (name, (truth, values)) in enumerate(pairs.items()):
        rate, sensitivity, _ = _sklearn.roc_curve(truth, values)
        label = f"{canvas.in_legend(name)}, AUC {areas[name]:.3f}"
        axis.plot(rate, sensitivity, **canvas.curve_style(i), label=label)
        if threshold is not None:
            called = values >= threshold
            _mark(axis, i, called[truth == 0].mean(), called[truth == 1].mean())
    _finish(axis, threshold, "false positive rate (1 − specificity)", "sensitivity")
    _legend(axis, len(pairs), loc="lower right")
    return picture


def precision_recall(targets: Columns, scores: Columns, threshold: float | None = None) -> canvas.Picture:
    """Draw precision against sensitivity, with average precision and each prevalence as the chance line.

    Parameters are those of `roc`.
    """
    pairs = _pairs(targets, scores)
    means = {name: float(_sklearn.average_precision_score(*pair)) for name, pair in pairs.items()}
    picture, axis = _square(means, "Precision-recall curves", "")
    for i, (name, (truth, values)) in enumerate(pairs.items()):
        precision, recall, _ = _sklearn.precision_recall_curve(truth, values)
        style, label = canvas.curve_style(i), f"{canvas.in_legend(name)}, average precision {means[name]:.3f}"
        axis.plot(recall, precision, **style, label=label, drawstyle="steps-pre")
        axis.axhline(truth.mean(), **{**_CHANCE, "color": style["color"]})
        if threshold is not None and (called := values >= threshold).any():
            _mark(axis, i, called[truth == 1].mean(), truth[called].mean())
    axis.plot([], [], **_CHANCE, label="chance: the prevalence")
    _finish(axis, threshold, "sensitivity (recall)", "precision")
    # Under the axes: these curves may run through any corner.
    columns = 1 if max(map(len, pairs)) > 12 else 2
    _legend(axis, len(pairs), loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=columns)
    return picture


def confusion(matrix: ArrayLike, class_names: Sequence[str]) -> canvas.Picture:
    """Draw a confusion matrix: counts, and shares of each true class.

    Parameters
    ----------
    matrix : array, shape (K, K), counts
        Rows are the truth, columns the prediction.
    class_names : K names in the order of the rows
        For a binary task the negative class comes first.
    """
    counts = np.asarray(matrix)
    k = len(class_names)
    if counts.shape != (k, k):
        msg = f"matrix must have shape ({k}, {k}) for {k} class names, got {counts.shape}."
        raise ValueError(msg)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [canvas.short(name) for name in class_names]
    longest = max(map(len, names))
    side = min(canvas.WIDTH_IN - 0.8 - 0.1 * longest, max(2.8, 0.85 * k))
    wide = k > 3 or k * longest > 10 * side
    alt = "Confusion matrix. " + "; ".join(
        f"true {name}: {', '.join(f'{n} called {other}' for n, other in zip(row, class_names, strict=True))}"
        for name, row in zip(class_names, counts, strict=True)
    )
    picture, (axis, *_) = canvas.panels(
        width_in=side + 0.8 + 0.1 * longest, height_in=side + 0.8 + 0.075 * longest * wide, alt=f"{alt}."
    )
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = min(11.0, 72 * side / k / 5.2)  # five characters fit into a cell
    for i, j in itertools.product(range(k), range(k)):
        text = f"{counts[i, j]:,}\n{percent(shares[i, j])}"
        color = "white" if shares[i, j] > 0.55 else "black"
        axis.text(j, i, text, ha="center", va="center", color=color, fontsize=size)
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if wide else {}
    axis.set_xticks(range(k), names, **turn)
    axis.set_yticks(range(k), names)
    axis.grid(visible=False)
    axis.set(xlabel="predicted", ylabel="true (row = 100 %)")
    return picture


def reliability(tables: Mapping[str, Any]) -> canvas.Picture:
    """Draw which share of the images is positive against the probability that they were given.

    Parameters
    ----------
    tables : dict of tables, each column of shape (B,)
        By the curve's name, with the columns images, probability, share, low and high that
        ``evaluation.calibration.reliability`` gives.
    """
    columns = ("images", "probability", "share", "low", "high")
    drawn = {name: {key: np.asarray(table[key], float) for key in columns} for name, table in tables.items()}
    apart = [
        f"{name} {np.average(np.abs(table['share'] - table['probability']), weights=table['images']):.3f}"
        for name, table in drawn.items()
    ]
    alt = f"Reliability diagram. Mean distance from the diagonal: {', '.join(apart)}."
    picture, (axis, *_) = canvas.panels(width_in=9.2 if len(drawn) > _MANY else 5.2, height_in=5.0, alt=alt)
    axis.plot([0, 1], [0, 1], **_CHANCE, label="share = probability")
    for i, (name, table) in enumerate(drawn.items()):
        lengths = np.abs(np.stack([table["low"], table["high"]]) - table["share"])
        style = {**canvas.curve_style(i), **canvas.dot_style(i), "linestyle": "-", "markersize": 5}
        label, bars = canvas.in_legend(name), {"yerr": lengths, "elinewidth": 0.8, "capsize": 2}
        axis.errorbar(table["probability"], table["share"], **bars, **style, label=label)
    _finish(axis, None, "probability (mean of the bin)", "share of positive images")
    _legend(axis, len(drawn), loc="upper left")
    return picture


def score_histogram(
    targets: ArrayLike,
    probabilities: ArrayLike,
    threshold: float | None = None,
    class_names: Sequence[str] = ("negative", "positive"),
    facts: Sequence[tuple[str, str]] = (),
) -> canvas.Picture:
    """Draw how the probabilities of the two classes are spread, and where the threshold cuts.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
    probabilities : array, shape (N,), in [0, 1]
    threshold : float or None
    class_names : names of the negative and the positive class
    facts : (name, value) pairs, as text
        What the threshold means, written beside the histogram.
    """
    truth, values = _pairs({"scores": targets}, {"scores": probabilities})["scores"]
    words = "".join(f" {name} {value}." for name, value in facts)
    alt = f"Histogram of {len(values)} probabilities by true class.{words}"
    size: dict[str, Any] = {"columns": 2, "width_ratios": (3, 2)} if facts else {"width_in": 6.5}
    picture, (axis, *beside) = canvas.panels(height_in=3.2, alt=alt, **size)
    for k, hatch in ((0, ""), (1, "////")):
        chosen, color = values[truth == k], canvas.COLORS[k]
        axis.hist(
            chosen,
            np.linspace(0, 1, 26).tolist(),
            weights=np.full(len(chosen), 100 / len(chosen)),
            histtype="stepfilled",
            label=f"true {canvas.short(class_names[k])} (n = {len(chosen):,})",
            facecolor=(color, 0.25),
            edgecolor=color,
            hatch=hatch,
            linewidth=1.5,
        )
    if threshold is not None:
        axis.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.3g}")
    probability = f"predicted probability of {canvas.short(class_names[1])}"
    axis.set(xlim=(0, 1), xlabel=probability, ylabel="share of the class (%)")
    axis.legend(fontsize=canvas.SMALL)
    for right in beside:
        right.set_axis_off()
        style: dict[str, Any] = {"transform": right.transAxes, "va": "top", "fontsize": canvas.SMALL}
        for row, (name, value) in enumerate(facts):
            right.text(0, 0.97 - row / len(facts), name, **style)
            right.text(1, 0.97 - row / len(facts), value, ha="right", **style)
    return picture


def _pairs(targets: Columns, scores: Columns) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return truth and score by name, if both are there, equally long, finite, of both classes."""
    if set(targets) != set(scores):
        msg = f"targets and scores must have the same names, got {list(targets)} and {list(scores)}."
        raise ValueError(msg)
    pairs = {}
    for name in targets:
        truth, values = np.asarray(targets[name]), checks.finite(f"scores of {name}", scores[name])
        checks.same_length(**{f"targets of {name}": truth, f"scores of {name}": values})
        if set(np.unique(truth)) != {0, 1}:
            msg = f"targets of {name} must hold both 0 and 1, got {np.unique(truth)[:5].tolist()}."
            raise ValueError(msg)
        pairs[name] = (truth, values)
    return pairs


def _square(values: Mapping[str, float], title: str, unit: str) -> tuple[canvas.Picture, Axes]:
    """Return a square panel, with room at its side for the legend of many curves."""
    curves = len(values)
    alt = f"{title}. " + ", ".join(f"{name}: {unit}{value:.3f}" for name, value in values.items())
    width_in = 9.2 if curves > _MANY else 5.2
    picture, axes = canvas.panels(width_in=width_in, height_in=max(5.0, 0.23 * curves + 1), alt=f"{alt}.")
    return picture, axes[0]


def _mark(axis: Axes, number: int, x: float, y: float) -> None:
    axis.plot(x, y, **canvas.dot_style(number), mec="black", ms=7, zorder=3)


def _finish(axis: Axes, threshold: float | None, x_label: str, y_label: str) -> None:
    if threshold is not None:
        axis.plot([], [], "o", color="white", mec="black", ms=7, label=f"at threshold {threshold:.3g}")
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x_label, ylabel=y_label, aspect="equal")


def _legend(axis: Axes, curves: int, **usual: Any) -> None:
    beside = {"loc": "upper left", "bbox_to_anchor": (1.02, 1)}
    axis.legend(fontsize=canvas.SMALL, **(beside if curves > _MANY else usual))
