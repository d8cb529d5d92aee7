"""Read PNG, JPEG, TIFF and BMP files into one array, and name the file that does not fit."""

import contextlib
import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_PHOTOMETRIC, _SAMPLE_FORMAT = 262, 339  # tags of TIFF
_QUIRKS = {
    "inverted": "store white as 0 (TIFF, PhotometricInterpretation 0) and were inverted: larger is brighter.",
    "deep color": "have 16 bits in each of several channels and were read with 8.",
    "alpha": "have a channel or color for transparency, which was left out: pixels were read as stored.",
}


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
    colored : bool
        Whether its pixels have more than one channel, transparency aside.
    quirks : tuple of "inverted", "deep color", "alpha"
        What a reader must know of how its pixels are stored.
    """

    path: Path
    name: str
    size: tuple[int, int]
    depth: str
    colored: bool
    quirks: tuple[str, ...]

    @functools.cached_property
    def digest(self) -> str:
        """Hash of the bytes of the file, which are read when it is first asked for."""
        return hashlib.blake2b(self.path.read_bytes(), digest_size=16).hexdigest()


def for_all(action: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
    """Return what `action` gives for each file; if it refuses some, name up to three and count the others."""
    results: dict[str, Any] = {}
    refused: dict[str, ValueError] = {}
    for name in names:
        try:
            results[name] = action(name)
        except ValueError as error:
            refused[name] = error
    if refused:
        first, *others = refused
        listed = ", ".join(others[:2]) + (" ..." if len(others) > 2 else "")
        more = f" Files with such a problem besides this one: {len(others):,} ({listed})." if others else ""
        msg = f"{refused[first]}{more}"
        raise ValueError(msg) from refused[first]
    return results


def survey(root: Path, name: str) -> ImageFile:
    """Read an image file's header."""
    path = root / name
    with _opened(path, name) as image:
        pages, mode, stored = getattr(image, "n_frames", 1), image.mode, str(getattr(image, "tile", ""))
        tags = getattr(image, "tag_v2", {})
        # Pillow turns the size of a TIFF itself; a PNG's own getexif would decode its pixels.
        turned = not tags and Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1) >= 5
        size = image.size if turned else image.size[::-1]
        has_alpha = mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info
    if pages > 1:
        msg = f"{name} must hold one image, got {pages} pages. Save each page as a file of its own."
        raise ValueError(msg)
    depth = _depth(mode)
    inverted = tags.get(_PHOTOMETRIC) == 0
    is_signed = 2 in np.atleast_1d(tags.get(_SAMPLE_FORMAT, 1))  # Pillow reads signed bytes as unsigned
    if depth is None or is_signed or (inverted and depth == "float"):
        content = "floats with white as 0" if inverted else repr(mode) if depth is None else "signed numbers"
        msg = f"{name} must hold 8-bit, 16-bit or float pixels, got {content}. Convert it first."
        raise ValueError(msg)
    deep_color = ";16" in stored and depth == "8 bit"
    colored = depth == "8 bit" and mode not in ("1", "L", "LA") and "LA;16" not in stored
    quirks = {"inverted": inverted, "deep color": deep_color, "alpha": has_alpha}
    return ImageFile(path, name, size, depth, colored, tuple(name for name in quirks if quirks[name]))


def quirk_notes(files: Sequence[ImageFile]) -> list[str]:
    """Count the files that are stored in a way a reader must know of."""
    counts = Counter(quirk for file in files for quirk in file.quirks)
    told = [(counts[name], text) for name, text in _QUIRKS.items()]
    return [f"{count:,} of {len(files):,} images {text}" for count, text in told if count]


def common_size(files: Sequence[ImageFile]) -> tuple[int, int]:
    """Return the (height, width) that all files share."""
    counts = Counter(file.size for file in files)
    usual = counts.most_common(1)[0][0]
    odd = [file for file in files if file.size != usual]
    if odd:
        listed = ", ".join(f"{file.name} is {file.size[0]}x{file.size[1]}" for file in odd[:3])
        more = f", and {len(odd) - 3} more differ" if len(odd) > 3 else ""
        remedy = usual[0] if usual[0] == usual[1] else usual
        msg = (
            f"All images must have the same size, got {len(odd)} of {len(files)} that differ: {listed} (HxW) "
            f"among {usual[0]}x{usual[1]}{more}. Pass image_size={remedy} to resize every image to that, "
            "or remove the odd ones."
        )
        raise ValueError(msg)
    return usual


