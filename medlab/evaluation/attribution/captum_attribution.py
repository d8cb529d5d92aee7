"""`attribute`: why a network's output came out as it did, for each image, by Captum, on every backend."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from medlab import checks
from medlab.evaluation.attribution import explained_output, methods, network_layers
from medlab.evaluation.attribution.attribution_maps import Attribution
from medlab.evaluation.attribution.queries import Query, open_query
from medlab.evaluation.attribution.torch_bridge import Watcher

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
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool | Callable[[int], Any] = False,
    cancel: threading.Event | None = None,
    **options: Any,
) -> Attribution:
    """Ask which parts of each input a network's output depends on.

    Parameters
    ----------
    method : str
        One of these, here with its options:

        {methods}

    model : keras.Model
        Functional, Sequential or subclassed, on any backend, with one output; of several, explain
        ``keras.Model(model.input, model.output["name"])``.
    x : array, shape (N, ...), or list, tuple or dict of arrays
        Normalized, as the network takes it: images (N, H, W, C), volumes (N, Z, Y, X, C), sequences
        (N, T, F), vectors (N, F); several where it takes several.
    target : int, int array of shape (N,), or None
        Class to explain. None: the positive class (1) of a network with one sigmoid, the predicted class
        of one with several outputs. A regression has none.
    layer : str or None
        For {layer}: a layer that gives a map for each image,
        ``inner/name`` inside another network. None: the last of those with the fewest places.
    baseline : number, or array of one image's shape or of the shape of x; a list for several inputs
        What counts as nothing. 0 is the mean of the training images when they are normalized. An array
        (M, ...) is a set of M baselines for {several_baselines}.
    on : "output" or "logit"
        What is explained: the output, or what goes into its last sigmoid or softmax. A training in another
        thread goes on undisturbed; the maps are then of weights that move meanwhile.
    region : bool array, shape (N, ...) or (...), or None
        For networks that give a map, as a segmentation: the places whose outputs are summed.
    batch_size : int or None
        Images that go through the network at once. None: from the free memory.
    seed : int
        For the methods that draw: {draws}.
    progress : bool or callable
        Show a bar, or call this with the number of images that went through the network, after each batch.
    cancel : threading.Event or None
        Set it, from another thread, to stop between two batches.
    **options
        The method's own, as listed above: ``noise`` is a share of the input's span, ``segments`` the number
        of superpixels, ``features`` an array that numbers them from 0, ``patch`` and ``stride`` a number of
        pixels.

    Returns
    -------
    attribution : Attribution

    Raises
    ------
    ValueError
        If there is no such method, layer, class or option, if shapes do not fit, if images are gray values of
        whole numbers and not normalized, or if the method cannot be right on a Keras network
        (guided_backprop, deep_lift and others: the message says why and what to use).
    Canceled
        If `cancel` was set.

    Notes
    -----
    Captum does the mathematics (Kokhlikyan et al. 2020, arXiv 2009.07896); see
    `medlab.evaluation.attribution.torch_bridge` for how it reaches a network that is not torch's, and for
    what is compiled once and kept.

    Examples
    --------
    ``attribute("integrated_gradients", run.model, run.normalize(images), on="logit")``
    """
    row = methods.find(method)
    options = row.checked(method, options)
    seed = checks.seed(seed)
    inputs = explained_output.Inputs(x)
    started = time.perf_counter()
    bar = tqdm(disable=progress is not True, unit=" images", desc=method, leave=False, mininterval=0.5)
    watcher = Watcher(cancel, progress if callable(progress) else bar.update)
    about: dict[str, Any] = {"target": target, "on": on, "region": region, "batch_size": batch_size}
    with bar, open_query(model, inputs, **about, watcher=watcher) as query:
        seen = _layer(row, layer, query)
        problem = methods.Problem(
            query.forward,
            tuple(torch.tensor(array, requires_grad=True) for array in inputs.arrays),
            query.extras,
            tuple(map(torch.from_numpy, inputs.baselines(baseline, several=row.several_baselines))),
            query.split(seen) if seen else None,
            query.forward.batch_size,
        )
        with drawing_from(seed):
            maps = row.run(problem, **options)
        output = query.values(inputs.arrays)
        difference = output - _at_baselines(problem, row) if row.complete else None
    total = sum(tensor.detach().flatten(1).sum(dim=1) for tensor in maps).numpy()
    if seen is not None:
        maps = (_to_size(maps[0], inputs.pictured.shape[1:-1]),)
    arrays = [tensor.detach().numpy() for tensor in maps]
    return Attribution(
        method=method,
        map=inputs.back(arrays) if seen is None else arrays[0],
        x=x,
        output=output,
        target=query.classes,
        layer=seen.name if seen else None,
        baseline=baseline,
        difference=difference,
        completeness_error=None if difference is None else total - difference,
        seconds=time.perf_counter() - started,
        images=watcher.images,
        batch_size=query.forward.batch_size,
        on=on,
        region=None if region is None else query.extras[1].numpy(),  # a row for each image
    )


attribute.__doc__ = (attribute.__doc__ or "").format(
    methods=methods.listed(indent=" " * 8),
    **{fact: " and ".join(methods.with_fact(fact)) for fact in ("layer", "several_baselines", "draws")},
)


def _layer(row: methods.Method, name: str | None, query: Query) -> network_layers.Seen | None:
    if row.layer:
        return network_layers.find(query.seen, name, query.inputs.pictured.ndim - 1)
    if name is not None:
        looking = ", ".join(methods.with_fact("layer"))
        msg = f"layer must be None for this method, got {name!r}. Methods that look at a layer: {looking}."
        raise ValueError(msg)
    return None


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


def _at_baselines(problem: methods.Problem, row: methods.Method) -> NDArray[Any]:
    """Return the output at the baseline for each image, shape (N,): the mean, of several."""
    count, rows = len(problem.inputs[0]), max(map(len, problem.baselines))
    with torch.no_grad():
        if rows == 1 or not row.several_baselines:
            baselines = [tensor.expand(count, *tensor.shape[1:]) for tensor in problem.baselines]
            if problem.split:  # what goes around the layer stays as in the image, as it does on Captum's way
                layer_map = problem.split.trunk(*baselines)
                return problem.split.head(layer_map, *problem.inputs, *problem.extras).numpy()
            return problem.forward(*baselines, *problem.extras).numpy()
        pairs = [t.expand(rows, *t.shape[1:]).repeat_interleave(count, 0) for t in problem.baselines]
        extras = [tensor.repeat(rows, *[1] * (tensor.ndim - 1)) for tensor in problem.extras]
        return problem.forward(*pairs, *extras).numpy().reshape(rows, count).mean(axis=0)


def _to_size(layer_map: torch.Tensor, places: tuple[int, ...]) -> torch.Tensor:
    """Bring a layer's map (N, 1, ...) to the image's size, channels last."""
    mode = _INTERPOLATION[len(places)]
    return torch.nn.functional.interpolate(layer_map, places, mode=mode).moveaxis(1, -1)
