"""What comes out: typed parameters, papermill runs, self-contained pages."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "explaining": ["explanations"],
        "parameters": ["Parameter", "ParameterErrors", "Value", "read_schema", "validate"],
        "picturing": ["beside", "class_counts", "confusion", "curves", "samples", "worst_errors"],
        "presets": ["Template", "available", "resolve"],
        "running": ["ReportFailed", "ReportResult", "ReportStopped", "check_parameters", "run_report"],
        "study": ["METRICS_KEYS", "Study", "begin", "check_metrics", "write_metrics"],
        "telling": [
            "about_data",
            "about_results",
            "about_run",
            "about_training",
            "errors_by_group",
            "headline",
            "limits",
            "not_yet",
        ],
        "writing": ["external_requests", "to_html"],
    },
)
