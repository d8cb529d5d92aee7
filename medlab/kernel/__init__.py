"""The IPython extension: magics, completion and rich displays.

``%load_ext medlab`` loads it. It imports neither Keras nor a backend.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
