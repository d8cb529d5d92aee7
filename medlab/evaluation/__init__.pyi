from . import attribution as attribution, evidence as evidence, generation as generation
from .attribution import Attribution as Attribution, attribute as attribute
from .evaluating import Evaluation as Evaluation, evaluate as evaluate
from .intervals import bootstrap as bootstrap, delong as delong
from .lungrads import lung_rads as lung_rads
from .repairing import (
    LesionRule as LesionRule,
    RepairQuality as RepairQuality,
    repair_quality as repair_quality,
)
from .rules import RiskScore as RiskScore, risk_score as risk_score
from .thresholds import (
    THRESHOLD_RULES as THRESHOLD_RULES,
    choose_threshold as choose_threshold,
    parse_rule as parse_rule,
)
