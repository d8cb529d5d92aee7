"""The simulated chest: what it is made of, and how one person's differs from the next.

Lengths are mm in a chest of size 1, points are (x, y, z): x to the patient's left, y to the back, z to the
head, as in DICOM; the origin lies in the middle of the chest, at the height of the carina. The chest wall
is a set of closed curves around the axis, radius by angle from the back, so that its areas are known in
closed form; everything in the mediastinum is a chain of tapering tubes or an ellipsoid. The numbers of the
average chest stand in atlas.yaml.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab.data.phantoms.streams import FloatArray
from medlab.text import packaged

Columns = dict[str, Any]

ATLAS = packaged("medlab.data.phantoms", "atlas.yaml")
TISSUE_HU: dict[str, float] = ATLAS["tissue_hu"]
STRUCTURES = tuple(TISSUE_HU)
LUNG_HU_PER_MM = 0.3  # denser toward the back, where blood collects in a patient lying there

LEVELS_MM = (-85.0, 60.0)  # heart without diaphragm to the tops of the lungs

OUTLINES = {name: np.array(cosines) for name, cosines in ATLAS["outlines"].items()}
SKIN_MM = 2.0
_WOBBLE_MM = np.array([0.0, 0.8, 0.8, 0.5, 0.4, 0.3])
_BEND = 0.02  # spread of what turns and stretches the mediastinum

N_ANGLES = 4096
ANGLES = np.arange(N_ANGLES) * (2 * np.pi / N_ANGLES)
_WAVES = np.cos(np.arange(12)[:, None] * ANGLES), np.sin(np.arange(12)[:, None] * ANGLES)
_FOLDED = np.minimum(ANGLES, 2 * np.pi - ANGLES)  # from the back, either way

WALL = ATLAS["wall"]
SPINE, STERNUM, ESOPHAGUS = ATLAS["spine"], ATLAS["sternum"], ATLAS["esophagus"]
CORTEX_MM = 1.5  # of spine and sternum
WALL_MM = 1.3  # of an airway
_MARGIN_MM = 4.0
SMOOTH_MM = 5.0

# "start" and "step" of shape (..., 3), "radius" and "taper" (radius at the end less that at the start).
Tubes = dict[str, FloatArray]

_LENGTHS_MM = (28.0, 23.0, 19.0, 15.0, 13.0, 11.0)
_BENT_FROM_MM = 14.0
_TRUNK_RADIUS_MM = 3.1
_NARROWS = 0.77  # radius of a branch relative to its parent; Murray's law gives 2^(-1/3) = 0.79
# Where each tree starts in the left lung; the right one mirrors it.
_HILUM_MM = np.array([50.0, 8.0, -24.0])
_TRUNKS = np.array(ATLAS["trunks"])


def draw_chests(n: int, rng: np.random.Generator) -> list[Columns]:
    """Draw everything that makes one chest differ from the next, nodules left out."""
    size = rng.uniform(0.93, 1.02, n)
    fat_mm = rng.uniform(5.0, 18.0, n)
    lung_hu = rng.normal(TISSUE_HU["lung"], 12.0, n)
    heart_size = rng.uniform(0.92, 1.08, n)
    rib_shift = rng.uniform(0, WALL["rib"]["spacing_mm"], n)[:, None] + rng.normal(0, 1.5, (n, 2))
    wobble = rng.normal(0, 1, (n, 2, len(_WOBBLE_MM))) * _WOBBLE_MM
    bend = np.eye(3) + rng.normal(0, _BEND, (n, 3, 3))
    trees = grow_vessels(n, rng)
    drawn = {"size": size, "fat_mm": fat_mm, "lung_hu": lung_hu, "rib_shift": rib_shift}
    great, airways = ATLAS["great_vessels"], ATLAS["airways"]
    groups = {"great vessel": great | ATLAS["hilar_vessels"], "airway": airways, "shaping": great}
    tubes = {name: chains(group.values()) for name, group in groups.items()}
    chests = []
    for i in range(n):
        moved = {name: _bent(group, bend[i]) for name, group in tubes.items()}
        outlines = _outlines(wobble[i], fat_mm[i])
        tree = _bent({name: column[i] for name, column in trees.items()}, bend[i])
        moved["vessel"] = _within(tree, outlines["cavity"])
        hearts = [
            (_bend(np.array(center), bend[i]), heart_size[i] * np.array(half), turn)
            for center, half, turn in ATLAS["heart"].values()
        ]
        chest: Columns = {name: column[i] for name, column in drawn.items()}
        chest |= {"outlines": outlines, "tubes": moved, "hearts": hearts, "shapers": _shapers(moved, hearts)}
        chests.append(chest)
    return chests


def curve(cosines: FloatArray, sines: ArrayLike = ()) -> FloatArray:
    """Return a closed curve's radius by angle; its area is pi (c_0^2 + sum of the other c_k^2 / 2)."""
    radius = np.full(N_ANGLES, cosines[0])
    for coefficients, waves in zip((cosines, np.asarray(sines)), _WAVES, strict=True):
        for coefficient, wave in zip(coefficients[1:], waves[1:], strict=False):
            radius += coefficient * wave
    return radius


