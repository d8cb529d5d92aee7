"""Evaluation of trained networks on images that they have not seen, with intervals."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
