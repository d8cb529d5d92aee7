"""`GAN`: a generator and a critic that learn from each other, on every backend."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.training.gan.adversary import Adversary
from medlab.training.gan.differentiable_augmentation import transform
from medlab.training.gan.image_batches import ImageBatches, one_hot
from medlab.training.gan.losses import generator_loss, gradient_penalty
from medlab.training.gan.steps import Batch
from medlab.training.gan.training_loop import GANRun


class GAN(Adversary):
    """Two networks, one game: what the generator makes of noise, the critic tells from what is real.

    Parameters
    ----------
    generator, critic : keras.Model
        From `medlab.models.gan`, or any with the same inputs and outputs; changed in place. Whether the game
        is conditional, and on how many classes, is read from their inputs.
    loss : "nonsaturating", "minimax", "hinge" or "wasserstein"
        See `critic_loss` and `generator_loss`.
    penalty : float or None
        Weight of ``(|gradient of the score| - 1)^2`` between real and generated images. None: 10 for
        "wasserstein", 0 otherwise.
    critic_steps : int
        The critic's updates for one of the generator's, each on other images.
    **options
        As follows.
    rates : (float, float)
        Learning rates of generator and critic (two time scales: Heusel et al. 2017,
        https://arxiv.org/abs/1706.08500).
    betas : (float, float)
        Adam's.
    averaging : float
        Momentum of the moving average of the generator's weights, which `sample` uses; at the start it is
        (1 + updates) / (10 + updates) where that is less. 0: none.
    decay : float in [0, 1]
        Last part of the training in which the rates fall to nearly 0, along a line: the two then stop
        circling around each other. With a longer budget on resuming, they rise again. 0: none.
    augment : sequence of "flip", "color", "translation", "cutout"
        How images are changed before the critic looks (Zhao et al. 2020), so that it does not learn a small
        set by heart in a long training; none for points.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or the networks do not fit each other.

    Examples
    --------
    ``gan = GAN(models.gan.generator((28, 28, 1)), models.gan.critic((28, 28, 1)))``, then
    ``gan.fit(images / 127.5 - 1, minutes=2)`` and ``gan.sample(16)``.
    """

    kind = "gan"

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        loss: str = "nonsaturating",
        *,
        penalty: float | None = None,
        critic_steps: int = 1,
        **options: Any,
    ) -> None:
        shape = tuple(generator.output_shape[1:])
        (self.latent,), classes = _input_shape_and_classes(generator)
        critic_shape, self.classes = _input_shape_and_classes(critic)
        if (shape, classes) != (critic_shape, self.classes):
            made, taken = f"{shape} and {classes} classes", f"{critic_shape} and {self.classes}"
            msg = f"the critic must take what the generator makes: {made}, got {taken}. Build both alike."
            raise ValueError(msg)
        self.image_shape = shape
        if options.get("augment") and len(shape) != 3:
            msg = f"augment must be empty for points, got {tuple(options['augment'])}: only images are moved."
            raise ValueError(msg)
        if penalty is None:
            penalty = 10.0 if loss == "wasserstein" else 0.0  # Gulrajani et al. 2017
        penalty = float(checks.in_range("penalty", penalty, 0))
        if penalty and any(isinstance(part, keras.layers.BatchNormalization) for part in critic.layers):
            # Its score of an image depends on the others.
            remedy = "Use medlab.models.gan.critic(..., normalization='none')."
            msg = f"penalty must be 0 for a critic with batch normalization, got {penalty:g}. {remedy}"
            raise ValueError(msg)
        turns = int(checks.in_range("critic_steps", critic_steps, 1, 100, whole=True))
        options = {"rates": (2e-4, 8e-4), "averaging": 0.998, **options}
        super().__init__(generator, critic, {"critic_steps": turns, "penalty": penalty}, loss=loss, **options)

    def fit(self, images: ArrayLike, labels: ArrayLike | None = None, **options: Any) -> GANRun:
        """Let both learn from real images, for a number of steps or a time, whichever ends first.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
        labels : int array, shape (N,), or None
            Class numbers, for a conditional GAN only.
        **options
            As follows.
        steps : int or None
            Updates of the generator, counted from the start of this training.
        minutes : float or None
            Wall time, compilation and snapshots included.
        batch_size : int
            Real images a step, and as many generated ones.
        seed : int
            Order, noise and augmentation follow from it; the first weights follow from the builders' seeds.
        checkpoint : path or None
            Folder that keeps the state, every half minute and at the end.
        resume : bool
            Go on from the checkpoint, if there is one, as if training had never stopped.
        snapshots : int or None
            Noise vectors that are shown again and again; None: 16.
        snapshots_every : int or None
            Steps between two snapshots; None: at the end only.
        record_every : int
            Steps a row of the history.
        progress : bool
            Show a bar in a terminal, at most a dozen lines elsewhere.
        callbacks : sequence of keras.callbacks.Callback
            ``on_train_batch_end`` is called after each step, ``on_epoch_end`` after each row of the history
            with that row as logs. Setting ``model.stop_training`` ends the training cleanly.
        control : Control or None
            Lets another thread pause and stop: see `GanSession`.

        Returns
        -------
        run : GANRun

        Raises
        ------
        ValueError
            If images or labels do not fit, an option is out of range, or the checkpoint belongs to another
            training.
        OSError
            If the checkpoint cannot be written.
        FloatingPointError
            If a loss is not finite.
        RuntimeError
            If a session is at work in this kernel.
        """
        return self._fit(images, labels, options)

    def _material(self, real: ImageBatches, count: int | None) -> Any:
        count = 16 if count is None else count
        noise = np.random.default_rng([real.seed, 1]).standard_normal((count, self.latent), np.float32)
        return self._inputs(noise, np.arange(count) % self.classes if self.classes else None)

    def sample(self, count: int, labels: ArrayLike | None = None, *, seed: int = 0) -> NDArray[np.float32]:
        """Make images with the averaged generator, where there is one.

        Parameters
        ----------
        count : int
        labels : int array, shape (count,), or None
            Wanted classes; None: each class in turn, for a conditional GAN.
        seed : int
            Of the noise.

        Returns
        -------
        images : float32 array, shape (count, H, W, C) in [-1, 1], or points, shape (count, D)
        """
        count = int(checks.in_range("count", count, 1, whole=True))
        noise = np.random.default_rng([seed, 2]).standard_normal((count, self.latent), np.float32)
        if labels is None and self.classes:
            labels = np.arange(count) % self.classes
        return self.generate(noise, labels)

    def generate(self, noise: ArrayLike, labels: ArrayLike | None = None) -> NDArray[np.float32]:
        """Make images from given noise, shape (N, latent): for walks between two of them.

        Returns
        -------
        images : float32 array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
        """
        array = checks.finite("noise", noise).astype(np.float32)
        if array.ndim != 2 or array.shape[1] != self.latent:
            msg = f"noise must have shape (N, {self.latent}), as the generator's, got {array.shape}."
            raise ValueError(msg)
        return self._make(self._inputs(array, labels))

    def snapshot(self, material: Any) -> NDArray[np.float32]:
        """Return what the averaged generator makes of noise, shape (n, latent), and labels."""
        return self._make(material)

    def _inputs(self, noise: NDArray[np.float32], labels: ArrayLike | None) -> list[NDArray[Any]]:
        """Return the generator's inputs: noise and, for a conditional GAN, one-hot labels."""
        if labels is None and not self.classes:
            return [noise]
        return [noise, one_hot(labels, self.classes, len(noise))]

    def batches(self, real: ImageBatches, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the critic's batches and the generator's of a step (from 0): images, noise, changes."""
        rng = np.random.default_rng([real.seed, 3, step])
        count, turns = real.batch_size, self.options["critic_steps"]
        critics = []
        for turn in range(turns):
            batch: dict[str, Any] = {
                **real.batch(step * turns + turn),
                "noise": rng.standard_normal((count, self.latent), np.float32),
                "real_draws": self._draw(count, rng),
                "fake_draws": self._draw(count, rng),
            }
            if self.options["penalty"]:
                batch["place"] = rng.random((count,) + (1,) * len(self.image_shape), np.float32)
            critics.append(batch)
        batch = {"noise": rng.standard_normal((count, self.latent), np.float32)}
        if self.classes:
            batch["label"] = critics[-1]["label"]
        return critics, {**batch, "fake_draws": self._draw(count, rng)}

    def _with_label(self, first: Any, batch: Batch) -> Any:
        return [first, batch["label"]] if self.classes else first

    def _fake(self, batch: Batch) -> Any:
        images = self.generator(self._with_label(batch["noise"], batch), training=True)
        return transform(images, batch.get("fake_draws", {}))  # a batch made by hand changes nothing

    def _score(self, images: Any, batch: Batch, *, training: bool = True) -> Any:
        critic: Any = self.critic
        return critic(self._with_label(images, batch), training=training)

    def _critic_objective(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        fake = ops.stop_gradient(self._fake(batch))
        real = transform(batch["real"], batch.get("real_draws", {}))
        facts = self._critic_facts(self._score(real, batch), self._score(fake, batch))
        if self.options["penalty"]:
            between = batch["place"] * real + (1 - batch["place"]) * fake
            # Not in training mode: nothing is assigned inside the inner gradient.
            penalty = gradient_penalty(lambda x: self._score(x, batch, training=False), between)
            facts |= {"penalty": penalty}
            facts["critic_loss"] += self.options["penalty"] * penalty
        return facts["critic_loss"], facts

    def _generator_objective(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        loss = generator_loss(self.options["loss"], self._score(self._fake(batch), batch))
        return loss, {"generator_loss": loss}


def _input_shape_and_classes(model: keras.Model) -> tuple[tuple[int, ...], int]:
    """Return the shape of the first input, and the number of classes (the second input's length, or 0)."""
    classes = int(model.inputs[1].shape[-1]) if len(model.inputs) > 1 else 0
    return tuple(model.inputs[0].shape[1:]), classes
