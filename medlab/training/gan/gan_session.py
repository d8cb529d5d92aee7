"""`GanSession`: the `fit` of a `GAN` or an `Inpainter`, in a thread of its own."""

from pathlib import Path
from typing import Any

from medlab.training.background import Background
from medlab.training.gan.gan import GAN
from medlab.training.gan.inpainting import Inpainter
from medlab.training.gan.training_loop import FitOptions


class GanSession(Background):
    """An adversarial training that goes on while the notebook answers.

    Parameters
    ----------
    gan : GAN or Inpainter
    images : float array, shape (N, H, W, C) in [-1, 1], or points, shape (N, D)
    labels_or_masks : array or None
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
        labels_or_masks: Any = None,
        *,
        checkpoint: str | Path | None = None,
        **options: Any,
    ) -> None:
        known = set(FitOptions.__dataclass_fields__)
        super().__init__(gan.fit, (images, labels_or_masks), known, checkpoint, options)
        self.gan = gan

    def _position(self) -> dict[str, Any]:
        return {"step": self._control.batch, "steps": self._options.get("steps") or 0}

    def _seconds_left(self) -> float | None:
        left, minutes = super()._seconds_left(), self._options.get("minutes")
        if minutes is None:
            return left
        by_time = max(0.0, 60 * minutes - self.seconds)
        return by_time if left is None else min(left, by_time)

    def _where(self, now: dict[str, Any]) -> str:
        if not self._control.batches:
            return ""
        return f"step {now['step']}" + (f" of {now['steps']}" if now["steps"] else "")
