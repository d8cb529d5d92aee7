"""How networks learn: `fit` and what it returns."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    ["gan"],
    submod_attrs={
        "background": ["latest"],
        "checkpoint": ["checkpoint_in"],
        "fitting": ["fit"],
        "run": ["Run"],
        "session": ["TrainSession"],
        "settings": ["Settings"],
    },
)
