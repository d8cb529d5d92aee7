"""Training on the default backend: it learns, it is repeatable, it resumes, it refuses."""

import json
import re
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from medlab import models, training
from medlab.data import Augmentation, Dataset, Split
from medlab.training.checkpoint import Checkpoint
from medlab.training.validation import Selection, Validation

pytestmark = pytest.mark.slow


def bright_spots(rng, count, side=16, task="binary"):
    """Images of noise, half of them with a bright square: a question that a network answers in seconds."""
    images = rng.integers(0, 100, (count, side, side + 2, 1)).astype(np.uint8)
    labels = np.arange(count) % 2
    images[labels == 1, 4:9, 5:10] += 120
    if task == "regression":
        return Split(images, labels.astype(np.float32))
    if task == "multilabel":
        return Split(images, np.stack([labels, 1 - labels], axis=1).astype(np.uint8))
    return Split(images, labels)


def dataset_of(rng, task="binary", train=96, positive_class=1):
    names = ("spot",) if task == "regression" else ("dark", "spot")
    return Dataset(
        "spots",
        bright_spots(rng, train, task=task),
        bright_spots(rng, 20, task=task),
        bright_spots(rng, 20, task=task),
        task,
        names,
        positive_class if task == "binary" else None,
        flips=("left-right",),
    )


@pytest.fixture
def dataset(rng):
    return dataset_of(rng)


def fitted(dataset, seed=1, **options):
    options = {"epochs": 4, "batch_size": 16, "progress": False, **options}
    model = models.build("screening_cnn", dataset, width=8, seed=seed)
    return training.fit(model, dataset, seed=seed, **options)


def test_a_network_learns_and_the_history_tells_it(dataset, tmp_path):
    run = fitted(dataset, epochs=8, log_path=tmp_path / "log" / "run.jsonl")
    columns = ["epoch", "loss", "val_loss", "val_auc", "val_sensitivity", "learning_rate", "seconds"]
    assert list(run.history.columns) == columns
    assert run.history["val_auc"].max() == 1.0
    assert run.history["loss"].iloc[-1] < run.history["loss"].iloc[0]
    assert run.history["learning_rate"].iloc[-1] < run.history["learning_rate"].max()
    lines = [json.loads(line) for line in (tmp_path / "log" / "run.jsonl").read_text().splitlines()]
    assert [line["val_auc"] for line in lines] == run.history["val_auc"].tolist()
    assert run.backend == "tensorflow"
    assert run.options["balance"] == "weights"


def test_a_run_says_what_came_of_it_in_few_lines_and_shows_no_weights(dataset):
    run = fitted(dataset, epochs=2)
    lines = repr(run).splitlines()
    assert len(lines) <= 12
    assert lines[0] == "Run of screening_cnn on binary data"
    assert lines[1] == f"  best epoch  {run.best_epoch} of 2"
    assert f"  val_auc     {run.history['val_auc'].iloc[run.best_epoch - 1]:.3f}" in lines
    assert "on tensorflow, seed 1" in lines[5]
    assert "epochs=2, optimizer=adamw" in lines[6]
    assert not any("array" in line or len(line) > 110 for line in lines)


def test_the_options_are_described_where_they_are_used():
    for text in (training.fit.__doc__, training.Settings.__doc__):
        assert "    learning_rate : float in [1e-07, 10], or None\n        Highest rate, reached" in text
        assert '    optimizer : "adamw", "adam" or "sgd"\n' in text
        assert "{options}" not in text
        assert all(f"\n    {name} : " in text for name in training.Settings.__dataclass_fields__)


def test_the_weights_are_those_of_the_best_epoch(dataset):
    run = fitted(dataset)
    targets = dataset.targets(dataset.val)
    inside = np.clip(run.predict(dataset.val.images).astype(float), 1e-7, 1 - 1e-7)
    loss = -np.where(targets == 1, np.log(inside), np.log(1 - inside)).mean()
    assert loss == pytest.approx(run.history["val_loss"].iloc[run.best_epoch - 1], rel=1e-4)


def kept_of(measures):
    """The epoch that would be kept if validation had given these AUCs."""
    selection = Selection("val_auc", epochs=len(measures), patience=5)
    for epoch, auc in enumerate(measures, start=1):
        selection.add({"epoch": epoch, "val_auc": auc, "val_loss": 0.5})
    return selection.best_epoch


