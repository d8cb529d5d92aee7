"""Simulated patients, findings and scanners, of which the truth is known.

Nothing here comes from a patient. `simulated_nodules` is the data set of the default study. `candidates`
gives the crops behind it, in HU, as slices or volumes; `visits` shows the same nodules again as they grow;
`thorax` draws overview scans of whole chests. Three data sets are sequences: `simulated_candidates` (nodule
or vessel, slice by slice), `simulated_growth` (diameters over visits) and `simulated_eeg`.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
