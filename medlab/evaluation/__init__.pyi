from . import (
    attribution as attribution,
    calibration as calibration,
    conformal as conformal,
    decision as decision,
    detection as detection,
    evidence as evidence,
    generation as generation,
    lesions as lesions,
    likeness as likeness,
    segmentation as segmentation,
)
from .attribution import Attribution as Attribution, attribute as attribute
from .evaluations import Evaluation as Evaluation, evaluate as evaluate
from .intervals import bootstrap as bootstrap, delong as delong
from .scoring import Scores as Scores, learn as learn, score as score
from .thresholds import (
    THRESHOLD_RULES as THRESHOLD_RULES,
    choose_threshold as choose_threshold,
    parse_rule as parse_rule,
)
