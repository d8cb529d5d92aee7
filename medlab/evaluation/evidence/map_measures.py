"""Measures of a map: how well it foretells changes, how steady it is, and whether it points at the lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from captum import metrics
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.evaluation.attribution import METHODS, Attribution, attribute
from medlab.evaluation.attribution.captum_attribution import drawing_from
from medlab.evaluation.attribution.explained_output import Inputs
from medlab.evaluation.attribution.queries import open_query


def infidelity(
    model: Any, attribution: Attribution, *, noise: float = 0.03, samples: int = 50, seed: int = 0
) -> NDArray[np.float64]:
    """Return how far a map is from foretelling the output's change under noise: 0 is best.

    Parameters
    ----------
    model : keras.Model
    attribution : Attribution
        Of one input, by a method whose map has a number for every number of the input; saliency with
        ``absolute=False``, as sizes foretell nothing.
    noise : float
        Standard deviation of the noise, as a part of the input's span.
    samples : int
    seed : int

    Returns
    -------
    infidelity : float array, shape (N,)
        Mean of (foretold - real change)², after the best common factor (the square of the output).

    Raises
    ------
    ValueError
        If the attribution is of several inputs, or of a layer.

    Notes
    -----
    Source: Yeh et al. 2019, arXiv 1901.09392.
    """
    inputs = _checked("infidelity", attribution, noise=noise, samples=samples)
    method = METHODS[attribution.method]
    if np.shape(attribution.map) != inputs.arrays[0].shape:
        shapes = f"{inputs.arrays[0].shape}, got {np.shape(attribution.map)}"
        msg = f"infidelity needs a map of the input's shape, {shapes} ({attribution.method}). Use deletion."
        raise ValueError(msg)
    # What noise does can be foretold number by number, but not from the effects of patches.
    foretelling = [name for name, row in METHODS.items() if not (row.layer or row.patches)]
    checks.one_of("method of infidelity", attribution.method, foretelling)
    image = torch.from_numpy(inputs.arrays[0])
    spread = noise * float(image.max() - image.min())
    (nothing,) = inputs.baselines(0.0 if method.from_zero else attribution.one_baseline())

    # A map of gradients foretells gradient times step; others have the way from the baseline in them.
    @metrics.infidelity_perturb_func_decorator(multiply_by_inputs=not method.gradient)
    def disturb(original: Any, *_: Any) -> Any:
        return original - spread * torch.randn_like(original)

    with open_query(model, inputs, **attribution.question) as query, drawing_from(checks.seed(seed)):
        at_once = max(1, query.forward.batch_size // len(image))
        distances = metrics.infidelity(
            query.forward,
            disturb,
            image,
            torch.from_numpy(np.ascontiguousarray(attribution.map)),
            baselines=torch.from_numpy(nothing).expand_as(image),
            additional_forward_args=query.extras,
            n_perturb_samples=int(samples),
            max_examples_per_batch=min(at_once, int(samples)) * len(image),
            normalize=True,
        )
    return distances.numpy().astype(np.float64)


def sensitivity(
    model: Any,
    attribution: Attribution,
    *,
    radius: float = 0.02,
    samples: int = 10,
    seed: int = 0,
    **options: Any,
) -> NDArray[np.float64]:
    """Return how far a map moves, at most, when the input moves a little: 0 is steadiest.

    Parameters
    ----------
    model : keras.Model
    attribution : Attribution
        Of one input; its method is asked again for each disturbed input.
    radius : float
        Largest change of a number of the input, as a part of the input's span.
    samples : int
        Disturbed inputs.
    seed : int
    **options
        The method's own, as they were given to `attribute`.

    Returns
    -------
    sensitivity : float array, shape (N,)
        Largest distance of the maps, as a part of the map's length.

    Notes
    -----
    Source: Yeh et al. 2019, arXiv 1901.09392 (max-sensitivity).
    """
    inputs = _checked("sensitivity", attribution, radius=radius, samples=samples)
    image = torch.from_numpy(inputs.arrays[0])

    def explain(images: Any, **_: Any) -> Any:
        again = attribute(
            attribution.method,
            model,
            (images[0] if isinstance(images, tuple) else images).numpy(),
            layer=attribution.layer,
            baseline=attribution.baseline,
            **attribution.question,
            seed=seed,
            **options,
        )
        return (torch.from_numpy(again.map),)

    reach = radius * float(image.max() - image.min())
    # One disturbed input of each image at a time: target, region and baseline are those of the images.
    size: dict[str, int] = {"n_perturb_samples": int(samples), "max_examples_per_batch": len(image)}
    with drawing_from(checks.seed(seed)):
        distances = metrics.sensitivity_max(explain, image, perturb_radius=reach, **size)
    return distances.numpy().astype(np.float64)


def _checked(measure: str, attribution: Attribution, *, samples: int, **sizes: float) -> Inputs:
    checks.in_range("samples", samples, 1, whole=True)
    for name, size in sizes.items():
        checks.in_range(name, size, 0)
    inputs = Inputs(attribution.x)
    inputs.only(measure)
    checks.finite("map", attribution.map)
    return inputs


def mass_inside(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.float64]:
    """Return the part of each map's size that lies inside the true lesion.

    Parameters
    ----------
    maps : array, shape (N, ..., C)
        As `Attribution.map`; sizes count, for or against, added over the channels.
    masks : bool array, shape (N, ...) or (N, ..., 1)
        The lesion. Its share of the area, ``masks.mean()``, is what a map that knows nothing would have.

    Returns
    -------
    share : float array, shape (N,), in [0, 1]
        NaN where a map is 0 everywhere.

    Raises
    ------
    ValueError
        If shapes differ or a mask is empty.

    Examples
    --------
    >>> mass_inside([[[[3.0], [-1.0]]]], [[[True, False]]]).tolist()
    [0.75]
    """
    size, inside = _sizes_and_masks(maps, masks)
    total = size.sum(axis=1)
    within = (size * inside).sum(axis=1)
    return np.divide(within, total, out=np.full(len(total), np.nan), where=total > 0)


def pointing_game(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.bool_]:
    """Say for each map whether its largest number lies inside the true lesion.

    Parameters
    ----------
    maps : array, shape (N, ..., C)
        What speaks for the output is positive; added over the channels.
    masks : bool array, shape (N, ...) or (N, ..., 1)

    Returns
    -------
    hit : bool array, shape (N,)

    Notes
    -----
    Source: Zhang et al. 2018, doi 10.1007/s11263-017-1059-x.
    """
    _, inside = _sizes_and_masks(maps, masks)
    top = np.asarray(maps).sum(axis=-1).reshape(len(inside), -1).argmax(axis=1)
    return inside[np.arange(len(top)), top]


def _sizes_and_masks(maps: ArrayLike, masks: ArrayLike) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    values = checks.finite("maps", maps)
    inside = np.asarray(masks, bool)
    if inside.shape not in (values.shape[:-1], (*values.shape[:-1], 1)):
        msg = f"masks must have shape {values.shape[:-1]}, the places of the maps, got {inside.shape}."
        raise ValueError(msg)
    inside = inside.reshape(len(inside), -1)
    empty = np.flatnonzero(~inside.any(axis=1))
    if len(empty):
        msg = f"every mask must mark a lesion, got none in image {empty[0]}. Leave images without one out."
        raise ValueError(msg)
    return np.abs(values).sum(axis=-1).reshape(len(values), -1).astype(np.float64), inside
