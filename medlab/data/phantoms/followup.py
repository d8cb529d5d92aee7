"""Nodules seen again: the same patients at several visits, with nodules that grow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from medlab import checks
from medlab.data.phantoms import crops, patients, scanner
from medlab.data.phantoms.streams import FloatArray, entropy_of, stacked, streams

# Median in days, standard deviation of its logarithm, and the ends where the distribution is cut off.
# Stated for teaching; the sources are in `visits`.
DOUBLING_TIMES_DAYS = {"malignant": (150.0, 0.45, 60.0, 500.0), "benign": (1500.0, 0.8, 300.0, 20_000.0)}
LARGEST_MM = 30.0


@dataclass(frozen=True)
class Visits:
    """Crops around the same nodules at several visits, with their truth.

    Attributes
    ----------
    images_hu : int16 array, shape (N, T, 64, 64, 1) or (N, T, Z, 64, 64, 1), HU
        As in `Candidates`, with an axis of visits.
    masks : bool array, shape (N, T, 64, 64) or (N, T, Z, 64, 64)
        Body of the nodule, without its spikes.
    times_days : float64 array, shape (N, T), days
        Since the first visit.
    diameter_mm : float64 array, shape (N, T), mm
        True diameter at each visit.
    doubling_time_days : float64 array, shape (N,), days
        In which the nodule's volume doubles.
    malignant : int64 array, shape (N,)
        1 where the nodule is malignant.
    attributes : dict of arrays, each of length N
        Those of `Candidates`, at the first visit.
    spacing_mm : tuple of float, mm
        (0.75, 0.75), or (1.5, 0.75, 0.75) for volumes.
    """

    images_hu: NDArray[np.int16]
    masks: NDArray[np.bool_]
    times_days: FloatArray
    diameter_mm: FloatArray
    doubling_time_days: FloatArray
    malignant: NDArray[np.int64]
    attributes: dict[str, NDArray]
    spacing_mm: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.images_hu)


def grown_diameter(
    diameter_mm: ArrayLike, times_days: ArrayLike, doubling_time_days: ArrayLike
) -> FloatArray:
    """Return the diameter of a ball whose volume doubles once in each doubling time.

    Parameters
    ----------
    diameter_mm : array, shape (...), mm
        Diameter at time 0.
    times_days : array, shape (...), days
        Time since then.
    doubling_time_days : array, shape (...), days, > 0
        Volume doubling time: V(t) = V(0) 2^(t / doubling time), and a ball's diameter grows with the cube
        root of its volume.

    Returns
    -------
    diameter_mm : float64 array, shape (...), mm
        The arrays' shapes are broadcast.

    Raises
    ------
    ValueError
        If a doubling time is not positive.

    Examples
    --------
    >>> float(grown_diameter(6.0, 300.0, 100.0))
    12.0
    """
    doubling = np.asarray(doubling_time_days, float)
    if not np.all(doubling > 0):
        msg = (
            f"doubling_time_days must be positive, got {doubling.min()}. "
            "A stable nodule has a very long one, such as 20000 days."
        )
        raise ValueError(msg)
    return np.asarray(diameter_mm, float) * 2.0 ** (np.asarray(times_days, float) / (3 * doubling))


def visits(
    n: int,
    *,
    times_days: ArrayLike = (0.0, 90.0, 180.0),
    volumes: bool = False,
    seed: int | tuple[int, ...] = 0,
    site: str | scanner.Scanner = "A",
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> Visits:
    """Simulate the same lung nodules at several visits, growing.

    Parameters
    ----------
    n : int, >= 1
        Number of patients, each with one nodule. The first 100 of 2,000 are the 100 of the same seed.
    times_days : array, shape (T,) or (N, T), days, rising from 0
        Times of the visits, the same for all or each patient's own. A further visit leaves the earlier
        ones as they are.
    volumes : bool
        Whole volumes of 24 slices, or their central slices only (the same bytes).
    seed : int, >= 0
        Same seed, same bytes. The first visits are ``candidates(n, seed=seed)``, byte for byte.
    site : "A", "B" or `Scanner`
        Where the scans were made.
    diameter_mm : (low, high), mm, within [4, 25]
        Range of diameters at the first visit.

    Returns
    -------
    visits : Visits

    Raises
    ------
    ValueError
        If an argument is out of range, the times do not rise from 0, or the fastest of nodules would
        outgrow 30 mm by the last visit.

    Notes
    -----
    Whether a nodule is malignant is drawn with its true risk at the first visit; its doubling time then
    follows from that alone. Both distributions are log-normal, cut off, and stated for teaching:
    malignant with median 150 days, 60 to 500; benign with median 1,500 days, 300 to 20,000. A log-normal
    distribution was found by Usuda et al. 1994, doi
    10.1002/1097-0142(19941015)74:8<2239::AID-CNCR2820740806>3.0.CO;2-P; the spread, and slow cancers found by
    screening, are reviewed by Detterbeck and Gibson 2008, doi 10.1097/JTO.0b013e31817c9230; below 400 days
    is a positive screen in van Klaveren et al. 2009, doi 10.1056/NEJMoa0906085. Real doubling times are
    longer for non-solid nodules, and inflammation may double within days; neither is simulated.

    Lung and shape of the nodule stay from visit to visit; noise is drawn anew.
    """
    checks.in_range("n", n, 1, whole=True)
    entropy = entropy_of(seed)
    scan = scanner.site_scanner(site)
    patients.diameter_range(diameter_mm)
    times = _times(times_days, n, float(diameter_mm[1]))

    z_mm = crops.slice_heights(24 if volumes else 1)
    shape = (*times.shape, len(z_mm), crops.SIDE, crops.SIDE)
    images, masks = np.empty(shape, np.int16), np.empty(shape, np.bool_)
    diameters, doubling = np.empty(times.shape), np.empty(n)
    chunks = list(crops.draw_chunks(n, entropy, "nodule", diameter_mm=diameter_mm))
    for number, chunk in enumerate(chunks):
        rows = slice(chunk.first, chunk.first + len(chunk.malignant))
        growth = streams(entropy, number, (*crops.STREAMS, "growth"))["growth"]
        doubling[rows] = draw_doubling_times(chunk.malignant, growth)
        first_mm = chunk.people["diameter_mm"][:, None]
        diameters[rows] = grown_diameter(first_mm, times[rows], doubling[rows, None])
        for visit in range(times.shape[1]):
            people = {**chunk.people, "diameter_mm": diameters[rows, visit]}
            grown = chunk._replace(people=people, rng=_streams_of_visit(entropy, number, visit))
            for block, images_hu, body in crops.render(grown, z_mm, scan):
                images[block, visit], masks[block, visit] = images_hu, body
    if not volumes:
        images, masks = images[:, :, 0], masks[:, :, 0]
    malignant = np.concatenate([chunk.malignant for chunk in chunks]).astype(np.int64)
    attributes = stacked(chunk.people for chunk in chunks)
    truth = (times, diameters, doubling, malignant, attributes)
    return Visits(images[..., None], masks, *truth, crops.spacing_mm(volumes))


def _streams_of_visit(entropy: tuple[int, ...], chunk: int, visit: int) -> dict[str, np.random.Generator]:
    """Return the streams of `candidates`; after the first visit, with noise of the visit's own."""
    rng = streams(entropy, chunk, crops.STREAMS)
    if visit:
        for name in ("noise", "outer noise"):
            rng[name] = rng[name].spawn(visit)[-1]
    return rng


