"""Teach and do deep learning on medical images, in Jupyter.

Teaching and research software, not a medical device. Importing this package loads nothing heavy: neither
Keras nor a backend, neither matplotlib nor pandas. The subpackages follow the pipeline: `data` and `models`,
then `training`, `evaluation` and `reports`.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
