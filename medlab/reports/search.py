"""Search a series for findings: the places that a network proposes, measured, beside what a reader marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from medlab import models
from medlab.data import intensity, phantoms, volumes
from medlab.data.volumes import Finding, Volume
from medlab.data.volumes.contours import of_mask
from medlab.data.volumes.masks import mask_like
from medlab.data.volumes.resampling import grid_around
from medlab.evaluation.evaluations import plain
from medlab.reports.marked_series import check_detector, measure_finding, read_search, write_masks
from medlab.reports.report_page import write_whole
from medlab.reports.search_page import search_findings
from medlab.reports.study import Study

_LISTED = 20  # candidates that are measured and written
_INDEX = ["z", "y", "x"]


class Search(NamedTuple):
    """What a network proposes in a series, and what a reader marked there.

    Attributes
    ----------
    bundle : medlab.models.Bundle
    series : Volume
    drawn : Volume of bool
        Where the network's probability of a finding is at least 0.5, on the grid of the series.
    candidates : DataFrame
        The highest score first: ``score``, and ``z``, ``y``, ``x``, the voxel of the series.
    findings : list of Finding
        What was marked.
    notes : list of str
    simulated : bool
        Whether the series is.
    """

    bundle: models.Bundle
    series: Volume
    drawn: Volume
    candidates: pd.DataFrame
    findings: list[Finding]
    notes: list[str]
    simulated: bool

    @property
    def places(self) -> NDArray[np.int64]:
        """Voxels of the candidates, shape (N, 3)."""
        return self.candidates[_INDEX].to_numpy()


def open_search(
    model: str | Path,
    image: str | None = None,
    contours: str | None = None,
    *,
    allow_missing: bool = False,
    threshold: float = 0.1,
    seed: int = 0,
) -> Search:
    """Read a model folder and a series, and let the network search it.

    Parameters
    ----------
    model : path of a model folder
        Of a 3-D U-Net with two classes.
    image : str or None
        Path of a DICOM series or NIfTI file of CT; None: a simulated chest with its true nodules.
    contours : str or None
        Path of what a reader marked in it: see `medlab.data.volumes.read_contours`.
    allow_missing : bool
        Whether contours on slices that the series does not have are left out, and counted.
    threshold : float in [0, 1]
        Lowest score of a candidate.
    seed : int
        Of the simulated chest.

    Returns
    -------
    search : Search
    """
    bundle = models.load(Path(model).expanduser())
    check_detector(bundle.facts)
    if image is None:
        series, findings, notes = _simulated(seed)
    else:
        series, findings, notes = read_search(bundle.facts, image, contours, allow_missing=allow_missing)
    spacing, patch = bundle.facts["spacing_mm"], bundle.facts["input_shape"][:-1]
    # At the spacing that the network knows; where a series is smaller than its patch, with air around it.
    sides = np.maximum(np.round(np.divide(series.size_mm, spacing)).astype(int), patch)
    grid = grid_around(series, np.subtract(series.shape, 1) / 2, sides.tolist(), spacing)
    gray = np.rint(
        255 * intensity.window(volumes.resample(series, like=grid).array, *bundle.facts["window_hu"])
    )
    probability = 1 - bundle.predict(gray[np.newaxis, ..., np.newaxis])[0, ..., 0]
    heat = replace(grid, array=probability, units="probability")
    table = models.candidates(probability, spacing, threshold=threshold)
    index = series.to_index(heat.to_world(table[_INDEX].to_numpy().astype(float)))
    table[_INDEX] = np.clip(np.rint(index), 0, np.subtract(series.shape, 1)).astype(int)
    drawn = mask_like(series, volumes.resample(heat, like=series).array >= 0.5)
    return Search(bundle, series, drawn, table[["score", *_INDEX]], findings, notes, image is None)


def _simulated(seed: int) -> tuple[Volume, list[Finding], list[str]]:
    """Return a simulated chest with its true nodules."""
    drawn = phantoms.thorax(1, volumes=True, n_nodules=(3, 3), seed=(seed, 5))
    spacing_mm: Any = drawn.spacing_mm
    series = Volume(drawn.images_hu[0, ..., 0], spacing_mm, modality="CT", units="HU")
    part, count = ndimage.label(drawn.labels[0] == phantoms.STRUCTURES.index("nodule"), np.ones((3, 3, 3)))
    masks = [mask_like(series, part == number) for number in range(1, count + 1)]
    return (
        series,
        [of_mask(f"contour {n}", mask) for n, mask in enumerate(masks, 1)],
        ["The series is SIMULATED."],
    )


def search_candidates(search: Search) -> tuple[list[dict[str, Any]], dict[str, Volume]]:
    """Measure what the network outlined around its first candidates.

    Returns
    -------
    measured : list of dict
        A row a candidate, in plain types: its place and score, and the size and density of the outlined
        part that it lies in, if any.
    masks : dict from str to Volume of bool
        The parts by the name of their first candidate.
    """
    parts, _ = ndimage.label(search.drawn.array, np.ones((3, 3, 3)))
    measured, masks, seen = [], {}, set()
    for number, row in enumerate(search.candidates[:_LISTED].to_dict("records"), 1):
        name, index = f"candidate {number}", (int(row["z"]), int(row["y"]), int(row["x"]))
        facts: dict[str, Any] = {"finding": name, "slice": index[0] + 1, "note": ""}
        if part := int(parts[index]):
            mask = mask_like(search.series, parts == part)
            facts = {**measure_finding(Finding(name, index, mask), search.series), "slice": index[0] + 1}
            if part not in seen:
                masks[name] = mask
            seen.add(part)
        measured.append({**facts, "score": row["score"], "row": index[1], "column": index[2]})
    return measured, masks


def best_candidates(search: Search) -> list[dict[str, Any]]:
    """Return, for each thing that was marked, its best candidate: the highest within, else the nearest.

    Returns
    -------
    rows : list of dict
        ``finding``, ``slice``, its measures; ``candidate`` (number, by score) and its ``score``, None where
        there is no candidate at all; ``distance_mm`` from the middle of the finding; ``within``, whether
        the candidate's voxel lies in the mask, or in the box on its slice.
    """
    places, rows = search.places, []
    for finding in search.findings:
        row = measure_finding(finding, search.series)
        away_mm = np.linalg.norm(
            search.series.to_world(places.astype(float)) - search.series.to_world(finding.center), axis=-1
        )
        within = np.array([finding.holds(place) for place in places.tolist()], bool)
        best: dict[str, Any] = {"candidate": None, "score": None, "distance_mm": None, "within": False}
        if len(places):
            chosen = int(within.argmax() if within.any() else away_mm.argmin())
            score = float(search.candidates["score"].iloc[chosen])
            best = {"candidate": chosen + 1, "score": score, "distance_mm": float(away_mm[chosen])}
            best["within"] = bool(within.any())
        rows.append({**row, **best})
    return rows


def write_search(
    study: Study,
    search: Search,
    measured: list[dict[str, Any]],
    masks: dict[str, Volume],
    best: list[dict[str, Any]],
) -> tuple[dict[str, Any], str]:
    """Write ``case.json``, ``candidates.csv`` and masks; return the first, and words on the last."""
    facts = search.bundle.facts
    written = write_masks(study.folder, masks, search.series, "nodule", f"medlab {facts['network']}")
    search.candidates.to_csv(study.folder / "candidates.csv", index=False)
    subject = "A SIMULATED series" if search.simulated else "A series of your own"
    title = f"{subject}, searched by a model of {facts['dataset']}"
    wanted = "network task dataset simulated class_names training_data_fingerprint seed metrics"
    content = {
        "schema": 1,
        "report": study.name,
        "simulated": search.simulated,
        "candidates": plain(measured),
        "marked": plain(best),
        "model": {name: facts[name] for name in wanted.split()},
        "parameters": study.values,
        "notes": search.notes,
        "summary": [
            title,
            *search_findings(search, best),
            "Teaching and research software, not a medical device.",
        ],
    }
    write_whole(study.folder / "case.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content, written
