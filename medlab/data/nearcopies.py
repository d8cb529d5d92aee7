"""Images of one split that come again in another: near-copies, by correlation."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data import downloading, registry
from medlab.data.dataset import Dataset, Split, fingerprint

if TYPE_CHECKING:
    import pandas as pd

ALIKE = 0.98
PAIRS = {"test in train": ("test", "train"), "test in val": ("test", "val"), "val in train": ("val", "train")}
_COLUMNS = ("first", "second", "correlation", "mirrored")
_FILE = "near_copies.json"
# Images and values in a block of the first and of the second split: up to 128 MB and 64 MB as float32.
_ROWS, _OUTER, _INNER = 2048, 2**25, 2**24
# Images of a reader's own set, and products (a minute of two cores) from which none is counted unasked.
_MANY, _MOST = 5000, 4e12
_FOUND: dict[str, dict[str, Any]] = {}


def near_copies(first: Split, second: Split, *, threshold: float = ALIKE) -> pd.DataFrame:
    """Return all pairs of an image of `first` and a near-copy of it in `second`.

    Two images are near-copies where the correlation of their pixels, or of one with the other mirrored left
    to right (along X), exceeds `threshold`: brightness and contrast make no difference, a little noise makes
    a small one, and an image moved by a pixel or more may be missed. The mean of each channel is subtracted
    first, or all images of one kind would be alike. An image without any contrast has no correlation; it is
    a copy of another one where all values are equal. One with NaN or infinity is a copy of none. Of
    sequences no mirror image counts: a signal played backwards is another signal.

    Parameters
    ----------
    first, second : Split
        Images of one shape, (N, H, W, C) and (M, H, W, C), or volumes or sequences alike; uint8 or float.
    threshold : float in [0, 0.9999], unitless
        Correlation that must be exceeded.

    Returns
    -------
    pairs : pandas.DataFrame
        One row a pair, by ``first``, then ``second``: the indices into both splits; ``correlation`` in
        [0, 1]; ``mirrored``, whether it is that of the mirror image.

    Raises
    ------
    ValueError
        If the shapes of the images differ, or `threshold` is out of range.

    Notes
    -----
    What it finds need not be a leak: neighboring slices and follow-up images of a patient are alike, too.
    BreastMNIST's source is known for copies (Pawłowska et al. 2023, PMC10293973).

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 200, (5, 8, 9, 1), dtype=np.uint8)
    >>> train, test = Split(images, np.zeros(5)), Split(images[3:4, :, ::-1] + 50, np.zeros(1))
    >>> near_copies(test, train).round(3).to_dict("records")
    [{'first': 0, 'second': 3, 'correlation': 1.0, 'mirrored': True}]
    """
    import pandas as pd

    columns = map(np.concatenate, zip(*_pairs(first, second, threshold), strict=True))
    pairs = dict(zip(_COLUMNS, columns, strict=True))
    return pd.DataFrame(pairs).sort_values(["first", "second"], ignore_index=True)


def audit(dataset: Dataset, *, keep: bool = False) -> dict[str, Any]:
    """Count the near-copies between the splits of a data set, unless the number is known already.

    Parameters
    ----------
    dataset : Dataset
    keep : bool
        Write what is found into ``near_copies.json`` in the data root, under the set's fingerprint.

    Returns
    -------
    found : dict
        How many images of one split have a near-copy in the other: ``test in train``, ``test in val`` and
        ``val in train``; and under ``test`` the indices of the test images with one in train or val.

    Raises
    ------
    OSError
        If it cannot be kept.
    """
    known, mark = _known(), fingerprint(dataset.splits())  # that of the set is old where images were replaced
    if mark not in {**known, **_FOUND}:
        splits = dataset.splits()
        masks = {pair: repeated(splits[a], splits[b]) for pair, (a, b) in PAIRS.items()}
        test = np.flatnonzero(masks["test in train"] | masks["test in val"]).tolist()
        _FOUND[mark] = {**{pair: int(mask.sum()) for pair, mask in masks.items()}, "test": test}
    found = {**_FOUND, **known}[mark]
    if keep and mark not in known:
        content = {"threshold": ALIKE, "sets": {**known, mark: found}}
        (downloading.data_root() / _FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return found


def repeated_in_test(dataset: Dataset) -> NDArray[np.bool_] | None:
    """Return which test images have a near-copy in train or val; None where looking would take too long.

    Nothing is computed where images are simulated, one by one, or the registry knows that there is no copy.
    """
    n, others = len(dataset.test), len(dataset.train) + len(dataset.val)
    is_few = n + others < _MANY or not others or dataset.name in registry.registered()
    is_quick = is_few and 2 * n * others * math.prod(dataset.image_shape) <= _MOST
    if not (is_quick or dataset.simulated) and fingerprint(dataset.splits()) not in {**_known(), **_FOUND}:
        return None
    return np.isin(np.arange(n), [] if dataset.simulated else audit(dataset)["test"])


def _known() -> dict[str, dict[str, Any]]:
    """Return by fingerprint where the registry knows of no copy, and what was kept (if the file is whole)."""
    figures = [f for name in registry.registered() for f in registry.describe(name).near_copies.values()]
    known = {
        f["fingerprint"]: {**f, "test": []} for f in figures if f["test in train"] + f["test in val"] == 0
    }
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads((downloading.data_root() / _FILE).read_text(encoding="utf-8"))
        known |= content["sets"] if content["threshold"] == ALIKE else {}
    return known


def repeated(first: Split, second: Split, threshold: float = ALIKE) -> NDArray[np.bool_]:
    """Return which images of `first` have a near-copy in `second`."""
    indices = [np.unique(index) for index, *_ in _pairs(first, second, threshold)]
    return np.isin(np.arange(len(first)), np.concatenate(indices))


def _pairs(first: Split, second: Split, threshold: float) -> Iterator[tuple[NDArray[Any], ...]]:
    """Yield the columns of `near_copies`, block by block."""
    checks.in_range("threshold", threshold, 0, 0.9999)  # closer, float32 cannot tell from equal
    a, b = first.images, second.images
    if a.shape[1:] != b.shape[1:]:
        msg = f"first and second must hold images of one shape, got {a.shape[1:]}, {b.shape[1:]}. Resize one."
        raise ValueError(msg)
    outer, inner = (min(_ROWS, max(1, values // math.prod(a.shape[1:]))) for values in (_OUTER, _INNER))
    for row in range(0, max(1, len(a)), outer):
        units, flat, values = _units(a[row : row + outer])
        flipped = _units(a[row : row + outer, ..., ::-1, :])[0] if a.ndim > 3 else units
        for column in range(0, max(1, len(b)), inner):
            others, flat_others, their_values = _units(b[column : column + inner])
            direct = units @ others.T
            direct[np.ix_(flat, flat_others)] = (values[:, np.newaxis] == their_values).all(axis=-1)
            mirrored = direct if flipped is units else flipped @ others.T
            i, j = np.nonzero(np.maximum(direct, mirrored) > threshold)
            one, other = np.minimum(direct[i, j], 1), np.minimum(mirrored[i, j], 1)
            yield row + i, column + j, np.maximum(one, other), other > one


@np.errstate(invalid="ignore")
def _units(images: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[Any]]:
    """Return images as rows of mean 0 and length 1; which are flat (and zeros here), and their values.

    Rows are zeros, too, where an image holds NaN or infinity.
    """
    pixels = images.reshape(len(images), math.prod(images.shape[1:-1]), images.shape[-1])
    # The mean in float64: sums of a million values lose digits in float32.
    mean = pixels.mean(axis=1, keepdims=True, dtype=np.float64)
    units = np.subtract(pixels, mean, dtype=np.float32).reshape(len(images), math.prod(images.shape[1:]))
    flat = np.flatnonzero((pixels == pixels[:, :1]).all(axis=(1, 2)))
    units[flat] = 0  # else rounding would leave a little of them
    length = np.linalg.norm(units, axis=1, keepdims=True)
    units[~np.isfinite(length[:, 0])] = 0
    units /= np.where(length > 0, length, 1)
    return units, flat, pixels[flat, 0]
