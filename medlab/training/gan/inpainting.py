"""`Inpainter`: a network that fills holes, by reconstruction alone or against a critic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.training.control import Control
from medlab.training.gan.adversary import Adversary
from medlab.training.gan.augmenting import draw, transform
from medlab.training.gan.looping import Loop
from medlab.training.gan.losses import critic_loss, generator_loss
from medlab.training.gan.result import GANRun
from medlab.training.gan.source import Source, check_images

RECONSTRUCTIONS = ("l2", "l1")


class Inpainter(Adversary):
    """Fills a hole from its surroundings: reconstruction, plus, with a critic, that it looks real.

    Parameters
    ----------
    generator : keras.Model
        From `medlab.models.gan.inpainter`; changed in place.
    critic : keras.Model or None
        From ``medlab.models.gan.critic((H, W, C + 1))``: it sees the image and, as last channel, where the
        hole is. None: reconstruction only.
    adversarial : float
        Weight of the adversarial loss; 0 without a critic: the plain L2 (or L1) network. Pathak et al. 2016
        (doi 10.1109/CVPR.2016.278) weigh .001 against .999, with an L2 reconstruction.
    reconstruction : "l2" or "l1"
        Mean squared or absolute error over the pixels of the hole.
    hole : (float, float)
        Shortest and longest side of the rectangular hole, as a part of the image's, in training.
    loss, rates, betas, optimizer, averaging, decay
        As in `GAN`.
    augment : sequence of "flip", "color", "translation"
        How the training images are changed before the hole is made.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or the networks do not fit each other.

    Examples
    --------
    ``plain = Inpainter(models.gan.inpainter((28, 28, 1)))``, then ``plain.fit(images, minutes=1)`` and
    ``plain.repair(images, masks)``.
    """

    kind = "inpainter"

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model | None = None,
        *,
        adversarial: float | None = None,
        reconstruction: str = "l2",
        hole: Iterable[float] = (0.25, 0.5),
        loss: str = "nonsaturating",
        rates: Iterable[float] = (1e-3, 4e-4),
        betas: Iterable[float] = (0.5, 0.999),
        optimizer: str = "adam",
        averaging: float = 0.999,
        decay: float = 0.5,
        augment: Sequence[str] = ("flip", "translation"),
    ) -> None:
        self.image_shape = tuple(generator.output_shape[1:])
        height, width, channels = self.image_shape
        if adversarial is None:
            adversarial = 0.0 if critic is None else 0.01
        adversarial = float(checks.in_range("adversarial", adversarial, 0))
        wanted = (height, width, channels + 1)
        if critic is None and adversarial:
            msg = (
                f"adversarial must be 0 without a critic, got {adversarial:g}. "
                f"Give medlab.models.gan.critic({wanted})."
            )
            raise ValueError(msg)
        if critic is not None and tuple(critic.inputs[0].shape[1:]) != wanted:
            msg = (
                f"the critic must take image and mask, {wanted}, got {tuple(critic.inputs[0].shape[1:])}. "
                f"Build it with medlab.models.gan.critic({wanted})."
            )
            raise ValueError(msg)
        if "cutout" in augment:
            msg = "augment must not hold 'cutout', got it: the image already has a hole. Leave it out."
            raise ValueError(msg)
        shortest, longest = (float(checks.in_range("hole", part, 0.01, 0.99)) for part in hole)
        if shortest > longest:
            msg = f"hole must be (shortest, longest), got ({shortest:g}, {longest:g}). Exchange the two."
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
            adversarial=adversarial,
            reconstruction=checks.one_of("reconstruction", reconstruction, RECONSTRUCTIONS),
            hole=(shortest, longest),
        )

    def fit(
        self,
        images: ArrayLike,
        masks: ArrayLike | None = None,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        batch_size: int = 64,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        snapshots: int = 8,
        snapshots_every: int | None = None,
        record_every: int = 50,
        progress: bool = True,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        control: Control | None = None,
    ) -> GANRun:
        """Learn to fill holes of these images.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1]
        masks : bool array, shape (M, H, W), or None
            Holes (True) to draw from; None: a rectangle of random size and place for each image and step.
        snapshots : int
            Images, the first ones, that are repaired again and again, with the same holes.
        steps, minutes, batch_size, seed, checkpoint, resume, snapshots_every, record_every
        progress, callbacks, control
            As in `GAN.fit`.

        Returns
        -------
        run : GANRun
            Its snapshots are repaired images.

        Raises
        ------
        ValueError, OSError, FloatingPointError
            As in `GAN.fit`, and if a mask hides nothing or everything.
        """
        source = Source(images, None, classes=0, shape=self.image_shape, batch_size=batch_size, seed=seed)
        self._masks = None if masks is None else self._checked(masks)
        shown = source.images[:snapshots]
        material = (shown, self._holes(len(shown), np.random.default_rng([seed, 1])))
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
            masks=None if self._masks is None else int(self._masks.sum()),
        ).run(resume=resume)

    def repair(self, images: ArrayLike, masks: ArrayLike, *, averaged: bool = True) -> NDArray[np.float32]:
        """Fill holes; every pixel outside them stays exactly as it was.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1]
            What lies in the hole is not looked at.
        masks : bool array, shape (H, W) or (N, H, W)
            True in the hole.
        averaged : bool
            Use the averaged network, where there is one.

        Returns
        -------
        repaired : float32 array, shape (N, H, W, C)

        Raises
        ------
        ValueError
            If shapes do not fit, or a mask hides nothing or everything.
        """
        given = np.array(images, dtype=np.float32)
        masks = self._checked(masks)
        if given.ndim == 4 and given.shape[1:3] == masks.shape[1:] and len(masks) in (1, len(given)):
            # What is missing may well be missing as NaN.
            given[np.broadcast_to(masks, given.shape[:3])] = 0
        known = check_images("images", given, self.image_shape)
        if len(masks) not in (1, len(known)):
            msg = (
                f"masks must be one for all images or one for each, got {len(masks)} for {len(known)} images."
            )
            raise ValueError(msg)
        hole = np.broadcast_to(masks[..., None], (*known.shape[:3], 1))
        context = np.concatenate([np.where(hole, 0, known), hole], axis=-1).astype(np.float32)
        made = self._make(self.best if averaged else self.generator, [context])
        return np.where(hole, made, known).astype(np.float32)

    def snapshot(self, material: Any) -> NDArray[np.float32]:
        """Return the fixed images with their fixed holes repaired."""
        return self.repair(*material)

    def batches(self, source: Source, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the critic's batches and the generator's of a step (from 0): the same images and holes."""
        rng = np.random.default_rng([source.seed, 3, step])
        count = source.batch_size
        batch: dict[str, Any] = {
            **source.batch(step),
            "mask": self._holes(count, rng)[..., None].astype(np.float32),
            **{
                f"real_{k}": v for k, v in draw(self.options["augment"], count, self.image_shape, rng).items()
            },
        }
        return [batch] if self.options["adversarial"] else [], batch

    _masks: NDArray[np.bool_] | None = None

    def _holes(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Draw holes, shape (count, H, W)."""
        if self._masks is not None:
            return self._masks[rng.integers(0, len(self._masks), count)]
        inside = []
        for side in self.image_shape[:2]:
            shortest, longest = self.options["hole"]
            part = rng.uniform(shortest, longest, (count, 1))
            length = np.clip(np.round(part * side), 1, side - 1).astype(int)
            first = np.floor(rng.random((count, 1)) * (side - length + 1)).astype(int)
            place = np.arange(side)
            inside.append((place >= first) & (place < first + length))
        return inside[0][:, :, None] & inside[1][:, None, :]

    def _checked(self, masks: ArrayLike) -> NDArray[np.bool_]:
        array = np.asarray(masks)
        array = array[None] if array.ndim == 2 else array
        height, width = self.image_shape[:2]
        if array.ndim != 3 or array.shape[1:] != (height, width) or not np.isin(array, (0, 1)).all():
            msg = (
                f"masks must be true or false and have shape ({height}, {width}) or (N, {height}, {width}), "
                f"got {np.asarray(masks).shape} of {array.dtype}. True marks the hole."
            )
            raise ValueError(msg)
        hidden = array.astype(bool).mean(axis=(1, 2))
        for number, part in enumerate(hidden):
            if part in (0, 1):
                msg = (
                    f"every mask must hide some pixels and leave some, got mask {number} that hides "
                    f"{'nothing' if part == 0 else 'everything'}. Leave that image out."
                )
                raise ValueError(msg)
        return array.astype(bool)

    def _objective(self, player: str) -> Any:
        return self._critic_objective if player == "critic" else self._generator_objective

    def _filled(self, batch: Any) -> tuple[Any, Any, Any]:
        draws = {name[5:]: batch[name] for name in batch if name.startswith("real_")}
        real, mask = transform(batch["real"], draws), batch["mask"]
        made = self.generator(ops.concatenate([real * (1 - mask), mask], axis=-1), training=True)
        return real, made, mask * made + (1 - mask) * real

    def _judged(self, image: Any, batch: Any) -> Any:
        critic: Any = self.critic
        return critic(ops.concatenate([image, batch["mask"]], axis=-1), training=True)

    def _critic_objective(self, batch: Any, input_gradient: Any) -> tuple[Any, dict[str, Any]]:
        real, _, filled = self._filled(batch)
        real_score = self._judged(real, batch)
        fake_score = self._judged(ops.stop_gradient(filled), batch)
        loss = critic_loss(self.options["loss"], real_score, fake_score)
        return loss, {
            "critic_loss": loss,
            "real_score": ops.mean(real_score),
            "fake_score": ops.mean(fake_score),
        }

    def _generator_objective(self, batch: Any, input_gradient: Any) -> tuple[Any, dict[str, Any]]:
        real, made, filled = self._filled(batch)
        difference = (made - real) * batch["mask"]
        error = ops.abs(difference) if self.options["reconstruction"] == "l1" else ops.square(difference)
        reconstruction = ops.sum(error) / (ops.sum(batch["mask"]) * self.image_shape[-1])
        loss = reconstruction
        if self.options["adversarial"]:
            deceit = generator_loss(self.options["loss"], self._judged(filled, batch))
            loss = loss + self.options["adversarial"] * deceit
        return loss, {"generator_loss": loss, "reconstruction": reconstruction}
