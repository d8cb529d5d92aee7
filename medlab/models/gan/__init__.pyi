from .images import critic as critic, generator as generator
from .points import point_critic as point_critic, point_generator as point_generator
from .radford import dcgan as dcgan
from .repairing import inpainter as inpainter
from .spectral import SpectralConv2D as SpectralConv2D, SpectralDense as SpectralDense
