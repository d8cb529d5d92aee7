"""`AugmentationPlayground`: random changes of an image, each on a slider, and what they make of it."""

from __future__ import annotations

import threading
from dataclasses import fields
from typing import Any

import ipywidgets
import numpy as np
from numpy.typing import ArrayLike

from medlab import checks, plots
from medlab.data import Augmentation, Dataset, augment
from medlab.notebook import answer_at_once
from medlab_widgets.copy_text import CopyText
from medlab_widgets.panel import guarded, tiles_as_html
from medlab_widgets.picture_mixin import PictureMixin
from medlab_widgets.status_line import StatusLine
from medlab_widgets.training_sliders import SHAPE

SAMPLES, SIDE_PX = 8, 150
LEFT_ALONE_S = 1.0  # then the picture that the notebook keeps is renewed
CODE = """\
import numpy as np
from medlab import data

augmentation = data.{}
copies = np.repeat({}, {}, axis=0)
changed, _ = data.augment(copies, augmentation, np.random.default_rng({}))"""


class AugmentationPlayground(PictureMixin, ipywidgets.VBox):
    """Move what `medlab.data.Augmentation` changes at random, and see eight samples beside the original.

    Parameters
    ----------
    images : Dataset, or array, shape (N, H, W, C) or (H, W, C), C 1 or 3
        Of a data set, the training images. uint8 spans black to white, other numbers from their lowest to
        their highest.
    augmentation : Augmentation or None
        Where the sliders stand at first. None: `Augmentation.for_dataset`, without a data set no change.
    seed : int
        The random numbers follow from it.

    Attributes
    ----------
    augmentation : Augmentation
        What the sliders stand for now.
    samples : float32 array, shape (8, H, W, C), in the units of the images
    controls : dict
        The slider or checkbox of each change by name, for flips one each, and those of image and seed.

    Raises
    ------
    ValueError
        If the images have another shape, there is none, or they hold NaN.

    Notes
    -----
    Of a data set, it says which changes its facts speak against: see `Augmentation.concerns`.

    Examples
    --------
    ``AugmentationPlayground(dataset)``
    """

    def __init__(
        self, images: Dataset | ArrayLike, augmentation: Augmentation | None = None, *, seed: int = 0
    ) -> None:
        self._dataset = images if isinstance(images, Dataset) else None
        given = checks.finite("images", self._dataset.train.images if self._dataset else images)
        if given.dtype.char in "?e":  # truth values, and half precision, which OpenCV does not know
            given = given.astype(np.float32)
        if given.ndim not in (3, 4) or not given.size or given.shape[-1] not in (1, 3):
            msg = f"images must have shape (N, H, W, C) or (H, W, C) with C 1 or 3, got {given.shape}."
            raise ValueError(msg)
        self._images = given if given.ndim == 4 else given[np.newaxis]
        variable = "dataset.train.images" if self._dataset else "images"
        self._variable = f"{variable}[{{0}}:{{0}} + 1]" if given.ndim == 4 else "images[np.newaxis]"
        usual = Augmentation.for_dataset(self._dataset) if self._dataset else Augmentation()
        self.controls = {
            "image": ipywidgets.BoundedIntText(description="image", max=len(self._images) - 1, **SHAPE),
            "seed": ipywidgets.BoundedIntText(checks.seed(seed), description="seed", max=2**32 - 1, **SHAPE),
            **_controls(augmentation or usual),
        }
        self.status, self._code, self._html = StatusLine(), CopyText(label="Copy as code"), ipywidgets.HTML()
        self._lock, self._timer = threading.RLock(), threading.Timer(0, self.renew)
        self._refresh()
        sliders = ipywidgets.VBox(list(self.controls.values()), layout={"width": "350px"})
        shown = ipywidgets.VBox(
            [self._html, self.status, self._code], layout={"flex": "1 1 400px", "min_width": "0"}
        )
        super().__init__([ipywidgets.Box([sliders, shown], layout={"flex_flow": "row wrap"})])
        self.add_class("medlab-panel").add_class(self.status.watched)
        for control in self.controls.values():
            control.observe(guarded(self._refresh, self.status), "value")
        answer_at_once([self], self._lock)

    @property
    def augmentation(self) -> Augmentation:
        """What the controls stand for now."""
        values: dict[str, Any] = {}
        for change in fields(Augmentation):
            choices = change.metadata["choices"]
            chosen = tuple(choice for choice in choices if self.controls[choice].value)
            values[change.name] = chosen if choices else self.controls[change.name].value
        return Augmentation(**values)

    def _refresh(self) -> None:
        with self._lock:
            number, seed = self.controls["image"].value, self.controls["seed"].value
            image, augmentation = self._images[number : number + 1], self.augmentation
            title = f"{'SIMULATED ' * (self._dataset is not None and self._dataset.simulated)}image {number}"
            self.status.text = f"In the middle {title} as it is, around it {SAMPLES} samples, seed {seed}"
            self.status.problem = " ".join(augmentation.concerns(self._dataset) if self._dataset else [])
            copies = np.repeat(image, SAMPLES, axis=0)
            self.samples, _ = augment(copies, augmentation, np.random.default_rng(seed))
            low, high = (0, 255) if image.dtype == np.uint8 else (self._images.min(), self._images.max())
            step = -(-max(image.shape[1:3]) // SIDE_PX)  # of a large image every second pixel, and so on
            around = np.insert(self.samples, SAMPLES // 2, image, axis=0)[:, ::step, ::step]
            grays = np.clip(255 * (around - low) / ((high - low) or 1), 0, 255).round().astype(np.uint8)
            rims = np.pad(grays, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
            self._tiles = rims.reshape(3, 3, *rims.shape[1:])
            self._html.value = tiles_as_html(self._tiles, repr(self), SIDE_PX)
            self._code.text = CODE.format(augmentation, self._variable.format(number), SAMPLES, seed)
        self._timer.cancel()
        if self._shown:
            self._timer = threading.Timer(LEFT_ALONE_S, self.renew)
            self._timer.start()

    def picture(self) -> plots.Picture:
        """Return what is to be seen of the images as a picture."""
        return plots.image_grid(plots.mosaic(self._tiles)[np.newaxis], [self.status.text], alt=repr(self))

    def __repr__(self) -> str:
        return f"<AugmentationPlayground: {self.status.text}; {self.augmentation}>"


def _controls(start: Augmentation) -> dict[str, Any]:
    """Return a slider or checkbox for each change, and for each of its choices where it has some."""
    controls: dict[str, Any] = {}
    for change in fields(start):
        value, words = getattr(start, change.name), change.name.replace("_deg", " (°)").replace("_", " ")
        for choice in change.metadata["choices"]:
            controls[choice] = ipywidgets.Checkbox(choice in value, description=f"{words} {choice}", **SHAPE)
        if isinstance(value, bool):
            controls[change.name] = ipywidgets.Checkbox(value, description=words, **SHAPE)
        elif not change.metadata["choices"]:
            most = change.metadata["most"] or max(1.0, value)  # of noise there is no end
            reach = {"min": 0, "max": most, "step": 1 if most > 1 else 0.01}
            controls[change.name] = ipywidgets.FloatSlider(value, description=words, **reach, **SHAPE)
    return controls
