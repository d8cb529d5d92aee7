"""What goes into a network, and which number of its output is explained, for each image."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from medlab import checks


class Inputs:
    """What goes into a network: one array, or several as a list, tuple or dict, first axis the images.

    Raises
    ------
    ValueError
        If arrays differ in length, are empty, hold NaN or what is no number, or are images of whole numbers:
        such are gray values, which a network takes normalized.
    """

    def __init__(self, x: Any) -> None:
        self._names = list(x) if isinstance(x, dict) else None
        self.single = not isinstance(x, dict | list | tuple)
        values = [x] if self.single else list(x.values() if isinstance(x, dict) else x)
        names = ["x"] if self.single else self._names or [f"x[{i}]" for i in range(len(values))]
        self.arrays = [_floating(name, value) for name, value in zip(names, values, strict=True)]
        if not self.arrays or any(array.ndim < 2 for array in self.arrays) or not len(self.arrays[0]):
            shapes = ", ".join(str(array.shape) for array in self.arrays) or "nothing"
            msg = f"x must hold at least one image, shape (N, ...), got {shapes}. One image: x[np.newaxis]."
            raise ValueError(msg)
        self.count = checks.same_length(**dict(zip(names, self.arrays, strict=True)))

    def only(self, measure: str) -> NDArray[Any]:
        """Return the one input that a measure needs, or refuse several."""
        if len(self.arrays) > 1:
            msg = f"{measure} needs an attribution of one input, got {len(self.arrays)}."
            raise ValueError(msg)
        return self.arrays[0]

    @property
    def form(self) -> tuple[Any, ...]:
        """How the network takes its inputs: alone, by names, or as a list of so many."""
        return self.single, tuple(self._names or ()), len(self.arrays)

    @property
    def pictured(self) -> NDArray[Any]:
        """The input that a layer's map is laid over: the first of those with the most axes."""
        return max(self.arrays, key=np.ndim)

    def build(self, tensors: Sequence[Any]) -> Any:
        """Return tensors in the form in which the network takes them."""
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if self.single else list(tensors)

    def back(self, arrays: Sequence[Any]) -> Any:
        """Return arrays in the form in which `x` came; a list as a tuple."""
        built = self.build(arrays)
        return tuple(built) if isinstance(built, list) else built

    def baselines(self, baseline: Any, *, several: bool = False) -> list[NDArray[Any]]:
        """Return a baseline for each array, first axis 1 or N (or any, where `several` are taken).

        Raises
        ------
        ValueError
            If one does not have the shape of its input, or does not hold finite numbers.
        """
        count = len(self.arrays)
        if isinstance(baseline, dict):
            # By name, not in the order in which somebody wrote them.
            names = self._names or ()
            baseline = [baseline[checks.one_of("input with a baseline", name, baseline)] for name in names]
        elif not isinstance(baseline, list | tuple):
            baseline = [baseline] * (count if np.ndim(baseline) == 0 else 1)
        if len(baseline) != count:
            msg = f"baseline must be a number, or one for each of {count} inputs, got {len(baseline)}."
            raise ValueError(msg)
        return [_baseline(value, array, several) for value, array in zip(baseline, self.arrays, strict=True)]


def _baseline(baseline: Any, array: NDArray[Any], several: bool) -> NDArray[Any]:
    values = _floating("baseline", baseline).astype(array.dtype)
    shape = array.shape[1:]
    if values.ndim == 0:
        return np.full((1, *shape), values, array.dtype)
    if values.shape == shape:
        values = values[np.newaxis]
    if values.shape[1:] != shape or not (several or len(values) in (1, len(array))):
        msg = f"baseline must be a number or have shape {shape} or {array.shape}, got {values.shape}."
        raise ValueError(msg)
    return np.ascontiguousarray(values)


