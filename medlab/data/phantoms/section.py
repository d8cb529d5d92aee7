"""Sections through a simulated chest: thin ones, and slices as the mean of three."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from medlab.data.phantoms import anatomy, painting
from medlab.data.phantoms.anatomy import STRUCTURES, TISSUE_HU, Columns
from medlab.data.phantoms.streams import Float32Array, FloatArray

Part = tuple[str, Float32Array, painting.Window]

NODULE_HU = (30.0, -600.0, -600.0)  # by type; a part-solid one has a solid core
CORE_SHARE = 0.55
_FADE_MM = 7.0
_LABEL = {name: label for label, name in enumerate(STRUCTURES)}


def draw(
    chest: Columns, nodules: Columns, z_mm: float, side: int, spacing_mm: float, slice_mm: float
) -> tuple[Float32Array, NDArray[np.uint8]]:
    """Return one sharp slice and its labels.

    Parameters
    ----------
    chest : dict
        From `anatomy.draw_chests`.
    nodules : dict of arrays, each of length K
        ``center_mm`` (z, y, x), ``diameter_mm`` and ``nodule_type``.
    z_mm : float, mm
        Height of the slice's middle.
    side, spacing_mm
        Pixels along an axis, and their size.
    slice_mm : float, mm
        Thickness: the mean of three thin sections, a third of it apart. Labels are the middle one's.

    Returns
    -------
    slice_hu : float32 array, shape (side, side), HU
    labels : uint8 array, shape (side, side)
    """
    total = np.zeros((side, side), np.float32)
    labels = np.zeros((side, side), np.uint8)
    pixel = spacing_mm / chest["size"]
    low, high = ((z_mm + step * slice_mm / 3) / chest["size"] for step in (-1, 1))
    near = {name: painting.near(group, low, high, anatomy.WALL_MM) for name, group in chest["tubes"].items()}
    tubes = {name: {key: mm / pixel for key, mm in group.items()} for name, group in near.items()}
    for step in (-1, 0, 1):
        canvas = painting.Canvas(side, labeled=step == 0)
        height_mm = z_mm + step * slice_mm / 3
        _draw_chest(canvas, chest, tubes, height_mm / chest["size"], pixel)
        draw_nodules(canvas, nodules, height_mm, spacing_mm)
        total += canvas.hu
        if canvas.labels is not None:
            labels = canvas.labels
    total /= np.float32(3)
    return total, labels


def _draw_chest(canvas: painting.Canvas, chest: Columns, tubes: Columns, z: float, pixel: float) -> None:
    """Draw all but the nodules; `z` and `pixel` are mm in a chest of size 1, `tubes` are in pixels."""
    cavity_scale, muscle_scale = (float(scale) for scale in anatomy.wall_scales(z))
    cavity = chest["outlines"]["cavity"] * cavity_scale / pixel
    muscle = chest["outlines"]["muscle"] * muscle_scale / pixel
    body = muscle + chest["outlines"]["fat"] / pixel
    side = canvas.side
    skinned, walled, hollow = (painting.around(side, curve) for curve in (body, muscle, cavity))

    def paint(name: str, share: Float32Array, window: painting.Window) -> None:
        canvas.paint(share, TISSUE_HU[name], _LABEL[name], window)

    paint("skin", painting.inside_curve(side, body, skinned), skinned)
    paint("fat", painting.inside_curve(side, body - anatomy.SKIN_MM / pixel, skinned), skinned)
    paint("muscle", painting.inside_curve(side, muscle, walled), walled)
    half = {name: h / pixel for name, h in anatomy.bones(z, chest["rib_shift"]).items()}
    outward = -painting.depth(side, cavity, walled)
    off = {name: np.abs(outward - np.float32(arc["away_mm"] / pixel)) for name, arc in anatomy.WALL.items()}

    def paint_arc(name: str, arc: str, less: float = 0.0) -> None:
        thick = painting.by_angle(side, np.maximum(half[arc] - less, 0), walled)
        paint(name, painting.band(off[arc], thick), walled)

    paint_arc("fat", "plane")
    inner = painting.depth(side, cavity, hollow)
    in_cavity = np.clip(inner + np.float32(0.5), 0, 1)
    paint("mediastinum", in_cavity, hollow)
    in_lung = np.minimum(in_cavity, _beside_mediastinum(side, chest, z, pixel, hollow))
    lung_hu = chest["lung_hu"] + anatomy.LUNG_HU_PER_MM * pixel * painting.axis(side)[hollow[0], None]
    canvas.paint(in_lung, lung_hu, _LABEL["lung"], hollow)

    vessels = painting.tubes(side, tubes["vessel"], z / pixel, hollow)[0]
    fading = np.clip(inner * np.float32(pixel / _FADE_MM), 0, 1)
    paint("vessel", vessels * fading * in_lung, hollow)

    for center, axes, turn in chest["hearts"]:
        cut = np.sqrt(max(0.0, 1 - ((z - center[2]) / axes[2]) ** 2))
        if cut * axes[1] > pixel:
            direction = (np.cos(turn), np.sin(turn))
            paint("heart", *painting.ellipse(side, center[:2] / pixel, axes[:2] * cut / pixel, direction))
    paint("great vessel", painting.tubes(side, tubes["great vessel"], z / pixel, hollow)[0], hollow)
    gap_mm, half_mm = anatomy.STERNUM["gap_mm"], anatomy.STERNUM["half"]
    front = -float(cavity[anatomy.N_ANGLES // 2]) - (gap_mm + half_mm[1]) / pixel
    for part in (*_spine(side, pixel), *_bone(side, (0.0, front), np.divide(half_mm, pixel), pixel)):
        paint(*part)
    paint_arc("cortical bone", "rib")
    paint_arc("marrow", "rib", anatomy.WALL["rib"]["cortex_mm"] / pixel)
    paint_arc("cortical bone", "scapula")
    walls = (anatomy.WALL_MM / pixel, 0.0)
    outer, lumen = painting.tubes(side, tubes["airway"], z / pixel, hollow, walls)
    paint("airway wall", outer, hollow)
    paint("airway", lumen, hollow)


def _beside_mediastinum(
    side: int, chest: Columns, z: float, pixel: float, window: painting.Window
) -> Float32Array:
    """Return the share of each pixel on the lungs' side of the mediastinum, both lungs together."""
    y, x = painting.axis(side)[window[0]].astype(np.float64), painting.axis(side)[window[1]]
    share = np.zeros((len(y), len(x)), np.float32)
    for sign, edge in zip((1, -1), anatomy.medial_edges(chest["shapers"], y * pixel, z), strict=True):
        smooth = ndimage.gaussian_filter1d(edge / pixel, anatomy.SMOOTH_MM / pixel, mode="nearest")
        slope = np.gradient(smooth)
        steep = np.sqrt(1 + slope**2)
        beside = (sign / steep).astype(np.float32)[:, None] * x
        beside -= (smooth / steep - 0.5).astype(np.float32)[:, None]
        np.maximum(share, beside, out=share)
    return np.clip(share, 0, 1, out=share)


