"""What `GAN` and `Inpainter` share: two networks, their optimizers, the average, the compiled steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from medlab import backend, checks
from medlab.training.checkpoint import network_identity
from medlab.training.gan import saving, stepping
from medlab.training.gan.losses import LOSSES
from medlab.training.gan.options import check_augment, check_rates, make_optimizer

BATCH = 256
# Of the rate: the last steps of a decay still move a little.
SLOWEST = 0.01


class Adversary:
    """A network that makes images, a critic that tells them from real ones, and how both learn.

    Subclasses say what each minimizes and what a batch is.
    """

    kind = ""

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model | None,
        *,
        loss: str,
        rates: Iterable[float],
        betas: Iterable[float],
        optimizer: str,
        averaging: float,
        decay: float,
        augment: Iterable[str],
        **options: Any,
    ) -> None:
        first, second = betas
        self.generator = generator
        self.critic = critic
        self.options: dict[str, Any] = {
            "loss": checks.one_of("loss", loss, LOSSES),
            "rates": check_rates(rates),
            "betas": (float(first), float(second)),
            "optimizer": optimizer,
            "averaging": float(checks.in_range("averaging", averaging, 0, 0.99999)),
            "decay": float(checks.in_range("decay", decay, 0, 1)),
            "augment": check_augment(augment),
            **options,
        }
        self.updates = 0
        self.stop_training = False
        backend.use_gpu_memory_as_needed()
        self.average: keras.Model | None = None
        if averaging:
            self.average = keras.models.clone_model(generator)
            self.average.set_weights(generator.get_weights())
        self.optimizers = [
            make_optimizer(optimizer, rate, self.options["betas"], network.trainable_variables)
            for network, rate in zip(self.players(), self.options["rates"], strict=False)
        ]
        self._steps: dict[str, Callable[[stepping.Batch], dict[str, Any]]] = {}

    # --- what a subclass says

    def _objective(self, player: str) -> stepping.Objective:
        raise NotImplementedError

    def batches(self, source: Any, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the critic's batches and the generator's of a step (from 0)."""
        raise NotImplementedError

    def snapshot(self, material: Any) -> NDArray[np.float32]:
        """Return what the averaged generator makes of fixed material."""
        raise NotImplementedError

    # --- one step

    def step(self, critic_batches: list[dict[str, Any]], batch: dict[str, Any]) -> dict[str, Any]:
        """Take one step: the critic's updates, then the generator's, then the average's.

        Returns
        -------
        facts : mapping
            Losses and scores as tensors of the backend, to be read when they are needed.
        """
        facts: dict[str, Any] = {}
        for critic_batch in critic_batches:
            facts |= self._step("critic")(critic_batch)
        momentum = self.momentum(self.updates)
        facts |= self._step("generator")({**batch, "momentum": np.float32(momentum)})
        self.updates += 1
        return facts

    def slow_down(self, done: float) -> None:
        """Set the learning rates for a part of the training that is done, from 0 to 1."""
        decay = self.options["decay"]
        if not decay:
            return
        left = min(1.0, (1.0 - done) / decay)
        for optimizer, rate in zip(self.optimizers, self.options["rates"], strict=False):
            optimizer.learning_rate = rate * max(left, SLOWEST)

    def momentum(self, updates: int) -> float:
        """Return how much of the average stays at an update: less at first, to forget the start."""
        return min(self.options["averaging"], (1 + updates) / (10 + updates))

    def gradients(self, player: str, batch: dict[str, Any]) -> tuple[dict[str, float], list[NDArray[Any]]]:
        """Return losses and gradients of "generator" or "critic" on a batch; nothing changes."""
        trainable, others = self._variables(player)
        state = self.state()
        found = stepping.gradients(self._objective(player), trainable, others, batch)
        # Where nothing is pure, calling the networks has moved their statistics.
        self.restore(state)
        return found

    def _step(self, player: str) -> Callable[[stepping.Batch], dict[str, Any]]:
        if player not in self._steps:
            trainable, others = self._variables(player)
            number = ("generator", "critic").index(player)
            self._steps[player] = stepping.compiled(
                self._objective(player),
                trainable,
                others,
                self.optimizers[number],
                self._follow if player == "generator" and self.average is not None else None,
            )
        return self._steps[player]

    def _follow(self, batch: stepping.Batch) -> None:
        """Move the average toward the generator, normalization statistics included."""
        if self.average is None:
            return
        stay = batch["momentum"]
        for mean, now in zip(self.average.weights, self.generator.weights, strict=True):
            mean.assign(stay * mean.value + (1 - stay) * now.value)

    def players(self) -> list[keras.Model]:
        """Return the networks that learn."""
        return [self.generator] if self.critic is None else [self.generator, self.critic]

    def _variables(self, player: str) -> tuple[list[Any], list[Any]]:
        model: Any = self.generator if player == "generator" else self.critic
        trainable = list(model.trainable_variables)
        chosen = {id(variable) for variable in trainable}
        networks = [*self.players(), *([] if self.average is None else [self.average])]
        everything = [variable for network in networks for variable in network.variables]
        return trainable, [variable for variable in everything if id(variable) not in chosen]

    # --- use

    @property
    def best(self) -> keras.Model:
        """The averaged generator, or the generator itself where nothing is averaged."""
        return self.generator if self.average is None else self.average

    def _make(self, model: keras.Model, inputs: list[NDArray[Any]]) -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(inputs[0]), BATCH):
            part = [array[start : start + BATCH] for array in inputs]
            made = model.predict_on_batch(part if len(part) > 1 else part[0])
            parts.append(np.asarray(made, np.float32))
        return np.concatenate(parts)

    def save(self, folder: str | Path) -> Path:
        """Write networks, average, optimizers and options to a folder; `load` reads it on any backend.

        Raises
        ------
        OSError
            If the folder cannot be written or the disk is full; an older GAN there stays as it was.
        """
        return saving.save(self, folder)

    # --- everything that changes, for checkpoints

    def state(self) -> dict[str, list[NDArray[Any]]]:
        """Return copies of all variables, by group."""
        return {name: [_copy(v) for v in group] for name, group in self._groups().items()}

    def restore(self, state: Mapping[str, list[NDArray[Any]]]) -> None:
        """Put back what `state` returned."""
        for name, group in self._groups().items():
            for variable, value in zip(group, state.get(name, []), strict=True):
                variable.assign(value)

    def _groups(self) -> dict[str, list[Any]]:
        groups = {"generator": self.generator.variables}
        if self.critic is not None:
            groups["critic"] = self.critic.variables
        if self.average is not None:
            groups["average"] = self.average.variables
        for name, optimizer in zip(("generator_slots", "critic_slots"), self.optimizers, strict=False):
            groups[name] = optimizer.variables
        return groups

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on."""
        networks = {
            name: network_identity(model)
            for name, model in zip(("generator", "critic"), self.players(), strict=False)
        }
        return json.loads(json.dumps({"kind": self.kind, **self.options, **networks}))


def _copy(variable: Any) -> NDArray[Any]:
    return np.array(keras.ops.convert_to_numpy(variable), copy=True)
