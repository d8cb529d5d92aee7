"""Adversarial training on the default backend: values by hand, invariants, refusals."""

import json
import shutil

import keras
import numpy as np
import pytest

from medlab import models
from medlab.models.gan import SpectralDense
from medlab.training.gan import GAN, Inpainter, critic_loss, generator_loss, load
from medlab.training.gan.differentiable_augmentation import draw, transform
from medlab.training.gan.image_batches import ImageBatches
from medlab.training.gan.losses import gradient_penalty

LOG2 = np.log(2)


def value(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


def scores(*numbers):
    return keras.ops.convert_to_tensor(np.array(numbers, np.float32)[:, None])


def points_gan(loss="nonsaturating", classes=0, **options):
    options = {"rates": (1e-2, 1e-2), **options}
    generator = models.gan.point_generator(classes=classes, width=8, seed=1)
    critic = models.gan.point_critic(classes=classes, width=8, seed=2)
    return GAN(generator, critic, loss, **options)


POINTS = np.random.default_rng(3).normal(2, 0.5, (64, 2))
TINY = {"batch_size": 16, "progress": False}


@pytest.fixture(scope="module")
def trained():
    gan = points_gan()
    return gan, gan.fit(POINTS, steps=3, record_every=2, snapshots_every=2, **TINY)


# --- values by hand


@pytest.mark.parametrize(
    ("loss", "critic", "generator"),
    [
        ("minimax", 2 * LOG2, -LOG2),
        ("nonsaturating", 2 * LOG2, LOG2),
        ("hinge", 2.0, 0.0),
        ("wasserstein", 0.0, 0.0),
    ],
)
def test_losses_where_the_critic_does_not_know(loss, critic, generator):
    assert value(critic_loss(loss, scores(0, 0), scores(0, 0))) == pytest.approx(critic, abs=1e-6)
    assert value(generator_loss(loss, scores(0, 0))) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "critic", "generator"),
    [
        # D = sigmoid(log 3) = 3/4 on real, sigmoid(-log 3) = 1/4 on fake.
        ("minimax", -2 * np.log(0.75), np.log(0.75)),
        ("nonsaturating", -2 * np.log(0.75), -np.log(0.25)),
        ("hinge", 0.0, np.log(3)),
        ("wasserstein", -2 * np.log(3), np.log(3)),
    ],
)
def test_losses_where_the_critic_is_three_quarters_sure(loss, critic, generator):
    real, fake = scores(np.log(3)), scores(-np.log(3))
    assert value(critic_loss(loss, real, fake)) == pytest.approx(critic, abs=1e-6)
    assert value(generator_loss(loss, fake)) == pytest.approx(generator, abs=1e-6)


def test_hinge_stops_at_the_margin_of_one():
    # relu(1 - .5) = .5, relu(1 - 3) = 0: mean .25; relu(1 + 0) = 1, relu(1 - 2) = 0: mean .5.
    assert value(critic_loss("hinge", scores(0.5, 3), scores(0, -2))) == pytest.approx(0.75)


def test_the_penalty_of_a_linear_critic_is_how_far_its_gradient_is_from_one():
    gradient = keras.ops.convert_to_tensor(np.array([[3.0], [4.0]], np.float32))
    inputs = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=(5, 2)).astype("float32"))
    penalty = gradient_penalty(lambda x: keras.ops.matmul(x, gradient), inputs)
    assert value(penalty) == pytest.approx((5 - 1) ** 2, rel=1e-5)


@pytest.mark.slow
def test_the_average_by_hand():
    gan = points_gan(averaging=0.5)
    mean = [w.copy() for w in gan.generator.get_weights()]

    class Follow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            stay = min(0.5, batch / (9 + batch))
            for number, weight in enumerate(self.model.generator.get_weights()):
                mean[number] = stay * mean[number] + (1 - stay) * weight

    gan.fit(POINTS, steps=3, callbacks=[Follow()], **TINY)
    for by_hand, average in zip(mean, gan.average.get_weights(), strict=True):
        np.testing.assert_allclose(average, by_hand, rtol=1e-5, atol=1e-7)


