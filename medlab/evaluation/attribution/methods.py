"""The methods: what Captum is asked for each. One function a method; its options are the method's.

Sources: saliency, Simonyan et al. 2014, arXiv 1312.6034; integrated gradients, Sundararajan et al. 2017,
arXiv 1703.01365; SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825; SHAP, Lundberg and Lee 2017, arXiv
1705.07874; occlusion, Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53; Grad-CAM, Selvaraju et al.
2017, doi 10.1109/ICCV.2017.74.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from captum import attr

from medlab import checks
from medlab.evaluation.attribution import features as features_of
from medlab.evaluation.attribution.splitting import Split

Maps = tuple[torch.Tensor, ...]

# Slopes in the middle of each step. On the trained default network, 50 steps, the error of completeness was
# .8 % of the differences; Gauss and Legendre's places, best for smooth functions, left .9 %: it has kinks.
_RULE = "riemann_middle"
_AT_ONCE = 5  # samples of gradient_shap
RULES = ("riemann_middle", "riemann_trapezoid", "riemann_left", "riemann_right", "gausslegendre")


@dataclass
class Problem:
    """What a method gets: tensors of torch on the CPU, and the network as modules of torch.

    Attributes
    ----------
    forward : callable
        Takes inputs and extras; the number asked about, shape (N,).
    inputs, extras, baselines : tuples of tensors
        First axis the images; of a baseline it may be 1 or, for gradient_shap, any number.
    split : Split or None
        The network in two at its layer, for methods that look at a layer.
    batch_size : int
    """

    forward: Any
    inputs: Maps
    extras: Maps
    baselines: Maps
    split: Split | None
    batch_size: int

    @property
    def per_pass(self) -> int:
        """How many changes of each image go through the network at once."""
        return max(1, self.batch_size // len(self.inputs[0]))


def saliency(problem: Problem, *, absolute: bool = True) -> Maps:
    """Take the slope of the output along every number of the input; its size, unless `absolute` is False."""
    return attr.Saliency(problem.forward).attribute(
        problem.inputs, abs=absolute, additional_forward_args=problem.extras
    )


def input_x_gradient(problem: Problem) -> Maps:
    """Take the slope times the number itself."""
    return attr.InputXGradient(problem.forward).attribute(
        problem.inputs, additional_forward_args=problem.extras
    )


def integrated_gradients(problem: Problem, *, steps: int = 50, rule: str = _RULE) -> Maps:
    """Take the mean slope on the straight way from the baseline, times the way: it adds up to the change."""
    return attr.IntegratedGradients(problem.forward).attribute(
        problem.inputs,
        problem.baselines,
        additional_forward_args=problem.extras,
        n_steps=steps,
        method=rule,
        internal_batch_size=max(problem.batch_size, len(problem.inputs[0])),
    )


def smooth_grad(problem: Problem, *, samples: int = 25, noise: float = 0.15) -> Maps:
    """Take the mean slope over `samples` copies with noise, whose SD is `noise` times the input's span."""
    return attr.NoiseTunnel(attr.Saliency(problem.forward)).attribute(
        problem.inputs,
        nt_type="smoothgrad",
        nt_samples=samples,
        nt_samples_batch_size=problem.per_pass,
        stdevs=_noise(problem, noise),
        abs=False,
        additional_forward_args=problem.extras,
    )


def gradient_shap(problem: Problem, *, samples: int = 25, noise: float = 0.0) -> Maps:
    """Take slopes at random places between baselines and image: expected gradients, near Shapley values."""
    method = attr.GradientShap(problem.forward)
    total: list[torch.Tensor] = []
    # In parts, as Captum copies all samples at once; of a fixed size, as what is drawn depends on it.
    for done in range(0, samples, _AT_ONCE):
        count = min(_AT_ONCE, samples - done)
        found = method.attribute(
            problem.inputs,
            problem.baselines,
            n_samples=count,
            stdevs=_noise(problem, noise),
            additional_forward_args=problem.extras,
        )
        part = [one.detach() * (count / samples) for one in found]
        total = [a + b for a, b in zip(total, part, strict=True)] if total else part
    return tuple(total)


