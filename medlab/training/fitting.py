"""`fit`: the one way to train a network, on every backend."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from medlab import backend, checks
from medlab.data.augmentation import Augmentation
from medlab.data.balancing import oversample, sample_weights, undersample
from medlab.data.batches import Batches
from medlab.data.dataset import Dataset
from medlab.data.normalization import normalize
from medlab.models.catalog import outputs
from medlab.text import counted
from medlab.training import background, random_states
from medlab.training.checkpoint import Checkpoint, network_identity
from medlab.training.control import Control, Stopped
from medlab.training.losses import Overlap
from medlab.training.monitor import Monitor
from medlab.training.run import Run
from medlab.training.settings import SMOKE_STEPS, Settings, described
from medlab.training.validation import Selection, Validation

Callbacks = Sequence[keras.callbacks.Callback]
LAST_ACTIVATIONS = {"multiclass": "softmax", "segmentation": "softmax", "regression": "linear"}


@described
def fit(
    model: keras.Model,
    dataset: Dataset,
    *,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    log_path: str | Path | None = None,
    progress: bool = True,
    augmentation: Augmentation | None = None,
    callbacks: Callbacks = (),
    control: Control | None = None,
    **options: Any,
) -> Run:
    """Train a network on a data set, choose its best epoch on validation, and say how it went.

    Parameters
    ----------
    model : keras.Model
        From `medlab.models.build`, or any of the same input and output; changed in place.
    dataset : Dataset
        train and val are used; test is not touched.
    seed : int
        Order, augmentation and dropout follow from it; the first weights follow from the seed of `build`.
    checkpoint : path or None
        Folder that keeps the state after each epoch.
    resume : bool
        Go on from the checkpoint, if there is one, as if training had never stopped.
    log_path : path or None
        JSONL file: a line an epoch, written anew after each.
    progress : bool
        Show a bar in a terminal, at most a dozen lines elsewhere.
    augmentation : Augmentation or None
        None: what suits the data set, `Augmentation.for_dataset`.
    callbacks : sequence of keras.callbacks.Callback
        Called after medlab's own; ``on_epoch_end`` gets the epoch's row of the history as its logs.
    control : Control or None
        Lets another thread pause and stop: see `TrainSession`.
    **options
        Fields of `medlab.training.Settings`, as follows; None: chosen from scale and data set.
    {options}

    Returns
    -------
    run : Run

    Raises
    ------
    ValueError
        If an option does not exist or is out of range, if val lacks one of the classes, if the network's
        output is none for this task, if a random layer cannot be kept, or if the checkpoint belongs to
        another training.
    FloatingPointError
        If the loss is not finite: no better weights can follow.
    Stopped
        If `control` stopped it; the checkpoint, where there is one, has the state after the last batch.
    RuntimeError
        If a session is at work in this kernel: see `TrainSession`.
    """
    background.check_free()
    seed = checks.seed(seed)
    for name in options:
        checks.one_of("option of fit", name, Settings.__dataclass_fields__)
    settings = Settings(**options).resolve(dataset)
    normalization = normalize(dataset)
    segments = dataset.task == "segmentation"
    few = dataset.train.images[:8]
    if segments and len(model.input_shape) == few.ndim:
        few = few[(slice(None), *map(slice, model.input_shape[1:-1]))]
    few = normalization.apply(few)
    _check_output(model, dataset, few)
    if checkpoint:
        random_states.check_known(model, few)
    if dataset.task == "regression":
        _start_at_the_mean(model, dataset)
    backend.use_gpu_memory_as_needed()
    backend.seed_everything(seed)
    batches = _batches(dataset, settings, normalization, augmentation, seed)
    if segments and few.shape[1:-1] != dataset.image_shape[:-1]:
        batches.patch = few.shape[1:-1]
    elif settings.patches > 1:
        msg = f"patches must be 1 for a network that sees whole images, got {settings.patches}."
        raise ValueError(msg)
    optimizer = _optimizer(settings, len(batches) * settings.epochs)
    loss = Overlap(settings.loss) if segments else _loss(dataset.task, settings.balance == "focal")
    model.compile(optimizer, loss, jit_compile=_xla())
    model.optimizer.build(model.trainable_variables)
    validation = Validation(dataset, loss)
    identity = {**asdict(settings), "seed": seed, "data": dataset.fingerprint}
    identity |= {"network": network_identity(model), "augmentation": repr(batches.augmentation)}
    identity["backend"] = backend.name()
    monitor = Monitor(
        validation,
        Selection(validation.measure, settings.epochs, settings.patience),
        normalization,
        batches,
        control or Control(),
        averaging=settings.averaging > 0,
        seed=seed,
        checkpoint=Checkpoint(checkpoint, identity) if checkpoint else None,
        log_path=Path(log_path) if log_path else None,
        progress=progress,
    )
    _train(model, monitor, callbacks, *(monitor.restore(model) if resume else (0, 0)))
    seconds = monitor.seconds()
    return Run(
        model=model,
        task=dataset.task,
        normalization=normalization,
        history=monitor.finish(model),
        best_epoch=monitor.selection.best_epoch,
        train_seconds=seconds,
        options=asdict(settings),
        seed=seed,
        backend=backend.name(),
        target_names=dataset.target_names,
    )


def _train(
    model: keras.Model, monitor: Monitor, callbacks: Callbacks, first_epoch: int, first_batch: int
) -> None:
    """Run the epochs that are left; the rest of an interrupted one goes first, for it has fewer batches."""
    control, batches, epochs = monitor.control, monitor.batches, monitor.selection.epochs
    control.history, control.epochs, control.batches = monitor.selection, epochs, len(batches)

    def run(first_epoch: int, last_epoch: int, first_batch: int = 0) -> None:
        control.first_batch = first_batch
        material, watching = batches.for_keras(first_batch), [control, monitor, *callbacks]
        span = {"epochs": last_epoch, "initial_epoch": first_epoch}
        model.fit(material, **span, shuffle=False, verbose=0, callbacks=watching)

    model.stop_training = False
    if first_batch:
        run(first_epoch, first_epoch + 1, first_batch)
        first_epoch += 1
        if not model.stop_training:
            # Keras ends a training with the averaged weights; this one goes on with its own.
            model.set_weights(monitor.own_weights)
    if first_epoch < epochs and not model.stop_training:
        run(first_epoch, epochs)
    if control.stopping and not monitor.is_over():
        monitor.close()
        count = counted(len(batches), "batch", "batches")
        msg = f"stopped in epoch {control.epoch + 1}, after {control.batch} of its {count}."
        raise Stopped(msg)


def _check_output(model: keras.Model, dataset: Dataset, few: Any) -> None:
    """Refuse, before anything is trained, outputs that are no answer to the data set's task."""
    answers = keras.tree.flatten(model(few, training=False))
    shapes = [tuple(answer.shape) for answer in answers]
    width, segments = outputs(dataset), dataset.task == "segmentation"
    last = LAST_ACTIVATIONS.get(dataset.task, "sigmoid")
    wanted = (*few.shape[:-1], width) if segments else (len(few), width)
    if shapes != [wanted] and (segments or shapes != [wanted[:1]] or width > 1):
        remedy = "Use medlab.models.unet" if segments else f"End it with Dense({width}, activation={last!r})"
        given, size = " and ".join(map(str, shapes)), ", ".join(map(str, wanted[1:]))
        msg = f"model must give shape (N, {size}) for {dataset.task} data, got {given} for {len(few)} images."
        msg += f" {remedy}."
        raise ValueError(msg)
    if dataset.task == "regression":
        return
    last_layer, values = model.layers[-1], keras.ops.convert_to_numpy(answers[0])
    linear = getattr(last_layer, "activation", None) is keras.activations.linear
    low, high = values.min(), values.max()
    if linear or not (low >= 0 and high <= 1):
        given = "a linear last layer" if linear else f"values from {low:.3g} to {high:.3g}"
        remedy = f"End it with activation={last!r}."
        msg = f"model must give probabilities for {dataset.task} data, got {given}. {remedy}"
        raise ValueError(msg)


