"""Why the network answered as it did: maps over the worst and the most typical test images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from medlab.reports.picturing import answer_of, truth_of
from medlab.text import escape

if TYPE_CHECKING:
    from IPython.display import Markdown
    from numpy.typing import NDArray

    from medlab.plots import Picture

METHOD = "integrated_gradients"
_SHOWN = 6
# Steps of the integral, and what they may cost: some ten seconds of two CPU cores. A ResNet on large images
# gets fewer steps; by its arithmetic, not by the clock, so that a seed gives the same figures everywhere.
_MOST_STEPS, _LEAST_STEPS, _MULTIPLY_ADDS = 50, 10, 5e11


def explanations(dataset: Any, run: Any, evaluation: Any, k: int = 3) -> list[Picture | Markdown]:
    """Draw what the network's answers depend on, for its worst errors and for its most typical right answers.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    run : medlab.training.Run, or medlab.models.Bundle
        Has `model` and `normalize`.
    evaluation : medlab.evaluation.Evaluation
    k : int
        Test images of each kind of error, and of each class; six at most in a figure.

    Returns
    -------
    shown : list
        A figure of the worst errors, where there are any, one of typical answers, and how to read them.
    """
    kinds = ("false positive", "false negative") if dataset.task == "binary" else ("all",)
    worst = np.concatenate([evaluation.worst_errors(k, kind) for kind in kinds])
    shown, errors = [], []
    for what, index in (("worst errors", worst), ("typical right answers", evaluation.most_typical(k))):
        if len(index):
            picture, error = _explained(dataset, run, evaluation, index[:_SHOWN], what)
            shown.append(picture)
            errors.append(error)
    return [*shown, _how_to_read(dataset, np.concatenate(errors))] if shown else []


def _explained(
    dataset: Any, run: Any, evaluation: Any, index: NDArray[np.int64], what: str
) -> tuple[Picture, NDArray[Any]]:
    from medlab import models
    from medlab.evaluation import attribute

    images = dataset.test.images[index]
    on = "output" if dataset.task == "regression" else "logit"
    cost = max(1, models.cost(run.model).multiply_adds) * len(images)
    steps = int(np.clip(_MULTIPLY_ADDS / cost, _LEAST_STEPS, _MOST_STEPS))
    found = attribute(METHOD, run.model, run.normalize(images), on=on, steps=steps)
    simulated = "simulated, " if dataset.simulated else ""
    titles = [
        f"{simulated}{truth_of(dataset, label)}; {answer_of(dataset, answer)}"
        for label, answer in zip(
            dataset.test.labels[index], evaluation.predictions["test"][index], strict=True
        )
    ]
    picture = found.overlay(images, titles, spacing_mm=dataset.spacing_mm)
    picture.alt = f"Maps by integrated gradients over the {what}: {'; '.join(titles)}"
    picture.suptitle(what.capitalize(), fontsize="medium")
    return picture, np.asarray(found.relative_error)


def _how_to_read(dataset: Any, errors: NDArray[Any]) -> Markdown:
    from IPython.display import Markdown

    asked = "the class that the network answered"
    if dataset.task == "binary":
        asked = f"the class {escape(dataset.class_names[dataset.positive_class])}"
    elif dataset.task == "regression":
        asked = "a larger value"
    elif dataset.task == "multilabel":
        asked = "the label with the highest probability, which need not be the wrong one"
    return Markdown(
        f"Orange pixels spoke for {asked}, purple ones against, measured from the mean gray of the training "
        "images (integrated gradients: Sundararajan et al. 2017, arXiv 1703.01365). The parts of a map add "
        f"up to how far the answer is from that at mean gray, but for {np.nanmedian(errors):.1%} (median). A "
        "map says what this network's answer depends on. It does not say that the answer is right, nor why a "
        "patient is ill; a network that looks at the finding may be wrong, and one that looks beside it "
        "should not be believed."
    )
