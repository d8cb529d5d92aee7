"""`GAN`: a generator and a critic that learn from each other, on every backend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.training.control import Control
from medlab.training.gan.game import Game
from medlab.training.gan.looping import Loop
from medlab.training.gan.result import GANRun
from medlab.training.gan.source import Source, check_images, one_hot

PENALTY = 10.0  # Gulrajani et al. 2017


class GAN(Game):
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
    rates : (float, float)
        Learning rates of generator and critic (two time scales: Heusel et al. 2017,
        https://arxiv.org/abs/1706.08500).
    betas : (float, float)
        Adam's.
    optimizer : "adam" or "sgd"
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
        rates: Iterable[float] = (2e-4, 8e-4),
        betas: Iterable[float] = (0.5, 0.999),
        optimizer: str = "adam",
        averaging: float = 0.998,
        decay: float = 0.5,
        augment: Sequence[str] = (),
    ) -> None:
        (self.latent,), made = _shapes(generator)
        seen, self.classes = _sides(critic)
        if made != seen or self.classes != _sides(generator)[1]:
            msg = (
                f"the critic must take what the generator makes: {made} and {_sides(generator)[1]} classes, "
                f"got {seen} and {self.classes}. Build both for the same image shape and classes."
            )
            raise ValueError(msg)
        self.image_shape = made
        if augment and len(made) != 3:
            msg = f"augment must be empty for points, got {tuple(augment)}: only images are moved."
            raise ValueError(msg)
        if penalty is None:
            penalty = PENALTY if loss == "wasserstein" else 0.0
        penalty = float(checks.in_range("penalty", penalty, 0))
        if penalty and any(isinstance(part, keras.layers.BatchNormalization) for part in critic.layers):
            msg = (
                f"penalty must be 0 for a critic with batch normalization, got {penalty:g}: its score of an "
                "image depends on the others. Use medlab.models.gan.critic(..., normalization='none')."
            )
            raise ValueError(msg)
        super().__init__(
            generator,
            critic,
            loss=loss,
            rates=rates,
            betas=betas,
            optimizer=optimizer,
            averaging=averaging,
            decay=decay,
            augment=augment,
            critic_steps=int(checks.in_range("critic_steps", critic_steps, 1, 100, whole=True)),
            penalty=penalty,
        )

    def fit(
        self,
        images: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        batch_size: int = 64,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        snapshots: int = 16,
        snapshots_every: int | None = None,
        record_every: int = 50,
        progress: bool = True,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        control: Control | None = None,
    ) -> GANRun:
        """Let both learn from real images, for a number of steps or a time, whichever ends first.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
        labels : int array, shape (N,), or None
            Class numbers, for a conditional GAN only.
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
        snapshots : int
            Noise vectors that are shown again and again.
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
        source = Source(
            images, labels, classes=self.classes, shape=self.image_shape, batch_size=batch_size, seed=seed
        )
        rng = np.random.default_rng([seed, 1])
        material = [rng.standard_normal((snapshots, self.latent), np.float32)]
        if self.classes:
            material.append(one_hot(np.arange(snapshots) % self.classes, self.classes, snapshots))
        return Loop(
            self,
            source,
            material,
            steps=steps,
            minutes=minutes,
            checkpoint=checkpoint,
            snapshots_every=snapshots_every,
            record_every=record_every,
            progress=progress,
            callbacks=callbacks,
            control=control,
        ).run(resume=resume)

    def sample(
        self, count: int, labels: ArrayLike | None = None, *, seed: int = 0, averaged: bool = True
    ) -> NDArray[np.float32]:
        """Make images.

        Parameters
        ----------
        count : int
        labels : int array, shape (count,), or None
            Wanted classes; None: each class in turn, for a conditional GAN.
        seed : int
            Of the noise.
        averaged : bool
            Use the averaged generator, where there is one.

        Returns
        -------
        images : float32 array, shape (count, H, W, C) in [-1, 1], or points, shape (count, D)
        """
        count = int(checks.in_range("count", count, 1, whole=True))
        noise = np.random.default_rng([seed, 2]).standard_normal((count, self.latent), np.float32)
        if labels is None and self.classes:
            labels = np.arange(count) % self.classes
        return self.generate(noise, labels, averaged=averaged)

    def generate(
        self, noise: ArrayLike, labels: ArrayLike | None = None, *, averaged: bool = True
    ) -> NDArray[np.float32]:
        """Make images from given noise, shape (N, latent): for walks between two of them.

        Returns
        -------
        images : float32 array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
        """
        array = checks.finite("noise", noise).astype(np.float32)
        if array.ndim != 2 or array.shape[1] != self.latent:
            msg = f"noise must have shape (N, {self.latent}), as the generator's, got {array.shape}."
            raise ValueError(msg)
        inputs = [array]
        if labels is not None or self.classes:
            inputs.append(one_hot(labels, self.classes, len(array)))
        return self._make(self.best if averaged else self.generator, inputs)

    def score(self, images: ArrayLike, labels: ArrayLike | None = None) -> NDArray[np.float32]:
        """Return the critic's scores, shape (N,), of images, shape (N, H, W, C), or points, shape (N, D)."""
        inputs = [check_images("images", images, self.image_shape)]
        if labels is not None or self.classes:
            inputs.append(one_hot(labels, self.classes, len(inputs[0])))
        critic: Any = self.critic
        return self._make(critic, inputs)[:, 0]

    def snapshot(self, material: Any) -> NDArray[np.float32]:
        """Return what the averaged generator makes of noise, shape (n, latent), and labels."""
        return self._make(self.best, material)


def _shapes(model: keras.Model) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(model.inputs[0].shape[1:]), tuple(model.output_shape[1:])


def _sides(model: keras.Model) -> tuple[tuple[int, ...], int]:
    """Shape of the first input, and the number of classes (the second input's length, or 0)."""
    classes = int(model.inputs[1].shape[-1]) if len(model.inputs) > 1 else 0
    return tuple(model.inputs[0].shape[1:]), classes
