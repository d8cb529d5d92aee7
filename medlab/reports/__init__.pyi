from .case import (
    Case as Case,
    case_results as case_results,
    open_case as open_case,
    small_model as small_model,
    training_data as training_data,
    write_case as write_case,
)
from .case_page import (
    case_answer as case_answer,
    case_explanation as case_explanation,
    case_findings as case_findings,
    case_limits as case_limits,
    case_similar as case_similar,
)
from .detector import (
    Chests as Chests,
    detector_froc as detector_froc,
    simulated_chests as simulated_chests,
    small_detector as small_detector,
    train_detector as train_detector,
)
from .marked_series import WINDOW_HU as WINDOW_HU
from .parameter_checks import numbers as numbers
from .parameters import (
    Parameter as Parameter,
    ParameterErrors as ParameterErrors,
    Value as Value,
    read_schema as read_schema,
    validate as validate,
)
from .presets import Template as Template, available as available, resolve as resolve
from .report_certainty import certainty as certainty
from .report_checklist import checklist as checklist
from .report_figures import (
    beside as beside,
    class_counts as class_counts,
    confusion as confusion,
    curves as curves,
    explanations as explanations,
    probabilities as probabilities,
    samples as samples,
    worst_errors as worst_errors,
)
from .report_page import external_requests as external_requests, to_html as to_html
from .report_runner import (
    ReportFailed as ReportFailed,
    ReportResult as ReportResult,
    ReportStopped as ReportStopped,
    run_report as run_report,
)
from .report_text import (
    about_data as about_data,
    about_results as about_results,
    about_run as about_run,
    about_training as about_training,
    asked_subgroups as asked_subgroups,
    headline as headline,
    limits as limits,
    not_yet as not_yet,
    subgroup_table as subgroup_table,
    subgroups as subgroups,
    summary as summary,
)
from .search import (
    Search as Search,
    best_candidates as best_candidates,
    open_search as open_search,
    search_candidates as search_candidates,
    write_search as write_search,
)
from .search_page import (
    best_table as best_table,
    candidates_table as candidates_table,
    search_figures as search_figures,
    search_findings as search_findings,
    search_limits as search_limits,
)
from .segmentation import (
    Segmented as Segmented,
    judge_masks as judge_masks,
    mask_examples as mask_examples,
    mask_figures as mask_figures,
    mask_findings as mask_findings,
    mask_samples as mask_samples,
    mask_table as mask_table,
)
from .site import (
    Site as Site,
    open_site as open_site,
    site_calibration as site_calibration,
    site_patients as site_patients,
)
from .study import (
    METRICS_KEYS as METRICS_KEYS,
    Study as Study,
    begin as begin,
    check_metrics as check_metrics,
    write_metrics as write_metrics,
    write_predictions as write_predictions,
)
