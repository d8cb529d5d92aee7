from .images import critic as critic, generator as generator, inpainter as inpainter
from .points import point_critic as point_critic, point_generator as point_generator
from .spectral import SpectralConv2D as SpectralConv2D, SpectralDense as SpectralDense
