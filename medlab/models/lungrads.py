"""Lung-RADS v2022 by size: the rule that screening reads by, and that a network has to beat."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks

CATEGORIES = ("2", "3", "4A", "4B", "4X")
NODULE_TYPES = ("solid", "part-solid", "non-solid")
# Where category 2 ends and 3, 4A and 4B begin. Part-solid nodules: the first by the whole diameter, the
# others by the solid part's. Non-solid ones never reach 4.
_SOLID_MM = (6.0, 8.0, 15.0)
_PART_SOLID_MM = (6.0, 8.0)
_NON_SOLID_MM = 30.0
# On follow-up: where 3, 4A and 4B begin for a new solid nodule; where 4B begins for a solid part that
# is new or grows, and for a solid nodule that grows.
_NEW_SOLID_MM = (4.0, 6.0, 8.0)
_ACTIVE_CORE_MM, _GROWING_SOLID_MM = 4.0, 8.0
_GROWTH_MM = 1.5  # more than this within 12 months


def lung_rads(
    diameter_mm: ArrayLike,
    nodule_type: ArrayLike,
    solid_mm: ArrayLike | None = None,
    *,
    spiculated: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Return the Lung-RADS v2022 category of nodules seen for the first time (baseline scan).

    Parameters
    ----------
    diameter_mm : array, shape (N,), mm
        Mean of long and short axis; rounded to 0.1 mm first, as the rule asks.
    nodule_type : array, shape (N,), text or index into `NODULE_TYPES`
    solid_mm : array, shape (N,), mm, or None
        Mean diameter of a part-solid nodule's solid part. Needed where there is one.
    spiculated : bool array, shape (N,), or None
        A feature that raises suspicion: category 3 or 4 becomes 4X. None: by size alone.

    Returns
    -------
    category : int64 array, shape (N,)
        Index into `CATEGORIES`, in the order of rising suspicion; `CATEGORIES[i]` is its name.

    Raises
    ------
    ValueError
        If a diameter is not positive, a type unknown, or a part-solid nodule has no solid part.

    Notes
    -----
    Source: American College of Radiology, Lung-RADS v2022; Christensen et al. 2024,
    doi 10.1016/j.jacr.2023.09.009. Left out, because a crop does not show it: benign calcification and fat,
    airway nodules, cysts, juxtapleural nodules, category 0 and modifier S. For later scans, see
    `lung_rads_followup`.

    Examples
    --------
    >>> [CATEGORIES[i] for i in lung_rads([5.9, 7.9, 8.0, 15.0], ["solid"] * 4)]
    ['2', '3', '4A', '4B']
    """
    diameter = checks.positive("diameter_mm", diameter_mm, "Give millimeters, not pixels.").round(1)
    kind = _indices("nodule_type", nodule_type, NODULE_TYPES)
    checks.same_length(diameter_mm=diameter, nodule_type=kind)
    category = np.searchsorted(_SOLID_MM, diameter, side="right")
    part_solid = kind == NODULE_TYPES.index("part-solid")
    if part_solid.any():
        core = _solid_parts(solid_mm, part_solid, diameter)
        by_core = 1 + np.searchsorted(_PART_SOLID_MM, core[part_solid], side="right")
        category[part_solid] = np.where(diameter[part_solid] < _SOLID_MM[0], 0, by_core)
    non_solid = kind == NODULE_TYPES.index("non-solid")
    category[non_solid] = diameter[non_solid] >= _NON_SOLID_MM
    return _raised(category, spiculated)


