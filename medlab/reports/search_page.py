"""The page of a search: tables, figures and words of a `Search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from IPython.display import Markdown
from numpy.typing import NDArray

from medlab import plots
from medlab.data import intensity, volumes
from medlab.data.volumes.masks import mask_like
from medlab.data.volumes.resampling import grid_around
from medlab.reports.marked_series import measures_table
from medlab.reports.report_text import bullets, markdown
from medlab.text import escape, estimate

if TYPE_CHECKING:
    from medlab.reports.search import Search

_SHOWN = 12  # in a figure
_TILE, _TILE_MM = 96, 1.25  # sides of its images: 120 mm


def candidates_table(measured: list[dict[str, Any]]) -> pd.DataFrame | Markdown:
    """Return the candidates as the page shows them."""
    if not measured:
        return Markdown("*There is no candidate: no probability reaches the threshold.*")
    return measures_table(measured, {"score": "score", "row": "row", "column": "column"})


def best_table(rows: list[dict[str, Any]]) -> pd.DataFrame | Markdown:
    """Return what was marked with its best candidates, as the page shows it."""
    if not rows:
        return Markdown("*Nothing was marked.*")
    named = [{**row, "lies": "inside" if row["within"] else "not inside"} for row in rows]
    heads = {
        "candidate": "best candidate",
        "score": "score",
        "distance_mm": "distance (mm)",
        "lies": "it lies",
    }
    return measures_table(named, heads)


def search_findings(search: Search, rows: list[dict[str, Any]]) -> list[str]:
    """Say in sentences, plain text, what was found, and what was not."""
    count = len(search.candidates)
    told = [f"The network proposes {count} places in {len(search.series.array)} slices."]
    if rows:
        found = sum(row["within"] for row in rows)
        inside = {row["candidate"] for row in rows if row["within"]}
        alone = sum(
            not any(finding.holds(place) for finding in search.findings) for place in search.places.tolist()
        )
        told.append(f"Of {len(rows)} things that were marked, {found} hold a candidate.")
        if inside:
            told.append(f"The first of these is candidate {min(inside)} of {count}.")
        told.append(f"{alone} candidates lie in nothing that was marked: false alarms, or not looked for.")
    return told


def search_figures(search: Search, rows: list[dict[str, Any]]) -> list[plots.Picture]:
    """Draw the first candidates, and what was marked, each in its slice, with outlines."""
    simulated = "simulated, " * search.simulated
    first = search.candidates[: _SHOWN // 2].to_dict("records")
    titles = [
        f"{simulated}candidate {n}, slice {row['z'] + 1}, {row['score']:.2f}"
        for n, row in enumerate(first, 1)
    ]
    pictures = [_tiles(search, search.places[: len(first)].tolist(), titles)] if first else []
    if rows:
        said = (
            f"candidate {row['candidate']}, {row['score']:.2f}" if row["within"] else "none inside"
            for row in rows
        )
        titles = [
            f"{simulated}{row['finding']}, slice {row['slice']}: {text}"
            for row, text in zip(rows, said, strict=True)
        ]
        pictures.append(
            _tiles(search, [finding.center for finding in search.findings][:_SHOWN], titles[:_SHOWN])
        )
    return pictures


def _tiles(search: Search, centers: list[Any], titles: list[str]) -> plots.Picture:
    """Draw a part of a slice around each place, with what was marked and what the network outlined."""
    series = search.series
    marked = np.zeros(series.shape, bool)
    for finding in search.findings:
        if finding.mask is not None:
            marked |= finding.mask.array
        elif finding.box is not None:
            _, z, y0, y1, x0, x1 = finding.box[:6]
            marked[z, y0:y1, x0:x1] = True
    window = search.bundle.facts["window_hu"]
    layers: dict[str, list[NDArray[Any]]] = {"image": [], "marked": [], "network": []}
    for center in centers:
        index = [round(center[0]), *center[1:]]
        grid = grid_around(series, index, (1, _TILE, _TILE), (series.spacing_mm[0], _TILE_MM, _TILE_MM))
        layers["image"].append(intensity.window(volumes.resample(series, like=grid).array[0], *window))
        for name, mask in (("marked", marked), ("network", search.drawn.array)):
            on_tile = volumes.resample(mask_like(series, mask), like=grid, interpolation="nearest")
            layers[name].append(on_tile.array[0])
    gray = np.rint(255 * np.stack(layers.pop("image"))).astype(np.uint8)[..., np.newaxis]
    picture = plots.image_grid(gray, titles, spacing_mm=(_TILE_MM, _TILE_MM), columns=3)
    return plots.add_outlines(picture, {name: np.stack(masks) for name, masks in layers.items()})


def search_limits(search: Search) -> Markdown:
    """Say what the detector learned from, and how unlike that the series is."""
    facts, series = search.bundle.facts, search.series
    learned = "SIMULATED " * facts["simulated"] + f"images ({escape(facts['dataset'])})"
    spacing, here = (
        " x ".join(f"{mm:.3g}" for mm in sides) for sides in (facts["spacing_mm"], series.spacing_mm)
    )
    lines = [f"The network learned from {learned}, with voxels of {spacing} mm. This series has {here} mm."]
    measured = facts["metrics"]
    if "sensitivity_at_1_false_positive" in measured:
        found = estimate(
            measured["sensitivity_at_1_false_positive"], measured["sensitivity_at_1_false_positive_ci"]
        )
        lines.append(
            f"On {measured['n_scans']} simulated chests with {measured['n_nodules']} nodules of "
            f"{measured['smallest_mm']:g} mm and more, it found {found} of them at one false alarm a scan."
        )
    if facts["simulated"] and not search.simulated:
        lines.append(
            "What it says of a real patient is an exercise: nothing like this was among what it learned from."
        )
    return markdown(*bullets([*lines, *map(escape, search.notes)]))
