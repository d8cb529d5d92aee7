"""Write a data set as a folder of PNG files, the layout that `load_folder`, Keras and other programs read."""

import csv
import re
from pathlib import Path

import numpy as np
from PIL import Image

from medlab import checks
from medlab.data import foldercard
from medlab.data.dataset import Dataset

_DEVICE = re.compile("con|prn|aux|nul|(com|lpt)[0-9¹²³]")  # what no file may be called on Windows
_LONGEST_BYTES = 200  # most systems take 255


def write_folder(dataset: Dataset, folder: str | Path) -> dict[str, int]:
    """Write each image as ``folder/<split>/<class>/<number>.png``; numbers go on from split to split.

    Parameters
    ----------
    dataset : Dataset
        Binary or multi-class; images uint8, shape (N, H, W, 1) or (N, H, W, 3).
    folder : path of a new or empty folder

    Returns
    -------
    written : dict of int
        Number of images in each class folder, such as ``{"train/benign": 65, ...}``. Signs that the name of
        a folder cannot hold become "_", long names are cut, and where the alphabet would change the order of
        the classes, or Windows refuses a name, their numbers come first.

    Raises
    ------
    FileExistsError
        If `folder` is a file or holds something.
    OSError
        If it cannot be written to, or the disk is full.
    ValueError
        If images have no single class, or are no 8-bit images in two dimensions.

    Notes
    -----
    ``load_folder(folder, color=...)`` gives the same pixels and labels, sorted by class. From ``medlab.json``
    it has the classes' own names, the license, and that images are simulated. Where patients are known,
    ``groups.csv`` names the patient of each file (``group_rule="csv:groups.csv"``).
    """
    refuse_other_images(dataset)
    root = checks.new_folder("The folder", folder)
    root.mkdir(parents=True, exist_ok=True)  # what cannot be made is told of the folder, not of one in it
    names, written, table = _folder_names(dataset.class_names), {}, [("file", "group")]
    foldercard.write_card(dataset, names, root)
    first = 1  # a number that comes again in another split would look like the same patient
    for split_name, split in dataset.splits().items():
        pixels = split.images[..., 0] if dataset.image_shape[-1] == 1 else split.images
        for code, name in enumerate(names):
            places = np.flatnonzero(split.labels == code)
            written[f"{split_name}/{name}"] = len(places)
            (root / split_name / name).mkdir(parents=True)
            for place in places:
                file = f"{split_name}/{name}/{first + place:06d}.png"
                Image.fromarray(pixels[place]).save(root / file)
                if split.patients is not None:
                    table.append((file, str(split.patients[place])))
        first += len(split)
    if len(table) > 1:
        with (root / "groups.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(table)
    return written


def refuse_other_images(dataset: Dataset) -> None:
    """Raise a ValueError for images that have no single class, or do not fit into PNG files."""
    if dataset.task not in ("binary", "multiclass"):
        msg = f"Class folders need one class per image, got a {dataset.task} data set. Choose another."
        raise ValueError(msg)
    shape, kind = dataset.image_shape, dataset.train.images.dtype
    if kind != np.uint8 or len(shape) != 3 or shape[-1] not in (1, 3):
        msg = (
            f"PNG files need uint8 images of shape (H, W, 1) or (H, W, 3), got {kind} {shape}. Choose a "
            "slice of each volume, or scale gray values to 0 to 255 first."
        )
        raise ValueError(msg)


def _folder_names(class_names: tuple[str, ...]) -> list[str]:
    """Return a name for each class's folder, in an order that the alphabet keeps on every system."""
    signs = [re.sub(r"[^\w ,()+-]+", "_", name).strip(" _") for name in class_names]
    names = [name.encode()[:_LONGEST_BYTES].decode(errors="ignore").strip() for name in signs]
    plain = [name.lower() for name in names]
    if names == sorted(names) and plain == sorted({*plain} - {""}) and not any(map(_DEVICE.fullmatch, plain)):
        return names
    return [f"{code:03d} {name}".strip() for code, name in enumerate(names)]
