"""What attribution says of networks that were trained: on the lesion, complete, and a marker found."""

from dataclasses import replace

import numpy as np
import pytest

from medlab import data, metrics, models, training
from medlab.evaluation import attribute, evidence

pytestmark = pytest.mark.slow

# An L of bright pixels on a black tag, so that it can be seen on lung and on the chest wall.
MARKER, TAG = np.zeros((2, 64, 64), bool)
MARKER[8:10, 4:8] = MARKER[4:10, 4:6] = True
TAG[3:11, 3:9] = True


@pytest.fixture(scope="module")
def nodules():
    return data.load("simulated_nodules", n_train=2500, n_val=500, n_test=1000, seed=0)


def train(dataset):
    return training.fit(
        models.build("screening_cnn", dataset, seed=0), dataset, epochs=12, seed=0, progress=False
    )


@pytest.fixture(scope="module")
def run(nodules):
    return train(nodules)


@pytest.fixture(scope="module")
def malignant(nodules, run):
    index = np.flatnonzero(nodules.targets(nodules.test) == 1)[:100]
    return run.normalize(nodules.test.images[index]), nodules.test.attributes["mask"][index]


def test_most_of_the_mass_lies_in_the_lesion_and_the_map_adds_up(run, malignant):
    x, masks = malignant
    explained = attribute("integrated_gradients", run.model, x, on="logit")
    assert evidence.mass_inside(explained.map, masks).mean() >= 5 * masks.mean()
    assert np.abs(explained.completeness_error).sum() <= 1e-2 * np.abs(explained.difference).sum()
    assert evidence.deletion(run.model, explained).better.mean() >= 0.95


def test_maps_hang_on_what_was_learned(run, malignant):
    def edges(model, x):
        return np.abs(np.gradient(np.asarray(x)[..., 0], axis=(1, 2))).sum(axis=0)[..., np.newaxis]

    x = malignant[0][:10]
    for method in ("saliency", "input_x_gradient", "integrated_gradients", "smooth_grad", "gradient_shap"):
        assert evidence.randomized_weights(method, run.model, x, on="logit").passes, method
    assert not evidence.randomized_weights(edges, run.model, x).passes


def burned(dataset, chance_benign, chance_malignant):
    parts, rng = {}, np.random.default_rng(0)
    for name, split in dataset.splits().items():
        chance = np.where(dataset.targets(split) == 1, chance_malignant, chance_benign)
        images = split.images.copy()
        burned_in = (rng.random(len(split)) < chance)[:, None, None]
        images[burned_in & TAG] = 0
        images[burned_in & MARKER] = 255
        parts[name] = replace(split, images=images)
    return replace(dataset, **parts, fingerprint="")


def test_a_planted_marker_is_found_by_deletion(nodules):
    deceived = train(burned(nodules, 0.1, 0.9))
    truth = nodules.targets(nodules.test)
    hospital, clean = burned(nodules, 0.1, 0.9).test.images, nodules.test.images
    assert metrics.auc(truth, deceived.predict(hospital)) > metrics.auc(truth, deceived.predict(clean)) + 0.05
    marked = burned(nodules, 1, 1).test.images[:100]
    explained = attribute("integrated_gradients", deceived.model, deceived.normalize(marked), on="logit")
    suspect = replace(explained, map=np.broadcast_to(TAG[..., np.newaxis], marked.shape).astype(float))
    score = evidence.deletion(deceived.model, suspect, until=0.012, steps=4, orders=20)
    assert score.better.sum() >= 95, score.describe()
    # Any other corner is no better than chance.
    mirrored = replace(suspect, map=suspect.map[:, :, ::-1].copy())
    assert evidence.deletion(deceived.model, mirrored, until=0.012, steps=4, orders=20).better.sum() <= 50
