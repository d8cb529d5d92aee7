"""What `GAN` and `Inpainter` share: two networks, their optimizers, the average, the compiled steps."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from medlab import backend, checks
from medlab.models.bundle import replacing_files
from medlab.training.checkpoint import copied, flat, network_identity
from medlab.training.gan import steps
from medlab.training.gan.differentiable_augmentation import AUGMENTATIONS, draw
from medlab.training.gan.image_batches import ImageBatches
from medlab.training.gan.losses import LOSSES, critic_loss
from medlab.training.gan.training_loop import FitOptions, GANRun, Loop

SCHEMA = 1
FACTS, SLOTS = "gan.json", "optimizers.npz"
BATCH = 256


class Adversary:
    """A network that makes images, a critic that tells them from real ones, and how both learn.

    Subclasses say what each minimizes and what a batch is. `own` has the options that only a subclass has.
    """

    kind = ""
    image_shape: tuple[int, ...]
    classes = 0

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model | None,
        own: Mapping[str, Any],
        *,
        rates: Iterable[float],
        averaging: float,
        loss: str = "nonsaturating",
        betas: Iterable[float] = (0.5, 0.999),
        decay: float = 0.5,
        augment: Iterable[str] = (),
    ) -> None:
        chosen = {checks.one_of("augment", name, AUGMENTATIONS) for name in augment}
        self.generator = generator
        self.critic = critic
        self.options: dict[str, Any] = {
            "loss": checks.one_of("loss", loss, LOSSES),
            "rates": tuple(map(float, checks.pair("rates", rates, 1e-7, 10))),
            "betas": tuple(map(float, checks.pair("betas", betas, 0, 0.9999))),
            "averaging": float(checks.in_range("averaging", averaging, 0, 0.99999)),
            "decay": float(checks.in_range("decay", decay, 0, 1)),
            "augment": tuple(name for name in AUGMENTATIONS if name in chosen),
            **own,
        }
        self.updates = 0
        self.stop_training = False
        backend.use_gpu_memory_as_needed()
        self.players = {"generator": generator}
        if critic is not None:
            self.players["critic"] = critic
        self.networks = dict(self.players)
        self.average: keras.Model | None = None
        if averaging:
            self.average = keras.models.clone_model(generator)
            self.average.set_weights(generator.get_weights())
            self.networks["average"] = self.average
        self.optimizers = [
            self._optimizer(rate, network.trainable_variables)
            for network, rate in zip(self.players.values(), self.options["rates"], strict=False)
        ]
        self._steps: dict[str, steps.Step] = {}

    # --- what a subclass says

    def _material(self, real: ImageBatches, count: int | None) -> Any:
        """Return what so many snapshots are made of; None: a number that suits."""
        raise NotImplementedError

    def _critic_objective(self, batch: steps.Batch) -> tuple[Any, dict[str, Any]]:
        raise NotImplementedError

    def _generator_objective(self, batch: steps.Batch) -> tuple[Any, dict[str, Any]]:
        raise NotImplementedError

    def batches(self, real: ImageBatches, step: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
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
        # Less of the average stays at first, to forget the start.
        momentum = min(self.options["averaging"], (1 + self.updates) / (10 + self.updates))
        facts |= self._step("generator")({**batch, "momentum": np.float32(momentum)})
        self.updates += 1
        return facts

    def slow_down(self, done: float) -> None:
        """Set the learning rates for a part of the training that is done, from 0 to 1."""
        decay = self.options["decay"]
        if not decay:
            return
        # The last steps still move a little.
        factor = max(min(1.0, (1.0 - done) / decay), 0.01)
        for optimizer, rate in zip(self.optimizers, self.options["rates"], strict=False):
            optimizer.learning_rate = rate * factor

    def _step(self, player: str) -> steps.Step:
        if player not in self._steps:
            trainable, others = self._variables(player)
            is_critic = player == "critic"
            objective = self._critic_objective if is_critic else self._generator_objective
            finish = self._leave if is_critic or self.average is None else self._follow
            optimizer = self.optimizers[int(is_critic)]
            self._steps[player] = steps.compiled(objective, trainable, others, optimizer, finish)
        return self._steps[player]

    def _leave(self, batch: steps.Batch) -> None:
        """Leave the average as it is: after the critic's step."""
        return  # AutoGraph cannot read a function without a statement

    def _follow(self, batch: steps.Batch) -> None:
        """Move the average toward the generator, normalization statistics included."""
        average: Any = self.average
        stay = batch["momentum"]
        for mean, now in zip(average.weights, self.generator.weights, strict=True):
            mean.assign(stay * mean.value + (1 - stay) * now.value)

    def _draw(self, count: int, rng: np.random.Generator) -> dict[str, Any]:
        """Draw how images are changed before the critic looks; points are not."""
        augment = self.options["augment"]
        return draw(augment, count, self.image_shape, rng) if augment else {}

    def _critic_facts(self, real_score: Any, fake_score: Any) -> dict[str, Any]:
        return {
            "critic_loss": critic_loss(self.options["loss"], real_score, fake_score),
            "real_score": ops.mean(real_score),
            "fake_score": ops.mean(fake_score),
        }

    def _variables(self, player: str) -> tuple[list[Any], list[Any]]:
        trainable = list(self.players[player].trainable_variables)
        chosen = {id(variable) for variable in trainable}
        everything = [variable for network in self.networks.values() for variable in network.variables]
        return trainable, [variable for variable in everything if id(variable) not in chosen]

    def _optimizer(self, rate: float, variables: list[Any]) -> Any:
        """Return an optimizer whose slots are made for these variables."""
        beta_1, beta_2 = self.options["betas"]
        optimizer = keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2)
        optimizer.build(variables)
        return optimizer

    # --- use

    def _fit(self, images: Any, labels: Any, options: Mapping[str, Any]) -> GANRun:
        for name in options:
            checks.one_of("option of fit", name, FitOptions.__dataclass_fields__)
        chosen = FitOptions(**options)
        real = ImageBatches(images, labels, self.classes, self.image_shape, chosen.batch_size, chosen.seed)
        return Loop(self, chosen, real, self._material(real, chosen.snapshots)).run()

    def _make(self, inputs: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Return what the averaged generator, where there is one, makes of its inputs."""
        model = self.generator if self.average is None else self.average
        parts = []
        for start in range(0, len(inputs[0]), BATCH):
            part = [array[start : start + BATCH] for array in inputs]
            # Not predict, which takes a hundred times as long for a handful of images.
            images = model.predict_on_batch(part if len(part) > 1 else part[0])
            parts.append(np.asarray(images, np.float32))
        return np.concatenate(parts)

    def save(self, folder: str | Path) -> Path:
        """Write networks, average, optimizers and options to a folder; `load` reads it on any backend.

        Raises
        ------
        OSError
            If the folder cannot be written or the disk is full; an older GAN there stays as it was.
        """
        folder = Path(folder)
        facts: dict[str, Any] = {"schema": SCHEMA, "kind": self.kind, "options": self.options}
        facts |= {"networks": list(self.networks), "updates": self.updates}
        facts |= {"backend": backend.name(), "versions": backend.versions()}
        slots = {name: group for name, group in self.state().items() if name.endswith("_slots")}
        # The facts last: a folder with facts is whole.
        names = [*(f"{name}.keras" for name in self.networks), SLOTS, FACTS]
        with replacing_files(folder, names, "GAN") as partial:
            for name, model in self.networks.items():
                model.save(partial / f"{name}.keras")
            np.savez(partial / SLOTS, **flat(slots))
            (partial / FACTS).write_text(json.dumps(facts, indent=2, allow_nan=False), encoding="utf-8")
        return folder

    # --- everything that changes, for checkpoints

    def state(self) -> dict[str, list[NDArray[Any]]]:
        """Return copies of all variables, by group."""
        return {name: copied(group) for name, group in self._groups().items()}

    def restore(self, state: Mapping[str, list[NDArray[Any]]]) -> None:
        """Put back what `state` returned."""
        for name, group in self._groups().items():
            for variable, value in zip(group, state.get(name, []), strict=True):
                variable.assign(value)

    def _groups(self) -> dict[str, list[Any]]:
        groups = {name: network.variables for name, network in self.networks.items()}
        for name, optimizer in zip(self.players, self.optimizers, strict=True):
            groups[f"{name}_slots"] = optimizer.variables
        return groups

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on."""
        networks = {name: network_identity(network) for name, network in self.players.items()}
        return json.loads(json.dumps({"kind": self.kind, **self.options, **networks}))
