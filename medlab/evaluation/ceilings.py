"""How far a network is from the best that its images allow, known only where the patients are simulated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medlab import metrics
from medlab.data import Dataset

# The best reader of each source orders the patients by this column.
_READERS = {"image": "risk_image", "clinical": "risk_clinical", "both": "risk", "diameter": "diameter_mm"}


def expected_auc_and_ceiling(dataset: Dataset, scores: NDArray[np.float64]) -> dict[str, float] | None:
    """Return the ceilings on the test patients and what the scores reach, free of the labels' luck.

    Parameters
    ----------
    dataset : Dataset
        Its test attributes hold ``risk`` (true probability of malignancy), ``risk_image`` and
        ``risk_clinical`` (what the image alone, and the clinical variables alone, say of it).
    scores : float array, shape (N,)
        The network's output for the test images.

    Returns
    -------
    ceiling : dict or None
        Expected AUC of the best reader of ``image``, ``clinical``, ``both``, of the ``diameter`` alone
        where it is known, of the scores (``expected_auc``), and ``fraction_of_ceiling``: the scores'
        distance from 0.5 over the image's. None unless the data set is simulated with known risk.
    """
    known = dataset.test.attributes
    if not (dataset.simulated and {"risk", "risk_image", "risk_clinical"} <= set(known)):
        return None
    # The simulated risk is that of malignancy; a network may be asked for the other class.
    benign = dataset.positive_class is not None and dataset.class_names[dataset.positive_class] == "benign"
    risk = 1 - known["risk"] if benign else known["risk"]
    ceiling = {
        reader: metrics.expected_auc(risk, -known[column] if benign else known[column])
        for reader, column in _READERS.items()
        if column in known
    }
    reached = metrics.expected_auc(risk, scores)
    fraction = (reached - 0.5) / (ceiling["image"] - 0.5)
    return {**ceiling, "expected_auc": reached, "fraction_of_ceiling": fraction}
