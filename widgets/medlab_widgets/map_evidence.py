"""What `ExplainPanel` asks of a network for one map, and how it says what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from medlab import checks
from medlab.evaluation import attribute, evidence
from medlab.text import percent, reason

# What is computed of a map, one after the other, and what it is called meanwhile.
STAGES = {"map": "map", "deletion": "deletion", "weights": "random weights"}
# What counts as nothing, as a function of the image that goes in, and as code.
BASELINES: dict[str, tuple[Callable[[NDArray[Any]], Any], str]] = {
    "zeros": (lambda x: 0.0, "0.0"),
    "mean": (lambda x: float(x.mean()), "float(x.mean())"),
    "darkest": (lambda x: float(x.min()), "float(x.min())"),
    "blurred": (lambda x: gaussian_filter(x, (0, 4, 4, 0)), "gaussian_filter(x, (0, 4, 4, 0))"),
}


PREDICTED = "the predicted class"  # stands among the names to choose from
AT_ONCE_PIXELS = 262_144  # in a pass through the network: between two passes a cancel is heard


class Asked(NamedTuple):
    """All that a map depends on."""

    method: str
    case: int
    target: int | None
    layer: str | None
    baseline: str


def checked_images(images: ArrayLike) -> NDArray[Any]:
    """Return images, shape (N, H, W, C), of one or several that can be drawn."""
    array = checks.finite("images", images)
    if array.ndim not in (3, 4) or array.shape[-1] not in (1, 3) or not array.size:
        msg = (
            "images must have shape (N, H, W, C) or (H, W, C), at least one image, and 1 or 3 channels, "
            f"which come last; got {array.shape}. Of a split, give split.images."
        )
        raise ValueError(msg)
    return np.array(array.reshape(-1, *array.shape[-3:]))  # the caller's own may change


def named_classes(given: Sequence[str] | None, known: Sequence[str], count: int) -> list[str]:
    """Return the names of the classes: those given, or known, or numbers; of none, for an amount."""
    named = known or [f"class {k}" for k in range(count)] if given is None else given
    names = [named] if isinstance(named, str) else [str(name) for name in named]
    if count and (len(names) != count or len({*names, PREDICTED}) != count + 1):
        msg = f"class_names must be {count} different names in the order of the targets, got {names}."
        raise ValueError(msg)
    return names[:count]


def checked_labels(labels: ArrayLike | None, images: int, count: int) -> list[Any]:
    """Return the label of each image: of classes their numbers; none where there are none."""
    if labels is None:
        return []
    values = checks.finite("labels", labels)
    if values.shape != (images,) or (count and not np.isin(values, range(count)).all()):
        allowed = f"numbers from 0 to {count - 1}" if count else "numbers"
        msg = f"labels must be {images} {allowed}, one for each image, got {np.array(labels).tolist()}."
        raise ValueError(msg)
    return values.tolist()


def copy_of(network: keras.Model, x: NDArray[Any]) -> keras.Model | None:
    """Return a copy with weights of its own; None of a network that cannot be made again."""
    state = random.getstate()  # a new network draws weights; the notebook's own draws go on as before
    try:
        copy = keras.models.clone_model(network)
        copy(x)
        copy.set_weights(network.get_weights())
    except Exception:  # of classes of the reader's own, in whatever way
        return None
    finally:
        random.setstate(state)
    return copy


def measure(
    stage: str, network: Any, asked: Asked, known: dict[str, Any], x: NDArray[Any], on: str, **watched: Any
) -> Any:
    """Return what a stage computes: an `Attribution`, `Curves` or a `Randomization`."""
    size = {"batch_size": max(1, min(64, AT_ONCE_PIXELS // (x.shape[1] * x.shape[2])))}
    if stage == "deletion":
        return evidence.deletion(network, known["map"], cancel=watched["cancel"], **size)
    baseline = BASELINES[asked.baseline][0](x)
    options = {"target": asked.target, "layer": asked.layer, "baseline": baseline, "on": on}
    if stage == "weights":
        return evidence.randomized_weights(asked.method, network, x, **options, **size, **watched)
    attribution = attribute(asked.method, network, x, **options, **size, **watched)
    checks.finite(f"the map of {asked.method}", attribution.map)
    return attribution


def rows(known: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the measures of a map, and what is known of each."""
    if not (attribution := known.get("map")) or isinstance(attribution, Exception):
        return []
    adds = "not promised by this method"
    if attribution.completeness_error is not None:
        error, difference = attribution.completeness_error[0], attribution.difference[0]
        adds = f"{error:.2g} of {difference:.3g}"
        adds += f" ({percent(attribution.relative_error[0], 1)})" if difference else ""
    measured = {"completeness error": adds}
    for stage, words in (("deletion", _deleted), ("weights", _changed)):
        value = known.get(stage)
        failed = isinstance(value, Exception)
        measured[STAGES[stage]] = (
            "…" if value is None else f"not measured: {reason(value)}" if failed else words(value)
        )
    return list(measured.items())


def _deleted(curves: Any) -> str:
    verdict = f"{'' if curves.better[0] else 'not '}better than all {len(curves.random)}"
    return f"area {curves.area[0]:.3g}, random pixels {curves.random_area.mean():.3g} ({verdict})"


def _changed(randomized: Any) -> str:
    correlation = randomized.table["correlation"].iloc[-1]
    if correlation != correlation:
        return "not to be tested: the map is the same everywhere"
    alike = f"(rank correlation {correlation:.2f})"
    if randomized.passes:
        return f"changes with the weights {alike}"
    return f"changes too little with the weights, a reason for doubt {alike}"


def code(both: Sequence[Asked], network: str, x: str, on: str) -> str:
    """Return the lines that give both maps and their measures without a panel."""
    lines = ["from medlab.evaluation import attribute, evidence", "", f"x = {x}"]
    if any(asked.baseline == "blurred" for asked in both):
        lines.insert(0, "from scipy.ndimage import gaussian_filter")
    for side, asked in zip(("left", "right"), both, strict=True):
        options = f"target={asked.target}, layer={asked.layer!r}, on={on!r}"
        question = f'("{asked.method}", {network}, x, {options}, baseline={BASELINES[asked.baseline][1]})'
        lines += [f"{side} = attribute{question}", f"{side}_deletion = evidence.deletion({network}, {side})"]
        lines += [f"{side}_weights = evidence.randomized_weights{question}"]
        lines += [
            f"print({side}.describe(), {side}_deletion.describe(), {side}_weights.describe(), sep='\\n')"
        ]
    return "\n".join(lines)
