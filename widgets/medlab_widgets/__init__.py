"""Widgets for medlab's notebooks: small anywidgets, and panels composed of them.

This folder's table of contents: public names, loaded lazily, and nothing else. Panels arrive chapter by
chapter.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submod_attrs={})
