from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medlab.data import phantoms
from medlab.evaluation.generation import (
    at_equal_counts,
    frechet_distance,
    judge,
    network_features,
    train_on_synthetic,
)

pytestmark = pytest.mark.slow
EPOCHS = 4


@pytest.fixture(scope="module")
def dataset():
    return phantoms.simulated_nodules(240, 120, 120, seed=5)


@pytest.fixture(scope="module")
def features(dataset):
    return network_features(dataset, seed=1, epochs=EPOCHS)


def fresh(n, seed):
    split = phantoms.simulated_nodules(n, 1, 1, seed=seed).train
    return split.images, split.labels


def test_network_features_are_seeded_small_and_say_what_they_are(dataset, features):
    values = features.of(dataset.test.images)
    assert values.shape == (120, features.dimensions)
    assert features.dimensions <= 64
    assert "layer features of screening_cnn, trained on simulated_nodules (seed 1)" in features.describe()
    again = network_features(dataset, seed=1, epochs=EPOCHS)
    floor = at_equal_counts(values, values).floor
    assert frechet_distance(again.of(dataset.test.images), values) < 0.01 * floor.value


def test_judge_finds_nothing_in_fresh_real_images_and_catches_the_planted_copies(dataset, features):
    images, labels = fresh(150, 77)
    real = judge(images, dataset, labels, features=features, epochs=EPOCHS, repeats=20)
    assert not real.copies
    assert real.count == 120
    for measured in (real.network, real.pixels):
        for name, compared in measured.items():
            assert compared.generated.high >= compared.floor.low, name
            assert compared.generated.low <= compared.floor.high, name
    assert real.table().columns.tolist() == ["generated", "floor", "better"]
    assert len(real.table()) == 8 + 4 + 1

    told = "0.700, no interval: it rests on 3 images of a class, fewer than 5"
    few = replace(real.usefulness, auc=0.7, auc_ci=(np.nan, np.nan), ci_reasons={"auc": told.split(": ")[1]})
    assert replace(real, usefulness=few).table().loc["AUC on real test images", "generated"] == told

    noise = np.random.default_rng(0).normal(0, 2, (150, 64, 64, 1))
    copied = judge(dataset.train.images[:150, :, ::-1] + noise, dataset, features=features, repeats=20)
    assert copied.copies
    assert copied.memorized_pixels.p < 1e-6
    assert copied.usefulness is None

    flat = judge(np.repeat(images[:3], 50, axis=0), dataset, features=features, repeats=20)
    assert flat.pixels["coverage"].generated.value < flat.pixels["coverage"].floor.low
    assert flat.network["frechet"].generated.value > flat.network["frechet"].floor.high


def test_training_on_fresh_images_is_worth_training_on_real_ones_and_on_wrong_labels_is_not(dataset):
    images, labels = fresh(240, 78)
    good = train_on_synthetic(images, labels, dataset, epochs=8)
    assert good.auc > 0.6
    assert good.auc_ci[1] > good.auc_real_ci[0]
    wrong = train_on_synthetic(images, 1 - labels, dataset, epochs=8)
    assert wrong.auc < 0.5
    assert wrong.auc < wrong.auc_real - 0.05


def test_a_test_split_of_few_images_of_a_class_gives_no_interval(dataset):
    some = [*np.flatnonzero(dataset.test.labels == 0), *np.flatnonzero(dataset.test.labels == 1)[:4]]
    few = replace(dataset, test=dataset.test.subset(np.array(some)))
    judged = train_on_synthetic(*fresh(100, 79), few, epochs=1)
    assert np.isnan([judged.auc_ci, judged.auc_real_ci]).all()
    assert set(judged.ci_reasons) == {"auc", "auc_real"}
    assert judged.ci_reasons["auc"] == "it rests on 4 images of a class, fewer than 5"
