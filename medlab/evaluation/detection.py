"""How many lesions a detector finds, and at how many false alarms a scan: FROC, with intervals by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import distance

from medlab import checks
from medlab.evaluation import intervals
from medlab.metrics import UndefinedError

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # false positives a scan, those of LUNA16
POINT = ["z_mm", "y_mm", "x_mm"]


@dataclass(frozen=True)
class Froc:
    """Free-response ROC curve of a detector, and its sensitivity at fixed rates of false positives.

    Attributes
    ----------
    curve : DataFrame, one row for each threshold
        ``threshold``, falling; ``false_positives_per_scan`` and ``sensitivity`` of the candidates whose
        score is at least the threshold. Candidates of equal score enter together.
    sensitivity : DataFrame, indexed by false positives a scan, 1/8 to 8
        ``sensitivity``, ``low`` and ``high``, its 95 % interval.
    score : float in [0, 1]
        Mean of the seven sensitivities, as in LUNA16.
    interval : (low, high)
        Of the score; NaN where there is none.
    reason : str
        Why there are no intervals; empty where there are.
    n_scans, n_lesions : int
    n_found : int
        Lesions hit by a candidate of any score.
    n_repeated : int
        Further candidates in a lesion that one of higher score has found: neither right nor wrong.
    """

    curve: pd.DataFrame
    sensitivity: pd.DataFrame
    score: float
    interval: intervals.Interval
    reason: str
    n_scans: int
    n_lesions: int
    n_found: int
    n_repeated: int


def match(candidates: pd.DataFrame, lesions: pd.DataFrame) -> NDArray[np.int64]:
    """Return the lesion that each candidate hits.

    Parameters
    ----------
    candidates : DataFrame
        ``scan``, and its center ``z_mm``, ``y_mm``, ``x_mm``.
    lesions : DataFrame
        The same, and ``diameter_mm``.

    Returns
    -------
    hits : int64 array, shape (N,)
        Row of `lesions`, counted from 0, in whose radius the candidate's center lies, the surface
        included; -1 where there is none. Within several lesions it hits the nearest, and of equally near
        ones the first.

    Raises
    ------
    ValueError
        If a column is missing, a number NaN, or a diameter not positive.

    Examples
    --------
    >>> lesions = pd.DataFrame({"scan": ["a"], "z_mm": [0.0], "y_mm": 0.0, "x_mm": 0.0, "diameter_mm": 8.0})
    >>> candidates = lesions.loc[[0, 0, 0]].assign(scan=["a", "a", "b"], z_mm=[4.0, 4.1, 0.0])
    >>> match(candidates, lesions).tolist()
    [0, -1, -1]
    """
    _columns("candidates", candidates, ["scan", *POINT])
    _columns("lesions", lesions, ["scan", *POINT, "diameter_mm"])
    radius_mm = checks.positive("diameter_mm", lesions["diameter_mm"], "Leave out what has no size.") / 2
    centers = checks.finite("candidates", candidates[POINT])
    places = checks.finite("lesions", lesions[POINT])
    hits = np.full(len(candidates), -1)
    in_scan = candidates.groupby("scan").indices
    for scan, rows in lesions.groupby("scan").indices.items():
        if scan in in_scan:
            apart_mm = distance.cdist(centers[in_scan[scan]], places[rows])
            apart_mm[apart_mm > radius_mm[rows]] = np.inf
            nearest = apart_mm.argmin(axis=1)
            hits[in_scan[scan]] = np.where(np.isfinite(apart_mm.min(axis=1)), rows[nearest], -1)
    return hits


def froc(
    candidates: pd.DataFrame,
    lesions: pd.DataFrame,
    scans: ArrayLike,
    *,
    hits: ArrayLike | None = None,
    groups: intervals.Groups = None,
    n: int = 1000,
    seed: int = 0,
) -> Froc:
    """Return how sensitive a detector is at 1/8 to 8 false positives a scan.

    Parameters
    ----------
    candidates : DataFrame
        ``scan`` and ``score``, higher where a lesion is more likely; for `match`, their centers as well.
    lesions : DataFrame
        ``scan``; for `match`, center and diameter.
    scans : array, shape (S,)
        All scans that were read, also those without lesions or candidates: false alarms are counted per
        scan.
    hits : int array, shape (N,), or None
        Lesion that each candidate hits, or -1, by another rule, as by masks: number the lesions in each mask
        and look up the voxel of the center. None: that of `match`.
    groups : array, shape (S,), or None
        Patient of each scan: patients are drawn, with all their scans. None draws scans.
    n : int
        Number of resamples.
    seed : int

    Returns
    -------
    froc : Froc
        A lesion is found by its candidate of highest score. Its further candidates count neither as found nor
        as false positives; all candidates that hit no lesion are false positives. The sensitivity at a rate
        is that of the lowest threshold whose false positives per scan do not exceed it, without
        interpolation, which LUNA16's own script adds: it is never lower than this.

    Raises
    ------
    ValueError
        If a column is missing, a score NaN, a scan not among `scans` or twice in them, or a hit lies in
        another scan.
    UndefinedError
        If there are no lesions.

    Notes
    -----
    Setio et al. 2017 (LUNA16), doi 10.1016/j.media.2017.06.015. There, a candidate within two lesions finds
    both, and one on the surface none.

    Examples
    --------
    One lesion of two is found before the first of two false alarms, the other one never:

    >>> candidates = pd.DataFrame({"scan": ["a", "a", "b"], "score": [0.9, 0.8, 0.7]})
    >>> result = froc(candidates, pd.DataFrame({"scan": ["a", "b"]}), ["a", "b"], hits=[0, -1, -1])
    >>> result.score, result.curve["false_positives_per_scan"].tolist()
    (0.5, [0.0, 0.5, 1.0])
    """
    if not len(lesions):
        msg = "Sensitivity needs lesions, got none. Count the false alarms of scans without lesions instead."
        raise UndefinedError(msg)
    scan = _scan_numbers("candidates", candidates, ["scan", "score"], scans)
    lesion_scan = _scan_numbers("lesions", lesions, ["scan"], scans)
    scores = checks.finite("score", candidates["score"]).astype(float)
    hit = match(candidates, lesions) if hits is None else _checked(hits, scan, lesion_scan)

    falling = np.argsort(-scores, kind="stable")
    scores, scan, hit = scores[falling], scan[falling], hit[falling]
    alarm = hit < 0
    finds = ~alarm & ~pd.Series(hit).duplicated().to_numpy()
    last = np.flatnonzero(~pd.Series(scores).duplicated(keep="last"))  # of each equal score

    def at_rates(times: NDArray[np.float64]) -> NDArray[np.float64]:
        alarms, found = np.cumsum(times[scan] * alarm)[last], np.cumsum(times[scan] * finds)[last]
        within = np.searchsorted(alarms, np.multiply(RATES, times.sum()), side="right")
        drawn_lesions = times[lesion_scan].sum()
        sensitivities = np.append(0, found)[within] / (drawn_lesions or np.nan)
        return np.append(sensitivities, sensitivities.mean())

    def statistics(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        columns = np.transpose([at_rates(times) for times in weights])
        return dict(zip([*map(str, RATES), "score"], columns, strict=True))

    n_scans = len(np.asarray(scans))
    values, spans, _ = intervals.measure(statistics, n_scans, groups, n, seed)
    with_lesions = np.isin(np.arange(n_scans), lesion_scan)
    reason = intervals.too_little([with_lesions], intervals.group_numbers(n_scans, groups))
    if reason:
        spans = dict.fromkeys(spans, intervals.NO_INTERVAL)
    rows = {rate: (values[str(rate)], *spans[str(rate)]) for rate in RATES}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["sensitivity", "low", "high"])
    table.index.name = "false_positives_per_scan"
    curve = {
        "threshold": scores[last],
        "false_positives_per_scan": np.cumsum(alarm)[last] / n_scans,
        "sensitivity": np.cumsum(finds)[last] / len(lesions),
    }
    n_found = int(finds.sum())
    counts = (n_scans, len(lesions), n_found, int((~alarm).sum()) - n_found)
    why = reason.replace("image", "scan")
    return Froc(pd.DataFrame(curve), table, values["score"], spans["score"], why, *counts)


def _columns(name: str, table: pd.DataFrame, needed: list[str]) -> None:
    missing = [column for column in needed if column not in table]
    if missing:
        msg = f"{name} must have the columns {', '.join(needed)}; {', '.join(missing)} missing."
        raise ValueError(msg)


def _scan_numbers(name: str, table: pd.DataFrame, needed: list[str], scans: ArrayLike) -> NDArray[np.int64]:
    """Return the index in `scans` of each row's scan."""
    _columns(name, table, needed)
    known = pd.Index(np.asarray(scans))
    if not known.is_unique:
        msg = f"scans must name each scan once, got {int(known.duplicated().sum())} twice. List them once."
        raise ValueError(msg)
    number = known.get_indexer(pd.Index(table["scan"]))
    if strange := int((number < 0).sum()):
        msg = f"scans must name all scans, but {strange} {name} lie in others. List every scan that was read."
        raise ValueError(msg)
    return number


def _checked(hits: ArrayLike, scan: NDArray[np.int64], lesion_scan: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return hits that another rule gave, refused where they name no lesion or one of another scan."""
    checks.same_length(hits=hits, candidates=scan)
    hit = checks.finite("hits", np.asarray(hits, dtype=float)).astype(np.int64)
    own = (hit >= 0) & (hit < len(lesion_scan))
    own[own] = lesion_scan[hit[own]] == scan[own]
    if strange := int((~own & (hit != -1)).sum()):
        msg = (
            f"hits must name a lesion of the candidate's own scan or be -1, got {strange} others. "
            "Count lesions from 0 over all scans, as rows of the table."
        )
        raise ValueError(msg)
    return hit
