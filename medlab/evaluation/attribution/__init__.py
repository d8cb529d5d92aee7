"""Attribution of a prediction to the input, by Captum, for Keras networks on any backend."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
