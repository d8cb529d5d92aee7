"""Images with masks, a class for every pixel: from a folder, or from a column of another data set."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.data import grouping, imagefiles, intensity, volumes
from medlab.data.dataset import Dataset, Split
from medlab.data.splitting import FRACTIONS, stratified_split

_ENDINGS = (".nii.gz", ".nii", ".png")


def load_masks(
    path: str | Path,
    class_names: Sequence[str],
    *,
    masks: str = "masks",
    window_hu: tuple[float, float] | None = None,
    shape: tuple[int, ...] | None = None,
    multiple_of: int = 1,
    group_rule: str | None = "auto",
    val_fraction: float = FRACTIONS["val"],
    test_fraction: float = FRACTIONS["test"],
    seed: int = 0,
) -> Dataset:
    """Load a folder of images and their masks, and split it at random, groups of files staying together.

    Parameters
    ----------
    path : path of a folder
        It holds ``images/`` and ``masks/`` with files of the same names: NIfTI volumes, or 8-bit PNG.
    class_names : sequence of str
        Names of the masks' numbers 0, 1, ...; 0 is the background. With two classes, 255 is read as 1.
    masks : str
        Name of the folder of masks, where it is another.
    window_hu : (center, width) or None, HU
        The window of CT volumes. None: each volume is scaled from the 0.5th to the 99.5th of its own
        percentiles; PNG stay as they are.
    shape : tuple of int or None, pixels
        See `padded`.
    multiple_of : int, pixels
        Where `shape` is None, the sides are padded to multiples of it: a U-Net of L levels takes those of
        ``2 ** (L - 1)``.
    group_rule : str or None
        What the names of the files say of which images belong together; see `load_folder`.
    val_fraction, test_fraction : float in (0, 1)
    seed : int

    Returns
    -------
    dataset : Dataset
        Task "segmentation", images uint8. The attribute ``extent``, shape (N, 2) or (N, 3), says how much of
        each image is no padding: ``prediction[: extent[0], : extent[1]]`` and so on. Of volumes,
        ``spacing_mm``, shape (N, 3), is that of each, for they may differ.

    Raises
    ------
    FileNotFoundError
        If a folder or a file's partner is missing.
    ValueError
        If a file lies outside of the folder, some files are PNG and others NIfTI, a mask is not on its
        image's grid, or a number has no name.
    """
    root = Path(path).expanduser()
    pairs, others = file_pairs(root, masks)
    read = [_read(*files, tuple(class_names), window_hu) for files in pairs]
    largest = np.max([image.shape for image, _, _ in read], axis=0)
    shape = shape or tuple((-(-largest // multiple_of) * multiple_of).tolist())
    images, labels, slices = padded([image for image, _, _ in read], [mask for _, mask, _ in read], shape)
    columns = {
        "file": np.array([image.name for image, _ in pairs]),
        "extent": np.array([[side.stop for side in inside] for inside in slices]),
    }
    fractions = {"train": 1 - val_fraction - test_fraction, "val": val_fraction, "test": test_fraction}
    spacings = np.array([spacing for _, _, spacing in read])
    columns |= {"spacing_mm": spacings} if spacings.size else {}
    names = [f"images/{file}" for file in columns["file"].tolist()]
    groups, patients_known, how, notes = grouping.groups_by_rule(names, group_rule, root)
    alike = np.zeros(len(pairs), int)  # every mask is of the one class
    try:
        rows = stratified_split(alike, groups, fractions, seed)
    except ValueError:
        if group_rule != "auto":
            raise
        groups, how = np.array(names), "each image on its own: file numbers make too few blocks"
        rows = stratified_split(alike, groups, fractions, seed)
    every = Split(images, labels, groups if patients_known else None, columns)
    splits: dict[str, Any] = {name: every.subset(index) for name, index in rows.items()}
    common = bool(spacings.size) and np.allclose(spacings, spacings[0], rtol=1e-3)
    counts = {
        f"of {len(pairs)} images were padded to {images.shape[1:-1]}": sum(
            image.shape != images.shape[1:-1] for image, _, _ in read
        ),
        "files without a known ending were passed over": others,
        "spacings differ, so that none is told": 0 if common else spacings.size,
    }
    notes.append(f"Split at random, {how} ({len(set(groups.tolist())):,} groups), seed {seed}.")
    if not patients_known:
        notes.append("Patients are not known: one patient's images may lie in several splits.")
    return Dataset(
        name=root.resolve().name,
        **splits,
        task="segmentation",
        class_names=tuple(class_names),
        spacing_mm=tuple(spacings[0].tolist()) if common else None,
        source=f"folder {root.resolve().name}",
        window_hu=window_hu,
        notes=(*notes, *(f"{count} {what}." for what, count in counts.items() if count)),
    )


def padded(
    images: Sequence[ArrayLike], masks: Sequence[ArrayLike], shape: tuple[int, ...] | None = None
) -> tuple[NDArray[Any], NDArray[np.uint8], list[tuple[slice, ...]]]:
    """Bring images of unequal size to one shape, with their masks, and say how to crop back.

    Parameters
    ----------
    images : sequence of N arrays, shape (H, W) or (Z, Y, X)
    masks : sequence of N arrays of class numbers, shapes as `images`
    shape : tuple of int or None, pixels
        Sides of at least the largest image; None: those of the largest.

    Returns
    -------
    padded_images : array, shape (N, H, W, 1) or (N, Z, Y, X, 1)
        Added at the end of each axis, with the image's lowest value.
    padded_masks : uint8 array, shape (N, H, W) or (N, Z, Y, X)
    slices : list of N tuples of slices
        ``prediction[slices[0]]`` is on the grid of the first image. Judge there: in the padding a network
        may be wrong, too, and nobody asks.

    Raises
    ------
    ValueError
        If an image is larger than `shape`.

    Examples
    --------
    >>> images, _, slices = padded([[[5, 6]], [[7], [8]]], [[[0, 1]], [[1], [0]]])
    >>> images[..., 0].tolist(), slices[0]
    ([[[5, 6], [5, 5]], [[7, 7], [8, 7]]], (slice(0, 1, None), slice(0, 2, None)))
    """
    arrays = [np.asarray(image) for image in images]
    checks.same_length(images=range(len(arrays)), masks=range(len(masks)))
    largest = tuple(np.max([array.shape for array in arrays], axis=0).tolist())
    sides = tuple(shape or largest)
    if len(sides) != len(largest) or any(a < b for a, b in zip(sides, largest, strict=True)):
        msg = f"shape must hold the largest image, {largest}, got {sides}. Crop images, or enlarge shape."
        raise ValueError(msg)
    slices = [tuple(slice(0, side) for side in array.shape) for array in arrays]
    enlarged = np.stack([np.full(sides, array.min(), array.dtype) for array in arrays])
    numbers = np.zeros(enlarged.shape, np.uint8)
    for new, new_mask, array, mask, inside in zip(enlarged, numbers, arrays, masks, slices, strict=True):
        new[inside], new_mask[inside] = array, mask
    return enlarged[..., np.newaxis], numbers, slices


def as_segmentation(dataset: Dataset, class_names: Sequence[str], column: str = "mask") -> Dataset:
    """Return a data set whose labels are one of its attributes: masks, shape as the images without channels.

    Parameters
    ----------
    dataset : Dataset
        Such as ``data.load("simulated_nodules")``.
    class_names : sequence of str
        Of the masks' numbers, the background first.
    column : str
        Name of the attribute.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    ValueError
        If there is no such attribute, or it holds no masks.
    """

    def relabelled(split: Split) -> Split:
        masks = np.asarray(split.attributes[checks.one_of("column", column, split.attributes)], np.uint8)
        attributes = {name: values for name, values in split.attributes.items() if name != column}
        return replace(split, labels=masks, attributes=attributes)

    splits: dict[str, Any] = {name: relabelled(split) for name, split in dataset.splits().items()}
    facts: dict[str, Any] = {
        "task": "segmentation",
        "class_names": tuple(class_names),
        "positive_class": None,
    }
    meaning = f"The mask says of every pixel what it shows: {', '.join(class_names)}."
    return replace(dataset, **splits, **facts, label_meaning=meaning, published=(), fingerprint="")


def file_pairs(root: Path, masks: str) -> tuple[list[tuple[Path, Path]], int]:
    """Return each image's file and its mask's, by name, and how many files are neither."""
    found: list[dict[str, Path]] = []
    others = 0
    for name in ("images", masks):
        if not (root / name).is_dir():
            msg = f"{root.name} must hold the folders images and {masks}, got no {name}."
            raise FileNotFoundError(msg)
        files: dict[str, Path] = {}
        for file in sorted((root / name).glob("[!.]*")):
            if not file.resolve().is_relative_to(root.resolve()):
                msg = f"files must lie in the folder, got {name}/{file.name}, which leads out. Copy it there."
                raise ValueError(msg)
            ending = next((ending for ending in _ENDINGS if file.name.lower().endswith(ending)), "")
            stem = file.name.removesuffix(file.name[-len(ending) :])
            if ending and stem in files:
                msg = f"each image must be there once, got two files named {stem!r} in {name}. Remove one."
                raise ValueError(msg)
            others += not ending
            files |= {stem: file} if ending else {}
        found.append(files)
    images, partners = found
    if alone := sorted(images.keys() ^ partners.keys()) or ([] if images else ["any image"]):
        msg = (
            f"each image must have a mask of its name, got {len(alone)} without a partner, the first "
            f"{alone[0]!r}. Supported are {', '.join(_ENDINGS)}."
        )
        raise FileNotFoundError(msg)
    if len({file.suffix.lower() == ".png" for side in found for file in side.values()}) > 1:
        msg = "images and masks must all be PNG, or all be NIfTI, got both. Convert one of them."
        raise ValueError(msg)
    return [(images[name], partners[name]) for name in images], others


def _read(
    image: Path, mask: Path, class_names: tuple[str, ...], window_hu: tuple[float, float] | None
) -> tuple[NDArray[np.uint8], NDArray[Any], tuple[float, ...]]:
    """Return gray values and class numbers on one grid, and its spacing."""
    spacing: tuple[float, ...] = ()
    if image.suffix.lower() == ".png":
        gray, numbers = map(_png, (image, mask))
        if gray.shape != numbers.shape:
            msg = (
                f"a mask must have the size of its image, got {numbers.shape} for {gray.shape}: {mask.name}."
            )
            raise ValueError(msg)
    else:
        scan, marked = map(volumes.read, (image, mask))
        volumes.check_same_grid(**{image.name: scan, mask.name + " (mask)": marked})
        numbers, spacing = marked.array, scan.spacing_mm
        scaled = intensity.window(scan.array, *window_hu) if window_hu else intensity.percentiles(scan.array)
        gray = 255 * scaled
    count = len(class_names)
    if count == 2 and np.isin(numbers, (0, 255)).all():
        numbers = numbers // 255
    if len(unknown := np.setdiff1d(numbers, range(count))):
        msg = (
            f"masks must hold the numbers 0 to {count - 1} of {', '.join(class_names)}, got "
            f"{', '.join(f'{number:g}' for number in unknown[:5])} in {mask.name}. Name every class."
        )
        raise ValueError(msg)
    return np.rint(gray).astype(np.uint8), numbers.astype(np.uint8), spacing


def _png(file: Path) -> NDArray[Any]:
    header = imagefiles.survey(file.parent, file.name)
    return imagefiles.read({"": [header]}, header.size, color=False, depth=header.depth)[""][0, ..., 0]
