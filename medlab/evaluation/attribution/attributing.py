"""`attribute`: why a network's output came out as it did, for each image, by Captum, on every backend."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from medlab import checks
from medlab.evaluation.attribution import layers, methods, targeting
from medlab.evaluation.attribution.asking import Asked, asking
from medlab.evaluation.attribution.bridging import Watcher
from medlab.evaluation.attribution.result import Attribution
from medlab.evaluation.attribution.splitting import Split

_INTERPOLATION = {1: "linear", 2: "bilinear", 3: "trilinear"}


def attribute(
    method: str,
    model: keras.Model,
    x: Any,
    target: int | ArrayLike | None = None,
    layer: str | None = None,
    baseline: Any = 0.0,
    *,
    on: str = "output",
    region: ArrayLike | None = None,
    head: str | int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool = False,
    cancel: threading.Event | None = None,
    **options: Any,
) -> Attribution:
    """Ask which parts of each input a network's output depends on.

    Parameters
    ----------
    method : str
        saliency, input_x_gradient, integrated_gradients, smooth_grad, gradient_shap, occlusion,
        feature_ablation, kernel_shap, grad_cam or layer_integrated_gradients.
    model : keras.Model
        Functional, Sequential or subclassed, on any backend.
    x : array, shape (N, ...), or list, tuple or dict of arrays
        Normalized, as the network takes it: images (N, H, W, C), volumes (N, Z, Y, X, C), sequences
        (N, T, F), vectors (N, F); several where it takes several.
    target : int, int array of shape (N,), or None
        Class to explain. None: the positive class (1) of a network with one sigmoid, the predicted class
        of one with several outputs. A regression has none.
    layer : str or None
        For grad_cam and layer_integrated_gradients: a layer that gives a map for each image, ``inner/name``
        inside another network. None: the last of those with the fewest places.
    baseline : number, or array of one image's shape or of the shape of x; a list for several inputs
        What counts as nothing. 0 is the mean of the training images when they are normalized. For
        gradient_shap an array (M, ...) is a set of M baselines.
    on : "output" or "logit"
        What is explained: the output, or what goes into its last sigmoid or softmax. A training in another
        thread goes on undisturbed; the maps are then of weights that move meanwhile.
    region : bool array, shape (N, ...) or (...), or None
        For networks that give a map, as a segmentation: the places whose outputs are summed.
    head : str, int or None
        For networks with several outputs: which.
    batch_size : int or None
        Images that go through the network at once. None: from the free memory.
    seed : int
        For the methods that draw: smooth_grad, gradient_shap, kernel_shap.
    progress : bool
        Show a bar.
    cancel : threading.Event or None
        Set it, from another thread, to stop between two batches.
    **options
        The method's own: steps and rule (integrated gradients; rule is one of Captum's), samples and noise
        (smooth_grad, gradient_shap), patch and stride (occlusion), segments or features (feature_ablation,
        kernel_shap: number of superpixels, or an array that numbers them from 0), samples (kernel_shap),
        absolute (saliency), relu (grad_cam).

    Returns
    -------
    attribution : Attribution

    Raises
    ------
    ValueError
        If there is no such method, layer, class or option, if shapes do not fit, or if the method cannot be
        right on a Keras network (guided_backprop, deep_lift and others: the message says why and what to
        use).
    Canceled
        If `cancel` was set.

    Notes
    -----
    Captum does the mathematics (Kokhlikyan et al. 2020, arXiv 2009.07896); see
    `medlab.evaluation.attribution.bridging` for how it reaches a network that is not torch's, and
    `medlab.evaluation.attribution.keeping` for what is compiled once and kept.

    Examples
    --------
    ``attribute("integrated_gradients", run.model, run.normalize(images), on="logit")``
    """
    found = methods.find(method)
    options = found.checked(method, options)
    seed = checks.seed(seed)
    inputs = targeting.Inputs(x)
    started = time.perf_counter()
    with (
        tqdm(disable=not progress, unit=" images", desc=method, leave=False, mininterval=0.5) as bar,
        asking(
            model,
            inputs,
            target=target,
            on=on,
            region=region,
            head=head,
            batch_size=batch_size,
            watcher=(watcher := Watcher(cancel, bar.update)),
        ) as asked,
    ):
        chosen = _layer(found, layer, asked.seen, inputs)
        problem = methods.Problem(
            asked.forward,
            tuple(torch.tensor(array, requires_grad=True) for array in inputs.arrays),
            asked.extras,
            tuple(map(torch.from_numpy, inputs.baselines(baseline, several=method == "gradient_shap"))),
            _split(model, inputs, asked, chosen),
            asked.batch_size,
        )
        with drawing_from(seed):
            maps = found.run(problem, **options)
        output = asked.values(inputs.arrays)
        difference = output - _nothing(problem, several=method == "gradient_shap") if found.complete else None
    added = sum(one.detach().flatten(1).sum(dim=1) for one in maps).numpy()
    if chosen is not None:
        maps = (_to_size(maps[0], inputs.pictured.shape[1:-1]),)
    arrays = [one.detach().numpy() for one in maps]
    return Attribution(
        method=method,
        map=arrays[0] if chosen is not None else inputs.back(arrays),
        x=x,
        output=output,
        target=asked.target.classes,
        layer=chosen.name if chosen else None,
        baseline=baseline,
        difference=difference,
        completeness_error=None if difference is None else added - difference,
        seconds=time.perf_counter() - started,
        images=watcher.images,
        batch_size=asked.batch_size,
        on=on,
        region=None if region is None else asked.extras[1].numpy(),  # a row for each image
        head=head,
    )


def _layer(
    method: methods.Method, name: str | None, seen: Sequence[layers.Seen], inputs: targeting.Inputs
) -> layers.Seen | None:
    if not method.layer:
        if name is not None:
            looking = ", ".join(other for other, one in methods.METHODS.items() if one.layer)
            msg = (
                f"layer must be None for this method, got {name!r}. Methods that look at a layer: {looking}."
            )
            raise ValueError(msg)
        return None
    return layers.find(seen, name, inputs.pictured.ndim - 1)


def _split(model: Any, inputs: targeting.Inputs, asked: Asked, chosen: layers.Seen | None) -> Split | None:
    if chosen is None:
        return None

    def run(tensors: Sequence[Any]) -> Any:
        return model(inputs.build(tensors), training=False)

    question = (*asked.question, chosen.name)
    return Split(run, asked.target.value, chosen.layer, len(inputs.arrays), question, **asked.options)


@contextlib.contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Let Captum draw from a seed; the caller's own generators go on as if nothing had been drawn."""
    state = np.random.get_state()  # noqa: NPY002 (Captum draws from NumPy's and torch's global generators)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not the GPUs': they would not be put back
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