def test_the_rates_fall_along_a_line_in_the_last_part():
    gan = points_gan(decay=0.5, rates=(1e-2, 2e-2))
    for done, left in ((0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (0.9, 0.2), (1.0, 0.01)):
        gan.slow_down(done)
        rates = [value(optimizer.learning_rate) for optimizer in gan.optimizers]
        assert rates == pytest.approx([1e-2 * left, 2e-2 * left], rel=1e-5)
    gan.fit(POINTS, steps=4, **TINY)
    # The last of four steps begins when three quarters are done.
    assert value(gan.optimizers[0].learning_rate) == pytest.approx(0.5e-2, rel=1e-5)
    steady = points_gan(decay=0.0)
    steady.slow_down(0.99)
    assert value(steady.optimizers[0].learning_rate) == pytest.approx(1e-2)


def test_spectral_layers_divide_by_the_largest_singular_value():
    layer = SpectralDense(3, use_bias=False)
    inputs = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    layer.build(inputs.shape)
    kernel = layer.get_weights()[0]
    for _ in range(30):
        outputs = layer(inputs, training=True)
    largest = np.linalg.svd(kernel, compute_uv=False)[0]
    np.testing.assert_allclose(outputs, inputs @ kernel / largest, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.get_weights()[0], kernel)


def test_augmentation_does_what_was_drawn():
    image = np.arange(12, dtype="float32").reshape(1, 3, 4, 1)
    draws = {
        "rows": np.array([[1, 2, 2]], np.int32),
        "columns": np.array([[3, 2, 1, 0]], np.int32),
        "keep_rows": np.array([[0, 1, 1]], np.float32),
        "keep_columns": np.array([[0, 1, 1, 1]], np.float32),
        "brightness": np.full((1, 1, 1, 1), 0.5, np.float32),
        "contrast": np.full((1, 1, 1, 1), 2.0, np.float32),
    }
    moved = image[0, [1, 2, 2]][:, [3, 2, 1, 0]]
    expected = (moved - moved.mean()) * 2 + moved.mean() + 0.5
    expected[0, 0] = 0
    np.testing.assert_allclose(transform(keras.ops.convert_to_tensor(image), draws)[0], expected, rtol=1e-5)


# --- invariants


def test_the_history_and_the_snapshots_tell_the_training(trained):
    gan, run = trained
    assert run.history["step"].tolist() == [2, 3]
    assert {"critic_loss", "generator_loss", "real_score", "fake_score", "seconds"} < set(run.history)
    assert run.snapshot_steps.tolist() == [2, 3]
    assert run.snapshots.shape == (2, 16, 2)
    assert run.steps == gan.updates == 3
    assert run.backend == "tensorflow"
    # What is printed has neither weights nor images.
    assert "array" not in repr(run)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_others(trained):
    gan, run = trained
    again = points_gan()
    same = again.fit(POINTS, steps=3, record_every=2, snapshots_every=2, **TINY)
    assert same.snapshots.tobytes() == run.snapshots.tobytes()
    assert gan.sample(5, seed=1).tobytes() == again.sample(5, seed=1).tobytes()
    assert gan.sample(5, seed=1).tobytes() != gan.sample(5, seed=2).tobytes()


def test_each_player_changes_its_own_weights_only(trained):
    gan, _ = trained
    real = ImageBatches(POINTS, None, 0, (2,), batch_size=16, seed=0)
    (critic_batch,), batch = gan.batches(real, step=0)

    def weights():
        return [np.concatenate([w.ravel() for w in m.get_weights()]) for m in (gan.generator, gan.critic)]

    before = weights()
    gan._step("critic")(critic_batch)
    after_critic = weights()
    gan._step("generator")({**batch, "momentum": np.float32(0.9)})
    after_both = weights()
    assert np.array_equal(before[0], after_critic[0])
    assert not np.array_equal(before[1], after_critic[1])
    assert not np.array_equal(after_critic[0], after_both[0])
    assert np.array_equal(after_critic[1], after_both[1])


class StopAfter(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.last = step

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.last:
            self.model.stop_training = True


@pytest.mark.slow
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path):
    options = {"steps": 9, "record_every": 2, "snapshots_every": 3, **TINY}
    whole = points_gan()
    run = whole.fit(POINTS, **options)
    points_gan().fit(POINTS, checkpoint=tmp_path, callbacks=[StopAfter(5)], **options)
    resumed = points_gan()
    rest = resumed.fit(POINTS, checkpoint=tmp_path, resume=True, **options)
    for group, arrays in whole.state().items():
        for a, b in zip(arrays, resumed.state()[group], strict=True):
            np.testing.assert_array_equal(a, b)
    assert rest.snapshot_steps.tolist() == run.snapshot_steps.tolist() == [3, 6, 9]
    assert rest.snapshots.tobytes() == run.snapshots.tobytes()
    assert rest.history.drop(columns="seconds").equals(run.history.drop(columns="seconds"))
    with pytest.raises(ValueError, match=r"belongs to another training \(.*rates"):
        points_gan(rates=(1e-3, 1e-3)).fit(POINTS, checkpoint=tmp_path, resume=True, **options)


def dropping_gan():
    layers = keras.layers
    maker = keras.Sequential([keras.Input((2,)), layers.Dense(4), keras.Sequential([layers.Dropout(0.5)])])
    maker.add(layers.Dense(2))
    critic = keras.Sequential([keras.Input((2,)), layers.GaussianNoise(0.5), layers.Dense(4)])
    critic.add(layers.Dropout(0.5))
    critic.add(layers.Dense(1))
    rng = np.random.default_rng(4)
    for network in (maker, critic):
        network.set_weights([rng.normal(size=w.shape) for w in network.get_weights()])
    return GAN(maker, critic, "nonsaturating", rates=(1e-2, 1e-2))


@pytest.mark.slow
def test_random_layers_of_a_gan_go_on_and_the_names_of_its_networks_do_not_matter(tmp_path):
    options = {"steps": 6, "seed": np.int64(2**32 - 1), **TINY}
    whole, resumed = dropping_gan(), dropping_gan()
    whole.fit(POINTS, **options)
    dropping_gan().fit(POINTS, checkpoint=tmp_path, callbacks=[StopAfter(3)], **options)
    resumed.fit(POINTS, checkpoint=tmp_path, resume=True, **options)
    for name in ("generator", "critic", "average"):
        pair = [getattr(gan, name).get_weights() for gan in (whole, resumed)]
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_gan_with_draws_that_nobody_can_keep_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    gan = dropping_gan()
    gan.critic.add(keras.layers.Lambda(lambda x: x + rng.random(), output_shape=(1,), name="mine"))
    with pytest.raises(ValueError, match=r"random layers must draw from .* by one of mine"):
        gan.fit(POINTS, steps=1, checkpoint=tmp_path, **TINY)


@pytest.mark.slow
def test_a_saved_gan_samples_and_learns_on_as_before(tmp_path):
    gan = GAN(models.gan.generator((16, 16, 1), width=4), models.gan.critic((16, 16, 1), width=4))
    images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 1))
    gan.fit(images, steps=2, **TINY)
    again = load(gan.save(tmp_path / "gan"))
    assert again.options == gan.options
    assert again.sample(3).tobytes() == gan.sample(3).tobytes()
    for either in (gan, again):
        either.fit(images, steps=2, **TINY)
    np.testing.assert_allclose(again.sample(3), gan.sample(3), atol=1e-6)
    facts = json.loads((tmp_path / "gan" / "gan.json").read_text())
    assert facts["schema"] == 1
    (tmp_path / "gan" / "gan.json").write_text(json.dumps({**facts, "schema": 9}))
    with pytest.raises(ValueError, match=r"has schema 9 .* this medlab reads 1"):
        load(tmp_path / "gan")
    (tmp_path / "gan" / "gan.json").write_text("{")
    with pytest.raises(ValueError, match=r"gan.json in gan is damaged"):
        load(tmp_path / "gan")
    for damaged in (
        "null",
        "[1]",
        "[" * 20_000,
        json.dumps({**facts, "networks": 3}),
        json.dumps({**facts, "networks": []}),
        json.dumps({name: facts[name] for name in facts if name != "updates"}),
        json.dumps({**facts, "options": 3}),
    ):
        (tmp_path / "gan" / "gan.json").write_text(damaged)
        with pytest.raises(ValueError, match=r"(gan.json in|the GAN in) gan is damaged"):
            load(tmp_path / "gan")
    (tmp_path / "gan" / "gan.json").write_text(json.dumps(facts))
    network = (tmp_path / "gan" / "generator.keras").read_bytes()
    (tmp_path / "gan" / "generator.keras").write_bytes(network[: len(network) // 2])
    with pytest.raises(ValueError, match=r"generator.keras in gan is damaged"):
        load(tmp_path / "gan")
    (tmp_path / "gan" / "generator.keras").write_bytes(network)
    (tmp_path / "gan" / "optimizers.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match=r"the GAN in gan is damaged"):
        load(tmp_path / "gan")
    shutil.rmtree(tmp_path / "gan")
    with pytest.raises(FileNotFoundError, match=r"gan has no gan\.json"):
        load(tmp_path / "gan")


@pytest.mark.slow
def test_a_conditional_gan_learns_which_class_lies_where():
    labels = np.arange(400) % 2
    points = np.random.default_rng(0).normal(0, 0.1, (400, 2)) + np.where(labels, 1, -1)[:, None]
    gan = GAN(
        models.gan.point_generator(classes=2, width=32), models.gan.point_critic(classes=2, width=32),
        "nonsaturating", rates=(2e-3, 2e-3), averaging=0.9,
    )  # fmt: skip
    gan.fit(points, labels, steps=400, progress=False)
    wanted = np.arange(200) % 2
    assert (np.sign(gan.sample(200, wanted)) == np.where(wanted, 1, -1)[:, None]).mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["minimax", "nonsaturating", "hinge", "wasserstein"])
def test_every_loss_finds_the_points(loss):
    turns = 5 if loss == "wasserstein" else 1
    layers = keras.layers
    keras.utils.set_random_seed(1)
    maker = keras.Sequential([keras.Input((2,)), layers.Dense(8, activation="relu"), layers.Dense(2)])
    keras.utils.set_random_seed(2)
    critic = keras.Sequential([keras.Input((2,)), layers.Dense(8), layers.LeakyReLU(0.2), layers.Dense(1)])
    options = {"rates": (2e-3, 2e-3), "betas": (0.5, 0.9), "averaging": 0.9, "critic_steps": turns}
    gan = GAN(maker, critic, loss, **options)
    gan.fit(POINTS, steps=500, progress=False)
    assert np.abs(gan.sample(500).mean(axis=0) - 2).max() < 0.5


# --- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hing"}, r"loss must be one of: minimax.* got 'hing'\. Did you mean 'hinge'"),
        ({"rates": (1e-3, 99.0)}, r"rates must lie between 1e-07 and 10, got 99"),
        ({"betas": (1.0, 0.9)}, r"betas must lie between 0 and 0.9999, got 1.0"),
        ({"averaging": 1.0}, r"averaging must lie between"),
        ({"decay": 1.5}, r"decay must lie between"),
        ({"critic_steps": 0}, r"critic_steps must lie between 1 and 100, got 0"),
        ({"penalty": -1.0}, r"penalty must lie between 0 and infinity, got -1"),
        ({"augment": ("flip",)}, r"augment must be empty for points, got \('flip',\)"),
    ],
)
def test_options_that_do_not_exist_or_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        points_gan(**options)
    with pytest.raises(TypeError, match=r"rates must be two numbers"):
        points_gan(rates=(1e-3,))


