"""CT, PET and MR volumes from DICOM and NIfTI, with their position in the patient.

Arrays, spacing and indices are in (z, y, x) order. Points are (x, y, z) in the patient coordinate system of
DICOM, in mm: x grows towards the patient's left, y towards the back, z towards the head (LPS).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
