"""CT, PET and MR volumes from DICOM and NIfTI, with their place in the patient.

Arrays, spacing and indices are in (z, y, x) order; points are (x, y, z) in the patient coordinate system
of DICOM, in mm: x grows to the patient's left, y to the back, z to the head (LPS). `Volume` says more.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
