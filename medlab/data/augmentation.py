"""Random changes that keep an image's meaning, drawn by a seeded generator and replayable.

OpenCV warps each image once (rotation, zoom, crop and translation are one affine map), which costs
microseconds where Keras' augmentation layers cost milliseconds on a CPU, and gives the same pixels
under every backend. Flips and quarter turns move pixels and interpolate none.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data.dataset import Dataset

FLIPS = ("left-right", "up-down")
_SIZE, _DENSITY = "size in mm carries meaning here", "gray values are density here"


def change(default: Any, most: float | None = None, harm: str = "", **more: Any) -> Any:
    """Return a field: how far it may go, and what is wrong where the facts of a data set rule it out."""
    return field(default=default, metadata={"most": most, "harm": harm, "choices": (), **more})


@dataclass(frozen=True)
class Augmentation:
    """How far each random change may go; 0 turns it off.

    Attributes
    ----------
    quarter_turns : bool
        Turn by 0, 90, 180 or 270 degrees (180 only where height and width differ). Exact: unlike other
        angles it blurs nothing, and the fine texture that tells lesions apart stays as it is.
    rotation_deg : float, 0 to 180
        Largest angle, either way.
    zoom : float, 0 to 0.9
        Largest relative change of size: 0.1 draws factors between 0.9 and 1.1.
    crop : float, 0 to 0.9
        Largest part of the side that a random crop cuts away before it is brought back to full size.
    translation : float, 0 to 1
        Largest shift, as a part of the side.
    flips : tuple of "left-right", "up-down"
        Mirrorings, each drawn with probability one half. Never mirror where side carries meaning.
    contrast, brightness : float, 0 to 1
        Largest relative change of contrast around the image's mean, and largest shift in standard
        deviations of the image.
    noise : float, >= 0
        Largest standard deviation of added Gaussian noise, in standard deviations of the image.
    """

    quarter_turns: bool = change(False, harm="these images have an up")
    rotation_deg: float = change(
        0.0, 180, "a turn this large is implausible, or it blurs the image, which quarter turns do not"
    )
    zoom: float = change(0.0, 0.9, _SIZE)
    crop: float = change(0.0, 0.9, _SIZE, ruled_as="zoom")
    translation: float = change(0.0, 1, "interpolation blurs edges, from which size in mm is read here")
    flips: tuple[str, ...] = change((), harm="side carries meaning here", choices=FLIPS)
    contrast: float = change(0.0, 1, _DENSITY)
    brightness: float = change(0.0, 1, _DENSITY)
    noise: float = change(0.0)

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            for choice in value if entry.metadata["choices"] else ():
                checks.one_of(entry.name, choice, entry.metadata["choices"])
            if isinstance(entry.default, float):
                checks.in_range(entry.name, value, 0, entry.metadata["most"])

    @classmethod
    def for_dataset(cls, dataset: Dataset) -> Self:
        """Return what suits a data set.

        Its own flips and rotation, exact quarter turns where it has no up; moderate zoom, shift, contrast.
        No zoom where the spacing is known, because size in mm then carries meaning, nor a shift, because
        interpolation blurs the edges that size is read from, unless masks change along; no change of
        contrast where gray values are Hounsfield units, because density carries meaning. Nothing for
        sequences: what is harmless there depends on what the numbers are.
        """
        if len(dataset.image_shape) == 2:
            return cls()
        no_up = dataset.rotation_deg >= 180
        measured = dataset.spacing_mm is not None and dataset.task != "segmentation"
        calibrated = dataset.window_hu is not None
        return cls(
            quarter_turns=no_up,
            rotation_deg=0.0 if no_up else dataset.rotation_deg,
            zoom=0.0 if measured else 0.1,
            translation=0.0 if measured else 0.05,
            flips=tuple(dataset.flips),
            contrast=0.0 if calibrated else 0.15,
            brightness=0.0 if calibrated else 0.1,
        )

    def concerns(self, dataset: Dataset) -> list[str]:
        """Say, a sentence each, what of this the facts of a data set speak against: see `for_dataset`."""
        usual, found = vars(self.for_dataset(dataset)), []
        for name, facts in ((entry.name, entry.metadata) for entry in fields(self)):
            value, allowed = getattr(self, name), usual[facts.get("ruled_as", name)]
            beyond = set(value) - set(allowed) if facts["choices"] else value and not allowed
            if facts["harm"] and (beyond or (name == "rotation_deg" and value > allowed)):
                words = name.removesuffix("_deg").replace("_", " ").capitalize()
                found.append(f"{words}: {facts['harm']}.")
        return found

    def draw(self, count: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Draw the random numbers for `count` images; the same numbers replay the same images.

        Returns
        -------
        parameters : dict of arrays, each of length `count`
            ``quarters`` (0 to 3), ``angle_deg, scale, shift_x, shift_y`` (parts of the side),
            ``flip_x, flip_y`` (-1 or 1), ``contrast`` (factor), ``brightness``, ``noise`` (in standard
            deviations) and ``noise_seed``.
        """

        def around(center: float, reach: float) -> NDArray[np.float64]:
            return center + reach * rng.uniform(-1, 1, count)

        cropped = self.crop * rng.uniform(0, 1, count)
        # A crop enlarges by 1 / (1 - cropped): so much further may its window lie from the center.
        room = cropped / (1 - cropped) / 2
        return {
            "quarters": rng.integers(4, size=count) if self.quarter_turns else np.zeros(count, dtype=int),
            "angle_deg": around(0, self.rotation_deg),
            "scale": around(1, self.zoom) / (1 - cropped),
            "shift_x": around(0, self.translation) + room * rng.uniform(-1, 1, count),
            "shift_y": around(0, self.translation) + room * rng.uniform(-1, 1, count),
            "flip_x": np.where((rng.random(count) < 0.5) & ("left-right" in self.flips), -1, 1),
            "flip_y": np.where((rng.random(count) < 0.5) & ("up-down" in self.flips), -1, 1),
            "contrast": around(1, self.contrast),
            "brightness": around(0, self.brightness),
            "noise": self.noise * rng.uniform(0, 1, count),
            "noise_seed": rng.integers(2**32, size=count),
        }


