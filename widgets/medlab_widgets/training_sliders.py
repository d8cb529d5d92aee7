"""The sliders of a training: what can be moved, and the settings that they stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import ipywidgets

from medlab import models
from medlab.data import Dataset
from medlab.training import BALANCES, OPTIMIZERS, Settings

SETTINGS = (
    "model",
    "width",
    "dropout",
    "learning_rate",
    "batch_size",
    "epochs",
    "optimizer",
    "balance",
    "augment",
    "seed",
)
_OWN = "own"
_LAYOUT = ipywidgets.Layout(width="340px")
_STYLE = {"description_width": "104px"}


class TrainingSliders(ipywidgets.Box):
    """A control for each of `SETTINGS`.

    Parameters
    ----------
    dataset : Dataset
        Only networks that take its images are offered, and balances that its task allows.
    settings : mapping
        Where the controls stand at first; what is left out or None is chosen as `medlab.training.fit` would.
        A width or dropout of None is the network's own.
    """

    def __init__(self, dataset: Dataset, settings: Mapping[str, Any]) -> None:
        self._given_rate = 0.0
        given = {name: value for name, value in settings.items() if value is not None}
        usual = Settings(**{k: v for k, v in given.items() if k in Settings.__dataclass_fields__}).resolve(
            dataset
        )
        start = {"model": "auto", "width": None, "dropout": None, "seed": 0, **usual, **given}
        if start["model"] == "auto":
            start["model"] = fitting(dataset)[0]
        start["balance"] = usual["balance"]
        dropouts = [(_OWN, _OWN), *((f"{n / 20:g}", n / 20) for n in range(19))]
        widths = [(_OWN, _OWN), *((str(n), n) for n in (4, 8, 16, 32, 64))]
        batches = [(str(n), n) for n in (4, 8, 16, 32, 64, 128, 256)]
        simple = {"layout": _LAYOUT, "style": _STYLE}
        self.controls: dict[str, Any] = {
            "model": ipywidgets.Dropdown(description="network", options=fitting(dataset), **simple),
            "width": ipywidgets.SelectionSlider(description="width", options=widths, value=_OWN, **simple),
            "dropout": ipywidgets.SelectionSlider(
                description="dropout", options=dropouts, value=_OWN, **simple
            ),
            "learning_rate": ipywidgets.FloatLogSlider(
                description="learning rate", min=-5, max=0, step=0.05, readout_format=".1e", **simple
            ),
            "batch_size": ipywidgets.SelectionSlider(
                description="batch size", options=batches, value=32, **simple
            ),
            "epochs": ipywidgets.IntSlider(description="epochs", min=1, max=100, **simple),
            "optimizer": ipywidgets.Dropdown(description="optimizer", options=OPTIMIZERS, **simple),
            "balance": ipywidgets.Dropdown(description="class balance", options=allowed(dataset), **simple),
            "augment": ipywidgets.Checkbox(description="augmentation", indent=True, **simple),
            "seed": ipywidgets.BoundedIntText(description="seed", min=0, max=2**32 - 1, **simple),
        }
        self.put(start)
        super().__init__(list(self.controls.values()), layout={"flex_flow": "row wrap"})

    def values(self) -> dict[str, Any]:
        """Return the settings that the controls stand for now."""
        found = {name: control.value for name, control in self.controls.items()}
        found |= {name: None for name in ("width", "dropout") if found[name] == _OWN}
        # As it is read off the slider, a number that can be typed again; what was given stays as it is.
        if found["learning_rate"] != self._given_rate:
            found["learning_rate"] = float(f"{found['learning_rate']:.2g}")
        return found

    def put(self, settings: Mapping[str, Any]) -> None:
        """Move the controls; a value that a control does not offer yet is added to it.

        Raises
        ------
        ValueError
            If there is no such setting, or it is none of its control's choices.
        """
        for name, value in settings.items():
            if name not in self.controls:
                continue
            control = self.controls[name]
            if name in ("width", "dropout") and value is None:
                value = _OWN
            if isinstance(control, ipywidgets.SelectionSlider) and value not in _values(control):
                # Numbers in their order, the network's own first.
                pairs = [*control.options, (f"{value:g}", value)]
                control.options = sorted(pairs, key=lambda pair: -1 if pair[1] == _OWN else pair[1])
            if name == "epochs":
                control.max = max(control.max, value)
            if name == "learning_rate":
                power = math.log10(value)
                control.min = min(control.min, math.floor(power))
                control.max = max(control.max, math.ceil(power))
                self._given_rate = float(value)
            if isinstance(control, ipywidgets.Dropdown) and value not in control.options:
                msg = f"{name} must be one of {', '.join(control.options)} for these images, got {value!r}."
                raise ValueError(msg)
            control.value = value

    def disable(self, disabled: bool) -> None:
        """Let nothing be moved, or everything again."""
        for control in self.controls.values():
            control.disabled = disabled


def _values(control: ipywidgets.SelectionSlider) -> list[Any]:
    return [value for _, value in control.options]


def fitting(dataset: Dataset) -> list[str]:
    """Return the names of the networks that take a data set's images, the strong small one first."""
    found = []
    for name in models.names():
        try:
            models.check_shape(name, dataset.image_shape)
        except ValueError:
            continue
        found.append(name)
    return found


def allowed(dataset: Dataset) -> list[str]:
    """Return the ways to balance classes that a data set's task allows."""
    if dataset.task == "regression":
        return ["none"]
    if dataset.task == "multilabel":
        return ["none", "focal"]
    return [name for name in BALANCES if name != "auto"]
