from .extension import (
    load_ipython_extension as load_ipython_extension,
    unload_ipython_extension as unload_ipython_extension,
)
from .metering import Meter as Meter
from .showing import Told as Told, phi as phi