def _start_at_the_mean(model: keras.Model, dataset: Dataset) -> None:
    """Let an untrained output begin at the mean target: it should not have to travel there by small steps."""
    bias = getattr(model.layers[-1], "bias", None)
    if bias is not None and not np.any(keras.ops.convert_to_numpy(bias)):
        bias.assign(np.full(bias.shape, dataset.train.labels.mean(), dtype="float32"))


def _xla() -> bool:
    """Return whether to compile with XLA; torch's compiler needs a C compiler and minutes."""
    return backend.name() == "jax" or (backend.name() == "tensorflow" and bool(backend.gpus()))


def _batches(
    dataset: Dataset, settings: Settings, normalization: Any, augmentation: Augmentation | None, seed: int
) -> Batches:
    if settings.balance in ("oversample", "undersample"):
        resample = oversample if settings.balance == "oversample" else undersample
        dataset = resample(dataset, seed=seed)
    return Batches(
        checks.finite("training images", dataset.train.images),
        np.asarray(dataset.targets(dataset.train)),
        normalization,
        batch_size=settings.batch_size,
        augmentation=(augmentation or Augmentation.for_dataset(dataset)) if settings.augment else None,
        weights=sample_weights(dataset) if settings.balance == "weights" else None,
        seed=seed,
        most=SMOKE_STEPS if settings.scale == "smoke" else None,
        patches=settings.patches,
    )


def _optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    warmup = round(settings.warmup * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=settings.learning_rate / 10,
        decay_steps=max(1, steps - warmup),
        warmup_target=settings.learning_rate,
        warmup_steps=warmup,
    )
    average = {"use_ema": True, "ema_momentum": settings.averaging} if settings.averaging else {}
    if settings.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, **average)
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate, **average)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay, **average)
    # Decay pulls weights towards 0; biases and batch normalization's scale have no reason to go there.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _loss(task: str, focal: bool) -> keras.losses.Loss:
    if task == "regression":
        return keras.losses.MeanSquaredError()
    if task == "multiclass":
        return keras.losses.SparseCategoricalCrossentropy() if not focal else _SparseFocal()
    return keras.losses.BinaryFocalCrossentropy() if focal else keras.losses.BinaryCrossentropy()


class _SparseFocal(keras.losses.Loss):
    """Focal loss (Lin et al. 2017, doi 10.1109/ICCV.2017.324) for class numbers; Keras has it for one-hot."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss an image: classes (N,) or (N, 1), probabilities (N, K)."""
        classes = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        one_hot = keras.ops.one_hot(classes, y_pred.shape[-1])
        return keras.losses.categorical_focal_crossentropy(one_hot, y_pred)
