"""The sliders of a training: what can be moved, and the settings that they stand for."""

import math
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

import ipywidgets

from medlab import models
from medlab.data import Dataset
from medlab.training.settings import Settings, balances

_OF_FIT = [option.name for option in fields(Settings) if option.metadata["control"]]
SETTINGS = ("model", "width", "dropout", *_OF_FIT, "seed")
_OWN = "own"
_WIDTHS, _DROPOUTS = (4, 8, 16, 32, 64), [n / 20 for n in range(19)]
SHAPE: dict[str, Any] = {"layout": {"width": "340px"}, "style": {"description_width": "104px"}}


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
        networks = models.fitting(dataset.image_shape, segments=dataset.task == "segmentation")
        given = {name: value for name, value in settings.items() if value is not None}
        known = {option.name: option for option in fields(Settings)}
        chosen = Settings(**{name: given[name] for name in given if name in known}).resolve(dataset)
        start = {"model": "auto", "width": None, "dropout": None, "seed": 0, **given, **vars(chosen)}
        if start["model"] == "auto":
            start["model"] = networks[0]
        self.controls: dict[str, Any] = {
            "model": ipywidgets.Dropdown(description="network", options=networks, **SHAPE),
            "width": _values("width", _WIDTHS, own=True),
            "dropout": _values("dropout", _DROPOUTS, own=True),
            **{name: _control(known[name], dataset) for name in SETTINGS if name in known},
            "seed": ipywidgets.BoundedIntText(description="seed", min=0, max=2**32 - 1, **SHAPE),
        }
        self.put(start)
        super().__init__(list(self.controls.values()), layout={"flex_flow": "row wrap"})

    def values(self) -> dict[str, Any]:
        """Return the settings that the controls stand for now."""
        values = {name: control.value for name, control in self.controls.items()}
        values |= {name: None for name in ("width", "dropout") if values[name] == _OWN}
        # As it is read off the slider, a number that can be typed again; what was given stays as it is.
        if values["learning_rate"] != self._given_rate:
            values["learning_rate"] = float(f"{values['learning_rate']:.2g}")
        return values

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
            if isinstance(control, ipywidgets.SelectionSlider):
                if value not in [offered for _, offered in control.options]:
                    # Numbers in their order, the network's own first.
                    pairs = [*control.options, (f"{value:g}", value)]
                    control.options = sorted(pairs, key=lambda pair: -1 if pair[1] == _OWN else pair[1])
            elif isinstance(control, ipywidgets.FloatLogSlider):
                power = math.log10(value)
                control.min = min(control.min, math.floor(power))
                control.max = max(control.max, math.ceil(power))
            elif isinstance(control, ipywidgets.IntSlider):
                control.max = max(control.max, value)
            elif isinstance(control, ipywidgets.Dropdown) and value not in control.options:
                msg = f"{name} must be one of {', '.join(control.options)} for these images, got {value!r}."
                raise ValueError(msg)
            if name == "learning_rate":
                self._given_rate = float(value)
            control.value = value

    def disable(self, disabled: bool) -> None:
        """Let nothing be moved, or everything again."""
        for control in self.controls.values():
            control.disabled = disabled


def _values(description: str, values: Any, *, own: bool = False, **shape: Any) -> ipywidgets.SelectionSlider:
    """Return a slider from value to value, or to what the network would take itself."""
    options = [*([(_OWN, _OWN)] if own else []), *((f"{value:g}", value) for value in values)]
    return ipywidgets.SelectionSlider(description=description, options=options, **{**SHAPE, **shape})


def _control(option: Field[Any], dataset: Dataset) -> Any:
    """Return the control of an option as its field describes it."""
    facts = option.metadata
    described = {"description": facts["label"] or option.name.replace("_", " "), "tooltip": facts["about"]}
    offered, look = facts["offered"], {**described, **SHAPE}
    if facts["control"] == "choices":
        allowed = balances(dataset.task) if option.name == "balance" else facts["choices"]
        return ipywidgets.Dropdown(options=allowed, **look)
    if facts["control"] == "switch":
        return ipywidgets.Checkbox(indent=True, **look)
    if facts["control"] == "values":
        return _values(look.pop("description"), offered, **look)
    if facts["control"] == "log":
        low, high = map(math.log10, offered)
        return ipywidgets.FloatLogSlider(min=low, max=high, step=0.05, readout_format=".1e", **look)
    slider = ipywidgets.IntSlider if option.type == "int" else ipywidgets.FloatSlider
    return slider(min=offered[0], max=offered[1], **look)
