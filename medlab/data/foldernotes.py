"""What is said of a folder of images: what was done to them on the way in, and what is wrong with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from medlab.data.dataset import Split
from medlab.data.imagefiles import ImageFile

Rows = tuple[list[ImageFile], NDArray[np.int64]]


def shared_groups(rows: Mapping[str, Rows], group_of: Mapping[str, str], rule_note: str) -> list[str]:
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


def resized(files: Sequence[ImageFile], size: tuple[int, int]) -> list[str]:
    """Count the images that had another size."""
    changed = Counter(file.size for file in files if file.size != size)
    if not changed:
        return []
    listed = ", ".join(f"{count:,} from {h}x{w}" for (h, w), count in changed.most_common(3))
    more = f" and {len(changed) - 3} other sizes" if len(changed) > 3 else ""
    return [f"Images resized to {size[0]}x{size[1]} (HxW): {changed.total():,} ({listed}{more})."]


def span(rows: Mapping[str, Rows], loaded: Mapping[str, Split]) -> str:
    """Say which gray values 16-bit images have after loading: those of 12 bits use a small part."""
    pairs = [pair for name in rows for pair in zip(rows[name][0], loaded[name].images, strict=True)]
    deep = [(image.min(), image.max()) for file, image in pairs if file.depth == "16 bit"]
    mixed = " The others have 8 bits: compare how bright both are." if len(deep) < len(pairs) else ""
    return (
        f"16-bit images were divided by 257, which maps 65535 to 255: {len(deep):,} of {len(pairs):,}. Their "
        f"gray values span {np.min(deep):.4g} to {np.max(deep):.4g}.{mixed}"
    )


def duplicates(rows: Mapping[str, Rows]) -> list[str]:
    """Count files that are the same, byte for byte, and lie where that misleads."""
    places = defaultdict(set)
    for name, (files, labels) in rows.items():
        for file, label in zip(files, labels, strict=True):
            places[file.digest].add((name, int(label)))
    leaks = sum(len(found) > len({label for _, label in found}) for found in places.values())
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


def meaning(names: Sequence[str]) -> str:
    """Say what labels mean that are names of folders."""
    said = (
        f"The label is the name of the folder an image lies in ({', '.join(names)}) and says no more: "
        "who decided it, and on what evidence, is not recorded."
    )
    found = next((word for word in ("nodule", "lesion", "mass") if word in " ".join(names).lower()), None)
    if found and "malig" not in " ".join(names).lower():
        said += f" A patch labelled {found} is not thereby labelled malignant."
    return said
