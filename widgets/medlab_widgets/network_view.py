"""`NetworkView`: a network's layers as a graph, with what each costs and what it makes of an image."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import anywidget
import keras
import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from medlab import checks, models, plots
from medlab.notebook import answer_at_once
from medlab.plots import canvas
from medlab.text import reason
from medlab.training import Run, background
from medlab_widgets.picture_mixin import PictureMixin

MAPS, VALUES = 16, 64  # at a time
SIDE = 128  # pixels of a map that a page gets
LISTED = 14  # layers in a picture


class NetworkView(PictureMixin, anywidget.AnyWidget):
    """See how a network is built and what its layers cost; point at one and see its maps of an image.

    A network inside the network is one layer here; give that one to see its own layers. What is shown of a
    layer is computed when it is asked for, with the weights that the network has then.

    Parameters
    ----------
    model : keras.Model or Run
        Built, with one input. A subclassed one is no graph before Keras has followed its `call`.
    image : array, shape (H, W, C), (Z, Y, X, C) or (T, F), or None
        Of a Run, a raw image, as its data set has it; else one as the network takes it. None: no maps.
    title : str
        What the image is called; say so where it is simulated.

    Attributes
    ----------
    wanted : dict
        ``layer``, ``page`` (of 16 maps, or 64 values) and how often one was ``asked`` for: see `look`.
    shown : dict
        The same of what is shown, with its ``title`` or with the ``problem``.

    Raises
    ------
    ValueError
        If the model is no graph of layers with one input, or the image does not fit it or holds NaN.

    Notes
    -----
    Multiply-adds are those of `medlab.models.cost`; where they are unknown, the page has a question mark.

    Examples
    --------
    ``view = NetworkView(run, dataset.test.images[0])``; what a layer saw goes on into the next widget:
    ``ConvolutionExplorer(view.maps("convolution_1")[..., :1])``
    """

    _esm = Path(__file__).parent / "static" / "network_view.js"
    network = t.Dict(read_only=True).tag(sync=True)
    image = t.Dict(read_only=True).tag(sync=True)
    wanted = t.Dict().tag(sync=True)
    shown = t.Dict(read_only=True).tag(sync=True)
    left = t.Int(0).tag(sync=True)

    def __init__(self, model: Any, image: ArrayLike | None = None, *, title: str = "image") -> None:
        self._model = model.model if isinstance(model, Run) else model
        self._graph = _graph(self._model)
        self._batch = None if image is None else _batch(model, image, self._graph.input_shape[1:])
        levels = self._graph._nodes_by_depth  # each is a call of a layer, as in Keras' own drawing
        nodes = [node for depth in sorted(levels, reverse=True) for node in levels[depth]]
        layers = [_layer(node, nodes) for node in nodes]
        self._tensors = {row["name"]: node.output_tensors[0] for row, node in zip(layers, nodes, strict=True)}
        self._lock = threading.RLock()
        super().__init__()
        answer_at_once([self], self._lock)
        weights = self._model.count_params()
        self.set_trait("network", {"name": self._model.name, "weights": weights, "layers": layers})
        if image is not None:
            seen = np.array(image, float) if np.ndim(image) == 2 else np.mean(image, axis=-1, keepdims=True)
            self.set_trait("image", {"title": title, **_mosaic(seen)})
            self.look(layers[min(1, len(layers) - 1)]["name"])

    def maps(self, layer: str) -> NDArray[np.float32]:
        """Return what a layer makes of the image, with the weights that the network has now.

        Returns
        -------
        maps : array, shape (H', W', C), (Z', Y', X', C), (T, F) or (C,)
            The layer's output without the batch. `ConvolutionExplorer` takes maps (H', W', C) as its image.

        Raises
        ------
        ValueError
            If there is no such layer, or no image.
        RuntimeError
            While a training is at work in this kernel.
        """
        checks.one_of("layer", layer, self._tensors)
        if self._batch is None:
            msg = "a layer makes maps of an image, and none was given: NetworkView(model, image)."
            raise ValueError(msg)
        background.check_free()
        part = keras.Model(self._graph.inputs[0], self._tensors[layer])
        return np.asarray(keras.ops.convert_to_numpy(part(self._batch, training=False))[0], np.float32)

    def look(self, layer: str, page: int = 0) -> None:
        """Show a layer, as a click on it does."""
        with self._lock:
            self.wanted = {"layer": layer, "page": page, "asked": self.wanted.get("asked", 0) + 1}

    @t.observe("wanted")
    def _show(self, change: Any) -> None:
        shown = dict(change.new)
        try:
            shown |= _page(shown["layer"], self.maps(shown["layer"]), shown["page"])
        except Exception as error:  # nobody reads the kernel's log
            shown["problem"] = reason(error)
        self.set_trait("shown", shown)

    def picture(self) -> plots.Picture:
        """Return what is shown of a layer beside the image; without maps, the table of the layers."""
        if "pixels" not in self.shown:
            names = ("name", "kind", "output", "weights", "multiply_adds")
            rows = [[str(row[name]) for name in names] for row in self.network["layers"][:LISTED]]
            picture, (axis,) = canvas.panels(height_in=0.5 + 0.15 * len(rows), alt=repr(self))
            axis.set_axis_off()
            axis.table([names, *rows], cellLoc="left", loc="center", edges="horizontal", fontsize=8)
            return picture
        both = (self.image, self.shown)
        grays = [np.frombuffer(one["pixels"], np.uint8).reshape(one["shape"]) / 255 for one in both]
        return plots.planes(grays, [one["title"] for one in both], [None, None], alt=repr(self))

    def __repr__(self) -> str:
        shown = self.shown.get("title") or self.shown.get("problem") or "no image"
        return f"<NetworkView: {self._model.name}, {len(self._tensors)} layers; {shown}>"


def _graph(model: Any) -> keras.Model:
    """Return the network as Keras' graph from its one input to its outputs."""
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) == 1:
        return keras.Model(inputs[0], model.outputs)
    msg = (
        "model must be a Run, or a Keras network that is built of layers and has one input, got a "
        f"{type(model).__name__} with {len(inputs)} inputs. A subclassed network becomes such a one by "
        "x = keras.Input(shape), keras.Model(x, network.call(x))."
    )
    raise ValueError(msg)


