"""Read PNG, JPEG, TIFF and BMP files into one array, and name the file that does not fit."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class ImageFile:
    """What is known of an image file before its pixels are decoded.

    Attributes
    ----------
    path : Path
    name : str
        Path relative to the data folder, with "/".
    size : (int, int)
        Height and width in pixels, as the camera was held.
    depth : "8 bit", "16 bit" or "float"
    digest : str
        Hash of the bytes of the file.
    colored : bool
        Whether its pixels have more than one channel, transparency aside.
    """

    path: Path
    name: str
    size: tuple[int, int]
    depth: str
    digest: str
    colored: bool


def survey(path: Path, root: Path) -> ImageFile:
    """Read an image file's header.

    Raises
    ------
    ValueError
        If it is no image, damaged, holds several pages, or pixels of a type without a known scale.
    """
    name = path.relative_to(root).as_posix()

    def look() -> ImageFile:
        with Image.open(path) as image:
            pages = getattr(image, "n_frames", 1)
            sideways = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            size = image.size if sideways else image.size[::-1]
            depth = _depth(image.mode)
            colored = image.mode not in ("1", "L", "LA", "La") and depth == "8 bit"
        if pages > 1:
            msg = f"{name} must hold one image, got {pages} pages. Save each page as a file of its own."
            raise ValueError(msg)
        if depth is None:
            msg = f"{name} must hold 8-bit, 16-bit or float pixels, got {image.mode!r}. Convert it first."
            raise ValueError(msg)
        digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        return ImageFile(path, name, size, depth, digest, colored)

    return _decoded(name, look)


def common_size(files: Sequence[ImageFile]) -> tuple[int, int]:
    """Return the (height, width) that all files share.

    Raises
    ------
    ValueError
        If they differ; the message names the odd ones and says how to ask for resizing.
    """
    counts = Counter(file.size for file in files)
    usual = counts.most_common(1)[0][0]
    odd = [file for file in files if file.size != usual]
    if odd:
        listed = ", ".join(f"{file.name} is {_text(file.size)}" for file in odd[:3])
        more = f", and {len(odd) - 3} more differ" if len(odd) > 3 else ""
        remedy = usual[0] if usual[0] == usual[1] else usual
        msg = (
            f"All images must have the same size, got {len(odd)} of {len(files)} that differ: {listed} (HxW) "
            f"among {_text(usual)}{more}. Pass image_size={remedy} to resize every image to that, "
            "or remove the odd ones."
        )
        raise ValueError(msg)
    return usual


def common_depth(files: Sequence[ImageFile]) -> str:
    """Return the deepest of the files' pixel types: "8 bit", "16 bit" or "float".

    Raises
    ------
    ValueError
        If floats are mixed with integers; the message names one of each.
    """
    first = {file.depth: file.name for file in reversed(files)}
    if "float" in first and len(first) > 1:
        other = next(name for depth, name in first.items() if depth != "float")
        msg = (
            f"Images must be all floats or all integers, for floats have no known range; got floats in "
            f"{first['float']} and integers in {other}. Convert one kind."
        )
        raise ValueError(msg)
    return next(depth for depth in ("float", "16 bit", "8 bit") if depth in first)


def read(files: Sequence[ImageFile], size: tuple[int, int], *, color: bool, depth: str) -> NDArray[Any]:
    """Decode image files.

    Parameters
    ----------
    files : sequence of ImageFile
    size : (int, int)
        Height and width; an image of another size is resized (bilinear, smoothed before it shrinks).
    color : bool
        Red, green and blue instead of gray.
    depth : "8 bit", "16 bit" or "float"
        The deepest of all splits.

    Returns
    -------
    images : array, shape (N, H, W, 1) or (N, H, W, 3)
        uint8 where depth is 8 bit. Otherwise float32: 16-bit pixels are divided by 257, which maps their
        range onto [0, 255] as well; float pixels stay as stored.

    Raises
    ------
    ValueError
        If a file is damaged, or holds NaN.
    """
    images = np.empty(
        (len(files), *size, 3 if color else 1), dtype=np.uint8 if depth == "8 bit" else np.float32
    )
    for row, file in zip(images, files, strict=True):
        row[...] = _decoded(file.name, functools.partial(_pixels, file, size, color)).reshape(*size, -1)
        if depth == "float" and not np.isfinite(row).all():
            msg = f"{file.name} must hold finite numbers, got NaN or infinity. Repair or remove it."
            raise ValueError(msg)
    return images


def _depth(mode: str) -> str | None:
    if mode.startswith("I;16"):
        return "16 bit"
    return {"F": "float", "I": None}.get(mode, "8 bit")


def _pixels(file: ImageFile, size: tuple[int, int], color: bool) -> NDArray[Any]:
    """Return the pixels of one file, shape (H, W) or (H, W, 3)."""
    with Image.open(file.path) as opened:
        image = ImageOps.exif_transpose(opened)
    if file.depth == "16 bit":
        # Pillow would clip 16-bit gray to 255 where it converts to 8 bits.
        image = Image.fromarray(np.asarray(image, dtype=np.float32) / 257)
    elif file.depth == "8 bit":
        image = image.convert("RGB" if color else "L")
    if file.size != size:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return np.repeat(pixels[..., np.newaxis], 3, axis=-1) if color and pixels.ndim == 2 else pixels


def _decoded(name: str, action: Callable[[], Any]) -> Any:
    """Call `action`; where Pillow fails, name the file."""
    try:
        return action()
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow raises
        msg = f"{name} must be a readable image, got: {error}. The file is damaged: replace or remove it."
        raise ValueError(msg) from error


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
