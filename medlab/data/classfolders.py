"""Find the images of each split and class in a folder, and refuse a layout that could mislead."""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.data import foldercard, imagefiles
from medlab.data.dataset import SPLITS
from medlab.data.imagefiles import ImageFile

Rows = tuple[list[ImageFile], NDArray[np.int64]]

_LAYOUT = "Images belong into train/<class>/*.png, with val/ and test/ beside train/ if they exist."
_SPLITS_TOO = (*SPLITS, "training", "valid", "validation", "testing")
_NESTED = "in subfolders"
# What may lie beside images without being one; the table of groups does.
_NO_IMAGES = (
    ".txt .md .csv .tsv .xls .xlsx .ods .json .xml .yaml .yml .html .pdf .doc .docx .log .db .ini .py .ipynb"
).split()


def find_images(root: Path) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """Return the images by split and class, in alphabetical order, and notes on other files.

    Parameters
    ----------
    root : path of a folder
        With ``train/<class>/`` and perhaps ``val/`` and ``test/``; or the class folders, taken as train.

    Returns
    -------
    names : dict, split to dict, class to list of str
        Paths relative to `root`, with "/". A class is named as its folder, or as the folder's card has it.
    notes : list of str

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If train is missing, a split has another name, a class folder holds no images or many files that
        are not read, there are fewer than two classes, splits differ in their classes, or the card cannot
        be read.
    """
    folders = _split_folders(root)
    contents = {name: _class_files(folder, root) for name, folder in folders.items()}
    splits = {name: classes for name, (classes, _) in contents.items()}
    _refuse_different_classes(splits)
    notes = [note for _, listed in contents.values() for note in listed]
    beside = [item for folder in folders.values() for item in _visible(folder) if not item.is_dir()]
    if root not in folders.values():
        beside += [item for item in _visible(root) if item not in folders.values()]
    if extensions := _extensions(item for item in beside if item.suffix.lower() not in _NO_IMAGES):
        notes.append(f"Files beside the class folders that were not read: {_listed(extensions)}.")
    titles = foldercard.read_card(root).get("classes", {})
    named = [str(titles.get(name, name)) for name in splits["train"]]
    if len(set(named)) == len(named):  # else a folder was added since, and only their own names differ
        splits = {name: dict(zip(named, classes.values(), strict=True)) for name, classes in splits.items()}
    return splits, notes


def read_headers(names: Mapping[str, Mapping[str, Sequence[str]]], root: Path) -> dict[str, Rows]:
    """Return what the headers of the images tell, and their labels, by split."""
    every = [file for classes in names.values() for listed in classes.values() for file in listed]
    headers = imagefiles.for_all(functools.partial(imagefiles.survey, root), every)
    rows = {}
    for split, classes in names.items():
        files = [headers[file] for listed in classes.values() for file in listed]
        labels = np.repeat(np.arange(len(classes)), [len(listed) for listed in classes.values()])
        rows[split] = (files, labels.astype(np.int64))
    return rows


def _split_folders(root: Path) -> dict[str, Path]:
    if not root.is_dir():
        msg = f"The data folder must exist, got {root.name!r}. {_LAYOUT}"
        raise FileNotFoundError(msg)
    names = [item.name for item in _visible(root) if item.is_dir()]
    prefixes = ("train", "val", "test") if "train" in names else ()
    unclear = [
        name
        for name in names
        if name not in SPLITS and (name.lower() in _SPLITS_TOO or name.lower().startswith(prefixes))
    ]
    if unclear:
        msg = f"Splits must be named train, val and test, got {', '.join(unclear)}. Rename or remove it."
        raise ValueError(msg)
    folders = {name: root / name for name in SPLITS if name in names}
    if folders and "train" not in folders:
        msg = f"{root.name} must hold a folder train beside {' and '.join(folders)}, got none. {_LAYOUT}"
        raise ValueError(msg)
    return folders or {"train": root}


def _class_files(folder: Path, root: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Return the images of each class, both in alphabetical order, and notes on other files."""
    classes, notes = {}, []
    for class_folder in sorted(item for item in _visible(folder) if item.is_dir()):
        items = sorted(_visible(class_folder))
        paths = [item for item in items if item.suffix.lower() in imagefiles.EXTENSIONS and item.is_file()]
        extensions = _extensions(sorted(set(items).difference(paths)))
        n_lost = sum(n for extension, n in extensions.items() if extension not in _NO_IMAGES)
        name = class_folder.relative_to(root).as_posix()
        remedy = "Convert them to PNG or TIFF, or take them out." if n_lost else ""
        if _NESTED in extensions:
            remedy = (
                "Move images up into the class folder, and name their patients in a table "
                "(group_rule='csv:groups.csv') or before a sign in the file name (group_rule='prefix:_')."
            )
        if not paths or 10 * n_lost > len(paths) + n_lost:
            others = _listed(extensions) or "nothing"
            msg = (
                f"The class folder {name} must hold images ({', '.join(imagefiles.EXTENSIONS)}), got "
                + (f"{len(paths):,} beside {others}, which are not read" if paths else others)
                + f". {remedy or 'Fill or remove it.'} {_LAYOUT}"
            )
            raise ValueError(msg)
        if extensions:
            notes.append(f"Files in {name} that were not read: {_listed(extensions)}. {remedy}".strip())
        classes[class_folder.name] = [f"{name}/{path.name}" for path in paths]
    spellings = Counter(map(str.casefold, classes))
    if len(spellings) < len(classes):
        alike = ", ".join(name for name in classes if spellings[name.casefold()] > 1)
        msg = f"Classes must differ in more than capital letters, got the folders {alike}. Rename them."
        raise ValueError(msg)
    if len(classes) < 2:
        listed = ", ".join(classes) or "none"
        msg = f"{folder.name} must hold a folder for each of at least two classes, got {listed}. {_LAYOUT}"
        raise ValueError(msg)
    return classes, notes


def _extensions(items: Iterable[Path]) -> Counter[str]:
    """Count files by their extension; those in subfolders that may be images are counted together."""
    extensions: Counter[str] = Counter()
    for item in items:
        if item.is_dir():
            files = (file for file in item.rglob("*") if file.is_file() and not _is_hidden(file))
            extensions[_NESTED] += sum(file.suffix.lower() not in _NO_IMAGES for file in files)
        else:
            named = item.suffix.lower() or "without extension"
            extensions[named if item.is_file() else "broken links"] += 1
    return +extensions


def _listed(extensions: Counter[str]) -> str:
    more = f" and {len(extensions) - 5} other kinds" if len(extensions) > 5 else ""
    return ", ".join(f"{n:,} {extension}" for extension, n in extensions.most_common(5)) + more


def _visible(folder: Path) -> list[Path]:
    return [item for item in folder.iterdir() if not _is_hidden(item)]


def _is_hidden(item: Path) -> bool:
    return item.name.startswith((".", "__MACOSX")) or item.name.lower() in ("thumbs.db", "desktop.ini")


def _refuse_different_classes(splits: Mapping[str, Mapping[str, Any]]) -> None:
    names = list(splits["train"])
    for split, classes in splits.items():
        if list(classes) != names:
            msg = (
                f"Every split must have the same classes, got {', '.join(classes)} in {split} "
                f"and {', '.join(names)} in train."
            )
            raise ValueError(msg)
