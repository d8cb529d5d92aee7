"""Masks on a volume's grid: what contours, maps of labels and segmentations are brought to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.measure import grid_points_in_poly

from medlab.data.pseudonyms import Pseudonyms
from medlab.data.volumes.volume import Volume

OFF_GRID = 0.05  # of a voxel: what rounded positions differ by
OFF_SLICE = 0.1  # of the distance between slices: contours of PET and CT differ in the second decimal


def split_labels(labels: Volume, names: Mapping[int, str]) -> dict[str, Volume]:
    """Return one mask for each label of a map of labels.

    Parameters
    ----------
    labels : Volume
        Whole numbers, shape (Z, Y, X); 0 is the background.
    names : dict from int to str
        What each label is called, such as ``{1: "anterior", 2: "posterior"}``.

    Returns
    -------
    masks : dict from str to Volume of bool
        In the order of `names`; a label that does not occur gives an empty mask.

    Raises
    ------
    ValueError
        If a label has no name, 0 has one, or numbers are not whole; the message lists the labels.

    Examples
    --------
    >>> labels = Volume(np.array([[[0, 1, 2, 2]]]), (3.0, 0.8, 0.7))
    >>> split_labels(labels, {1: "head", 2: "body"})["body"].array.tolist()
    [[[False, False, True, True]]]
    """
    unknown = sorted(set(np.unique(labels.array).tolist()) - {0, *names} | ({0} & set(names)))
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        msg = (
            f"Labels must be 0 (background) or one of {sorted(set(names) - {0})}, got "
            f"{', '.join(f'{label:g}' for label in unknown[:8])}{more}. Name each label but 0."
        )
        raise ValueError(msg)
    return {name: mask_like(labels, labels.array == label) for label, name in names.items()}


def mask_like(volume: Volume, array: ArrayLike, notes: Iterable[str] = ()) -> Volume:
    """Return an array of shape (Z, Y, X) on the grid of a volume."""
    return replace(volume, array=np.asarray(array), units="mask", notes=tuple(notes))


def fill_outline(mask: NDArray[Any], points_yx: ArrayLike, *, with_edge: bool) -> NDArray[np.bool_]:
    """Return which pixels of a slice, shape (Y, X), have their center inside of an outline.

    Where the outline itself runs through centers, `with_edge` says whether they belong to it.
    """
    # Rounded, so that decimal text decides nothing where an outline runs through centers.
    points = np.asarray(points_yx, dtype=np.float64).round(4)
    inside = np.zeros(mask.shape, dtype=bool)
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, mask.shape)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, 0, mask.shape)
    # 1 is inside, 2 on a corner and 3 on an edge.
    kinds = grid_points_in_poly(high - low, points - low, binarize=False)
    inside[low[0] : high[0], low[1] : high[1]] = kinds > 0 if with_edge else kinds == 1
    return inside


def unique_names(names: Mapping[int, str]) -> dict[int, str]:
    """Return names by number; where two are the same, their numbers follow in parentheses."""
    times = Counter(names.values())
    return {number: f"{name} ({number})" if times[name] > 1 else name for number, name in names.items()}


def check_frame(uid: str, volume: Volume, salt: str | None) -> None:
    """Refuse contours or masks whose coordinates begin elsewhere; NIfTI does not say where its own begin."""
    frame = str(getattr(volume.header, "FrameOfReferenceUID", ""))
    if uid and frame and frame not in (uid, Pseudonyms(salt).uid(uid)):
        msg = (
            "Contours and masks must lie in the volume's frame of reference, got another one. Read the "
            "series that they were made of; give the salt that it was read with, if any."
        )
        raise ValueError(msg)


class Slices:
    """Find the slices of a volume by UID, whether the UIDs of the volume were replaced or not."""

    def __init__(self, volume: Volume, salt: str | None) -> None:
        if not volume.instance_uids:
            msg = (
                "The volume must know the UIDs of its slices, got one from NIfTI, or resampled. Read the "
                "DICOM series, and bring the masks to another grid afterwards."
            )
            raise ValueError(msg)
        self._numbers = {uid: z for z, uid in enumerate(volume.instance_uids)}
        self._pseudonyms = Pseudonyms(salt)

    def find(self, uid: str) -> int | None:
        """Return the number of the slice, from 0; None where there is none."""
        return self._numbers.get(uid, self._numbers.get(self._pseudonyms.uid(uid)))


def refuse_missing(missing: int, total: int, what: str, allowed: bool) -> tuple[str, ...]:
    """Refuse what lies on slices that a volume does not have; where that is allowed, say how many do."""
    if missing and (missing == total or not allowed):
        remedy = "Read the whole series, or leave them out with allow_missing=True"
        if missing == total:
            remedy = "It belongs to another series: read that one"
        msg = (
            f"Each {what} must lie on a slice of the volume, got {missing} of {total} that do not. {remedy}."
        )
        raise ValueError(msg)
    return (f"{missing} of {total} left out ({what}): their slices are not there.",) if missing else ()
