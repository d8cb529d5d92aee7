"""Simulated patients, findings and scanners whose truth is known.

Nothing here comes from a patient. `simulated_nodules` is the data set of the default study;
`candidates` gives the crops behind it, in HU, as slices or volumes; `visits` shows the same nodules
again as they grow; `thorax` gives overview scans of whole chests. For sequences: `simulated_candidates`
(nodule or vessel, slice by slice), `simulated_growth` (diameters over visits), `simulated_eeg`.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "patients": ["NODULE_TYPES", "brock_logit", "draw_patients", "true_risks"],
        "scanner": ["SITES", "Scanner"],
        "crops": ["Candidates", "candidates"],
        "cohorts": ["simulated_candidates", "simulated_nodules"],
        "anatomy": ["STRUCTURES", "TISSUE_HU"],
        "chest": ["Thorax", "thorax"],
        "followup": ["Visits", "grown_diameter", "visits"],
        "sequence_cohorts": ["simulated_eeg", "simulated_growth"],
        "signals": ["Recordings", "eeg"],
    },
)
