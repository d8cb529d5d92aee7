"""Every network keeps the same contract; the article's are held to its numbers."""

import json

import keras
import numpy as np
import pytest

from medlab import models
from medlab.data import Dataset, Split
from medlab.data.normalization import normalize

pytestmark = pytest.mark.slow


def dataset_of(rng, shape, task="binary", classes=2):
    def split(count):
        images = rng.integers(0, 256, (count, *shape)).astype(np.uint8 if len(shape) > 2 else np.float32)
        labels = np.arange(count) % classes
        if task == "multilabel":
            labels = rng.integers(0, 2, (count, classes)).astype(np.uint8)
        if task == "regression":
            labels = rng.random(count).astype(np.float32)
        return Split(images, labels)

    names = tuple(f"class {i}" for i in range(classes))
    positive = 1 if task == "binary" else None
    return Dataset("tiny", split(6), split(4), split(4), task, names, positive)


SHAPES = {
    "screening_cnn": [(28, 28, 1), (50, 47, 3), (64, 64, 1), (16, 20, 24, 1)],
    "article_cnn_28": [(28, 28, 1), (28, 28, 3)],
    "article_cnn": [(64, 70, 1)],
    "resnet18_28": [(28, 28, 1)],
    "cnn_lstm": [(5, 16, 20, 1), (24, 3)],
    "simple_rnn": [(5, 2)],
    "lstm": [(5, 2)],
    "gru": [(5, 2)],
    "bidirectional_lstm": [(5, 2)],
}
CASES = [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]


@pytest.mark.parametrize(("name", "shape"), CASES)
@pytest.mark.parametrize(
    ("task", "classes"), [("binary", 2), ("multiclass", 3), ("multilabel", 3), ("regression", 1)]
)
def test_each_network_keeps_the_contract(rng, name, shape, task, classes):
    dataset = dataset_of(rng, shape, task, classes)
    model = models.build(name, dataset, width=8, seed=1)
    images = normalize(dataset).apply(dataset.train.images)
    values = keras.ops.convert_to_numpy(model(images, training=False))
    assert values.shape == (6, classes if task in ("multiclass", "multilabel") else 1)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    if task == "regression":
        assert model.layers[-1].name == "value"
        return
    assert [layer.name for layer in model.layers[-2:]] == ["logit", "probability"]
    assert values.min() >= 0
    assert values.max() <= 1
    if task == "multiclass":
        np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-5)


def test_the_catalog_and_the_cases_name_the_same_networks():
    assert set(SHAPES) == set(models.names())


def test_the_same_seed_gives_the_same_first_weights(rng):
    dataset = dataset_of(rng, (28, 28, 1))
    first, second, third = (models.build("auto", dataset, seed=seed).get_weights() for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, third, strict=True))


def test_the_articles_network_has_64_maps_of_5_by_5_before_its_dense_layer():
    sides = [layer.output.shape[1] for layer in models.article_cnn_28().layers[1:5]]
    assert sides == [26, 13, 11, 5]
    assert models.article_cnn_28().get_layer("flatten").output.shape == (None, 64 * 5 * 5)


def test_costs_of_the_articles_network_by_hand():
    cost = models.cost(models.article_cnn_28())
    assert cost.weights == (9 + 1) * 32 + (9 * 32 + 1) * 64 + (1600 + 1) * 64 + 65
    assert cost.multiply_adds == 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1600 * 64 + 64


def test_resnet_18_has_its_published_size():
    assert models.cost(models.resnet18_28()).weights == pytest.approx(11.2e6, rel=0.01)


def test_the_articles_large_network_takes_224_pixels():
    assert models.article_cnn().get_layer("flatten").output.shape == (None, 26 * 26 * 128)


def test_screening_cnn_ends_with_about_four_pixels_and_128_maps():
    for side, last in [(28, 7), (64, 8), (224, 7)]:
        model = models.screening_cnn((side, side, 1))
        maps = [layer for layer in model.layers if layer.name.startswith("relu")][-1].output
        assert maps.shape == (None, last, last, 128)


