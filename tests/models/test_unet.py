"""The U-Net: its size by hand, its contract, what it refuses, and the same numbers on every backend."""

import json

import numpy as np
import pytest

from medlab import models
from medlab.data import Dataset, Split
from medlab.data.normalization import normalize

pytestmark = pytest.mark.slow

NAMES = ("background", "one", "two")


def masked(rng, shape, task="segmentation"):
    def split(count):
        images = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
        masks = (images[..., 0] // 90).astype(np.uint8)
        return Split(images, masks if task == "segmentation" else np.arange(count) % 3)

    return Dataset("tiny", split(4), split(2), split(2), task, NAMES)


def test_its_weights_by_hand():
    """27 or 9 weights a pair of channels, 4 numbers a normalized one, and the last layer with its bias."""
    convolutions = [
        (1, 8),
        (8, 8),
        (8, 16),
        (16, 16),
        (16, 32),
        (32, 32),
        (48, 16),
        (16, 16),
        (24, 8),
        (8, 8),
    ]
    for shape, kernel in [((8, 12, 16, 1), 27), ((8, 12, 1), 9)]:
        expected = sum(kernel * a * b + 4 * b for a, b in convolutions) + 8 * 3 + 3
        assert models.unet(shape, outputs=3, width=8).count_params() == expected
    assert expected < 89_011 == models.unet((8, 12, 16, 1), outputs=3, width=8).count_params()


@pytest.mark.parametrize("shape", [(16, 20, 1), (8, 12, 16, 1), (16, 20, 3)])
def test_it_gives_probabilities_of_every_class_at_every_pixel(rng, shape):
    dataset = masked(rng, shape)
    model = models.build("unet", dataset, width=4, dropout=0.2, seed=1)
    values = models.predict(model, normalize(dataset).apply, dataset.train.images)
    assert values.shape == (4, *shape[:-1], 3)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.sum(axis=-1), 1, atol=1e-5)
    assert [layer.name for layer in model.layers[-2:]] == ["logit", "probability"]
    assert models.build("auto", dataset, width=4).name == "unet"


def test_a_patch_slides_over_larger_images_and_one_that_fits_is_predicted_directly(rng):
    dataset = masked(rng, (10, 22, 16, 1))
    model = models.build("unet", dataset, width=4, patch=(8, 12, 16), seed=1)
    apply = normalize(dataset).apply
    assert models.predict(model, apply, dataset.val.images).shape == (2, 10, 22, 16, 3)
    whole = dataset.val.images[:, :8, :12]
    direct = np.asarray(model.predict_on_batch(apply(whole)))
    np.testing.assert_allclose(models.predict(model, apply, whole), direct, atol=1e-6)
    one = models.slide(lambda windows: model.predict_on_batch(apply(windows)), whole[0], (8, 12, 16))
    np.testing.assert_allclose(one, direct[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"shape \(N, 8, 12, 16, 1\) for unet, got \(2, 6, 12, 16, 1\)"):
        models.predict(model, apply, whole[:, :6])


def test_a_model_folder_gives_the_same_masks(rng, tmp_path):
    dataset = masked(rng, (16, 20, 1))
    model, normalization = models.build("unet", dataset, width=4), normalize(dataset)
    bundle = models.load(models.save(tmp_path / "model", model, dataset, normalization))
    expected = models.predict(model, normalization.apply, dataset.test.images)
    np.testing.assert_allclose(bundle.predict(dataset.test.images), expected, atol=1e-6)
    assert bundle.facts["task"] == "segmentation"


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((15, 20, 1), {}, r"multiples of 4 .* got \(15, 20\)\. Pad images to \(16, 20\).*patch=\(12, 20\)"),
        ((16, 20, 1), {"levels": 4}, r"multiples of 8 .* got \(16, 20\)\. Pad images to \(16, 24\)"),
        ((16, 20, 1), {"patch": (8, 24)}, r"at most the images' \(16, 20\), got \(8, 24\)"),
        ((16, 20, 1), {"patch": (8, 8, 8)}, r"got \(8, 8, 8\)"),
        ((16, 20, 1), {"levels": 1}, r"levels must lie between 2 and 6, got 1"),
    ],
)
def test_sides_that_cannot_be_halved_are_refused(rng, shape, options, message):
    with pytest.raises(ValueError, match=message):
        models.build("unet", masked(rng, shape), **options)


def test_networks_and_tasks_that_do_not_fit_are_refused(rng):
    whole = masked(rng, (16, 20, 1), task="multiclass")
    with pytest.raises(ValueError, match=r"unet takes no multiclass data. Use one of: screening_cnn"):
        models.build("unet", whole)
    with pytest.raises(ValueError, match=r"screening_cnn takes no segmentation data. Use one of: unet"):
        models.build("screening_cnn", masked(rng, (16, 20, 1)))
    with pytest.raises(ValueError, match=r"needs segmentation data, got binary data"):
        models.unet((16, 20, 1), "binary", 1)
    assert "unet" not in models.names()
    assert models.fitting((16, 20, 1), segments=True) == ["unet"]


PARITY = """
import json
import numpy as np
from medlab import models
from medlab.training.losses import Overlap

numbers, answers = np.random.default_rng(1), {}
for shape in [(8, 12, 1), (8, 12, 16, 1)]:
    model = models.unet(shape, outputs=3, width=4)
    for weight in model.weights:
        if "kernel" in weight.name:
            weight.assign(numbers.normal(0, 0.2, weight.shape).astype("float32"))
    told = models.predict(model, lambda x: x, numbers.normal(size=(2, *shape)).astype("float32"))
    masks = numbers.integers(0, 3, told.shape[:-1])
    losses = [float(Overlap(kind)(masks, told)) for kind in ("dice_cross_entropy", "dice", "tversky")]
    answers[len(shape)] = told[0].ravel()[:50].tolist() + losses
open(r"FILE", "w").write(json.dumps(answers))
"""


def test_every_backend_gives_the_same_probabilities_and_losses(run_on, tmp_path):
    told = {}
    for backend in ("tensorflow", "torch", "jax"):
        run_on(backend, PARITY.replace("FILE", str(tmp_path / backend)))
        told[backend] = json.loads((tmp_path / backend).read_text())
    for backend in ("torch", "jax"):
        for rank, values in told["tensorflow"].items():
            np.testing.assert_allclose(told[backend][rank], values, rtol=1e-5, atol=2e-5)
