"""Whether an attribution can be believed: whether it depends on the weights, the output, the lesion."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
