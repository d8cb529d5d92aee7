"""Simulated data sets of CT crops: nodules benign or malignant, and nodules or vessels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.dataset import SPLITS, Dataset, Split, center_crop
from medlab.data.phantoms import crops
from medlab.data.phantoms.scanner import Scanner
from medlab.text import packaged

Drawn = tuple[NDArray[Any], NDArray[Any], Mapping[str, NDArray[Any]]]

COHORTS = packaged("medlab.data.phantoms", "cohorts.yaml")
WINDOW_HU = (-400.0, 1400.0)  # center and width


def simulated_nodules(
    n_train: int = 10_000,
    n_val: int = 1000,
    n_test: int = 2000,
    seed: int = 0,
    *,
    site: str | Scanner = "A",
    window_hu: tuple[float, float] = WINDOW_HU,
    volumes: bool = False,
    risk_scale: float = 3.5,
    prevalence: float = 0.35,
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> Dataset:
    """Simulate the default study: CT crops of lung nodules, benign or malignant.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Nodules in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes. The splits are drawn apart: a larger training split keeps the others, and
        begins with the smaller one.
    site : "A", "B" or `Scanner`
        Where the scans were made.
    window_hu : (center, width), HU
        The CT window that becomes 0 to 255. The default shows ground glass and solid tissue.
    volumes : bool
        Images of shape (24, 64, 64, 1) instead of their central slices (64, 64, 1).
    risk_scale, prevalence, diameter_mm
        Strength of the risk, share of malignant nodules, range of sizes: see `true_risks`.

    Returns
    -------
    dataset : Dataset
        uint8 images; attributes are the patient's variables, ``risk``, ``risk_image``,
        ``risk_clinical`` and the ``mask`` of the nodule.

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.
    """
    center, width = checks.pair("window_hu", window_hu)
    checks.in_range("center of window_hu", center, -1024, 3071)
    checks.in_range("width of window_hu", width, 1, 8192)
    window = float(center), float(width)
    risk: dict[str, Any] = {"risk_scale": risk_scale, "prevalence": prevalence, "diameter_mm": diameter_mm}

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        nodules = crops.candidates(size, volumes=volumes, seed=entropy, site=site, **risk)
        gray = to_gray(nodules.images_hu, *window)
        return gray, nodules.malignant, {**nodules.attributes, "mask": nodules.masks}

    strength = f"sharpened by risk_scale={risk_scale:g}"
    if risk_scale == 1:
        strength = "at their published strength (risk_scale=1)"
    options = {**risk, "strength": strength, "scanner": f"site {site}" if isinstance(site, str) else site}
    facts = {"spacing_mm": crops.spacing_mm(volumes), "window_hu": window}
    return simulated("simulated_nodules", draw, (n_train, n_val, n_test), seed, options, **facts)


def simulated_candidates(n_train: int = 800, n_val: int = 200, n_test: int = 400, seed: int = 0) -> Dataset:
    """Simulate nodules and the vessels that look like them in the central slice, half of each.

    The neighboring slices tell which is which; the central one cannot, because it is drawn from the same
    distribution for both.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Candidates in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes.

    Returns
    -------
    dataset : Dataset
        Images uint8, shape (N, 12, 32, 32, 1), of findings of 6 to 12 mm; attributes are ``is_nodule``,
        ``diameter_mm`` (of a vessel: in the central slice) and the others of `Candidates`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        findings = crops.candidates(size, kind="both", volumes=True, n_slices=12, seed=entropy)
        attributes = {**findings.attributes, "is_nodule": findings.is_nodule}
        return to_gray(findings.images_hu, *WINDOW_HU), findings.is_nodule.astype(np.int64), attributes

    facts = {"spacing_mm": crops.spacing_mm(volumes=True), "window_hu": WINDOW_HU}
    whole = simulated("simulated_candidates", draw, (n_train, n_val, n_test), seed, {}, **facts)
    return center_crop(whole, 32)


def to_gray(images_hu: NDArray[np.int16], center_hu: float, width_hu: float) -> NDArray[np.uint8]:
    """Map a window of HU onto 0 to 255, through a table of all int16 values, clipping the rest."""
    hu = np.arange(-(2**15), 2**15, dtype=np.float64)
    gray = np.rint(np.clip((hu - center_hu) / width_hu + 0.5, 0, 1) * 255).astype(np.uint8)
    return gray[images_hu.astype(np.int32) + 2**15]


def simulated(
    name: str,
    draw: Callable[[int, tuple[int, int]], Drawn],
    sizes: tuple[int, int, int],
    seed: int,
    options: Mapping[str, Any],
    **facts: Any,
) -> Dataset:
    """Draw three splits apart, each with a seed of its own, and number their patients through.

    What cohorts.yaml says of `name`, its notes filled with `options`, and `facts` describe the data set.
    """
    for split, size in zip(SPLITS, sizes, strict=True):
        checks.in_range(f"n_{split}", size, 1, whole=True)
    checks.in_range("seed", seed, 0, whole=True)
    splits: dict[str, Any] = {}
    for index, (split, size) in enumerate(zip(SPLITS, sizes, strict=True)):
        images, labels, attributes = draw(size, (seed, index))
        first = sum(sizes[:index])
        patients = np.array([f"sim-{number:06d}" for number in range(first, first + size)])
        splits[split] = Split(images, labels, patients, attributes)
    described = {k: tuple(v) if isinstance(v, list) else v for k, v in COHORTS[name].items()}
    described["notes"] = tuple(note.format(**options) for note in described["notes"])
    return Dataset(name=name, simulated=True, **{**described, **facts}, **splits)
