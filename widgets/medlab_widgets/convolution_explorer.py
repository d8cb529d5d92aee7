"""`ConvolutionExplorer`: one output pixel, its window on the input, the products and their sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from medlab import checks, plots
from medlab.notebook import answer_at_once
from medlab_widgets.picture_mixin import PictureMixin

EDGE = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))  # Sobel's: bright on the right is positive
MOST = 65_536  # numbers of an image that a page gets
WIDEST = 7
POOLINGS = ("none", "max", "mean")


class ConvolutionExplorer(PictureMixin, anywidget.AnyWidget):
    """Point at a pixel of a map and see how it came about: its window, the products, their sum.

    The page computes everything by itself: also an exported notebook's widget, or one whose kernel is busy.

    Parameters
    ----------
    image : array, shape (H, W) or (H, W, C)
        Gray values, or maps of a layer; at most 65,536 numbers.
    kernel : array, shape (kh, kw) or (kh, kw, C), or None
        At most 7 x 7; one of shape (kh, kw) is used for each channel. None: Sobel's kernel for upright edges.
    stride, padding : int
        1 to 4 pixels from window to window; 0 to 3 zeros around the image.
    pooling : "none", "max" or "mean"
        Of blocks of 2 x 2, without an overlap.
    title : str
        What the image shows; say so where it is simulated.

    Attributes
    ----------
    kernel : list
        The weights as the reader left them, shape (kh, kw, C); with stride, padding and pooling.
    row, column : int
        The pixel of the map that is looked at.

    Raises
    ------
    ValueError
        If a shape or a number is not as above, or the kernel is larger than the padded image.

    Examples
    --------
    ``ConvolutionExplorer(dataset.test.images[0, :, :, 0])``
    """

    _esm = Path(__file__).parent / "static" / "convolution_explorer.js"
    pixels = t.Bytes(read_only=True).tag(sync=True)
    shape: t.List[Any] = t.List(read_only=True).tag(sync=True)
    kernel: t.List[Any] = t.List().tag(sync=True)
    stride = t.Int(1, min=1, max=4).tag(sync=True)
    padding = t.Int(0, min=0, max=3).tag(sync=True)
    pooling = t.Enum(POOLINGS, "none").tag(sync=True)
    title = t.Unicode("image").tag(sync=True)
    row = t.Int(0, min=0).tag(sync=True)
    column = t.Int(0, min=0).tag(sync=True)
    left = t.Int(0).tag(sync=True)

    def __init__(
        self,
        image: ArrayLike,
        kernel: ArrayLike | None = None,
        *,
        stride: int = 1,
        padding: int = 0,
        pooling: str = "none",
        title: str = "image",
        **traits: Any,
    ) -> None:
        self._image = _channels("image", image, MOST).astype(np.float32)  # as the page has it
        weights = _channels("kernel", EDGE if kernel is None else kernel, WIDEST**2 * MOST)
        channels = self._image.shape[2]
        if weights.shape[2] == 1:
            weights = np.repeat(weights, channels, axis=2)
        stride = int(checks.in_range("stride", stride, 1, 4, whole=True))
        padding = int(checks.in_range("padding", padding, 0, 3, whole=True))
        checks.one_of("pooling", pooling, POOLINGS)
        fits = np.all(np.array(weights.shape[:2]) <= np.array(self._image.shape[:2]) + 2 * padding)
        if weights.shape[2] != channels or max(weights.shape[:2]) > WIDEST or not fits:
            msg = (
                f"kernel must have a shape of at most ({WIDEST}, {WIDEST}, {channels}) and fit into the "
                f"padded image, got {weights.shape} for an image of shape {self._image.shape}."
            )
            raise ValueError(msg)
        choices = {"stride": stride, "padding": padding, "pooling": pooling, "title": title}
        super().__init__(kernel=weights.tolist(), **choices, **traits)
        if not {"row", "column"} & set(traits):  # begin where there is most to be seen
            shown = np.abs(self._map())
            self.row, self.column = map(int, np.unravel_index(shown.argmax(), shown.shape))
        answer_at_once([self])
        self.set_trait("shape", list(self._image.shape))
        self.set_trait("pixels", self._image.astype("<f4").tobytes())

    def result(self) -> NDArray[Any]:
        """Return the map, and pooled if that is chosen, shape (H', W'), by NumPy."""
        shown = self._map()
        height, width = (side // 2 for side in shown.shape)
        if self.pooling == "none" or not height * width:
            return shown
        blocks = shown[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
        return blocks.max((1, 3)) if self.pooling == "max" else blocks.mean((1, 3))

    def _map(self) -> NDArray[Any]:
        """Return the map before pooling."""
        weights, around = np.array(self.kernel), (self.padding, self.padding)
        padded = np.pad(self._image, (around, around, (0, 0)))
        windows = sliding_window_view(padded, weights.shape[:2], axis=(0, 1))
        return np.einsum("yxcij,ijc->yx", windows[:: self.stride, :: self.stride], weights)

    def picture(self) -> plots.Picture:
        """Return the image beside its map."""
        image, shown = self._image.mean(axis=2), self.result()
        low, high = image.min(), image.max()
        largest = np.abs(shown).max() or 1.0
        pictures = [(image - low) / ((high - low) or 1.0), (shown / largest + 1) / 2]
        titles = [self.title, "map (mid-gray is 0)"]
        return plots.planes(pictures, titles, [None, None], alt=f"An image and its map. {self!r}")

    def __repr__(self) -> str:
        sides = " x ".join(map(str, np.shape(self.kernel)))
        choices = f"stride {self.stride}, padding {self.padding}, pooling {self.pooling}"
        return f"<ConvolutionExplorer: kernel {sides}, {choices}, map {self.result().shape}>"


def _channels(what: str, array: ArrayLike, most: int) -> NDArray[np.float64]:
    """Return an array with a last axis of channels; refuse another shape, too many numbers, and NaN."""
    values = checks.finite(what, np.asarray(array, float))
    if values.ndim not in (2, 3) or not 0 < values.size <= most:
        msg = f"{what} must have shape (H, W) or (H, W, C) and 1 to {most:,} numbers, got {values.shape}."
        raise ValueError(msg)
    return values if values.ndim == 3 else values[..., np.newaxis]