def draw_doubling_times(malignant: NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
    """Return doubling times in days, from the cut-off log-normal distributions by their inverse."""
    share = rng.random(len(malignant))
    days = np.empty(len(malignant))
    for name, chosen in (("malignant", malignant), ("benign", ~malignant)):
        median, spread, low, high = DOUBLING_TIMES_DAYS[name]
        below, above = (special.ndtr(np.log(end / median) / spread) for end in (low, high))
        normal = special.ndtri(below + share[chosen] * (above - below))
        days[chosen] = np.clip(median * np.exp(spread * normal), low, high)
    return days


def _times(times_days: ArrayLike, n: int, largest_mm: float) -> FloatArray:
    """Return checked times of shape (n, T)."""
    times = checks.finite("times_days", np.asarray(times_days, float))
    if times.ndim not in (1, 2) or times.shape[-1] == 0 or (times.ndim == 2 and len(times) != n):
        msg = f"times_days must have shape (T,) or ({n}, T), one row for each patient, got {times.shape}."
        raise ValueError(msg)
    times = np.broadcast_to(times, (n, times.shape[-1])).copy()
    if np.any(times[:, 0] != 0) or np.any(np.diff(times, axis=1) <= 0):
        msg = (
            f"times_days must rise from 0, the first visit, got {np.asarray(times_days).tolist()}. "
            "Count days since each patient's first scan."
        )
        raise ValueError(msg)
    fastest = DOUBLING_TIMES_DAYS["malignant"][2]
    end_mm = float(grown_diameter(largest_mm, times.max(), fastest))
    if end_mm > LARGEST_MM:
        msg = (
            f"a nodule of {largest_mm:g} mm may grow to {end_mm:.1f} mm in {times.max():g} days, and at most "
            f"{LARGEST_MM:g} mm fits a crop. Choose a smaller diameter_mm or times_days up to "
            f"{3 * fastest * np.log2(LARGEST_MM / largest_mm):.0f}."
        )
        raise ValueError(msg)
    return times