# --- refusals


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("article_cnn", (28, 28, 1), r"needs images of at least 64 .* got 28 x 28.*screening_cnn"),
        ("article_cnn_28", (64, 64, 1), r"article_cnn_28 needs images of exactly 28 .* got 64 x 64"),
        ("screening_cnn", (8, 8, 1), r"at least 16 .* got 8 x 8.*no network takes so few"),
        ("resnet18_28", (28, 28, 28, 1), r"takes flat images .* For volumes use: screening_cnn"),
        (
            "cnn_lstm",
            (28, 28, 1),
            r"takes sequences \(T, F\) or volumes \(Z, Y, X, C\), got images of 28 x 28",
        ),
        (
            "lstm",
            (28, 28, 1),
            r"takes sequences \(T, F\), got images of 28 x 28\. For images use: screening_cnn",
        ),
        (
            "article_cnn",
            (50, 2),
            r"got sequences of 50 steps\. For sequences use: cnn_lstm, simple_rnn, lstm",
        ),
        ("cnn_lstm", (8, 2), r"at least 16 steps, got 8 steps\. Use one of: simple_rnn, lstm, gru"),
        ("cnn_lstm", (8, 12, 12, 1), r"at least 16 pixels a side, got 8 x 12 x 12.*no network takes so few"),
    ],
)
def test_images_that_do_not_fit_are_refused_with_what_does(name, shape, message):
    with pytest.raises(ValueError, match=message):
        models.check_shape(name, shape)


@pytest.mark.parametrize(("images", "chosen", "rate"), [(999, None, 0.1), (1000, None, 0.3), (999, 0.4, 0.4)])
def test_few_images_get_less_dropout(rng, images, chosen, rate):
    few = dataset_of(rng, (16, 16, 1))
    dataset = few.with_train(few.train.subset(np.zeros(images, dtype=int)))
    model = models.build("screening_cnn", dataset, width=8, dropout=chosen)
    assert model.get_layer("dropout").rate == rate


def test_an_unknown_network_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"got 'resnet18'\. Did you mean 'resnet18_28'"):
        models.describe("resnet18")


def test_options_out_of_range_are_refused(rng):
    dataset = dataset_of(rng, (28, 28, 1))
    with pytest.raises(ValueError, match=r"dropout must lie between 0 and 0.9, got 1.5"):
        models.build("auto", dataset, dropout=1.5)
    with pytest.raises(TypeError, match=r"width must be a whole number, got 8.5"):
        models.build("auto", dataset, width=8.5)
    with pytest.raises(
        ValueError, match=r"option of screening_cnn must be one of: width, dropout; got 'pool"
    ):
        models.build("auto", dataset, pooling="last")


# --- the model folder


@pytest.fixture
def trained(rng):
    dataset = dataset_of(rng, (28, 28, 1))
    return models.build("auto", dataset, width=8, seed=0), dataset, normalize(dataset)


def test_a_model_folder_gives_the_same_probabilities_for_raw_images(trained, tmp_path):
    model, dataset, normalization = trained
    folder = models.save(
        tmp_path / "model", model, dataset, normalization, threshold=0.25, threshold_rule="youden", seed=3
    )
    bundle = models.load(folder)
    expected = models.predict(model, normalization.apply, dataset.test.images)
    np.testing.assert_allclose(bundle.predict(dataset.test.images), expected, atol=1e-6)
    facts = json.loads((folder / "model.json").read_text())
    assert facts["positive_class"] == "class 1"
    assert facts["threshold"] == 0.25
    assert facts["training_data_fingerprint"] == dataset.fingerprint
    assert facts["schema"] == 2
    assert facts["calibration"] is facts["feature_statistics"] is None  # nobody has learned them
    assert "not a medical device" in facts["intended_use"]
    assert sorted(path.name for path in folder.iterdir()) == ["MODEL_CARD.md", "model.json", "model.keras"]


def test_what_validation_has_taught_comes_along_and_schema_1_is_still_read(trained, tmp_path):
    learned = {"calibration": {"method": "temperature", "numbers": {"temperature": 1.5}}}
    folder = models.save(tmp_path / "model", *trained, learned=learned)
    assert models.load(folder).facts["calibration"] == learned["calibration"]
    facts = json.loads((folder / "model.json").read_text())
    older = {name: value for name, value in facts.items() if name not in ("neighbors", "conformal")}
    (folder / "model.json").write_text(json.dumps({**older, "schema": 1, "calibration": None}))
    assert models.load(folder).facts["schema"] == 1


def test_the_card_says_what_the_folder_knows(trained, tmp_path):
    folder = models.save(
        tmp_path / "model",
        *trained,
        threshold=0.25,
        threshold_rule="youden",
        metrics={"n": 16, "auc": 0.8123, "auc_ci": (0.7, 0.9), "resampled": "images"},
        subgroups=[{"group": "sex F", "images": "12", "sensitivity": "0.9 | wide"}],
    )
    card = (folder / "MODEL_CARD.md").read_text()
    for words in (
        "**not a medical device**",
        "- auc: 0.812 (0.700 to 0.900)",
        "Called from a probability of 0.25 on (youden, on validation). Not calibrated.",
        "| sex F | 12 | 0.9 \\| wide |",
        "No result below 10 images of a class.",
    ):
        assert words in card
    assert "simulated" not in card
    bare = models.save(tmp_path / "bare", *trained)
    assert "Nothing is known of the patients" in (bare / "MODEL_CARD.md").read_text()


