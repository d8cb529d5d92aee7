"""`Inpainter`: a network that fills holes, by reconstruction alone or against a critic."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from medlab import checks
from medlab.training.gan.adversary import Adversary
from medlab.training.gan.differentiable_augmentation import transform
from medlab.training.gan.image_batches import ImageBatches, check_images
from medlab.training.gan.losses import generator_loss
from medlab.training.gan.steps import Batch
from medlab.training.gan.training_loop import GANRun


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
        Weight of the adversarial loss beside the mean squared error over the pixels of the hole; 0 without a
        critic: the plain L2 network. Pathak et al. 2016 (doi 10.1109/CVPR.2016.278) weigh .001 against .999.
    hole : (float, float)
        Shortest and longest side of the rectangular hole, as a part of the image's, in training.
    **options
        loss, rates, betas, averaging and decay as in `GAN`; augment, a sequence of "flip", "color" and
        "translation": how the training images are changed before the hole is made.

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
    _masks: NDArray[np.bool_] | None = None

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model | None = None,
        *,
        adversarial: float | None = None,
        hole: Iterable[float] = (0.25, 0.5),
        **options: Any,
    ) -> None:
        usual = {"rates": (1e-3, 4e-4), "averaging": 0.999, "augment": ("flip", "translation")}
        options = {**usual, **options}
        self.image_shape = tuple(generator.output_shape[1:])
        height, width, channels = self.image_shape
        if adversarial is None:
            adversarial = 0.0 if critic is None else 0.01
        adversarial = float(checks.in_range("adversarial", adversarial, 0))
        expected = (height, width, channels + 1)
        remedy = f"Give medlab.models.gan.critic({expected})."
        if critic is None and adversarial:
            msg = f"adversarial must be 0 without a critic, got {adversarial:g}. {remedy}"
            raise ValueError(msg)
        if critic is not None and (shape := tuple(critic.inputs[0].shape[1:])) != expected:
            msg = f"the critic must take image and mask, {expected}, got {shape}. {remedy}"
            raise ValueError(msg)
        if "cutout" in options["augment"]:
            msg = "augment must not hold 'cutout', got it: the image already has a hole. Leave it out."
            raise ValueError(msg)
        shortest, longest = map(float, checks.pair("hole", hole, 0.01, 0.99))
        if shortest > longest:
            msg = f"hole must be (shortest, longest), got ({shortest:g}, {longest:g}). Exchange the two."
            raise ValueError(msg)
        own = {"adversarial": adversarial, "hole": (shortest, longest)}
        super().__init__(generator, critic, own, **options)

    def fit(self, images: ArrayLike, masks: ArrayLike | None = None, **options: Any) -> GANRun:
        """Learn to fill holes of these images.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1]
        masks : bool array, shape (M, H, W), or None
            Holes (True) to draw from; None: a rectangle of random size and place for each image and step.
        snapshots : int or None
            Images, the first ones, that are repaired again and again, with the same holes; None: 8.
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
        self._masks = None if masks is None else self._checked(masks)
        return self._fit(images, None, options)

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on: of the masks, too."""
        return {**super().identity(), "masks": None if self._masks is None else int(self._masks.sum())}

    def _material(self, real: ImageBatches, count: int | None) -> Any:
        shown = real.images[: 8 if count is None else count]
        return shown, self._holes(len(shown), np.random.default_rng([real.seed, 1]))

    def repair(self, images: ArrayLike, masks: ArrayLike) -> NDArray[np.float32]:
        """Fill holes with the averaged network; every pixel outside them stays exactly as it was.

        Parameters
        ----------
        images : float array, shape (N, H, W, C) in [-1, 1]
            What lies in the hole is not looked at.
        masks : bool array, shape (H, W) or (N, H, W)
            True in the hole.

        Returns
        -------
        repaired : float32 array, shape (N, H, W, C)

        Raises
        ------
        ValueError
            If shapes do not fit, or a mask hides nothing or everything.
        """
        pixels = np.array(images, dtype=np.float32)
        masks = self._checked(masks)
        if pixels.ndim == 4 and pixels.shape[1:3] == masks.shape[1:] and len(masks) in (1, len(pixels)):
            # What is missing may well be missing as NaN.
            pixels[np.broadcast_to(masks, pixels.shape[:3])] = 0
        array = check_images("images", pixels, self.image_shape)
        if len(masks) not in (1, len(array)):
            count = f"{len(masks)} for {len(array)} images"
            msg = f"masks must be one for all images or one for each, got {count}."
            raise ValueError(msg)
        hole = np.broadcast_to(masks[..., None], (*array.shape[:3], 1))
        context = np.concatenate([np.where(hole, 0, array), hole], axis=-1).astype(np.float32)
        return np.where(hole, self._make([context]), array).astype(np.float32)

    def snapshot(self, material: Any) -> NDArray[np.float32]:
        """Return the fixed images with their fixed holes repaired."""
        return self.repair(*material)

    def batches(self, real: ImageBatches, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the critic's batches and the generator's of a step (from 0): the same images and holes."""
        rng = np.random.default_rng([real.seed, 3, step])
        holes = self._holes(real.batch_size, rng)[..., None].astype(np.float32)
        batch = {**real.batch(step), "mask": holes, "real_draws": self._draw(real.batch_size, rng)}
        return [batch] if self.options["adversarial"] else [], batch

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
            given, wanted = f"{np.shape(masks)} of {array.dtype}", f"(N, {height}, {width})"
            msg = f"masks must be true or false, true in the hole, and have shape {wanted}, got {given}."
            raise ValueError(msg)
        hidden = array.astype(bool).mean(axis=(1, 2))
        for number in np.flatnonzero(np.isin(hidden, (0, 1))):
            hides = f"mask {number} that hides {'everything' if hidden[number] else 'nothing'}"
            msg = f"every mask must hide some pixels and leave some, got {hides}. Leave that image out."
            raise ValueError(msg)
        return array.astype(bool)

    def _filled(self, batch: Batch) -> tuple[Any, Any, Any]:
        """Return the real images, what the network makes of them, and that in their holes only."""
        real, mask = transform(batch["real"], batch["real_draws"]), batch["mask"]
        output = self.generator(ops.concatenate([real * (1 - mask), mask], axis=-1), training=True)
        return real, output, mask * output + (1 - mask) * real

    def _score(self, images: Any, batch: Batch) -> Any:
        critic: Any = self.critic
        return critic(ops.concatenate([images, batch["mask"]], axis=-1), training=True)

    def _critic_objective(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        real, _, filled = self._filled(batch)
        real_score = self._score(real, batch)
        facts = self._critic_facts(real_score, self._score(ops.stop_gradient(filled), batch))
        return facts["critic_loss"], facts

    def _generator_objective(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        real, output, filled = self._filled(batch)
        error = ops.square((output - real) * batch["mask"])
        reconstruction = ops.sum(error) / (ops.sum(batch["mask"]) * self.image_shape[-1])
        loss = reconstruction
        if self.options["adversarial"]:
            adversarial = generator_loss(self.options["loss"], self._score(filled, batch))
            loss = loss + self.options["adversarial"] * adversarial
        return loss, {"generator_loss": loss, "reconstruction": reconstruction}
