"""Numbers side by side: results with their intervals, beside the literature or a ceiling; class counts."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from medlab.plots import canvas
from medlab.text import estimate

_CEILINGS = {
    "image": "ceiling: image",
    "clinical": "ceiling: clinical",
    "both": "ceiling: image and clinical",
    "diameter": "diameter alone",
}


def results_vs_published(
    measures: Mapping[str, Any],
    published: Sequence[Mapping[str, Any]] = (),
    ceiling: Mapping[str, float] | None = None,
) -> canvas.Picture:
    """Draw a test result with its interval above the published ones, or beside the known ceiling.

    Parameters
    ----------
    measures : dict
        ``auc``, ``accuracy`` and their ``_ci``: ``evaluation.splits["test"]``.
    published : dicts with ``method``, ``auc``, ``acc``
        Transcribed from the literature, and labelled so.
    ceiling : dict or None
        ``evaluation.ceiling``: of simulated patients.
    """
    name = "this network" + " (95 % interval)" * bool(measures.get("auc_ci"))
    rows: list[tuple[str, str, Mapping[str, Any]]] = [(name, "o", measures)]
    if ceiling is not None:
        rows.append(("this network, expected AUC", "o", {"auc": ceiling["expected_auc"]}))
        rows += [(title, "D", {"auc": ceiling[key]}) for key, title in _CEILINGS.items() if key in ceiling]
    rows += [
        (f"{row['method']} (transcribed)", "s", {**row, "accuracy": row.get("acc")}) for row in published
    ]
    drawn = {"auc": "test AUC"}
    if published:
        drawn["accuracy"] = "test accuracy" + " (at 0.5)" * ("accuracy_at_threshold" in measures)
    areas = [f"{name} {known['auc']:.3f}" for name, _, known in rows if known.get("auc") is not None]
    alt, height_in = f"Test AUC: {'; '.join(areas)}.", 0.9 + 0.36 * len(rows)
    picture, axes = canvas.panels(1, len(drawn), height_in=height_in, alt=alt, sharey=True)
    for axis, (key, title) in zip(axes, drawn.items(), strict=True):
        for place, (_, marker, known) in enumerate(rows):
            _dot(axis, place, known.get(key), known.get(f"{key}_ci"), marker)
        axis.set(xlabel=title, xmargin=0.12)
    _name_rows(axes[0], [name for name, *_ in rows])
    return picture


def estimates(
    rows: Mapping[str, tuple[float, Sequence[float] | None]],
    *,
    measure: str,
    reference: float | None = None,
    reference_name: str = "",
) -> canvas.Picture:
    """Draw estimates below one another, each with its interval.

    Parameters
    ----------
    rows : dict, name to (value, (low, high)) or (value, None)
        Drawn in this order; bounds that are NaN are no interval, as `medlab.evaluation.bootstrap` has it.
    measure : str
        Name of the axis, with its unit and what the interval is.
    reference : float or None
        Drawn as a dashed line: no difference, chance, a ceiling.
    reference_name : str
        What that line is.

    Raises
    ------
    ValueError
        If there are no rows, or an interval does not hold its value.
    """
    if not rows:
        msg = "rows must hold at least one estimate, got none."
        raise ValueError(msg)
    rows = {
        name: (value, None if span is None or np.isnan(span).any() else span)
        for name, (value, span) in rows.items()
    }
    for name, (value, span) in rows.items():
        if span is not None and not span[0] <= value <= span[1]:
            got = f"{span[0]:.4g} to {span[1]:.4g}"
            msg = f"the interval of {name!r} must hold its value {value:.4g}, got {got}."
            raise ValueError(msg)
    alt = "; ".join(f"{name} {estimate(value, span)}" for name, (value, span) in rows.items())
    height_in = 1.1 + 0.36 * len(rows)
    picture, (axis, *_) = canvas.panels(width_in=6.4, height_in=height_in, alt=f"{measure}: {alt}.")
    for place, (value, span) in enumerate(rows.values()):
        _dot(axis, place, value, span, "o")
    if reference is not None:
        axis.axvline(reference, color=canvas.GRAY, linestyle="--", linewidth=1.2, label=reference_name)
        if reference_name:
            axis.legend(fontsize=canvas.SMALL, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    axis.set(xlabel=measure, xmargin=0.12)
    _name_rows(axis, list(rows))
    return picture


def _dot(axis: Axes, place: int, value: float | None, span: Sequence[float] | None, marker: str) -> None:
    if value is None or not np.isfinite(value):
        return
    color = {"o": canvas.BLUE, "s": canvas.GRAY, "D": canvas.VERMILION}[marker]
    fill = color if marker == "o" else "white"
    if span is not None:
        axis.plot(span, [place, place], color=color, linewidth=2, solid_capstyle="butt")
    axis.plot([value], [place], marker, color=color, markerfacecolor=fill, ms=7)
    style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 8}
    # On white: a line of reference may run through it.
    style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    axis.annotate(f"{value:.3f}", (value, place), (0, 6), **style)


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    lines = [textwrap.fill(canvas.short(name, 60), 32) for name in names]
    axis.set_yticks(range(len(names)), lines)
    axis.set_ylim(len(names) - 0.4, -0.75)


def class_counts(
    counts: Mapping[str, Mapping[str, int]], totals: Mapping[str, int] | None = None
) -> canvas.Picture:
    """Draw how many images of each class each split holds.

    Parameters
    ----------
    counts : dict of dict
        Split name to class name to number of images; every split names the same classes.
    totals : dict or None
        Images of each split, where an image can have several labels or none; else the sum of its counts.

    Raises
    ------
    ValueError
        If there is no split, or the splits name different classes.
    """
    splits = list(counts)
    classes = list(counts[splits[0]]) if splits else []
    if not classes or any(list(counts[name]) != classes for name in splits):
        got = {name: list(of_split) for name, of_split in counts.items()}
        msg = f"counts must name the same classes for each split, got {got}."
        raise ValueError(msg)
    alt = "; ".join(f"{s}: " + ", ".join(f"{n} {label}" for label, n in counts[s].items()) for s in splits)
    height_in = 0.8 + (0.2 * len(splits) + 0.1) * len(classes)
    picture, (axis, *_) = canvas.panels(height_in=height_in, alt=f"Images. {alt}.")
    highest = 0.0
    for i, split in enumerate(splits):
        total = max(1, totals[split] if totals else sum(counts[split].values()))
        shares = [100 * counts[split][label] / total for label in classes]
        places = [k + (i - (len(splits) - 1) / 2) * 0.8 / len(splits) for k in range(len(classes))]
        style: dict[str, Any] = {"color": canvas.COLORS[i % 7], "hatch": canvas.HATCHES[i % 4]}
        bars = axis.barh(places, shares, 0.8 / len(splits), label=split, edgecolor="white", **style)
        labels = [f"{counts[split][k]:,} ({share:.0f} %)" for k, share in zip(classes, shares, strict=True)]
        axis.bar_label(bars, labels, padding=3, fontsize=canvas.SMALL)
        highest = max(highest, *shares)
    axis.set_yticks(range(len(classes)), map(canvas.short, classes))
    axis.set_ylim(len(classes) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.set(xlim=(0, 1.2 * highest or 1), xlabel="share of the split's images (%)")
    # Outside: bars of any length stay free of it.
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=canvas.SMALL)
    return picture
