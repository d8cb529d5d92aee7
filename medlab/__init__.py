"""Teach and do deep learning on medical images, in Jupyter.

Teaching and research software, not a medical device. Importing this package loads nothing heavy: neither
Keras nor a backend, neither matplotlib nor pandas. The subpackages follow the pipeline: `data` and `models`,
then `training`, `evaluation` and `reports`.
"""

import logging as _logging
import os as _os

import lazy_loader as _lazy

# Red lines that tell a learner nothing: see `backend.load_keras`. Whoever wants them sets the variable.
_os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
_logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
