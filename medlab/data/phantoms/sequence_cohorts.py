"""Simulated data sets of sequences: diameters over a patient's visits, and EEG."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.dataset import Dataset
from medlab.data.phantoms import crops, followup, signals
from medlab.data.phantoms.cohorts import Drawn, simulated
from medlab.data.phantoms.streams import Streams, stacked, streams

DAYS_PER_YEAR = 365.25
TARGETS = {"diameter": "diameter at the next visit (mm)", "doubling": "volume doublings a year"}
N_VISITS = 4
DIAMETERS_MM = (6.0, 10.0)  # at the first visit
INTERVAL_DAYS = (40.0, 70.0)
_GROWTH_STREAMS = (*crops.STREAMS, "growth", "times", "readings")  # the first ones are those of `visits`


def simulated_growth(
    n_train: int = 3000,
    n_val: int = 500,
    n_test: int = 1000,
    seed: int = 0,
    *,
    target: str = "diameter",
    reading_sd_mm: float = 0.3,
) -> Dataset:
    """Simulate readings of a nodule's diameter at several visits.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Patients in each split, each with one nodule.
    seed : int, >= 0
        Same seed, same bytes. The nodules are those of
        ``visits(n, seed=(seed, split), diameter_mm=(6.0, 10.0))``, of which 35 % are malignant.
    target : "diameter" or "doubling"
        What is asked: the true diameter at the next visit, in mm, or 365.25 days over the doubling time.
    reading_sd_mm : float, [0, 2], mm
        Standard deviation of a reading around the true diameter. The default stands for a careful,
        software-supported reading. Two readings by eye agree within about 1.7 mm (Revel et al. 2004, doi
        10.1148/radiol.2312030167), which is 0.6 mm here.

    Returns
    -------
    dataset : Dataset
        A regression. Images are sequences, float32, shape (N, 4, 2): the reading in mm, and the days
        until the following visit (40 to 70). Attributes: ``next_mm``, ``doubling_time_days``, ``malignant``
        and ``diameters_mm``, ``times_days``, both of shape (N, 5).

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.
    """
    checks.one_of("target", target, TARGETS)
    checks.in_range("reading_sd_mm", reading_sd_mm, 0, 2)

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        chunks = crops.draw_chunks(size, entropy, "nodule", diameter_mm=DIAMETERS_MM)
        columns = stacked(
            _growth(chunk, streams(entropy, number, _GROWTH_STREAMS), reading_sd_mm)
            for number, chunk in enumerate(chunks)
        )
        doublings = DAYS_PER_YEAR / columns["doubling_time_days"]
        labels = columns["next_mm"] if target == "diameter" else doublings
        return columns.pop("sequences").astype(np.float32), labels.astype(np.float32), columns

    options = {"reading_sd_mm": reading_sd_mm}
    sizes, classes = (n_train, n_val, n_test), (TARGETS[target],)
    return simulated("simulated_growth", draw, sizes, seed, options, class_names=classes)


def _growth(chunk: crops.Chunk, rng: Streams, reading_sd_mm: float) -> dict[str, NDArray[Any]]:
    """Let the nodules of `visits` grow, and read their diameters."""
    doubling_days = followup.draw_doubling_times(chunk.malignant, rng["growth"])
    shape = (len(doubling_days), N_VISITS)
    gaps_days = np.rint(rng["times"].uniform(*INTERVAL_DAYS, shape))
    times_days = np.pad(gaps_days.cumsum(axis=1), ((0, 0), (1, 0)))
    first_mm = chunk.people["diameter_mm"][:, None]
    diameters_mm = followup.grown_diameter(first_mm, times_days, doubling_days[:, None])
    # Readings come in tenths of a millimeter, as reports have them.
    readings_mm = np.round(diameters_mm[:, :-1] + reading_sd_mm * rng["readings"].normal(0, 1, shape), 1)
    return {
        "sequences": np.stack([readings_mm, gaps_days], axis=-1),
        "next_mm": diameters_mm[:, -1],
        "doubling_time_days": doubling_days,
        "malignant": chunk.malignant.astype(np.int64),
        "diameters_mm": diameters_mm,
        "times_days": times_days,
    }


def simulated_eeg(n_train: int = 1500, n_val: int = 300, n_test: int = 600, seed: int = 0) -> Dataset:
    """Simulate four-second recordings: spike-and-wave discharge, or slow waves with spikes out of step.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Recordings in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes. The splits are drawn apart.

    Returns
    -------
    dataset : Dataset
        Sequences, float32, shape (N, 512, 4): four seconds at 128 Hz of the channels F3, F4, O1, O2, in steps
        of 0.1 microvolts. Attributes: ``onset_s`` and ``end_s`` of the discharge, or of the slow waves that
        resemble it; ``rate_hz``, 2.7 to 3.3 complexes a second; ``spikes_s``, shape (N, 6), the times of the
        spikes, NaN where there are fewer than six. The median height of a spike over the front is 40
        microvolts, the wave has 0.8 of it, and the background about 12.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Absence seizures show complexes of a spike (20 to 70 ms) and a slow wave at about 3 a second (Gibbs,
    Davis and Lennox 1935, doi 10.1001/archneurpsyc.1935.02250240002001; terms: Kane et al. 2017, doi
    10.1016/j.cnp.2017.07.002). The background's power falls as 1/f (He 2014, doi 10.1016/j.tics.2014.04.003).
    Sizes and polarities are stated for teaching: a real discharge is often several times higher than its
    background, and its wave is negative like the spike. Here it is positive, so that a spike that falls on
    a wave is no higher than one beside it.
    """

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        table = signals.draw_eeg(size, entropy)
        return table.pop("signals_uv"), table.pop("is_discharge").astype(np.int64), table

    return simulated("simulated_eeg", draw, (n_train, n_val, n_test), seed, {})
