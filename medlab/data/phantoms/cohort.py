"""The data set of the default study: simulated lung nodules, benign or malignant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medlab.data.dataset import Dataset, Split
from medlab.data.phantoms.crops import Candidates, candidates
from medlab.data.phantoms.scanner import Scanner
from medlab.data.phantoms.splits import check_sizes, check_window, patient_names


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
    sizes = check_sizes(n_train, n_val, n_test, seed)
    center, width = check_window(window_hu)
    splits: list[Split] = []
    first = 0
    for index, size in enumerate(sizes):
        crops = candidates(
            size,
            volumes=volumes,
            seed=(seed, index),
            site=site,
            risk_scale=risk_scale,
            prevalence=prevalence,
            diameter_mm=diameter_mm,
        )
        splits.append(_split(crops, first, center, width))
        first += size
    strength = (
        f"log-odds of the Brock model sharpened by risk_scale={risk_scale:g}"
        if risk_scale != 1
        else "log-odds of the Brock model at their published strength (risk_scale=1)"
    )
    return Dataset(
        name="simulated_nodules",
        train=splits[0],
        val=splits[1],
        test=splits[2],
        task="binary",
        class_names=("benign", "malignant"),
        positive_class=1,
        spacing_mm=crops.spacing_mm,
        modality="CT (simulated)",
        source="medlab.data.phantoms: simulated, no patient's images",
        license="Apache-2.0 (made by medlab)",
        citation=(
            "Risk: McWilliams et al. 2013, doi 10.1056/NEJMoa1214726; coefficients: Uthoff et al. 2019, "
            "doi 10.1007/s00330-019-06168-x, Table 2."
        ),
        label_meaning=(
            "Simulated. Malignant was drawn at random with each simulated patient's true risk, from a "
            "sharpened Brock model; no image of a real nodule and no pathologist stands behind a label."
        ),
        flips=("left-right", "up-down"),
        rotation_deg=180.0,
        window_hu=(float(center), float(width)),
        simulated=True,
        notes=(
            f"{strength}; prevalence {prevalence:g}; diameters {diameter_mm[0]:g} to {diameter_mm[1]:g} mm; "
            "age, sex, family history, emphysema, lobe and count are not in the image.",
            f"Scanner: site {site}." if isinstance(site, str) else f"Scanner: {site}.",
        ),
    )


def to_gray(images_hu: NDArray[np.int16], center_hu: float, width_hu: float) -> NDArray[np.uint8]:
    """Map a window of HU onto 0 to 255, through a table of all int16 values, clipping the rest."""
    hu = np.arange(-(2**15), 2**15, dtype=np.float64)
    gray = np.rint(np.clip((hu - center_hu) / width_hu + 0.5, 0, 1) * 255).astype(np.uint8)
    return gray[images_hu.astype(np.int32) + 2**15]


def _split(crops: Candidates, first: int, center_hu: float, width_hu: float) -> Split:
    return Split(
        images=to_gray(crops.images_hu, center_hu, width_hu),
        labels=crops.malignant,
        patients=patient_names(first, len(crops)),
        attributes={**crops.attributes, "mask": crops.masks},
    )
