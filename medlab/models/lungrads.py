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
    airway nodules, cysts, juxtapleural nodules, growth between scans, category 0 and modifier S.

    Examples
    --------
    >>> [CATEGORIES[i] for i in lung_rads([5.9, 7.9, 8.0, 15.0], ["solid"] * 4)]
    ['2', '3', '4A', '4B']
    """
    diameter = np.round(checks.finite("diameter_mm", diameter_mm).astype(float), 1)
    kind = _kinds(nodule_type)
    checks.same_length(diameter_mm=diameter, nodule_type=kind)
    if (diameter <= 0).any():
        msg = f"diameter_mm must be positive, got {diameter.min():g}. Give millimeters, not pixels."
        raise ValueError(msg)
    category = np.searchsorted(_SOLID_MM, diameter, side="right")
    part_solid = kind == NODULE_TYPES.index("part-solid")
    if part_solid.any():
        core = _solid_parts(solid_mm, part_solid, diameter)
        by_core = 1 + np.searchsorted(_PART_SOLID_MM, core[part_solid], side="right")
        category[part_solid] = np.where(diameter[part_solid] < _SOLID_MM[0], 0, by_core)
    non_solid = kind == NODULE_TYPES.index("non-solid")
    category[non_solid] = diameter[non_solid] >= _NON_SOLID_MM
    if spiculated is not None:
        checks.same_length(diameter_mm=diameter, spiculated=spiculated)
        # A missing answer would be true as a bool.
        raised = checks.finite("spiculated", spiculated).astype(bool)
        category[raised & (category > 0)] = CATEGORIES.index("4X")
    return category.astype(np.int64)


def _kinds(nodule_type: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(nodule_type)
    if values.dtype.kind in "iu":
        for value in np.unique(values):
            checks.in_range("nodule_type", value, 0, len(NODULE_TYPES) - 1)
        return values.astype(np.int64)
    return np.array([NODULE_TYPES.index(checks.one_of("nodule_type", str(v), NODULE_TYPES)) for v in values])


def _solid_parts(
    solid_mm: ArrayLike | None, part_solid: NDArray[np.bool_], diameter: NDArray[np.float64]
) -> NDArray[np.float64]:
    if solid_mm is None:
        msg = (
            f"solid_mm must be given for part-solid nodules, got none for {part_solid.sum()} of them. "
            "It is the mean diameter of the solid part, in mm; 0 where there is none yet."
        )
        raise ValueError(msg)
    checks.same_length(diameter_mm=diameter, solid_mm=solid_mm)
    core = np.asarray(solid_mm, dtype=float)
    checks.finite("solid_mm of part-solid nodules", core[part_solid])
    core = np.round(core, 1)
    wrong = part_solid & ((core < 0) | (core > diameter))
    if wrong.any():
        msg = (
            f"solid_mm of a part-solid nodule must lie between 0 and its diameter, got {core[wrong][0]:g} of "
            f"{diameter[wrong][0]:g} mm."
        )
        raise ValueError(msg)
    return core
