"""`SliceViewer`: an image in linked planes, its window, masks and attributions; the page draws."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from medlab import checks, plots
from medlab.data import Dataset, intensity, volumes
from medlab.notebook import answer_at_once
from medlab.plots import canvas
from medlab.plots.image_figures import AGAINST, FOR, map_colors, to_rgba
from medlab_widgets.picture_mixin import PictureMixin

TINY = 1e-30  # smallest width of a window
STEPS = 65_534  # of int16 between the lowest and the highest value
SAMPLE = 1_000_000  # values are enough for percentiles
LONGEST, GRAYS = 144, 40  # pixels of a side and grays of the kept picture: more makes notebooks heavy
COLORS = [canvas.SKY, canvas.GREEN, canvas.PURPLE, canvas.ORANGE, canvas.VERMILION]  # all seen on gray
NEAR_MM = 0.1
FULL, MIDDLE = "full range", "middle 99 %"


class SliceViewer(PictureMixin, anywidget.AnyWidget):
    """Scroll through a volume in three linked planes, with its window, masks and attributions.

    Rows and columns are as stored, and slices are stacked upwards, as `medlab.data.volumes.planes_picture`
    draws them. The page asks for slices when it needs them; all that follows the pointer is computed there.

    Parameters
    ----------
    source : array of shape (Z, Y, X) or (H, W), Volume, Dataset, or path
        Of a `Dataset` the training images, one after the other: a slider chooses the case, volumes are shown
        as volumes, and of colors the mean. A path is that of a DICOM folder or file or of a NIfTI file, read
        and de-identified by `medlab.data.volumes.read`: of its header only geometry and units reach the page.
    masks : array, Volume, or dict of them by name, of the shape of `source` (without channels), or None
        Booleans and integers (0 to 255; 0 is nothing) are masks. Floats are attributions: signed ones on a
        scale around 0, others from 0 up.
    spacing_mm : 3 positive numbers (2 for an image), mm, in the order of the axes, or None
        For arrays, and data sets without one; volumes bring their own.
    window : name, (center, width) or None
        A name of `medlab.data.intensity.WINDOWS` (values without a unit are then taken for HU), "full range"
        or "middle 99 %". None: "soft tissue" where values are HU, else "middle 99 %".

    Attributes
    ----------
    case : int
        Number of the image in a data set.
    position : list of int
        The voxel (z, y, x) at which the planes meet.
    center, width : float
        The window, in the unit of the values.
    overlays : list of [shown, opacity]
        For each mask, in order; the opacity lies in [0, 1].
    outline : bool
        Whether masks are drawn as outlines.
    view : list of float
        The zoom, and the voxel (z, y, x) around which the planes are enlarged.

    Raises
    ------
    ValueError
        If the source has another shape, is empty, holds NaN or infinite values (they are counted), cannot be
        read, or holds several series; if a mask has another shape or grid, or labels outside of 0 to 255; if
        the spacing or the window is not as above.

    Examples
    --------
    ``SliceViewer(volume, masks={"tumor": mask}, window="lung")``
    """

    _esm = Path(__file__).parent / "static" / "slice_viewer.js"
    info = t.Dict(read_only=True).tag(sync=True)
    case = t.Int(0).tag(sync=True)
    position = t.List(t.Int()).tag(sync=True)
    center = t.Float().tag(sync=True)
    width = t.Float(1.0, min=TINY).tag(sync=True)
    overlays: t.List[Any] = t.List().tag(sync=True)
    outline = t.Bool(False).tag(sync=True)
    view: t.List[Any] = t.List([1.0]).tag(sync=True)
    left = t.Int(0).tag(sync=True)

    def __init__(
        self, source: Any, *, masks: Any = None, spacing_mm: Any = None, window: Any = None, **traits: Any
    ) -> None:
        if isinstance(source, str | Path):
            source = volumes.read(source)
        self._images, info = _opened(source, spacing_mm)
        named = masks if isinstance(masks, Mapping) else {} if masks is None else {"mask": masks}
        named = {str(name): mask for name, mask in named.items()}
        self._layers = [_layer(name, named[name], source, self._images) for name in named]
        shape, whole = list(self._images.shape[1:4]), self._images.dtype.kind in "biu"
        low, high = float(self._images.min()), float(self._images.max())
        # Whole numbers travel as they are, others to a part in `STEPS` of their range.
        slope = max((high - low) / STEPS, float(whole)) or 1.0
        info |= {"slope": slope, "intercept": low + STEPS / 2 * slope, "whole": whole, "shape": shape}
        info |= {"cases": len(self._images), "range": [low, high], "layers": []}
        for number, (_, facts) in enumerate(self._layers):
            colors = np.roll(COLORS, -number).tolist() if facts["is_mask"] else [FOR, AGAINST]
            info["layers"].append(facts | {"colors": colors})
        info["presets"], (center, width) = _windows(self._images, info, window)
        state = {"center": center, "width": width, "overlays": [[True, 0.5] for _ in named]}
        self._lock = threading.RLock()
        super().__init__(**{"position": [n // 2 for n in shape], **state, **traits})
        answer_at_once([self], self._lock)
        self.set_trait("info", info)
        self.on_msg(self._answer)

    def __setattr__(self, name: str, value: Any) -> None:
        # The page moves it in a thread of its own, beside the cell that does so here.
        with self.__dict__.get("_lock", threading.Lock()):
            super().__setattr__(name, value)

    @t.validate("center", "width", "overlays")
    def _drawable(self, proposal: Any) -> Any:
        if proposal.trait.name != "overlays":
            return checks.in_range(proposal.trait.name, proposal.value)
        if len(proposal.value) != len(self._layers):
            msg = f"overlays must have one pair for each of {len(self._layers)} masks, got {proposal.value}."
            raise ValueError(msg)
        return [[bool(shown), checks.in_range("opacity", part, 0, 1)] for shown, part in proposal.value]

    @t.validate("case", "position")
    def _inside(self, proposal: Any) -> Any:
        name, shape = proposal.trait.name, self._images.shape
        counts = shape[1:4] if name == "position" else shape[:1]
        values = np.atleast_1d(proposal.value).tolist()
        if len(values) != len(counts):
            msg = f"position must be three numbers (z, y, x), got {values}."
            raise ValueError(msg)
        for number, count in zip(values, counts, strict=True):
            checks.in_range(name, number, 0, count - 1, whole=True)
        return proposal.value

    def _answer(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        """Send a plane that the page asks for: the image and each layer, pixel by pixel."""
        image = (_cut(self._images, *content["slice"]) - self.info["intercept"]) / self.info["slope"]
        planes = [np.rint(image).astype("<i2")]
        for array, facts in self._layers:
            plane = _cut(array, *content["slice"])
            planes.append(plane if facts["is_mask"] else np.rint(plane / facts["scale"]).astype("<i2"))
        self.send(content, [plane.tobytes() for plane in planes])

    def plane(self, axis: int) -> NDArray[np.float32]:
        """Return the plane across an axis (0 is z, 1 is y, 2 is x) as it is seen: (H, W, 3), in [0, 1]."""
        at = self.case, axis, self.position[axis]
        gray = intensity.window(_cut(self._images, *at), self.center, self.width)
        seen = np.repeat(gray[..., np.newaxis], 3, axis=-1)
        for number, (shown, opacity) in enumerate(self.overlays):
            if shown:
                layer, facts = _cut(self._layers[number][0], *at), self.info["layers"][number]
                rgba = _colored(layer, facts, self.outline)
                seen += opacity * rgba[..., 3:] * (rgba[..., :3] - seen)
        return seen

    def picture(self) -> plots.Picture:
        """Return the planes at the present position as a picture."""
        images, titles, spacings = [], [], []
        for axis in range(3 if self.info["shape"][0] > 1 else 1):
            seen = self.plane(axis)
            rows, columns = (-(-n // LONGEST) for n in seen.shape[:2])
            images.append(np.rint(seen[::rows, ::columns] * GRAYS) / GRAYS)
            titles.append("SIMULATED, " * self.info["simulated"] + f"{'zyx'[axis]} = {self.position[axis]}")
            mm = np.delete(self.info["spacing"] or (0, 0, 0), axis) * (rows, columns)
            spacings.append((mm[0], mm[1]) if mm.all() else None)
        return plots.planes(images, titles, spacings, alt=f"Planes of an image. {self!r}")

    def __repr__(self) -> str:
        size, voxel = (" x ".join(map(str, numbers)) for numbers in (self.info["shape"], self.position))
        case = f"case {self.case} of {self.info['cases']}, " if self.info["cases"] > 1 else ""
        words = "SIMULATED, " * self.info["simulated"] + case + f"{size} voxels, at {voxel}"
        return f"<SliceViewer: {words}, window {self.center:g} ± {self.width / 2:g} {self.info['unit']}>"


def _opened(source: Any, spacing_mm: Any) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return images of shape (N, Z, Y, X, C), and where their voxels lie and what their values mean."""
    dataset = source if isinstance(source, Dataset) else None
    array = checks.finite("source", dataset.train.images if dataset else getattr(source, "array", source))
    array = _plain(array)
    images = array if dataset else array[np.newaxis, ..., np.newaxis]
    images = images[:, np.newaxis] if (is_flat := images.ndim == 4) else images
    if images.ndim != 5 or not images.size:
        msg = f"source must have shape (Z, Y, X) or (H, W), or be a Dataset of such, got {array.shape}."
        raise ValueError(msg)
    mm = getattr(source, "spacing_mm", None) if spacing_mm is None else spacing_mm
    lengths = (1.0,) * (3 if mm is None else is_flat) + (() if mm is None else tuple(np.atleast_1d(mm)))
    known = isinstance(source, volumes.Volume)
    volume = replace(source, spacing_mm=lengths) if known else volumes.Volume(images[0, ..., 0], lengths)
    info: dict[str, Any] = (
        {"origin": volume.origin_mm, "direction": volume.direction.tolist()} if known else {}
    )
    info["spacing"] = None if mm is None else volume.spacing_mm
    info["unit"] = volume.units.replace("as stored", "")
    info["simulated"] = getattr(source, "simulated", "simulated" in volume.modality.lower())
    return images, info


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return truth values as 0 and 1, and half precision, which rounds and ends at 65,504, as floats."""
    kind = {"?": np.uint8, "e": np.float32}.get(array.dtype.char)
    return array if kind is None else array.astype(kind)


def _layer(name: str, mask: Any, source: Any, images: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return a mask or an attribution, shape (N, Z, Y, X), and what the page must know of it."""
    array, what = checks.finite(f"masks[{name!r}]", getattr(mask, "array", mask)), f"masks[{name!r}] must"
    grids = [grid for grid in (source, mask) if isinstance(grid, volumes.Volume)]
    corners = [grid.to_world([(0, 0, 0), grid.shape]) for grid in grids]
    same = np.squeeze(array).shape == np.squeeze(images[..., 0]).shape
    if not same or np.ptp(corners or [0], axis=0).max() > NEAR_MM:
        wanted = f"have the shape of the source, {images.shape[1:4]}, and lie in its place"
        msg = f"{what} {wanted}, got {array.shape}. Bring it there: medlab.data.volumes.resample."
        raise ValueError(msg)
    array = _plain(array).reshape(images.shape[:4])
    low, high = array.min(), array.max()
    if array.dtype.kind not in "biu":
        largest = float(max(-low, high))  # a sample may lack it
        _, top = map_colors(np.append(_sample(array), largest))
        facts = {"scale": 2 * largest / STEPS or 1.0, "top": top}
        return array, {"name": name, "is_mask": False, "signed": bool(low < 0), **facts}
    if low < 0 or high > 255:
        msg = f"{what} hold labels from 0 to 255 (floats are attributions), got {low} to {high}."
        raise ValueError(msg)
    return array.astype(np.uint8), {"name": name, "is_mask": True}


