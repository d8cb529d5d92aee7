from .attribution_maps import Attribution as Attribution
from .captum_attribution import attribute as attribute
from .methods import METHODS as METHODS, REFUSED as REFUSED, superpixels as superpixels
from .queries import network_of as network_of
from .torch_bridge import Bridge as Bridge, Canceled as Canceled
