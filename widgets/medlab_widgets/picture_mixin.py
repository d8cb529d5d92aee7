"""How a widget shows itself: alive where somebody can press a button, as a picture everywhere."""

import html
import inspect
from typing import Any

import traitlets as t
from IPython.display import DisplayHandle, display

from medlab.checks import REFUSALS, nearest
from medlab.notebook import has_front_end
from medlab.plots import Picture
from medlab.text import reason


class Refused:
    """Stands in a widget's place and says why it could not be made; the notebook goes on."""

    def __init__(self, widget: str, error: Exception) -> None:
        self._reason = f"{widget} was not made: {reason(error)}"

    def _repr_html_(self) -> str:
        style = "border-left: 4px solid #D55E00; padding: 4px 10px"
        return f'<div role="alert" style="{style}">{html.escape(self._reason)}</div>'

    def __repr__(self) -> str:
        return f"<{self._reason}>"

    def __getattr__(self, name: str) -> Any:
        msg = f"there is no {name!r}: {self.__dict__.get('_reason', '')}"
        raise AttributeError(msg)


class _RefusedInItsPlace(t.MetaHasTraits):
    """Makes a widget, or where somebody reads along what stands in its place: bad input stops no notebook.

    Everywhere else (scripts, papermill, nbval) the error is raised: there, nobody would see it.
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        """What Shift+Tab and the reference show: the class's own parameters."""
        own = inspect.signature(cls.__init__)
        return own.replace(parameters=list(own.parameters.values())[1:])

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        try:
            return super().__call__(*arguments, **options)
        except REFUSALS as error:
            if not has_front_end():
                raise
            return Refused(cls.__name__, error)


class PictureMixin(t.HasTraits, metaclass=_RefusedInItsPlace):
    """Gives a widget a picture and a line of text beside its live view; comes before the widget's class.

    Without a front end (papermill, nbval, nbconvert) the live view is left out: an exported page would look
    for its scripts on the network and stay blank, picture or not.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        for name in options:  # traitlets lets a misspelled one pass
            if not self.has_trait(name):
                msg = f"{type(self).__name__} has no option {name!r}.{nearest(name, self.trait_names())}"
                raise TypeError(msg)
        super().__init__(*arguments, **options)

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

    @t.observe("left")
    def _keep(self, _change: Any) -> None:
        """Renew it when the reader has moved something and left, where a page counts how often that was."""
        self.renew()

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
