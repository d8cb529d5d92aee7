"""Overview CT of the chest: slices and volumes with labels, and the nodules in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data.phantoms import anatomy, patients, scanner, section
from medlab.data.phantoms.anatomy import Columns
from medlab.data.phantoms.patients import NODULE_TYPES, TYPE_SHARES
from medlab.data.phantoms.streams import FloatArray, entropy_of, stacked, streams

FIELD_OF_VIEW_MM = 350.0
DEFAULT_LEVELS_MM = tuple(np.arange(-85.0, 60.1, 5.0).tolist())
_CHUNK = 8
_TRIES = 96  # places drawn for each nodule
_LOOKED_AT = 12  # of those clear of the wall: the mediastinum is slower to ask
_CLEAR_MM = 2.5
_STEPS = np.linspace(-1, 1, 4)
_REACH_MM = (75.0, 105.0)  # where nodules are tried: front and back, left and right
_STREAMS = ("chests", "nodules", "levels", "noise")


@dataclass(frozen=True)
class Thorax:
    """Overview scans of the chest, with their truth.

    Attributes
    ----------
    images_hu : int16 array, shape (N, H, W, 1) or (N, Z, H, W, 1), HU
        Axes as in DICOM: rows run to the patient's back, columns to the patient's left, slices to the head.
    labels : uint8 array, shape (N, H, W) or (N, Z, H, W)
        What owns each pixel: an index into `STRUCTURES`.
    z_mm : float64 array, shape (N,) or (Z,), mm
        Height of each patient's slice, or of the slices of every volume, above the carina.
    nodules : dict of arrays, each of length K, all patients' nodules one after the other
        ``image`` (index of the patient), ``center_mm`` of shape (K, 3), (z, y, x) from the middle of the
        image at the height of the carina, ``diameter_mm``, ``nodule_type`` (index into `NODULE_TYPES`),
        ``volume_mm3`` = pi / 6 diameter^3, and ``in_image`` (whether a slice's middle cuts it).
    attributes : dict of arrays, each of length N
        ``size`` (length relative to the average chest), ``fat_mm`` (mean thickness under the skin),
        ``lung_hu`` (at the middle between front and back), ``n_nodules``.
    spacing_mm : tuple of float, mm
        (y, x), or (z, y, x) for volumes.
    """

    images_hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    z_mm: FloatArray
    nodules: dict[str, NDArray]
    attributes: dict[str, NDArray]
    spacing_mm: tuple[float, ...]


def thorax(
    n: int,
    *,
    volumes: bool = False,
    side: int = 256,
    z_mm: float | ArrayLike | None = None,
    n_nodules: tuple[int, int] = (0, 3),
    diameter_mm: tuple[float, float] = (4.0, 30.0),
    seed: int | tuple[int, ...] = 0,
    site: str | scanner.Scanner = "A",
    noise: bool = True,
) -> Thorax:
    """Simulate overview CT of the chest, without contrast agent: one slice or one volume a patient.

    Parameters
    ----------
    n : int, >= 1
        Number of patients. The first 10 of 100 are the 10 of the same seed.
    volumes : bool
        Whole volumes instead of single slices.
    side : int, [64, 512]
        Pixels along each axis of a slice; the field of view is 350 mm.
    z_mm : float or array, mm, [-85, 60], optional
        Heights above the carina: 0 is the carina, -65 the heart, 40 above the arch of the aorta. For
        slices, one number or one for each patient; left out, a slice goes through one of the patient's
        nodules, or anywhere where there is none. For volumes, shape (Z,), evenly spaced, rising; left
        out, every 5 mm.
    n_nodules : (fewest, most), whole numbers, [0, 12]
        Nodules of a patient, each number as likely. One that finds no room is left out.
    diameter_mm : (low, high), mm, within [4, 30]
        Range of nodule diameters, uniform.
    seed : int, >= 0
        Same seed, same bytes. Patients are the same in slices and volumes, at any level and any `side`.
    site : "A", "B" or `Scanner`
        Where the scan was made.
    noise : bool
        Without it, a volume's slice at z is the slice drawn at that z, byte for byte.

    Returns
    -------
    thorax : Thorax

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.

    Notes
    -----
    CT numbers and sizes are stated for teaching (`TISSUE_HU`), near what textbooks give; no chest of a
    real person stands behind them. Nodules are balls: at a pixel of 1.4 mm their texture is no question.
    Blur and noise are the scanner's; a slice's thickness is the mean of three thin sections.
    """
    checks.in_range("n", n, 1, whole=True)
    checks.in_range("side", side, 64, 512, whole=True)
    entropy = entropy_of(seed)
    counts = _counts(n_nodules)
    sizes = patients.diameter_range(diameter_mm, largest=30)
    levels = _levels(z_mm, n, volumes=volumes)
    scan = scanner.site_scanner(site)

    spacing_mm = FIELD_OF_VIEW_MM / side
    depth = len(levels) if volumes and levels is not None else 1
    images = np.empty((n, depth, side, side), np.int16)
    labels = np.empty((n, depth, side, side), np.uint8)
    heights = np.empty((n, depth))
    attributes: list[dict[str, list[Any]]] = []
    tables: list[dict[str, NDArray]] = []
    still = np.zeros((1, 1, 1), complex)
    for first in range(0, n, _CHUNK):
        rng = streams(entropy, first // _CHUNK, _STREAMS)
        chests = anatomy.draw_chests(_CHUNK, rng["chests"])
        drawn = draw_nodules(chests, counts, sizes, rng["nodules"])
        through = draw_levels(drawn, rng["levels"])
        for i in range(first, min(first + _CHUNK, n)):
            chest, nodules = chests[i - first], drawn[i - first]
            if levels is None:
                heights[i] = through[i - first]
            else:
                heights[i] = levels if volumes else levels[i]
            for k, height in enumerate(heights[i]):
                sharp, labels[i, k] = section.draw(chest, nodules, height, side, spacing_mm, scan.slice_mm)
                white = scanner.white_spectra(rng["noise"], 1, side) if noise else still
                scanned = scan.scan(sharp[None], white, spacing_mm)[0]
                images[i, k] = np.rint(scanned).clip(-1024, 3071)
            facts = {name: [chest[name]] for name in ("size", "fat_mm", "lung_hu")}
            attributes.append({**facts, "n_nodules": [len(nodules["diameter_mm"])]})
            tables.append(_nodule_table(i, nodules, heights[i]))
    columns, table, spacing = stacked(attributes), stacked(tables), (spacing_mm, spacing_mm)
    if not volumes or levels is None:
        return Thorax(images[:, 0, ..., None], labels[:, 0], heights[:, 0], table, columns, spacing)
    slice_spacing_mm = float(levels[1] - levels[0])
    return Thorax(images[..., None], labels, levels, table, columns, (slice_spacing_mm, *spacing))


def _nodule_table(index: int, nodules: dict[str, NDArray], heights: FloatArray) -> dict[str, NDArray]:
    """Return a patient's nodules as rows of the table of all."""
    diameter = nodules["diameter_mm"]
    off = np.abs(heights[:, None] - nodules["center_mm"][:, 0])
    return {
        "image": np.full(len(diameter), index),
        **nodules,
        "volume_mm3": np.pi / 6 * diameter**3,
        "in_image": (off < diameter / 2).any(axis=0),
    }


def _levels(z_mm: float | ArrayLike | None, n: int, *, volumes: bool) -> FloatArray | None:
    """Return checked heights, of a volume's slices or one for each patient, or None to draw them."""
    if z_mm is None and not volumes:
        return None
    levels = np.asarray(DEFAULT_LEVELS_MM if z_mm is None else z_mm)
    for level in levels.ravel().tolist():
        checks.in_range("z_mm", level, *anatomy.LEVELS_MM)
    if not volumes:
        if levels.shape not in ((), (n,)):
            msg = (
                f"z_mm must be a number or have shape ({n},), one for each patient, got shape {levels.shape}."
            )
            raise ValueError(msg)
        return np.broadcast_to(levels.astype(float), (n,))
    steps = np.diff(levels) if levels.ndim == 1 else np.zeros(0)
    if len(steps) == 0 or steps.min() <= 0 or np.ptp(steps) > 1e-6:
        msg = (
            f"z_mm of volumes must be at least two heights, evenly spaced and rising, got {z_mm!r}. "
            "For one slice of each patient leave volumes=False."
        )
        raise ValueError(msg)
    return levels.astype(float)


def _counts(n_nodules: Sequence[int]) -> tuple[int, int]:
    fewest, most = map(int, checks.pair("n_nodules", n_nodules, 0, 12, whole=True))
    if fewest > most:
        msg = f"n_nodules must be (fewest, most), got {tuple(n_nodules)}. Swap them."
        raise ValueError(msg)
    return fewest, most


def draw_nodules(
    chests: list[Columns], counts: tuple[int, int], sizes_mm: tuple[float, float], rng: np.random.Generator
) -> list[Columns]:
    """Draw the nodules of each chest: the first place tried where a ball has room.

    Returns
    -------
    nodules : list of dicts of arrays, each of length K
        ``center_mm`` (z, y, x), ``diameter_mm``, ``nodule_type``, in the order of their drawing.
    """
    low, high = anatomy.LEVELS_MM
    drawn = []
    for chest in chests:
        count = int(rng.integers(counts[0], counts[1] + 1))
        diameters = rng.uniform(*sizes_mm, count)
        types = rng.choice(len(NODULE_TYPES), count, p=TYPE_SHARES)
        places = rng.uniform(-1, 1, (count, _TRIES, 3))
        centers: dict[int, FloatArray] = {}
        for k, radius in enumerate(diameters / 2):
            half_mm = np.array([(high - low) / 2 - radius, *_REACH_MM])
            tried = np.array([(low + high) / 2, 0, 0]) + places[k] * half_mm
            tried = tried[_from_wall(chest, tried, radius) > radius + _CLEAR_MM]
            for other, center in centers.items():
                gap_mm = np.sqrt(((tried - center) ** 2).sum(axis=1))
                tried = tried[gap_mm > radius + diameters[other] / 2 + _CLEAR_MM]
            for place in tried[:_LOOKED_AT]:
                if _from_middle(chest, place, radius) > radius + _CLEAR_MM:
                    centers[k] = place
                    break
        center_mm, kept = np.array(list(centers.values())).reshape(-1, 3), list(centers)
        drawn.append({"center_mm": center_mm, "diameter_mm": diameters[kept], "nodule_type": types[kept]})
    return drawn


def draw_levels(nodules: list[Columns], rng: np.random.Generator) -> FloatArray:
    """Draw a height for each patient: through one of the nodules, else anywhere."""
    low, high = anatomy.LEVELS_MM
    levels = []
    for table in nodules:
        anywhere, which, off = rng.uniform(low, high), rng.random(), rng.uniform(-0.3, 0.3)
        count = len(table["diameter_mm"])
        if count:
            k = int(which * count)
            anywhere = table["center_mm"][k, 0] + off * table["diameter_mm"][k]
        levels.append(np.clip(anywhere, low, high))
    return np.array(levels)


def _from_wall(chest: Columns, points_mm: FloatArray, reach_mm: float) -> FloatArray:
    """Return how far points (z, y, x), shape (P, 3), are from the chest wall, mm: a lower bound."""
    z, y, x = points_mm.T / chest["size"]
    reach = reach_mm / chest["size"]
    narrowest = np.minimum(*(anatomy.wall_scales(z + step)[0] for step in (-reach, reach)))
    cavity = chest["outlines"]["cavity"][anatomy.entry_of(x, y)]
    # a curve that runs aslant comes nearer than along the line to the middle: by at most a tenth
    return 0.9 * chest["size"] * (cavity * narrowest - np.sqrt(x * x + y * y))


def _from_middle(chest: Columns, place_mm: FloatArray, reach_mm: float) -> float:
    """Return how far a point (z, y, x) is from mediastinum, hilum and airways, mm.

    The mediastinum counts where it comes nearest within `reach_mm` above, below, before and behind.
    """
    z, y, x = place_mm / chest["size"]
    reach = reach_mm / chest["size"]
    around_y, around_z = (
        grid.ravel()
        for grid in np.meshgrid(y + _STEPS * (reach + anatomy.SMOOTH_MM), z + _STEPS * reach, indexing="ij")
    )
    left, right = anatomy.medial_edges(chest["shapers"], around_y, around_z)
    beside = x - left.max() if x > 0 else -x - right.max()
    balls = np.concatenate([anatomy.beads(chest["tubes"][name]) for name in ("great vessel", "airway")])
    gaps = np.sqrt(((balls[:, :3] - np.array([x, y, z])) ** 2).sum(axis=1)) - balls[:, 3]
    return float(min(beside, gaps.min())) * float(chest["size"])
