"""A Keras network as a table of its layers and a drawing of how an image shrinks and deepens in it."""

import html
import math
from typing import Any

from medlab.text import LITERAL, columns, html_table

DRAWN = 40  # layers in a drawing; more would be lines
_TALLEST, _WIDEST = 90, 34
_COLORS = {"Conv": "#0072B2", "Dense": "#D55E00", "Pool": "#009E73", "LSTM": "#CC79A7", "GRU": "#CC79A7"}


def layers(model: Any) -> list[dict[str, Any]]:
    """Return name, kind, output shape (without the batch) and weights of each layer."""
    return [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output": _shape(layer),
            "weights": int(layer.count_params()) if layer.built else None,
        }
        for layer in model.layers
    ]


def _shape(layer: Any) -> list[int | None] | None:
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return None  # not built, or used twice
    return list(shape[1:])


def count(model: Any) -> dict[str, int] | None:
    """Return all weights and those that training changes; None for a network that is not built."""
    if not model.built:
        return None
    trainable = sum(math.prod(variable.shape) for variable in model.trainable_weights)
    return {"all": int(model.count_params()), "trainable": int(trainable)}


def text(model: Any, rows: list[dict[str, Any]]) -> str:
    """Return the table as text."""
    cells = [list(_in_words(row).values()) for row in rows]
    return f"{model.name}: {_sum(model)}\n" + columns([["layer", "kind", "output", "weights"], *cells])


def page(model: Any, rows: list[dict[str, Any]]) -> str:
    """Return the table and the drawing as HTML."""
    table = html_table([_in_words(row) for row in rows]) if rows else ""
    head = f"<b {LITERAL}>{html.escape(model.name)}</b>: {_sum(model)}"
    return f"<div>{head}{drawing(rows)}{table}</div>"


def _in_words(row: dict[str, Any]) -> dict[str, str]:
    weights = "?" if row["weights"] is None else f"{row['weights']:,}"
    return {**row, "output": _size(row["output"]), "weights": weights}


def _sum(model: Any) -> str:
    weights = count(model)
    if weights is None:
        return "not built yet, so nobody knows its weights"
    return f"{weights['all']:,} weights, {weights['trainable']:,} of them trainable"


def _size(shape: list[int | None] | None) -> str:
    return "?" if shape is None else " × ".join("any" if n is None else str(n) for n in shape) or "one number"


def drawing(rows: list[dict[str, Any]]) -> str:
    """Return an SVG: a box a layer, as high as its map, as wide as it has channels (both on a root scale)."""
    known = [row for row in rows if row["output"] and all(row["output"])][:DRAWN]
    if not known:
        return ""
    largest = max(_side(row["output"]) for row in known)
    parts, x = [], 4.0
    for row in known:
        high = max(6.0, _TALLEST * math.sqrt(_side(row["output"]) / largest))
        wide = 6 + _WIDEST * min(1.0, math.log2(1 + row["output"][-1]) / 9)
        color = next((c for kind, c in _COLORS.items() if kind in row["kind"]), "#888888")
        title = html.escape(f"{row['layer']}: {row['kind']}, {_size(row['output'])}")
        parts.append(
            f"<rect x='{x:.0f}' y='{4 + (_TALLEST - high) / 2:.0f}' width='{wide:.0f}' height='{high:.0f}' "
            f"fill='{color}' fill-opacity='0.6' stroke='{color}'><title>{title}</title></rect>"
        )
        x += wide + 5
    words = "A box a layer: as high as its map, as wide as it has channels"
    return (
        f"<svg role='img' aria-label='{html.escape(words)}' width='{x:.0f}' height='{_TALLEST + 8}'>"
        f"{''.join(parts)}</svg>"
        f"<div style='font-size:smaller'>{words}. Blue: convolution, green: pooling, red: dense.</div>"
    )


def _side(shape: list[int]) -> int:
    return shape[0] if len(shape) > 1 else 1
