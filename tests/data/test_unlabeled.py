from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from medlab.data import read_images


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below" / ".hidden").mkdir(parents=True)
    gray = np.arange(30, dtype=np.uint8).reshape(6, 5) * 8
    Image.fromarray(gray).save(tmp_path / "b.png")
    Image.fromarray(gray.T).save(tmp_path / "below" / "a.png")
    Image.fromarray(gray).save(tmp_path / "below" / ".hidden" / "c.png")
    (tmp_path / "notes.txt").write_text("none")
    return tmp_path


def test_all_images_of_a_folder_in_the_shape_of_the_network(folder):
    names, images, notes = read_images(folder, (6, 5, 1))
    assert names == ["b.png", "below/a.png"]
    assert images.shape == (2, 6, 5, 1)
    assert np.array_equal(images[0, ..., 0], np.arange(30).reshape(6, 5) * 8)
    assert notes == ["1 of 2 images were resized to 6x5.", "1 files that are no images were passed over."]


def test_one_file_and_color(folder):
    names, images, notes = read_images(folder / "b.png", (6, 5, 3))
    assert (names, images.shape, notes) == (["b.png"], (1, 6, 5, 3), [])


def test_refusals(folder):
    with pytest.raises(
        ValueError, match=r"take images \(H, W, 1\) or \(H, W, 3\), this one takes \(5, 6, 5, 1\)"
    ):
        read_images(folder, (5, 6, 5, 1))
    with pytest.raises(FileNotFoundError, match=r"^nowhere must be an image or a folder of images"):
        read_images(folder / "nowhere", (6, 5, 1))
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty must hold images .* got none"):
        read_images(folder / "empty", (6, 5, 1))
    (folder / "z.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"z\.png must be a readable image"):
        read_images(folder, (6, 5, 1))
