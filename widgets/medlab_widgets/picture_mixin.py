"""How a widget shows itself: alive where somebody can press a button, as a picture everywhere."""

from typing import Any

from medlab.notebook import has_front_end
from medlab.plots import Picture


class PictureMixin:
    """Gives a widget a picture and a line of text beside its live view; comes before the widget's class.

    Without a front end (papermill, nbval, nbconvert) the live view is left out: an exported page would look
    for its scripts on the network and stay blank, picture or not.
    """

    def picture(self) -> Picture:
        """Return what is to be seen now as a picture."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        picture = self.picture()
        data: dict[str, Any] = {"text/plain": repr(self), "image/png": picture.to_png()}
        if has_front_end():
            bundle: Any = super()._repr_mimebundle_()  # type: ignore[misc]  # ipywidgets: dict, anywidget: pair
            live = bundle[0] if isinstance(bundle, tuple) else bundle
            data |= {kind: value for kind, value in live.items() if kind.startswith("application/")}
        return data, {"image/png": {"alt": picture.alt}}
