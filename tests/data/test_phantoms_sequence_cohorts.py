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
    eeg,
    grown_diameter,
    simulated_candidates,
    simulated_eeg,
    simulated_growth,
    visits,
)
from medlab.data.phantoms.signals import RATE_HZ, WAVE_DELAY_S, spike, wave

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


def test_central_slices_are_the_same_bytes_and_both_questions_ask_about_them(volumes):
    flat = simulated_candidates(12, 3, 4, seed=3, volumes=False)
    size = simulated_candidates(12, 3, 4, seed=3, volumes=False, question="size")
    assert flat.spacing_mm == (0.75, 0.75)
    np.testing.assert_array_equal(volumes.test.images[:, 6], flat.test.images)
    np.testing.assert_array_equal(flat.test.images, size.test.images)
    np.testing.assert_array_equal(flat.test.labels, volumes.test.labels)
    np.testing.assert_array_equal(size.train.labels, size.train.attributes["diameter_mm"] > 8)
    assert size.class_names == ("up to 8 mm", "above 8 mm")


def test_the_end_slices_tell_a_vessel_and_no_larger_training_set_changes_the_test_set(volumes):
    # 6 mm (12 mm wide, 1.1 high: 6.6) from the center a nodule has ended, and a vessel goes on
    whole = simulated_candidates(16, 3, 4, seed=3, side=64)
    in_body = whole.train.attributes["mask"][:, 0].any(axis=(1, 2))
    assert not in_body[whole.train.labels == 1].any()
    assert in_body[whole.train.labels == 0].all()
    np.testing.assert_array_equal(whole.test.images[:, :, 16:48, 16:48], volumes.test.images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"question": "nodul"}, r"question must be one of: nodule, size; got 'nodul'\. Did you mean"),
        ({"side": 65}, "side must lie between 8 and 64, got 65"),
        ({"n_slices": 7}, "n_slices must lie between 8 and 32, got 7"),
        ({"n_val": 0}, "n_val must lie between 1 and infinity, got 0"),
        ({"seed": -1}, "seed must lie between 0 and infinity, got -1"),
        ({"window_hu": (0, 0)}, "width of window_hu must lie between 1 and 8192, got 0"),
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
    growth = simulated_growth(4, 2, 2, seed=1, diameter_mm=(6.0, 10.0))
    seen = visits(4, seed=(1, 0), times_days=[0], diameter_mm=(6.0, 10.0))
    known = growth.train.attributes
    np.testing.assert_array_equal(known["diameters_mm"][:, 0], seen.diameter_mm[:, 0])
    np.testing.assert_array_equal(known["doubling_time_days"], seen.doubling_time_days)
    np.testing.assert_array_equal(known["malignant"], seen.malignant)


def test_readings_scatter_as_stated_and_fewer_visits_begin_alike():
    growth = simulated_growth(2000, 5, 5, reading_sd_mm=0.5)
    error = growth.train.images[..., 0] - growth.train.attributes["diameters_mm"][:, :4]
    assert error.std() == pytest.approx(0.5, rel=0.03)
    assert error.mean() == pytest.approx(0, abs=0.02)
    fewer = simulated_growth(2000, 5, 5, reading_sd_mm=0.5, n_visits=2)
    np.testing.assert_array_equal(fewer.train.images, growth.train.images[:, :2])


def test_the_doublings_of_a_year_are_a_question_of_their_own():
    growth = simulated_growth(50, 5, 5, target="doubling")
    days = growth.train.attributes["doubling_time_days"]
    np.testing.assert_allclose(growth.train.labels * days, 365.25, rtol=1e-6)
    assert growth.class_names == ("volume doublings a year",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "diametre"}, "target must be one of: diameter, doubling; got 'diametre'"),
        ({"n_visits": 5}, "n_visits must lie between 2 and 4, got 5"),
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
def pairs():
    return eeg(200, kind="discharge", seed=5), eeg(200, kind="mimic", seed=5)


def test_a_spike_has_height_1_and_no_area_and_its_wave_comes_later():
    assert spike(np.array([0.0, 0.016, 10.0])).tolist() == [-1, 0, 0]  # crosses 0 one sd from its peak
    times = np.arange(-0.2, 0.2, 1e-4)
    assert abs(spike(times).sum() * 1e-4) < 1e-9
    assert wave(np.array([WAVE_DELAY_S])).tolist() == [0.8]


def test_recordings_have_the_stated_shapes_and_steps(pairs):
    discharge, mimic = pairs
    assert discharge.signals_uv.shape == (200, 512, 4)
    assert discharge.signals_uv.dtype == np.float32
    np.testing.assert_allclose(discharge.signals_uv * 10, np.rint(discharge.signals_uv * 10), atol=1e-3)
    assert discharge.is_discharge.all()
    assert not mimic.is_discharge.any()
    assert len(mimic) == 200


