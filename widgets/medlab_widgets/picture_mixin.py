"""How a widget shows itself: alive where somebody can press a button, as a picture everywhere."""

from typing import Any

from IPython.display import DisplayHandle, display

from medlab.notebook import has_front_end
from medlab.plots import Picture


class PictureMixin:
    """Gives a widget a picture and a line of text beside its live view; comes before the widget's class.

    Without a front end (papermill, nbval, nbconvert) the live view is left out: an exported page would look
    for its scripts on the network and stay blank, picture or not.
    """

    # Where it was shown, and whether alive.
    _shown: tuple[tuple[DisplayHandle, bool], ...] = ()

    def picture(self) -> Picture:
        """Return what is to be seen now as a picture."""
        raise NotImplementedError

    def renew(self) -> None:
        """Replace the picture that the notebook keeps, and saves, by one of what is to be seen now."""
        bundles = {alive: self._bundle(alive) for alive in {alive for _, alive in self._shown}}
        for handle, alive in self._shown:
            data, metadata = bundles[alive]
            handle.update(data, metadata=metadata, raw=True)

    def _ipython_display_(self) -> None:
        alive = has_front_end()
        data, metadata = self._bundle(alive)
        handle = display(data, metadata=metadata, raw=True, display_id=True)
        if handle is not None:  # None outside of IPython
            self._shown = (*self._shown, (handle, alive))

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(has_front_end())

    def _bundle(self, alive: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        picture = self.picture()
        data: dict[str, Any] = {"text/plain": repr(self), "image/png": picture.to_png()}
        if alive:
            bundle: Any = super()._repr_mimebundle_()  # type: ignore[misc]  # ipywidgets: dict, anywidget: pair
            live = bundle[0] if isinstance(bundle, tuple) else bundle
            data |= {kind: value for kind, value in live.items() if kind.startswith("application/")}
        return data, {"image/png": {"alt": picture.alt}}
