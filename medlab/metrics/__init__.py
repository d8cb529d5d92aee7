"""How good: measures on arrays of truth and prediction. All are functions, none keeps a state."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    ["inputs"],
    submod_attrs={
        "inputs": ["UndefinedError"],
        "ranking": [
            "auc",
            "average_precision",
            "expected_auc",
            "precision_recall_curve",
            "roc_curve",
            "sensitivity_at_specificity",
        ],
        "deciding": [
            "accuracy",
            "balanced_accuracy",
            "confusion",
            "decide",
            "f1",
            "net_benefit",
            "precision",
            "predictive_values",
            "sensitivity",
            "specificity",
        ],
        "several": [
            "accuracy_multiclass",
            "accuracy_multilabel",
            "auc_multiclass",
            "auc_multilabel",
            "auc_per_class",
            "confusion_multiclass",
        ],
        "amounts": ["mae", "mse", "r2"],
    },
)