def lung_rads_followup(
    diameter_mm: ArrayLike,
    nodule_type: ArrayLike,
    solid_mm: ArrayLike | None = None,
    *,
    prior_mm: ArrayLike,
    prior_category: ArrayLike,
    months: ArrayLike,
    prior_solid_mm: ArrayLike | None = None,
    spiculated: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Return the Lung-RADS v2022 category of nodules on a scan that has an earlier one to compare with.

    Parameters
    ----------
    diameter_mm, nodule_type, solid_mm, spiculated
        Of this scan, as for `lung_rads`.
    prior_mm : array, shape (N,), mm
        Mean diameter on the earlier scan; NaN for a nodule that is new.
    prior_category : array, shape (N,), text or index into `CATEGORIES`
        What the nodule was given then; that of a new one is not read.
    months : float, or array of shape (N,), > 0
        From the earlier scan to this one. Whether a nodule has been watched for 3 or 6 months is judged by
        whole months.
    prior_solid_mm : array, shape (N,), mm, or None
        Solid part on the earlier scan, 0 where there was none. Needed for part-solid nodules that are not
        new.

    Returns
    -------
    category : int64 array, shape (N,)
        Index into `CATEGORIES`.

    Raises
    ------
    ValueError
        As `lung_rads` does, for either scan; if `months` is not positive.

    Notes
    -----
    Source: American College of Radiology, Lung-RADS v2022, release of November 2022; Christensen et al.
    2024, doi 10.1016/j.jacr.2023.09.009.

    - Growth is an increase of the mean diameter of more than 1.5 mm within 12 months. Over a longer time,
      the mean increase in 12 months is taken; where it is not more, but the whole increase is, growth is
      slow.
    - Solid: new, category 3 from 4 mm, 4A from 6 and 4B from 8; growing, 4A, and 4B from 8 mm; growing
      slowly, 4B, where the table leaves a choice.
    - Part-solid: new, 3; from 6 mm with a solid part, 4A. A new or growing solid part: 4A, and 4B from 4 mm,
      whatever the whole diameter. Growing slowly: 4B. Where only the part around the solid one grows, the
      higher of its category by size and the earlier one.
    - Non-solid: 2 below 30 mm; above, 3 where it is new, growing or has just reached 30 mm, and 2 otherwise.
    - Stable or smaller: 3 becomes 2 after 6 months, and 4A becomes 3 after 3 months. 4B and 4X stay until
      their cause is known, which the table leaves to the clinic. A nodule that has reached the size of a
      higher category without growth as defined is given it.

    Examples
    --------
    A solid nodule of 7 mm that was new, that has grown from 5 mm, and that has stayed the same:

    >>> facts = {"prior_mm": [np.nan, 5.0, 7.0], "prior_category": ["2", "2", "3"], "months": 6}
    >>> [CATEGORIES[i] for i in lung_rads_followup([7.0] * 3, ["solid"] * 3, **facts)]
    ['4A', '4A', '2']
    """
    now = np.round(checks.finite("diameter_mm", diameter_mm).astype(float), 1)
    before = np.round(np.asarray(prior_mm, dtype=float), 1)
    kind = _indices("nodule_type", nodule_type, NODULE_TYPES)
    prior = _indices("prior_category", prior_category, CATEGORIES)
    checks.same_length(diameter_mm=now, prior_mm=before, prior_category=prior)
    new = np.isnan(before)
    checks.positive("prior_mm", before[~new], "NaN marks a nodule that is new.")
    by_size = lung_rads(now, kind, solid_mm)
    core = np.zeros(len(now)) if solid_mm is None else np.round(np.asarray(solid_mm, dtype=float), 1)
    known = (kind == NODULE_TYPES.index("part-solid")) & ~new
    old_core = core
    if known.any():
        old_core = np.where(known, _solid_parts(prior_solid_mm, known, before, "prior_solid_mm"), core)
    by_old_size = lung_rads(np.where(new, now, before), kind, old_core)

    growing, slow = _growth(now - before, months)
    core_growing, core_slow = _growth(core - old_core, months)
    core_growing |= known & (old_core == 0) & (core > 0)
    watched = np.round(np.asarray(months, dtype=float))
    stepped = np.select([(prior == 1) & (watched >= 6), (prior == 2) & (watched >= 3)], [0, 1], prior)
    stable = np.where(by_size > by_old_size, np.maximum(by_size, stepped), stepped)
    solid = np.select(
        [new, growing, slow],
        [np.searchsorted(_NEW_SOLID_MM, now, side="right"), np.where(now < _GROWING_SOLID_MM, 2, 3), 3],
        stable,
    )
    active = np.where(core < _ACTIVE_CORE_MM, 2, 3)
    small_or_bare = (now < _PART_SOLID_MM[0]) & (active == 2) | (core == 0)
    part_solid = np.select(
        [new, core_growing, slow | core_slow, growing],
        [np.maximum(by_size, np.where(small_or_bare, 1, active)), active, 3, np.maximum(by_size, prior)],
        stable,
    )
    non_solid = np.where(new | growing | (by_size > by_old_size), by_size, 0)
    category = np.choose(kind, [solid, part_solid, non_solid])
    category[~new & (prior == CATEGORIES.index("4X"))] = CATEGORIES.index("4X")
    return _raised(category, spiculated)


def _growth(
    increase_mm: NDArray[np.float64], months: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where nodules grow, and where they have grown as much, but too slowly for it."""
    time = checks.positive("months", months, "Give the time from the earlier scan to this one.")
    larger = np.round(increase_mm, 1) > _GROWTH_MM
    growing = larger & (np.round(increase_mm, 1) * 12 > _GROWTH_MM * np.maximum(time, 12))
    return growing, larger & ~growing


def _raised(category: NDArray[np.int64], spiculated: ArrayLike | None) -> NDArray[np.int64]:
    """Return categories, 4X where a nodule of category 3 or 4 is spiculated."""
    if spiculated is not None:
        checks.same_length(diameter_mm=category, spiculated=spiculated)
        # A missing answer would be true as a bool.
        raised = checks.finite("spiculated", spiculated).astype(bool)
        category[raised & (category > 0)] = CATEGORIES.index("4X")
    return category.astype(np.int64)


def _indices(what: str, names: ArrayLike, allowed: tuple[str, ...]) -> NDArray[np.int64]:
    """Return names, or indices, as indices into the allowed names."""
    values = np.asarray(names)
    if values.dtype.kind in "iu":
        for value in np.unique(values):
            checks.in_range(what, value, 0, len(allowed) - 1)
        return values.astype(np.int64)
    return np.array([allowed.index(checks.one_of(what, str(value), allowed)) for value in values])


def _solid_parts(
    solid_mm: ArrayLike | None,
    part_solid: NDArray[np.bool_],
    diameter: NDArray[np.float64],
    what: str = "solid_mm",
) -> NDArray[np.float64]:
    if solid_mm is None:
        missing = f"got none for {part_solid.sum()} of them"
        msg = (
            f"{what} must be given for part-solid nodules, {missing}. Give 0 mm where there is no solid part."
        )
        raise ValueError(msg)
    checks.same_length(diameter_mm=diameter, **{what: solid_mm})
    core = np.asarray(solid_mm, dtype=float)
    checks.finite(f"{what} of part-solid nodules", core[part_solid])
    core = np.round(core, 1)
    wrong = part_solid & ((core < 0) | (core > diameter))
    if wrong.any():
        pair = f"{core[wrong][0]:g} of {diameter[wrong][0]:g} mm"
        msg = f"{what} of a part-solid nodule must lie between 0 and its diameter, got {pair}."
        raise ValueError(msg)
    return core
