from . import inputs as inputs
from .amounts import mae as mae, mse as mse, r2 as r2
from .deciding import (
    accuracy as accuracy,
    balanced_accuracy as balanced_accuracy,
    confusion as confusion,
    decide as decide,
    f1 as f1,
    net_benefit as net_benefit,
    precision as precision,
    predictive_values as predictive_values,
    sensitivity as sensitivity,
    specificity as specificity,
)
from .inputs import UndefinedError as UndefinedError
from .ranking import (
    auc as auc,
    average_precision as average_precision,
    expected_auc as expected_auc,
    precision_recall_curve as precision_recall_curve,
    roc_curve as roc_curve,
    sensitivity_at_specificity as sensitivity_at_specificity,
)
from .several import (
    accuracy_multiclass as accuracy_multiclass,
    accuracy_multilabel as accuracy_multilabel,
    auc_multiclass as auc_multiclass,
    auc_multilabel as auc_multilabel,
    auc_per_class as auc_per_class,
    confusion_multiclass as confusion_multiclass,
)
