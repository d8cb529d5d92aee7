"""Signals like an EEG: background, alpha rhythm, spike-and-wave discharges, and what resembles them.

Not an electrophysiological model: the sum of a few known parts, so that it is known what a detector can
find and where. A mimic has the same parts as a discharge, slow waves at 3 per second and as many spikes,
but its spikes come at random, at most one in each of six equal stretches: how high the signal is says
little, the order in time says it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medlab.data.phantoms.streams import FloatArray, stacked, streams

RATE_HZ = 128.0
SECONDS = 4.0
N_SAMPLES = int(RATE_HZ * SECONDS)
N_CHANNELS = 4  # F3, F4, O1, O2
SPIKE_SD_S = 0.016  # 32 ms between the zeros on both sides, within the 20 to 70 ms of a spike
WAVE_SD_S = 0.055
WAVE_DELAY_S = 0.14
# By channel: discharges are highest over the front of the head, the alpha rhythm over the back.
_DISCHARGE_AT = np.array([1.0, 1.0, 0.6, 0.6])
_ALPHA_AT = np.array([0.4, 0.4, 1.0, 1.0])
_BACKGROUND_UV, _ALPHA_UV = 12.0, 10.0
_COMPLEXES = (4, 6)
_REST_S = 0.25
CHUNK = 256
_TIMES_S = np.arange(N_SAMPLES) / RATE_HZ
_STREAMS = ("kinds", "background", "alpha", "discharges", "spikes")


def draw_eeg(n: int, entropy: tuple[int, ...], amplitude_uv: float = 40.0) -> dict[str, NDArray[Any]]:
    """Return the signals of n recordings, in microvolts, whether each is a discharge, and where it is.

    The first 100 of 2,000 are the 100 of the same entropy; see `simulated_eeg`.
    """
    generators = (streams(entropy, chunk, _STREAMS) for chunk in range(-(-n // CHUNK)))
    return stacked((_chunk(rng, amplitude_uv) for rng in generators), n)


def spike(delay_s: FloatArray) -> FloatArray:
    """Return a spike of height 1, negative as at the scalp, for times since its peak, shape (...), s.

    Its sum over time is 0, so that a row of spikes hardly adds to the power at 3 Hz.
    """
    off = (delay_s / SPIKE_SD_S) ** 2
    return (off - 1) * np.exp(-0.5 * off)


def wave(delay_s: FloatArray) -> FloatArray:
    """Return a slow wave of height 0.8, positive, for times since its spike's peak, shape (...), s."""
    return 0.8 * np.exp(-0.5 * ((delay_s - WAVE_DELAY_S) / WAVE_SD_S) ** 2)


def _chunk(rng: dict[str, np.random.Generator], amplitude_uv: float) -> dict[str, NDArray[Any]]:
    is_discharge = rng["kinds"].random(CHUNK) < 0.5
    draw = rng["discharges"]
    count = draw.integers(_COMPLEXES[0], _COMPLEXES[1] + 1, CHUNK)
    rate_hz = draw.uniform(2.7, 3.3, CHUNK)
    height_uv = amplitude_uv * np.exp(draw.normal(0, 0.2, CHUNK))
    length_s = count / rate_hz
    onset_s = _REST_S + draw.random(CHUNK) * (SECONDS - length_s - 2 * _REST_S)
    number = np.arange(_COMPLEXES[1])
    is_drawn = number < count[:, None]
    regular_s = onset_s[:, None] + number / rate_hz[:, None]
    # One spike in each sixth of the recording, so that they neither pile up nor keep a rhythm.
    order = rng["spikes"].permuted(np.tile(number, (CHUNK, 1)), axis=1)
    room_s = (SECONDS - 2 * _REST_S) / len(number)
    free_s = _REST_S + room_s * (order + rng["spikes"].random((CHUNK, len(number))))
    spikes_s = np.where(is_discharge[:, None], regular_s, free_s)

    heights = is_drawn * np.exp(rng["spikes"].normal(0, 0.25, is_drawn.shape))
    shape = np.zeros((CHUNK, N_SAMPLES))
    for k in number:
        shape += heights[:, k, None] * spike(_TIMES_S - spikes_s[:, k, None])
        shape += is_drawn[:, k, None] * wave(_TIMES_S - regular_s[:, k, None])
    signals = (height_uv[:, None] * shape)[..., None] * _DISCHARGE_AT
    signals += _background(rng["background"]) + _alpha(rng["alpha"])
    return {
        "signals_uv": np.round(signals, 1).astype(np.float32),
        "is_discharge": is_discharge,
        "onset_s": onset_s,
        "end_s": onset_s + length_s,
        "rate_hz": rate_hz,
        "spikes_s": np.where(is_drawn, spikes_s, np.nan),
    }


def _background(rng: np.random.Generator) -> FloatArray:
    """Return noise whose power falls as 1/f above 1 Hz, half of it common to all channels."""
    frequencies = np.fft.rfftfreq(N_SAMPLES, 1 / RATE_HZ)
    gain = 1 / np.sqrt(np.maximum(frequencies, 1.0))
    gain[0] = 0.0
    shape = (CHUNK, N_CHANNELS + 1, N_SAMPLES)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=shape), axis=-1) * gain, N_SAMPLES, axis=-1)
    noise *= _BACKGROUND_UV / np.sqrt(np.sum(gain**2) * 2 / N_SAMPLES)
    mixed = np.sqrt(0.5) * (noise[:, 1:] + noise[:, :1])
    return np.moveaxis(mixed, 1, -1)


def _alpha(rng: np.random.Generator) -> FloatArray:
    """Return a rhythm of 8.5 to 11.5 Hz that waxes and wanes, strongest at the back."""
    hz, phase, slow, start = (
        rng.uniform(low, high, (CHUNK, 1))
        for low, high in ((8.5, 11.5), (0, 2 * np.pi), (0.2, 0.6), (0, 2 * np.pi))
    )
    size = _ALPHA_UV * (1 + 0.6 * np.sin(2 * np.pi * slow * _TIMES_S + start))
    return (size * np.sin(2 * np.pi * hz * _TIMES_S + phase))[..., None] * _ALPHA_AT
