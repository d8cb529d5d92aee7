"""Load the reader's own images: one folder a class, with or without splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data import classfolders, grouping, imagefiles, splitting
from medlab.data.dataset import SPLITS, Dataset, Split
from medlab.data.imagefiles import ImageFile

Rows = tuple[list[ImageFile], NDArray[np.int64]]


def load_folder(
    path: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    positive_class: str | int | None = None,
    group_rule: str | None = "auto",
    seed: int = 0,
    color: bool = False,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
) -> Dataset:
    """Load a folder of labelled images and split off what is missing.

    Parameters
    ----------
    path : path of a folder
        It holds ``train/<class>/*.png`` (or jpg, jpeg, tif, tiff, bmp) and perhaps ``val/`` and ``test/``
        with the same classes; or the class folders themselves, which are then taken as train. Class 0 is
        the first in alphabetical order. Hidden files are ignored.
    image_size : int, (int, int) or None, pixels
        Height and width to which every image is resized; None resizes nothing and refuses unequal sizes.
    positive_class : str, int or None
        Name (or number) of the class whose probability a binary network gives; None takes the second.
    group_rule : str or None
        What must stay together when a split is taken from train: ``"none"``, each image on its own;
        ``"blocks:1000"``, files whose numbers lie in one block of 1,000; ``"prefix:_"``, files with the
        same text before the first "_"; ``"csv:groups.csv"``, a table in the folder with the columns file
        and group, which are then known as patients; ``"auto"``, about 100 blocks where each file name has
        one number, else none.
    seed : int
        Decides which images are split off.
    color : bool
        Load red, green and blue instead of gray.
    val_fraction, test_fraction : float in (0, 1)
        Share of train that becomes val or test where that folder is missing.

    Returns
    -------
    dataset : Dataset
        Images uint8, shape (N, H, W, 1) or (N, H, W, 3); float32 where files have 16 bits (divided by 257,
        so that they span [0, 255] as well) or floats. The attribute ``file`` holds the file names; `notes`
        says what was split, resized and found twice.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no table of groups.
    ValueError
        If a class folder is empty, there is only one class, splits differ in their classes, a file cannot
        be read, sizes differ, `positive_class` is not a class, or a split cannot be made.
    """
    root = Path(path).expanduser()
    splits = classfolders.read_layout(root)
    class_names = tuple(splits["train"])
    positive, notes = _positive(positive_class, class_names)
    every = [file for classes in splits.values() for files in classes.values() for file in files]
    size = imagefiles.common_size(every) if image_size is None else _size(image_size)
    depth = imagefiles.common_depth(every)

    rows = {name: _rows(classes, class_names) for name, classes in splits.items()}
    fractions = {"val": val_fraction, "test": test_fraction}
    split_rows, group_of, patients_known, split_notes = _split_off(
        rows, fractions, class_names, group_rule, root, seed
    )
    loaded = {}
    for name, (files, labels) in split_rows.items():
        images = imagefiles.read(files, size, color=color, depth=depth)
        patients = np.array([group_of[file.name] for file in files]) if patients_known else None
        loaded[name] = Split(images, labels, patients, {"file": np.array([file.path.name for file in files])})

    notes = [*split_notes, *notes, *_resized(every, size), *_duplicates(split_rows)]
    if not color and (in_color := sum(file.colored for file in every)):
        notes.append(f"{in_color:,} images are stored in color and were read as gray.")
    if depth == "16 bit":
        notes.append("16-bit images were divided by 257, so that gray values span 0 to 255.")
    if not patients_known:
        notes.append("Patients are not known: one patient's images may lie in several splits.")
    return Dataset(
        name=root.resolve().name,
        train=loaded["train"],
        val=loaded["val"],
        test=loaded["test"],
        task="binary" if len(class_names) == 2 else "multiclass",
        class_names=class_names,
        positive_class=positive,
        source=f"folder {root.resolve().name}",
        license="unknown: ask who gave you the images",
        label_meaning=_meaning(class_names),
        notes=tuple(notes),
    )


def _positive(given: str | int | None, names: tuple[str, ...]) -> tuple[int | None, list[str]]:
    """Return the number of the positive class, or None if there are more than two, and notes."""
    if given in (None, ""):
        if len(names) > 2:
            return None, []
        return 1, [f"No positive class was named: {names[1]!r}, the second in the alphabet, was taken."]
    if given not in names and str(given).isdecimal() and int(given) < len(names):
        given = names[int(given)]
    name = checks.one_of("positive_class", given, names)
    if len(names) > 2:
        msg = f"positive_class must be left out where there are more than two classes, got {len(names)}."
        raise ValueError(msg)
    return names.index(name), []


def _size(image_size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    for side in (height, width):
        checks.in_range("image_size", side, 8, 4096, whole=True)
    return int(height), int(width)


def _rows(classes: classfolders.Classes, names: tuple[str, ...]) -> Rows:
    files = [file for name in names for file in classes[name]]
    labels = np.repeat(np.arange(len(names)), [len(classes[name]) for name in names])
    return files, labels.astype(np.int64)


def _split_off(
    rows: dict[str, Rows],
    fractions: Mapping[str, float],
    class_names: tuple[str, ...],
    rule: str | None,
    root: Path,
    seed: int,
) -> tuple[dict[str, Rows], dict[str, str], bool, list[str]]:
    """Take the missing splits from train.

    Returns
    -------
    rows : dict of train, val and test
    group_of : dict, name of a file to its group
    patients_known : bool
    notes : list of str
    """
    names = [file.name for files, _ in rows.values() for file in files]
    groups, patients_known, rule_note = grouping.groups_by_rule(names, rule, root)
    group_of = dict(zip(names, groups.tolist(), strict=True))
    notes = [
        f"Images in the folder: {', '.join(f'{name} {len(files):,}' for name, (files, _) in rows.items())}."
    ]
    missing = {
        name: checks.in_range(f"{name}_fraction", share, 0.01, 0.9)
        for name, share in fractions.items()
        if name not in rows
    }
    result = dict(rows)
    if missing:
        files, labels = rows["train"]
        shares = {"train": 1 - sum(missing.values()), **missing}
        train_groups = np.array([group_of[file.name] for file in files])
        try:
            index = splitting.stratified_split(np.array(class_names)[labels], train_groups, shares, seed)
        except ValueError:
            if rule != "auto" or rule_note.startswith("each"):
                raise
            *_, notes = found = _split_off(rows, fractions, class_names, "none", root, seed)
            notes.append("File numbers make too few blocks to keep neighbors together.")
            return found
        for name, chosen in index.items():
            result[name] = ([files[row] for row in chosen], labels[chosen])
        taken = " and ".join(
            f"{name} ({len(index[name]):,} images in {len(set(train_groups[index[name]])):,} groups)"
            for name in missing
        )
        notes.append(
            f"Split off from train, stratified by class, {rule_note} ({len(set(train_groups)):,} groups), "
            f"seed {seed}: {taken}."
        )
    ordered = {name: result[name] for name in SPLITS}
    return ordered, group_of, patients_known, notes + _shared_groups(ordered, group_of, rule_note)


def _shared_groups(rows: Mapping[str, Rows], group_of: Mapping[str, str], rule_note: str) -> list[str]:
    """Say which splits share groups: those that came with the folder may, and are left as they are."""
    held = {name: {group_of[file.name] for file in files} for name, (files, _) in rows.items()}
    notes = []
    for first, second in (("train", "val"), ("train", "test"), ("val", "test")):
        shared = held[first] & held[second]
        if shared:
            notes.append(
                f"{first} and {second} share {len(shared):,} of the {len(held[second]):,} groups in {second} "
                f"({rule_note}): splits that came with the folder stay as they are."
            )
    return notes


def _resized(files: list[ImageFile], size: tuple[int, int]) -> list[str]:
    changed = Counter(file.size for file in files if file.size != size)
    if not changed:
        return []
    listed = ", ".join(f"{count:,} from {h}x{w}" for (h, w), count in changed.most_common(3))
    more = f" and {len(changed) - 3} other sizes" if len(changed) > 3 else ""
    return [f"Images resized to {size[0]}x{size[1]} (HxW): {changed.total():,} ({listed}{more})."]


def _duplicates(rows: Mapping[str, Rows]) -> list[str]:
    """Count files that are the same, byte for byte, and lie where that misleads."""
    places = defaultdict(set)
    for name, (files, labels) in rows.items():
        for file, label in zip(files, labels, strict=True):
            places[file.digest].add((name, int(label)))
    leaks = sum(len({name for name, _ in found}) > 1 for found in places.values())
    torn = sum(len({label for _, label in found}) > 1 for found in places.values())
    notes = []
    if leaks:
        notes.append(
            f"Images found in more than one split, byte for byte: {leaks:,}. They flatter the result."
        )
    if torn:
        notes.append(
            f"Images found in more than one class, byte for byte: {torn:,}. Their labels contradict."
        )
    return notes


def _meaning(names: tuple[str, ...]) -> str:
    meaning = (
        f"The label is the name of the folder an image lies in ({', '.join(names)}) and says no more: "
        "who decided it, and on what evidence, is not recorded."
    )
    found = next((word for word in ("nodule", "lesion", "mass") if word in " ".join(names).lower()), None)
    if found and "malig" not in " ".join(names).lower():
        meaning += f" A patch labelled {found} is not thereby labelled malignant."
    return meaning
