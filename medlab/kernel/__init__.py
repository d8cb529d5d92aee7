"""The IPython extension: the command line's words as magics, completion, and how things show themselves.

``%load_ext medlab`` loads it; it imports neither Keras nor a backend.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "magics": ["load_ipython_extension", "unload_ipython_extension"],
        "resource_meter": ["Meter"],
        "answers": ["phi", "Answer"],
    },
)
