"""Networks that learn against each other: GANs of images and points, and repair of holes."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
