"""Figures of counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medlab.plots import canvas


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
        got = {name: list(found) for name, found in counts.items()}
        msg = f"counts must name the same classes for each split, got {got}."
        raise ValueError(msg)
    bars = len(splits) * len(classes)
    alt = "; ".join(f"{s}: " + ", ".join(f"{n} {label}" for label, n in counts[s].items()) for s in splits)
    picture, (axis, *_) = canvas.panels(
        height_in=0.8 + 0.2 * bars + 0.1 * len(classes), alt=f"Images. {alt}."
    )
    highest = 0.0
    for i, split in enumerate(splits):
        whole = max(1, totals[split] if totals else sum(counts[split].values()))
        shares = [100 * counts[split][label] / whole for label in classes]
        places = [k + (i - (len(splits) - 1) / 2) * 0.8 / len(splits) for k in range(len(classes))]
        style: dict[str, Any] = {
            "color": canvas.COLORS[i % 7],
            "hatch": canvas.HATCHES[i % 4],
            "edgecolor": "white",
        }
        drawn = axis.barh(places, shares, 0.8 / len(splits), label=split, **style)
        labels = [f"{counts[split][k]:,} ({share:.0f} %)" for k, share in zip(classes, shares, strict=True)]
        axis.bar_label(drawn, labels, padding=3, fontsize=canvas.SMALL)
        highest = max(highest, *shares)
    axis.set_yticks(range(len(classes)), map(canvas.short, classes))
    axis.set_ylim(len(classes) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, 1.2 * highest or 1)
    axis.set_xlabel("share of the split's images (%)")
    # Outside: bars of any length stay free of it.
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=canvas.SMALL)
    return picture
