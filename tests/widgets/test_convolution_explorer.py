"""A convolution by hand, the same numbers for Python and the page, then refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from medlab_widgets import ConvolutionExplorer

VECTORS = json.loads((Path(__file__).parents[1] / "js" / "convolution_vectors.json").read_text())
IMAGE = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]  # 5 x 4, an edge in the middle


def test_an_edge_by_hand():
    explorer = ConvolutionExplorer(IMAGE)
    assert explorer.result().tolist() == [[4, 4], [4, 4], [4, 4]]  # 1 + 2 + 1 of bright minus dark
    assert explorer.shape == [5, 4, 1]
    explorer.stride, explorer.padding = 2, 1
    # Windows from row and column -1 on: at the upper rim the first row of weights meets zeros.
    assert explorer.result().tolist() == [[0, 3], [0, 4], [0, 3]]
    explorer.pooling = "max"
    assert explorer.result().tolist() == [[4]]  # the odd row is left out
    explorer.pooling = "mean"
    assert explorer.result().tolist() == [[1.75]]


def test_a_kernel_may_be_level_and_an_image_have_channels():
    explorer = ConvolutionExplorer(np.stack([IMAGE, IMAGE], axis=-1), [[1, 2]])
    np.testing.assert_array_equal(explorer.result()[0], [0, 4, 6])  # both channels with the same weights
    explorer = ConvolutionExplorer(np.stack([IMAGE, IMAGE], axis=-1), [[[1, 0], [0, 1]]])
    np.testing.assert_array_equal(explorer.result()[0], [0, 1, 2])


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_vectors_that_the_page_is_held_to(vector):
    image, kernel = np.array(vector["image"], np.float32), np.array(vector["kernel"])
    around, stride = vector["padding"], vector["stride"]
    padded = np.pad(image, ((around, around), (around, around), (0, 0)))
    whole = sum(
        signal.correlate2d(padded[..., channel], kernel[..., channel], "valid")
        for channel in range(image.shape[2])
    )
    expected = whole[::stride, ::stride]
    explorer = ConvolutionExplorer(image, kernel, stride=stride, padding=around)
    np.testing.assert_allclose(explorer.result(), expected, atol=1e-9)
    np.testing.assert_allclose(vector["map"], expected, atol=1e-9)
    for kind in ("max", "mean"):
        explorer.pooling = kind
        np.testing.assert_allclose(vector[kind], explorer.result(), atol=1e-9)


def test_what_the_page_gets_is_the_image():
    image = np.arange(30, dtype=np.int16).reshape(5, 6)
    explorer = ConvolutionExplorer(image)
    np.testing.assert_array_equal(
        np.frombuffer(explorer.pixels, "<f4").reshape(explorer.shape)[..., 0], image
    )
    assert len(explorer.picture().to_png()) < 90_000
    assert "map (3, 4)" in repr(explorer)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2, 3],), r"image must have shape \(H, W\) or \(H, W, C\)"),
        ((np.zeros((2, 2, 2, 2)),), r"image must have shape .* got \(2, 2, 2, 2\)"),
        ((np.zeros((0, 4)),), r"image must have shape .* 1 to 65,536 numbers"),
        ((np.zeros((300, 300)),), r"1 to 65,536 numbers, got \(300, 300\)"),
        (([[1.0, np.nan], [0, 0]],), "image must be finite|image .*NaN|image .*nan"),
        ((IMAGE, np.ones((9, 9))), r"kernel must have a shape of at most \(7, 7, 1\)"),
        ((IMAGE, np.ones((5, 5))), r"fit into the padded image, got \(5, 5, 1\)"),
        ((IMAGE, np.ones((3, 3, 2))), r"got \(3, 3, 2\) for an image of shape \(5, 4, 1\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ConvolutionExplorer(*arguments)


@pytest.mark.parametrize(
    ("option", "words"),
    [({"stride": 0}, "stride must"), ({"padding": 9}, "padding must"), ({"pooling": "sum"}, "pooling must")],
)
def test_options_out_of_range_are_refused(option, words):
    with pytest.raises(ValueError, match=words):
        ConvolutionExplorer(IMAGE, **option)