def _floating(name: str, values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        got = repr(values) if array.ndim == 0 else f"{array.dtype} of shape {array.shape}"
        msg = f"{name} must hold real numbers, got {got}. Give numbers, such as 0.0 or an array of float32."
        raise ValueError(msg)
    if array.dtype.kind in "iu" and array.ndim > 3 and array.size:
        got = f"gray values of {array.dtype}"
        msg = f"{name} must be normalized, as the network takes it, got {got}. Give run.normalize(images)."
        raise ValueError(msg)
    dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.float32
    # torch takes no array that runs backwards.
    return np.asarray(checks.finite(name, array), dtype, order="C")


def choose(
    model: Any,
    inputs: Inputs,
    shape: tuple[int, ...],
    bend: str,
    target: int | ArrayLike | None,
    region: ArrayLike | None,
    on: str,
    batch_size: int,
) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...], NDArray[np.int64] | None]:
    """Return what is explained; see `attribute` for the parameters.

    `shape` is the output's for an image; `bend` is what bends it, "sigmoid", "softmax" or "", or bent it
    before it was taken off.

    Returns
    -------
    value : callable
        Gives the explained number, shape (N,), of the inputs, then `extras`, as tensors of Keras' backend.
    extras : tuple of torch tensors
        What `value` needs for each image beside its inputs.
    classes : int array, shape (N,), or None
        Explained class; None where the output is one value, or a region of one class.

    Raises
    ------
    ValueError
        If target or region do not fit the network's output.
    """

    def answer(tensors: Sequence[Any]) -> Any:
        return only_output(model(inputs.build(tensors), training=False))

    outputs = shape[-1] if shape else 1
    if len(shape) > 1 and region is None:
        msg = f"the network gives a value at {shape[:-1]} places: name a region of them."
        raise ValueError(msg)
    # One sigmoid stands for two classes: class 0 is what is left of class 1.
    two = outputs == 1 and bend == "sigmoid"
    if target is None and outputs == 1:
        classes = np.full(inputs.count, int(two))
    elif target is None:
        classes = _predicted(inputs, outputs, answer, batch_size)
    else:
        classes = _named(target, inputs.count, 2 if two else outputs)
    extras = [torch.from_numpy(classes)]
    if region is not None:
        extras.append(torch.from_numpy(_region(region, inputs.count, shape[:-1], inputs.arrays[0].dtype)))

    def value(*tensors: Any) -> Any:
        first, (chosen, *inside) = tensors[: len(inputs.arrays)], tensors[len(inputs.arrays) :]
        output = keras.ops.cast(answer(first), first[0].dtype)
        output = keras.ops.reshape(output, (-1, *(shape or (1,))))
        if two:
            sign = keras.ops.cast(2 * chosen - 1, output.dtype)
            rest = 0 * sign if on == "logit" else (1 - sign) / 2
            picked = output[..., 0] * _spread(sign, len(shape)) + _spread(rest, len(shape))
        else:
            one_hot = keras.ops.one_hot(chosen, outputs, dtype=output.dtype)
            picked = keras.ops.sum(output * _spread(one_hot, len(shape), last=True), axis=-1)
        if inside:
            picked = keras.ops.sum(picked * inside[0], axis=tuple(range(1, len(shape))))
        return picked

    return value, tuple(extras), None if outputs == 1 and not two else classes


def _spread(tensor: Any, axes: int, *, last: bool = False) -> Any:
    """Put axes of length 1 after the first, so that a number an image meets every place of it."""
    ends = tuple(tensor.shape[1:]) if last else ()
    return keras.ops.reshape(tensor, (-1, *[1] * (max(axes, 1) - 1), *ends))


def only_output(output: Any) -> Any:
    """Return a network's output, refused where it gives several."""
    if isinstance(output, dict | list | tuple):
        names = list(output) if isinstance(output, dict) else len(output)
        msg = f"the network must have one output, got {names}. Use keras.Model(model.input, model.output[…])."
        raise ValueError(msg)
    return output


def _predicted(
    inputs: Inputs, outputs: int, answer: Callable[..., Any], batch_size: int
) -> NDArray[np.int64]:
    """Return the class that the network predicts for each image, shape (N,)."""
    parts = []
    for start in range(0, inputs.count, batch_size):
        batch = [keras.ops.convert_to_tensor(array[start : start + batch_size]) for array in inputs.arrays]
        parts.append(keras.ops.convert_to_numpy(answer(batch)))
    output = np.concatenate(parts)
    if output.ndim > 2:
        msg = f"target must name the class whose region is explained, 0 to {outputs - 1}, got None."
        raise ValueError(msg)
    return output.argmax(axis=1).astype(np.int64)


def _named(target: ArrayLike, images: int, count: int) -> NDArray[np.int64]:
    """Return the class that `target` names for each image, shape (N,), if there are such classes."""
    classes = np.asarray(target)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (images,)):
        msg = f"target must be a class, or one for each of {images} images, as integers; got {target!r}."
        raise ValueError(msg)
    if classes.min() < 0 or classes.max() >= count:
        msg = f"target must lie between 0 and {count - 1}, got {classes.min()} to {classes.max()}."
        raise ValueError(msg)
    return np.broadcast_to(classes, (images,)).astype(np.int64)


def _region(region: ArrayLike, count: int, places: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    inside = np.asarray(region)
    shape = (count, *places)
    marks = inside.dtype.kind in "biuf" and np.isin(inside, (0, 1)).all()
    if not places or inside.shape not in (places, shape) or not marks or not inside.any():
        got = f"{inside.dtype} of shape {inside.shape} with {int((inside == 1).sum())} marked"
        msg = f"region must mark places of the output by True, at least one, shape {shape}; got {got}."
        raise ValueError(msg)
    return np.ascontiguousarray(np.broadcast_to(inside, shape).astype(dtype))
