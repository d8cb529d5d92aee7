"""Images without labels, for a network that is trained already."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data import imagefiles, intensity, volumes
from medlab.data.volumes.resampling import grid_around

# What DICOM calls a modality, and the word for it in what a data set says of its images.
_MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET", "US": "ultrasound", "CR": "X-ray", "DX": "X-ray"}
_LIKE = 0.25  # how far sizes in mm may differ from those of the training images


def read_images(path: str | Path, input_shape: Sequence[int]) -> tuple[list[str], NDArray[Any], list[str]]:
    """Read an image file, or all that lie in a folder and below it, for a network.

    Parameters
    ----------
    path : path of a file or folder
        PNG, JPEG, TIFF or BMP; hidden files are ignored.
    input_shape : (H, W, C)
        Of the network; C is 1 or 3. An image of another size is resized.

    Returns
    -------
    names : list of str
        Of the files, relative to the folder, in alphabetical order.
    images : array, shape (N, H, W, C)
    notes : list of str
        What was done to images on the way, and how many files were passed over.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`, or no image.
    ValueError
        If a file is damaged, or the network takes no single images.
    """
    source = Path(path)
    if len(input_shape) != 3 or input_shape[2] not in (1, 3):
        msg = f"the network must take images (H, W, 1) or (H, W, 3), this one takes {tuple(input_shape)}."
        raise ValueError(msg)
    if not source.exists():
        msg = f"{source.name} must be an image or a folder of images, but there is nothing of that name."
        raise FileNotFoundError(msg)
    root = source if source.is_dir() else source.parent
    files = sorted(file for file in source.rglob("*") if file.is_file()) if source.is_dir() else [source]
    seen = [file.relative_to(root) for file in files]
    seen = [file for file in seen if not any(part.startswith(".") for part in file.parts)]
    names = [file.as_posix() for file in seen if file.suffix.lower() in imagefiles.EXTENSIONS]
    if not names:
        msg = f"{source.name} must hold images ({', '.join(imagefiles.EXTENSIONS)}), got none."
        raise FileNotFoundError(msg)
    found = list(imagefiles.for_all(lambda name: imagefiles.survey(root, name), names).values())
    size, color = (input_shape[0], input_shape[1]), input_shape[2] == 3
    depth = imagefiles.common_depth(found)
    images = imagefiles.read({"all": found}, size, color=color, depth=depth)["all"]
    resized = sum(file.size != size for file in found)
    counts = {
        f"of {len(found):,} images were resized to {size[0]}x{size[1]}": resized,
        "files that are no images were passed over": len(seen) - len(names),
        "folders that are links were not searched": _linked(source),
    }
    notes = [f"{n:,} {what}." for what, n in counts.items() if n]
    return names, images, notes + imagefiles.quirk_notes(found)


def _linked(source: Path) -> int:
    return sum(path.is_symlink() and path.is_dir() for path in source.rglob("*")) if source.is_dir() else 0


class OneImage(NamedTuple):
    """An image for a network, with what is known of it.

    Attributes
    ----------
    images : array, shape (1, H, W, C) or (1, Z, Y, X, C)
        Gray values as the network learned from them.
    spacing_mm : tuple of float, or None
        Millimeters per pixel, in the order of the image axes.
    notes : list of str
        What was done to it on the way.
    """

    images: NDArray[Any]
    spacing_mm: tuple[float, ...] | None
    notes: list[str]


def read_one(path: str | Path, facts: Mapping[str, Any], slice_index: int | None = None) -> OneImage:
    """Read one image for a saved network: a picture, a DICOM series, or NIfTI.

    Parameters
    ----------
    path : path
        Of a PNG, JPEG, TIFF, BMP, DICOM or NIfTI file, or of a folder with one DICOM series.
    facts : mapping
        Of the model folder: ``input_shape``, ``spacing_mm``, ``window_hu``, ``modality``.
    slice_index : int or None
        Which slice of a volume a network reads that takes single images, counted from 0.

    Returns
    -------
    image : OneImage
        Of the network's shape: resized where sizes differ, unless both sizes in mm are known and disagree.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no image, it is damaged, of another modality, shape or size in mm, or holds NaN.
    """
    source, shape = Path(path).expanduser(), tuple(facts["input_shape"])
    if source.suffix.lower() in imagefiles.EXTENSIONS and not source.is_dir():
        if slice_index is not None:
            msg = f"slice_index is for volumes, got {slice_index} for a picture. Leave it out."
            raise ValueError(msg)
        _, images, notes = read_images(source, shape)
        window = ", nor its window: it has to be that of the training images" * bool(facts.get("window_hu"))
        return OneImage(
            images, None, [*notes, f"A picture does not tell the size of its pixels in mm{window}."]
        )
    if len(shape) not in (3, 4) or shape[-1] != 1:
        msg = f"the network must take gray images or volumes to read DICOM or NIfTI, this one takes {shape}."
        raise ValueError(msg)
    volume = read_series(source, facts)
    array, last = volume.array, len(volume.array) - 1
    spacing: tuple[float, ...] = volume.spacing_mm
    if len(shape) == 4 and (last == 0 or slice_index is not None):
        msg = f"the network takes whole volumes {shape[:3]}, got one slice. Give the series."
        raise ValueError(msg)
    if len(shape) == 3:
        if slice_index is None and last:
            msg = f"the network takes single images: give slice_index, 0 to {last}, to choose a slice."
            raise ValueError(msg)
        array = array[int(checks.in_range("slice_index", slice_index or 0, 0, last, whole=True))]
        spacing = spacing[1:]
    gray, notes = _gray(checks.finite("the image", array), facts.get("window_hu"))
    negative = getattr(volume.header, "PhotometricInterpretation", "") == "MONOCHROME1"
    if negative and not facts.get("window_hu"):
        gray, notes = 255 - gray, [*notes, "It was inverted, so that what the header calls bright is bright."]
    return _fitted(gray, spacing, facts, [*volume.notes, *notes])


def read_series(path: str | Path, facts: Mapping[str, Any]) -> volumes.Volume:
    """Read a series for a saved network, as it is stored: a folder with one DICOM series, or NIfTI.

    Parameters
    ----------
    path : path
    facts : mapping
        Of the model folder: ``window_hu`` and ``modality``.

    Returns
    -------
    volume : medlab.data.volumes.Volume
        Shape (Z, Y, X). Numbers of NIfTI are taken for HU where the network learned from a window of HU.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no series, it is damaged, or of another modality than the training images.
    """
    source = Path(path).expanduser()
    is_nifti = source.name.lower().endswith((".nii", ".nii.gz"))
    volume = volumes.read(source, modality="CT" if is_nifti and facts.get("window_hu") else None)
    learned = facts.get("modality") or "unknown"
    here = _MODALITIES.get(volume.modality)
    if here and learned != "unknown" and here not in re.findall(r"[\w-]+", learned):
        msg = f"the image must be of the training images' modality, {learned}, got {volume.modality}."
        raise ValueError(msg)
    if is_nifti and volume.units == "HU":
        note = "NIfTI does not tell its modality: its numbers were taken for HU."
        volume = replace(volume, notes=(*volume.notes, note))
    return volume


def crop_around(volume: volumes.Volume, center: Sequence[float], facts: Mapping[str, Any]) -> OneImage:
    """Cut out of a series what a saved network reads, at the network's spacing.

    Parameters
    ----------
    volume : medlab.data.volumes.Volume
        Of `read_series`.
    center : (z, y, x)
        Index of the voxel in the middle. A network of single images reads the slice that is nearest to it.
    facts : mapping
        Of the model folder: ``input_shape``, ``spacing_mm`` and ``window_hu``.

    Returns
    -------
    image : OneImage
        Beyond the series lies air.

    Raises
    ------
    ValueError
        If the network takes colors, or learned from images of unknown spacing or without a window of HU.
    """
    shape, spacing, window = facts["input_shape"], facts.get("spacing_mm"), facts.get("window_hu")
    if len(shape) not in (3, 4) or shape[-1] != 1 or not spacing or not window or volume.units != "HU":
        msg = (
            "a finding is cut out of CT in HU, for a network that learned from gray images of a known "
            f"spacing and window, got {volume.modality} in {volume.units} and a network of {tuple(shape)}, "
            f"spacing {spacing}, window {window}. Give an image cut out by hand."
        )
        raise ValueError(msg)
    index = np.array(center, float)
    if len(shape) == 3:  # one slice, as it is
        index[0] = np.clip(round(index[0]), 0, len(volume.array) - 1)
        shape, spacing = (1, *shape), (volume.spacing_mm[0], *spacing)
    around = grid_around(volume, index, shape[:-1], spacing)
    gray, _ = _gray(volumes.resample(volume, like=around).array, window)
    note = (
        f"Cut out around the finding, {' x '.join(map(str, around.shape))} voxels at the network's spacing."
    )
    if len(facts["input_shape"]) == 3:
        gray = gray[0]
    return OneImage(gray[np.newaxis, ..., np.newaxis], tuple(facts["spacing_mm"]), [*volume.notes, note])


def _gray(array: NDArray[Any], window_hu: Sequence[float] | None) -> tuple[NDArray[np.float32], list[str]]:
    """Bring stored numbers to the gray values 0 to 255 that networks learn from."""
    if window_hu:
        return np.rint(255 * intensity.window(array, *window_hu)), []
    if 0 <= array.min() and 1 < array.max() <= 255:
        return array.astype(np.float32), []
    low, high = np.percentile(array, [0.5, 99.5])
    scaled = np.clip((array - low) / max(high - low, 1e-6), 0, 1)
    note = f"Its numbers from {low:.4g} to {high:.4g} (99 % of the pixels) became gray values 0 to 255."
    return (255 * scaled).astype(np.float32), [note]


def _fitted(
    gray: NDArray[np.float32], spacing_mm: Sequence[float], facts: Mapping[str, Any], notes: list[str]
) -> OneImage:
    """Bring an image to the network's shape; refuse one that would not show what the training images do."""
    from skimage.transform import resize

    shape, learned_mm = tuple(facts["input_shape"][:-1]), facts.get("spacing_mm")
    spacing = tuple((np.asarray(spacing_mm) * np.divide(gray.shape, shape)).tolist())
    if learned_mm and not np.allclose(spacing, learned_mm, rtol=_LIKE):
        here, usual = (
            " x ".join(f"{mm:.0f}" for mm in np.multiply(pixels, shape)) for pixels in (spacing, learned_mm)
        )
        msg = (
            f"the image must show about {usual} mm, as the training images do, got {here} mm. "
            "Cut out the finding with as much of its surroundings."
        )
        raise ValueError(msg)
    if gray.shape != shape:
        notes = [*notes, f"The image was resized from {gray.shape} to {shape}."]
        gray = resize(gray, shape, order=1, preserve_range=True).astype(np.float32)
    return OneImage(gray[np.newaxis, ..., np.newaxis], spacing, notes)