def test_unknown_augmentation_and_networks_that_do_not_fit_are_refused():
    generator, critic = (build((16, 16, 1), width=2) for build in (models.gan.generator, models.gan.critic))
    with pytest.raises(ValueError, match=r"augment must be one of: flip, color.* got 'flips'"):
        GAN(generator, critic, augment=("flips",))
    with pytest.raises(ValueError, match=r"penalty must be 0 for a critic with batch normalization, got 10"):
        GAN(generator, critic, "wasserstein")
    with pytest.raises(ValueError, match=r"the critic must take what the generator makes: \(16, 16, 1\)"):
        GAN(generator, models.gan.point_critic())


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.full((4, 2), np.nan), None, r"images must hold finite numbers, got 8 NaN"),
        (np.zeros((4, 3)), None, r"images must have shape \(N, 2\), as the networks do, got \(4, 3\)"),
        (np.zeros((0, 2)), None, r"images must have shape"),
        (np.zeros((4, 2)), [0, 1, 0, 1], r"labels must be left out, got \(4,\)"),
    ],
)
def test_images_that_cannot_be_learned_from_are_refused(trained, images, labels, message):
    with pytest.raises(ValueError, match=message):
        trained[0].fit(images, labels, steps=1)


def test_images_out_of_range_are_refused_with_the_formula():
    gan = GAN(models.gan.generator((16, 16, 1), width=2), models.gan.critic((16, 16, 1), width=2))
    with pytest.raises(ValueError, match=r"between -1 and 1, got 0 to 255\. .*images / 127\.5 - 1"):
        gan.fit(np.linspace(0, 255, 512).reshape(2, 16, 16, 1), steps=1)


