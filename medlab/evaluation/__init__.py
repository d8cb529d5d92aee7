"""How good a trained network is, on images it never saw, and how sure that figure is."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    ["attribution", "evidence", "generation"],
    {
        "attribution": ["Attribution", "attribute"],
        "evaluations": ["Evaluation", "evaluate"],
        "intervals": ["bootstrap", "delong"],
        "thresholds": ["THRESHOLD_RULES", "choose_threshold", "parse_rule"],
    },
)
