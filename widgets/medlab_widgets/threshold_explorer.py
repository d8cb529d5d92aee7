"""`ThresholdExplorer`: what a threshold means, for the people tested and at another prevalence."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from medlab import checks, metrics, plots
from medlab.metrics.inputs import both_classes, probability_pair
from medlab.notebook import answer_at_once
from medlab_widgets.picture_mixin import PictureMixin

BINS = 40
PEOPLE = 10_000
POINT = ("threshold", "prevalence", "risk_threshold")
LOWEST = 0.0001  # prevalence and risk threshold that the sliders reach


class ThresholdExplorer(PictureMixin, anywidget.AnyWidget):
    """Move the threshold of a binary test and see who is called, who is missed, and what an answer is worth.

    Parameters
    ----------
    targets : array, shape (N,), 0 or 1
        The truth; both must occur.
    probabilities : array, shape (N,), in [0, 1]
        Called is whose probability is the threshold or more.
    threshold : float in [0, 1]
    prevalence : float in [0.0001, 0.5] or None
        Part of the people tested who are ill, for the predictive values and the net benefit. None: that of
        the targets (at most 0.5).
    risk_threshold : float in [0.0001, 0.9] or None
        The risk from which one would want a person to be called: see `medlab.metrics.net_benefit`. None: the
        prevalence.
    class_names : names of the negative and the positive class

    Attributes
    ----------
    facts : dict
        ``matrix`` (counts, rows are the truth), ``rows`` (name and value as text), ``people`` (a sentence),
        and where the sliders stood: ``threshold``, ``prevalence``, ``risk_threshold``.
    left : int
        How often a reader moved something and then left; the picture that the notebook keeps is renewed then.

    Raises
    ------
    ValueError
        If a class is missing, a number is missing or out of its range, or there are not two names.

    Examples
    --------
    ``ThresholdExplorer(judged.targets["test"], judged.predictions["test"], prevalence=0.01)``
    """

    _esm = Path(__file__).parent / "static" / "threshold_explorer.js"
    threshold = t.Float(0.5, min=0.0, max=1.0).tag(sync=True)
    prevalence = t.Float(0.1, min=LOWEST, max=0.5).tag(sync=True)
    risk_threshold = t.Float(0.1, min=LOWEST, max=0.9).tag(sync=True)
    class_names = t.List(t.Unicode(), default_value=["negative", "positive"], read_only=True).tag(sync=True)
    shares: t.List[Any] = t.List(read_only=True).tag(sync=True)
    facts = t.Dict(read_only=True).tag(sync=True)
    left = t.Int(0).tag(sync=True)

    def __init__(
        self,
        targets: ArrayLike,
        probabilities: ArrayLike,
        *,
        threshold: float = 0.5,
        prevalence: float | None = None,
        risk_threshold: float | None = None,
        class_names: Sequence[str] = ("negative", "positive"),
        **traits: Any,
    ) -> None:
        self._truth, self._scores = probability_pair(targets, probabilities)
        both_classes(self._truth, self._scores, "ThresholdExplorer")
        names = [class_names] if isinstance(class_names, str) else list(class_names)
        if len(names) != 2:
            msg = f"class_names must be the names of the negative and the positive class, got {names}."
            raise ValueError(msg)
        if prevalence is None:
            prevalence = min(0.5, max(LOWEST, float(self._truth.mean())))
        risk = prevalence if risk_threshold is None else risk_threshold
        point = {"threshold": threshold, "prevalence": prevalence, "risk_threshold": risk}
        for name, value in point.items():
            trait = self.class_traits()[name]
            point[name] = checks.in_range(name, value, trait.min, trait.max)
        self._lock = threading.RLock()
        super().__init__(**point, **traits)
        answer_at_once([self], self._lock)
        self.set_trait("class_names", [str(name) for name in names])
        self.set_trait("shares", [self._share(k) for k in (0, 1)])
        self._measure()

    def __setattr__(self, name: str, value: Any) -> None:
        # The page moves it in a thread of its own, beside the cell that does so here.
        with self.__dict__.get("_lock") or contextlib.nullcontext():
            super().__setattr__(name, value)

    def _share(self, truth: int) -> list[float]:
        """Return the part of a class in each of `BINS` equal parts of [0, 1]."""
        counts, _ = np.histogram(self._scores[self._truth == truth], BINS, (0, 1))
        return [round(float(count), 5) for count in counts / counts.sum()]

    @t.validate(*POINT)
    def _is_number(self, proposal: Any) -> float:
        if np.isnan(proposal.value):
            msg = f"{proposal.trait.name} must be a number, got {proposal.value}. The old one stays."
            raise t.TraitError(msg)
        return float(proposal.value)

    @t.observe(*POINT)
    def _measure(self, _change: Any = None) -> None:
        if not self.shares:
            return  # still being made
        decisions = self._truth, self._scores, self.threshold
        rates = metrics.sensitivity(*decisions), metrics.specificity(*decisions)
        facts: dict[str, Any] = {name: getattr(self, name) for name in POINT}
        facts["matrix"] = metrics.confusion(*decisions).tolist()
        facts |= {"rows": self._rows(*rates), "people": self._people(*rates)}
        self.set_trait("facts", facts)

    def _rows(self, sensitivity: float, specificity: float) -> list[tuple[str, str]]:
        positive, negative = metrics.predictive_values(sensitivity, specificity, self.prevalence)
        weighing = self.prevalence, self.risk_threshold
        return [
            ("threshold", f"{self.threshold:.3f}"),
            ("sensitivity", f"{sensitivity:.3f}"),
            ("specificity", f"{specificity:.3f}"),
            (f"PPV at a prevalence of {self.prevalence:.2%}", _share_or_none(positive)),
            (f"NPV at a prevalence of {self.prevalence:.2%}", _share_or_none(negative)),
            ("net benefit", f"{metrics.net_benefit(sensitivity, specificity, *weighing):+.4f}"),
            ("net benefit, everybody called", f"{metrics.net_benefit(1, 0, *weighing):+.4f}"),
            ("net benefit, nobody called", "0"),
        ]

    def _people(self, sensitivity: float, specificity: float) -> str:
        """Say in a sentence what the rates mean for `PEOPLE` people."""
        ill = round(PEOPLE * self.prevalence)
        called_ill, called_well = round(ill * sensitivity), round((PEOPLE - ill) * (1 - specificity))
        worth = (1 - self.risk_threshold) / self.risk_threshold
        return (
            f"Of {PEOPLE:,} people tested {ill:,} are {self.class_names[1]}: {called_ill:,} of them are "
            f"called, {ill - called_ill:,} are missed; {called_well:,} others are called for nothing. "
            f"The net benefit takes one find to be worth {worth:.3g} needless calls."
        )

    def picture(self) -> plots.Picture:
        """Return the operating point as a picture."""
        negative, positive = self.class_names
        labels = (f"{negative}, cleared", f"{negative}, called", f"{positive}, missed", f"{positive}, called")
        counts = (f"{count:,}" for row in self.facts["matrix"] for count in row)
        rows = [*self.facts["rows"], *zip(labels, counts, strict=True)]
        return plots.score_histogram(self._truth, self._scores, self.threshold, self.class_names, rows)

    def __repr__(self) -> str:
        measures = ", ".join(f"{name} {value}" for name, value in self.facts["rows"])
        return f"<ThresholdExplorer: {measures}>"


def _share_or_none(value: float) -> str:
    return "nobody has this answer" if np.isnan(value) else f"{value:.3f}"
