"""Find the images of each split and class in a folder, and refuse a layout that could mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medlab.data import imagefiles
from medlab.data.dataset import SPLITS
from medlab.data.imagefiles import ImageFile

Classes = Mapping[str, list[ImageFile]]

_LAYOUT = "Images belong into train/<class>/*.png, with val/ and test/ beside train/ if they exist."


def read_layout(root: Path) -> dict[str, Classes]:
    """Return the image files by split and class, all in alphabetical order.

    Parameters
    ----------
    root : path of a folder
        With ``train/<class>/`` and perhaps ``val/`` and ``test/``; or the class folders, taken as train.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If train is missing, a split has another name, a class folder holds no images, there are fewer than
        two classes, or splits differ in their classes.
    """
    return {split: _survey(classes, root) for split, classes in _find(root).items()}


def count_classes(root: Path) -> dict[str, dict[str, int]]:
    """Return how many image files each split has of each class; none is opened.

    Parameters
    ----------
    root : path of a folder
        As in `read_layout`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_layout` does; only damaged files are not noticed.
    """
    return {
        split: {name: len(paths) for name, paths in classes.items()} for split, classes in _find(root).items()
    }


def _find(root: Path) -> dict[str, dict[str, list[Path]]]:
    """Return the paths of the images by split and class."""
    splits = {name: _class_files(folder, root) for name, folder in _split_folders(root).items()}
    _refuse_different_classes(splits)
    return splits


def _split_folders(root: Path) -> dict[str, Path]:
    if not root.is_dir():
        msg = f"The data folder must exist, got {str(root)!r}. {_LAYOUT}"
        raise FileNotFoundError(msg)
    if (root / "train").is_dir():
        others = [item.name for item in _visible(root) if item.is_dir() and item.name not in SPLITS]
        unclear = [name for name in others if name.lower().startswith(("val", "test"))]
        if unclear:
            msg = f"Splits must be named train, val and test, got {', '.join(unclear)}. Rename or remove it."
            raise ValueError(msg)
        return {name: root / name for name in SPLITS if (root / name).is_dir()}
    given = [name for name in ("val", "test") if (root / name).is_dir()]
    if given:
        msg = f"{root.name} must hold a folder train beside {' and '.join(given)}, got none. {_LAYOUT}"
        raise ValueError(msg)
    return {"train": root}


def _survey(classes: Mapping[str, list[Path]], root: Path) -> Classes:
    return {name: [imagefiles.survey(path, root) for path in paths] for name, paths in classes.items()}


def _class_files(folder: Path, root: Path) -> dict[str, list[Path]]:
    """Return the paths of the images of each class, both in alphabetical order."""
    classes = {}
    for class_folder in sorted(item for item in _visible(folder) if item.is_dir()):
        items = sorted(_visible(class_folder))
        paths = [item for item in items if item.suffix.lower() in imagefiles.EXTENSIONS and item.is_file()]
        if not paths:
            kinds = Counter("folders" if item.is_dir() else item.suffix or "others" for item in items)
            found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(3)) or "nothing"
            name = class_folder.relative_to(root).as_posix()
            msg = (
                f"The class folder {name} must hold images ({', '.join(imagefiles.EXTENSIONS)}), "
                f"got {found}. Fill or remove it. {_LAYOUT}"
            )
            raise ValueError(msg)
        classes[class_folder.name] = paths
    if len(classes) < 2:
        listed = ", ".join(classes) or "none"
        msg = f"{folder.name} must hold a folder for each of at least two classes, got {listed}. {_LAYOUT}"
        raise ValueError(msg)
    return classes


def _visible(folder: Path) -> list[Path]:
    return [item for item in folder.iterdir() if not item.name.startswith((".", "__MACOSX"))]


def _refuse_different_classes(splits: Mapping[str, Mapping[str, Any]]) -> None:
    names = list(splits["train"])
    for split, classes in splits.items():
        if list(classes) != names:
            msg = (
                f"Every split must have the same classes, got {', '.join(classes)} in {split} "
                f"and {', '.join(names)} in train."
            )
            raise ValueError(msg)
