from .attributing import attribute as attribute
from .bridging import Bridge as Bridge, Canceled as Canceled
from .features import superpixels as superpixels
from .methods import METHODS as METHODS, REFUSED as REFUSED
from .result import Attribution as Attribution
