from .answers import Answer as Answer, phi as phi
from .magics import (
    load_ipython_extension as load_ipython_extension,
    unload_ipython_extension as unload_ipython_extension,
)
from .resource_meter import Meter as Meter