def _layer(node: Any, nodes: list[Any]) -> dict[str, Any]:
    """Return what the page says of a layer; one that is called twice stands in two places."""
    layer = node.operation
    calls = [other for other in nodes if other.operation is layer].index(node)
    weights = getattr(layer, "count_params", int)()  # an operation, such as a sum, has none
    try:
        adds = models.cost(layer).multiply_adds if weights else 0
    except (AttributeError, TypeError, ValueError):
        adds = None  # of a subclassed network inside, or of images of any size
    return {
        "name": f"{layer.name} ({calls + 1})" if calls else layer.name,
        "kind": type(layer).__name__,
        "output": list(node.output_tensors[0].shape[1:]),
        "weights": weights,
        "multiply_adds": adds,
        "parents": [nodes.index(parent) for parent in node.parent_nodes],
    }


def _batch(model: Any, image: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """Return the image as a batch of one that the network takes."""
    array = checks.finite("image", image)
    if len(shape) != array.ndim or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        msg = f"image must have the network's shape {shape}, got {array.shape}. Of a batch: images[0]."
        raise ValueError(msg)
    batch = array[np.newaxis]
    return np.asarray(model.normalize(batch) if isinstance(model, Run) else batch, np.float32)


def _page(layer: str, maps: NDArray[np.float32], page: int) -> dict[str, Any]:
    """Return as much of a layer's maps as is shown at a time, all of them on one scale, and its title."""
    checks.finite(f"the output of {layer}", maps)
    what, size = {1: ("values", VALUES), 2: ("features", VALUES)}.get(maps.ndim, ("maps", MAPS))
    count, pages = maps.shape[-1], -(-maps.shape[-1] // size)
    first = size * int(checks.in_range("page", page, 0, pages - 1, whole=True))
    part = maps[..., first : first + size]
    shown: dict[str, Any] = {"values": part.tolist()} if maps.ndim == 1 else _mosaic(part, maps)
    which = (
        f"{what} {first} to {first + part.shape[-1] - 1} of {count}" if count > 1 else f"its one {what[:-1]}"
    )
    shown |= {"title": f"{layer}: {which}", "first": first}
    return shown | {"pages": pages, "span": [float(maps.min()), float(maps.max())]}


def _mosaic(maps: NDArray[Any], whole: NDArray[Any] | None = None) -> dict[str, Any]:
    """Return maps, four to a row, as gray values on the scale of `whole`; of large ones, some pixels."""
    planes = maps[len(maps) // 2] if maps.ndim == 4 else np.atleast_3d(maps)  # of a volume its middle
    whole = planes if whole is None else whole
    step = -(-max(planes.shape[:2]) // SIDE)
    gray = 255 * (planes[::step, ::step] - whole.min()) / ((whole.max() - whole.min()) or 1)
    across = min(4, gray.shape[2])
    rims = ((0, 1), (0, 1), (0, -gray.shape[2] % across))
    tiles = np.moveaxis(np.pad(gray.round().astype(np.uint8), rims, constant_values=255), -1, 0)
    picture = plots.mosaic(tiles.reshape(-1, across, *tiles.shape[1:]))[:-1, :-1]
    return {"shape": list(picture.shape), "pixels": picture.tobytes()}
