"""`GanSession`: the `fit` of a `GAN` or an `Inpainter`, in a thread of its own."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medlab import checks
from medlab.training.background import Background
from medlab.training.gan.result import GANRun

if TYPE_CHECKING:
    from medlab.training.gan.adversarial import GAN
    from medlab.training.gan.inpainting import Inpainter


class GanSession(Background):
    """An adversarial training that goes on while the notebook answers.

    Parameters
    ----------
    gan : GAN or Inpainter
    images : float array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
    second : array or None
        Labels, shape (N,), of a conditional GAN; masks, shape (M, H, W), of an inpainter.
    checkpoint : path or None
        Folder that keeps the state, every half minute and at a stop. None: a new one under the system's
        folder for temporary files; `folder` says which.
    **options
        Of `GAN.fit`: steps, minutes, batch_size, seed, snapshots, snapshots_every, record_every, progress,
        callbacks.

    Raises
    ------
    ValueError
        If an option does not exist.

    Examples
    --------
    ``session = GanSession(gan, images, labels, steps=500).start()``, then ``session.stop()``,
    ``session.resume()`` and ``run = session.wait().result()``; see `TrainSession`
    """

    def __init__(
        self,
        gan: GAN | Inpainter,
        images: Any,
        second: Any = None,
        *,
        checkpoint: str | Path | None = None,
        **options: Any,
    ) -> None:
        known = set(list(inspect.signature(gan.fit).parameters)[2:]) - {"checkpoint", "resume", "control"}
        for name in options:
            checks.one_of("option of GanSession", name, known)
        super().__init__(checkpoint)
        self.gan = gan
        self._material = (images, second)
        self._options = dict(options)

    def _train(self, resume: bool) -> GANRun:
        return self.gan.fit(
            *self._material, checkpoint=self.folder, resume=resume, control=self._control, **self._options
        )

    def snapshot(self) -> dict[str, Any]:
        """Return where the training is: plain numbers, to be shown.

        Returns
        -------
        snapshot : dict
            ``state``; ``step`` done and ``steps`` (0 where only minutes are set); ``seconds`` at work and
            ``seconds_left`` by the pace so far, None while it is not known; ``rows``: the history as a list.
        """
        control, state = self._control, self.state
        left = control.seconds_left() if state == "running" else None
        minutes = self._options.get("minutes")
        if minutes is not None and state == "running":
            by_time = max(0.0, 60 * minutes - self.seconds)
            left = by_time if left is None else min(left, by_time)
        return {
            "state": state,
            "step": control.batch,
            "steps": self._options.get("steps") or 0,
            "seconds": self.seconds,
            "seconds_left": 0.0 if state == "done" else left,
            "rows": control.rows,
        }

    def _where(self, now: dict[str, Any]) -> str:
        if not self._control.batches:
            return ""
        return f"step {now['step']}" + (f" of {now['steps']}" if now["steps"] else "")
