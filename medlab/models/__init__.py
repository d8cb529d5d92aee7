"""Builders of networks, and the model folder that saves a trained network with all that its use needs."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