def test_a_short_training_keeps_its_highest_epoch():
    assert kept_of([0.6, 0.9, 0.7, 0.8]) == 2


def test_in_a_long_training_one_lucky_epoch_does_not_win():
    """Of 28 epochs, two are averaged: .99 after .5 is .745, and epoch 20 after epoch 19 is .85."""
    measures = [0.5] * 28
    measures[9], measures[18], measures[19] = 0.99, 0.84, 0.86
    assert kept_of(measures) == 20


def test_the_probability_is_that_of_the_positive_class(rng):
    run = fitted(dataset_of(rng, positive_class=0), epochs=8)
    dark, spot = run.predict(bright_spots(rng, 2).images)
    assert dark > spot


def test_the_same_seed_gives_the_same_training(dataset):
    first, second = fitted(dataset), fitted(dataset)
    np.testing.assert_allclose(first.history["loss"], second.history["loss"], rtol=1e-5)


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.last = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.last:
            raise KeyboardInterrupt


def test_many_images_with_their_few_passes_get_a_higher_rate(dataset):
    many = dataset.with_train(dataset.train.subset(np.zeros(8000, dtype=int)))
    assert training.Settings().resolve(dataset).learning_rate == 2e-3
    assert training.Settings().resolve(many).learning_rate == 3e-3
    assert training.Settings(learning_rate=1e-4).resolve(many).learning_rate == 1e-4
    assert training.Settings(optimizer="sgd").resolve(many).learning_rate == 0.05


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(dataset, tmp_path):
    log_path = tmp_path / "log.jsonl"
    whole = fitted(dataset, checkpoint=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fitted(dataset, checkpoint=tmp_path / "cut", log_path=log_path, callbacks=[StopAfter(2)])
    resumed = fitted(dataset, checkpoint=tmp_path / "cut", log_path=log_path, resume=True)
    assert resumed.history["epoch"].tolist() == [1, 2, 3, 4]
    log = [json.loads(line)["epoch"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log == [1, 2, 3, 4]
    np.testing.assert_allclose(resumed.history["loss"], whole.history["loss"], rtol=1e-4)
    for a, b in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    again = fitted(dataset, checkpoint=tmp_path / "cut", resume=True)
    assert again.history["epoch"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_other_tasks_train_too(rng, task):
    dataset = dataset_of(rng, task)
    run = fitted(dataset, epochs=2)
    measure = "val_mse" if task == "regression" else "val_auc"
    assert measure in run.history
    assert run.predict(dataset.test.images).shape == dataset.test.labels.shape


def test_a_regression_begins_at_the_mean_target(rng):
    """Targets around 40: from 0, a few steps of Adam would not get there."""
    spots = dataset_of(rng, "regression")
    far = spots.with_train(Split(spots.train.images, spots.train.labels + 40))
    run = fitted(far, epochs=1, learning_rate=1e-7, averaging=0.0)
    assert run.predict(far.test.images).mean() == pytest.approx(40.5, abs=3)


@pytest.mark.parametrize("balance", ["none", "weights", "oversample", "undersample", "focal"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_every_balance_and_optimizer_runs(dataset, balance, optimizer):
    run = fitted(dataset, epochs=1, balance=balance, optimizer=optimizer)
    assert np.isfinite(run.history["loss"]).all()


def test_multi_class_data_train_with_focal_loss(rng):
    binary = dataset_of(rng)
    dataset = Dataset("two", binary.train, binary.val, binary.test, "multiclass", ("dark", "spot"))
    run = fitted(dataset, epochs=2, balance="focal", optimizer="adam", averaging=0.0)
    assert run.predict(dataset.test.images).shape == (20, 2)


def test_mixed_precision_computes_in_float16_and_answers_in_float32(dataset):
    model = models.build("screening_cnn", dataset, width=8, seed=1, mixed_precision=True)
    assert model.get_layer("convolution_1").compute_dtype == "float16"
    assert keras.config.dtype_policy().name == "float32"
    run = training.fit(model, dataset, epochs=2, batch_size=16, progress=False, seed=1)
    assert np.isfinite(run.history["loss"]).all()
    assert run.predict(dataset.test.images).dtype == np.float32


def test_training_stops_early_without_progress_and_where_a_callback_asks_for_it(dataset):
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training |= logs["val_auc"] >= 0.6

    assert len(fitted(dataset, epochs=30, patience=2, learning_rate=1e-7).history) < 30
    reached = fitted(dataset, epochs=30, callbacks=[Enough()])
    assert len(reached.history) < 30
    assert reached.history["val_auc"].iloc[-1] >= 0.6


def test_smoke_scale_takes_a_few_steps_only(dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        run = fitted(dataset, epochs=None, scale="smoke", batch_size=2)
    assert len(run.history) == 2
    assert run.options["epochs"] == 2


def test_progress_is_plain_lines_where_there_is_no_terminal(dataset, capsys):
    fitted(dataset, epochs=30, patience=30, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "30 epochs of 6 batches"
    epochs = [int(line.split()[1]) for line in lines[1:]]
    assert epochs == [1, *range(3, 31, 3)]
    assert all(
        re.search(r"^epoch +\d+ of 30  loss .*  val_auc .*  about \d+ s left$", x) for x in lines[1:-1]
    )
    assert re.search(r"^epoch  30 of 30  loss .*  val_auc .*  done in \d+ s$", lines[-1])


def test_the_time_left_is_the_pace_of_the_training_without_its_first_batch(dataset, capsys, monkeypatch):
    """10 s for the first batch, 1 s for the others and 1 s to validate: an epoch of 6 batches takes 7 s."""
    now = [0.0]
    for module in ("monitor", "control"):
        clock = SimpleNamespace(perf_counter=lambda: now[0])
        monkeypatch.setattr(f"medlab.training.{module}.time", clock)

    class Clock(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            now[0] += 10.0 if now[0] == 0 else 1.0

    score = Validation.score

    def validate(self, probabilities):
        now[0] += now[0] > 0
        return score(self, probabilities)

    monkeypatch.setattr(Validation, "score", validate)
    fitted(dataset, epochs=3, patience=3, progress=True, callbacks=[Clock()])
    words = [line.rsplit("  ", 1)[1] for line in capsys.readouterr().out.splitlines()[1:]]
    # Seconds since the first batch over the epochs since then: 6 / (5 / 6) * 2, then 13 / (11 / 6) * 1.
    assert words == ["about 14 s left", "about 7 s left", "done in 30 s"]


# --- refusals


def test_unknown_options_are_refused_with_the_nearest(dataset):
    with pytest.raises(
        ValueError, match=r"option of fit must be one of: .* got 'epoch'\. Did you mean 'epochs'"
    ):
        fitted(dataset, epoch=3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"scale": "lessons"}, r"scale must be one of: smoke, lesson, full; got 'lessons'"),
        ({"optimizer": "adamww"}, r"Did you mean 'adamw'"),
        ({"balance": "weight"}, r"Did you mean 'weights'"),
        ({"epochs": 0}, r"epochs must lie between 1 and infinity, got 0"),
        ({"learning_rate": 11.0}, r"learning_rate must lie between 1e-07 and 10, got 11.0"),
    ],
)
def test_options_out_of_range_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        training.Settings(**option)


def test_balancing_is_refused_where_an_image_has_no_one_class(rng):
    with pytest.raises(ValueError, match=r"balance must be none for regression data, got 'weights'"):
        training.Settings(balance="weights").resolve(dataset_of(rng, "regression"))


QUICK = {"epochs": 1, "batch_size": 16, "progress": False}


def ending(*layers):
    image = keras.Input((16, 18, 1))
    x = keras.layers.Flatten()(image)
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(
    ("task", "layers", "message"),
    [
        (
            "binary",
            [keras.layers.Dense(2, activation="softmax")],
            r"shape \(N, 1\) .*got \(8, 2\) for 8 images",
        ),
        ("binary", [keras.layers.Dense(1)], r"probabilities for binary data, got a linear last layer"),
        ("multiclass", [keras.layers.Dense(2)], r"got a linear last layer. .*activation='softmax'"),
        ("multiclass", [keras.layers.Dense(1, activation="sigmoid")], r"shape \(N, 2\) for multiclass"),
        ("binary", [keras.layers.Dense(1), keras.layers.Rescaling(1.0, 2000.0)], r"got values from .* to"),
        ("regression", [keras.layers.Dense(4)], r"shape \(N, 1\) for regression .*activation='linear'"),
    ],
)
def test_an_output_that_is_no_answer_is_refused_before_training(rng, task, layers, message):
    with pytest.raises(ValueError, match=f"model must .*{message}"):
        training.fit(ending(*layers), dataset_of(rng, task), **QUICK)


def test_numbers_of_numpy_are_options_like_others(dataset, tmp_path):
    options = {"epochs": np.int64(1), "batch_size": np.int32(16), "learning_rate": np.float32(0.01)}
    run = fitted(dataset, checkpoint=tmp_path, seed=np.uint32(3), **options)
    assert type(run.options["learning_rate"]) is float
    assert run.seed == 3
    fitted(dataset, checkpoint=tmp_path, resume=True, seed=3, **{k: v.item() for k, v in options.items()})
    with pytest.raises(ValueError, match="seed must lie between 0 and"):
        training.fit(run.model, dataset, seed=2**32)


def test_a_network_is_known_by_its_shapes_and_not_by_the_name_that_keras_counted(dataset, tmp_path):
    def unnamed(units):
        return ending(keras.layers.Dense(units), keras.layers.Dense(1, activation="sigmoid"))

    first = training.fit(unnamed(3), dataset, checkpoint=tmp_path, **QUICK)
    again = unnamed(3)
    assert again.name != first.model.name
    training.fit(again, dataset, checkpoint=tmp_path, resume=True, **QUICK)
    with pytest.raises(ValueError, match=r"another training \(network: "):
        training.fit(unnamed(4), dataset, checkpoint=tmp_path, resume=True, **QUICK)


def test_a_full_disk_leaves_the_older_checkpoint_and_log(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path, {"seed": 1})
    checkpoint.save({"weights": [np.ones(2)]}, {"rows": []})

    def full(path, **_arrays):
        path.write_bytes(b"PK half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match=r"checkpoint could not be written to .* \(No space left on device\)"):
        checkpoint.save({"weights": [np.zeros(2)]}, {"rows": []})
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    assert checkpoint.load()[0]["weights"][0].tolist() == [1, 1]


def test_a_log_that_cannot_be_written_says_so_without_the_whole_path(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"the log could not be written to file \("):
        fitted(dataset, epochs=1, log_path=tmp_path / "file" / "log.jsonl")
    with pytest.raises(OSError, match=r"the checkpoint could not be written to file \("):
        fitted(dataset, epochs=1, checkpoint=tmp_path / "file")


@pytest.mark.parametrize("facts", ["null", "[1]", "{}", '{"identity": 3}', '{"identity": {}}', "[" * 20_000])
def test_a_checkpoint_without_facts_is_damaged(tmp_path, facts):
    np.savez(tmp_path / "state.npz", facts=np.array(facts))
    with pytest.raises(ValueError, match=r"state.npz is damaged"):
        Checkpoint(tmp_path, {}).load()


def test_a_validation_set_of_one_class_is_refused_before_training(rng):
    dataset = dataset_of(rng)
    dataset.val.labels[:] = 0
    with pytest.raises(ValueError, match=r"val cannot be used to choose the best epoch: .*class"):
        fitted(dataset)


def test_training_images_with_nan_are_refused(rng):
    dataset = dataset_of(rng)
    dirty = dataset.with_train(Split(dataset.train.images.astype(np.float32), dataset.train.labels))
    dirty.train.images[3, 2, 2] = np.nan
    with pytest.raises(ValueError, match=r"images must hold finite numbers, got 1 NaN"):
        fitted(dirty)


def test_a_loss_that_is_not_finite_ends_the_training_with_advice(dataset):
    with pytest.raises(FloatingPointError, match=r"Lower learning_rate"):
        fitted(dataset, learning_rate=10.0, optimizer="sgd", epochs=6, callbacks=[Explode()])


class Explode(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.set_weights([np.full_like(w, np.nan) for w in self.model.get_weights()])


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(dataset, tmp_path):
    fitted(dataset, epochs=1, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"another training \(epochs: 1 then, 2 now.*patience"):
        fitted(dataset, epochs=2, checkpoint=tmp_path, resume=True, patience=7)
    with pytest.raises(ValueError, match=r"another training \(augmentation: "):
        fitted(dataset, epochs=1, checkpoint=tmp_path, resume=True, augmentation=Augmentation())
    (tmp_path / "state.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"state.npz is damaged"):
        fitted(dataset, epochs=1, checkpoint=tmp_path, resume=True)
