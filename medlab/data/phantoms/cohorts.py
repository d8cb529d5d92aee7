"""Simulated data sets of CT crops: nodules benign or malignant, and nodules or vessels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.dataset import SPLITS, Dataset, Split, center_crop
from medlab.data.phantoms import crops
from medlab.data.phantoms.scanner import Scanner

Drawn = tuple[NDArray[Any], NDArray[Any], Mapping[str, NDArray[Any]]]

LARGE_MM = 8.0
QUESTIONS = {"nodule": ("vessel", "nodule"), "size": (f"up to {LARGE_MM:g} mm", f"above {LARGE_MM:g} mm")}


def simulated_nodules(
    n_train: int = 10_000,
    n_val: int = 1000,
    n_test: int = 2000,
    seed: int = 0,
    *,
    site: str | Scanner = "A",
    window_hu: tuple[float, float] = (-400.0, 1400.0),
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
    window = _window(window_hu)
    risk: dict[str, Any] = {"risk_scale": risk_scale, "prevalence": prevalence, "diameter_mm": diameter_mm}

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        nodules = crops.candidates(size, volumes=volumes, seed=entropy, site=site, **risk)
        gray = to_gray(nodules.images_hu, *window)
        return gray, nodules.malignant, {**nodules.attributes, "mask": nodules.masks}

    strength = (
        f"log-odds of the Brock model sharpened by risk_scale={risk_scale:g}"
        if risk_scale != 1
        else "log-odds of the Brock model at their published strength (risk_scale=1)"
    )
    return simulated(
        draw,
        (n_train, n_val, n_test),
        seed,
        name="simulated_nodules",
        class_names=("benign", "malignant"),
        citation=(
            "Risk: McWilliams et al. 2013, doi 10.1056/NEJMoa1214726; coefficients: Uthoff et al. 2019, "
            "doi 10.1007/s00330-019-06168-x, Table 2."
        ),
        label_meaning=(
            "Simulated. Malignant was drawn at random with each simulated patient's true risk, from a "
            "sharpened Brock model; no image of a real nodule and no pathologist stands behind a label."
        ),
        notes=(
            f"{strength}; prevalence {prevalence:g}; diameters {diameter_mm[0]:g} to {diameter_mm[1]:g} mm; "
            "age, sex, family history, emphysema, lobe and count are not in the image.",
            f"Scanner: site {site}." if isinstance(site, str) else f"Scanner: {site}.",
        ),
        **_ct(window, volumes),
    )


def simulated_candidates(
    n_train: int = 800,
    n_val: int = 200,
    n_test: int = 400,
    seed: int = 0,
    *,
    question: str = "nodule",
    volumes: bool = True,
    n_slices: int = 12,
    side: int = 32,
    site: str | Scanner = "A",
    window_hu: tuple[float, float] = (-400.0, 1400.0),
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> Dataset:
    """Simulate nodules and the vessels that look like them in the central slice, half of each.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Candidates in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes; both questions are asked about the same candidates.
    question : "nodule" or "size"
        Nodule or vessel: the neighboring slices tell, the central one cannot, because it is drawn from the
        same distribution for both. Above 8 mm or not: the central slice tells.
    volumes : bool
        Images of shape (n_slices, side, side, 1), or their central slices (side, side, 1), the same bytes.
    n_slices : int, [8, 32]
        Slices, 1.5 mm apart.
    side : int, [8, 64], pixels
        Central part of each slice that is kept, 0.75 mm a pixel.
    site : "A", "B" or `Scanner`
    window_hu : (center, width), HU
        The CT window that becomes 0 to 255.
    diameter_mm : (low, high), mm, within [4, 25]

    Returns
    -------
    dataset : Dataset
        uint8 images; attributes are ``is_nodule``, ``diameter_mm`` (of a vessel: in the central slice) and
        the others of `Candidates`; with side=64 also the ``mask`` of the finding.

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.
    """
    checks.one_of("question", question, QUESTIONS)
    checks.in_range("side", side, 8, crops.SIDE, whole=True)
    window = _window(window_hu)
    form: dict[str, Any] = {"volumes": volumes, "n_slices": n_slices if volumes else 24}

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        findings = crops.candidates(
            size, kind="both", seed=entropy, site=site, diameter_mm=diameter_mm, **form
        )
        attributes = {**findings.attributes, "is_nodule": findings.is_nodule, "mask": findings.masks}
        answer = findings.is_nodule if question == "nodule" else attributes["diameter_mm"] > LARGE_MM
        return to_gray(findings.images_hu, *window), answer.astype(np.int64), attributes

    dataset = simulated(
        draw,
        (n_train, n_val, n_test),
        seed,
        name="simulated_candidates",
        class_names=QUESTIONS[question],
        label_meaning=(
            "Simulated. Nodule, or vessel with the same distribution of central slices."
            if question == "nodule"
            else f"Simulated. Whether the finding is wider than {LARGE_MM:g} mm in its central slice."
        ),
        notes=(f"Diameters {diameter_mm[0]:g} to {diameter_mm[1]:g} mm; half nodules, half vessels.",),
        **_ct(window, volumes),
    )
    return dataset if side == crops.SIDE else center_crop(dataset, side)


def to_gray(images_hu: NDArray[np.int16], center_hu: float, width_hu: float) -> NDArray[np.uint8]:
    """Map a window of HU onto 0 to 255, through a table of all int16 values, clipping the rest."""
    hu = np.arange(-(2**15), 2**15, dtype=np.float64)
    gray = np.rint(np.clip((hu - center_hu) / width_hu + 0.5, 0, 1) * 255).astype(np.uint8)
    return gray[images_hu.astype(np.int32) + 2**15]


def simulated(
    draw: Callable[[int, tuple[int, int]], Drawn], sizes: tuple[int, int, int], seed: int, **facts: Any
) -> Dataset:
    """Draw three splits apart, each with a seed of its own, and number their patients through."""
    for name, size in zip(SPLITS, sizes, strict=True):
        checks.in_range(f"n_{name}", size, 1, whole=True)
    checks.in_range("seed", seed, 0, whole=True)
    splits = []
    for index, size in enumerate(sizes):
        images, labels, attributes = draw(size, (seed, index))
        first = sum(sizes[:index])
        patients = np.array([f"sim-{number:06d}" for number in range(first, first + size)])
        splits.append(Split(images, labels, patients, attributes))
    defaults = {"task": "binary", "positive_class": 1, "license": "Apache-2.0 (made by medlab)"}
    train, val, test = splits
    return Dataset(train=train, val=val, test=test, simulated=True, **{**defaults, **facts})


def _window(window_hu: tuple[float, float]) -> tuple[float, float]:
    """Return center and width of a CT window in HU, or refuse what no scanner's numbers reach."""
    center, width = window_hu
    checks.in_range("center of window_hu", center, -1024, 3071)
    checks.in_range("width of window_hu", width, 1, 8192)
    return float(center), float(width)


def _ct(window_hu: tuple[float, float], volumes: bool) -> dict[str, Any]:
    """Return the facts that data sets of crops share."""
    return {
        "modality": "CT (simulated)",
        "source": "medlab.data.phantoms: simulated, no patient's images",
        "spacing_mm": crops.spacing_mm(volumes),
        "flips": ("left-right", "up-down"),
        "rotation_deg": 180.0,
        "window_hu": window_hu,
    }
