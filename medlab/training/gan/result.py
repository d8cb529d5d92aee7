"""What an adversarial training leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GANRun:
    """A finished adversarial training.

    Attributes
    ----------
    history : pandas.DataFrame
        A row every ``record_every`` steps, each number the mean since the row before: ``step`` (the
        generator's, from 1), ``seconds`` (since the start), ``critic_loss``, ``generator_loss``,
        ``real_score`` and ``fake_score`` (the critic's, any number), ``penalty`` where there is one; for an
        inpainter also ``reconstruction``.
    snapshots : float32 array, shape (K, n, H, W, C) or (K, n, D)
        The same n noise vectors (or holes) after `snapshot_steps` steps.
    snapshot_steps : int array, shape (K,)
    steps : int
        Steps of the generator.
    train_seconds : float
        Wall time, compilation and snapshots included, over all parts of a resumed training.
    options : mapping
        Every option as it was used.
    seed : int
    backend : str
    """

    history: pd.DataFrame
    snapshots: NDArray[np.float32]
    snapshot_steps: NDArray[np.int64]
    steps: int
    train_seconds: float
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    backend: str = "tensorflow"
