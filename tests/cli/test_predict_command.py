from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from medlab import evaluation, models
from medlab.cli.predict import predict
from medlab.data import Dataset, Split, normalize

pytestmark = pytest.mark.slow  # it builds a network


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (80, 20, 28, 1)).astype(np.uint8)
    split = Split(images, np.arange(80) % 2)
    dataset = Dataset("noise", split, split, split, "binary", ("even", "odd"), 1)
    model, normalization = models.build("auto", dataset, width=4, seed=0), normalize(dataset)
    root = tmp_path_factory.mktemp("predict")
    plain = models.load(models.save(root / "plain", model, dataset, normalization, threshold=0.5))
    measured = evaluation.evaluate(plain.predict, dataset, n_bootstrap=200)
    learned = evaluation.learn(plain, dataset, measured)
    models.save(root / "model", model, dataset, normalization, threshold=0.5, learned=learned)
    (root / "images").mkdir()
    for number, image in enumerate(images[:3]):
        Image.fromarray(image[..., 0]).save(root / "images" / f"{number}.png")
    Image.fromarray(np.zeros((20, 28), np.uint8)).save(root / "images" / "black.png")
    return root


def run(*words):
    return CliRunner().invoke(predict, [str(word) for word in words])


def test_a_folder_is_scored_and_what_is_unlike_is_flagged(folders):
    out = folders / "scores.csv"
    result = run("--model", folders / "model", folders / "images", "--out", out)
    assert result.exit_code == 0, result.output
    assert "4 images scored into scores.csv." in result.output
    assert "Unlike the images that the model learned from: 1." in result.output
    assert "not a medical device" in result.output
    table = pd.read_csv(out)
    assert table["file"].tolist() == ["0.png", "1.png", "2.png", "black.png"]
    assert table["unlike"].tolist() == [False, False, False, True]
    images = np.stack([np.asarray(Image.open(folders / "images" / name)) for name in table["file"]])
    scores = evaluation.score(models.load(folders / "model"), images[..., np.newaxis])
    assert np.allclose(table["risk"], scores.risk)
    assert np.allclose(table["probability"], scores.probabilities)


def test_what_a_folder_does_not_know_is_told(folders):
    result = run("--model", folders / "plain", folders / "images" / "0.png", "--out", folders / "one.csv")
    assert "holds no calibration: the probabilities are the network's own" in result.output
    assert "cannot tell images of another kind" in result.output
    assert pd.read_csv(folders / "one.csv").columns.tolist() == ["file", "probability", "called"]


def test_refusals_leave_an_earlier_table_as_it_was(folders):
    out = folders / "kept.csv"
    out.write_text("kept")
    for words, told in {
        (
            "--model",
            folders / "images",
            folders / "images",
        ): "images has no model.json. A model folder, as reports write it, has model.json and model.keras.",
        ("--model", folders / "model", folders / "nowhere"): "there is nothing of that name",
    }.items():
        result = run(*words, "--out", out)
        assert result.exit_code == 1
        assert told in result.output
        assert str(folders) not in result.output
    assert out.read_text() == "kept"


def test_a_terminal_shows_none_of_the_lines_that_tensorflow_writes_as_it_starts(folders):
    words = ["--model", folders / "model", folders / "images", "--out", folders / "quiet.csv"]
    code = "from medlab.cli.predict import predict; predict()"
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_amount_is_called_an_amount_and_a_new_folder_is_made_for_the_table(folders):
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 255, (30, 20, 28, 1)).astype(np.uint8), rng.normal(5, 1, 30))
    dataset = Dataset("sizes", split, split, split, "regression", ("mm",))
    network = models.build("auto", dataset, width=4, seed=0)
    folder = models.save(folders / "amount", network, dataset, normalize(dataset))
    out = folders / "new" / "amounts.csv"
    result = run("--model", folder, folders / "images" / "0.png", "--out", out)
    assert result.exit_code == 0, result.output
    assert "calibration" not in result.output
    assert pd.read_csv(out).columns.tolist() == ["file", "amount"]
