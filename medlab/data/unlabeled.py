"""Images without labels, for a network that is trained already."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from medlab.data import imagefiles


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
    }
    notes = [f"{n:,} {what}." for what, n in counts.items() if n]
    return names, images, notes + imagefiles.quirk_notes(found)