def _bone(side: int, center: Any, half: Any, pixel: float) -> list[Part]:
    """Return an ellipse of marrow in a shell of cortical bone."""
    parts = [("cortical bone", *painting.ellipse(side, center, half))]
    inner = np.asarray(half) - anatomy.CORTEX_MM / pixel
    if inner.min() > 0.5:
        parts.append(("marrow", *painting.ellipse(side, center, inner)))
    return parts


def _scaled(ellipse: Any, pixel: float) -> tuple[FloatArray, FloatArray]:
    center, half = ellipse
    return np.divide(center, pixel), np.divide(half, pixel)


@lru_cache(maxsize=4)
def _spine(side: int, pixel: float) -> list[Part]:
    """Return a vertebra and the esophagus before it, the same at every height."""
    (x, y, r0), (x1, y1, r1) = anatomy.SPINE["transverse"]
    mirror = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    processes = {
        "start": mirror * np.array([x, y, 0.0]) / pixel,
        "step": mirror * np.array([x1 - x, y1 - y, 0.0]) / pixel,
        "radius": np.full(2, r0 / pixel),
        "taper": np.full(2, (r1 - r0) / pixel),
    }
    window = painting.box(side, (0.0, y / pixel), ((x1 + 6) / pixel, 16 / pixel))
    cortex = anatomy.CORTEX_MM / pixel
    outer, inner = painting.tubes(side, processes, 0.0, window, (0.0, -cortex))
    center, half = _scaled(anatomy.SPINE["canal"], pixel)
    return [
        ("cortical bone", outer, window),
        ("marrow", inner, window),
        *_bone(side, *_scaled(anatomy.SPINE["spinous"], pixel), pixel),
        *_bone(side, center, half + anatomy.SPINE["arch_mm"] / pixel, pixel),
        ("cortical bone", *painting.ellipse(side, center, half + cortex)),
        *_bone(side, *_scaled(anatomy.SPINE["body"], pixel), pixel),
        ("spinal canal", *painting.ellipse(side, center, half)),
        ("esophagus", *painting.ellipse(side, *_scaled(anatomy.ESOPHAGUS, pixel))),
    ]


def draw_nodules(canvas: painting.Canvas, nodules: Columns, z_mm: float, spacing_mm: float) -> None:
    """Draw balls; `z_mm` and `spacing_mm` are true mm, whatever the size of the chest."""
    table = (nodules[name] for name in ("center_mm", "diameter_mm", "nodule_type"))
    for center, diameter, nodule_type in zip(*table, strict=True):
        off = z_mm - center[0]
        layers = [(1.0, NODULE_HU[nodule_type])]
        layers += [(CORE_SHARE, NODULE_HU[0])] if nodule_type == 1 else []
        for share, hu in layers:
            squared = ((share * diameter / 2) ** 2 - off**2) / spacing_mm**2
            if squared <= 0:
                continue
            middle = (center[2] / spacing_mm, center[1] / spacing_mm)
            disc, window = painting.disc(canvas.side, middle, squared)
            canvas.paint(disc, hu, _LABEL["nodule"], window)
