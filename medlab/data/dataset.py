"""The one shape in which images come to a network: a `Dataset` of three `Split`s."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks

Task = Literal["binary", "multiclass", "multilabel", "regression", "segmentation"]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, repr=False)
class Split:
    """Images of one of train, val and test, with what is known of each.

    Attributes
    ----------
    images : uint8 or float32 array, shape (N, H, W, C) or (N, Z, Y, X, C); float32, shape (N, T, F)
        Gray values or colors. uint8 until the batch; float32 only where uint8 would lose something. With
        three axes, always float32: sequences of T steps with F numbers each (a signal, a patient's visits).
    labels : array, shape (N,) int64 classes; (N, K) uint8 for multi-label; (N,) float32 for regression
        Of a segmentation, masks: uint8 class numbers, shape (N, H, W) or (N, Z, Y, X).
    patients : str array, shape (N,), or None
        Pseudonymous patient identifiers; None where nobody knows who is who.
    attributes : dict of arrays, each of length N
        What else is known of each image (diameter in mm, file name, lesion mask, ...).
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    patients: NDArray[Any] | None = None
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        is_sequence = self.images.ndim == 3 and self.images.dtype == np.float32
        if self.images.ndim not in (4, 5) and not is_sequence:
            msg = (
                "images must have shape (N, H, W, C) or (N, Z, Y, X, C), "
                f"got {self.images.shape}. Gray images need a last axis of length 1: images[..., np.newaxis]."
                " Sequences (N, T, F) must be float32."
            )
            raise ValueError(msg)
        columns = {"images": self.images, "labels": self.labels, **self.attributes}
        if self.patients is not None:
            columns["patients"] = self.patients
        checks.same_length(**columns)

    def __repr__(self) -> str:
        patients = "unknown" if self.patients is None else len(set(self.patients.tolist()))
        columns = textwrap.shorten(", ".join(self.attributes) or "none", 200, placeholder=" ...")
        return (
            f"Split({len(self)} {_shape_text(self.images)}; labels {self.labels.dtype}; "
            f"patients: {patients}; attributes: {columns})"
        )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def unpadded(self) -> list[tuple[slice, ...]]:
        """Where each image lies in its array: all of it, unless ``extent`` tells that it was padded."""
        extents = self.attributes.get("extent", [self.images.shape[1:-1]] * len(self))
        return [tuple(map(slice, extent)) for extent in extents]

    def subset(self, index: ArrayLike) -> Split:
        """Return the images at `index` (whole numbers or booleans), each with all its columns."""
        chosen = np.asarray(index)
        patients = None if self.patients is None else self.patients[chosen]
        attributes = {name: column[chosen] for name, column in self.attributes.items()}
        return Split(self.images[chosen], self.labels[chosen], patients, attributes)


@dataclass(frozen=True, repr=False)
class Dataset:
    """Three splits and the facts that training, evaluation and reports need.

    Attributes
    ----------
    name : str
        Registered name, or the folder's.
    train, val, test : Split
    task : "binary", "multiclass", "multilabel", "regression" or "segmentation"
    class_names : tuple of str
        Name of class 0, 1, ...; the quantity's name for a regression; of a segmentation, 0 is the background.
    positive_class : int or None
        Which class a binary network's output is the probability of; None for other tasks.
    spacing_mm : tuple of float or None
        Millimeters per pixel, in the order of the image axes; None where it is not known.
    modality, source, license, citation : str
    label_meaning : str
        What the labels say, and what they do not.
    flips : tuple of "left-right", "up-down"
        The mirror images that leave the label and the anatomy as they are: augmentation uses these only.
    rotation_deg : float
        Largest rotation that leaves an image plausible: 180 where there is no up.
    window_hu : (center, width) or None
        The CT window that made gray values of Hounsfield units; None where nothing was windowed.
    simulated : bool
        Whether the images come from `medlab.data.phantoms`.
    fingerprint : str
        SHA-256 of the bytes of all images and labels, 16 hex digits.
    notes : tuple of str
        What was done to the data on the way in, for the report.
    split_by : str
        What the splits keep together, where their source says so ("patient", "CT scan", "image").
    published : tuple of dicts
        Results in the literature: ``{"method", "auc", "acc", ...}``, transcribed.
    """

    name: str
    train: Split
    val: Split
    test: Split
    task: Task
    class_names: tuple[str, ...]
    positive_class: int | None = None
    spacing_mm: tuple[float, ...] | None = None
    modality: str = "unknown"
    source: str = "unknown"
    license: str = "unknown"
    citation: str = ""
    label_meaning: str = ""
    flips: tuple[str, ...] = ()
    rotation_deg: float = 10.0
    window_hu: tuple[float, float] | None = None
    simulated: bool = False
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    split_by: str = ""
    published: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.task == "binary" and self.positive_class not in (0, 1):
            msg = f"positive_class of a binary data set must be 0 or 1, got {self.positive_class!r}."
            raise ValueError(msg)
        if self.task == "segmentation":
            self._check_masks()
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.splits()))

    def _check_masks(self) -> None:
        for name, split in self.splits().items():
            masks, shape = split.labels, split.images.shape[:-1]
            fitting = masks.dtype == np.uint8 and masks.shape == shape and masks.ndim > 2
            highest = masks.max(initial=0)
            if not fitting or highest >= len(self.class_names):
                msg = (
                    f"labels of a segmentation must be uint8 masks {shape} in {name}, numbers of its "
                    f"{len(self.class_names)} classes, got {masks.dtype} {masks.shape} up to {highest}."
                )
                raise ValueError(msg)

    @property
    def positive_name(self) -> str:
        """Name of the positive class; empty where there is none."""
        return "" if self.positive_class is None else self.class_names[self.positive_class]

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of `targets`: of two, the positive one is the second."""
        first = self.task == "binary" and self.positive_class == 0
        return self.class_names[::-1] if first else self.class_names

    def __repr__(self) -> str:
        spacing = " x ".join(f"{mm:.4g}" for mm in self.spacing_mm or ())
        facts = {
            "shape": _shape_text(self.train.images),
            "splits": ", ".join(f"{name} {len(split):,}" for name, split in self.splits().items()),
            "classes": class_list(self.class_names, self.positive_class),
            "spacing": f"{spacing} mm" if spacing else "unknown",
            "source": self.source,
            "license": self.license,
            "notes": f"{len(self.notes)} (see .notes)",
            "fingerprint": self.fingerprint,
        }
        lines = [f"Dataset {self.name}: {self.task}, {self.modality}"]
        # One line a fact, or a data set with many classes would fill the screen.
        lines += [
            f"  {key:<12}{textwrap.shorten(text, 180, placeholder=' ...')}" for key, text in facts.items()
        ]
        return "\n".join(lines)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image: (H, W, C) or (Z, Y, X, C); of one sequence: (T, F)."""
        return self.train.images.shape[1:]

    def splits(self) -> dict[str, Split]:
        """Return the three splits by name, in the order train, val, test."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def targets(self, split: Split) -> NDArray[Any]:
        """Return the labels as a network learns them.

        Returns
        -------
        targets : array
            Binary: float32, shape (N,), 1 where the label is the positive class. Multi-class: int64,
            shape (N,). Multi-label: float32, shape (N, K). Regression: float32, shape (N,). Segmentation:
            the masks, uint8, shape (N, H, W) or (N, Z, Y, X).
        """
        if self.task == "segmentation":
            return split.labels  # as they are: in 64 bits they would be larger than the images
        if self.task == "binary":
            return (split.labels == self.positive_class).astype(np.float32)
        if self.task == "multiclass":
            return split.labels.astype(np.int64)
        return split.labels.astype(np.float32)

    def with_train(self, train: Split, note: str = "") -> Dataset:
        """Return the same data set with another training split (balanced, cleaned, smaller)."""
        notes = (*self.notes, note) if note else self.notes
        return replace(self, train=train, notes=notes, fingerprint="")


def class_list(class_names: Sequence[str], positive_class: int | None) -> str:
    """Return "0 benign; 1 malignant (positive)"."""
    positive = {positive_class: " (positive)"}
    return "; ".join(f"{code} {name}{positive.get(code, '')}" for code, name in enumerate(class_names))


def _shape_text(images: NDArray[Any]) -> str:
    """Return the shape of one image in words, such as "images 64 x 64 x 1 uint8"."""
    size = " x ".join(map(str, images.shape[1:]))
    return f"{'sequences' if images.ndim == 3 else 'images'} {size} {images.dtype}"


def fingerprint(splits: Mapping[str, Split]) -> str:
    """Return 16 hex digits of the SHA-256 over names, shapes and bytes of images and labels."""
    digest = hashlib.sha256()
    for name, split in splits.items():
        for array in (split.images, split.labels):
            digest.update(f"{name}{array.shape}{array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def center_crop(dataset: Dataset, side: int) -> Dataset:
    """Return the data set with each image cut to its central pixels.

    Parameters
    ----------
    dataset : Dataset
        Images of shape (N, H, W, C) or (N, Z, Y, X, C); of volumes every slice is cut, none is left out.
    side : int, pixels
        Height and width that stay, at most those of the images.

    Returns
    -------
    cropped : Dataset
        Attributes with the shape of an image, such as masks, no longer fit and are left out.

    Raises
    ------
    ValueError
        If `side` is below 1 or larger than the images.
    """
    height, width = dataset.image_shape[-3:-1]
    checks.in_range("side", side, 1, min(height, width), whole=True)
    y, x = (height - side) // 2, (width - side) // 2

    def cut(split: Split) -> Split:
        numbers = {name: column for name, column in split.attributes.items() if column.ndim == 1}
        images, labels = split.images[..., y : y + side, x : x + side, :], split.labels
        labels = labels[..., y : y + side, x : x + side] if dataset.task == "segmentation" else labels
        return replace(split, images=images, labels=labels, attributes=numbers)

    splits: dict[str, Any] = {name: cut(split) for name, split in dataset.splits().items()}
    return replace(dataset, **splits, fingerprint="")
