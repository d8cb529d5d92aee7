"""The methods: what Captum is asked for each. To add one, write its function and its row in `METHODS`.

Sources: saliency, Simonyan et al. 2014, arXiv 1312.6034; integrated gradients, Sundararajan et al. 2017,
arXiv 1703.01365; SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825; SHAP, Lundberg and Lee 2017, arXiv
1705.07874; occlusion, Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53; Grad-CAM, Selvaraju et al.
2017, doi 10.1109/ICCV.2017.74.
"""

import inspect
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from captum import attr
from numpy.typing import NDArray
from skimage.segmentation import slic

from medlab import checks
from medlab.text import packaged

Maps = tuple[torch.Tensor, ...]

# Gradients in the middle of each step. On the trained default network, 50 steps, the completeness error was
# .8 % of the differences; Gauss and Legendre's places, best for smooth functions, left .9 %: it has kinks.
_RULE = "riemann_middle"
_AT_ONCE = 5  # samples of gradient_shap


@dataclass
class Problem:
    """What a method gets: tensors of torch on the CPU, and the network as functions of them.

    Attributes
    ----------
    forward : callable
        Takes inputs and extras; the explained output, shape (N,).
    inputs, extras, baselines : tuples of tensors
        First axis the images; of a baseline it may be 1 or, where a method takes several, any number.
    split : Split, or None for methods that look at no layer
        The network in two at its layer.
    batch_size : int
    """

    forward: Any
    inputs: Maps
    extras: Maps
    baselines: Maps
    split: Any
    batch_size: int

    @property
    def per_pass(self) -> int:
        """How many changes of each image go through the network at once."""
        return max(1, self.batch_size // len(self.inputs[0]))

    def noise(self, share: float) -> tuple[float, ...]:
        """Return the standard deviation of the noise for each input: a share of its span."""
        return tuple(share * float(tensor.detach().max() - tensor.detach().min()) for tensor in self.inputs)

    def image(self, number: int) -> Self:
        """Return the problem of one image."""
        inputs, extras, baselines = (
            tuple(tensor if len(tensor) == 1 else tensor[number : number + 1] for tensor in tensors)
            for tensors in (self.inputs, self.extras, self.baselines)
        )
        return replace(self, inputs=inputs, extras=extras, baselines=baselines)

    def solve(self, captum: Any, *given: Any, **options: Any) -> Any:
        """Return what an algorithm of Captum attributes to the inputs."""
        return captum.attribute(self.inputs, *given, additional_forward_args=self.extras, **options)


def saliency(problem: Problem, *, absolute: bool = True) -> Maps:
    """Take the gradient with respect to every number of the input; its size, unless `absolute` is False."""
    return problem.solve(attr.Saliency(problem.forward), abs=absolute)


def input_x_gradient(problem: Problem) -> Maps:
    """Take the gradient times the number itself."""
    return problem.solve(attr.InputXGradient(problem.forward))


def integrated_gradients(problem: Problem, *, steps: int = 50) -> Maps:
    """Take the mean gradient on the straight way from the baseline, times the way; adds up to the change."""
    return _integrated(attr.IntegratedGradients(problem.forward), problem, steps)


def smooth_grad(problem: Problem, *, samples: int = 25, noise: float = 0.15) -> Maps:
    """Take the mean gradient over noisy copies; the noise's SD is `noise` times the input's span."""
    return problem.solve(
        attr.NoiseTunnel(attr.Saliency(problem.forward)),
        nt_type="smoothgrad",
        nt_samples=samples,
        nt_samples_batch_size=problem.per_pass,
        stdevs=problem.noise(noise),
        abs=False,
    )


def gradient_shap(problem: Problem, *, samples: int = 25, noise: float = 0.0) -> Maps:
    """Take gradients at random places between baselines and image: expected gradients, near Shapley."""
    captum = attr.GradientShap(problem.forward)
    total: list[Any] = [0.0] * len(problem.inputs)
    # In parts, as Captum copies all samples at once; of a fixed size, as what is drawn depends on it.
    for done in range(0, samples, _AT_ONCE):
        count = min(_AT_ONCE, samples - done)
        part = problem.solve(captum, problem.baselines, n_samples=count, stdevs=problem.noise(noise))
        total = [old + new.detach() * (count / samples) for old, new in zip(total, part, strict=True)]
    return tuple(total)


def occlusion(problem: Problem, *, patch: int | None = None, stride: int | None = None) -> Maps:
    """Take the fall of the output when a patch becomes baseline; None: an eighth of the side, by halves."""
    windows = tuple(_window(tensor.shape[1:], patch) for tensor in problem.inputs)
    strides = tuple((*(min(side, stride or max(1, side // 2)) for side in w[:-1]), w[-1]) for w in windows)
    captum = attr.Occlusion(problem.forward)
    return problem.solve(captum, windows, strides, problem.baselines, perturbations_per_eval=problem.per_pass)


def feature_ablation(problem: Problem, *, segments: int = 50, features: Any = None) -> Maps:
    """Take the fall of the output when a superpixel is replaced by the baseline."""
    return _by_features(attr.FeatureAblation(problem.forward), problem, segments, features)


def kernel_shap(problem: Problem, *, segments: int = 20, samples: int = 200, features: Any = None) -> Maps:
    """Estimate Shapley values of superpixels, by a regression on `samples` random choices of them."""
    captum = attr.KernelShap(problem.forward)
    return _by_features(captum, problem, segments, features, n_samples=samples)


def grad_cam(problem: Problem, *, relu: bool = True) -> Maps:
    """Add up the maps of a layer, each weighted by its mean gradient, and cut off what speaks against."""
    captum = attr.LayerGradCam(problem.split, problem.split.trunk)
    return (problem.solve(captum, relu_attributions=relu),)


def layer_integrated_gradients(problem: Problem, *, steps: int = 50) -> Maps:
    """Take integrated gradients of a layer's numbers, summed over its channels."""
    captum = attr.LayerIntegratedGradients(problem.split, problem.split.trunk)
    return (_integrated(captum, problem, steps).sum(dim=1, keepdim=True),)


@dataclass(frozen=True)
class Method:
    """A method, and all that is known of it: no other module holds facts about methods that are offered.

    Attributes
    ----------
    run : callable
        Takes a `Problem` and the method's options. Their annotations say what is accepted (int: at least 1;
        float: at least 0), the first line of its docstring what it does.
    layer : bool
        It looks at a layer; its map has that layer's size and is brought to the image's.
    complete : bool
        Its map adds up to the output's change from the baseline.
    gradient : bool
        Its map is a gradient, output for each unit of the input, and not a part of the output.
    patches : bool
        Its map repeats the effect of a whole patch or superpixel at each number of it.
    several_baselines : bool
        A baseline may be a set of them.
    from_zero : bool
        Its contributions are counted from an input of 0, whatever the baseline.
    draws : bool
        It draws random numbers, which follow from the seed.
    """

    run: Callable[..., Any]
    layer: bool = False
    complete: bool = False
    gradient: bool = False
    patches: bool = False
    several_baselines: bool = False
    from_zero: bool = False
    draws: bool = False

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """The options of `run` by name."""
        parameters = inspect.signature(self.run, eval_str=True).parameters.items()
        return {name: parameter for name, parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}

    def checked(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options as Captum takes them, with Python's numbers; refuse those it does not have."""
        checked, options = dict(given), self.options
        for option, value in given.items():
            accepted = options[checks.one_of(f"option of {name}", option, options)].annotation
            if accepted is bool:
                checked[option] = bool(checks.one_of(option, value, (False, True)))
            elif accepted is float:
                checked[option] = float(checks.in_range(option, value, 0))
            elif accepted is int or (accepted == int | None and value is not None):
                checked[option] = int(checks.in_range(option, value, 1, whole=True))
        return checked


METHODS = {
    "saliency": Method(saliency, gradient=True),
    "input_x_gradient": Method(input_x_gradient, from_zero=True),
    "integrated_gradients": Method(integrated_gradients, complete=True),
    "smooth_grad": Method(smooth_grad, gradient=True, draws=True),
    "gradient_shap": Method(gradient_shap, complete=True, several_baselines=True, draws=True),
    "occlusion": Method(occlusion, patches=True),
    "feature_ablation": Method(feature_ablation, patches=True),
    "kernel_shap": Method(kernel_shap, patches=True, draws=True),
    "grad_cam": Method(grad_cam, layer=True),
    "layer_integrated_gradients": Method(layer_integrated_gradients, layer=True, complete=True),
}

REFUSED: dict[str, str] = packaged("medlab.evaluation.attribution", "refused_methods.yaml")


def find(name: str) -> Method:
    """Return the named method, or refuse it: with the reason where it cannot be right on a Keras network."""
    if isinstance(name, str) and name in REFUSED:
        msg = f"{name} is not offered: {REFUSED[name]}"
        raise ValueError(msg)
    return METHODS[checks.one_of("method", name, METHODS)]


def with_fact(fact: str) -> list[str]:
    """Return the names of the methods of which a fact of `Method` holds."""
    return [name for name, method in METHODS.items() if getattr(method, fact)]


def listed(indent: str) -> str:
    """Return the methods with their options and what they do, as a list for a docstring."""
    lines = []
    for name, method in METHODS.items():
        options = ", ".join(f"{option}={p.default!r}" for option, p in method.options.items())
        does = (method.run.__doc__ or "").partition("\n")[0]
        lines.append(textwrap.fill(f"- {name}({options}): {does}", 110, subsequent_indent=f"{indent}  "))
    return f"\n{indent}".join(lines)


def _integrated(captum: Any, problem: Problem, steps: int) -> Any:
    at_once = max(problem.batch_size, len(problem.inputs[0]))
    return problem.solve(captum, problem.baselines, n_steps=steps, method=_RULE, internal_batch_size=at_once)


def _by_features(captum: Any, problem: Problem, segments: int, features: Any, **options: Any) -> Maps:
    """Ask for each image alone: superpixels differ from image to image."""
    masks = _masks_of(problem.inputs, segments, features)
    options["perturbations_per_eval"] = problem.batch_size
    parts = []
    for i in range(len(problem.inputs[0])):
        image = problem.image(i)
        mask = _numbered_from_zero([mask[i : i + 1] for mask in masks])
        parts.append(image.solve(captum, image.baselines, feature_mask=mask, **options))
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def _window(shape: Sequence[int], patch: int | None) -> tuple[int, ...]:
    """Return a patch over the places of an input, all channels; of a vector every number is a patch."""
    if len(shape) == 1:
        return (1,)
    return (*(min(side, patch or max(1, math.ceil(side / 8))) for side in shape[:-1]), shape[-1])


def _masks_of(inputs: Sequence[torch.Tensor], segments: int, features: Any) -> list[torch.Tensor]:
    """Return for each input which feature every number belongs to, as Captum takes it: (N, ...), integers."""
    checks.in_range("segments", segments, 2, whole=True)
    masks, first = [], 0
    for number, tensor in enumerate(inputs):
        array = tensor.detach().numpy()
        if features is not None and number == 0:
            mask = _feature_mask(features, array.shape)
        else:
            mask = np.stack([superpixels(image, segments) for image in array])
        masks.append(torch.from_numpy(np.ascontiguousarray(mask + first)))
        first += int(mask.max()) + 1
    return masks


def _feature_mask(features: Any, shape: tuple[int, ...]) -> NDArray[np.int64]:
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


def _numbered_from_zero(masks: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Return the features of one image, numbered without gaps, as Captum's regression takes them."""
    _, numbered = torch.unique(torch.cat([mask.ravel() for mask in masks]), return_inverse=True)
    parts = torch.split(numbered, [mask.numel() for mask in masks])
    return tuple(part.reshape(mask.shape) for part, mask in zip(parts, masks, strict=True))