def test_missing_and_wrong_labels_are_refused():
    gan = points_gan(classes=2)
    with pytest.raises(ValueError, match=r"labels must be given to a conditional GAN \(classes=2\)"):
        gan.fit(POINTS, steps=1)
    with pytest.raises(ValueError, match=r"labels must have shape \(64,\), one for each image, got \(3,\)"):
        gan.fit(POINTS, [0, 1, 0], steps=1)
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 1, got \[0, 1, 2\]"):
        gan.fit(POINTS, np.arange(64) % 3, steps=1)


def test_an_option_of_fit_that_does_not_exist_is_refused_with_the_nearest(trained):
    with pytest.raises(ValueError, match=r"option of fit must be one of: .* Did you mean 'steps'"):
        trained[0].fit(POINTS, step=3)


def test_budget_and_noise_are_refused_where_they_make_no_sense(trained):
    gan, _ = trained
    with pytest.raises(ValueError, match=r"steps or minutes must be given, got neither"):
        gan.fit(POINTS)
    with pytest.raises(ValueError, match=r"noise must have shape \(N, 2\), as the generator's, got \(4, 3\)"):
        gan.generate(np.zeros((4, 3)))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_training_with_advice():
    gan = points_gan()
    gan.critic.set_weights([np.full_like(w, np.nan) for w in gan.critic.get_weights()])
    with pytest.raises(
        FloatingPointError, match=r"critic_loss must stay finite, got nan at step 1\. Lower rates"
    ):
        gan.fit(POINTS, steps=2, record_every=1, **TINY)


