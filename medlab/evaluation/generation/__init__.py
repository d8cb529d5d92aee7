"""How good generated images are: near the real ones, as varied as they, of use, and not copied from them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
