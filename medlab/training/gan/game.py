"""What the two networks of a `GAN` minimize, and the batches that they see."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from medlab.training.gan.adversary import Adversary
from medlab.training.gan.augmenting import draw, transform
from medlab.training.gan.losses import critic_loss, generator_loss, gradient_penalty
from medlab.training.gan.source import Source


class Game(Adversary):
    """The objectives of both players; `GAN` adds how they are made and used."""

    latent: int
    classes: int
    image_shape: tuple[int, ...]

    def batches(self, source: Source, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the critic's batches and the generator's of a step (from 0): images, noise, changes."""
        rng = np.random.default_rng([source.seed, 3, step])
        count, turns = source.batch_size, self.options["critic_steps"]
        critics = []
        for turn in range(turns):
            batch: dict[str, Any] = {
                **source.batch(step * turns + turn),
                "noise": rng.standard_normal((count, self.latent), np.float32),
                **self._draw("real", count, rng),
                **self._draw("fake", count, rng),
            }
            if self.options["penalty"]:
                batch["place"] = rng.random((count,) + (1,) * len(self.image_shape), np.float32)
            critics.append(batch)
        batch = {"noise": rng.standard_normal((count, self.latent), np.float32)}
        if self.classes:
            batch["label"] = critics[-1]["label"]
        return critics, {**batch, **self._draw("fake", count, rng)}

    def _draw(self, which: str, count: int, rng: np.random.Generator) -> dict[str, Any]:
        if not self.options["augment"]:
            return {}
        draws = draw(self.options["augment"], count, self.image_shape, rng)
        return {f"{which}_{name}": array for name, array in draws.items()}

    def _objective(self, player: str) -> Any:
        return self._critic_objective if player == "critic" else self._generator_objective

    def _seen(self, which: str, images: Any, batch: Any) -> Any:
        prefix = f"{which}_"
        draws = {name.removeprefix(prefix): batch[name] for name in batch if name.startswith(prefix)}
        return transform(images, draws)

    def _with_label(self, first: Any, batch: Any) -> Any:
        return [first, batch["label"]] if self.classes else first

    def _critic_objective(self, batch: Any, input_gradient: Any) -> tuple[Any, dict[str, Any]]:
        critic: Any = self.critic
        made = ops.stop_gradient(self.generator(self._with_label(batch["noise"], batch), training=True))
        real = self._seen("real", batch["real"], batch)
        fake = self._seen("fake", made, batch)
        real_score = critic(self._with_label(real, batch), training=True)
        fake_score = critic(self._with_label(fake, batch), training=True)
        loss = critic_loss(self.options["loss"], real_score, fake_score)
        facts = {"real_score": ops.mean(real_score), "fake_score": ops.mean(fake_score)}
        if self.options["penalty"]:
            between = batch["place"] * real + (1 - batch["place"]) * fake
            facts["penalty"] = gradient_penalty(
                # Not in training mode: nothing is assigned inside the inner gradient.
                lambda x: critic(self._with_label(x, batch), training=False),
                between,
                input_gradient,
            )
            loss = loss + self.options["penalty"] * facts["penalty"]
        return loss, {"critic_loss": loss, **facts}

    def _generator_objective(self, batch: Any, input_gradient: Any) -> tuple[Any, dict[str, Any]]:
        critic: Any = self.critic
        made = self.generator(self._with_label(batch["noise"], batch), training=True)
        fake = self._seen("fake", made, batch)
        loss = generator_loss(self.options["loss"], critic(self._with_label(fake, batch), training=True))
        return loss, {"generator_loss": loss}