def test_a_folder_that_cannot_be_written_is_refused(trained, tmp_path, monkeypatch):
    gan, _ = trained
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"checkpoint could not be written to .*\. Free space"):
        gan.fit(POINTS, steps=1, checkpoint=tmp_path / "file", **TINY)
    with pytest.raises(OSError, match=r"GAN could not be written to file .*\. Free space"):
        gan.save(tmp_path / "file")

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match=r"written to cut \(No space left on device\)\. Free space"):
        gan.fit(POINTS, steps=1, checkpoint=tmp_path / "cut", **TINY)


def test_drawn_changes_stay_inside_the_image():
    draws = draw(("flip", "color", "translation", "cutout"), 50, (16, 20, 1), np.random.default_rng(0))
    assert draws["rows"].min() == 0
    assert draws["columns"].max() == 19
    assert np.abs(draws["brightness"]).max() <= 0.5


# --- repair


def half_masks():
    mask = np.zeros((16, 16), bool)
    mask[4:10, 5:12] = True
    return mask


@pytest.mark.slow
@pytest.mark.parametrize("adversarial", [0.0, 0.05])
def test_repair_learns_and_leaves_known_pixels_as_they_are(adversarial, tmp_path):
    ramp = np.linspace(-1, 1, 16)
    images = (ramp[None, :, None, None] * np.random.default_rng(0).choice([-1, 1], (32, 1, 1, 1))) + np.zeros(
        (1, 1, 16, 1)
    )
    critic = models.gan.critic((16, 16, 2), width=4) if adversarial else None
    painter = Inpainter(
        models.gan.inpainter((16, 16, 1), width=8), critic, adversarial=adversarial, averaging=0.9, augment=()
    )
    run = painter.fit(images, steps=60, record_every=20, **TINY)
    assert run.history["reconstruction"].iloc[-1] < 0.3 * run.history["reconstruction"].iloc[0]
    assert ("critic_loss" in run.history) == bool(adversarial)
    mask = half_masks()
    broken = np.where(mask[..., None], np.nan, images)
    repaired = painter.repair(broken, mask)
    np.testing.assert_array_equal(repaired[:, ~mask], images[:, ~mask].astype("float32"))
    assert np.abs(repaired - images).mean() < 0.2
    assert load(painter.save(tmp_path)).repair(broken, mask).tobytes() == repaired.tobytes()


