"""Nodule or vessel, growth over visits, and EEG: what the simulated sequences hold."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from medlab import metrics
from medlab.data.normalization import normalize
from medlab.data.phantoms import (
    candidates,
    grown_diameter,
    simulated_candidates,
    simulated_eeg,
    simulated_growth,
    visits,
)
from medlab.data.phantoms.cohorts import to_gray
from medlab.data.phantoms.signals import RATE_HZ, WAVE_DELAY_S, draw_eeg, spike, wave

# --- nodule or vessel


@pytest.fixture(scope="module")
def volumes():
    return simulated_candidates(12, 3, 4, seed=3)


def test_volumes_are_the_central_part_of_both_kinds(volumes):
    assert volumes.image_shape == (12, 32, 32, 1)
    assert volumes.train.images.dtype == np.uint8
    assert volumes.spacing_mm == (1.5, 0.75, 0.75)
    assert volumes.class_names == ("vessel", "nodule")
    np.testing.assert_array_equal(volumes.train.labels, volumes.train.attributes["is_nodule"])
    assert 0 < volumes.train.labels.mean() < 1
    assert "central slices" in volumes.label_meaning


def test_central_slices_are_the_same_bytes(volumes):
    flat = candidates(4, kind="both", seed=(3, 2))
    gray = to_gray(flat.images_hu, *volumes.window_hu)
    np.testing.assert_array_equal(volumes.test.images[:, 6], gray[:, 16:48, 16:48])
    np.testing.assert_array_equal(volumes.test.labels, flat.is_nodule)


def test_the_end_slices_tell_a_vessel_and_no_larger_training_set_changes_the_test_set(volumes):
    # 6 mm (12 mm wide, 1.1 high: 6.6) from the center a nodule has ended, and a vessel goes on
    whole = candidates(16, kind="both", volumes=True, n_slices=12, seed=(3, 0))
    in_body = whole.masks[:, 0].any(axis=(1, 2))
    np.testing.assert_array_equal(in_body, ~whole.is_nodule)
    larger = simulated_candidates(16, 3, 4, seed=3)
    np.testing.assert_array_equal(larger.train.labels, whole.is_nodule)
    np.testing.assert_array_equal(larger.test.images, volumes.test.images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_val": 0}, "n_val must lie between 1 and infinity, got 0"),
        ({"seed": -1}, "seed must lie between 0 and infinity, got -1"),
    ],
)
def test_candidates_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulated_candidates(**{"n_train": 2, "n_val": 2, "n_test": 2, **options})


# --- growth


def test_readings_and_intervals_lead_to_the_next_diameter():
    growth = simulated_growth(300, 5, 5, seed=1, reading_sd_mm=0)
    split = growth.train
    assert growth.task == "regression"
    assert split.images.shape == (300, 4, 2)
    assert split.images.dtype == split.labels.dtype == np.float32
    known = split.attributes
    np.testing.assert_allclose(split.images[..., 0], known["diameters_mm"][:, :4], atol=0.051)
    np.testing.assert_array_equal(split.images[..., 1], np.diff(known["times_days"], axis=1))
    np.testing.assert_allclose(split.labels, known["next_mm"], rtol=1e-6)
    last = grown_diameter(
        known["diameters_mm"][:, 3], split.images[:, 3, 1], known["doubling_time_days"]
    )  # the last interval leads from the last reading to the answer
    np.testing.assert_allclose(split.labels, last, rtol=1e-5)


def test_the_nodules_are_those_of_visits():
    growth = simulated_growth(4, 2, 2, seed=1)
    seen = visits(4, seed=(1, 0), times_days=[0], diameter_mm=(6.0, 10.0))
    known = growth.train.attributes
    np.testing.assert_array_equal(known["diameters_mm"][:, 0], seen.diameter_mm[:, 0])
    np.testing.assert_array_equal(known["doubling_time_days"], seen.doubling_time_days)
    np.testing.assert_array_equal(known["malignant"], seen.malignant)


def test_readings_scatter_as_stated():
    growth = simulated_growth(2000, 5, 5, reading_sd_mm=0.5)
    error = growth.train.images[..., 0] - growth.train.attributes["diameters_mm"][:, :4]
    assert error.std() == pytest.approx(0.5, rel=0.03)
    assert error.mean() == pytest.approx(0, abs=0.02)


def test_the_doublings_of_a_year_are_a_question_of_their_own():
    growth = simulated_growth(50, 5, 5, target="doubling")
    days = growth.train.attributes["doubling_time_days"]
    np.testing.assert_allclose(growth.train.labels * days, 365.25, rtol=1e-6)
    assert growth.class_names == ("volume doublings a year",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "diametre"}, "target must be one of: diameter, doubling; got 'diametre'"),
        ({"reading_sd_mm": -0.1}, "reading_sd_mm must lie between 0 and 2, got -0.1"),
        ({"n_test": 0}, "n_test must lie between 1 and infinity, got 0"),
        ({"seed": -1}, "seed must lie between 0 and infinity, got -1"),
    ],
)
def test_growth_out_of_range_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulated_growth(**{"n_train": 2, "n_val": 2, "n_test": 2, **options})


# --- EEG


@pytest.fixture(scope="module")
def recordings():
    return draw_eeg(400, (5,))


def test_a_spike_has_height_1_and_no_area_and_its_wave_comes_later():
    assert spike(np.array([0.0, 0.016, 10.0])).tolist() == [-1, 0, 0]  # crosses 0 one sd from its peak
    times = np.arange(-0.2, 0.2, 1e-4)
    assert abs(spike(times).sum() * 1e-4) < 1e-9
    assert wave(np.array([WAVE_DELAY_S])).tolist() == [0.8]


def test_recordings_have_the_stated_shapes_and_steps(recordings):
    signals = recordings["signals_uv"]
    assert signals.shape == (400, 512, 4)
    assert signals.dtype == np.float32
    np.testing.assert_allclose(signals * 10, np.rint(signals * 10), atol=1e-3)
    assert recordings["is_discharge"].mean() == pytest.approx(0.5, abs=0.1)


def test_spikes_of_a_discharge_keep_a_rhythm_and_those_of_its_mimic_come_at_any_time(recordings):
    is_discharge, spikes_s = recordings["is_discharge"], recordings["spikes_s"]
    gaps = np.diff(spikes_s[is_discharge], axis=1)
    regular = np.broadcast_to(1 / recordings["rate_hz"][is_discharge, None], gaps.shape)
    np.testing.assert_allclose(gaps[~np.isnan(gaps)], regular[~np.isnan(gaps)], rtol=1e-9)
    drawn = spikes_s[~is_discharge]
    assert np.nanmin(drawn) > 0.2
    assert np.nanmax(drawn) < 3.8
    assert np.nanstd(np.diff(np.sort(drawn, axis=1), axis=1)) > 0.1
    assert set((~np.isnan(spikes_s)).sum(axis=1)) == {4, 5, 6}
    assert np.all((recordings["onset_s"] >= 0.25) & (recordings["end_s"] <= 3.75))


def test_a_loud_discharge_peaks_where_its_truth_says():
    loud = draw_eeg(40, (1,), 500)
    signals, spikes_s = (loud[name][loud["is_discharge"]] for name in ("signals_uv", "spikes_s"))
    for signal, times in zip(signals[..., 0], spikes_s, strict=True):
        for time in times[~np.isnan(times)]:
            near = slice(round(time * RATE_HZ) - 8, round(time * RATE_HZ) + 9)
            assert abs(np.argmin(signal[near]) - 8) <= 1


def test_size_and_power_do_not_tell_them_apart_but_the_order_does():
    seen = draw_eeg(1000, (2,))
    front = seen["signals_uv"][..., :2].mean(axis=-1)
    power = np.abs(np.fft.rfft(front, axis=1)) ** 2
    band = power[:, 10:15].sum(axis=1)  # 2.5 to 3.5 Hz: lines are 0.25 Hz apart
    for score in (np.abs(front).max(axis=1), band, np.abs(np.diff(front, axis=1)).sum(axis=1)):
        assert abs(metrics.auc(seen["is_discharge"], score) - 0.5) < 0.1
    # the mean over the channels at the places of regular spikes, from the truth
    at_s = seen["onset_s"][:, None] + np.arange(4) / seen["rate_hz"][:, None]
    at = np.rint(at_s * RATE_HZ).astype(int)
    sharp = front - (np.roll(front, 4, axis=1) + np.roll(front, -4, axis=1)) / 2
    score = -np.take_along_axis(sharp, at, axis=1).mean(axis=1)
    assert metrics.auc(seen["is_discharge"], score) > 0.99


def test_the_background_falls_with_frequency_and_alpha_is_at_the_back():
    calm = draw_eeg(300, (3,), 0)["signals_uv"]
    power = (np.abs(np.fft.rfft(calm, axis=1)) ** 2).mean(axis=0)
    hz = np.fft.rfftfreq(512, 1 / RATE_HZ)

    def band(low, high, channel):
        return power[(hz >= low) & (hz < high), channel].mean()

    # 1/f: from 2 to 4 Hz the mean is log 2 / 2, from 20 to 40 log 2 / 20
    assert band(2, 4, 0) / band(20, 40, 0) == pytest.approx(10, rel=0.15)
    assert band(8.5, 11.5, 2) > 3 * band(8.5, 11.5, 0)


def test_the_data_set_of_recordings_is_made_of_float32_sequences():
    dataset = simulated_eeg(30, 5, 6, seed=4)
    assert dataset.image_shape == (512, 4)
    alone = draw_eeg(6, (4, 2))
    np.testing.assert_array_equal(dataset.test.images, alone["signals_uv"])
    np.testing.assert_array_equal(dataset.test.labels, alone["is_discharge"])
    assert dataset.flips == ()
    assert dataset.test.attributes["spikes_s"].shape == (6, 6)
    assert simulated_eeg(40, 5, 6, seed=4).test.patients[0] == "sim-000045"
    normal = normalize(dataset)
    assert len(normal.mean) == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulated_eeg(0), "n_train must lie between 1 and infinity, got 0"),
        (lambda: simulated_eeg(2, 2, 2, -1), "seed must lie between 0 and infinity, got -1"),
    ],
)
def test_recordings_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def digest(seed):
    signals = draw_eeg(300, (seed,))["signals_uv"]
    sequences = simulated_growth(300, 2, 2, seed=seed).train.images
    return hashlib.sha256(signals.tobytes() + sequences.tobytes()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_a_part_is_a_beginning():
    assert digest(8) == digest(8)
    assert digest(8) != digest(7)
    part, whole = (draw_eeg(n, (7,))["signals_uv"] for n in (10, 300))
    np.testing.assert_array_equal(part, whole[:10])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib; from medlab.data.phantoms import simulated_growth; "
        "from medlab.data.phantoms.signals import draw_eeg; "
        "a = draw_eeg(300, (7,))['signals_uv']; b = simulated_growth(300, 2, 2, seed=7).train.images; "
        "print(hashlib.sha256(a.tobytes() + b.tobytes()).hexdigest())"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(7)
