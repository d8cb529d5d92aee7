"""Widgets for medlab's notebooks: small anywidgets, and panels composed of them.

This folder's table of contents: public names, loaded lazily, and nothing else. Widgets that the page itself
draws have a `static/NAME.js` beside their `NAME.py`; panels are composed of those and of ipywidgets' sliders.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
