"""Teaching and doing deep learning on medical images, in Jupyter.

Research and teaching software, not a medical device. Importing this package loads nothing heavy:
neither Keras nor a backend, neither matplotlib nor pandas.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    [
        "backend",
        "checks",
        "data",
        "evaluation",
        "exercises",
        "kernel",
        "metrics",
        "models",
        "plots",
        "reports",
        "training",
    ],
    # What `%load_ext medlab` and `%unload_ext medlab` look for.
    submod_attrs={"kernel.magics": ["load_ipython_extension", "unload_ipython_extension"]},
)
