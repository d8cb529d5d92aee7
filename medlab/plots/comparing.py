"""Results side by side: each with its interval, beside the literature or beside a known ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from medlab.plots import canvas
from medlab.text import estimate


def results_vs_published(
    measures: Mapping[str, Any],
    published: Sequence[Mapping[str, Any]] = (),
    ceiling: Mapping[str, float] | None = None,
    *,
    name: str = "this network",
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
    name : str
    """
    rows = _auc_rows(measures, ceiling, name)
    rows += [(f"{row['method']} (transcribed)", row.get("auc"), None, "s") for row in published]
    drawn = {"test AUC": rows}
    if published:
        ours = [(name, measures["accuracy"], measures.get("accuracy_ci"), "o")]
        others = [
            (label, row.get("acc"), None, "s")
            for (label, *_), row in zip(rows[-len(published) :], published, strict=True)
        ]
        gap = [("", None, None, "o")] * (len(rows) - len(published) - 1)
        half = " (at 0.5)" if "accuracy_at_threshold" in measures else ""
        drawn[f"test accuracy{half}"] = ours + gap + others
    alt = "; ".join(f"{label} {value:.3f}" for label, value, *_ in rows if value is not None)
    picture, axes = canvas.panels(
        1, len(drawn), height_in=0.9 + 0.36 * len(rows), alt=f"Test AUC: {alt}.", sharey=True
    )
    for axis, (measure, lines) in zip(axes, drawn.items(), strict=True):
        for place, (_label, value, span, marker) in enumerate(lines):
            _dot(axis, place, value, span, marker)
        axis.set_xlabel(measure)
        axis.margins(x=0.12)
    _name_rows(axes[0], [label for label, *_ in rows])
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
            msg = (
                f"the interval of {name!r} must hold its value {value:.4g}, "
                f"got {span[0]:.4g} to {span[1]:.4g}."
            )
            raise ValueError(msg)
    alt = "; ".join(f"{name} {estimate(value, span)}" for name, (value, span) in rows.items())
    picture, (axis, *_) = canvas.panels(
        width_in=6.4, height_in=1.1 + 0.36 * len(rows), alt=f"{measure}: {alt}."
    )
    for place, (value, span) in enumerate(rows.values()):
        _dot(axis, place, value, span, "o")
    if reference is not None:
        axis.axvline(reference, color=canvas.GRAY, linestyle="--", linewidth=1.2, label=reference_name)
        if reference_name:
            axis.legend(fontsize=canvas.SMALL, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    axis.set_xlabel(measure)
    axis.margins(x=0.12)
    _name_rows(axis, list(rows))
    return picture


def _auc_rows(
    measures: Mapping[str, Any], ceiling: Mapping[str, float] | None, name: str
) -> list[tuple[str, Any, Any, str]]:
    span = measures.get("auc_ci")
    rows = [(name + " (95 % interval)" * bool(span), measures["auc"], span, "o")]
    if ceiling is not None:
        best = {
            "image": "ceiling: image",
            "clinical": "ceiling: clinical",
            "both": "ceiling: image and clinical",
            "diameter": "diameter alone",
        }
        rows.append((f"{name}, expected AUC", ceiling["expected_auc"], None, "o"))
        rows += [(text, ceiling[key], None, "D") for key, text in best.items() if key in ceiling]
    return rows


def _dot(axis: Axes, place: int, value: float | None, span: Sequence[float] | None, marker: str) -> None:
    if value is None or not np.isfinite(value):
        return
    color = {"o": canvas.BLUE, "s": canvas.GRAY, "D": canvas.VERMILION}[marker]
    fill = color if marker == "o" else "white"
    if span is not None:
        axis.plot(span, [place, place], color=color, linewidth=2, solid_capstyle="butt")
    axis.plot([value], [place], marker, color=color, markerfacecolor=fill, ms=7)
    axis.annotate(f"{value:.3f}", (value, place), (0, 6), textcoords="offset points", ha="center", fontsize=8)


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), map(canvas.short, names))
    axis.set_ylim(len(names) - 0.4, -0.75)
