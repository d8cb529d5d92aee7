"""Why a prediction came out as it did: Captum's methods on a Keras network of any backend."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
