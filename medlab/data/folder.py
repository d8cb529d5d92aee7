"""Load the reader's own images: one folder a class, with or without splits."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medlab import checks
from medlab.data import classfolders, foldercard, grouping, imagefiles, nearcopies, splitting
from medlab.data.classfolders import Rows
from medlab.data.dataset import SPLITS, Dataset, Split
from medlab.data.imagefiles import ImageFile


class Allocation(NamedTuple):
    """Who is in which split: the rows of each split, the group of each file by its name, and what to say."""

    rows: dict[str, Rows]
    group_of: dict[str, str]
    patients_known: bool
    notes: list[str]


FRACTIONS = {"val": 0.15, "test": 0.15}


def load_folder(
    path: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    positive_class: str | int | None = None,
    group_rule: str | None = "auto",
    seed: int = 0,
    color: bool = False,
    val_fraction: float = FRACTIONS["val"],
    test_fraction: float = FRACTIONS["test"],
) -> Dataset:
    """Load a folder of labelled images and split off what is missing.

    Parameters
    ----------
    path : path of a folder
        It holds ``train/<class>/*.png`` (or jpg, jpeg, tif, tiff, bmp) and perhaps ``val/`` and ``test/``
        with the same classes; or the class folders themselves, which are then taken as train. Class 0 is
        the first in alphabetical order. ``medlab.json``, in which `write_folder` says what the images are, is
        believed: names of classes, license, whether they are simulated. Hidden files are ignored; others
        that are not read are counted in `notes`, and refused where they may be more than a tenth of a class.
    image_size : int, (int, int) or None, pixels
        Height and width to which every image is resized; None resizes nothing and refuses unequal sizes.
    positive_class : str, int or None
        Name of the class whose probability a binary network gives, or its number where no class has that
        name; None takes the one that ``medlab.json`` names, or else the second.
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
        says what was split, resized and found twice (near-copies only of fewer than 5,000 images).

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no table of groups.
    ValueError
        If a class folder is empty, there is only one class, splits differ in their classes, a file or the
        table cannot be read, sizes differ, `positive_class` is not a class, or a split cannot be made.
    """
    root = _root(path)
    names, layout_notes = classfolders.find_images(root)
    rows = classfolders.read_headers(names, root)
    class_names, card = tuple(names["train"]), foldercard.read_card(root)
    named, _ = card.pop("positive_class", ""), card.pop("classes", {})
    if positive_class in (None, "") and len(class_names) == 2 and named in class_names:
        positive_class = named
    positive, notes = _positive(positive_class, class_names)
    all_files = [file for files, _ in rows.values() for file in files]
    size = imagefiles.common_size(all_files) if image_size is None else _size(image_size)
    depth = imagefiles.common_depth(all_files)
    fractions = {"val": val_fraction, "test": test_fraction}
    allocation = _split_off(rows, class_names, fractions, group_rule, root, seed)
    files_of = {name: files for name, (files, _) in allocation.rows.items()}
    images_of = imagefiles.read(files_of, size, color=color, depth=depth)
    loaded: dict[str, Any] = {}
    for name, (files, labels) in allocation.rows.items():
        groups = np.array([allocation.group_of[file.name] for file in files])
        file_names = np.array([file.path.name for file in files])
        patients = groups if allocation.patients_known else None
        loaded[name] = Split(images_of[name], labels, patients, {"file": file_names})

    notes = [*allocation.notes, *layout_notes, *notes, *_resized_notes(all_files, size)]
    notes += [*_duplicate_notes(allocation.rows), *imagefiles.quirk_notes(all_files)]
    if not color and (in_color := sum(file.colored for file in all_files)):
        notes.append(f"{in_color:,} images are stored in color and were read as gray.")
    if depth == "16 bit":
        notes.append(_span_note(allocation.rows, loaded))
    if not allocation.patients_known:
        notes.append("Patients are not known: one patient's images may lie in several splits.")
    if card:
        notes.append(f"License, source and what the labels mean are told by {foldercard.CARD} in the folder.")
    unknown = {"license": "unknown: ask who gave you the images", "source": f"folder {root.name}"}
    dataset = Dataset(
        name=root.name,
        **loaded,
        task="binary" if len(class_names) == 2 else "multiclass",
        class_names=class_names,
        positive_class=positive,
        notes=tuple(notes),
        **{**unknown, "label_meaning": _label_meaning(class_names), **card},
    )
    repeated = nearcopies.repeated_in_test(dataset)
    if repeated is not None and repeated.any():
        note = f"Test images with a near-copy in train or val: {repeated.sum():,} of {len(repeated):,}."
        dataset = replace(dataset, notes=(*dataset.notes, note))
    return dataset


class Survey(NamedTuple):
    """What the names, headers and table of a folder tell without its pixels.

    Attributes
    ----------
    problems : list of (str, str)
        What `load_folder` would refuse: its parameter, and the message.
    size : (int, int) or None
        Height and width to which images will be loaded, where they are known.
    class_names : tuple of str
        Of the class folders.
    """

    problems: list[tuple[str, str]]
    size: tuple[int, int] | None = None
    class_names: tuple[str, ...] = ()


def survey_folder(
    path: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    positive_class: str | int | None = None,
    group_rule: str | None = "auto",
    seed: int = 0,
) -> Survey:
    """Find out what `load_folder` would refuse, as far as that is quick: no pixel is decoded.

    Parameters
    ----------
    path, image_size, positive_class, group_rule, seed
        As in `load_folder`.

    Returns
    -------
    survey : Survey
        All problems that do not follow from each other.
    """
    root, problems = _root(path), []

    def tried(parameter: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except (ValueError, TypeError) as error:
            problems.append((parameter, str(error)))
        except OSError as error:  # of the system, whose words hold the whole path; ours has no file name
            where = Path(error.filename or "").name
            text = f"{where} must be readable, got: {error.strerror}." if where else str(error)
            problems.append((parameter, text))
        return None

    names, _ = tried("path", lambda: classfolders.find_images(root)) or (None, [])
    if not names:
        return Survey(problems)
    class_names = tuple(names["train"])
    tried("positive_class", lambda: _positive(positive_class, class_names))
    rows = tried("path", lambda: classfolders.read_headers(names, root))
    if not rows:
        return Survey(problems, None, class_names)
    all_files = [file for files, _ in rows.values() for file in files]
    tried("path", lambda: imagefiles.common_depth(all_files))
    tried("group_rule", lambda: _split_off(rows, class_names, FRACTIONS, group_rule, root, seed))
    choose = imagefiles.common_size if image_size is None else lambda _: _size(image_size)
    return Survey(problems, tried("image_size", lambda: choose(all_files)), class_names)


def _root(path: str | Path) -> Path:
    return Path(os.path.expanduser(path)).resolve()  # noqa: PTH111 (Path's raises on ~nobody)


def _positive(positive_class: str | int | None, names: tuple[str, ...]) -> tuple[int | None, list[str]]:
    """Return the number of the positive class, or None if there are more than two, and notes."""
    if positive_class in (None, ""):
        if len(names) > 2:
            return None, []
        return 1, [f"No positive class was named: {names[1]!r}, the second in the alphabet, was taken."]
    name = str(positive_class)  # a class may be called 1, and is meant then, whatever its place
    if name not in names and name.isdecimal() and int(name) < len(names):
        name = names[int(name)]
    checks.one_of("positive_class", name, names)
    if len(names) > 2:
        msg = f"positive_class must be left out where there are more than two classes, got {len(names)}."
        raise ValueError(msg)
    return names.index(name), []


def _size(image_size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    for side in (height, width):
        checks.in_range("image_size", side, 8, 4096, whole=True)
    return int(height), int(width)


def _split_off(
    rows: Mapping[str, Rows],
    class_names: tuple[str, ...],
    fractions: Mapping[str, float],
    rule: str | None,
    root: Path,
    seed: int,
) -> Allocation:
    """Take the missing splits from train."""
    names = [file.name for files, _ in rows.values() for file in files]
    groups, patients_known, rule_note, table_notes = grouping.groups_by_rule(names, rule, root)
    group_of = dict(zip(names, groups.tolist(), strict=True))
    counts = ", ".join(f"{name} {len(files):,}" for name, (files, _) in rows.items())
    notes = [f"Images in the folder: {counts}."]
    missing = {name: share for name, share in fractions.items() if name not in rows}
    for name, share in missing.items():
        checks.in_range(f"{name}_fraction", share, 0.01, 0.9)
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
            alone = _split_off(rows, class_names, fractions, "none", root, seed)
            note = "File numbers make too few blocks to keep neighbors together."
            return alone._replace(notes=[*alone.notes, note])
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
    notes += table_notes + _shared_groups_notes(ordered, group_of, rule_note)
    return Allocation(ordered, group_of, patients_known, notes)


def _shared_groups_notes(rows: Mapping[str, Rows], group_of: Mapping[str, str], rule_note: str) -> list[str]:
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


def _resized_notes(files: Sequence[ImageFile], size: tuple[int, int]) -> list[str]:
    """Count the images that had another size."""
    changed = Counter(file.size for file in files if file.size != size)
    if not changed:
        return []
    listed = ", ".join(f"{count:,} from {h}x{w}" for (h, w), count in changed.most_common(3))
    more = f" and {len(changed) - 3} other sizes" if len(changed) > 3 else ""
    return [f"Images resized to {size[0]}x{size[1]} (HxW): {changed.total():,} ({listed}{more})."]


def _span_note(rows: Mapping[str, Rows], loaded: Mapping[str, Split]) -> str:
    """Say which gray values 16-bit images have after loading: those of 12 bits use a small part."""
    pairs = [pair for name in rows for pair in zip(rows[name][0], loaded[name].images, strict=True)]
    deep = [(image.min(), image.max()) for file, image in pairs if file.depth == "16 bit"]
    mixed = " The others have 8 bits: compare how bright both are." if len(deep) < len(pairs) else ""
    return (
        f"16-bit images were divided by 257, which maps 65535 to 255: {len(deep):,} of {len(pairs):,}. Their "
        f"gray values span {np.min(deep):.4g} to {np.max(deep):.4g}.{mixed}"
    )


def _duplicate_notes(rows: Mapping[str, Rows]) -> list[str]:
    """Count files that are the same, byte for byte, and lie where that misleads."""
    places = defaultdict(set)
    for name, (files, labels) in rows.items():
        for file, label in zip(files, labels, strict=True):
            places[file.digest].add((name, int(label)))
    labels_of = [(len(copies), len({label for _, label in copies})) for copies in places.values()]
    notes = {
        "split, byte for byte: {:,}. They flatter the result.": sum(n > labels for n, labels in labels_of),
        "class, byte for byte: {:,}. Their labels contradict.": sum(labels > 1 for _, labels in labels_of),
    }
    return [f"Images found in more than one {text.format(count)}" for text, count in notes.items() if count]


def _label_meaning(names: Sequence[str]) -> str:
    """Say what labels mean that are names of folders."""
    text = (
        f"The label is the name of the folder an image lies in ({', '.join(names)}) and says no more: "
        "who decided it, and on what evidence, is not recorded."
    )
    listed = " ".join(names).lower()
    finding = next((word for word in ("nodule", "lesion", "mass") if word in listed), None)
    if finding and "malig" not in listed:
        text += f" A patch labelled {finding} is not thereby labelled malignant."
    return text
