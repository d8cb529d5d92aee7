"""Claims about convolutional networks over five seeds: writes notebooks/results/03_cnn.csv for chapter 03.

The patients are simulated and drawn apart from those of the chapter; each seed trains on another subset.
`training.fit` chooses the epoch on validation, while plain Keras keeps its last one. Within the first two
parts every network may take 504 steps, though patience can end a training earlier. Plain Keras takes a few
more in as many epochs, for it does not leave out an epoch's last, smaller batch: 522 in place of 504, 470
of 460 and 1,880 of 1,840. The test images are predicted once, here. Intervals come from drawing patients
and seeds again, the same ones for both sides of a difference. `python benchmarks/claims.py PART` computes
one part anew and leaves the other rows as they are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops, hog
from skimage.filters import threshold_otsu
from sklearn.ensemble import RandomForestClassifier

from medlab import training
from medlab.data import Dataset, Split, center_crop, load
from medlab.evaluation import intervals
from medlab.evaluation.split_measures import ranked
from medlab.metrics import auc

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "03_cnn.csv"
SEEDS, STEPS, BATCH, RESAMPLES = range(5), 504, 32, 1000
SIZES, IMAGES, CHAPTER_IMAGES = (100, 300, 900, 2700), 900, 1500
TEXTURES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
Scores = NDArray[np.float64]  # shape (N,), or (N, 2): one output for each class
Arm = Callable[[Dataset, int], Callable[[Split], Scores]]  # trains on a data set, returns what predicts
Rows = list[dict[str, Any]]


def co_occurrences(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return 15 textures of an image, shape (H, W): 5 at 3 distances, mean of 4 directions."""
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(image // 8, [1, 2, 4], angles, levels=32, symmetric=True, normed=True)
    return np.concatenate([graycoprops(counts, name).mean(axis=1) for name in TEXTURES])


def gradients(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the histograms of oriented gradients of an image, shape (H, W): 288 numbers at 28 x 28."""
    return hog(image, orientations=8, pixels_per_cell=(7, 7), cells_per_block=(2, 2))


def forest(columns: slice) -> Arm:
    """Return a random forest on some of the hand-made features of a split (its attribute `features`)."""

    def train(dataset: Dataset, seed: int) -> Callable[[Split], Scores]:
        trees = RandomForestClassifier(500, min_samples_leaf=5, class_weight="balanced", random_state=seed)
        trees.fit(dataset.train.attributes["features"][:, columns], dataset.targets(dataset.train))
        return lambda split: trees.predict_proba(split.attributes["features"][:, columns])[:, 1]

    return train


def network(seed: int, smaller: str = "max", outputs: int = 1, last: str = "sigmoid") -> keras.Model:
    """Build the article's 28 x 28 network; `smaller` is what shrinks the maps: max, stride or none."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (32, 64):
        stride = 2 if smaller == "stride" else 1
        model.add(layers.Conv2D(filters, 3, strides=stride, activation="relu"))
        if smaller == "max":
            model.add(layers.MaxPooling2D(2))
    tail = [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dropout(0.3)]
    for layer in [*tail, layers.Dense(outputs, activation=last)]:
        model.add(layer)
    return model


def fitted(smaller: str = "max", **options: Any) -> Arm:
    """Return what trains with `training.fit`: by default for STEPS steps of BATCH images."""

    def train(dataset: Dataset, seed: int) -> Callable[[Split], Scores]:
        epochs = round(STEPS / (len(dataset.train) // BATCH))
        settings = {"epochs": epochs, "batch_size": BATCH, **options}
        run = training.fit(network(seed, smaller), dataset, seed=seed, progress=False, **settings)
        return lambda split: run.predict(split.images).ravel()

    return train


def two_outputs(task: str, last: str) -> Arm:
    """Return what trains two outputs, one per class."""

    def train(dataset: Dataset, seed: int) -> Callable[[Split], Scores]:
        def relabel(split: Split) -> Split:
            classes = dataset.targets(split).astype(np.int64)
            return replace(
                split, labels=np.eye(2, dtype=np.uint8)[classes] if task == "multilabel" else classes
            )

        splits: dict[str, Any] = {name: relabel(split) for name, split in dataset.splits().items()}
        both = replace(dataset, **splits, task=task, positive_class=None, fingerprint="")
        epochs = round(STEPS / (len(dataset.train) // BATCH))
        model = network(seed, outputs=2, last=last)
        options: dict[str, Any] = {"epochs": epochs, "batch_size": BATCH, "balance": "none"}
        run = training.fit(model, both, seed=seed, progress=False, **options)
        return lambda split: run.predict(split.images)

    return train


def binary_input(dataset: Dataset, seed: int) -> Callable[[Split], Scores]:
    """Train on images of 0 and 255 only, cut at Otsu's threshold of the training images."""
    cut = threshold_otsu(dataset.train.images)

    def black_and_white(split: Split) -> Split:
        return replace(split, images=(255 * (split.images > cut)).astype(np.uint8))

    splits: dict[str, Any] = {name: black_and_white(split) for name, split in dataset.splits().items()}
    predict = fitted(balance="none")(replace(dataset, **splits, fingerprint=""), seed)
    return lambda split: predict(black_and_white(split))


def plain_keras(epochs: int, smaller: str = "max") -> Arm:
    """Return what trains as the article does: Adam, gray values divided by 255, the last epoch's weights."""

    def train(dataset: Dataset, seed: int) -> Callable[[Split], Scores]:
        model = network(seed, smaller)
        model.pop()
        model.pop()  # the article has no dropout
        model.add(layers.Dense(1, activation="sigmoid"))
        model.compile("adam", "binary_crossentropy")
        targets = dataset.targets(dataset.train)
        model.fit(dataset.train.images / 255.0, targets, batch_size=BATCH, epochs=epochs, verbose=0)
        return lambda split: model.predict(split.images / 255.0, verbose=0).ravel().astype(np.float64)

    return train


def compare(claim: str, dataset: Dataset, count: int, arms: dict[str, Arm]) -> Rows:
    """Train every arm with every seed on subsets of `count` images; differences are to the first arm.

    Of two outputs the second is the score; their sum on the test images is told over all seeds.
    """
    truth, weights = dataset.targets(dataset.test), _weights(dataset)
    chosen_seeds = np.random.default_rng(0).integers(len(SEEDS), size=(RESAMPLES, len(SEEDS)))
    rows, resampled = [], {}
    for name, arm in arms.items():
        started, tests, trains, each, sums = time.perf_counter(), [], [], [], []
        for seed in SEEDS:
            index = np.random.default_rng(seed).permutation(len(dataset.train))[:count]
            part = dataset.with_train(dataset.train.subset(index))
            predict = arm(part, seed)
            outputs, of_train = predict(dataset.test), predict(part.train)
            scores = _score(outputs)
            tests.append(auc(truth, scores))
            trains.append(auc(part.targets(part.train), _score(of_train)))
            if outputs.ndim == 2:
                sums.append(outputs.sum(axis=1))
            each.append(ranked(truth, scores, weights)["auc"])
        resampled[name] = np.take_along_axis(np.array(each).T, chosen_seeds, axis=1).mean(axis=1)
        low, high = np.percentile(resampled[name] - resampled[next(iter(arms))], [2.5, 97.5])
        row = {"claim": claim, "images": count, "arm": name, "seeds": len(SEEDS), "auc": np.mean(tests)}
        row |= {"seed_sd": np.std(tests, ddof=1), "train_auc": np.mean(trains)}
        row |= {"difference": row["auc"] - (rows[0]["auc"] if rows else row["auc"]), "low": low, "high": high}
        row |= {f"seed_{seed}": area for seed, area in zip(SEEDS, tests, strict=True)}
        if sums:
            row |= {"sum_mean": np.mean(sums), "sum_least": np.min(sums), "sum_greatest": np.max(sums)}
        rows.append(row)
        shown = ["auc", "train_auc", "difference", "low", "high", *(key for key in row if "sum_" in key)]
        listed = ", ".join(f"{key} {row[key]:.4f}" for key in shown)
        print(f"{claim}, {count}, {name}: {listed} ({time.perf_counter() - started:.0f} s)", flush=True)
    return rows


def _score(outputs: Scores) -> Scores:
    return outputs[:, 1] if outputs.ndim == 2 else outputs


def _weights(dataset: Dataset) -> NDArray[np.float64]:
    drawn = intervals.draws(len(dataset.test), dataset.test.patients, RESAMPLES)
    return np.concatenate(list(drawn)).astype(np.float64)


def _with_features(dataset: Dataset) -> Dataset:
    def measured(split: Split) -> Split:
        pictures = split.images[..., 0]
        rows = [np.concatenate([co_occurrences(picture), gradients(picture)]) for picture in pictures]
        return replace(split, attributes={"features": np.array(rows)})

    splits: dict[str, Any] = {name: measured(split) for name, split in dataset.splits().items()}
    return replace(dataset, **splits)


def hand_made_features(dataset: Dataset) -> Rows:
    """Compare the network with forests on hand-made features, with ever more images."""
    dataset, textures, everything = _with_features(dataset), slice(0, 15), slice(None)
    arms = {"network": fitted(), "GLCM": forest(textures), "GLCM and HOG": forest(everything)}
    return [row for count in SIZES for row in compare("hand-made features", dataset, count, arms)]


def one_change(dataset: Dataset) -> Rows:
    """Change one thing of the article's network at a time, trained by `training.fit`."""
    same = {"balance": "none"}
    arms = {
        "the article's network": fitted(**same),
        "strides, no pooling": fitted("stride", **same),
        "no pooling": fitted("none", **same),
        "two sigmoids": two_outputs("multilabel", "sigmoid"),
        "softmax of two": two_outputs("multiclass", "softmax"),
        "binary images": binary_input,
    }
    return compare("one change", dataset, IMAGES, arms)


def pooling(dataset: Dataset) -> Rows:
    """Leave pooling out, trained by plain Keras."""
    epochs = round(STEPS / (IMAGES // BATCH))
    arms = {
        "the article's network": plain_keras(epochs),
        "strides, no pooling": plain_keras(epochs, "stride"),
        "no pooling": plain_keras(epochs, "none"),
    }
    return compare("pooling, plain Keras", dataset, IMAGES, arms)


def ways_of_training(dataset: Dataset) -> Rows:
    """Compare plain Keras with `training.fit` after few and many epochs."""
    rows: Rows = []
    for epochs in (10, 40):
        arms = {"plain Keras": plain_keras(epochs), "training.fit": fitted(epochs=epochs)}
        rows += compare(f"training, {epochs} epochs", dataset, CHAPTER_IMAGES, arms)
    return rows


PARTS = {
    "features": hand_made_features,
    "change": one_change,
    "pooling": pooling,
    "training": ways_of_training,
}


def main() -> int:
    """Run all parts, or the named ones, and write their rows; nothing here can miss: the chapter asserts."""
    parser = argparse.ArgumentParser(description="Compute the rows of notebooks/results/03_cnn.csv.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}; all when left out")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    counts = {"n_train": 6000, "n_val": 500, "n_test": 2000}
    dataset = center_crop(load("simulated_nodules", seed=17, **counts), 28)
    table = pd.DataFrame([row for part in chosen for row in PARTS[part](dataset)]).round(4)
    if set(chosen) != set(PARTS):
        written = pd.read_csv(RESULTS)
        order = list(dict.fromkeys([*written["claim"], *table["claim"]]))
        table = pd.concat([written[~written["claim"].isin(table["claim"])], table])
        table = table.sort_values("claim", key=lambda names: names.map(order.index), kind="stable")
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, lineterminator="\n")
    print(f"written: {RESULTS}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
