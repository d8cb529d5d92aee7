"""Training of GANs on images or points, and of networks that fill holes in images."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