def test_a_bundle_says_what_it_is_in_few_lines_and_shows_no_weights(trained, tmp_path):
    bundle = models.load(models.save(tmp_path / "model", *trained, threshold=0.25, threshold_rule="youden"))
    lines = repr(bundle).splitlines()
    assert len(lines) <= 12
    assert lines[0] == "Bundle of screening_cnn"
    assert "  threshold  0.25" in lines
    assert "  classes    class 0, class 1" in lines
    assert not any("array" in line or len(line) > 110 for line in lines)
    # Facts that somebody cut are left out.
    assert repr(models.Bundle(bundle.model, {})) == "Bundle of screening_cnn\n  input      (28, 28, 1)"


def test_a_full_disk_leaves_the_older_model_as_it_was(trained, tmp_path, monkeypatch):
    model, dataset, normalization = trained
    folder = models.save(tmp_path / "model", model, dataset, normalization, threshold=0.25)

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", full)
    with pytest.raises(OSError, match=r"could not be written to model \(No space left on device\)"):
        models.save(folder, model, dataset, normalization, threshold=0.75)
    assert models.load(folder).facts["threshold"] == 0.25
    assert sorted(path.name for path in folder.iterdir()) == ["MODEL_CARD.md", "model.json", "model.keras"]


def test_incomplete_damaged_and_newer_model_folders_are_refused(trained, tmp_path):
    folder = models.save(tmp_path / "model", *trained)
    facts = (folder / "model.json").read_text()
    (folder / "model.json").write_text(facts.replace('"schema": 2', '"schema": 9'))
    with pytest.raises(ValueError, match=r"schema 9, this medlab reads 1 and 2"):
        models.load(folder)
    (folder / "model.json").write_text(facts[:40])
    with pytest.raises(ValueError, match=r"model.json in model is damaged"):
        models.load(folder)
    whole = json.loads(facts)
    none = [{**whole, "normalization": {"mean": "x", "std": [1.0]}}, {**whole, "normalization": [1]}]
    none += [{**whole, "threshold": "0.5"}, {**whole, "calibration": "temperature"}]
    none += [{n: v for n, v in whole.items() if n != gone} for gone in ("normalization", "task", "metrics")]
    for text in ("null", "[1]", "3", "[" * 20_000, "\ufeff{}", *map(json.dumps, none)):
        (folder / "model.json").write_text(text)
        with pytest.raises(ValueError, match=r"model.json in model is damaged"):
            models.load(folder)
    (folder / "model.json").write_text(facts)
    network = (folder / "model.keras").read_bytes()
    for part in (b"", network[:100], network[: len(network) // 2], network[:-100], b"text"):
        (folder / "model.keras").write_bytes(part)
        with pytest.raises(ValueError, match=r"model.keras in model is damaged"):
            models.load(folder)
    (folder / "model.keras").unlink()
    with pytest.raises(FileNotFoundError, match=r"model has no model.keras"):
        models.load(folder)


def test_numbers_of_numpy_go_into_a_model_folder(trained, tmp_path):
    told = {"auc": np.float32(0.5), "confusion": np.eye(2, dtype=int)}
    folder = models.save(
        tmp_path / "model", *trained, threshold=np.float32(0.25), seed=np.int64(3), metrics=told
    )
    facts = models.load(folder).facts
    assert (facts["threshold"], facts["seed"]) == (0.25, 3)
    assert facts["metrics"] == {"auc": 0.5, "confusion": [[1, 0], [0, 1]]}


def test_no_images_give_an_empty_answer_of_the_right_shape(trained, rng):
    model, dataset, normalization = trained
    assert models.predict(model, normalization.apply, dataset.test.images[:0]).shape == (0,)
    several = models.build("auto", dataset_of(rng, (28, 28, 1), "multiclass", 3), width=8)
    assert models.predict(several, normalization.apply, dataset.test.images[:0]).shape == (0, 3)


def test_images_of_another_shape_are_refused(trained):
    model, _, normalization = trained
    with pytest.raises(ValueError, match=r"shape \(N, 28, 28, 1\) for screening_cnn, got \(2, 50, 50, 1\)"):
        models.predict(model, normalization.apply, np.zeros((2, 50, 50, 1)))
