"""Tests of attributions: whether they depend on the weights, explain the output, and match the lesion."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
