"""Boxes around lesions from Pascal VOC XML, one file a slice."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medlab.data.volumes.lidc import parse_xml
from medlab.data.volumes.masks import Slices, refuse_missing
from medlab.data.volumes.reading import existing
from medlab.data.volumes.volume import Triple, Volume


class Box(NamedTuple):
    """A box on one slice: ``volume.array[z, y0:y1, x0:x1]``.

    Attributes
    ----------
    name : str
        The class that the file gives it.
    z, y0, y1, x0, x1 : int
        In voxels from 0; y1 and x1 are the first outside.
    center_mm : (float, float, float), mm
        Point (x, y, z) in the patient coordinate system.
    size_mm : (float, float, float), mm
        Along (z, y, x).
    """

    name: str
    z: int
    y0: int
    y1: int
    x0: int
    x1: int
    center_mm: Triple
    size_mm: Triple


def read_boxes(
    folder: str | Path, volume: Volume, *, allow_missing: bool = False, salt: str | None = None
) -> tuple[list[Box], tuple[str, ...]]:
    """Read the boxes of a folder of Pascal VOC files that are named by SOP Instance UID.

    Parameters
    ----------
    folder : path of a folder with ``UID.xml`` files, as those of Lung-PET-CT-Dx
    volume : Volume
        The series in which the boxes were drawn, from DICOM; shape (Z, Y, X).
    allow_missing : bool
        Leave out boxes of other slices, such as those of another series of the patient; a note counts them.
    salt : str or None
        As it was given to `read`.

    Returns
    -------
    boxes : list of Box
        In the order of z.
    notes : tuple of str
        How many were left out.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `folder`.
    ValueError
        If there are no files, one is no VOC file, names a path that leaves the folder, was drawn on images of
        another size, has a box outside of its image, or belongs to no slice of the volume.

    Notes
    -----
    Corners are where pixels begin, counted from 0, as in labelImg, with which these
        files are made; the first Pascal VOC counted from 1, which would shift boxes by one pixel.

    Examples
    --------
    ``boxes, notes = read_boxes("boxes", volume)`` ; ``boxes[0].size_mm`` is how large the first one is.
    """
    root = existing(folder).resolve()
    paths = sorted(path for path in root.glob("[!.]*") if path.suffix.lower() == ".xml" and path.is_file())
    slices = Slices(volume, salt)
    boxes, left_out = [], 0
    for number, path in enumerate(paths, 1):
        label = f"file {number} of {len(paths)} (sorted by name)"
        tree = parse_xml(path, "annotation", label)
        named = tree.findtext("filename") or ""
        if path.resolve().parent != root or {"/", "\\"} & set(named):
            msg = f"{label} must stay in its folder, got a link or a filename that leaves it. Correct it."
            raise ValueError(msg)
        items, z = tree.findall("object"), slices.find(path.stem)
        left_out += len(items) if z is None else 0
        boxes += [_box(item, tree, z, volume, label) for item in items if z is not None]
    if not boxes and not left_out:
        msg = f"folder must hold Pascal VOC files with boxes, got {len(paths)} XML files without any."
        raise ValueError(msg)
    notes = refuse_missing(left_out, len(boxes) + left_out, "box", allow_missing)
    return sorted(boxes, key=lambda box: box[1:6]), notes


def _box(item: Any, tree: Any, z: int, volume: Volume, label: str) -> Box:
    """Return one box, held to the size of the images."""
    texts = [tree.findtext(f"size/{side}") for side in ("height", "width")]
    texts += [item.findtext(f"bndbox/{corner}") for corner in ("ymin", "ymax", "xmin", "xmax")]
    try:
        rows, columns, y0, y1, x0, x1 = (round(float(text)) for text in texts)
    except (TypeError, ValueError, OverflowError):
        msg = f"{label} must give size and bndbox in numbers, got others. Copy it from its source."
        raise ValueError(msg) from None
    shape = (rows, columns)
    if shape != volume.shape[1:] or not (0 <= y0 < y1 <= rows and 0 <= x0 < x1 <= columns):
        msg = (
            f"{label} must have boxes inside of an image of {volume.shape[1:]}, got rows {y0} to {y1} and "
            f"columns {x0} to {x1} of {shape}. Read the series in which the boxes were drawn."
        )
        raise ValueError(msg)
    center_mm = tuple(volume.to_world([z, (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2]).tolist())
    size_mm = tuple(np.multiply([1, y1 - y0, x1 - x0], volume.spacing_mm).tolist())
    return Box((item.findtext("name") or "").strip(), z, y0, y1, x0, x1, center_mm, size_mm)
