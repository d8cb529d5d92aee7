"""The IPython extension: the command line's words as magics, completion, and how things show themselves.

``%load_ext medlab`` loads it; it imports neither Keras nor a backend.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
