"""How good a trained network is, on images it never saw, and how sure that figure is."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
