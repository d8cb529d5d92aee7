"""Crops around findings, as a scanner shows them: nodules and the vessels that mimic them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.phantoms import findings, lung, patients, scanner
from medlab.data.phantoms.streams import FloatArray, Mask, Streams, entropy_of, stacked, streams

SIDE = 64
SPACING_MM = 0.75
SLICE_SPACING_MM = 1.5
# Drawn a few pixels wider, then cut: the Fourier transform's wrapped edges stay outside.
_DRAWN = 72
_KEPT = slice((_DRAWN - SIDE) // 2, (_DRAWN + SIDE) // 2)
_AXIS_MM = SPACING_MM * np.linspace(-(_DRAWN - 1) / 2, (_DRAWN - 1) / 2, _DRAWN)
CHUNK = 256  # findings whose random numbers are drawn at once: changing it changes every data set
_BLOCK = 12  # slices drawn at once, few enough for the processor's cache
# Share of the texture that one slice passes to the next, 1.5 mm on.
_TEXTURE_CARRY = 0.7
STREAMS = (
    "patients", "kinds", "labels", "findings", "lungs", "noise", "texture", "outer noise", "outer texture",
)  # fmt: skip


@dataclass(frozen=True)
class Candidates:
    """Crops around findings, with their truth.

    Attributes
    ----------
    images_hu : int16 array, shape (N, 64, 64, 1) or (N, Z, 64, 64, 1), HU
        0.75 mm pixels, slices every 1.5 mm; slice Z // 2 is the central one.
    masks : bool array, shape (N, 64, 64) or (N, Z, 64, 64)
        Body of the finding, nodule or vessel, without its spikes.
    is_nodule : bool array, shape (N,)
        False for a vessel that mimics a nodule.
    malignant : int64 array, shape (N,)
        1 where the finding is a malignant nodule; always 0 for vessels.
    attributes : dict of arrays, each of length N
        The columns of `draw_patients` and of `true_risks`, and ``solid_mm``, the diameter of the solid
        part (0 in a non-solid nodule). For a vessel they are those of the nodule that it looks like in the
        central slice, and the risks are NaN.
    spacing_mm : tuple of float, mm
        (0.75, 0.75), or (1.5, 0.75, 0.75) for volumes.
    """

    images_hu: NDArray[np.int16]
    masks: Mask
    is_nodule: Mask
    malignant: NDArray[np.int64]
    attributes: dict[str, NDArray]
    spacing_mm: tuple[float, ...]


def candidates(
    n: int,
    *,
    kind: str = "nodule",
    volumes: bool = False,
    n_slices: int = 24,
    seed: int | tuple[int, ...] = 0,
    site: str | scanner.Scanner = "A",
    risk_scale: float = 3.5,
    prevalence: float = 0.35,
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> Candidates:
    """Simulate crops around lung nodules and around vessels that look like them.

    Parameters
    ----------
    n : int, >= 1
        Number of crops. The first 100 of 2,000 are the 100 of the same seed.
    kind : "nodule", "vessel" or "both"
        Both: each with probability one half. The same seed gives vessels and nodules with the same
        central slices, byte for byte: only the neighboring slices tell them apart.
    volumes : bool
        Whole volumes, or their central slices only (the same bytes).
    n_slices : int, [8, 32]
        Slices of a volume. Twelve show where a nodule of 12 mm ends, at half the cost.
    seed : int, >= 0
        Same seed, same bytes.
    site : "A", "B" or `Scanner`
        Where the scan was made.
    risk_scale, prevalence
        Strength of the risk and share of malignant nodules, see `true_risks`.
    diameter_mm : (low, high), mm, within [4, 25]
        Range of nodule diameters.

    Returns
    -------
    candidates : Candidates

    Raises
    ------
    ValueError
        If an argument is out of range or a name unknown.
    """
    checks.in_range("n", n, 1, whole=True)
    checks.one_of("kind", kind, ("nodule", "vessel", "both"))
    checks.in_range("n_slices", n_slices, 8, 32, whole=True)
    entropy = entropy_of(seed)
    scan = scanner.site_scanner(site)

    z_mm = slice_heights(n_slices if volumes else 1)
    shape = (n, len(z_mm), SIDE, SIDE)
    images, masks = np.empty(shape, np.int16), np.empty(shape, np.bool_)
    chunks = list(draw_chunks(n, entropy, kind, risk_scale, prevalence, diameter_mm))
    for chunk in chunks:
        for rows, images_hu, body in render(chunk, z_mm, scan):
            images[rows], masks[rows] = images_hu, body
    if not volumes:
        images, masks = images[:, 0], masks[:, 0]
    is_nodule = np.concatenate([chunk.is_nodule for chunk in chunks])
    malignant = np.concatenate([chunk.malignant for chunk in chunks]).astype(np.int64)
    attributes = stacked(chunk.people for chunk in chunks)
    return Candidates(images[..., None], masks, is_nodule, malignant, attributes, spacing_mm(volumes))


def spacing_mm(volumes: bool) -> tuple[float, ...]:
    """Return the spacing of volumes, (z, y, x), or of slices, (y, x)."""
    return (SLICE_SPACING_MM, SPACING_MM, SPACING_MM) if volumes else (SPACING_MM, SPACING_MM)


def slice_heights(depth: int) -> FloatArray:
    """Return the positions of slices in mm; slice depth // 2 is the central one, at 0."""
    return SLICE_SPACING_MM * np.arange(-(depth // 2), depth - depth // 2, dtype=np.float64)


class Chunk(NamedTuple):
    """Up to 256 findings from row `first` on, and the generators that draw the rest of them."""

    first: int
    people: patients.Patients
    shapes: findings.Columns
    is_nodule: Mask
    malignant: Mask
    rng: Streams


def draw_chunks(
    n: int,
    entropy: tuple[int, ...],
    kind: str,
    risk_scale: float = 3.5,
    prevalence: float = 0.35,
    diameter_mm: tuple[float, float] = (6.0, 12.0),
) -> Iterator[Chunk]:
    """Draw patients with their risks, shapes, who has a nodule, and whose is malignant.

    A chunk is always drawn whole, and then cut: so the first 100 of 2,000 are the 100 of the same seed.
    """
    for first in range(0, n, CHUNK):
        rng = streams(entropy, first // CHUNK, STREAMS)
        people = patients.draw_patients(CHUNK, rng["patients"], diameter_mm=diameter_mm)
        coin = rng["kinds"].random(CHUNK) < 0.5
        is_nodule = coin if kind == "both" else np.full(CHUNK, kind == "nodule")
        risks = patients.true_risks(
            people, risk_scale=risk_scale, prevalence=prevalence, diameter_mm=diameter_mm
        )
        malignant = (rng["labels"].random(CHUNK) < risks["risk"]) & is_nodule
        people |= {name: np.where(is_nodule, risk, np.nan) for name, risk in risks.items()}
        shapes = findings.draw_findings(CHUNK, rng["findings"])
        solid, part_solid = (people["nodule_type"] == number for number in (0, 1))
        people["solid_mm"] = (solid + part_solid * shapes["core_share"]) * people["diameter_mm"]
        part = slice(min(CHUNK, n - first))
        yield Chunk(first, cut(people, part), cut(shapes, part), is_nodule[part], malignant[part], rng)


def cut(table: Mapping[str, NDArray], rows: slice) -> dict[str, NDArray]:
    """Return some rows of a table."""
    return {name: column[rows] for name, column in table.items()}


def render(
    chunk: Chunk, z_mm: FloatArray, scan: scanner.Scanner
) -> Iterator[tuple[slice, NDArray[np.int16], Mask]]:
    """Yield the crops of a chunk block by block, small enough for the processor's cache."""
    depth, size = len(z_mm), len(chunk.is_nodule)
    lungs = lung.draw_lungs(CHUNK, chunk.rng["lungs"])
    step = max(1, _BLOCK // depth)
    for start in range(0, size, step):
        block = slice(start, min(start + step, size))
        count = block.stop - start
        people, shapes = cut(chunk.people, block), cut(chunk.shapes, block)
        geometry = findings.in_slices(people, shapes, chunk.is_nodule[block], z_mm)
        surroundings = {name: np.repeat(column[block], depth, axis=0) for name, column in lungs.items()}
        sharp = lung.draw_sharp(surroundings, np.tile(z_mm, count), _AXIS_MM)
        mask = findings.add_findings(sharp, geometry, _AXIS_MM, scan.slice_mm)
        texture = _white(chunk.rng, "texture", count, depth, _TEXTURE_CARRY)
        texture *= lung.texture_gain(_DRAWN, SPACING_MM)
        noise = _white(chunk.rng, "noise", count, depth, 0.0)
        hu = np.rint(scan.scan(sharp, noise, SPACING_MM, texture)).clip(-1024, 3071).astype(np.int16)
        shape = (count, depth, _DRAWN, _DRAWN)
        rows = slice(chunk.first + start, chunk.first + block.stop)
        yield rows, hu.reshape(shape)[..., _KEPT, _KEPT], mask.reshape(shape)[..., _KEPT, _KEPT]


def _white(rng: Streams, name: str, count: int, depth: int, carry: float) -> NDArray[np.complex128]:
    """Return spectra of white noise for each slice, shape (count * depth, drawn, drawn // 2 + 1).

    The central one comes from a stream of its own and the others follow outward, each taking the share
    `carry` of its inner neighbor: so the central slice of a volume is the slice drawn alone.
    """
    middle = depth // 2
    central = scanner.white_spectra(rng[name], count, _DRAWN)
    if depth == 1:
        return central
    outer = scanner.white_spectra(rng[f"outer {name}"], count * (depth - 1), _DRAWN)
    outer = outer.reshape(count, depth - 1, *outer.shape[1:])
    fields = np.concatenate([outer[:, :middle], central[:, None], outer[:, middle:]], axis=1)
    if carry:
        for k in (*range(middle - 1, -1, -1), *range(middle + 1, depth)):
            inner = k + 1 if k < middle else k - 1
            fields[:, k] *= np.sqrt(1 - carry**2)
            fields[:, k] += carry * fields[:, inner]
    return fields.reshape(count * depth, *fields.shape[2:])