def test_a_discharge_and_its_mimic_differ_in_the_times_of_their_spikes_alone(pairs):
    discharge, mimic = pairs
    for name in ("onset_s", "end_s", "rate_hz"):
        np.testing.assert_array_equal(getattr(discharge, name), getattr(mimic, name))
    np.testing.assert_array_equal(np.isnan(discharge.spikes_s), np.isnan(mimic.spikes_s))
    gaps = np.diff(discharge.spikes_s, axis=1)
    regular = np.broadcast_to(1 / discharge.rate_hz[:, None], gaps.shape)
    np.testing.assert_allclose(gaps[~np.isnan(gaps)], regular[~np.isnan(gaps)], rtol=1e-9)
    inside = mimic.spikes_s[~np.isnan(mimic.spikes_s)]
    assert inside.min() > 0.2
    assert inside.max() < 3.8
    assert np.all((discharge.onset_s >= 0.25) & (discharge.end_s <= 3.75))


def test_a_loud_discharge_peaks_where_its_truth_says():
    loud = eeg(20, kind="discharge", seed=1, amplitude_uv=500)
    for signal, times in zip(loud.signals_uv[..., 0], loud.spikes_s, strict=True):
        for time in times[~np.isnan(times)]:
            near = slice(round(time * RATE_HZ) - 8, round(time * RATE_HZ) + 9)
            assert abs(np.argmin(signal[near]) - 8) <= 1


def test_size_and_power_do_not_tell_them_apart_but_the_order_does():
    seen = eeg(1000, seed=2)
    front = seen.signals_uv[..., :2].mean(axis=-1)
    power = np.abs(np.fft.rfft(front, axis=1)) ** 2
    band = power[:, 10:15].sum(axis=1)  # 2.5 to 3.5 Hz: lines are 0.25 Hz apart
    for score in (np.abs(front).max(axis=1), band, np.abs(np.diff(front, axis=1)).sum(axis=1)):
        assert abs(metrics.auc(seen.is_discharge, score) - 0.5) < 0.1
    # the mean over the channels at the places of regular spikes, from the truth
    at_s = seen.onset_s[:, None] + np.arange(4) / seen.rate_hz[:, None]
    at = np.rint(at_s * RATE_HZ).astype(int)
    sharp = front - (np.roll(front, 4, axis=1) + np.roll(front, -4, axis=1)) / 2
    score = -np.take_along_axis(sharp, at, axis=1).mean(axis=1)
    assert metrics.auc(seen.is_discharge, score) > 0.99


def test_the_background_falls_with_frequency_and_alpha_is_at_the_back():
    calm = eeg(300, seed=3, amplitude_uv=0).signals_uv
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
    np.testing.assert_array_equal(dataset.test.images, eeg(6, seed=(4, 2)).signals_uv)
    np.testing.assert_array_equal(dataset.test.labels, eeg(6, seed=(4, 2)).is_discharge)
    assert dataset.flips == ()
    assert dataset.test.attributes["spikes_s"].shape == (6, 6)
    assert simulated_eeg(40, 5, 6, seed=4).test.patients[0] == "sim-000045"
    normal = normalize(dataset)
    assert len(normal.mean) == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: eeg(0), "n must lie between 1 and infinity, got 0"),
        (lambda: eeg(3, kind="seizure"), "kind must be one of: discharge, mimic, both; got 'seizure'"),
        (lambda: eeg(3, amplitude_uv=-1), "amplitude_uv must lie between 0 and 500, got -1"),
        (lambda: eeg(3, seed=-1), "seed must lie between 0 and infinity, got -1"),
        (lambda: simulated_eeg(0), "n_train must lie between 1 and infinity, got 0"),
        (lambda: simulated_eeg(2, 2, 2, -1), "seed must lie between 0 and infinity, got -1"),
    ],
)
def test_recordings_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def digest(seed):
    signals = eeg(300, seed=seed).signals_uv
    sequences = simulated_growth(300, 2, 2, seed=seed).train.images
    return hashlib.sha256(signals.tobytes() + sequences.tobytes()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_a_part_is_a_beginning():
    assert digest(8) == digest(8)
    assert digest(8) != digest(7)
    np.testing.assert_array_equal(eeg(10, seed=7).signals_uv, eeg(300, seed=7).signals_uv[:10])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib; from medlab.data.phantoms import eeg, simulated_growth; "
        "a = eeg(300, seed=7).signals_uv; b = simulated_growth(300, 2, 2, seed=7).train.images; "
        "print(hashlib.sha256(a.tobytes() + b.tobytes()).hexdigest())"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(7)