def _nothing(problem: methods.Problem, several: bool) -> NDArray[Any]:
    """Return the output at the baseline for each image, shape (N,): the mean, of several."""
    with torch.no_grad():
        return _at_baselines(problem, several)


def _at_baselines(problem: methods.Problem, several: bool) -> NDArray[Any]:
    count, sizes = len(problem.inputs[0]), {len(tensor) for tensor in problem.baselines}
    rows = max(sizes)
    if rows == 1 or not several:
        whole = [tensor.expand(count, *tensor.shape[1:]) for tensor in problem.baselines]
        if problem.split:  # what goes around the layer stays as in the image, as it does on Captum's way
            around = (*problem.inputs, *problem.extras)
            return problem.split.head(problem.split.trunk(*whole), *around).numpy()
        return problem.forward(*whole, *problem.extras).numpy()
    pairs = [
        tensor.expand(rows, *tensor.shape[1:]).repeat_interleave(count, 0) for tensor in problem.baselines
    ]
    extras = [tensor.repeat(rows, *[1] * (tensor.ndim - 1)) for tensor in problem.extras]
    return problem.forward(*pairs, *extras).numpy().reshape(rows, count).mean(axis=0)


def _to_size(found: torch.Tensor, places: Sequence[int]) -> torch.Tensor:
    """Bring a layer's map (N, 1, ...) to the image's size, channels last."""
    mode = _INTERPOLATION[len(places)]
    return torch.nn.functional.interpolate(found, tuple(places), mode=mode).moveaxis(1, -1)