def entry_of(x: FloatArray, y: FloatArray) -> NDArray[np.intp]:
    """Return the entry of a table by angle from the back that points belong to, shape as given."""
    return np.floor(np.arctan2(x, y) * (N_ANGLES / (2 * np.pi)) + 0.5).astype(np.intp) % N_ANGLES


def _outlines(wobble: FloatArray, fat_mm: float) -> dict[str, FloatArray]:
    shift = curve(*wobble)
    return {
        "cavity": curve(OUTLINES["cavity"]) + shift,
        "muscle": curve(OUTLINES["muscle"]) + shift,
        "fat": fat_mm * curve(OUTLINES["fat"]),
    }


def _within(trees: Tubes, cavity: FloatArray) -> Tubes:
    """Return the branches that begin inside the cavity and between the levels."""
    x, y, z = trees["start"].T
    inside = np.sqrt(x * x + y * y) < cavity[entry_of(x, y)] * wall_scales(z)[0] - 3
    rows = np.flatnonzero(inside & (z > LEVELS_MM[0] - 20) & (z < LEVELS_MM[1] + 20))
    return {name: column[rows] for name, column in trees.items()}


def wall_scales(z: Any) -> tuple[Any, Any]:
    """Return by what the cavity and the muscle shrink toward the neck, at a height in a chest of size 1."""
    rise = np.clip((np.asarray(z, float) + 30) / 110, 0, 1)
    rise = rise * rise * (3 - 2 * rise)
    return 1.0 - 0.18 * rise, 1.0 - 0.04 * rise


def bones(z: float, rib_shift: FloatArray) -> dict[str, FloatArray]:
    """Return half the thickness of ribs, scapulae and the fat beneath the muscles, mm, by angle.

    A rib falls from the back to the front, so that a slice cuts each of several ribs once a side. Cut
    along the rib, thickness and height make an ellipse.
    """
    ribs, scapula = WALL["rib"], WALL["scapula"]
    first, last = ribs["angles"]
    progress = (_FOLDED - first) / (last - first)
    shift = np.where(ANGLES < np.pi, rib_shift[0], rib_shift[1])
    spacing, high = ribs["spacing_mm"], ribs["high_mm"]
    off = (z + ribs["drop_mm"] * progress - shift + spacing / 2) % spacing - spacing / 2
    rib = ribs["thick_mm"] / 2 * np.sqrt(np.clip(1 - (2 * off / high) ** 2, 0, None))
    return {
        "rib": rib * ((progress >= 0) & (progress <= 1)),
        "scapula": _arc(scapula) * (z > scapula["lowest_mm"]),
        "plane": _arc(WALL["plane"]),
    }


def _arc(arc: dict[str, Any]) -> FloatArray:
    first, last = arc["angles"]
    inside = np.clip(np.minimum(_FOLDED - first, last - _FOLDED) / 0.12, 0, 1)
    return arc["thick_mm"] / 2 * np.sqrt(inside)


def _bend(points: FloatArray, bend: FloatArray) -> FloatArray:
    """Turn and stretch points a little; not a matrix product, whose last bits differ between machines."""
    return sum((points[..., j, None] * bend[:, j] for j in range(3)), np.zeros(3))


def _bent(tubes: Tubes, bend: FloatArray) -> Tubes:
    return {**tubes, "start": _bend(tubes["start"], bend), "step": _bend(tubes["step"], bend)}


def _shapers(tubes: dict[str, Tubes], hearts: list[Any]) -> FloatArray:
    """Return ellipsoids that the lungs keep clear of: rows of center, half axes, cosine, sine of the turn."""
    balls = np.concatenate([beads(tubes[name]) for name in ("shaping", "airway")])
    balls = balls[np.abs(balls[:, 0]) < 45]
    n = len(balls)
    rows = [np.column_stack([balls[:, :3], *[balls[:, 3]] * 3, np.ones(n), np.zeros(n)])]
    rows += [np.array([[*center, *half, np.cos(turn), np.sin(turn)]]) for center, half, turn in hearts]
    for center, half in (SPINE["body"], ESOPHAGUS):
        rows.append(np.array([[*center, 0.0, *half, np.inf, 1.0, 0.0]]))
    return np.concatenate(rows)