def augment(
    images: NDArray[Any],
    augmentation: Augmentation,
    rng: np.random.Generator | None = None,
    *,
    parameters: dict[str, NDArray[Any]] | None = None,
    masks: bool = False,
) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
    """Change each image at random, and say how.

    Parameters
    ----------
    images : array, shape (N, H, W, C) or (N, Z, Y, X, C), any real type
        Volumes are turned, scaled and shifted in the plane, each slice alike. Sequences (N, T, F) have no
        plane: contrast, brightness and noise only.
    augmentation : Augmentation
    rng : numpy Generator, or None to replay `parameters`
    parameters : dict
        What an earlier call returned.
    masks : bool
        `images` are class numbers: moved like the images of the same `parameters`, each pixel takes the
        number of its nearest neighbor, and no gray value is changed.

    Returns
    -------
    changed : float32 array, shape as given, in the units of `images`
    parameters : dict of arrays of length N
        See `Augmentation.draw`.

    Raises
    ------
    ValueError
        If both or neither of `rng` and `parameters` are given, or sequences are to be turned or moved.
    """
    if (rng is None) == (parameters is None):
        msg = "augment needs either rng (to draw) or parameters (to replay), got both or neither."
        raise ValueError(msg)
    if parameters is None:
        parameters = augmentation.draw(len(images), rng)  # type: ignore[arg-type]
    checks.same_length(images=images, **parameters)
    if images.ndim == 3:
        _refuse_motion(parameters)
        return _change_gray_values(np.asarray(images, np.float32), parameters), parameters
    changed = _turn(images, parameters)
    matrices = _affine(images.shape[-3], images.shape[-2], parameters)
    if not np.allclose(matrices, np.eye(2, 3)):
        changed = _warp(changed, matrices, cv2.INTER_NEAREST if masks else cv2.INTER_LINEAR)
    return changed if masks else _change_gray_values(changed, parameters), parameters


def _refuse_motion(drawn: dict[str, NDArray[Any]]) -> None:
    still = {"quarters": 0, "angle_deg": 0, "shift_x": 0, "shift_y": 0, "scale": 1, "flip_x": 1, "flip_y": 1}
    moved = [name for name, value in still.items() if np.any(drawn[name] != value)]
    if moved:
        msg = (
            f"sequences (N, T, F) cannot be turned or moved in a plane, got {', '.join(moved)}. "
            "Use contrast, brightness and noise."
        )
        raise ValueError(msg)


def _turn(images: NDArray[Any], drawn: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Mirror and turn by quarters: pixels move, none is interpolated."""
    quarters = drawn["quarters"]
    if images.shape[-3] != images.shape[-2]:
        quarters = quarters // 2 * 2
    turned = np.empty(images.shape, dtype=np.float32)
    for index, (image, y, x) in enumerate(zip(images, drawn["flip_y"], drawn["flip_x"], strict=True)):
        turned[index] = np.rot90(image[..., ::y, ::x, :], quarters[index], axes=(-3, -2))
    return turned


def _warp(
    images: NDArray[np.float32], matrices: NDArray[np.float64], interpolation: int
) -> NDArray[np.float32]:
    height, width, channels = images.shape[-3:]
    source = images.reshape(len(images), -1, height, width, channels)
    warped = np.empty(source.shape, dtype=np.float32)
    for image, target, matrix in zip(source, warped, matrices, strict=True):
        for old, new in zip(image, target, strict=True):
            border = cv2.BORDER_REFLECT_101
            moved = cv2.warpAffine(old, matrix, (width, height), flags=interpolation, borderMode=border)
            # OpenCV drops a last axis of length 1, hence the reshape.
            new[...] = moved.reshape(height, width, channels)
    return warped.reshape(images.shape)


def _affine(height: int, width: int, drawn: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return matrices (N, 2, 3) that map an old pixel (x, y) to its new place, about the image's center."""
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    angle = np.deg2rad(drawn["angle_deg"])
    cos, sin = drawn["scale"] * np.cos(angle), drawn["scale"] * np.sin(angle)
    linear = np.stack([cos, sin, -sin, cos], axis=-1).reshape(-1, 2, 2)
    shift = np.stack([drawn["shift_x"] * width, drawn["shift_y"] * height], axis=-1)
    offset = center + shift - linear @ center
    return np.concatenate([linear, offset[..., np.newaxis]], axis=-1)


def _change_gray_values(images: NDArray[np.float32], drawn: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    axes = tuple(range(1, images.ndim))

    def column(name: str) -> NDArray[np.float32]:
        return drawn[name].astype(np.float32).reshape(-1, *[1] * len(axes))

    if (drawn["contrast"] == 1).all() and not drawn["brightness"].any() and not drawn["noise"].any():
        return images
    mean, std = images.mean(axis=axes, keepdims=True), images.std(axis=axes, keepdims=True)
    changed = (images - mean) * column("contrast") + (mean + column("brightness") * std)
    if drawn["noise"].any():
        generators = map(np.random.default_rng, drawn["noise_seed"])
        noise = np.stack([rng.standard_normal(images.shape[1:], np.float32) for rng in generators])
        changed += noise * column("noise") * std
    return changed
