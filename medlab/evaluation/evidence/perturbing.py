"""How well a map foretells small changes of the output, and how steady it is: Captum's two measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from captum import metrics
from numpy.typing import NDArray

from medlab import checks
from medlab.evaluation.attribution import METHODS, Attribution, attribute
from medlab.evaluation.attribution.asking import asking
from medlab.evaluation.attribution.attributing import drawing_from
from medlab.evaluation.attribution.result import one_baseline
from medlab.evaluation.attribution.targeting import Inputs

# Their maps are slopes, or slopes times the way: what noise does can be told from them number by number.
_OF_SLOPES = ("saliency", "smooth_grad", "input_x_gradient", "integrated_gradients", "gradient_shap")


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
    inputs = _one_input("infidelity", attribution, noise=noise, samples=samples)
    image = torch.from_numpy(inputs.arrays[0])
    spread = noise * float(image.max() - image.min())
    # Input times slope goes the whole way from 0, whatever the baseline.
    start = 0.0 if attribution.method == "input_x_gradient" else one_baseline(attribution)
    (nothing,) = (torch.from_numpy(one) for one in inputs.baselines(start))
    slopes = METHODS[attribution.method].slope

    # What a map of slopes foretells is slope times step; others have the way from the baseline in them.
    @metrics.infidelity_perturb_func_decorator(multiply_by_inputs=not slopes)
    def disturb(original: Any, *_: Any) -> Any:
        return original - spread * torch.randn_like(original)

    with _asked(model, inputs, attribution) as asked, drawing_from(checks.seed(seed)):
        found = metrics.infidelity(
            asked.forward,
            disturb,
            image,
            torch.from_numpy(np.ascontiguousarray(attribution.map)),
            baselines=nothing.expand_as(image),
            additional_forward_args=asked.extras,
            n_perturb_samples=int(samples),
            max_examples_per_batch=min(max(1, asked.batch_size // len(image)), int(samples)) * len(image),
            normalize=True,
        )
    return found.numpy().astype(np.float64)


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
    inputs = _one_input("sensitivity", attribution, radius=radius, samples=samples)
    image = torch.from_numpy(inputs.arrays[0])

    def explain(images: Any, **_: Any) -> Any:
        one = images[0] if isinstance(images, tuple) else images
        repeats = len(one) // len(image)
        target = None if attribution.target is None else np.repeat(attribution.target, repeats)
        found = attribute(
            attribution.method,
            model,
            one.detach().numpy(),
            target,
            attribution.layer,
            _each(attribution.baseline, image, repeats),
            on=attribution.on,
            region=None if attribution.region is None else np.repeat(attribution.region, repeats, axis=0),
            head=attribution.head,
            seed=seed,
            **{name: _each(value, image, repeats) for name, value in options.items()},
        )
        return (torch.from_numpy(found.map),)

    with drawing_from(checks.seed(seed)):
        found = metrics.sensitivity_max(
            explain,
            image,
            perturb_radius=radius * float(image.max() - image.min()),
            n_perturb_samples=int(samples),
        )
    return found.numpy().astype(np.float64)


def _each(given: Any, image: torch.Tensor, repeats: int) -> Any:
    """Repeat what has a row for each image."""
    rows = np.shape(given) == tuple(image.shape)
    return np.repeat(np.asarray(given), repeats, axis=0) if rows else given


def _one_input(measure: str, attribution: Attribution, *, samples: int, **sizes: float) -> Inputs:
    checks.in_range("samples", samples, 1, whole=True)
    for name, size in sizes.items():
        checks.in_range(name, size, 0)
    inputs = Inputs(attribution.x)
    if len(inputs.arrays) > 1:
        msg = f"{measure} needs an attribution of one input, got {len(inputs.arrays)}."
        raise ValueError(msg)
    if measure == "infidelity" and np.shape(attribution.map) != inputs.arrays[0].shape:
        msg = (
            f"infidelity needs a number for every number of the input, shape {inputs.arrays[0].shape}, got a "
            f"map of shape {np.shape(attribution.map)} ({attribution.method}). Use deletion."
        )
        raise ValueError(msg)
    if measure == "infidelity":
        checks.one_of("method of infidelity", attribution.method, _OF_SLOPES)
    checks.finite("map", attribution.map)
    return inputs


def _asked(model: Any, inputs: Inputs, attribution: Attribution) -> Any:
    return asking(
        model,
        inputs,
        target=attribution.target,
        on=attribution.on,
        region=attribution.region,
        head=attribution.head,
    )