def _colored(plane: NDArray[Any], facts: dict[str, Any], outline: bool) -> NDArray[Any]:
    """Return a plane of a layer as RGBA in [0, 1]."""
    if not facts["is_mask"]:
        return map_colors(plane, facts["top"])[0]
    is_edge = find_boundaries(plane, mode="thick")  # a neighbor has another label
    rgba = np.array([to_rgba(color) for color in facts["colors"]])[(plane.astype(int) - 1) % len(COLORS)]
    rgba[..., 3] = (plane > 0) & (is_edge | (not outline))
    return rgba


def _windows(images: Any, info: dict[str, Any], window: Any) -> tuple[dict[str, Any], list[float]]:
    """Return the windows to choose from, and center and width of the first."""
    bands = {FULL: info["range"], MIDDLE: np.percentile(_sample(images), [0.5, 99.5])}
    others = {name: [float(low + high) / 2, float(high - low) or 1.0] for name, (low, high) in bands.items()}
    is_hu = info["unit"] == "HU" or (not info["unit"] and isinstance(window, str) and window not in bands)
    presets = {name: [*preset] for name, preset in intensity.WINDOWS.items() if is_hu} | others
    chosen = ("soft tissue" if is_hu else MIDDLE) if window is None else window
    if isinstance(chosen, str):
        return presets, presets[checks.one_of("window", chosen, presets)]
    center, width = checks.pair("window", window)
    return presets, [center, checks.in_range("the width of the window", width, TINY)]


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(-1)[:: max(1, array.size // SAMPLE)]


def _cut(array: NDArray[Any], case: int, axis: int, index: int) -> NDArray[Any]:
    """Return a plane across an axis, shape (H, W): the last slice on top, and of colors the mean."""
    plane = array[case].take(index, axis)[:: -1 if axis else 1]
    return plane if plane.ndim == 2 else plane[..., 0] if plane.shape[2] == 1 else plane.mean(axis=2)
