from .explaining import explanations as explanations
from .parameters import (
    Parameter as Parameter,
    ParameterErrors as ParameterErrors,
    Value as Value,
    read_schema as read_schema,
    validate as validate,
)
from .picturing import (
    beside as beside,
    class_counts as class_counts,
    confusion as confusion,
    curves as curves,
    samples as samples,
    worst_errors as worst_errors,
)
from .presets import Template as Template, available as available, resolve as resolve
from .running import (
    ReportFailed as ReportFailed,
    ReportResult as ReportResult,
    ReportStopped as ReportStopped,
    check_parameters as check_parameters,
    run_report as run_report,
)
from .study import (
    METRICS_KEYS as METRICS_KEYS,
    Study as Study,
    begin as begin,
    check_metrics as check_metrics,
    write_metrics as write_metrics,
)
from .telling import (
    about_data as about_data,
    about_results as about_results,
    about_run as about_run,
    about_training as about_training,
    errors_by_group as errors_by_group,
    headline as headline,
    limits as limits,
    not_yet as not_yet,
)
from .writing import external_requests as external_requests, to_html as to_html
