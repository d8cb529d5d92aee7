"""`ExplainPanel`: two attribution maps of one answer of a network side by side, and what either is worth."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, Self

import ipywidgets
import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks, models, plots, text
from medlab.evaluation import attribution
from medlab.evaluation.attribution import METHODS, explained_output, methods as known_methods, network_layers
from medlab.evaluation.attribution.queries import open_query
from medlab.notebook import answer_at_once, has_front_end
from medlab.training import background
from medlab_widgets import map_evidence
from medlab_widgets.copy_text import CopyText
from medlab_widgets.map_evidence import BASELINES, PREDICTED, STAGES, Asked
from medlab_widgets.map_view import MapView
from medlab_widgets.panel import REFRESH_S, guarded
from medlab_widgets.picture_mixin import PictureMixin
from medlab_widgets.status_line import StatusLine

SIDES = ("left", "right")
LAST = "the last with maps"
MOST = 80  # pixels along a side of an image in the picture that a notebook keeps
_WRAPPED = {"flex_flow": "row wrap", "grid_gap": "4px 24px"}


class ExplainPanel(PictureMixin, ipywidgets.VBox):
    """Ask a network two ways for the reasons of its answer, and see what either map is worth.

    The panel asks a copy of the network, as it was when the panel was made: it computes in a thread of its
    own, and makes the copy's weights random to test the maps.

    Parameters
    ----------
    model : keras.Model, Run, Bundle, or path of a model folder
        A Keras network takes images that are normalized; the others take raw ones.
    images : array, shape (N, H, W, C) or (H, W, C), C 1 or 3
        The cases to choose from.
    labels : int array, shape (N,), or None
        The truth, as targets: of two classes the positive one is 1.
    class_names : sequence of str or None
        In the order of the targets. None: those that a Run or a model folder knows.
    methods : (str, str)
        The methods on the left and on the right; see `medlab.evaluation.attribute`.
    on : "output" or "logit"
        What is explained.
    title : str
        What the images show; say so where they are simulated.
    variables : (str, str)
        Names of model and images in the notebook, for the code to copy.
    **choices
        Of `choose`: where the panel begins.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        If images, labels, names or methods do not fit each other or the network, or there is no such model.
    RuntimeError
        If a training session is at work in this kernel.

    Notes
    -----
    The same without a mouse: `choose`, `wait`, `cancel`, `result`.

    Examples
    --------
    ``ExplainPanel(run, dataset.test.images, labels=dataset.targets(dataset.test))``
    """

    def __init__(
        self,
        model: Any,
        images: ArrayLike,
        *,
        labels: Sequence[int] | None = None,
        class_names: Sequence[str] | None = None,
        methods: Sequence[str] = ("grad_cam", "integrated_gradients"),
        on: str = "output",
        title: str = "images",
        variables: tuple[str, str] = ("model", "images"),
        **choices: Any,
    ) -> None:
        if isinstance(methods, str) or len(methods) != 2:
            msg = f"methods must be the names of two, for left and right, got {methods!r}."
            raise ValueError(msg)
        background.check_free()
        opening = f"from medlab import models\n\n{variables[0]} = models.load({str(model)!r})\n"
        self._opening = opening if isinstance(model, str | Path) else ""
        self._network, self._normalize, names = attribution.network_of(model)
        self._raw, self._one = self._network is not model, np.ndim(images) == 3
        self._images = map_evidence.checked_images(images)
        self.title, self._on, self._variables, self._outputs = title, on, variables, {}
        self._pictured: dict[str, Asked] = {}
        inputs, outputs = explained_output.Inputs(self._x(0)), np.size(self._output(0))
        with open_query(self._network, inputs, target=None, on=on) as query:
            layers = [seen.name for seen in network_layers.with_maps(query.seen, axes=3)]
            count = 0 if query.classes is None else max(2, outputs)
        self._names = map_evidence.named_classes(class_names, names, count)
        self._labels = map_evidence.checked_labels(labels, len(self._images), count)
        self._copy = map_evidence.copy_of(self._network, inputs.arrays[0])
        self._network = self._copy or self._network
        self._known: dict[Asked, dict[str, Any]] = {}
        self._told, self._cancel, self._front_end = 0.0, threading.Event(), has_front_end()
        self._lock = threading.RLock()  # choices come from a subshell's thread, maps from the worker's
        policy = (keras.config.dtype_policy(),)  # Keras keeps it for each thread apart
        self._pool = futures.ThreadPoolExecutor(1, "medlab-explain", keras.config.set_dtype_policy, policy)
        # One output stands for two classes, or for a number; of several the largest is the prediction.
        targets = self._names if count and outputs == 1 else [PREDICTED if count else "output", *self._names]
        super().__init__(self._compose(targets, layers))
        self.add_class("medlab-panel").add_class(self.status.watched)
        answer_at_once([self], self._lock)
        first = targets[1 if targets == self._names else 0]
        self.choose(**{"left": methods[0], "right": methods[1], "target": first, **choices})
        for control in self.controls.values():
            control.observe(guarded(self._ask, self.status), "value")

    def _compose(self, targets: list[str], layers: list[str]) -> list[ipywidgets.Widget]:
        offered = {"target": targets, "layer": [LAST, *layers], "baseline": list(BASELINES)}
        offered |= {side: list(METHODS) for side in SIDES}
        self.controls: dict[str, Any] = {"case": ipywidgets.IntSlider(max=max(1, len(self._images) - 1))}
        self.controls |= {name: ipywidgets.Dropdown(options=options) for name, options in offered.items()}
        shown = {"case": len(self._images) > 1, "target": len(targets) > 1}
        for name, control in self.controls.items():
            control.description = "class" if name == "target" else name
            control.layout.display = "" if shown.get(name, True) else "none"
        half = {"flex": "1 1 230px", "max_width": "320px"}  # side by side on a narrow page, too
        self.views, self.status = {side: MapView(layout=half) for side in SIDES}, StatusLine()
        self.opacity = ipywidgets.FloatSlider(1.0, description="opacity", max=1.0, step=0.05)
        for view in self.views.values():
            ipywidgets.jslink((self.opacity, "value"), (view, "opacity"))
            view.observe(self._leave, "left")
        self.buttons = {name: ipywidgets.Button(description=name) for name in ("Compute", "Cancel")}
        self.buttons["Compute"].on_click(guarded(self._ask, self.status))
        self.buttons["Cancel"].on_click(guarded(self.cancel, self.status))
        self.progress, self.said = ipywidgets.IntProgress(layout={"width": "120px"}), ipywidgets.HTML()
        self._code = CopyText(label="Copy as code")
        return [
            ipywidgets.Box([*self.controls.values(), self.opacity], layout=_WRAPPED),
            self.said,
            ipywidgets.Box(list(self.views.values()), layout=_WRAPPED),
            ipywidgets.Box([*self.buttons.values(), self.progress], layout=_WRAPPED),
            self.status,
            ipywidgets.Accordion([self._code], titles=["The same as code"]),
        ]

    def choose(self, **choices: Any) -> Self:
        """Choose what is asked, and begin to compute what is not known yet; without a front end, finish it.

        Parameters
        ----------
        **choices
            case, int, from 0; target, name or number of a class, or "the predicted class" of several
            outputs; left and right, methods; layer, a name, or None for the last with maps; baseline, what
            counts as nothing: "zeros" (the mean of the training images, once they are normalized), "mean" or
            "darkest" (of the image's numbers), or "blurred" (the image itself).

        Raises
        ------
        ValueError, TypeError
            If there is no such choice.
        RuntimeError
            If something has to be computed and a training session is at work in this kernel.
        """
        checked = {}
        for name, value in choices.items():
            control = self.controls[checks.one_of("choice", name, self.controls)]
            if name == "case":
                checked[name] = checks.in_range("case", value, 0, len(self._images) - 1, whole=True)
                continue
            if name in SIDES:
                known_methods.find(value)  # with the reason why some are not offered
            named = dict(enumerate(self._names)) if name == "target" else {None: LAST}
            checked[name] = checks.one_of(name, named.get(value, value), control.options)
        with self._lock:
            for name, value in checked.items():
                self.controls[name].value = value
            self._ask()
        if not self._front_end:
            self.wait()
        return self

    def wait(self, timeout_s: float | None = None) -> Self:
        """Wait until maps and measures are there, at most `timeout_s` seconds; an interrupt cancels."""
        try:
            futures.wait([self._task], timeout_s)
        except KeyboardInterrupt:
            self.cancel()
            raise
        return self

    def cancel(self) -> Self:
        """Stop computing after the batch at hand; what is known already stays."""
        self._cancel.set()
        self._show()
        return self

    def result(self) -> dict[str, dict[str, Any]]:
        """Return what is known of both maps.

        Returns
        -------
        result : dict
            Under "left" and "right" a dict of "map" (`Attribution`), "deletion" (`Curves`) and "weights"
            (`Randomization`); an exception stands for what was refused, and what is not computed is missing.
        """
        return {side: dict(self._known.get(asked, {})) for side, asked in self._asked().items()}

    def code(self) -> str:
        """Return the lines that give both maps and their measures without the panel."""
        (model, images), case = self._variables, self.controls["case"].value
        x = f"{images}[None]" if self._one else f"{images}[{case}:{case + 1}]"
        network, x = (f"{model}.model", f"{model}.normalize({x})") if self._raw else (model, x)
        return self._opening + map_evidence.code(list(self._asked().values()), network, x, self._on)

    def picture(self) -> plots.Picture:
        """Return both maps with their measures, as far as they are known."""
        views, case = list(self.views.values()), self.controls["case"].value
        values = [view.values for view in views]
        titles = [f"case {case} of {self.title}", *(view.heading for view in views)]
        below = [[": ".join(row) for row in view.rows] or [view.problem or "not computed"] for view in views]
        words = ["", *("\n".join(textwrap.fill(line, 40) for line in lines) for lines in below)]
        step = -(-max(self._images.shape[1:3]) // MOST)  # of a large image every second pixel, and so on
        image, *maps = ((None if a is None else a[::step, ::step]) for a in (self._images[case], *values))
        alt = f"An image, and two maps over it with their measures. {self!r}"
        return plots.maps_beside(image, maps, titles, words, alt=alt)

    def __repr__(self) -> str:
        maps = "; ".join(view.heading for view in self.views.values())
        return f"<ExplainPanel: case {self.controls['case'].value} of {self.title}; {maps}>"

    def _x(self, case: int) -> NDArray[Any]:
        return np.asarray(self._normalize(self._images[case : case + 1]))

    def _output(self, case: int) -> Any:
        if case not in self._outputs:
            self._outputs[case] = models.predict(self._network, np.asarray, self._x(case))[0]
        return self._outputs[case]

    def _asked(self) -> dict[str, Asked]:
        chosen = {name: control.value for name, control in self.controls.items()}
        target = self._names.index(chosen["target"]) if chosen["target"] in self._names else None
        asked = {}
        for side in SIDES:
            layer = chosen["layer"] if METHODS[chosen[side]].layer and chosen["layer"] != LAST else None
            asked[side] = Asked(chosen[side], chosen["case"], target, layer, chosen["baseline"])
        return asked

    def _missing(self) -> list[tuple[Asked, str]]:
        """Return what the present choice lacks, maps first."""
        both = {asked: self._known.get(asked, {}) for asked in self._asked().values()}
        refused = [asked for asked, known in both.items() if isinstance(known.get("map"), Exception)]
        return [(a, stage) for stage in STAGES for a in both if a not in refused and stage not in both[a]]

    def _ask(self) -> None:
        """Show what is known of the choice, and let the worker compute the rest of it only."""
        with self._lock:
            self._cancel.set()
            self._cancel, missing = threading.Event(), self._missing()
            if missing and background.active():
                self._cancel.set()
            self._task = self._pool.submit(self._work, self._cancel)
            looking = any(METHODS[asked.method].layer for asked in self._asked().values())
            self.controls["layer"].layout.display = "" if looking else "none"
            self._code.text = self.code()
            self._show()
        if missing:
            background.check_free()

    def _leave(self, _change: Any = None) -> None:
        """Renew the picture, once the reader has left: the page then draws the panel anew."""
        if self._pictured != self._asked():
            self._pictured = self._asked()
            self._pool.submit(self.renew)

    def _work(self, cancel: threading.Event) -> Any:
        while not cancel.is_set() and (missing := self._missing()):
            if background.active():  # begun since: two at work would end in wrong numbers
                return self.cancel()
            try:
                value = self._measure(*missing[0], cancel)
            except attribution.Canceled:
                return self._show()
            except Exception as error:
                value = error
            with self._lock:
                asked, stage = missing[0]
                self._known.setdefault(asked, {})[stage] = value
                self._show()
        if not (cancel.is_set() or self._pictured):
            self._leave()

    def _measure(self, asked: Asked, stage: str, cancel: threading.Event) -> Any:
        self._output(asked.case)
        if stage == "weights" and self._copy is None:
            msg = "the network cannot be copied, and its own weights stay. See evidence.randomized_weights."
            return RuntimeError(msg)
        images = 0

        def tick(count: int) -> None:
            nonlocal images
            images += count
            if background.active():
                cancel.set()
            if time.monotonic() - self._told > REFRESH_S and not cancel.is_set():
                self._told = time.monotonic()
                seen = text.counted(images, "image")
                words = f"{asked.method.replace('_', ' ')}, {STAGES[stage]}: {seen} so far"
                with self._lock:
                    self.status.show(words, working=True)

        known, x = self._known.get(asked, {}), self._x(asked.case)
        watched = {"cancel": cancel, "progress": tick}
        return map_evidence.measure(stage, self._network, asked, known, x, self._on, **watched)

    def _show(self) -> None:
        """Write what is known of the present choice, and nothing of another."""
        with self._lock:
            case, missing = self.controls["case"].value, self._missing()
            for side, known in self.result().items():
                asked = known.get("map")
                failed = isinstance(asked, Exception)
                heading = f"{self.controls[side].value.replace('_', ' ')}, {self.controls['target'].value}"
                values = None if asked is None or failed else asked.map[0].sum(axis=-1)
                problem = text.reason(asked) if failed else ""
                self.views[side].show(heading, self._images[case], values, map_evidence.rows(known), problem)
            parts, of = [f"case {case} of {self.title}"], dict(enumerate(self._names))
            if self._labels:
                parts.append(f"label: {of.get(self._labels[case], self._labels[case])}")
            if (output := self._outputs.get(case)) is not None:
                place = int(np.argmax(output)) if np.size(output) > 1 else 1
                parts.append(f"the network's output: {of.get(place, '')} {np.max(output):.3g}")
            self.said.value = text.escape(" · ".join(parts))
            working = bool(missing) and not self._cancel.is_set()
            self.progress.max = len(STAGES) * len(set(self._asked().values()))
            self.progress.value = self.progress.max - len(missing)
            self.buttons["Cancel"].disabled = not working
            self.buttons["Compute"].disabled = working or not missing
            left = "computing" if working else "not all is computed: press Compute to go on"
            self.status.show(left if missing else "all is computed", working=working)
