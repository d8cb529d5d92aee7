"""What it looks like: every figure of the suite. A function returns a figure that shows itself in Jupyter."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "canvas": ["Picture", "missing_glyphs", "short"],
        "charting": ["Chart", "Line", "chart_beside_tiles", "charts", "mosaic"],
        "counting": ["class_counts"],
        "comparing": ["estimates", "results_vs_published"],
        "judging": ["confusion", "operating_point", "precision_recall", "roc", "score_histogram"],
        "learning": ["history", "learning_curve"],
        "overlaying": ["overlay"],
        "sectioning": ["planes"],
        "sequences": ["lines", "states"],
        "tiles": ["feature_maps", "image_grid"],
    },
)
