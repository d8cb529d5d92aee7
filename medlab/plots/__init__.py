"""What it looks like: every figure of the suite. A function returns a figure that shows itself in Jupyter."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
