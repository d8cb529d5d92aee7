"""Networks that play against each other: generators, critics and a network that fills holes."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "images": ["critic", "dcgan", "generator", "inpainter"],
        "points": ["point_critic", "point_generator"],
        "spectral": ["SpectralConv2D", "SpectralDense"],
    },
)
