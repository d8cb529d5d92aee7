"""The data set of simulated EEG: spike-and-wave discharge, or not."""

from __future__ import annotations

import numpy as np

from medlab.data.dataset import Dataset, Split
from medlab.data.phantoms.signals import CHANNELS, RATE_HZ, eeg
from medlab.data.phantoms.splits import check_sizes, patient_names


def simulated_eeg(
    n_train: int = 1500, n_val: int = 300, n_test: int = 600, seed: int = 0, *, amplitude_uv: float = 40.0
) -> Dataset:
    """Simulate four-second recordings: spike-and-wave discharge, or slow waves with spikes out of step.

    Parameters
    ----------
    n_train, n_val, n_test : int, >= 1
        Recordings in each split; each is of a patient of its own.
    seed : int, >= 0
        Same seed, same bytes. The splits are drawn apart.
    amplitude_uv : float, [0, 500], microvolts
        Median height of a spike; the background has about 12.

    Returns
    -------
    dataset : Dataset
        Sequences, float32, shape (N, 512, 4), in microvolts. Attributes: ``onset_s``, ``end_s``,
        ``rate_hz``, ``spikes_s``, see `Recordings`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    sizes = check_sizes(n_train, n_val, n_test, seed)
    splits: list[Split] = []
    for index, size in enumerate(sizes):
        found = eeg(size, seed=(seed, index), amplitude_uv=amplitude_uv)
        first = sum(map(len, splits))
        splits.append(
            Split(
                images=found.signals_uv,
                labels=found.is_discharge.astype(np.int64),
                patients=patient_names(first, size),
                attributes={
                    name: getattr(found, name) for name in ("onset_s", "end_s", "rate_hz", "spikes_s")
                },
            )
        )
    return Dataset(
        name="simulated_eeg",
        train=splits[0],
        val=splits[1],
        test=splits[2],
        task="binary",
        class_names=("spikes out of step", "spike-and-wave"),
        positive_class=1,
        modality="EEG (simulated)",
        source="medlab.data.phantoms: simulated, no patient's signals",
        license="Apache-2.0 (made by medlab)",
        citation=(
            "Gibbs, Davis and Lennox 1935, doi 10.1001/archneurpsyc.1935.02250240002001; Kane et al. 2017, "
            "doi 10.1016/j.cnp.2017.07.002."
        ),
        label_meaning=(
            "Simulated. Spike-and-wave complexes at 3 a second, against the same slow waves and as many "
            "spikes that come at any time."
        ),
        simulated=True,
        notes=(f"{RATE_HZ:g} Hz, channels {', '.join(CHANNELS)}; spikes of {amplitude_uv:g} microvolts.",),
    )
