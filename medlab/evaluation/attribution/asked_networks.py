"""What may be asked: a network, a finished training, a model folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from medlab.models import Bundle, load
from medlab.training.run import Run


def network_of(model: Any) -> tuple[keras.Model, Callable[[Any], Any], tuple[str, ...]]:
    """Return a network with what brings images to its input, and the names of its classes.

    Parameters
    ----------
    model : keras.Model, Run, Bundle, or path of a model folder
        A Keras network takes images that are normalized; the others take raw ones, and know their classes.

    Returns
    -------
    network : keras.Model
    normalize : callable
        Takes and returns images, shape (N, ..., C).
    target_names : tuple of str
        In the order of the targets; empty where nobody said.

    Raises
    ------
    TypeError
        If it is none of them.
    """
    if isinstance(model, str | Path):
        model = load(model)
    if isinstance(model, Run | Bundle):
        return model.model, model.normalize, model.target_names
    if not isinstance(model, keras.Model):
        msg = f"model must be a Keras network, a Run or the folder of a model, got a {type(model).__name__}."
        raise TypeError(msg)
    return model, np.asarray, ()
