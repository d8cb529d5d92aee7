"""Metrics: functions of arrays of true and predicted values.

For a binary task, `targets` has shape (N,) with 0 or 1, and `probabilities` has shape (N,) in [0, 1]. For K
classes, `targets` has shape (N,) with 0 to K - 1; for K labels on one image it has shape (N, K) with 0 or 1.
In both cases, `probabilities` has shape (N, K). Amounts have shape (N,), in any unit. A metric whose
denominator is zero is NaN, and one that has no value on these images at all raises `UndefinedError`.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
