from .anatomy import STRUCTURES as STRUCTURES, TISSUE_HU as TISSUE_HU
from .chest import Thorax as Thorax, thorax as thorax
from .cohorts import simulated_candidates as simulated_candidates, simulated_nodules as simulated_nodules
from .crops import Candidates as Candidates, candidates as candidates
from .followup import Visits as Visits, grown_diameter as grown_diameter, visits as visits
from .patients import (
    NODULE_TYPES as NODULE_TYPES,
    brock_logit as brock_logit,
    draw_patients as draw_patients,
    true_risks as true_risks,
)
from .scanner import SITES as SITES, Scanner as Scanner
from .sequence_cohorts import simulated_eeg as simulated_eeg, simulated_growth as simulated_growth
