"""Networks that play against each other: generators, critics and a network that fills holes."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
