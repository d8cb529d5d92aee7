"""What it looks like: every figure of the suite. A function returns a figure that shows itself in Jupyter."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "canvas": ["Picture", "missing_glyphs", "short"],
        "classification": ["confusion", "operating_point", "precision_recall", "roc", "score_histogram"],
        "comparison": ["class_counts", "estimates", "results_vs_published"],
        "image_figures": ["feature_maps", "image_grid", "overlay", "planes"],
        "learning_curves": ["history", "learning_curve"],
        "line_charts": ["Chart", "Line", "chart_beside_tiles", "charts", "lines", "mosaic", "states"],
    },
)
