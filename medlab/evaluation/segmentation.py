"""How well two masks agree: overlap, distance between surfaces and volume, case by case, with intervals."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage, spatial
from skimage.measure import marching_cubes

from medlab import checks
from medlab.data.volumes import Volume, check_same_grid
from medlab.evaluation import intervals

MEASURES = ("dice", "iou", "hd95_mm", "average_surface_mm", "volume_error_ml", "relative_volume_error")
Labels = Mapping[int, str]


def compare(truth: Volume, predicted: Volume, labels: Labels | None = None) -> pd.DataFrame:
    """Compare a predicted mask with the true one, label by label.

    Parameters
    ----------
    truth, predicted : Volume
        Booleans or whole numbers on one grid; 0 is background. A mask of one slice is compared in its plane.
        An array becomes a volume by ``Volume(mask, spacing_mm)``.
    labels : mapping of int to str, or None
        Name of each label; a mask that holds another one is refused. None: all that either mask holds.

    Returns
    -------
    table : DataFrame, one row for each label
        ``label``, its name, and

        - ``dice``, in [0, 1]: ``2 |A and B| / (|A| + |B|)``; ``iou``, in [0, 1]:
          ``|A and B| / |A or B|``;
        - ``hd95_mm``: from 95 % of the area of one surface, the other one is at most so far; the larger of
          the two directions;
        - ``average_surface_mm``: mean distance from one surface to the other, weighted by area; the mean of
          both directions;
        - ``volume_error_ml``: predicted less true volume; ``relative_volume_error``: its share of the true.

        Both masks empty: nothing is there to be compared, so that all is NaN but the volume error, which is
        0. Only one of them empty: Dice and IoU are 0 and the distances infinite; where it is the true one,
        the relative volume error is NaN.

    Raises
    ------
    ValueError
        If the grids differ, a mask holds fractions or NaN, or a label without a name.

    Notes
    -----
    Surfaces are those of `surface-distance` 0.1 (Nikolov et al. 2021, doi 10.2196/26151), and so are their
    distances: an element of surface lies at each corner shared by voxels inside and outside of the mask,
    with the area that marching cubes gives these eight voxels, and distances run from corner to corner.
    Other tools count voxels instead, or weigh nothing; on one pair of masks, eleven published tools differ
    by more than 100 mm (Podobnik and Vrtovec 2024, arXiv 2410.02630), so say which one a distance
    comes from. The mean of both directions is also called MASD; the pooled ASSD gives more weight to the
    larger surface. Dice and IoU equal those of SimpleITK's ``LabelOverlapMeasuresImageFilter``; its
    ``HausdorffDistanceImageFilter`` measures from all voxels of a mask, not from its surface, and has no
    percentiles.

    Examples
    --------
    >>> truth, predicted = np.zeros((2, 1, 1, 6), dtype=bool)
    >>> truth[..., 1:3] = predicted[..., 1:5] = True
    >>> table = compare(Volume(truth, (1.0, 1.0, 2.0)), Volume(predicted, (1.0, 1.0, 2.0)))
    >>> table.round(3).T[0].tolist()
    ['1', 0.667, 0.5, 4.0, 0.514, 0.004, 1.0]
    """
    check_same_grid(truth=truth, predicted=predicted)
    masks = [_whole_numbers(name, mask) for name, mask in (("truth", truth), ("predicted", predicted))]
    names = _names(masks, labels)
    flat = truth.shape[0] == 1
    spacing_mm = np.array(truth.spacing_mm)
    rows = []
    for label, name in names.items():
        a, b = (mask == label for mask in masks)
        in_a, in_b, both = int(a.sum()), int(b.sum()), int((a & b).sum())
        hd95_mm, average_mm = _surface_measures(*((a[0], b[0]) if flat else (a, b)), spacing_mm[flat:])
        error_ml = (in_b - in_a) * float(spacing_mm.prod()) / 1000
        dice, iou = _share(2 * both, in_a + in_b), _share(both, in_a + in_b - both)
        rows.append((name, dice, iou, hd95_mm, average_mm, error_ml, _share(in_b - in_a, in_a)))
    return pd.DataFrame(rows, columns=["label", *MEASURES])


def segmentation_table(
    truths: Sequence[Volume], predictions: Sequence[Volume], labels: Labels | None = None
) -> pd.DataFrame:
    """Compare the masks of many cases, as `compare` does.

    Parameters
    ----------
    truths, predictions : sequences of Volume, each of length N
        Each pair on one grid; different cases may have different ones.
    labels : mapping of int to str, or None
        As for `compare`; None: all that any of the masks holds, so that each case has a row for each.

    Returns
    -------
    table : DataFrame, one row for each case and label
        ``case``, the index of the pair, and the columns of `compare`.

    Raises
    ------
    ValueError
        As `compare` does, with the index of the case.

    Examples
    --------
    >>> whole, half = np.ones((2, 2, 2)), np.arange(8).reshape(2, 2, 2) < 4
    >>> masks = [Volume(mask, (3.0, 0.8, 0.7)) for mask in (whole, half)]
    >>> segmentation_table([masks[0]] * 2, masks)[["case", "dice"]].round(3).to_numpy().tolist()
    [[0.0, 1.0], [1.0, 0.667]]
    """
    checks.same_length(truths=np.arange(len(truths)), predictions=np.arange(len(predictions)))
    known = labels or _names([mask.array for mask in (*truths, *predictions)], None)
    tables = []
    for case, pair in enumerate(zip(truths, predictions, strict=True)):
        try:
            tables.append(compare(*pair, known).assign(case=case))
        except ValueError as error:
            msg = f"Case {case}: {error}"
            raise ValueError(msg) from error
    return pd.concat(tables, ignore_index=True)[["case", "label", *MEASURES]]


def summary(table: pd.DataFrame, groups: intervals.Groups = None, seed: int = 0) -> pd.DataFrame:
    """Return the mean of each measure over the cases, with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        From `segmentation_table`.
    groups : array, shape (N,), or None
        Patient of each case: patients are drawn. None draws cases.
    seed : int
        Of the resampling.

    Returns
    -------
    summary : DataFrame, one row for each label and measure
        ``label``, ``measure``, ``mean``, ``low``, ``high``, ``cases`` in the mean, ``left_out``, and
        ``reason``, why there is no interval. Cases whose value is NaN or infinite, because a mask is
        empty, are left out and counted: a network that misses lesions altogether has better distances for
        it, so read them beside Dice.

    Examples
    --------
    >>> full, empty = (Volume(make((2, 2, 2)), (3.0, 0.8, 0.7)) for make in (np.ones, np.zeros))
    >>> means = summary(segmentation_table([full, full], [full, empty]))
    >>> means.loc[[0, 2], ["measure", "mean", "cases", "left_out"]].to_numpy().tolist()
    [['dice', 0.5, 2, 0], ['hd95_mm', 0.0, 1, 1]]
    """
    rows = []
    for label, part in table.groupby("label", sort=False):
        patient = intervals.group_numbers(len(part), groups)
        for measure in MEASURES:
            known = np.isfinite(part[measure].to_numpy())
            values = part[measure].to_numpy()[known]
            span, reason = intervals.mean(values, patient[known], seed=seed)
            counts = len(values), len(part) - len(values)
            mean = values.mean() if len(values) else np.nan
            rows.append((label, measure, mean, *span, *counts, reason.replace("image", "case")))
    columns = ["label", "measure", "mean", "low", "high", "cases", "left_out", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _whole_numbers(name: str, mask: Volume) -> NDArray:
    """Return a mask's labels, refused where they are fractions."""
    labels = checks.finite(name, mask.array)
    if labels.dtype.kind == "f" and (labels != np.round(labels)).any():
        msg = f"{name} must hold whole numbers as labels, got fractions. Apply a threshold first."
        raise ValueError(msg)
    return labels


