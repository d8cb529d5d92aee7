"""Diameters read at a patient's visits, and what comes next: a regression on a short sequence."""

from __future__ import annotations

import numpy as np

from medlab import checks
from medlab.data.dataset import Dataset, Split
from medlab.data.phantoms import crops, followup
from medlab.data.phantoms.splits import check_sizes, patient_names
from medlab.data.phantoms.streams import streams

DAYS_PER_YEAR = 365.25
TARGETS = {"diameter": "diameter at the next visit (mm)", "doubling": "volume doublings a year"}
INTERVAL_DAYS = (40.0, 70.0)


def simulated_growth(
    n_train: int = 3000,
    n_val: int = 500,
    n_test: int = 1000,
    seed: int = 0,
    *,
    target: str = "diameter",
    n_visits: int = 4,
    reading_sd_mm: float = 0.3,
    prevalence: float = 0.35,
    diameter_mm: tuple[float, float] = (6.0, 10.0),
) -> Dataset:
    """Simulate readings of a nodule's diameter at several visits.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Patients in each split, each with one nodule.
    seed : int, >= 0
        Same seed, same bytes. The nodules are those of ``visits(n, seed=(seed, split))``.
    target : "diameter" or "doubling"
        What is asked: the true diameter at the next visit, in mm, or 365.25 days over the doubling time.
    n_visits : int, [2, 4]
        Visits that are read; the next one is asked for.
    reading_sd_mm : float, [0, 2], mm
        Standard deviation of a reading around the true diameter. The default stands for a careful,
        software-supported reading. Two readings by eye agree within about 1.7 mm (Revel et al. 2004, doi
        10.1148/radiol.2312030167), which is 0.6 mm here.
    prevalence : float
        Share of malignant nodules, which grow faster: see `visits`.
    diameter_mm : (low, high), mm, within [4, 25]
        Range of true diameters at the first visit.

    Returns
    -------
    dataset : Dataset
        A regression. Images are sequences, float32, shape (N, n_visits, 2): the reading in mm, and the days
        until the following visit (40 to 70). Attributes: ``next_mm``, ``doubling_time_days``, ``malignant``
        and ``diameters_mm``, ``times_days``, both of shape (N, n_visits + 1).

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.
    """
    checks.one_of("target", target, TARGETS)
    sizes = check_sizes(n_train, n_val, n_test, seed)
    checks.in_range("n_visits", n_visits, 2, 4, whole=True)
    checks.in_range("reading_sd_mm", reading_sd_mm, 0, 2)
    splits: list[Split] = []
    for index, size in enumerate(sizes):
        parts = [
            _chunk((seed, index), chunk, n_visits, reading_sd_mm, prevalence, diameter_mm)
            for chunk in range(-(-size // crops.CHUNK))
        ]
        columns = {name: np.concatenate([part[name] for part in parts])[:size] for name in parts[0]}
        sequences = columns.pop("sequences")
        doublings = DAYS_PER_YEAR / columns["doubling_time_days"]
        labels = columns["next_mm"] if target == "diameter" else doublings
        first = sum(map(len, splits))
        patients = patient_names(first, size)
        splits.append(Split(sequences.astype(np.float32), labels.astype(np.float32), patients, columns))
    return Dataset(
        name="simulated_growth",
        train=splits[0],
        val=splits[1],
        test=splits[2],
        task="regression",
        class_names=(TARGETS[target],),
        modality="diameters over visits (simulated)",
        source="medlab.data.phantoms: simulated, no patient's measurements",
        license="Apache-2.0 (made by medlab)",
        citation="Doubling times: see medlab.data.phantoms.visits.",
        label_meaning="Simulated: exponential growth of the volume, one doubling time a nodule.",
        simulated=True,
        notes=(f"Readings scatter by {reading_sd_mm:g} mm; {n_visits} visits; prevalence {prevalence:g}.",),
    )


def _chunk(
    entropy: tuple[int, ...],
    chunk: int,
    n_visits: int,
    reading_sd_mm: float,
    prevalence: float,
    diameter_mm: tuple[float, float],
) -> dict[str, np.ndarray]:
    """Draw a chunk with the random numbers of `visits`, and those of times and readings after them."""
    names = (*crops.STREAMS, "growth", "times", "readings")
    rng = streams(entropy, chunk, names)
    people, _, _, malignant = crops.draw_chunk(
        rng, kind="nodule", risk_scale=3.5, prevalence=prevalence, diameter_mm=diameter_mm
    )
    doubling = followup.draw_doubling_times(malignant, rng["growth"])
    gaps = np.rint(rng["times"].uniform(*INTERVAL_DAYS, (crops.CHUNK, 4)))[:, :n_visits]
    times = np.concatenate([np.zeros((crops.CHUNK, 1)), gaps.cumsum(axis=1)], axis=1)
    true = followup.grown_diameter(people["diameter_mm"][:, None], times, doubling[:, None])
    # Readings come in tenths of a millimeter, as reports have them.
    scatter = rng["readings"].normal(0, 1, (crops.CHUNK, 4))[:, :n_visits]
    read = np.round(true[:, :-1] + reading_sd_mm * scatter, 1)
    return {
        "sequences": np.stack([read, gaps], axis=-1),
        "next_mm": true[:, -1],
        "doubling_time_days": doubling,
        "malignant": malignant.astype(np.int64),
        "diameters_mm": true,
        "times_days": times,
    }
