"""Chapter 06 on NoduleMNIST3D: here on a generated file of its layout, named by the data root."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from medlab.data import registry

CHAPTER = Path(__file__).parents[1] / "notebooks" / "06_lung_screening.ipynb"
NAME = "nodulemnist3d"
SIZES = {"train": 60, "val": 30, "test": 40}


@pytest.fixture
def nodules(tmp_path, monkeypatch):
    """Put balls of random brightness, one in four malignant, into a file as MedMNIST lays it out."""
    rng = np.random.default_rng(0)
    distance = np.linalg.norm(np.indices((28, 28, 28)) - 13.5, axis=0)
    arrays = {}
    for name, count in SIZES.items():
        labels = (np.arange(count) % 4 == 0).astype(np.uint8)
        noise = rng.integers(0, 60, (count, 28, 28, 28), dtype=np.uint8)
        balls = (distance < 7) * rng.integers(60, 190, (count, 1, 1, 1))
        arrays |= {f"{name}_images": noise + balls.astype(np.uint8), f"{name}_labels": labels[:, None]}
    path = tmp_path / "medmnist" / f"{NAME}.npz"
    path.parent.mkdir()
    np.savez_compressed(path, **arrays)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    record = dataclasses.replace(
        registry.describe(NAME), split_sizes=SIZES, files={28: {"url": "http://127.0.0.1:1", "md5": md5}}
    )
    monkeypatch.setattr(registry, "_records", lambda: {NAME: record})
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slices", "image_shape", "network"),
    [("middle", (28, 28, 1), "screening_cnn"), ("sequence", (28, 28, 28, 1), "cnn_lstm")],
)
def test_the_chapter_runs_on_real_nodules_and_says_what_it_leaves_out(
    nodules, capsys, slices, image_shape, network
):
    names = {}
    for cell in json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
        if "parameters" in cell["metadata"].get("tags", []):
            names |= {"dataset": NAME, "slices": slices, "scale": "smoke"}
    said = capsys.readouterr().out
    assert names["study"].image_shape == image_shape
    assert set(names["scores"]) == {network, "article_cnn"}
    assert names["enlarged"].spacing_mm == (28 / 64, 28 / 64)
    assert "40 REAL nodules" in said
    assert "✓ In class the article's network has 16 times the weights." in said  # exact, whatever the data
    assert not names["as_shipped"]  # so that no sentence on the simulated patients stops the chapter
    assert "SIMULATED" not in said
    left_out = re.findall(f"Left out: {NAME} does not tell (.*)\\.", said)
    words = ("patients", "diameters and types", *("true risk",) * 3, "diameters", "types", "second scanner")
    assert all(word in what for word, what in zip(words, left_out, strict=True)), left_out
