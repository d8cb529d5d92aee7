"""How good: measures on arrays of truth and prediction. All are functions, none keeps a state."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