def occlusion(problem: Problem, *, patch: int | None = None, stride: int | None = None) -> Maps:
    """Take the fall of the output when a patch becomes baseline; None: an eighth of the side, by halves."""
    windows = tuple(_window(one.shape[1:], patch) for one in problem.inputs)
    strides = tuple(
        tuple(min(side, stride or max(1, side // 2)) for side in window[:-1]) + window[-1:]
        for window in windows
    )
    return attr.Occlusion(problem.forward).attribute(
        problem.inputs,
        windows,
        strides,
        problem.baselines,
        additional_forward_args=problem.extras,
        perturbations_per_eval=problem.per_pass,
    )


def feature_ablation(problem: Problem, *, segments: int = 50, features: Any = None) -> Maps:
    """Take the fall of the output when a superpixel is replaced by the baseline."""
    masks = features_of.of_inputs(problem.inputs, segments, features)
    method = attr.FeatureAblation(problem.forward)
    return _image_by_image(
        problem,
        lambda i, image, extras, base: method.attribute(
            image,
            base,
            additional_forward_args=extras,
            feature_mask=tuple(mask[i : i + 1] for mask in masks),
            perturbations_per_eval=problem.batch_size,
        ),
    )


def kernel_shap(problem: Problem, *, segments: int = 20, samples: int = 200, features: Any = None) -> Maps:
    """Estimate Shapley values of superpixels, by a regression on `samples` random choices of them."""
    masks = features_of.of_inputs(problem.inputs, segments, features)
    method = attr.KernelShap(problem.forward)
    return _image_by_image(
        problem,
        lambda i, image, extras, base: method.attribute(
            image,
            base,
            additional_forward_args=extras,
            feature_mask=tuple(features_of.numbered_from_zero([mask[i : i + 1] for mask in masks])),
            n_samples=samples,
            perturbations_per_eval=problem.batch_size,
        ),
    )


def grad_cam(problem: Problem, *, relu: bool = True) -> Maps:
    """Add up the maps of a layer, each weighted by its mean slope, and cut off what speaks against."""
    split = _split(problem)
    return (
        attr.LayerGradCam(split, split.trunk).attribute(
            problem.inputs, additional_forward_args=problem.extras, relu_attributions=relu
        ),
    )


def layer_integrated_gradients(problem: Problem, *, steps: int = 50, rule: str = _RULE) -> Maps:
    """Take integrated gradients of a layer's numbers, summed over its channels."""
    split = _split(problem)
    found = attr.LayerIntegratedGradients(split, split.trunk).attribute(
        problem.inputs,
        problem.baselines,
        additional_forward_args=problem.extras,
        n_steps=steps,
        method=rule,
        internal_batch_size=max(problem.batch_size, len(problem.inputs[0])),
    )
    return (found.sum(dim=1, keepdim=True),)


@dataclass(frozen=True)
class Method:
    """A method with what the caller must know of it.

    Attributes
    ----------
    run : callable
    layer : bool
        It looks at a layer; its map has that layer's size and is brought to the image's.
    complete : bool
        Its map adds up to the output's change from the baseline.
    slope : bool
        Its map is a slope, output for each unit of the input, and not a part of the output.
    """

    run: Callable[..., Maps]
    layer: bool = False
    complete: bool = False
    slope: bool = False

    def checked(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options as Captum takes them, with Python's numbers; refuse those it does not have."""
        known = list(inspect.signature(self.run).parameters)[1:]
        taken = dict(options)
        for option, value in options.items():
            checks.one_of(f"option of {name}", option, known)
            if option == "rule":
                checks.one_of("rule", value, RULES)
            elif option in ("absolute", "relu"):
                taken[option] = bool(checks.one_of(option, value, (False, True)))
            elif option == "noise":
                taken[option] = float(checks.in_range(option, value, 0))
            elif option != "features" and (value is not None or option not in ("patch", "stride")):
                taken[option] = int(checks.in_range(option, value, 1 + (option == "segments"), whole=True))
        return taken


METHODS = {
    "saliency": Method(saliency, slope=True),
    "input_x_gradient": Method(input_x_gradient),
    "integrated_gradients": Method(integrated_gradients, complete=True),
    "smooth_grad": Method(smooth_grad, slope=True),
    "gradient_shap": Method(gradient_shap, complete=True),
    "occlusion": Method(occlusion),
    "feature_ablation": Method(feature_ablation),
    "kernel_shap": Method(kernel_shap),
    "grad_cam": Method(grad_cam, layer=True),
    "layer_integrated_gradients": Method(layer_integrated_gradients, layer=True, complete=True),
}

_NO_MODULES = "it changes modules of torch that it knows by their type, and a Keras network has none of these"
REFUSED = {
    "guided_backprop": (
        f"{_NO_MODULES}: Captum would return the plain gradient, and warn that it has set its hooks. It also "
        "ignores the weights of the last layers (Adebayo et al. 2018). Use saliency or smooth_grad."
    ),
    "guided_grad_cam": f"{_NO_MODULES}. Use grad_cam, or layer_integrated_gradients.",
    "deconvolution": f"{_NO_MODULES}. Use saliency or smooth_grad.",
    "deep_lift": f"{_NO_MODULES}. Use integrated_gradients, which adds up to the same difference.",
    "deep_lift_shap": f"{_NO_MODULES}. Use gradient_shap.",
    "lrp": f"{_NO_MODULES}. Use integrated_gradients.",
}


def find(name: str) -> Method:
    """Return the named method.

    Raises
    ------
    ValueError
        If it cannot be right on a Keras network, with the reason and what to use; or if there is none.
    """
    if isinstance(name, str) and name in REFUSED:
        msg = f"{name} is not offered: {REFUSED[name]}"
        raise ValueError(msg)
    return METHODS[checks.one_of("method", name, METHODS)]


def _noise(problem: Problem, share: float) -> tuple[float, ...]:
    """Return the standard deviation of the noise for each input: a share of its span."""
    return tuple(share * float(one.detach().max() - one.detach().min()) for one in problem.inputs)


def _split(problem: Problem) -> Split:
    if problem.split is None:
        msg = "this method needs a layer."
        raise ValueError(msg)
    return problem.split


def _image_by_image(problem: Problem, one: Callable[..., Maps]) -> Maps:
    """Ask for each image alone: superpixels differ from image to image."""
    found = []
    for i in range(len(problem.inputs[0])):
        place = slice(i, i + 1)
        base = tuple(tensor if len(tensor) == 1 else tensor[place] for tensor in problem.baselines)
        image = tuple(tensor[place] for tensor in problem.inputs)
        found.append(one(i, image, tuple(tensor[place] for tensor in problem.extras), base))
    return tuple(torch.cat(parts) for parts in zip(*found, strict=True))


def _window(shape: Sequence[int], patch: int | None) -> tuple[int, ...]:
    """Patch over the places of an input, all channels; of a vector every number is a patch."""
    if len(shape) == 1:
        return (1,)
    return (*(min(side, patch or max(1, math.ceil(side / 8))) for side in shape[:-1]), shape[-1])
