"""Widgets for notebooks: panels that train networks, and explorers of their results.

A widget that the page itself draws has a ``static/NAME.js`` beside its ``NAME.py``; a panel is composed of
such widgets and of the sliders of ipywidgets.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