def test_masks_and_critics_that_cannot_be_used_are_refused():
    network = models.gan.inpainter((16, 16, 1), width=4)
    painter = Inpainter(network, averaging=0)
    images = np.zeros((2, 16, 16, 1))
    for mask, word in ((np.zeros((16, 16)), "nothing"), (np.ones((16, 16)), "everything")):
        with pytest.raises(
            ValueError, match=rf"hide some pixels and leave some, got mask 0 that hides {word}"
        ):
            painter.repair(images, mask)
    with pytest.raises(
        ValueError, match=r"masks must be true or false, .* shape \(N, 16, 16\), got \(8, 8\)"
    ):
        painter.repair(images, np.zeros((8, 8)))
    with pytest.raises(ValueError, match=r"masks must be one for all images or one for each, got 3 for 2"):
        painter.repair(images, np.stack([half_masks()] * 3))
    with pytest.raises(ValueError, match=r"adversarial must be 0 without a critic, got 0\.1"):
        Inpainter(network, adversarial=0.1)
    with pytest.raises(ValueError, match=r"the critic must take image and mask, \(16, 16, 2\)"):
        Inpainter(network, models.gan.critic((16, 16, 1), width=4))
    with pytest.raises(ValueError, match=r"augment must not hold 'cutout'"):
        Inpainter(network, augment=("cutout",))
    with pytest.raises(ValueError, match=r"hole must be \(shortest, longest\), got \(0\.5, 0\.2\)"):
        Inpainter(network, hole=(0.5, 0.2))
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'rate'"):
        Inpainter(network, rate=1e-3)


def test_a_step_may_be_taken_on_batches_made_by_hand_without_changes(rng):
    game = GAN(models.gan.point_generator(seed=0), models.gan.point_critic(seed=0), "minimax", averaging=0)
    real, noise = rng.normal(size=(2, 16, 2)).astype(np.float32)
    facts = game.step([{"real": real, "noise": noise}], {"noise": noise})
    assert all(np.isfinite(float(value)) for value in facts.values())
