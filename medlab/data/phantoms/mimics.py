"""Nodule or vessel? The same candidates as volumes and as central slices, with two questions."""

from __future__ import annotations

import numpy as np

from medlab import checks
from medlab.data.cropping import center_crop
from medlab.data.dataset import Dataset, Split
from medlab.data.phantoms.cohort import to_gray
from medlab.data.phantoms.crops import SIDE, candidates
from medlab.data.phantoms.scanner import Scanner
from medlab.data.phantoms.splits import check_sizes, check_window, patient_names

LARGE_MM = 8.0
QUESTIONS = {
    "nodule": ("vessel", "nodule"),
    "size": (f"up to {LARGE_MM:g} mm", f"above {LARGE_MM:g} mm"),
}


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
    sizes = check_sizes(n_train, n_val, n_test, seed)
    checks.in_range("side", side, 8, SIDE, whole=True)
    center, width = check_window(window_hu)
    splits: list[Split] = []
    first = 0
    for index, size in enumerate(sizes):
        crops = candidates(
            size,
            kind="both",
            volumes=volumes,
            n_slices=n_slices if volumes else 24,
            seed=(seed, index),
            site=site,
            diameter_mm=diameter_mm,
        )
        large = crops.attributes["diameter_mm"] > LARGE_MM
        labels = crops.is_nodule if question == "nodule" else large
        splits.append(
            Split(
                images=to_gray(crops.images_hu, center, width),
                labels=labels.astype(np.int64),
                patients=patient_names(first, size),
                attributes={**crops.attributes, "is_nodule": crops.is_nodule, "mask": crops.masks},
            )
        )
        first += size
    dataset = Dataset(
        name="simulated_candidates",
        train=splits[0],
        val=splits[1],
        test=splits[2],
        task="binary",
        class_names=QUESTIONS[question],
        positive_class=1,
        spacing_mm=crops.spacing_mm,
        modality="CT (simulated)",
        source="medlab.data.phantoms: simulated, no patient's images",
        license="Apache-2.0 (made by medlab)",
        label_meaning=(
            "Simulated. Nodule, or vessel with the same distribution of central slices."
            if question == "nodule"
            else f"Simulated. Whether the finding is wider than {LARGE_MM:g} mm in its central slice."
        ),
        flips=("left-right", "up-down"),
        rotation_deg=180.0,
        window_hu=(float(center), float(width)),
        simulated=True,
        notes=(f"Diameters {diameter_mm[0]:g} to {diameter_mm[1]:g} mm; half nodules, half vessels.",),
    )
    return dataset if side == SIDE else center_crop(dataset, side)