def _names(masks: Sequence[NDArray], labels: Labels | None) -> Labels:
    """Return the name of each label, in order; a label that is not among them is refused."""
    found = sorted({int(label) for mask in masks for label in np.unique(mask[np.isfinite(mask)]) if label})
    unknown = [label for label in found if labels is not None and label not in labels]
    if unknown:
        known = sorted(labels or ())
        msg = f"masks must hold the labels {known} and 0 only, got {unknown}. Name them, or set them to 0."
        raise ValueError(msg)
    # Two empty masks still have a volume error: that of the one label of any mask.
    return labels or {label: str(label) for label in found or [1]}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _surface_measures(a: NDArray, b: NDArray, spacing_mm: NDArray) -> tuple[float, float]:
    """Return the 95 % Hausdorff and the average distance between the surfaces of two masks, in mm."""
    if not (a.any() and b.any()):
        missing = float("inf") if a.any() or b.any() else float("nan")
        return missing, missing
    (near,) = ndimage.find_objects((a | b).astype(np.uint8))
    surfaces = [_surface(mask[near], tuple(spacing_mm.tolist())) for mask in (a, b)]
    worst, means = [], []
    for (corners, areas), (others, _) in (surfaces, surfaces[::-1]):
        nearest = spatial.KDTree(others * spacing_mm).query(corners * spacing_mm)[1]
        # From whole steps, so that equal distances are equal numbers.
        distances_mm = np.sqrt((((corners - others[nearest]) * spacing_mm) ** 2).sum(axis=1))
        order = np.lexsort((areas, distances_mm))
        share = np.cumsum(areas[order]) / areas.sum()
        at = min(int(np.searchsorted(share, 0.95)), len(order) - 1)
        worst.append(distances_mm[order[at]])
        means.append((distances_mm * areas).sum() / areas.sum())
    return float(max(worst)), float(np.mean(means))


def _surface(mask: NDArray, spacing_mm: tuple[float, ...]) -> tuple[NDArray, NDArray]:
    """Return the corners of voxels where a mask's surface lies, in steps along its axes, and their areas."""
    bits = 2 ** np.arange(2**mask.ndim, dtype=np.uint8)[::-1].reshape((2,) * mask.ndim)
    code = ndimage.correlate(np.pad(mask.astype(np.uint8), (0, 1)), bits, mode="constant")
    corners = np.argwhere((code > 0) & (code < bits.sum()))
    return corners, _areas_mm2(spacing_mm)[code[tuple(corners.T)]]


@functools.lru_cache(maxsize=64)
def _areas_mm2(spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the area of surface (in a plane, the length) among the voxels around a corner, by their code."""
    n_codes = 2**2 ** len(spacing_mm)
    scale = np.array((1.0, *spacing_mm)[-3:])
    areas = np.zeros(n_codes)
    for code in range(1, n_codes - 1):
        # In a plane: a slice of 1 mm, the same above and below.
        bits = np.unpackbits(np.uint8(code if n_codes == 256 else code * 17)).reshape(2, 2, 2)
        few = bits if bits.sum() <= 4 else 1 - bits  # inside and outside exchanged: the same surface
        points, faces, *_ = marching_cubes(few.astype(float), 0.5, method="lorensen", allow_degenerate=False)
        corner, second, third = (points.astype(float)[faces[:, i]] * scale for i in range(3))
        areas[code] = np.linalg.norm(np.cross(second - corner, third - corner), axis=1).sum() / 2
    areas.flags.writeable = False
    return areas
