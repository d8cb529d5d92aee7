"""What goes in: simulated cohorts, registered sets and folders, made ready for a network."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
