"""The parts of an image that are switched off together: superpixels, pieces of a sequence, single numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.segmentation import slic

from medlab import checks


def masks_of(inputs: Sequence[torch.Tensor], segments: int, features: Any) -> list[torch.Tensor]:
    """Return for each input which feature every number belongs to, as Captum takes it: (N, ...), integers."""
    checks.in_range("segments", segments, 2, whole=True)
    masks, first = [], 0
    for number, tensor in enumerate(inputs):
        array = tensor.detach().numpy()
        if features is not None and number == 0:
            mask = _checked(features, array.shape)
        else:
            mask = np.stack([superpixels(image, segments) for image in array])
        masks.append(torch.from_numpy(np.ascontiguousarray(mask + first)))
        first += int(mask.max()) + 1
    return masks


def _checked(features: Any, shape: tuple[int, ...]) -> NDArray[np.int64]:
    mask = np.asarray(features)
    if mask.dtype.kind not in "iu" or mask.shape not in (shape[1:], shape[1:-1], shape) or mask.min() < 0:
        got = f"{mask.dtype} of shape {mask.shape}"
        msg = f"features must number the parts of an image from 0 on, shape {shape[1:-1]}, got {got}."
        raise ValueError(msg)
    if mask.shape == shape[1:-1]:
        mask = mask[..., np.newaxis]
    return np.broadcast_to(mask, shape).astype(np.int64)


def superpixels(image: NDArray[Any], segments: int) -> NDArray[np.int64]:
    """Return which part every number of one image, shape (..., C), belongs to, from 0 on.

    Images and volumes are cut into superpixels (SLIC: Achanta et al. 2012, doi 10.1109/TPAMI.2012.120), all
    channels together; sequences, shape (T, F), into pieces of equal length; of a vector each number is one.
    """
    if image.ndim == 1:
        return np.arange(len(image))
    if image.ndim == 2:
        steps = np.arange(len(image)) * min(segments, len(image)) // len(image)
        return np.repeat(steps[:, np.newaxis], image.shape[1], axis=1)
    span = float(image.max() - image.min()) or 1.0
    unit = (image.astype(np.float64) - image.min()) / span
    # In an image of noise gray values say nothing, and SLIC joins all: then places must count for more.
    for compactness in (0.1, 1, 10, 100):
        # Channels may be anything, not colors: nothing is converted to Lab.
        parts = slic(unit, segments, compactness, channel_axis=-1, start_label=0, convert2lab=False)
        if parts.max() + 1 >= segments / 2:
            break
    return np.repeat(parts[..., np.newaxis], image.shape[-1], axis=-1).astype(np.int64)


def numbered_from_zero(masks: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Return the features of one image, numbered without gaps, as Captum's regression takes them."""
    _, numbered = torch.unique(torch.cat([mask.ravel() for mask in masks]), return_inverse=True)
    parts = torch.split(numbered, [mask.numel() for mask in masks])
    return tuple(part.reshape(mask.shape) for part, mask in zip(parts, masks, strict=True))
