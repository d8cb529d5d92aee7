"""Measures of generated images: how realistic, varied and useful they are, and whether they are copies."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
