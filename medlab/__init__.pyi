from . import (
    backend as backend,
    checks as checks,
    data as data,
    evaluation as evaluation,
    exercises as exercises,
    kernel as kernel,
    metrics as metrics,
    models as models,
    plots as plots,
    reports as reports,
    training as training,
)

# What `%load_ext medlab` and `%unload_ext medlab` look for.
from .kernel.extension import (
    load_ipython_extension as load_ipython_extension,
    unload_ipython_extension as unload_ipython_extension,
)

__version__: str
