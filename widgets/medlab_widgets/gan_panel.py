"""`GanPanel`: two networks at play, what they make of the same noise, and the way between two images."""

from __future__ import annotations

import html
import time
from pathlib import Path
from typing import Any, Self

import ipywidgets
import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from medlab import plots
from medlab.notebook import has_front_end
from medlab.training.gan import GAN, GANRun, GanSession
from medlab_widgets.panel import Panel, guarded, tiles_as_html, time_spent

LOOK_S = 2.0  # between two looks at the samples: making them takes time from the training
ROWS, COLUMNS = 2, 8
PLACES = 11  # images on the way from one noise vector to another


class GanPanel(Panel):
    """Let a GAN play and watch: both losses, images from the same noise, a walk between two of them.

    Parameters
    ----------
    gan : GAN
        Of images; trained in place.
    images : float array, shape (N, H, W, C) in [-1, 1]
    labels : int array, shape (N,), or None
        For a conditional GAN.
    title : str
        What the samples show; say so where it is simulated.
    **options
        Of `GanSession`: checkpoint, and those of `GAN.fit`: steps or minutes, batch_size, seed, record_every.

    Raises
    ------
    ValueError
        If the GAN makes points, or an option does not exist.

    Notes
    -----
    The same without a mouse: `start`, `pause`, `stop`, `resume`, `wait`, `result`; without a front end they
    print plain lines, and `wait` leaves a picture.

    Examples
    --------
    ``GanPanel(gan, images, labels, steps=500, title="SIMULATED nodules")``, as the last line of a cell
    """

    def __init__(
        self,
        gan: GAN,
        images: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        title: str = "generated images",
        **options: Any,
    ) -> None:
        if len(gan.image_shape) != 3:
            msg = f"gan must make images of shape (H, W, C), got points of shape {gan.image_shape}."
            raise ValueError(msg)
        self.gan, self.title = gan, title
        self._material = images, labels
        self._options = {"record_every": 10, "progress": not has_front_end(), **options}
        self._seed = int(self._options.pop("seed", 0))
        self._earlier: list[dict[str, Any]] = []
        self._rounds, self._steps_before = 0, 0
        self.session = self._new_session()
        self._pair = 0
        self.look()
        super().__init__(once=True, Train_more=self.more)

    def _new_session(self) -> GanSession:
        options = {**self._options, "seed": self._seed + self._rounds}
        options["callbacks"] = [*options.get("callbacks", ()), _Looks(self)]
        if self._rounds and options.get("checkpoint"):  # what lies there is finished
            folder = Path(options["checkpoint"])
            options["checkpoint"] = folder.with_name(f"{folder.name}-{self._rounds + 1}")
        session = GanSession(self.gan, *self._material, **options)
        session.on_launch = self._watch
        return session

    def _compose(self) -> list[ipywidgets.Widget]:
        self.samples = ipywidgets.HTML()
        self.place = ipywidgets.IntSlider(
            description="from A to B", min=0, max=PLACES - 1, style={"description_width": "104px"}
        )
        self.place.observe(lambda _change: self._refresh(), "value")
        self.ends = ipywidgets.Button(description="Other ends", tooltip="Two other noise vectors")
        self.ends.on_click(guarded(self.other_ends, self.status))
        self.between = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<b>{html.escape(self.title)}</b>, always of the same noise")
        way = ipywidgets.HBox([self.place, self.ends])
        right = ipywidgets.VBox([heading, self.samples, way, self.between])
        lower = ipywidgets.HBox([self.charts, right], layout={"flex_flow": "row wrap"})
        return [self.buttons, self.status, lower]

    def result(self) -> GANRun:
        """Return the finished training, after `more` the last one; see `TrainSession.result`."""
        return self.session.result()

    def more(self) -> Self:
        """Play on from where a finished training ended, for as many steps again, with other batches.

        Raises
        ------
        RuntimeError
            If the training is not done.
        """
        if self.session.state != "done":
            msg = f"only a training that is done can be trained more; this one is {self.session.state}."
            raise RuntimeError(msg)
        self._earlier = self._rows()
        self._rounds += 1
        self._steps_before += self.session.snapshot()["step"]
        self.session = self._new_session()
        self.session.start()
        self._refresh()
        return self

    def other_ends(self) -> Self:
        """Walk between two other noise vectors; while the networks play, from their next look on."""
        self._pair += 1
        if not self.session.at_work:
            self.look()
            self._refresh()
        return self

    def look(self) -> None:
        """Make the samples and the way between two noise vectors anew; by who owns the networks now."""
        ends = np.random.default_rng([self._seed, 4, self._pair]).normal(0, 1, (2, self.gan.latent))
        noise = np.linspace(ends[0], ends[1], PLACES)
        labels: list[Any] = [np.full(PLACES, k) for k in range(self.gan.classes)] or [None]
        ways = [self.gan.generate(noise, label) for label in labels]
        samples = self.gan.sample(ROWS * COLUMNS, seed=self._seed)
        # One assignment each: the thread that draws sees the old ones or the new ones.
        self._samples = _gray(samples).reshape(ROWS, COLUMNS, *samples.shape[1:3])
        self._way = np.stack([_gray(images) for images in ways], axis=1)  # (places, classes, H, W)

    def picture(self) -> plots.Picture:
        """Return losses and samples as a picture."""
        return plots.chart_beside_tiles(self._losses(), self._samples, title=self.title, alt=repr(self))

    def __repr__(self) -> str:
        snapshot = self.session.snapshot()
        step = self._steps_before + snapshot["step"]
        return f"<GanPanel: {self.title}, training {snapshot['state']}, step {step}>"

    def _rows(self) -> list[dict[str, Any]]:
        """Return the recorded losses, counted on from training to training."""
        rows = self.session.snapshot()["rows"]
        return [*self._earlier, *({**row, "step": row["step"] + self._steps_before} for row in rows)]

    def _losses(self) -> plots.Chart:
        rows = self._rows()
        steps = [row["step"] for row in rows]
        lines = [
            plots.Line(name.replace("_", " "), steps, [row[name] for row in rows], color, dashed=bool(color))
            for color, name in enumerate(("critic_loss", "generator_loss"))
        ]
        return plots.Chart("step", "loss (no unit)", lines)

    def _refresh(self) -> None:
        with self._lock:
            snapshot = self.session.snapshot()
            self.charts.show([self._losses()], f"Losses of critic and generator. {self!r}")
            what = f"{len(self._samples)} rows of {self.title}, made of the same noise as before"
            self.samples.value = tiles_as_html(self._samples, what)
            place = f"{self.title} at place {self.place.value} of {PLACES - 1} on the way from A to B"
            self.between.value = tiles_as_html(self._way[self.place.value][np.newaxis], place)
            self.buttons.allow(snapshot["state"])
            before = self._steps_before
            step = f"step {before + snapshot['step']}"
            step += f" of {before + snapshot['steps']}" if snapshot["steps"] else ""
            self._show_status([snapshot["state"], step, time_spent(snapshot)], self.session)


class _Looks(keras.callbacks.Callback):
    """Looks at the samples now and then, in the thread that trains: nobody else may touch its networks."""

    def __init__(self, panel: GanPanel) -> None:
        super().__init__()
        self._panel, self._last = panel, 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if time.perf_counter() - self._last >= LOOK_S:
            self._panel.look()
            self._last = time.perf_counter()

    def on_train_end(self, logs: Any = None) -> None:
        self._panel.look()


def _gray(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn images, shape (N, H, W, C) in [-1, 1], into gray values, shape (N, H, W)."""
    return np.round((np.clip(images.mean(axis=-1), -1, 1) + 1) * 127.5).astype(np.uint8)