def common_depth(files: Sequence[ImageFile]) -> str:
    """Return the deepest of the files' pixel types: "8 bit", "16 bit" or "float"."""
    first = {file.depth: file.name for file in reversed(files)}
    if "float" in first and len(first) > 1:
        other = next(name for depth, name in first.items() if depth != "float")
        msg = (
            f"Images must be all floats or all integers, for floats have no known range; got floats in "
            f"{first['float']} and integers in {other}. Convert one kind."
        )
        raise ValueError(msg)
    return next(depth for depth in ("float", "16 bit", "8 bit") if depth in first)


def read(
    files_of: Mapping[str, Sequence[ImageFile]], size: tuple[int, int], *, color: bool, depth: str
) -> dict[str, NDArray[Any]]:
    """Decode the image files of each split.

    Parameters
    ----------
    files_of : dict, split to sequence of ImageFile
    size : (int, int)
        Height and width; an image of another size is resized (bilinear, smoothed before it shrinks).
    color : bool
        Red, green and blue instead of gray.
    depth : "8 bit", "16 bit" or "float"
        The deepest of all splits.

    Returns
    -------
    images_of : dict, split to array, shape (N, H, W, 1) or (N, H, W, 3)
        uint8 where depth is 8 bit. Otherwise float32: 16-bit pixels are divided by 257, which maps their
        range onto [0, 255] as well; float pixels stay as stored.

    Raises
    ------
    ValueError
        If a file is damaged, or holds NaN.
    """
    shape, dtype = (*size, 3 if color else 1), np.uint8 if depth == "8 bit" else np.float32
    images_of = {split: np.empty((len(files), *shape), dtype) for split, files in files_of.items()}
    rows = {
        file.name: (file, row)
        for split, files in files_of.items()
        for file, row in zip(files, images_of[split], strict=True)
    }

    def decode(name: str) -> None:
        file, row = rows[name]
        row[...] = _pixels(file, size, color).reshape(*size, -1)
        if depth == "float" and not np.isfinite(row).all():
            msg = f"{name} must hold finite numbers, got NaN or infinity. Repair or remove it."
            raise ValueError(msg)

    for_all(decode, rows)
    return images_of


def _depth(mode: str) -> str | None:
    if mode.startswith("I;16"):
        return "16 bit"
    return "8 bit" if mode in _EIGHT_BITS else {"F": "float"}.get(mode)


def _pixels(file: ImageFile, size: tuple[int, int], color: bool) -> NDArray[Any]:
    """Return the pixels of one file, shape (H, W) or (H, W, 3)."""
    with _opened(file.path, file.name) as opened:
        image = ImageOps.exif_transpose(opened)
    if image.size[::-1] != file.size:
        msg = f"{file.name} must say before its pixels that it is turned, got it after. Save it again."
        raise ValueError(msg)
    if file.depth == "16 bit":
        # Pillow would clip 16-bit gray to 255 where it converts to 8 bits, and inverts only 8 bits.
        stored = np.asarray(image, dtype=np.float32)
        image = Image.fromarray((65535 - stored if "inverted" in file.quirks else stored) / 257)
    elif file.depth == "8 bit":
        image = image.convert("RGB" if color else "L")
    if file.size != size:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return np.repeat(pixels[..., np.newaxis], 3, axis=-1) if color and pixels.ndim == 2 else pixels


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[Image.Image]:
    """Open an image; where Pillow fails, say which file it was and why, without the path that it quotes."""
    try:
        # Given a path, Pillow maps the file into memory and scrambles TIFFs that are to be turned.
        with path.open("rb") as stream, Image.open(stream) as image:
            yield image
    except Image.DecompressionBombError as error:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        msg = (
            f"{name} must have at most {most:,} pixels, got more: {error} The file need not be damaged: make "
            "the image smaller, or cut it into parts, and save it again."
        )
        raise ValueError(msg) from error
    except Exception as error:  # Pillow raises nearly everything on damaged files
        if isinstance(error, OSError) and error.strerror:
            msg = f"{name} must be a readable file, got: {error.strerror}. Make it readable or remove it."
        elif not path.stat().st_size:
            msg = f"{name} must be a readable image, got an empty file. Copy it again or remove it."
        else:
            unknown = "no kind of image that Pillow knows"
            reason = unknown if isinstance(error, UnidentifiedImageError) else error
            msg = (
                f"{name} must be a readable image, got: {reason}. The file is damaged or of a rare kind: "
                "replace it, save it again as PNG, or remove it."
            )
        raise ValueError(msg) from error
