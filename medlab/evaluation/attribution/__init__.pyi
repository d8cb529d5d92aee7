from .attribution_maps import Attribution as Attribution
from .captum_attribution import attribute as attribute
from .feature_masks import superpixels as superpixels
from .methods import METHODS as METHODS, REFUSED as REFUSED
from .queries import network_of as network_of
from .torch_bridge import Bridge as Bridge, Canceled as Canceled