def medial_edges(shapers: FloatArray, y: FloatArray, z: Any) -> tuple[FloatArray, FloatArray]:
    """Return how far the mediastinum reaches to the left and to the right at points (y, z), not smoothed.

    Parameters
    ----------
    shapers : float64 array, shape (E, 8), mm
        A chest's ``shapers``.
    y, z : float64 arrays, shape (P,), or z a number, mm

    Returns
    -------
    left, right : float64 arrays, shape (P,), mm, > 0
    """
    off_z = np.abs(np.reshape(z, (-1, 1)) - shapers[:, 2]) / shapers[:, 5]
    is_cut = (off_z < 1).any(axis=0)
    shapers, off_z = shapers[is_cut], off_z[:, is_cut]
    cut = np.sqrt(np.clip(1 - off_z**2, 0, None))
    first, second = shapers[:, 3] * cut + _MARGIN_MM, shapers[:, 4] * cut + _MARGIN_MM
    c, s = shapers[:, 6], shapers[:, 7]
    xx, yy = (c / first) ** 2 + (s / second) ** 2, (s / first) ** 2 + (c / second) ** 2
    xy = s * c * (first**-2 - second**-2)
    off = y[:, None] - shapers[:, 1]
    inside = (xy * off) ** 2 - xx * (yy * off**2 - 1)
    cuts = (inside > 0) & (cut > 0)
    half = np.sqrt(np.where(cuts, inside, 0)) / xx
    middle = shapers[:, 0] - xy * off / xx
    back = np.clip((y - 38) / 14, 0, 1)
    front = np.clip((-45 - y) / 30, 0, 1)
    least = 2.5 + 20.0 * back * back * (3 - 2 * back) + 9.0 * front * front
    left = np.where(cuts, middle + half, 0).max(axis=1, initial=0.0)
    right = np.where(cuts, half - middle, 0).max(axis=1, initial=0.0)
    return np.maximum(left, least), np.maximum(right, least)


def chains(paths: Iterable[Sequence[Sequence[float]]]) -> Tubes:
    """Return the tubes between neighboring points (x, y, z, radius) of each path."""
    points = [np.array(path, float) for path in paths]
    starts = np.concatenate([path[:-1] for path in points])
    steps = np.concatenate([np.diff(path, axis=0) for path in points])
    return {"start": starts[:, :3], "step": steps[:, :3], "radius": starts[:, 3], "taper": steps[:, 3]}


def beads(tubes: Tubes, count: int = 12) -> FloatArray:
    """Return balls that line tubes up, rows (x, y, z, radius)."""
    share = np.linspace(0, 1, count)[:, None]
    centers = tubes["start"] + share[..., None] * tubes["step"]
    radii = tubes["radius"] + share * tubes["taper"]
    return np.concatenate([centers, radii[..., None]], axis=-1).reshape(-1, 4)


def grow_vessels(n: int, rng: np.random.Generator) -> Tubes:
    """Grow arteries and veins from both hila: every branch parts in two, thinner and shorter."""
    shape = (n, 2, 2, len(_TRUNKS), 1)  # lungs; arteries and veins; trunks; branches of a trunk
    mirror = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])[:, None, None, None]
    heading = _unit(mirror * (_TRUNKS[:, None] + rng.normal(0, 0.22, (*shape, 3))))
    start = mirror * (_HILUM_MM + rng.normal(0, 5.0, (*shape, 3)))
    radius = _TRUNK_RADIUS_MM * rng.uniform(0.75, 1.15, shape)
    parts: list[tuple[FloatArray, ...]] = []
    for mean_mm in _LENGTHS_MM:
        size = heading.shape[:-1]
        # a long branch has two pieces, with a bend between them
        pieces = 2 if mean_mm > _BENT_FROM_MM else 1
        piece_mm = mean_mm * rng.uniform(0.7, 1.3, size) / pieces
        for _ in range(pieces):
            heading = _unit(heading + rng.normal(0, 0.10, heading.shape))
            step = heading * piece_mm[..., None]
            taper = (np.sqrt(_NARROWS) - 1) / pieces * radius
            parts.append((start, step, radius, taper))
            start, radius = start + step, radius + taper
        across = _unit(np.cross(heading, rng.normal(0, 1, heading.shape)))
        apart = across * rng.uniform(0.4, 1.3, size)[..., None]
        lean = rng.uniform(0.3, 0.7, size)[..., None]
        heading = _unit(np.stack([heading + lean * apart, heading - (1 - lean) * apart], axis=-2))
        heading = heading.reshape(*size[:-1], 2 * size[-1], 3)
        start = np.repeat(start, 2, axis=-2)
        radius = np.repeat(radius, 2, axis=-1) * np.sqrt(_NARROWS) * rng.uniform(0.85, 1.1, start.shape[:-1])
    names = ("start", "step", "radius", "taper")
    return {
        name: np.concatenate([part[k].reshape(n, -1, *part[k].shape[5:]) for part in parts], axis=1)
        for k, name in enumerate(names)
    }


def _unit(vectors: FloatArray) -> FloatArray:
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return vectors / np.sqrt(x * x + y * y + z * z)[..., None]
