"""What comes out: typed parameters, papermill runs, self-contained pages."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "parameters": ["Parameter", "ParameterErrors", "Value", "read_schema", "validate"],
        "presets": ["Template", "available", "resolve"],
        "report_figures": [
            "beside",
            "class_counts",
            "confusion",
            "curves",
            "explanations",
            "samples",
            "worst_errors",
        ],
        "report_page": ["external_requests", "to_html"],
        "report_runner": ["ReportFailed", "ReportResult", "ReportStopped", "check_parameters", "run_report"],
        "report_text": [
            "about_data",
            "about_results",
            "about_run",
            "about_training",
            "errors_by_group",
            "headline",
            "limits",
            "not_yet",
        ],
        "study": ["METRICS_KEYS", "Study", "begin", "check_metrics", "write_metrics"],
    },
)
