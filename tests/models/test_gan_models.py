"""Generators, critics and the inpainter keep one contract; shapes that they cannot take are refused."""

import keras
import numpy as np
import pytest

from medlab import models


def answer(model, *inputs):
    arrays = [array.astype("float32") for array in inputs]
    return keras.ops.convert_to_numpy(model(arrays if len(arrays) > 1 else arrays[0], training=False))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 40, 3), (64, 64, 1)])
@pytest.mark.parametrize("classes", [0, 3])
def test_image_pairs_keep_the_contract(rng, shape, classes):
    generator = models.gan.generator(shape, 10, classes, width=4)
    critic = models.gan.critic(shape, classes, width=4)
    labels = [np.eye(3)[[0, 1]]] if classes else []
    images = answer(generator, rng.normal(size=(2, 10)), *labels)
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    scores = answer(critic, images, *labels)
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("normalization", "batch", "spectral"), [("batch", 1, 0), ("spectral", 0, 3), ("none", 0, 0)]
)
def test_a_critic_is_normalized_as_asked(normalization, batch, spectral):
    layers = models.gan.critic((16, 16, 1), width=4, normalization=normalization).layers
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds.count("BatchNormalization") == batch
    assert sum(kind.startswith("Spectral") for kind in kinds) == spectral


def test_point_pairs_keep_the_contract(rng):
    generator = models.gan.point_generator(3, 2, width=8)
    critic = models.gan.point_critic(2, width=8)
    label = np.eye(2)[[0, 1, 1]]
    points = answer(generator, rng.normal(size=(3, 3)), label)
    assert points.shape == (3, 2)
    assert answer(critic, points, label).shape == (3, 1)


def test_the_inpainter_takes_image_and_mask(rng):
    network = models.gan.inpainter((28, 20, 3), width=4)
    assert network.input_shape == (None, 28, 20, 4)
    assert network.output_shape == (None, 28, 20, 3)


def test_the_same_seed_gives_the_same_first_weights():
    first, second, third = (models.gan.point_generator(seed=seed).get_weights() for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], third[0])


def test_no_bias_stands_before_batch_normalization():
    for build in (models.gan.generator, models.gan.critic):
        network = build((16, 16, 1), width=4)
        for layer, after in zip(network.layers, network.layers[1:], strict=False):
            if isinstance(after, keras.layers.BatchNormalization):
                assert not getattr(layer, "use_bias", False)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28), r"image_shape must be \(H, W, C\), got \(28, 28\)\. .*point_generator"),
        ((27, 28, 1), r"multiples of 4, got 27 x 28\. Pad or resize the images to 28 x 28"),
        ((8, 28, 1), r"shorter side of image_shape must lie between 16 and 256, got 8"),
    ],
)
def test_shapes_that_cannot_be_halved_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        models.gan.generator(shape)


def test_options_that_no_network_can_have_are_refused():
    with pytest.raises(ValueError, match=r"latent must lie between 1 and infinity, got 0"):
        models.gan.point_generator(0)
    with pytest.raises(ValueError, match=r"normalization must be one of: batch.* got 'batches'"):
        models.gan.critic((16, 16, 1), normalization="batches")
    with pytest.raises(ValueError, match=r"classes must lie between 0 and infinity, got -1"):
        models.gan.point_generator(classes=-1)
