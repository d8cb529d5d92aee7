"""Data sets: simulated, registered or from a folder, and what prepares them for a network."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
