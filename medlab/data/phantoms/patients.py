"""Simulated patients and the true risk that a nodule of theirs is malignant."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from medlab import checks
from medlab.data.phantoms.streams import FloatArray
from medlab.text import packaged

Patients = dict[str, FloatArray | NDArray[np.int64]]

NODULE_TYPES = ("solid", "part-solid", "non-solid")
TYPE_SHARES = (0.60, 0.20, 0.20)
SPICULATED_SHARE = 0.40

# Made up for teaching, in the range of a screened population; none of it is an estimate.
AGES = np.arange(50, 81)
AGE_SHARES = np.exp(-0.5 * ((AGES - 63) / 7.0) ** 2)
AGE_SHARES /= AGE_SHARES.sum()
COUNTS = np.arange(1, 9)
COUNT_SHARES = 0.65 ** (COUNTS - 1.0)
COUNT_SHARES /= COUNT_SHARES.sum()
CLINICAL_SHARES = {"female": 0.45, "family_history": 0.25, "emphysema": 0.40, "upper_lobe": 0.50}

_BROCK = packaged("medlab.data.phantoms", "brock.yaml")
_CLINICAL: dict[str, float] = _BROCK["clinical"]


def draw_patients(
    n: int, rng: np.random.Generator, *, diameter_mm: tuple[float, float] = (6.0, 12.0)
) -> Patients:
    """Draw patients with one nodule each, every variable independent of the others.

    Parameters
    ----------
    n : int, >= 1
        Number of patients.
    rng : numpy.random.Generator
        Source of every random number.
    diameter_mm : (low, high), mm, within [4, 25]
        Nodule diameters are uniform in this range.

    Returns
    -------
    patients : dict of arrays, each of shape (n,)
        Clinical, not to be seen in a crop: ``age_years`` 50 to 80, ``female``, ``family_history``,
        ``emphysema``, ``upper_lobe`` (0 or 1), ``n_nodules`` 1 to 8. In the image: ``diameter_mm``,
        ``nodule_type`` (index into `NODULE_TYPES`), ``spiculated`` (0 or 1).

    Raises
    ------
    ValueError
        If `n` is below 1 or the diameters are out of range.
    """
    checks.in_range("n", n, 1, whole=True)
    low, high = diameter_range(diameter_mm)
    yes_no = {name: (rng.random(n) < share).astype(np.int64) for name, share in CLINICAL_SHARES.items()}
    return {
        "age_years": rng.choice(AGES, n, p=AGE_SHARES),
        **yes_no,
        "n_nodules": rng.choice(COUNTS, n, p=COUNT_SHARES),
        "diameter_mm": rng.uniform(low, high, n),
        "nodule_type": rng.choice(len(NODULE_TYPES), n, p=TYPE_SHARES),
        "spiculated": (rng.random(n) < SPICULATED_SHARE).astype(np.int64),
    }


def brock_logit(patients: Mapping[str, ArrayLike]) -> FloatArray:
    """Return the log-odds of malignancy of the Brock model at its published strength.

    Parameters
    ----------
    patients : mapping of arrays
        The columns of `draw_patients`, shape (N,); numbers work too.

    Returns
    -------
    logit : float64 array, shape (N,), unitless

    Notes
    -----
    Model: McWilliams et al. 2013, doi 10.1056/NEJMoa1214726; coefficients as tabulated by Uthoff et al.
    2019, doi 10.1007/s00330-019-06168-x, Table 2.

    Examples
    --------
    >>> patient = {"age_years": 60, "female": 1, "family_history": 0, "emphysema": 1, "upper_lobe": 1,
    ...            "n_nodules": 2, "diameter_mm": 10, "nodule_type": 1, "spiculated": 1}
    >>> round(float(brock_logit(patient)), 4)
    -0.8477
    """
    return _BROCK["intercept"] + _clinical_score(patients) + _image_score(patients)


def true_risks(
    patients: Mapping[str, ArrayLike],
    *,
    risk_scale: float = 3.5,
    prevalence: float = 0.35,
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> dict[str, FloatArray]:
    """Return the true risk of each patient, and what half of the variables tell of it.

    The Brock log-odds without their intercept are stretched about their population mean by
    `risk_scale`; then the intercept is moved so that the mean risk of the population is `prevalence`.
    ``risk_scale=1`` is the published strength.

    Parameters
    ----------
    patients : mapping of arrays, each of shape (N,)
        The columns of `draw_patients`.
    risk_scale : float, [0.1, 10]
        Factor on the log-odds.
    prevalence : float, strictly between 0 and 1
        Mean risk of the population.
    diameter_mm : (low, high), mm, within [4, 25]
        The range the diameters were drawn from.

    Returns
    -------
    risks : dict of float64 arrays, shape (N,), in (0, 1)
        ``risk``: probability p that the nodule is malignant. ``risk_image``: E[p | diameter, type,
        spiculation], the best that can be known from the crop. ``risk_clinical``: E[p | clinical
        variables].

    Raises
    ------
    ValueError
        If an option is out of range.

    Notes
    -----
    The two halves are independent, so each expectation is a sum over the other half's distribution,
    with 24-point Gauss-Legendre quadrature for the diameter: no sample, no luck.
    """
    risk_scale = float(checks.in_range("risk_scale", risk_scale, 0.1, 10))
    if not 0 < checks.in_range("prevalence", prevalence) < 1:
        msg = (
            f"prevalence must lie strictly between 0 and 1, got {prevalence!r}. "
            "It is the share of malignant nodules, such as 0.35."
        )
        raise ValueError(msg)
    low, high = diameter_range(diameter_mm)
    mean_score, intercept = _calibrated(risk_scale, float(prevalence), low, high)
    image, clinical = _image_score(patients), _clinical_score(patients)
    base = intercept - risk_scale * mean_score
    over_clinical, over_image = (_averager(half, risk_scale, low, high) for half in ("clinical", "image"))
    return {
        "risk": _probability(base + risk_scale * (image + clinical)),
        "risk_image": over_clinical(base + risk_scale * image),
        "risk_clinical": over_image(base + risk_scale * clinical),
    }


def diameter_range(diameter_mm: tuple[float, float], largest: float = 25) -> tuple[float, float]:
    """Return the checked ends of a range of diameters in mm."""
    low, high = map(float, checks.pair("diameter_mm", diameter_mm, 4, largest))
    if not low < high:
        msg = f"diameter_mm must be (smallest, largest) in mm, got {tuple(diameter_mm)}. Swap or spread them."
        raise ValueError(msg)
    return low, high


def _clinical_score(patients: Mapping[str, ArrayLike]) -> FloatArray:
    terms = [weight * np.asarray(patients[name], float) for name, weight in _CLINICAL.items()]
    return np.sum(np.broadcast_arrays(*terms), axis=0)


def _image_score(patients: Mapping[str, ArrayLike]) -> FloatArray:
    diameter_mm, spiculated = (np.asarray(patients[name], float) for name in ("diameter_mm", "spiculated"))
    of_type = np.array(_BROCK["type"])[np.asarray(patients["nodule_type"], int)]
    return _BROCK["diameter"] * (diameter_mm / 10) ** -0.5 + of_type + _BROCK["spiculated"] * spiculated


def _probability(logit: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-logit))


def _distribution(*parts: tuple[ArrayLike, ArrayLike]) -> tuple[FloatArray, FloatArray]:
    """Return the values of a sum of independent variables, and their probabilities."""
    values, shares = np.zeros(1), np.ones(1)
    for part_values, part_shares in parts:
        values = np.add.outer(values, np.asarray(part_values, float)).ravel()
        shares = np.multiply.outer(shares, np.asarray(part_shares, float)).ravel()
    return values, shares


@lru_cache(maxsize=1)
def _clinical_scores() -> tuple[FloatArray, FloatArray]:
    yes_no = [([0.0, _CLINICAL[name]], [1 - share, share]) for name, share in CLINICAL_SHARES.items()]
    age = (_CLINICAL["age_years"] * AGES, AGE_SHARES)
    count = (_CLINICAL["n_nodules"] * COUNTS, COUNT_SHARES)
    return _distribution(age, count, *yes_no)


@lru_cache(maxsize=16)
def _image_scores(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(24)
    diameters = (low + high) / 2 + (high - low) / 2 * nodes
    diameter = (_BROCK["diameter"] * (diameters / 10) ** -0.5, weights / 2)
    spiculated = ([0.0, _BROCK["spiculated"]], [1 - SPICULATED_SHARE, SPICULATED_SHARE])
    return _distribution(diameter, (_BROCK["type"], TYPE_SHARES), spiculated)


@lru_cache(maxsize=32)
def _averager(half: str, scale: float, low: float, high: float) -> Callable[[ArrayLike], FloatArray]:
    """Return the function logit -> mean probability once a half's score, times `scale`, is added.

    A cubic spline through 2,001 exact means; it errs by less than 1e-6.
    """
    scores, shares = _clinical_scores() if half == "clinical" else _image_scores(low, high)
    grid = np.linspace(-100, 100, 2001)
    blocks = [_probability(block[:, None] + scale * scores) @ shares for block in np.array_split(grid, 40)]
    spline = CubicSpline(grid, np.concatenate(blocks))
    return lambda logit: np.clip(spline(np.clip(logit, -100, 100)), 0, 1)


@lru_cache(maxsize=32)
def _calibrated(scale: float, prevalence: float, low: float, high: float) -> tuple[float, float]:
    """Return the population's mean score, and the intercept that gives the prevalence."""
    clinical, clinical_shares = _clinical_scores()
    image, image_shares = _image_scores(low, high)
    mean = float(clinical @ clinical_shares + image @ image_shares)
    over_clinical = _averager("clinical", scale, low, high)

    def excess(intercept: float) -> float:
        return float(over_clinical(intercept + scale * (image - mean)) @ image_shares) - prevalence

    return mean, float(brentq(excess, -60, 60, xtol=1e-10))
