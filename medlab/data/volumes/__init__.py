"""CT, PET and MR volumes from DICOM and NIfTI, with their place in the patient.

Arrays, spacing and indices are in (z, y, x) order; points are (x, y, z) in the patient coordinate system
of DICOM, in mm: x grows to the patient's left, y to the back, z to the head (LPS). `Volume` says more.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "reading": ["list_series", "read", "read_header"],
        "resampling": ["resample"],
        "dicom_slices": ["Series"],
        "pictures": ["planes_picture", "slice_picture"],
        "volume": ["Volume"],
    },
)
