"""The simulated data sets: nodules benign or malignant, nodules or vessels, growth over visits, and EEG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.dataset import SPLITS, Dataset, Split, center_crop
from medlab.data.phantoms import crops, followup, signals
from medlab.data.phantoms.scanner import Scanner
from medlab.data.phantoms.streams import stacked, streams

Drawn = tuple[NDArray[Any], NDArray[Any], Mapping[str, NDArray[Any]]]

LARGE_MM = 8.0
QUESTIONS = {
    "nodule": ("vessel", "nodule"),
    "size": (f"up to {LARGE_MM:g} mm", f"above {LARGE_MM:g} mm"),
}
DAYS_PER_YEAR = 365.25
TARGETS = {"diameter": "diameter at the next visit (mm)", "doubling": "volume doublings a year"}
INTERVAL_DAYS = (40.0, 70.0)
_GROWTH_STREAMS = (*crops.STREAMS, "growth", "times", "readings")  # the first ones are those of `visits`


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
    return _simulated(
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

    dataset = _simulated(
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
    checks.in_range("n_visits", n_visits, 2, 4, whole=True)
    checks.in_range("reading_sd_mm", reading_sd_mm, 0, 2)

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        chunks = crops.draw_chunks(size, entropy, "nodule", 3.5, prevalence, diameter_mm)
        columns = stacked(
            _growth(chunk, streams(entropy, number, _GROWTH_STREAMS), n_visits, reading_sd_mm)
            for number, chunk in enumerate(chunks)
        )
        doublings = DAYS_PER_YEAR / columns["doubling_time_days"]
        labels = columns["next_mm"] if target == "diameter" else doublings
        return columns.pop("sequences").astype(np.float32), labels.astype(np.float32), columns

    return _simulated(
        draw,
        (n_train, n_val, n_test),
        seed,
        name="simulated_growth",
        task="regression",
        positive_class=None,
        class_names=(TARGETS[target],),
        modality="diameters over visits (simulated)",
        source="medlab.data.phantoms: simulated, no patient's measurements",
        citation="Doubling times: see medlab.data.phantoms.visits.",
        label_meaning="Simulated: exponential growth of the volume, one doubling time a nodule.",
        notes=(f"Readings scatter by {reading_sd_mm:g} mm; {n_visits} visits; prevalence {prevalence:g}.",),
    )


def _growth(
    chunk: crops.Chunk, rng: dict[str, np.random.Generator], n_visits: int, reading_sd_mm: float
) -> dict[str, NDArray[Any]]:
    """Let the nodules of `visits` grow, and read their diameters."""
    doubling_days = followup.draw_doubling_times(chunk.malignant, rng["growth"])
    # Four visits are always drawn, so that asking for fewer leaves the first ones as they are.
    shape = (len(doubling_days), 4)
    gaps_days = np.rint(rng["times"].uniform(*INTERVAL_DAYS, shape))[:, :n_visits]
    times_days = np.pad(gaps_days.cumsum(axis=1), ((0, 0), (1, 0)))
    first_mm = chunk.people["diameter_mm"][:, None]
    diameters_mm = followup.grown_diameter(first_mm, times_days, doubling_days[:, None])
    # Readings come in tenths of a millimeter, as reports have them.
    scatter = rng["readings"].normal(0, 1, shape)[:, :n_visits]
    readings_mm = np.round(diameters_mm[:, :-1] + reading_sd_mm * scatter, 1)
    return {
        "sequences": np.stack([readings_mm, gaps_days], axis=-1),
        "next_mm": diameters_mm[:, -1],
        "doubling_time_days": doubling_days,
        "malignant": chunk.malignant.astype(np.int64),
        "diameters_mm": diameters_mm,
        "times_days": times_days,
    }


def simulated_eeg(
    n_train: int = 1500, n_val: int = 300, n_test: int = 600, seed: int = 0, *, amplitude_uv: float = 40.0
) -> Dataset:
    """Simulate four-second recordings: spike-and-wave discharge, or slow waves with spikes out of step.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Recordings in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes. The splits are drawn apart.
    amplitude_uv : float, [0, 500], microvolts
        Median height of a spike; the background has about 12.

    Returns
    -------
    dataset : Dataset
        Sequences, float32, shape (N, 512, 4), in microvolts. Attributes: ``onset_s``, ``end_s``,
        ``rate_hz``, ``spikes_s``, see `Recordings`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    def draw(size: int, entropy: tuple[int, int]) -> Drawn:
        recordings = signals.eeg(size, seed=entropy, amplitude_uv=amplitude_uv)
        names = ("onset_s", "end_s", "rate_hz", "spikes_s")
        attributes = {name: getattr(recordings, name) for name in names}
        return recordings.signals_uv, recordings.is_discharge.astype(np.int64), attributes

    rate, channels = f"{signals.RATE_HZ:g} Hz", ", ".join(signals.CHANNELS)
    return _simulated(
        draw,
        (n_train, n_val, n_test),
        seed,
        name="simulated_eeg",
        class_names=("spikes out of step", "spike-and-wave"),
        modality="EEG (simulated)",
        source="medlab.data.phantoms: simulated, no patient's signals",
        citation=(
            "Gibbs, Davis and Lennox 1935, doi 10.1001/archneurpsyc.1935.02250240002001; Kane et al. 2017, "
            "doi 10.1016/j.cnp.2017.07.002."
        ),
        label_meaning=(
            "Simulated. Spike-and-wave complexes at 3 a second, against the same slow waves and as many "
            "spikes that come at any time."
        ),
        notes=(f"{rate}, channels {channels}; spikes of {amplitude_uv:g} microvolts.",),
    )


def to_gray(images_hu: NDArray[np.int16], center_hu: float, width_hu: float) -> NDArray[np.uint8]:
    """Map a window of HU onto 0 to 255, through a table of all int16 values, clipping the rest."""
    hu = np.arange(-(2**15), 2**15, dtype=np.float64)
    gray = np.rint(np.clip((hu - center_hu) / width_hu + 0.5, 0, 1) * 255).astype(np.uint8)
    return gray[images_hu.astype(np.int32) + 2**15]


def _simulated(
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
